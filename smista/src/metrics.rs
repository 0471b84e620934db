//! Figures for whoever watches the system (Prometheus text): what the runner did, and what waits. Base units.
//!
//! Labels are names of queues and outcomes, never anything about a citizen, an operator or a case.

use std::sync::Arc;
use std::time::Duration;

use metrics::{counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use smista_queues::runner::Observer;
use smista_queues::settle::Fate;
use tokio_util::sync::CancellationToken;

use crate::system::System;

const MESSAGES: &str = "smista_messages_total";
const HANDLING: &str = "smista_batch_handling_seconds";
const SESSIONS: &str = "smista_sessions";
const WAITING: &str = "smista_queue_messages";
const OUTBOX: &str = "smista_outbox_rows";
const OUTBOX_AGE: &str = "smista_outbox_oldest_seconds";

/// From half a millisecond, a batch of one on a fast disk, to the ten seconds in which nothing should end.
const HANDLING_BUCKETS: [f64; 12] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 2.5, 10.0];
/// How often what waits is counted.
const ROUND: Duration = Duration::from_secs(5);

/// Begins to keep figures; the handle writes them out. At most once in a process.
pub fn begin() -> Result<PrometheusHandle, BuildError> {
    let handle = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Full(HANDLING.to_owned()), &HANDLING_BUCKETS)?
        .install_recorder()?;
    describe_counter!(MESSAGES, "Messages settled, by queue and outcome.");
    describe_histogram!(HANDLING, metrics::Unit::Seconds, "Time to handle a batch, by queue.");
    describe_gauge!(SESSIONS, "Lanes of this process in session with the broker, by queue.");
    describe_gauge!(WAITING, "Messages that wait, by queue.");
    describe_gauge!(OUTBOX, "Rows of the outbox that are due.");
    describe_gauge!(OUTBOX_AGE, metrics::Unit::Seconds, "Since when the oldest of them is.");
    Ok(handle)
}

/// Tells the figures what the runner does.
pub struct RunnerFigures;

impl Observer for RunnerFigures {
    fn settled(&self, queue: &str, fate: Fate, messages: usize) {
        let messages = u64::try_from(messages).unwrap_or(u64::MAX);
        counter!(MESSAGES, "queue" => queue.to_owned(), "outcome" => fate.as_str()).increment(messages);
    }

    fn handled(&self, queue: &str, _messages: usize, took: Duration) {
        histogram!(HANDLING, "queue" => queue.to_owned()).record(took.as_secs_f64());
    }

    fn session(&self, queue: &str, up: bool) {
        let sessions = gauge!(SESSIONS, "queue" => queue.to_owned());
        if up { sessions.increment(1.0) } else { sessions.decrement(1.0) }
    }
}

/// Counts what waits, every few seconds, until `stop`.
pub async fn run_counting(system: Arc<System>, handle: PrometheusHandle, stop: CancellationToken) {
    while !stop.is_cancelled() {
        count_what_waits(&system).await;
        handle.run_upkeep();
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(ROUND) => {}
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a gauge is a float; a count past 2^53 is none of ours")]
async fn count_what_waits(system: &System) {
    if let Ok(depths) = system.broker.depths().await {
        depths
            .iter()
            .for_each(|depth| gauge!(WAITING, "queue" => depth.queue.clone()).set(depth.waiting as f64));
    }
    if let Ok(Some(depth)) = system.outbox_depth().await {
        let now = system.office.surroundings.now();
        let age =
            depth.oldest_due_at.map_or(0, |oldest| now.signed_duration_since(oldest).num_seconds().max(0));
        gauge!(OUTBOX).set(depth.due as f64);
        gauge!(OUTBOX_AGE).set(age as f64);
    }
}
