//! Takes batches from queues, has them handled and settles every message: the only place that acknowledges.
//!
//! A wait or a parked row commits before the acknowledgement, so a crash between any two steps repeats work
//! and never loses it. Nothing is ever requeued by hand.

mod aside;
mod lanes;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use futures::FutureExt;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, Span};

use crate::Clock;
use crate::broker::{Broker, BrokerError, Consumer, Delivery, Taking};
use crate::fail_point;
use crate::gate::Gate;
use crate::handler::{BatchFailed, Handler, Received};
use crate::names::NamePrefix;
use crate::outcome::{ErrorText, Outcome};
use crate::publisher::Publisher;
use crate::settle::{Fate, Plan, park, receive, settle};
use crate::shelf::{Shelf, ShelfError};
use crate::topology::Queue;

/// How often dead letters are looked for.
const DEAD_LETTER_ROUND: Duration = Duration::from_secs(60);
/// The longest pause when they cannot be fetched: one that the AMQP library cannot read stays where it is.
const LONGEST_DEAD_LETTER_ROUND: Duration = Duration::from_secs(3600);
/// The most dead letters parked in one transaction.
const DEAD_LETTER_BATCH: usize = 64;

/// Runs handlers on queues.
#[derive(Clone)]
pub struct Runner {
    broker: Arc<dyn Broker>,
    shelf: Arc<dyn Shelf>,
    /// One for all queues of the process.
    gate: Arc<Gate>,
    clock: Clock,
    observer: Arc<dyn Observer>,
    jitter: Jitter,
    /// Publishes what the handlers' commits leave to publish, where that is this process's to do.
    publisher: Option<Publisher>,
    pauses_within_session: &'static [Duration],
    shortest_pause: Duration,
}

/// Randomness, handed in: a number from 0 to 1, by which lanes that failed together do not come back together.
pub type Jitter = Arc<dyn Fn() -> f64 + Send + Sync>;

/// Hears what the runner does; the binary turns it into metrics and traces. Whatever else takes messages or commands in
/// batches tells it the same way.
pub trait Observer: Send + Sync {
    /// A batch is about to be handled: one trace context for each message that has one, and the time of the oldest
    /// message at its first try. The work runs inside the span that is returned, which links to each context.
    fn batch(&self, _queue: &str, _traceparents: &[&str], _oldest: Option<DateTime<Utc>>) -> Span {
        Span::none()
    }
    /// Somebody outside asked for the work of `span`, in the trace context given, if any. Answers the context that the
    /// work's effects carry on, where spans are recorded.
    fn asked(&self, _span: &Span, _traceparent: Option<&str>) -> Option<String> {
        None
    }
    /// `messages` messages of `queue` met this fate.
    fn settled(&self, _queue: &str, _fate: Fate, _messages: usize) {}
    /// A batch was handled, whatever its outcomes.
    fn handled(&self, _queue: &str, _messages: usize, _took: Duration) {}
    /// A lane's session with the broker began (true) or ended (false).
    fn session(&self, _queue: &str, _up: bool) {}
    /// A lane panicked, past its handler; it starts again.
    fn panicked(&self, _queue: &str) {}
}

impl Observer for () {}

/// What [`Runner::step`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Nothing waited.
    Idle,
    /// This many messages were settled.
    Settled(usize),
}

/// How long a batch that failed through nobody's fault is kept and tried again.
#[derive(Clone, Copy)]
struct Patience<'a> {
    pauses: &'a [Duration],
    /// Ends the waiting for a store that does not answer.
    stop: &'a CancellationToken,
}

/// Why a session ended; what was taken and not acknowledged comes back by itself.
#[derive(Debug, thiserror::Error)]
pub enum SessionEnded {
    #[error(transparent)]
    Broker(#[from] BrokerError),
    #[error(transparent)]
    Shelf(#[from] ShelfError),
    #[error("a batch could not be handled now: {0}")]
    Handler(ErrorText),
}

impl Runner {
    pub fn new(
        broker: Arc<dyn Broker>,
        shelf: Arc<dyn Shelf>,
        clock: Clock,
        observer: Arc<dyn Observer>,
    ) -> Self {
        let gate = Arc::new(Gate::new(Arc::clone(&shelf), Arc::clone(&clock)));
        Self {
            broker,
            shelf,
            gate,
            clock,
            observer,
            jitter: Arc::new(|| 1.0),
            publisher: None,
            pauses_within_session: &lanes::PAUSES_WITHIN_SESSION,
            shortest_pause: lanes::SHORTEST_PAUSE,
        }
    }

    /// Without it every pause is as long as it can be.
    pub fn with_jitter(self, jitter: Jitter) -> Self {
        Self { jitter, ..self }
    }

    /// Takes nothing more while too much is in this publisher's hand.
    pub fn with_publisher(self, publisher: Publisher) -> Self {
        Self { publisher: Some(publisher), ..self }
    }

    /// Takes at most one batch, handles and settles it: deterministic, for tests and simulations.
    ///
    /// Tries nothing twice: on an error the messages go back to their queue, on RabbitMQ a moment later.
    pub async fn step(&self, queue: &Queue, handler: &dyn Handler) -> Result<Step, SessionEnded> {
        let mut consumer = self.broker.consume(queue.name, Taking::OnDemand).await?;
        let worked = async {
            let batch = consumer.take(queue.batch).await?;
            self.work(queue, handler, consumer.as_mut(), &batch, None).await
        };
        let worked = worked.await;
        consumer.close().await;
        Ok(match worked? {
            0 => Step::Idle,
            settled => Step::Settled(settled),
        })
    }

    /// Handles one batch and settles all of it; answers how many messages that were.
    async fn work(
        &self,
        queue: &Queue,
        handler: &dyn Handler,
        consumer: &mut dyn Consumer,
        batch: &[Delivery],
        patience: Option<Patience<'_>>,
    ) -> Result<usize, SessionEnded> {
        if batch.is_empty() {
            return Ok(0);
        }
        fail_point::pass("after-receive");
        let now = (self.clock)();
        let mut plan = Plan::default();
        let (mut readable, mut received) = (Vec::new(), Vec::new());
        for delivery in batch {
            match receive(queue, delivery, now) {
                Ok(message) => {
                    readable.push(delivery);
                    received.push(message);
                }
                Err(reason) => plan.park(park(queue.name, delivery, None, reason, now)),
            }
        }
        #[expect(clippy::disallowed_methods, reason = "a figure for people; nothing is decided by it")]
        let began = Instant::now();
        let span = self.observer.batch(queue.name, &traceparents(&received), oldest(&received));
        let outcomes = self.outcomes(handler, &received, patience).instrument(span.clone()).await?;
        self.observer.handled(queue.name, received.len(), began.elapsed());
        let now = (self.clock)();
        for ((delivery, message), outcome) in readable.into_iter().zip(&received).zip(outcomes) {
            plan.add(settle(queue, delivery, message, outcome, now));
        }
        self.carry_out(queue.name, consumer, plan).instrument(span).await?;
        Ok(batch.len())
    }

    async fn carry_out(
        &self,
        queue: &str,
        consumer: &mut dyn Consumer,
        plan: Plan,
    ) -> Result<(), SessionEnded> {
        let (mut waits, mut parked) = (plan.waits(), plan.parked());
        if !waits.is_empty() || !parked.is_empty() {
            (waits, parked) = self.lay_aside(waits, parked).await?;
        }
        fail_point::pass("before-acknowledge");
        consumer.acknowledge(&plan.settled).await?;
        for wait in &waits {
            let (id, attempt, due_at) = (&wait.message_id, wait.attempt, &wait.due_at);
            match &wait.reason {
                Some(reason) => {
                    tracing::warn!(queue, id, attempt, %due_at, %reason, "message is tried again")
                }
                None => tracing::debug!(queue, id, attempt, %due_at, "message waits"),
            }
        }
        for message in &parked {
            let (id, kind) = (message.message_id.as_deref(), message.message_type.as_deref());
            tracing::error!(queue, id, kind, attempt = message.attempt, reason = %message.reason, "message parked");
        }
        for (fate, messages) in plan.counts() {
            self.observer.settled(queue, fate, messages);
        }
        Ok(())
    }

    /// One outcome per message. With patience the same batch is tried again when nobody in it is to blame; while the
    /// store does not answer it is kept in hand.
    async fn outcomes(
        &self,
        handler: &dyn Handler,
        batch: &[Received],
        patience: Option<Patience<'_>>,
    ) -> Result<Vec<Outcome>, SessionEnded> {
        let all = patience.map_or(&[][..], |patience| patience.pauses);
        let mut pauses = all.iter();
        loop {
            let reason = match together_or_one_by_one(handler, batch).await {
                Ok(outcomes) => return Ok(outcomes),
                Err(reason) => reason,
            };
            match (pauses.next(), &patience) {
                (Some(pause), _) => {
                    tracing::warn!(%reason, "a batch is tried again");
                    tokio::time::sleep(*pause).await;
                }
                (None, Some(patience)) if !self.gate.is_open().await => {
                    tracing::warn!(%reason, "a batch is kept in hand until the store answers");
                    if !self.gate.wait_until_open(patience.stop).await {
                        return Err(SessionEnded::Handler(reason));
                    }
                    pauses = all.iter();
                }
                (None, _) => return Err(SessionEnded::Handler(reason)),
            }
        }
    }

    /// Parks the broker's dead letters, until `stop`. While they cannot be fetched the pauses grow.
    pub async fn run_dead_letters(&self, stop: &CancellationToken) {
        let mut failures = 0;
        while !stop.is_cancelled() {
            if self.gate.is_open().await {
                match self.step_dead_letters().await {
                    Ok(Step::Settled(_)) => {
                        failures = 0;
                        continue;
                    }
                    Ok(Step::Idle) => failures = 0,
                    Err(error) => {
                        failures += 1;
                        tracing::warn!(%error, failures, "dead letters could not be parked");
                    }
                }
            }
            pause_or_stop(dead_letter_round(failures), stop).await;
        }
    }

    /// Parks at most one batch of the messages that the broker gave up on.
    pub async fn step_dead_letters(&self) -> Result<Step, SessionEnded> {
        let mut consumer = self.broker.consume(NamePrefix::DEAD, Taking::OnDemand).await?;
        let parked = self.park_dead_letters(consumer.as_mut()).await;
        consumer.close().await;
        Ok(match parked? {
            0 => Step::Idle,
            settled => Step::Settled(settled),
        })
    }

    async fn park_dead_letters(&self, consumer: &mut dyn Consumer) -> Result<usize, SessionEnded> {
        let batch = consumer.take(DEAD_LETTER_BATCH).await?;
        let mut plan = Plan::default();
        for delivery in &batch {
            let queue = delivery.died_in.as_deref().unwrap_or(NamePrefix::DEAD);
            let reason = ErrorText::new("handed out too often without an answer: it may kill its handler");
            plan.park(park(queue, delivery, None, reason, (self.clock)()));
        }
        self.carry_out(NamePrefix::DEAD, consumer, plan).await?;
        Ok(batch.len())
    }
}

/// The batch at once or, when one of its messages may be to blame, each alone. The error is a reason to try
/// everything again: what was handled alone before it is then recognised by its inbox row.
async fn together_or_one_by_one(
    handler: &dyn Handler,
    batch: &[Received],
) -> Result<Vec<Outcome>, ErrorText> {
    if batch.is_empty() {
        return Ok(Vec::new());
    }
    match call(handler, batch).await {
        Ok(outcomes) => return Ok(outcomes),
        Err(BatchFailed::TryAgain(reason)) => return Err(reason),
        Err(BatchFailed::OneByOne(reason)) if batch.len() == 1 => {
            return Ok(vec![Outcome::Permanent(reason)]);
        }
        Err(BatchFailed::OneByOne(reason)) => tracing::info!(%reason, "a batch is handled one by one"),
    }
    let mut outcomes = Vec::with_capacity(batch.len());
    for message in batch.chunks(1) {
        match call(handler, message).await {
            Ok(outcome) => outcomes.extend(outcome),
            Err(BatchFailed::OneByOne(reason)) => outcomes.push(Outcome::Permanent(reason)),
            Err(BatchFailed::TryAgain(reason)) => return Err(reason),
        }
    }
    Ok(outcomes)
}

/// Calls a handler so that a panic, or a wrong number of outcomes, is blamed on its messages.
async fn call(handler: &dyn Handler, batch: &[Received]) -> Result<Vec<Outcome>, BatchFailed> {
    match AssertUnwindSafe(handler.handle(batch)).catch_unwind().await {
        Ok(Ok(outcomes)) if outcomes.len() != batch.len() => Err(BatchFailed::OneByOne(ErrorText::new(
            format!("the handler answered {} outcomes for {} messages", outcomes.len(), batch.len()),
        ))),
        Ok(answer) => answer,
        // The panic's own text may quote the message.
        Err(_panic) => Err(BatchFailed::OneByOne(ErrorText::new("the handler panicked"))),
    }
}

fn traceparents(batch: &[Received]) -> Vec<&str> {
    batch.iter().filter_map(|message| message.envelope.traceparent.as_deref()).collect()
}

/// A message that comes back after a wait is old because it was to wait: it says nothing about the queue.
fn oldest(batch: &[Received]) -> Option<DateTime<Utc>> {
    batch.iter().filter(|message| message.attempt == 1).map(|message| message.envelope.time).min()
}

async fn pause_or_stop(pause: Duration, stop: &CancellationToken) {
    tokio::select! {
        () = stop.cancelled() => {}
        () = tokio::time::sleep(pause) => {}
    }
}

/// A minute, doubled for each failure in a row.
fn dead_letter_round(failures: u32) -> Duration {
    DEAD_LETTER_ROUND.saturating_mul(1 << failures.min(10)).min(LONGEST_DEAD_LETTER_ROUND)
}

#[cfg(test)]
#[path = "runner_tests.rs"]
mod tests;
