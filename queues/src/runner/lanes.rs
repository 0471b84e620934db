//! The lanes of a queue: each a task of its own, one session with the broker after another, whatever happens in it.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use futures::FutureExt;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::{Observer, Patience, Runner, SessionEnded, pause_or_stop};
use crate::broker::{Consumer, Taking};
use crate::handler::Handler;
use crate::topology::Queue;

/// Pauses before a batch that failed through nobody's fault is tried again; after the last it is given back.
pub(super) const PAUSES_WITHIN_SESSION: [Duration; 4] =
    [Duration::from_millis(100), Duration::from_millis(500), Duration::from_secs(2), Duration::from_secs(5)];
/// The pause after the first session that failed, at its longest.
pub(super) const SHORTEST_PAUSE: Duration = Duration::from_millis(200);
/// The longest pause between two sessions.
pub(super) const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// A session that lasted so long was none that failed at once: the next pause is a short one.
const LASTING: TimeDelta = TimeDelta::minutes(1);

/// What a lane remembers from one session to the next.
#[derive(Default)]
pub(super) struct Setbacks {
    /// Sessions in a row that failed before they had settled anything.
    failures: u32,
    /// How many messages are still taken alone: one of the last batch may be what made it fail, and then it is to fail
    /// by itself.
    alone: usize,
}

/// Says that a session is up, until it is dropped, however that comes about.
struct Up<'a>(&'a dyn Observer, &'a str);

impl<'a> Up<'a> {
    fn new(observer: &'a dyn Observer, queue: &'a str) -> Self {
        observer.session(queue, true);
        Self(observer, queue)
    }
}

impl Drop for Up<'_> {
    fn drop(&mut self) {
        self.0.session(self.1, false);
    }
}

impl Runner {
    /// Runs all lanes of a queue until `stop`, then finishes what is prefetched and closes.
    ///
    /// Whoever calls it bounds the grace period; what remains when it is dropped returns to the queue.
    pub async fn run(&self, queue: &Queue, handler: Arc<dyn Handler>, stop: &CancellationToken) {
        // Tasks, so that lanes share the processors; in a set, so that they end when this is dropped.
        let mut lanes = JoinSet::new();
        for _ in 0..queue.lanes {
            let (runner, queue, handler, stop) = (self.clone(), *queue, Arc::clone(&handler), stop.clone());
            lanes.spawn(async move { runner.supervised_lane(&queue, &*handler, &stop).await });
        }
        lanes.join_all().await;
    }

    /// A lane that starts again when it panics: whatever was in hand goes back to the queue.
    async fn supervised_lane(&self, queue: &Queue, handler: &dyn Handler, stop: &CancellationToken) {
        let mut panics = 0;
        while let Err(_panic) = AssertUnwindSafe(self.lane(queue, handler, stop)).catch_unwind().await {
            // The panic's own text may quote a message.
            tracing::error!(queue = queue.name, "a lane panicked; it starts again");
            self.observer.panicked(queue.name);
            pause_or_stop(self.pause_after(panics), stop).await;
            panics = panics.saturating_add(1);
        }
    }

    /// One lane: sessions, one after another, with growing pauses between those that failed.
    pub(super) async fn lane(&self, queue: &Queue, handler: &dyn Handler, stop: &CancellationToken) {
        let mut setbacks = Setbacks::default();
        while !stop.is_cancelled() && self.gate.wait_until_open(stop).await {
            let began = (self.clock)();
            let ended = self.session(queue, handler, stop, &mut setbacks).await;
            let Err(error) = ended else { return };
            if (self.clock)().signed_duration_since(began) >= LASTING {
                setbacks.failures = 0;
            }
            tracing::warn!(queue = queue.name, %error, "session ended; it starts again");
            pause_or_stop(self.pause_after(setbacks.failures), stop).await;
            setbacks.failures = setbacks.failures.saturating_add(1);
        }
    }

    async fn session(
        &self,
        queue: &Queue,
        handler: &dyn Handler,
        stop: &CancellationToken,
        setbacks: &mut Setbacks,
    ) -> Result<(), SessionEnded> {
        let taking = Taking::Subscribed { prefetch: queue.prefetch() };
        let mut consumer = self.broker.consume(queue.name, taking).await?;
        let up = Up::new(&*self.observer, queue.name);
        let ended = self.work_until(queue, handler, consumer.as_mut(), stop, setbacks).await;
        drop(up);
        consumer.close().await;
        ended
    }

    pub(super) async fn work_until(
        &self,
        queue: &Queue,
        handler: &dyn Handler,
        consumer: &mut dyn Consumer,
        stop: &CancellationToken,
        setbacks: &mut Setbacks,
    ) -> Result<(), SessionEnded> {
        let patience = Patience { pauses: self.pauses_within_session, stop };
        loop {
            if !self.has_room(stop).await {
                break;
            }
            let most = if setbacks.alone > 0 { 1 } else { queue.batch };
            // Only the waiting is cut short, never the work.
            let taken = tokio::select! {
                biased;
                () = stop.cancelled() => break,
                taken = consumer.take(most) => taken?,
            };
            // What is in hand stays there meanwhile; stopped before, it goes back by the close, like what is prefetched.
            if !self.gate.wait_until_open(stop).await {
                return Ok(());
            }
            let worked = self.work(queue, handler, consumer, &taken, Some(patience)).await;
            if let Err(SessionEnded::Handler(_)) = worked {
                setbacks.alone = setbacks.alone.max(usize::from(queue.prefetch()));
            }
            worked?;
            setbacks.failures = 0;
            setbacks.alone = setbacks.alone.saturating_sub(taken.len());
        }
        consumer.cancel().await?;
        loop {
            let prefetched = consumer.take(queue.batch).await?;
            if prefetched.is_empty() {
                return Ok(());
            }
            self.work(queue, handler, consumer, &prefetched, None).await?;
        }
    }

    /// Waits until what was committed before is mostly published; false when `stop` came first.
    async fn has_room(&self, stop: &CancellationToken) -> bool {
        let Some(publisher) = &self.publisher else { return true };
        tokio::select! {
            () = publisher.has_room() => true,
            () = stop.cancelled() => false,
        }
    }

    /// From half of the longest pause on, so that lanes that failed together do not come back together.
    pub(super) fn pause_after(&self, failures: u32) -> Duration {
        longest_pause_after(self.shortest_pause, failures)
            .mul_f64(0.5 + (self.jitter)().clamp(0.0, 1.0) / 2.0)
    }
}

/// Doubles from the shortest to half a minute.
pub(super) fn longest_pause_after(shortest: Duration, failures: u32) -> Duration {
    shortest.saturating_mul(1 << failures.min(10)).min(LONGEST_PAUSE)
}
