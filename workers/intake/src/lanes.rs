//! Lanes: HTTP callers put commands into a bounded channel; a few tasks take what is waiting and apply it together.
//!
//! Knows: batches, answers, trying again, how to end. Must not know: HTTP. A caller that goes away cancels nothing, and
//! nothing here wraps `apply` in a `select!` or a time-out, because a transaction must not be dropped half-way.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use futures::FutureExt;
use smista_office::{Incoming, Office, Outcome};
use smista_queues::{Observer, fail_point};
use smista_store::StoreError;
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

/// What the lanes are called in the inbox.
const WORKER: &str = "http";
/// A second or so in all: a caller is waiting.
const RETRY_WAITS: [Duration; 3] =
    [Duration::from_millis(50), Duration::from_millis(200), Duration::from_millis(800)];

/// How many lanes, how long the queue before them, how much one takes at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LaneSettings {
    /// Tasks that apply batches.
    pub lanes: usize,
    /// Commands that may wait; past that callers are sent away.
    pub waiting: usize,
    /// The most commands in one transaction.
    pub batch: usize,
    /// Waits before the same batch is tried again on a store that is away for the moment; their number is the limit.
    pub retry_waits: &'static [Duration],
}

impl Default for LaneSettings {
    /// Two: one takes what is waiting while the other's commit waits for the disk. More of them share the same callers out
    /// among more commits, and each caller waits longer.
    fn default() -> Self {
        Self { lanes: 2, waiting: 1_024, batch: 256, retry_waits: &RETRY_WAITS }
    }
}

/// What applies a batch: the office, or a stand-in for it.
#[async_trait]
pub trait Apply: Send + Sync {
    /// One outcome for each command, in order.
    async fn apply(&self, batch: &[Incoming]) -> Result<Vec<Outcome>, StoreError>;
}

/// An office, and who hears of its batches.
pub(crate) struct Observed {
    pub(crate) office: Arc<Office>,
    pub(crate) observer: Arc<dyn Observer>,
}

#[async_trait]
impl Apply for Observed {
    async fn apply(&self, batch: &[Incoming]) -> Result<Vec<Outcome>, StoreError> {
        let traces: Vec<_> = batch.iter().filter_map(|incoming| incoming.traceparent.as_deref()).collect();
        let span = self.observer.batch(WORKER, &traces, None);
        #[expect(clippy::disallowed_methods, reason = "a figure for people; nothing is decided by it")]
        let began = Instant::now();
        let applied = self.office.apply(WORKER, batch).instrument(span).await;
        self.observer.handled(WORKER, batch.len(), began.elapsed());
        applied
    }
}

/// Why a command got no outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotApplied {
    /// Too many are waiting.
    Full,
    /// The store is away for the moment, after several tries; or the lanes are closed, because the process stops.
    Unavailable,
    /// The store failed in a way that trying again does not mend.
    Failed,
}

/// The callers' end of the channel. When the lanes are closed, or the last clone is dropped, they finish what is waiting
/// and end.
#[derive(Clone)]
pub struct Lanes {
    sender: mpsc::Sender<Waiting>,
}

/// The tasks behind [`Lanes`].
pub struct RunningLanes {
    tasks: JoinSet<()>,
    closed: CancellationToken,
}

struct Waiting {
    incoming: Incoming,
    answer: oneshot::Sender<Result<Outcome, NotApplied>>,
}

impl Lanes {
    /// Starts the lanes on the current runtime.
    pub fn start(apply: Arc<dyn Apply>, settings: LaneSettings) -> (Self, RunningLanes) {
        let (sender, receiver) = mpsc::channel(settings.waiting.max(1));
        let receiver = Arc::new(Mutex::new(receiver));
        let (mut tasks, closed) = (JoinSet::new(), CancellationToken::new());
        for _ in 0..settings.lanes.max(1) {
            tasks.spawn(lane(Arc::clone(&apply), Arc::clone(&receiver), settings, closed.clone()));
        }
        (Self { sender }, RunningLanes { tasks, closed })
    }

    /// Applies one command together with whatever else is waiting.
    pub async fn apply(&self, incoming: Incoming) -> Result<Outcome, NotApplied> {
        let (answer, answered) = oneshot::channel();
        self.sender.try_send(Waiting { incoming, answer }).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => NotApplied::Full,
            mpsc::error::TrySendError::Closed(_) => NotApplied::Unavailable,
        })?;
        answered.await.unwrap_or(Err(NotApplied::Failed))
    }

    /// How many commands wait now.
    pub fn waiting(&self) -> usize {
        self.sender.max_capacity() - self.sender.capacity()
    }
}

impl RunningLanes {
    /// Takes nothing more, whoever still holds [`Lanes`]: a connection may hold a clone for as long as its caller likes.
    pub fn close(&self) {
        self.closed.cancel();
    }

    /// Waits until every lane has finished what was waiting. [`RunningLanes::close`] them first, or drop every [`Lanes`].
    pub async fn finished(self) {
        self.tasks.join_all().await;
    }

    /// Waits until some lane has ended. Before they are closed none should: whoever waits in it would wait in vain.
    pub async fn one_ended(&mut self) {
        self.tasks.join_next().await;
    }
}

async fn lane(
    apply: Arc<dyn Apply>,
    receiver: Arc<Mutex<mpsc::Receiver<Waiting>>>,
    settings: LaneSettings,
    closed: CancellationToken,
) {
    loop {
        let waiting = next_batch(&receiver, settings.batch.max(1), &closed).await;
        if waiting.is_empty() {
            return;
        }
        let (batch, answers): (Vec<_>, Vec<_>) =
            waiting.into_iter().map(|waiting| (waiting.incoming, waiting.answer)).unzip();
        let outcomes: Vec<_> = match apply_patiently(&*apply, &batch, settings.retry_waits).await {
            Ok(outcomes) => outcomes.into_iter().map(Ok).collect(),
            Err(not_applied) => vec![Err(not_applied); batch.len()],
        };
        fail_point::pass("before-answer");
        for (answer, outcome) in answers.into_iter().zip(outcomes) {
            // A caller that has gone away needs no answer.
            let _gone = answer.send(outcome);
        }
    }
}

/// What is waiting, up to `most`; nothing when the lanes are closed and drained.
async fn next_batch(
    receiver: &Mutex<mpsc::Receiver<Waiting>>,
    most: usize,
    closed: &CancellationToken,
) -> Vec<Waiting> {
    let mut waiting = Vec::new();
    // The lane that holds the lock waits for the first command; the others wait for the lock.
    let mut receiver = receiver.lock().await;
    let closing = tokio::select! {
        biased;
        () = closed.cancelled() => true,
        _taken = receiver.recv_many(&mut waiting, most) => false,
    };
    if closing {
        // Only the waiting for more was cut short: what has been sent already is still handed out.
        receiver.close();
        receiver.recv_many(&mut waiting, most).await;
    }
    waiting
}

/// Tries again while the store is away. A batch whose commit had an unknown outcome is safe to repeat: openings have
/// their keys, and every other command is kept under an idempotency key.
async fn apply_patiently(
    apply: &dyn Apply,
    batch: &[Incoming],
    waits: &[Duration],
) -> Result<Vec<Outcome>, NotApplied> {
    let mut waits = waits.iter();
    loop {
        let applied = AssertUnwindSafe(apply.apply(batch)).catch_unwind().await;
        let error = match applied {
            Ok(Ok(outcomes)) => return Ok(outcomes),
            Ok(Err(error)) => error,
            Err(_panic) => {
                tracing::error!(batch = batch.len(), "applying a batch of HTTP commands panicked");
                return Err(NotApplied::Failed);
            }
        };
        match waits.next() {
            Some(wait) if error.is_transient() => tokio::time::sleep(*wait).await,
            _ => {
                let cause: &(dyn std::error::Error + 'static) = &error;
                tracing::error!(
                    batch = batch.len(),
                    error = cause,
                    "a batch of HTTP commands was not applied"
                );
                let transient = error.is_transient();
                return Err(if transient { NotApplied::Unavailable } else { NotApplied::Failed });
            }
        }
    }
}

#[cfg(test)]
#[path = "lanes_tests.rs"]
mod tests;
