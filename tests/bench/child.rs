//! What a measured process is told and what it answers. Each measurement is a process of its own, so that memory and CPU
//! are its alone.

use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::age::Aged;
use crate::door::Served;
use crate::pace::Latency;

/// Which program is measured.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, clap::ValueEnum,
)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Subject {
    /// smista in one folder.
    Embedded,
    /// smista on PostgreSQL and RabbitMQ.
    Scaled,
    /// The hand-tuned program with the same rows and messages on the same servers.
    Floor,
    /// The same in a file of SQLite.
    SqliteFloor,
    /// Nothing but confirmed publishing, as many messages and bytes.
    BarePublish,
    /// Nothing but batched inserts, as many rows and bytes.
    BareInsert,
}

impl Subject {
    /// Whether callers can open cases in it over HTTP.
    pub(crate) fn has_a_door(self) -> bool {
        matches!(self, Subject::Embedded | Subject::Scaled)
    }

    /// Whether it can take one case after the other, at a steady rate.
    pub(crate) fn has_a_pace(self) -> bool {
        matches!(self, Subject::Embedded | Subject::Scaled | Subject::Floor)
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Subject::Embedded => "embedded",
            Subject::Scaled => "scaled",
            Subject::Floor => "floor",
            Subject::SqliteFloor => "sqlite_floor",
            Subject::BarePublish => "bare_publish",
            Subject::BareInsert => "bare_insert",
        }
    }
}

/// The job of one measured process.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct Job {
    /// How many cases.
    #[arg(long)]
    pub(crate) cases: usize,
    /// The most messages in one transaction.
    #[arg(long)]
    pub(crate) batch: usize,
    /// Lanes for each queue.
    #[arg(long)]
    pub(crate) lanes: usize,
}

/// What one process measured.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Measured {
    pub(crate) cases: usize,
    /// Seconds from a full backlog to an empty one, by phase.
    pub(crate) phases: Vec<(String, f64)>,
    /// Messages taken and messages published, all phases together.
    pub(crate) messages: u64,
    /// CPU seconds of the measured process alone, while it worked.
    pub(crate) cpu_seconds: f64,
    pub(crate) peak_rss_mib: f64,
}

/// How a backlog of openings was worked.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Backlog {
    pub(crate) cases_per_s: f64,
    /// Of the first process.
    pub(crate) peak_rss_mib: f64,
}

impl Measured {
    pub(crate) fn seconds(&self) -> f64 {
        self.phases.iter().map(|(_, seconds)| seconds).sum()
    }

    pub(crate) fn cases_per_second(&self) -> f64 {
        self.cases as f64 / self.seconds()
    }

    pub(crate) fn cpu_seconds_per_1000(&self) -> f64 {
        self.cpu_seconds / self.cases as f64 * 1000.0
    }
}

/// Runs one measurement in a process of its own.
pub(crate) fn measure(subject: Subject, job: Job) -> Result<Measured> {
    ran("measure", subject, job, &[])
}

/// How long a case takes at so many a second, in a process of its own.
pub(crate) fn pace(subject: Subject, job: Job, rate: u32) -> Result<Latency> {
    ran("pace", subject, job, &["--rate", &rate.to_string()])
}

/// Cases opened over HTTP by so many callers at once, in a process of its own.
pub(crate) fn door(subject: Subject, job: Job, callers: usize) -> Result<Served> {
    ran("door", subject, job, &["--callers", &callers.to_string()])
}

/// Cases through servers that are so many microseconds away, in a process of its own.
pub(crate) fn far(job: Job, microseconds: u64) -> Result<Measured> {
    ran_as(&["far"], job, &["--microseconds", &microseconds.to_string()])
}

/// An installation whose workers have taken so many messages, beside fresh ones.
pub(crate) fn age(subject: Subject, job: Job, messages: u64) -> Result<Aged> {
    ran("age", subject, job, &["--messages", &messages.to_string()])
}

/// A backlog of openings worked by so many processes.
pub(crate) fn backlog(subject: Subject, job: Job, processes: usize) -> Result<Backlog> {
    ran("backlog", subject, job, &["--processes", &processes.to_string()])
}

fn ran<T: DeserializeOwned>(what: &str, subject: Subject, job: Job, options: &[&str]) -> Result<T> {
    ran_as(&[what, "--subject", &subject.name().replace('_', "-")], job, options)
}

fn ran_as<T: DeserializeOwned>(what: &[&str], job: Job, options: &[&str]) -> Result<T> {
    let this = std::env::current_exe().context("this program's own file")?;
    let ran = Command::new(this)
        .args(what)
        .args(["--cases", &job.cases.to_string(), "--batch", &job.batch.to_string()])
        .args(["--lanes", &job.lanes.to_string()])
        .args(options)
        .stderr(Stdio::inherit())
        .output()
        .context("starting a measured process")?;
    if !ran.status.success() {
        bail!("{} at batches of {} failed: {}", what.join(" "), job.batch, ran.status);
    }
    serde_json::from_slice(&ran.stdout).context("what a measured process answers")
}
