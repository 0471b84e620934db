//! Waits, parked messages and the outbox as rows of PostgreSQL.
//!
//! Leases run on the database's clock, and each claim gives each row a lease of its own: whoever claimed it
//! before can no longer delete it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use smista_queues::{
    Clock, Destination, Exchange, Outbox, OutboxDepth, OutboxKey, OutboxRow, Outgoing, Parked, ParkedId,
    ParkedMessage, Shelf, ShelfError, Wait,
};
use smista_store::Committed;
use sqlx::PgPool;
use uuid::Uuid;

use crate::dialect::shelf::{self as statements, ClaimedRow};
use crate::published::Published;
use crate::queries::{Answer, Fault, parcheggio};
use crate::store::PostgresStore;

/// What a look at the shelf finds. It is looked at every second while consumers pause, so only a change is told.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Readiness {
    Ready,
    TooDeep,
    Away,
}

/// The shelf and the outbox of a store.
#[derive(Clone)]
pub struct PostgresShelf {
    pool: PgPool,
    /// Under which the store's own rows are born.
    birth_lease: Uuid,
    clock: Clock,
    deepest_outbox: u64,
    published: Published,
    /// As of the last look.
    readiness: Arc<AtomicU8>,
}

impl PostgresShelf {
    /// `clock` is business time. With more than `deepest_outbox` rows due, it is not ready and consumers pause.
    pub fn new(store: &PostgresStore, clock: Clock, deepest_outbox: u64) -> Self {
        let readiness = Arc::new(AtomicU8::new(Readiness::Ready as u8));
        let (pool, birth_lease, published) = (store.pool().clone(), store.lease(), store.published().clone());
        Self { pool, birth_lease, clock, deepest_outbox, published, readiness }
    }

    /// What a commit leaves to publish, as the publisher takes it: the rows are leased to this process already.
    pub fn outbox_rows(&self, committed: Committed) -> Vec<OutboxRow> {
        let row = |(id, message): (smista_store::OutboxId, smista_store::OutboxMessage)| OutboxRow {
            key: OutboxKey { row: id.0, lease: self.birth_lease },
            message: Outgoing {
                destination: Destination::Exchange(match message.exchange {
                    smista_store::Exchange::Commands => Exchange::Commands,
                    smista_store::Exchange::Facts => Exchange::Facts,
                }),
                message_type: message.message_type,
                message_id: message.id,
                body: message.body,
            },
        };
        committed.to_publish.into_iter().map(row).collect()
    }

    async fn is_shallow(&self) -> Answer<bool> {
        let mut session = self.pool.acquire().await?;
        statements::is_at_most(&mut session, (self.clock)(), self.deepest_outbox).await
    }
}

#[async_trait]
impl Shelf for PostgresShelf {
    async fn put(&self, waits: &[Wait], parked: &[Parked]) -> Result<(), ShelfError> {
        let mut transaction = self.pool.begin().await.map_err(Fault::from)?;
        if !waits.is_empty() {
            statements::put_waits(&mut transaction, waits, (self.clock)()).await?;
        }
        if !parked.is_empty() {
            statements::park(&mut transaction, parked).await?;
        }
        transaction.commit().await.map_err(Fault::from)?;
        Ok(())
    }

    async fn list_parked(
        &self,
        after: Option<ParkedId>,
        most: usize,
    ) -> Result<Vec<ParkedMessage>, ShelfError> {
        let mut session = self.pool.acquire().await.map_err(Fault::from)?;
        Ok(parcheggio::list(&mut session, after, most).await?)
    }

    async fn find_parked(&self, id: ParkedId) -> Result<Option<ParkedMessage>, ShelfError> {
        let mut session = self.pool.acquire().await.map_err(Fault::from)?;
        Ok(parcheggio::find(&mut session, id).await?)
    }

    async fn replay_parked(
        &self,
        id: ParkedId,
        message: &Outgoing,
        now: DateTime<Utc>,
    ) -> Result<bool, ShelfError> {
        let mut session = self.pool.acquire().await.map_err(Fault::from)?;
        Ok(statements::replay(&mut session, id, message, now).await?)
    }

    async fn drop_parked(&self, id: ParkedId) -> Result<bool, ShelfError> {
        let mut session = self.pool.acquire().await.map_err(Fault::from)?;
        Ok(parcheggio::drop(&mut session, id).await?)
    }

    async fn is_ready(&self) -> bool {
        let (found, error) = match self.is_shallow().await.map_err(ShelfError::from) {
            Ok(true) => (Readiness::Ready, None),
            Ok(false) => (Readiness::TooDeep, None),
            Err(error) => (Readiness::Away, Some(error)),
        };
        let before = self.readiness.swap(found as u8, Ordering::Relaxed);
        if before != found as u8 {
            match error {
                Some(error) => tracing::warn!(%error, "the store does not answer: consumers pause"),
                None if found == Readiness::TooDeep => {
                    tracing::warn!(most = self.deepest_outbox, "the outbox is too deep: consumers pause");
                }
                None => tracing::info!("consumers go on"),
            }
        }
        found == Readiness::Ready
    }
}

#[async_trait]
impl Outbox for PostgresShelf {
    async fn claim_due(
        &self,
        now: DateTime<Utc>,
        lease: Duration,
        most: usize,
    ) -> Result<Vec<OutboxRow>, ShelfError> {
        let mut session = self.pool.acquire().await.map_err(Fault::from)?;
        let claimed = statements::claim_due(&mut session, now, lease, most).await?;
        Ok(claimed.into_iter().map(read).collect::<Answer<_>>()?)
    }

    async fn delete_published(&self, rows: &[OutboxKey]) -> Result<(), ShelfError> {
        if rows.is_empty() {
            return Ok(());
        }
        let mut session = self.pool.acquire().await.map_err(Fault::from)?;
        Ok(statements::delete_published(&mut session, rows).await?)
    }

    async fn give_back(&self, rows: &[OutboxKey], rest: Duration) -> Result<(), ShelfError> {
        let mut session = self.pool.acquire().await.map_err(Fault::from)?;
        Ok(statements::give_back(&mut session, rows, rest).await?)
    }

    fn note_published(&self, rows: Vec<OutboxKey>) {
        self.published.add(rows);
    }

    async fn delete_noted(&self) -> Result<(), ShelfError> {
        let deleting = self.published.take();
        self.delete_published(deleting.rows()).await?;
        deleting.done();
        Ok(())
    }

    async fn depth(&self, now: DateTime<Utc>) -> Result<OutboxDepth, ShelfError> {
        let mut session = self.pool.acquire().await.map_err(Fault::from)?;
        Ok(statements::depth(&mut session, now).await?)
    }
}

fn read(row: ClaimedRow) -> Answer<OutboxRow> {
    let destination = row.destination.parse().map_err(|error| Fault::corrupt("outbox", error))?;
    Ok(OutboxRow {
        key: OutboxKey { row: row.id, lease: row.lease },
        message: Outgoing {
            destination,
            message_type: row.message_type,
            message_id: row.message_id,
            body: row.body.into(),
        },
    })
}
