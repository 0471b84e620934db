//! Contacts brought in from files: each line an opening by the system actor `import`, decided like any other.
//!
//! Streams: a batch of lines is in memory at a time. A line is known for ever by its source and key, so a file can
//! be brought in again, whole or after an interruption, without doubling anything.

mod csv_file;
mod json_lines;
mod local_time;
mod made_up;
mod mapping;
mod repeated;
mod row;
mod row_limit;
mod services;
#[cfg(test)]
mod tests;

use std::io;
use std::time::Duration;

use smista_domain::attore::Attore;
use smista_domain::command::Opening;
use smista_queues::gate::Gate;
use smista_store::{OpeningKey, StoreError};
use tokio_util::sync::CancellationToken;

use crate::{Incoming, Office, Outcome, Request, Who};
use repeated::Repeated;

pub use csv_file::csv_lines;
pub use json_lines::json_lines;
pub use mapping::{Mapping, MappingError, read_mapping};
pub use services::{Unseen, create_unseen_services, unseen_services};

/// Lines decided and committed together.
const BATCH: usize = 256;
/// Waits between tries while the store is away.
const PATIENCE: [Duration; 5] = [
    Duration::from_millis(100),
    Duration::from_millis(500),
    Duration::from_secs(2),
    Duration::from_secs(5),
    Duration::from_secs(10),
];

/// One line of a file, read.
#[derive(Debug, Clone)]
pub struct ContactLine {
    /// Its number in the file, from 1, headers included.
    pub line: u64,
    /// The contact, or why the line is none; in Italian, without personal data.
    pub contact: Result<Contact, String>,
}

/// A file that cannot be read on. What came before is read.
#[derive(Debug, thiserror::Error)]
pub enum UnreadableFile {
    /// The disk, or whatever the file comes from.
    #[error("the file cannot be read on after line {line}")]
    Io {
        /// The last line read.
        line: u64,
        /// What happened.
        source: io::Error,
    },
    /// A row without an end in sight: to read on would be to hold the rest of the file in memory.
    #[error(
        "the row that begins at line {line} does not end within {limit} bytes: a quotation mark is probably left open"
    )]
    EndlessRow {
        /// Where it begins.
        line: u64,
        /// The longest row, in bytes.
        limit: u64,
    },
}

/// Why an import ended.
#[derive(Debug)]
pub enum Ended {
    /// Every line was read.
    WholeFile,
    /// It was asked to stop, or whoever hears of the batches had enough.
    Stopped,
    /// The file gave out.
    Unreadable(UnreadableFile),
}

/// A contact as a file tells it.
#[derive(Debug, Clone)]
pub struct Contact {
    /// What it is known by for ever.
    pub key: OpeningKey,
    /// The opening.
    pub opening: Box<Opening>,
}

/// A line that did not become a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reject {
    /// Its number in the file.
    pub line: u64,
    /// Why.
    pub reason: String,
}

/// How far an import has come.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Progress {
    /// Lines read.
    pub lines: u64,
    /// Cases opened now.
    pub opened: u64,
    /// Lines that had been brought in before.
    pub known: u64,
    /// Lines refused.
    pub rejected: u64,
}

/// Brings lines in, batch by batch, as the `gate` lets them: not while the broker is behind. `after_batch` hears of each
/// batch once it is committed, with the lines that were refused in it; its `false` ends the import there, and so does
/// `stop`. A key that comes again in the same file with another content is refused; one that an earlier import brought is
/// known, whatever the line says now: an import changes no case.
///
/// # Errors
/// The store stayed away, or failed; what was told to `after_batch` is in.
pub async fn import(
    office: &Office,
    gate: &Gate,
    stop: &CancellationToken,
    mut lines: impl Iterator<Item = Result<ContactLine, UnreadableFile>>,
    mut after_batch: impl FnMut(&Progress, &[Reject]) -> bool,
) -> Result<(Progress, Ended), ImportError> {
    let actor = Attore::import();
    let mut progress = Progress::default();
    let mut repeated = Repeated::default();
    loop {
        let (batch, ended) = next_batch(&mut lines);
        if batch.is_empty() {
            return Ok((progress, ended.unwrap_or(Ended::WholeFile)));
        }
        if stop.is_cancelled() || !gate.wait_until_open(stop).await {
            return Ok((progress, Ended::Stopped));
        }
        let batch = batch.into_iter().map(|line| repeated.checked(line)).collect();
        let rejects = import_batch(office, &actor, batch, &mut progress).await?;
        if !after_batch(&progress, &rejects) {
            return Ok((progress, Ended::Stopped));
        }
        if let Some(ended) = ended {
            return Ok((progress, ended));
        }
    }
}

/// The next lines, and why there will be no more, if that has come out.
fn next_batch(
    lines: &mut impl Iterator<Item = Result<ContactLine, UnreadableFile>>,
) -> (Vec<ContactLine>, Option<Ended>) {
    let mut batch = Vec::new();
    while batch.len() < BATCH {
        match lines.next() {
            Some(Ok(line)) => batch.push(line),
            Some(Err(unreadable)) => return (batch, Some(Ended::Unreadable(unreadable))),
            None => return (batch, Some(Ended::WholeFile)),
        }
    }
    (batch, None)
}

/// Why an import could not be gone on with.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The store.
    #[error("the store failed during the import")]
    Store(#[from] StoreError),
}

async fn import_batch(
    office: &Office,
    actor: &Attore,
    batch: Vec<ContactLine>,
    progress: &mut Progress,
) -> Result<Vec<Reject>, StoreError> {
    let mut rejects = Vec::new();
    let mut numbers = Vec::with_capacity(batch.len());
    let mut commands = Vec::with_capacity(batch.len());
    progress.lines += u64::try_from(batch.len()).unwrap_or(u64::MAX);
    for ContactLine { line, contact } in batch {
        match contact {
            Ok(contact) => {
                numbers.push(line);
                commands.push(command(actor, contact));
            }
            Err(reason) => rejects.push(Reject { line, reason }),
        }
    }
    for (line, outcome) in numbers.into_iter().zip(apply_patiently(office, &commands).await?) {
        match outcome {
            Outcome::Applied(_) => progress.opened += 1,
            Outcome::OpenedBefore(_) | Outcome::SeenBefore | Outcome::Answered(_) => progress.known += 1,
            Outcome::Refused(refusal) => rejects.push(Reject { line, reason: refusal.italian() }),
            Outcome::KeyOfOtherRequest | Outcome::NoOperator(_) | Outcome::Panicked | Outcome::Failed(_) => {
                rejects
                    .push(Reject { line, reason: "il sistema non ha potuto registrare la riga".to_owned() });
            }
        }
    }
    rejects.sort_by_key(|reject| reject.line);
    progress.rejected += u64::try_from(rejects.len()).unwrap_or(u64::MAX);
    Ok(rejects)
}

fn command(actor: &Attore, contact: Contact) -> Incoming {
    Incoming {
        who: Who::System(actor.clone()),
        request: Request::Open { opening: contact.opening, key: contact.key },
        expected_version: None,
        message: None,
        idempotency: None,
        spool_row: None,
        traceparent: None,
        render: None,
    }
}

/// Applies a batch, again and again while the store is away: a batch that did last is recognised by its keys.
async fn apply_patiently(office: &Office, commands: &[Incoming]) -> Result<Vec<Outcome>, StoreError> {
    let mut waits = PATIENCE.iter();
    loop {
        match (office.apply("import", commands).await, waits.next()) {
            (Err(error), Some(wait)) if error.is_transient() => {
                tracing::warn!(%error, "the import waits for the store");
                tokio::time::sleep(*wait).await;
            }
            (outcomes, _) => return outcomes,
        }
    }
}
