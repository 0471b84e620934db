//! Publishes outbox rows that are due and deletes them once the broker has them.
//!
//! Any number of processes may sweep one outbox: rows are leased, and published with no transaction open. A
//! row that was not confirmed is given back, and anybody publishes it again; one whose process died keeps its lease until it
//! expires.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::Clock;
use crate::broker::{Broker, Published};
use crate::shelf::{Outbox, OutboxKey, OutboxRow, ShelfError};

/// How long rows rest that could not be published: a broker that was away is tried again soon, and not all the time.
const REST: Duration = Duration::from_secs(2);

/// Takes rows from an outbox to a broker.
pub struct Sweeper {
    pub outbox: Arc<dyn Outbox>,
    pub broker: Arc<dyn Broker>,
    pub clock: Clock,
    /// Longer than a batch may take to be confirmed, time-outs included.
    pub lease: Duration,
    /// The most rows claimed at once.
    pub batch: usize,
}

/// What one turn did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Swept {
    pub claimed: usize,
    pub published: usize,
}

impl Sweeper {
    /// Claims, publishes and deletes at most one batch; does nothing while the broker is blocked.
    pub async fn step(&self) -> Result<Swept, ShelfError> {
        if self.broker.is_blocked() {
            return Ok(Swept::default());
        }
        let rows = self.outbox.claim_due((self.clock)(), self.lease, self.batch).await?;
        if rows.is_empty() {
            return Ok(Swept::default());
        }
        let published = self.publish(&rows).await?;
        Ok(Swept { claimed: rows.len(), published })
    }

    /// Publishes rows leased to the caller and deletes the confirmed ones; answers how many these were.
    async fn publish(&self, rows: &[OutboxRow]) -> Result<usize, ShelfError> {
        let confirmed = self.confirmed(rows).await;
        self.outbox.delete_published(&confirmed).await?;
        Ok(confirmed.len())
    }

    /// Publishes rows leased to the caller; answers which of them the broker has now. The others are given back.
    pub(crate) async fn confirmed(&self, rows: &[OutboxRow]) -> Vec<OutboxKey> {
        let messages: Vec<_> = rows.iter().map(|row| row.message.clone()).collect();
        let (mut confirmed, mut failed, mut reason) = (Vec::with_capacity(rows.len()), Vec::new(), None);
        for (row, fate) in rows.iter().zip(self.broker.publish(&messages).await) {
            let (id, kind) = (&row.message.message_id, &row.message.message_type);
            match fate {
                Published::Confirmed => confirmed.push(row.key),
                Published::Unroutable => {
                    tracing::error!(id, kind, destination = %row.message.destination, "no queue takes an outbox message; it stays");
                }
                Published::Refused(why) | Published::Unknown(why) => {
                    failed.push(row.key);
                    reason.get_or_insert(why);
                }
            }
        }
        if let Some(why) = reason {
            tracing::warn!(messages = failed.len(), why, "not confirmed: they are published again");
            self.give_back(&failed).await;
        }
        confirmed
    }

    /// Leaves rows that are leased to the caller to whoever sweeps next.
    pub(crate) async fn give_back(&self, rows: &[OutboxKey]) {
        if let Err(error) = self.outbox.give_back(rows, REST).await {
            tracing::warn!(%error, rows = rows.len(), "outbox rows wait until their lease expires");
        }
    }

    /// Sweeps until stopped; `idle` is the pause after a turn that found nothing or failed.
    pub async fn run(&self, stop: &CancellationToken, idle: Duration) {
        while !stop.is_cancelled() {
            let pause = match self.step().await {
                Ok(swept) => swept.published == 0,
                Err(error) => {
                    tracing::warn!(%error, "sweeping the outbox failed");
                    true
                }
            };
            if pause {
                tokio::select! {
                    () = stop.cancelled() => {}
                    () = tokio::time::sleep(idle) => {}
                }
            }
        }
    }
}

#[cfg(test)]
#[path = "sweeper_tests.rs"]
mod tests;
