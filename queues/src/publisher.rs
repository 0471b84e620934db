//! Publishes outbox rows at once, in the process that committed them, without keeping their writer waiting.
//!
//! Everything here may be lost: rows are leased to their process in the store, and what is not published
//! before the lease expires is swept by anybody. That bounds the memory too: beyond [`MOST_IN_HAND`] rows are
//! left to the sweeper.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::shelf::OutboxRow;
use crate::sweeper::Sweeper;

/// Rows in hand above which further ones are left to the sweeper.
pub const MOST_IN_HAND: usize = 8192;
/// The most rows published and confirmed together.
const BATCH: usize = 512;
/// Confirmed rows that no transaction has taken along by then are deleted in one of their own.
const IDLE: Duration = Duration::from_millis(200);

/// Takes rows that were just committed. Cheap to clone; never waits and never fails.
#[derive(Clone)]
pub struct Publisher {
    jobs: mpsc::UnboundedSender<Job>,
    in_hand: Arc<AtomicUsize>,
}

/// The other end, to be run by one task.
pub struct PublishingTask {
    sweeper: Sweeper,
    jobs: mpsc::UnboundedReceiver<Job>,
    in_hand: Arc<AtomicUsize>,
}

enum Job {
    Publish(Vec<OutboxRow>),
    /// Answered when everything handed over before it has had its turn.
    Flush(oneshot::Sender<()>),
}

impl Publisher {
    /// `sweeper` says where rows are published and deleted.
    pub fn new(sweeper: Sweeper) -> (Self, PublishingTask) {
        let (sender, receiver) = mpsc::unbounded_channel();
        let in_hand = Arc::new(AtomicUsize::new(0));
        let task = PublishingTask { sweeper, jobs: receiver, in_hand: in_hand.clone() };
        (Self { jobs: sender, in_hand }, task)
    }

    /// Hands over rows that are leased to this process. When too many are in hand, or the task has ended,
    /// they stay in the outbox for the sweeper.
    pub fn hand_over(&self, rows: Vec<OutboxRow>) {
        let count = rows.len();
        if count == 0 {
            return;
        }
        if self.in_hand.fetch_add(count, Ordering::Relaxed) >= MOST_IN_HAND
            || self.jobs.send(Job::Publish(rows)).is_err()
        {
            self.in_hand.fetch_sub(count, Ordering::Relaxed);
            tracing::debug!(count, "outbox rows are left to the sweeper");
        }
    }

    /// How many rows were handed over and are neither published nor given up yet.
    pub fn in_hand(&self) -> usize {
        self.in_hand.load(Ordering::Relaxed)
    }

    /// Returns when everything handed over so far is published and deleted, or left to the sweeper.
    pub async fn flush(&self) {
        let (done, flushed) = oneshot::channel();
        // Once the task has ended nothing is in hand any more, and both fail at once.
        if self.jobs.send(Job::Flush(done)).is_ok() {
            let _ended = flushed.await;
        }
    }
}

impl PublishingTask {
    /// Publishes until `stop` or until the last [`Publisher`] is gone, then what is still in hand.
    ///
    /// Whoever calls it bounds the grace period; what remains when it is dropped is swept.
    pub async fn run(mut self, stop: &CancellationToken) {
        let mut has_noted = false;
        loop {
            let job = tokio::select! {
                biased;
                () = stop.cancelled(), if !self.jobs.is_closed() => {
                    self.jobs.close();
                    continue;
                }
                job = self.jobs.recv() => job,
                () = tokio::time::sleep(IDLE), if has_noted => {
                    has_noted = !self.delete_noted().await;
                    continue;
                }
            };
            let Some(job) = job else { break };
            has_noted |= self.turn(job).await;
        }
        self.delete_noted().await;
    }

    /// One job and, without waiting, what has come in behind it, up to a batch. Says whether rows are left noted.
    async fn turn(&mut self, first: Job) -> bool {
        let (mut rows, mut flushes) = (Vec::new(), Vec::new());
        let mut next = Some(first);
        while let Some(job) = next {
            match job {
                Job::Publish(more) => rows.extend(more),
                Job::Flush(done) => flushes.push(done),
            }
            next = if rows.len() < BATCH { self.jobs.try_recv().ok() } else { None };
        }
        for batch in rows.chunks(BATCH) {
            self.publish(batch).await;
            self.in_hand.fetch_sub(batch.len(), Ordering::Relaxed);
        }
        let has_noted = !rows.is_empty() && (flushes.is_empty() || !self.delete_noted().await);
        for done in flushes {
            // Whoever asked may have stopped waiting.
            let _gone = done.send(());
        }
        has_noted
    }

    async fn publish(&self, rows: &[OutboxRow]) {
        // A blocked broker answers nothing until the time-out; the sweeper waits for it instead.
        if self.sweeper.broker.is_blocked() {
            tracing::debug!(rows = rows.len(), "the broker is blocked: outbox rows are left to the sweeper");
            return;
        }
        let confirmed = self.sweeper.confirmed(rows).await;
        self.sweeper.outbox.note_published(confirmed);
    }

    /// Says whether nothing is noted any more.
    async fn delete_noted(&self) -> bool {
        let deleted = self.sweeper.outbox.delete_noted().await;
        if let Err(error) = &deleted {
            tracing::warn!(%error, "published outbox rows could not be deleted");
        }
        deleted.is_ok()
    }
}

#[cfg(test)]
#[path = "publisher_tests.rs"]
mod tests;
