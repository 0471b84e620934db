//! The port `Broker`: what a message queue must do for us, whoever does it.
//!
//! Implemented by RabbitMQ in this crate and by the spool table of the SQLite store. Both pass the suite in
//! `contract.rs`. Knows bodies as bytes; decoding is the runner's.

use std::sync::Arc;

use async_trait::async_trait;

use crate::names::{Destination, Unsuitable};
use crate::topology::Topology;

/// Carries messages to queues and hands them out, at least once each, in no promised order.
#[async_trait]
pub trait Broker: Send + Sync {
    /// Creates what the topology needs and does not exist yet; running it again changes nothing.
    async fn declare(&self, topology: &Topology) -> Result<(), BrokerError>;

    /// Publishes a batch and waits for the fate of each message; answers in the order of `messages`.
    ///
    /// Bounds what is in flight by itself. A time-out or a lost connection is [`Published::Unknown`].
    async fn publish(&self, messages: &[Outgoing]) -> Vec<Published>;

    /// Opens a consumer on one queue, named without the installation's prefix.
    ///
    /// Dead letters are taken from [`NamePrefix::DEAD`](crate::NamePrefix::DEAD); a broker that makes none
    /// answers with a consumer that never has any.
    async fn consume(&self, queue: &str, taking: Taking) -> Result<Box<dyn Consumer>, BrokerError>;

    /// How many messages wait in each declared queue, the dead-letter queue included where there is one.
    async fn depths(&self) -> Result<Vec<Depth>, BrokerError>;

    /// True while the broker refuses to take messages (memory or disk alarm): publishing must pause.
    fn is_blocked(&self) -> bool;

    /// Ends every consumer and connection. What was taken and not acknowledged goes back to its queue.
    async fn close(&self);
}

/// One reader of one queue. Dropped or closed, it gives back what was not acknowledged.
#[async_trait]
pub trait Consumer: Send {
    /// Takes what is waiting, up to `most`; never waits to fill a batch.
    ///
    /// [`Taking::Subscribed`]: waits for the first message; an empty batch means that the consumer was
    /// cancelled and nothing prefetched is left. [`Taking::OnDemand`]: never waits; an empty batch means
    /// that nothing waits now. May be dropped while waiting without losing a message.
    async fn take(&mut self, most: usize) -> Result<Vec<Delivery>, BrokerError>;

    /// Removes settled messages from the queue. One that is gone already (the handler's own transaction
    /// deleted it) is a success.
    async fn acknowledge(&mut self, settled: &[DeliveryRef]) -> Result<(), BrokerError>;

    /// Stops further deliveries; what is prefetched can still be taken and acknowledged.
    async fn cancel(&mut self) -> Result<(), BrokerError>;

    /// Gives back what was not acknowledged, and ends.
    async fn close(self: Box<Self>);
}

/// How a consumer gets its messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taking {
    /// The broker pushes, with at most `prefetch` messages not acknowledged.
    Subscribed { prefetch: u16 },
    /// The consumer asks. Deterministic, for tests, simulations and command-line tools.
    OnDemand,
}

/// One message handed out by a broker, not yet decoded.
#[derive(Debug, Clone)]
pub struct Delivery {
    pub reference: DeliveryRef,
    pub sender: Sender,
    /// It was handed out before and not acknowledged: perhaps its handler was killed by it.
    pub redelivered: bool,
    /// How often it was handed out before this time, as far as the broker counts.
    pub earlier_deliveries: u32,
    /// For a dead letter: the queue, without prefix, in which it died.
    pub died_in: Option<String>,
    /// Application headers worth keeping when it is parked; never `x-*`, cut short by the broker.
    pub headers: Vec<(String, String)>,
    pub body: Arc<[u8]>,
}

/// How a broker finds a delivery again. Opaque to handlers but for the spool's own store, which deletes the
/// row in the handler's transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DeliveryRef {
    /// Row of the SQLite spool.
    SpoolRow(i64),
    /// Delivery tag of the AMQP channel that received it.
    AmqpTag(u64),
}

/// Who sent a message, as verified by the broker and never as claimed by the message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sender {
    /// Smista's own user: its extensions `cliente`, `tentativo` and `ripreso` are trusted.
    Smista,
    /// Another user of the broker, by name.
    Client(String),
    /// The broker does not vouch for anybody (AMQP without `user-id`).
    Unverified,
}

/// A message to publish, encoded already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    pub destination: Destination,
    /// CloudEvents `type`, which is the routing key.
    pub message_type: String,
    /// CloudEvents `id`, for whoever looks at the broker; not used for routing.
    pub message_id: String,
    pub body: Arc<[u8]>,
}

/// What became of a published message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Published {
    /// The broker has it safe (or, for a fact that nobody wants, has rightly dropped it).
    Confirmed,
    /// A command, or a message to one queue, that no queue takes.
    Unroutable,
    /// The broker said no; it does not have the message.
    Refused(String),
    /// Nobody can tell: it may arrive. Publishing it again is harmless.
    Unknown(String),
}

/// How many messages wait in a queue, named without prefix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Depth {
    pub queue: String,
    pub waiting: u64,
}

/// Why a broker could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum BrokerError {
    /// The connection, the channel or the server is gone or slow: drop the session, wait, start again.
    #[error("the broker is not available: {0}")]
    Unavailable(String),
    /// Asking again will not help: a wrong name, a queue that exists with other arguments, a refused login.
    #[error("the broker cannot do this: {0}")]
    Unsuitable(String),
}

impl From<Unsuitable> for BrokerError {
    fn from(unsuitable: Unsuitable) -> Self {
        Self::Unsuitable(unsuitable.0)
    }
}
