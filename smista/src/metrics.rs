//! Figures for whoever watches the system (Prometheus text): one table of what there is. Base units.
//!
//! Labels are names of queues, outcomes and routes: closed lists, never anything about a citizen, an operator or a case.

use std::fmt::Write;

use metrics::{describe_counter, describe_gauge, describe_histogram};
use metrics_exporter_prometheus::{
    BuildError, Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder,
};

/// What a figure is to Prometheus.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// It only grows.
    Counter,
    /// It goes up and down.
    Gauge,
    /// It is counted in buckets with these upper bounds.
    Histogram(&'static [f64]),
}

/// One figure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Figure {
    /// Its name, ending in its unit where it has one.
    pub name: &'static str,
    /// What it is to Prometheus.
    pub kind: Kind,
    /// What it is told apart by.
    pub labels: &'static [&'static str],
    /// What it says.
    pub meaning: &'static str,
}

/// From half a millisecond, a batch of one on a fast disk, to the half minute after which something has given up.
const SECONDS: &[f64] = &[0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 2.5, 10.0, 30.0];
/// Up to the largest batch of the table of queues.
const BATCH: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0];

const QUEUE: &[&str] = &["queue"];

pub(crate) const MESSAGES: &str = "smista_messages_total";
pub(crate) const BATCH_MESSAGES: &str = "smista_batch_messages";
pub(crate) const HANDLING: &str = "smista_batch_handling_seconds";
pub(crate) const SESSIONS: &str = "smista_sessions";
pub(crate) const PANICS: &str = "smista_lane_panics_total";
pub(crate) const WAITING: &str = "smista_queue_messages";
pub(crate) const OLDEST: &str = "smista_queue_oldest_seconds";
pub(crate) const OUTBOX: &str = "smista_outbox_rows";
pub(crate) const OUTBOX_AGE: &str = "smista_outbox_oldest_seconds";
pub(crate) const UNCOUNTED: &str = "smista_uncounted_total";
pub(crate) const PUBLISHED: &str = "smista_published_total";
pub(crate) const PUBLISHING: &str = "smista_publish_seconds";
pub(crate) const REQUESTS: &str = "smista_http_requests_total";
pub(crate) const REQUEST: &str = "smista_http_request_seconds";

/// Every figure there is, in the order in which README.md lists them.
pub const FIGURES: &[Figure] = &[
    Figure {
        name: MESSAGES,
        kind: Kind::Counter,
        labels: &["queue", "outcome"],
        meaning: "Messages settled: done, nothing_to_do, later (to come back, no attempt burnt), retried, parked.",
    },
    Figure {
        name: BATCH_MESSAGES,
        kind: Kind::Histogram(BATCH),
        labels: QUEUE,
        meaning: "Messages handled in one transaction; the queue http is the lanes of the HTTP door.",
    },
    Figure {
        name: HANDLING,
        kind: Kind::Histogram(SECONDS),
        labels: QUEUE,
        meaning: "Time to handle a batch, commit included.",
    },
    Figure {
        name: SESSIONS,
        kind: Kind::Gauge,
        labels: QUEUE,
        meaning: "Lanes of this process in session with the broker.",
    },
    Figure {
        name: PANICS,
        kind: Kind::Counter,
        labels: QUEUE,
        meaning: "Lanes that panicked outside their handler, and started again.",
    },
    Figure {
        name: WAITING,
        kind: Kind::Gauge,
        labels: QUEUE,
        meaning: "Messages that wait; the queue dead holds those that the broker gave up on.",
    },
    Figure {
        name: OLDEST,
        kind: Kind::Gauge,
        labels: QUEUE,
        meaning: "While messages wait: age of the oldest one in the batch that this process took last.",
    },
    Figure {
        name: OUTBOX,
        kind: Kind::Gauge,
        labels: &[],
        meaning: "Rows of the outbox that are due; embedded there is none.",
    },
    Figure {
        name: OUTBOX_AGE,
        kind: Kind::Gauge,
        labels: &[],
        meaning: "Since when the oldest of them is due.",
    },
    Figure {
        name: UNCOUNTED,
        kind: Kind::Counter,
        labels: &["what"],
        meaning: "Times that queues or outbox could not be counted: their figures are then those of before.",
    },
    Figure {
        name: PUBLISHED,
        kind: Kind::Counter,
        labels: &["outcome"],
        meaning: "Messages published: confirmed, unroutable, refused, unknown (no confirm in time).",
    },
    Figure {
        name: PUBLISHING,
        kind: Kind::Histogram(SECONDS),
        labels: &[],
        meaning: "Time until a set of published messages had all its confirms.",
    },
    Figure {
        name: REQUESTS,
        kind: Kind::Counter,
        labels: &["method", "route", "status"],
        meaning: "HTTP requests answered, by the pattern of their route, never by their address.",
    },
    Figure {
        name: REQUEST,
        kind: Kind::Histogram(SECONDS),
        labels: &["method", "route"],
        meaning: "Time to answer an HTTP request.",
    },
];

/// Begins to keep figures, for this whole process; the handle writes them out. At most once in a process.
pub fn begin() -> Result<PrometheusHandle, BuildError> {
    let handle = builder()?.install_recorder()?;
    describe();
    Ok(handle)
}

/// What keeps the figures, for whoever installs it for less than a process.
pub fn recorder() -> Result<PrometheusRecorder, BuildError> {
    let recorder = builder()?.build_recorder();
    metrics::with_local_recorder(&recorder, describe);
    Ok(recorder)
}

fn builder() -> Result<PrometheusBuilder, BuildError> {
    FIGURES.iter().try_fold(PrometheusBuilder::new(), |builder, figure| match figure.kind {
        Kind::Histogram(buckets) => {
            builder.set_buckets_for_metric(Matcher::Full(figure.name.to_owned()), buckets)
        }
        Kind::Counter | Kind::Gauge => Ok(builder),
    })
}

fn describe() {
    for figure in FIGURES {
        match figure.kind {
            Kind::Counter => describe_counter!(figure.name, figure.meaning),
            Kind::Gauge => describe_gauge!(figure.name, figure.meaning),
            Kind::Histogram(_) => describe_histogram!(figure.name, figure.meaning),
        }
    }
}

/// The table of figures in Markdown, as README.md shows it.
pub fn figures_table() -> String {
    let mut text = "| figure | kind | by | what it says |\n| --- | --- | --- | --- |\n".to_owned();
    for figure in FIGURES {
        let kind = match figure.kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram(_) => "histogram",
        };
        let labels = figure.labels.join(", ");
        // Writing to a string never fails.
        let _ = writeln!(text, "| `{}` | {kind} | {labels} | {} |", figure.name, figure.meaning);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figures_name_tells_its_unit() {
        for figure in FIGURES {
            let counts = figure.name.ends_with("_total");
            assert_eq!(counts, figure.kind == Kind::Counter, "{}", figure.name);
            let snake = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
            assert!(figure.name.starts_with("smista_") && figure.name.bytes().all(snake), "{}", figure.name);
            if let Kind::Histogram(buckets) = figure.kind {
                assert!(buckets.is_sorted(), "{}", figure.name);
                assert_eq!(figure.name.ends_with("_seconds"), buckets == SECONDS, "{}", figure.name);
            }
        }
    }
}
