//! Waits and parked messages as rows of the file. A wait is a row of the spool that is due later.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use smista_queues::{
    Clock, DeliveryRef, Destination, Outgoing, Parked, ParkedId, ParkedMessage, Shelf, ShelfError, Wait,
};
use smista_store::{Store as _, StoreError};

use crate::queries::{Fault, parcheggio};
use crate::spool::statements::{self, Laid};
use crate::store::SqliteStore;

/// The shelf of a store.
#[derive(Clone)]
pub struct SqliteShelf {
    store: SqliteStore,
    clock: Clock,
}

impl SqliteShelf {
    /// `clock` is business time.
    pub fn new(store: &SqliteStore, clock: Clock) -> Self {
        Self { store: store.clone(), clock }
    }

    async fn write(&self, waits: &[Wait], parked: &[Parked]) -> Result<(), Fault> {
        let now = (self.clock)();
        let mut turn = self.store.turn().await?;
        let delivered = waits.iter().map(|wait| wait.delivery).chain(parked.iter().map(|it| it.delivery));
        for delivery in delivered {
            if let DeliveryRef::SpoolRow(id) = delivery {
                statements::remove(turn.connection(), id).await?;
            }
        }
        for wait in waits {
            statements::lay(turn.connection(), &laid(wait), now).await?;
        }
        for message in parked {
            statements::park(turn.connection(), message).await?;
        }
        Ok(turn.commit().await?)
    }

    async fn replay(&self, id: ParkedId, message: &Outgoing, now: DateTime<Utc>) -> Result<bool, Fault> {
        let Destination::Queue(queue) = &message.destination else {
            let elsewhere =
                format!("a parked message goes back to its queue, not to {}", message.destination);
            return Err(StoreError::Data(elsewhere.into()).into());
        };
        let mut turn = self.store.turn().await?;
        let Some(source) = statements::unpark(turn.connection(), id).await? else { return Ok(false) };
        let laid = Laid {
            queue,
            message_type: &message.message_type,
            source: &source,
            message_id: &message.message_id,
            body: &message.body,
            due_at: now,
            attempt: 0,
            reason: None,
        };
        statements::lay(turn.connection(), &laid, now).await?;
        turn.commit().await?;
        Ok(true)
    }

    async fn drop(&self, id: ParkedId) -> Result<bool, Fault> {
        let mut turn = self.store.turn().await?;
        let was_there = parcheggio::drop(turn.connection(), id).await?;
        turn.commit().await?;
        Ok(was_there)
    }
}

#[async_trait]
impl Shelf for SqliteShelf {
    async fn put(&self, waits: &[Wait], parked: &[Parked]) -> Result<(), ShelfError> {
        Ok(self.write(waits, parked).await?)
    }

    async fn list_parked(
        &self,
        after: Option<ParkedId>,
        most: usize,
    ) -> Result<Vec<ParkedMessage>, ShelfError> {
        let mut session = self.store.pool().acquire().await.map_err(Fault::from)?;
        Ok(parcheggio::list(&mut session, after, most).await?)
    }

    async fn find_parked(&self, id: ParkedId) -> Result<Option<ParkedMessage>, ShelfError> {
        let mut session = self.store.pool().acquire().await.map_err(Fault::from)?;
        Ok(parcheggio::find(&mut session, id).await?)
    }

    async fn replay_parked(
        &self,
        id: ParkedId,
        message: &Outgoing,
        now: DateTime<Utc>,
    ) -> Result<bool, ShelfError> {
        Ok(self.replay(id, message, now).await?)
    }

    async fn drop_parked(&self, id: ParkedId) -> Result<bool, ShelfError> {
        Ok(self.drop(id).await?)
    }

    /// Depth does not matter here: what waits to be published waits to be consumed, and a pause would keep it so.
    async fn is_ready(&self) -> bool {
        self.store.ping().await.map_err(|error| tracing::warn!(%error, "the store does not answer")).is_ok()
    }
}

fn laid(wait: &Wait) -> Laid<'_> {
    Laid {
        queue: &wait.queue,
        message_type: &wait.message_type,
        source: &wait.source,
        message_id: &wait.message_id,
        body: &wait.body,
        due_at: wait.due_at,
        attempt: wait.attempt,
        reason: wait.reason.as_ref().map(|reason| reason.as_str()),
    }
}
