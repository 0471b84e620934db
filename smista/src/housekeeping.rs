//! What every process with a store does once in a while, scheduler or not: it removes what has had its time.
//!
//! Any number of processes may do so at once: what one has removed the others do not find.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use smista_queues::Clock;
use smista_queues::age::INBOX_RETENTION;
use smista_store::{Expired, Purged, Store, StoreError};
use tokio_util::sync::CancellationToken;

/// How long an answer is kept for a caller who asks again: over a weekend, and over the days after it.
pub const IDEMPOTENCY_RETENTION: TimeDelta = TimeDelta::days(7);
/// How long a parked message waits for a person. It holds personal data, so it does not wait for ever.
pub const PARKED_RETENTION: TimeDelta = TimeDelta::days(90);

/// The most chunks removed in one round, so that a backlog does not keep the store busy without a break.
const MOST_CHUNKS: usize = 500;
/// A process that has just started has better things to do.
const BEFORE_THE_FIRST_ROUND: Duration = Duration::from_secs(30);
/// Between rounds.
const PAUSE: Duration = Duration::from_secs(60 * 60);
/// Between rounds while one alone is not enough.
const SHORT_PAUSE: Duration = Duration::from_secs(60);

/// Keeps a store in order.
pub struct Housekeeping {
    store: Arc<dyn Store>,
    clock: Clock,
}

/// What a round did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Round {
    /// How many rows went.
    pub purged: Purged,
    /// There may be more.
    pub unfinished: bool,
}

impl Housekeeping {
    /// `clock` is business time: what is kept for so many days is kept for days of the office.
    pub fn new(store: Arc<dyn Store>, clock: Clock) -> Self {
        Self { store, clock }
    }

    /// One round: a bounded number of chunks, each in a transaction of its own.
    pub async fn round(&self) -> Result<Round, StoreError> {
        self.round_until(&CancellationToken::new()).await
    }

    /// No chunk begins after `stop`.
    async fn round_until(&self, stop: &CancellationToken) -> Result<Round, StoreError> {
        let now = (self.clock)();
        let expired = Expired {
            inbox_before: now - INBOX_RETENTION,
            idempotency_before: now - IDEMPOTENCY_RETENTION,
            parked_before: now - PARKED_RETENTION,
        };
        let mut round = Round { purged: Purged::default(), unfinished: true };
        for _chunk in 0..MOST_CHUNKS {
            if stop.is_cancelled() {
                break;
            }
            let chunk = self.store.purge(&expired).await?;
            round.purged += chunk;
            if !chunk.is_full() {
                round.unfinished = false;
                break;
            }
        }
        Ok(round)
    }

    /// Rounds until `stop`.
    pub async fn run(&self, stop: &CancellationToken) {
        let mut pause = BEFORE_THE_FIRST_ROUND;
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(pause) => {}
            }
            pause = match self.round_until(stop).await {
                Ok(round) => {
                    tell(round.purged);
                    if round.unfinished { SHORT_PAUSE } else { PAUSE }
                }
                Err(error) => {
                    tracing::warn!(%error, "what has had its time was not removed; the next round tries again");
                    PAUSE
                }
            };
        }
    }
}

/// Parked messages end here unseen, so a person is told; the others were kept for machines.
fn tell(purged: Purged) {
    let Purged { inbox, idempotency, parked } = purged;
    if parked > 0 {
        tracing::warn!(parked, "parked messages that nobody had replayed or dropped have expired");
    }
    if inbox + idempotency > 0 {
        tracing::info!(inbox, idempotency, "what has had its time was removed");
    }
}
