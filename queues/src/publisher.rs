//! Publishes outbox rows at once, in the process that committed them, without keeping their writer waiting.
//!
//! Everything here may be lost: rows are leased to their process in the store, and what is not published
//! before the lease expires is swept by anybody. That bounds the memory too: beyond [`MOST_IN_HAND`] rows are
//! left to the sweeper.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::fail_point;
use crate::shelf::OutboxRow;
use crate::sweeper::Sweeper;

/// Rows in hand above which further ones are left to the sweeper.
pub const MOST_IN_HAND: usize = 8192;
/// Rows in hand above which whoever makes more of them waits first.
const ENOUGH_IN_HAND: usize = MOST_IN_HAND / 2;
/// The most rows published and confirmed together.
const BATCH: usize = 512;
/// Sets of rows that wait for their confirms at once: while one waits, the next is on its way.
const SETS_AT_ONCE: usize = 4;
/// Confirmed rows that no transaction has taken along by then are deleted in one of their own.
const IDLE: Duration = Duration::from_millis(200);

/// Takes rows that were just committed. Cheap to clone; never waits and never fails.
#[derive(Clone)]
pub struct Publisher {
    jobs: mpsc::UnboundedSender<Job>,
    holds: Arc<Holds>,
}

/// The other end, to be run by one task.
pub struct PublishingTask {
    jobs: mpsc::UnboundedReceiver<Job>,
    hand: Hand,
}

/// How much was handed over and has not had its turn.
#[derive(Default)]
struct Holds {
    count: AtomicUsize,
    /// Told when it is less.
    less: Notify,
}

/// What publishes.
struct Hand {
    sweeper: Sweeper,
    holds: Arc<Holds>,
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
        let holds = Arc::new(Holds::default());
        let task = PublishingTask { jobs: receiver, hand: Hand { sweeper, holds: Arc::clone(&holds) } };
        (Self { jobs: sender, holds }, task)
    }

    /// Hands over rows that are leased to this process. When too many are in hand, or the task has ended,
    /// they stay in the outbox for the sweeper.
    pub fn hand_over(&self, rows: Vec<OutboxRow>) {
        let count = rows.len();
        if count == 0 {
            return;
        }
        if self.holds.count.fetch_add(count, Ordering::Relaxed) >= MOST_IN_HAND
            || self.jobs.send(Job::Publish(rows)).is_err()
        {
            self.holds.count.fetch_sub(count, Ordering::Relaxed);
            tracing::debug!(count, "outbox rows are left to the sweeper");
        }
    }

    /// How many rows were handed over and are neither published nor given up yet.
    pub fn in_hand(&self) -> usize {
        self.holds.count.load(Ordering::Relaxed)
    }

    /// Waits until there is room for what a batch makes: the broker is slower than whoever fills the outbox, and what is
    /// left to the sweeper is published only when its lease has ended.
    pub async fn has_room(&self) {
        loop {
            let less = self.holds.less.notified();
            if self.in_hand() < ENOUGH_IN_HAND {
                return;
            }
            tokio::select! {
                () = less => {}
                () = self.jobs.closed() => return,
            }
        }
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
    pub async fn run(self, stop: &CancellationToken) {
        let Self { mut jobs, hand } = self;
        let (mut under_way, mut has_noted) = (FuturesUnordered::new(), false);
        loop {
            let job = tokio::select! {
                biased;
                () = stop.cancelled(), if !jobs.is_closed() => {
                    jobs.close();
                    continue;
                }
                Some(()) = under_way.next() => {
                    has_noted = true;
                    continue;
                }
                job = jobs.recv(), if under_way.len() < SETS_AT_ONCE => job,
                () = tokio::time::sleep(IDLE), if has_noted => {
                    has_noted = !hand.delete_noted().await;
                    continue;
                }
            };
            let Some(job) = job else { break };
            let (sets, flushes) = collected(job, &mut jobs);
            under_way.extend(sets.into_iter().map(|set| hand.publish(set)));
            if !flushes.is_empty() {
                while under_way.next().await.is_some() {}
                has_noted = !hand.delete_noted().await;
            }
            for done in flushes {
                // Whoever asked may have stopped waiting.
                let _gone = done.send(());
            }
        }
        while under_way.next().await.is_some() {}
        hand.delete_noted().await;
    }
}

/// One job and, without waiting, what has come in behind it, up to a set: the rows in sets, and who waits until they are
/// gone.
fn collected(
    first: Job,
    jobs: &mut mpsc::UnboundedReceiver<Job>,
) -> (Vec<Vec<OutboxRow>>, Vec<oneshot::Sender<()>>) {
    let (mut sets, mut set, mut flushes) = (Vec::new(), Vec::new(), Vec::new());
    let mut next = Some(first);
    while let Some(job) = next {
        match job {
            Job::Publish(rows) => {
                for row in rows {
                    set.push(row);
                    if set.len() == BATCH {
                        sets.push(std::mem::take(&mut set));
                    }
                }
            }
            Job::Flush(done) => flushes.push(done),
        }
        next = if sets.is_empty() { jobs.try_recv().ok() } else { None };
    }
    sets.extend(Some(set).filter(|set| !set.is_empty()));
    (sets, flushes)
}

impl Hand {
    async fn publish(&self, rows: Vec<OutboxRow>) {
        // A blocked broker answers nothing until the time-out; the sweeper waits for it instead.
        if self.sweeper.broker.is_blocked() {
            tracing::debug!(rows = rows.len(), "the broker is blocked: outbox rows are left to the sweeper");
            let keys: Vec<_> = rows.iter().map(|row| row.key).collect();
            self.sweeper.give_back(&keys).await;
        } else {
            let confirmed = self.sweeper.confirmed(&rows).await;
            fail_point::pass("after-publish");
            self.sweeper.outbox.note_published(confirmed);
        }
        self.holds.count.fetch_sub(rows.len(), Ordering::Relaxed);
        self.holds.less.notify_waiters();
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
