//! Message queues for workflow workers: envelope, runner, RabbitMQ, and the ports [`Broker`] and [`Shelf`].
//!
//! Knows how a message travels, is taken, settled, tried again and set aside. Must not know what any message
//! is about: no cases, no domain, no store, no SQL. Only the module `rabbitmq` names the AMQP library.

pub mod acknowledge;
pub mod age;
pub mod broker;
#[cfg(feature = "contract")]
pub mod contract;
pub mod envelope;
pub mod fail_point;
pub mod gate;
pub mod handler;
pub mod names;
pub mod outcome;
pub mod publisher;
pub mod rabbitmq;
pub mod runner;
pub mod settle;
pub mod shelf;
#[cfg(feature = "contract")]
pub mod shelf_contract;
pub mod sweeper;
pub mod topology;
pub mod traceparent;

use std::sync::Arc;

use chrono::{DateTime, Utc};

pub use broker::{
    Broker, BrokerError, Consumer, Delivery, DeliveryRef, Depth, Outgoing, Published, Sender, Taking,
};
pub use envelope::{Envelope, EnvelopeError};
pub use gate::Gate;
pub use handler::{BatchFailed, Client, Handler, Received};
pub use names::{Destination, Exchange, NamePrefix, Unsuitable};
pub use outcome::{ErrorText, Failure, Outcome};
pub use publisher::{Publisher, PublishingTask};
pub use rabbitmq::{RabbitMq, RabbitSettings};
pub use runner::{Jitter, Observer, Runner, Step};
pub use settle::Fate;
pub use shelf::{
    Outbox, OutboxDepth, OutboxKey, OutboxRow, Parked, ParkedId, ParkedMessage, Shelf, ShelfError, Wait,
};
pub use sweeper::{Sweeper, Swept};
pub use topology::{Binding, Kind, Queue, Topology};

/// Business time, handed in: the simulation and the tests move it by hand.
pub type Clock = Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>;
