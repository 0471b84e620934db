//! The ports `Shelf` (waits and parked messages as rows) and `Outbox` (rows that wait to be published).
//!
//! Implemented by the stores. Rows, not queues: a person can list them and a test can move the clock.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::broker::{DeliveryRef, Outgoing};
use crate::envelope::Envelope;
use crate::handler::Client;
use crate::names::{Destination, NamePrefix};
use crate::outcome::ErrorText;

/// Where the runner lays a message aside before it acknowledges it.
#[async_trait]
pub trait Shelf: Send + Sync {
    /// Writes all waits and parked messages in one transaction, committed when this returns.
    ///
    /// Safe to repeat after a lost acknowledgement. A wait is unique on (destination, source, id): a second
    /// one replaces due time, attempt and body and clears any lease. A decodable parked message is unique on
    /// (queue, source, id): a second one replaces it. Within one call no such key occurs twice.
    ///
    /// On the spool the delivered rows are deleted in the same transaction. A wait there gets a new row number,
    /// never one that was used before: the runner acknowledges the old one afterwards.
    async fn put(&self, waits: &[Wait], parked: &[Parked]) -> Result<(), ShelfError>;

    /// Up to `most` parked messages after `after`, oldest first.
    async fn list_parked(
        &self,
        after: Option<ParkedId>,
        most: usize,
    ) -> Result<Vec<ParkedMessage>, ShelfError>;

    async fn find_parked(&self, id: ParkedId) -> Result<Option<ParkedMessage>, ShelfError>;

    /// In one transaction deletes the parked row and makes `message` due now in the outbox (on the spool: in
    /// its queue). False when the row is gone already. `message` comes from [`ParkedMessage::replay`].
    async fn replay_parked(
        &self,
        id: ParkedId,
        message: &Outgoing,
        now: DateTime<Utc>,
    ) -> Result<bool, ShelfError>;

    /// False when the row is gone already.
    async fn drop_parked(&self, id: ParkedId) -> Result<bool, ShelfError>;

    /// Whether the store answers and its outbox is no deeper than configured: else the runner takes nothing.
    async fn is_ready(&self) -> bool;
}

/// Rows that wait to be published; waits are among them, with `due_at` ahead. The spool has none: there a row
/// is in its queue from the commit on.
#[async_trait]
pub trait Outbox: Send + Sync {
    /// Leases and returns up to `most` rows with `due_at <= now` and no live lease, in one committed
    /// statement. `now` is business time; the lease runs on the store's own lease clock.
    async fn claim_due(
        &self,
        now: DateTime<Utc>,
        lease: Duration,
        most: usize,
    ) -> Result<Vec<OutboxRow>, ShelfError>;

    /// Deletes published rows whose lease is still the one in the key; the others belong to somebody else now.
    async fn delete_published(&self, rows: &[OutboxKey]) -> Result<(), ShelfError>;

    /// Lets rows whose lease is still the one in the key be claimed again when `rest` is over: they could not be published,
    /// and whoever has them claimed will not try.
    async fn give_back(&self, rows: &[OutboxKey], rest: Duration) -> Result<(), ShelfError>;

    /// Notes rows as published, to be deleted with the next transaction that this process commits anyway: a commit of
    /// their own costs as much as the one that wrote them. Until then they keep their lease.
    fn note_published(&self, rows: Vec<OutboxKey>);

    /// Deletes at once what is still noted. What could not be deleted stays noted.
    async fn delete_noted(&self) -> Result<(), ShelfError>;

    /// Rows due by `now`, and since when the oldest is.
    async fn depth(&self, now: DateTime<Utc>) -> Result<OutboxDepth, ShelfError>;
}

/// A message that goes back to its own queue at `due_at`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wait {
    /// The delivery that it replaces.
    pub delivery: DeliveryRef,
    /// Without prefix; its destination is `Destination::Queue(queue)`.
    pub queue: String,
    pub source: String,
    pub message_id: String,
    pub message_type: String,
    pub due_at: DateTime<Utc>,
    /// The attempt that it comes back as; also inside `body`.
    pub attempt: u32,
    /// The envelope encoded anew, with the verified client, the attempt and `due_at` inside.
    pub body: Arc<[u8]>,
    /// Why it waits; absent for a wait that the handler asked for.
    pub reason: Option<ErrorText>,
}

/// A message that no worker can settle: a person must see it. Holds personal data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parked {
    /// The delivery that it replaces.
    pub delivery: DeliveryRef,
    pub queue: String,
    /// Absent, like `message_id` and `message_type`, for what could not be decoded.
    pub source: Option<String>,
    pub message_id: Option<String>,
    pub message_type: Option<String>,
    /// As received.
    pub body: Arc<[u8]>,
    pub headers: Vec<(String, String)>,
    /// The verified client; `None` when the broker vouched for nobody.
    pub client: Option<Client>,
    pub reason: ErrorText,
    pub attempt: u32,
    pub parked_at: DateTime<Utc>,
}

/// A parked row's number, rising in the order of parking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ParkedId(pub i64);

/// A parked message as read back; `parked.delivery` then means nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParkedMessage {
    pub id: ParkedId,
    pub parked: Parked,
}

/// A claimed outbox row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxRow {
    pub key: OutboxKey,
    pub message: Outgoing,
}

/// An outbox row and the lease under which it may be deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct OutboxKey {
    pub row: i64,
    pub lease: uuid::Uuid,
}

/// How much waits to be published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxDepth {
    pub due: u64,
    pub oldest_due_at: Option<DateTime<Utc>>,
}

/// Why the store did not do it.
#[derive(Debug, thiserror::Error)]
pub enum ShelfError {
    /// It does not answer now: the caller drops the batch unacknowledged, waits and starts again.
    #[error("the store is not available: {0}")]
    Unavailable(String),
    /// It does not take what it was given, however often it is asked.
    #[error("the store does not take this: {0}")]
    Data(String),
}

impl Wait {
    pub fn destination(&self) -> Destination {
        Destination::Queue(self.queue.clone())
    }
}

impl ParkedMessage {
    /// The message to publish when an operator has it tried again `now`, from the first attempt on, however old it is.
    ///
    /// `None` for what could not be decoded or whose sender nobody vouched for: smista would lend it its own
    /// authority. Nor for a dead letter of which nobody knows in which queue it died: it would die there again.
    pub fn replay(&self, now: DateTime<Utc>) -> Option<Outgoing> {
        if self.parked.queue == NamePrefix::DEAD {
            return None;
        }
        let mut envelope = Envelope::parse_from_smista(&self.parked.body).ok()?;
        envelope.cliente = self.parked.client.as_ref()?.as_extension();
        envelope.tentativo = None;
        envelope.ripreso = Some(now);
        Some(Outgoing {
            destination: Destination::Queue(self.parked.queue.clone()),
            body: envelope.encode().ok()?,
            message_type: envelope.message_type,
            message_id: envelope.id,
        })
    }
}
