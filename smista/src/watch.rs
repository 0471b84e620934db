//! Hears what runner, lanes, publishing and door do, and turns it into figures and spans. Knows no message and no case.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use axum::extract::{MatchedPath, Request};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::Response;
use chrono::{DateTime, Utc};
use metrics::{counter, gauge, histogram};
use smista_queues::runner::Observer;
use smista_queues::settle::Fate;
use smista_queues::{
    Broker, BrokerError, Consumer, Depth, OutboxDepth, Outgoing, Published, Taking, Topology,
};
use tracing::Span;

use crate::metrics::{
    BATCH_MESSAGES, HANDLING, MESSAGES, OLDEST, OUTBOX, OUTBOX_AGE, PANICS, PUBLISHED, PUBLISHING, REQUEST,
    REQUESTS, SESSIONS, UNCOUNTED, WAITING,
};
use crate::telemetry::{enter_trace, link};

/// A batch takes seconds at most, its retries included. One that takes longer waits for an answer that does not come, such as
/// that of a database whose machine went away without a word: its time-outs are the server's own.
const LONGEST_BATCH: Duration = Duration::from_secs(5 * 60);

/// What this process is doing, for its own `/readyz` and for figures.
#[derive(Default)]
pub struct Watch {
    /// Lanes in session with the broker, by queue.
    sessions: Mutex<BTreeMap<String, usize>>,
    /// The time of the oldest message in the batch taken last, by queue.
    oldest: Mutex<BTreeMap<String, DateTime<Utc>>>,
    /// Since when batches of a queue are being handled and none has been finished.
    unfinished: Mutex<BTreeMap<String, Instant>>,
    /// What could not be counted when it was tried last.
    uncounted: Mutex<BTreeSet<&'static str>>,
    stopping: AtomicBool,
}

impl Watch {
    /// How many lanes of a queue are in session with the broker.
    pub fn sessions(&self, queue: &str) -> usize {
        held(&self.sessions).get(queue).copied().unwrap_or(0)
    }

    /// The process stops: it is ready for nothing more.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    /// Whether it does.
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    /// The queues, `http` among them, of which nothing has been finished for longer than any batch may take.
    pub fn stuck(&self) -> Vec<String> {
        self.stuck_at(stopwatch())
    }

    fn stuck_at(&self, now: Instant) -> Vec<String> {
        let unfinished = held(&self.unfinished);
        let stuck = |since: &Instant| now.saturating_duration_since(*since) > LONGEST_BATCH;
        unfinished.iter().filter(|(_, since)| stuck(since)).map(|(queue, _)| queue.clone()).collect()
    }

    /// Notes whether something could be counted. While it cannot, its figures are those of before, which is told once.
    pub(crate) fn counted(&self, what: &'static str, counted: Result<(), String>) {
        let mut uncounted = held(&self.uncounted);
        match counted {
            Ok(()) => {
                if uncounted.remove(what) {
                    tracing::info!(what, "what waits is counted again");
                }
            }
            Err(error) => {
                counter!(UNCOUNTED, "what" => what).increment(1);
                if uncounted.insert(what) {
                    tracing::warn!(
                        what,
                        error,
                        "what waits cannot be counted; its figures are those of before"
                    );
                }
            }
        }
    }

    /// Tells how much waits in each queue.
    pub(crate) fn waiting(&self, depths: Vec<Depth>, now: DateTime<Utc>) {
        let oldest = held(&self.oldest).clone();
        for Depth { queue, waiting } in depths {
            let since = oldest.get(&queue).filter(|_| waiting > 0);
            gauge!(OLDEST, "queue" => queue.clone()).set(real(since.map_or(0, |since| age(*since, now))));
            gauge!(WAITING, "queue" => queue).set(real(waiting));
        }
    }
}

/// Tells how much waits to be published.
pub(crate) fn waiting_to_be_published(depth: OutboxDepth, now: DateTime<Utc>) {
    gauge!(OUTBOX).set(real(depth.due));
    gauge!(OUTBOX_AGE).set(real(depth.oldest_due_at.map_or(0, |since| age(since, now))));
}

/// In whole seconds; none for a time that is still to come.
fn age(since: DateTime<Utc>, now: DateTime<Utc>) -> u64 {
    now.signed_duration_since(since).num_seconds().max(0).unsigned_abs()
}

impl Observer for Watch {
    fn batch(&self, queue: &str, traceparents: &[&str], oldest: Option<DateTime<Utc>>) -> Span {
        if let Some(oldest) = oldest {
            held(&self.oldest).insert(queue.to_owned(), oldest);
        }
        held(&self.unfinished).entry(queue.to_owned()).or_insert_with(stopwatch);
        let span = tracing::info_span!("batch", queue, messages = traceparents.len());
        link(&span, traceparents);
        span
    }

    fn asked(&self, span: &Span, traceparent: Option<&str>) -> Option<String> {
        enter_trace(span, traceparent)
    }

    fn settled(&self, queue: &str, fate: Fate, messages: usize) {
        counter!(MESSAGES, "queue" => queue.to_owned(), "outcome" => fate.as_str())
            .increment(whole(messages));
    }

    fn handled(&self, queue: &str, messages: usize, took: Duration) {
        held(&self.unfinished).remove(queue);
        histogram!(BATCH_MESSAGES, "queue" => queue.to_owned()).record(real(whole(messages)));
        histogram!(HANDLING, "queue" => queue.to_owned()).record(took.as_secs_f64());
    }

    fn session(&self, queue: &str, up: bool) {
        if !up {
            // What was in hand is back in its queue.
            held(&self.unfinished).remove(queue);
        }
        let mut sessions = held(&self.sessions);
        let count = sessions.entry(queue.to_owned()).or_default();
        *count = if up { *count + 1 } else { count.saturating_sub(1) };
        gauge!(SESSIONS, "queue" => queue.to_owned()).set(real(whole(*count)));
    }

    fn panicked(&self, queue: &str) {
        counter!(PANICS, "queue" => queue.to_owned()).increment(1);
    }
}

/// A broker whose confirms are counted.
pub(crate) struct CountedBroker(pub(crate) Arc<dyn Broker>);

#[async_trait]
impl Broker for CountedBroker {
    async fn publish(&self, messages: &[Outgoing]) -> Vec<Published> {
        let began = stopwatch();
        let fates = self.0.publish(messages).await;
        histogram!(PUBLISHING).record(began.elapsed().as_secs_f64());
        for fate in &fates {
            counter!(PUBLISHED, "outcome" => outcome(fate)).increment(1);
        }
        fates
    }

    async fn declare(&self, topology: &Topology) -> Result<(), BrokerError> {
        self.0.declare(topology).await
    }

    async fn consume(&self, queue: &str, taking: Taking) -> Result<Box<dyn Consumer>, BrokerError> {
        self.0.consume(queue, taking).await
    }

    async fn depths(&self) -> Result<Vec<Depth>, BrokerError> {
        self.0.depths().await
    }

    fn is_blocked(&self) -> bool {
        self.0.is_blocked()
    }

    async fn close(&self) {
        self.0.close().await;
    }
}

fn outcome(fate: &Published) -> &'static str {
    match fate {
        Published::Confirmed => "confirmed",
        Published::Unroutable => "unroutable",
        Published::Refused(_) => "refused",
        Published::Unknown(_) => "unknown",
    }
}

/// Counts a request by the pattern of its route: an address might be anything that somebody typed, a method too.
pub(crate) async fn count_request(request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let route = route.unwrap_or_else(|| "unknown".to_owned());
    let method = match *request.method() {
        Method::GET => "GET",
        Method::POST => "POST",
        _ => "other",
    };
    let began = stopwatch();
    let response = next.run(request).await;
    let status = response.status().as_u16().to_string();
    histogram!(REQUEST, "method" => method, "route" => route.clone()).record(began.elapsed().as_secs_f64());
    counter!(REQUESTS, "method" => method, "route" => route, "status" => status).increment(1);
    response
}

fn stopwatch() -> Instant {
    #[expect(clippy::disallowed_methods, reason = "for people who watch; no command is decided by it")]
    Instant::now()
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn whole(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

#[expect(clippy::cast_precision_loss, reason = "a figure is a float; a count past 2^53 is none of ours")]
fn real(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_of_which_nothing_gets_finished_is_stuck() {
        let watch = Watch::default();
        let later = || stopwatch() + LONGEST_BATCH + Duration::from_secs(1);
        let begin = |queue| watch.batch(queue, &[], None);
        begin("http");
        begin("assignment");
        begin("rejections");
        assert_eq!(watch.stuck(), Vec::<String>::new());
        watch.handled("http", 1, Duration::ZERO);
        watch.session("rejections", false);
        assert_eq!(watch.stuck_at(later()), ["assignment"]);
        begin("assignment");
        assert_eq!(watch.stuck_at(later()), ["assignment"], "another lane that begins finishes nothing");
        watch.handled("assignment", 1, Duration::ZERO);
        assert!(watch.stuck_at(later()).is_empty());
    }

    #[test]
    fn what_cannot_be_counted_is_a_figure_of_its_own() {
        let recorder = crate::metrics::recorder().expect("a recorder");
        metrics::with_local_recorder(&recorder, || {
            let watch = Watch::default();
            watch.counted("outbox", Err("away".to_owned()));
            watch.counted("outbox", Err("away".to_owned()));
            watch.counted("outbox", Ok(()));
            assert!(held(&watch.uncounted).is_empty());
        });
        let figures = recorder.handle().render();
        assert!(figures.contains("smista_uncounted_total{what=\"outbox\"} 2"), "{figures}");
    }
}
