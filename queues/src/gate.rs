//! Back-pressure: whether more work may be taken on, asked before every batch and every write at a door.
//!
//! What is committed must still be published. While the broker does not keep up, whoever would add to the outbox
//! waits, so that the outbox stays bounded. Looks at the shelf now and then, not for every question.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use crate::Clock;
use crate::shelf::Shelf;

/// How long an answer of the shelf holds. What is taken on meanwhile may pass the bound, by a second's work.
const HOLDS: TimeDelta = TimeDelta::seconds(1);
/// How long somebody who waits pauses between two questions.
const PAUSE: Duration = Duration::from_secs(1);

/// Open while the shelf is ready. Share one in a process: however many ask, one look at a time answers them all.
pub struct Gate {
    pub(crate) shelf: Arc<dyn Shelf>,
    pub(crate) clock: Clock,
    pub(crate) pause: Duration,
    last_look: Mutex<Option<Look>>,
}

#[derive(Clone, Copy)]
struct Look {
    at: DateTime<Utc>,
    open: bool,
}

impl Gate {
    /// `clock` says how old the last look is; one that was put back has the shelf looked at again.
    pub fn new(shelf: Arc<dyn Shelf>, clock: Clock) -> Self {
        Self { shelf, clock, pause: PAUSE, last_look: Mutex::new(None) }
    }

    /// Whether more work may be taken on, as of at most a second ago.
    pub async fn is_open(&self) -> bool {
        let mut last_look = self.last_look.lock().await;
        let now = (self.clock)();
        let holds = |look: &Look| (TimeDelta::zero()..HOLDS).contains(&now.signed_duration_since(look.at));
        if let Some(look) = last_look.filter(holds) {
            return look.open;
        }
        let open = self.shelf.is_ready().await;
        *last_look = Some(Look { at: now, open });
        open
    }

    /// Waits until it is open; false when `stop` came first.
    pub async fn wait_until_open(&self, stop: &CancellationToken) -> bool {
        while !self.is_open().await {
            tokio::select! {
                biased;
                () = stop.cancelled() => return false,
                () = tokio::time::sleep(self.pause) => {}
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};

    use async_trait::async_trait;

    use super::*;
    use crate::broker::Outgoing;
    use crate::shelf::{Parked, ParkedId, ParkedMessage, ShelfError, Wait};

    /// Says that it is ready at every other look, and counts them.
    #[derive(Default)]
    struct Fickle {
        looks: AtomicUsize,
    }

    fn nothing_here() -> ShelfError {
        ShelfError::Unavailable("only its readiness is asked for".to_owned())
    }

    #[async_trait]
    impl Shelf for Fickle {
        async fn put(&self, _: &[Wait], _: &[Parked]) -> Result<(), ShelfError> {
            Err(nothing_here())
        }
        async fn list_parked(&self, _: Option<ParkedId>, _: usize) -> Result<Vec<ParkedMessage>, ShelfError> {
            Err(nothing_here())
        }
        async fn find_parked(&self, _: ParkedId) -> Result<Option<ParkedMessage>, ShelfError> {
            Err(nothing_here())
        }
        async fn replay_parked(
            &self,
            _: ParkedId,
            _: &Outgoing,
            _: DateTime<Utc>,
        ) -> Result<bool, ShelfError> {
            Err(nothing_here())
        }
        async fn drop_parked(&self, _: ParkedId) -> Result<bool, ShelfError> {
            Err(nothing_here())
        }
        async fn is_ready(&self) -> bool {
            self.looks.fetch_add(1, Ordering::Relaxed) % 2 == 1
        }
    }

    #[tokio::test]
    async fn a_look_answers_for_a_second_and_for_no_time_before_it() {
        let (shelf, millis) = (Arc::new(Fickle::default()), Arc::new(AtomicI64::new(10_000)));
        let hands = Arc::clone(&millis);
        let clock: Clock =
            Arc::new(move || DateTime::UNIX_EPOCH + TimeDelta::milliseconds(hands.load(Ordering::Relaxed)));
        let gate = Gate::new(Arc::clone(&shelf) as Arc<dyn Shelf>, clock);
        let mut looked = Vec::new();
        for at in [10_000, 10_999, 11_000, 11_001, 10_500] {
            millis.store(at, Ordering::Relaxed);
            looked.push((gate.is_open().await, shelf.looks.load(Ordering::Relaxed)));
        }
        // The last one is after the clock was put back.
        assert_eq!(looked, [(false, 1), (false, 1), (true, 2), (true, 2), (false, 3)]);
    }
}
