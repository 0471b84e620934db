//! What may be asked: the type of a command message, and its data.

use serde::de::DeserializeOwned;
use smista_domain::command::{Command, CommandKind, Opening};
use smista_domain::ids::CasoId;

/// What a command message asks for.
#[derive(Debug, Clone, PartialEq)]
pub enum CaseRequest {
    /// `contact.open`.
    Open(Box<Opening>),
    /// `case.*`, on an existing case.
    Act {
        /// Which.
        caso: CasoId,
        /// What.
        command: Command,
    },
}

/// Why a command's data could not be read. Names the field, never its value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// No command of this type comes in from outside.
    #[error("no command is called {0}")]
    UnknownType(String),
    /// A `case.*` command without a case in its subject.
    #[error("the subject must be the id of a case")]
    NoCase,
    /// Data that does not fit.
    #[error("{path}: {reason}")]
    Data {
        /// Where, as a path of fields.
        path: String,
        /// What is wrong.
        reason: String,
    },
}

/// The command kinds that may come from outside: all but routing, which is the system's own.
pub const FROM_OUTSIDE: [CommandKind; 16] = [
    CommandKind::TransferFailed,
    CommandKind::Accept,
    CommandKind::Release,
    CommandKind::TakeOver,
    CommandKind::Involve,
    CommandKind::Contribute,
    CommandKind::Suspend,
    CommandKind::Resolve,
    CommandKind::RecordAttempt,
    CommandKind::HandBack,
    CommandKind::Reject,
    CommandKind::Reassign,
    CommandKind::Cancel,
    CommandKind::Detach,
    CommandKind::Note,
    CommandKind::CorrectAnagrafica,
];

/// Reads a command message.
pub fn parse(message_type: &str, subject: Option<&str>, data: &str) -> Result<CaseRequest, Malformed> {
    if message_type == CommandKind::Open.message_type() {
        return Ok(CaseRequest::Open(body(data)?));
    }
    let kind = FROM_OUTSIDE.into_iter().find(|kind| kind.message_type() == message_type);
    let kind = kind.ok_or_else(|| Malformed::UnknownType(message_type.chars().take(100).collect()))?;
    let caso = subject.and_then(|subject| subject.parse().ok()).map(CasoId).ok_or(Malformed::NoCase)?;
    Ok(CaseRequest::Act { caso, command: parse_body(kind, data)? })
}

/// Reads the body of a command whose kind is known, as over HTTP. An empty body is that of a command that says
/// nothing more.
pub fn parse_body(kind: CommandKind, data: &str) -> Result<Command, Malformed> {
    Ok(match kind {
        CommandKind::Open | CommandKind::Route => {
            return Err(Malformed::UnknownType(kind.message_type().to_owned()));
        }
        CommandKind::Accept => no_body(data, Command::Accept)?,
        CommandKind::Release => no_body(data, Command::Release)?,
        CommandKind::TransferFailed => Command::TransferFailed(body(data)?),
        CommandKind::TakeOver => Command::TakeOver(body(data)?),
        CommandKind::Involve => Command::Involve(body(data)?),
        CommandKind::Contribute => Command::Contribute(body(data)?),
        CommandKind::Suspend => Command::Suspend(body(data)?),
        CommandKind::Resolve => Command::Resolve(body(data)?),
        CommandKind::RecordAttempt => Command::RecordAttempt(body(data)?),
        CommandKind::HandBack => Command::HandBack(body(data)?),
        CommandKind::Reject => Command::Reject(body(data)?),
        CommandKind::Reassign => Command::Reassign(body(data)?),
        CommandKind::Cancel => Command::Cancel(body(data)?),
        CommandKind::Detach => Command::Detach(body(data)?),
        CommandKind::Note => Command::Note(body(data)?),
        CommandKind::CorrectAnagrafica => Command::CorrectAnagrafica(body(data)?),
    })
}

/// Reads a body, naming the field that does not fit.
pub fn body<T: DeserializeOwned>(data: &str) -> Result<T, Malformed> {
    let mut deserializer = serde_json::Deserializer::from_str(data);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path = error.path().to_string();
        let reason = without_values(error.inner());
        // The name of an unknown field is the sender's own words: only where it stands is told.
        let known = if reason.starts_with("unknown field") { without_last(&path) } else { &path };
        Malformed::Data { path: known.chars().take(200).collect(), reason }
    })?;
    deserializer.end().map_err(|_trailing| Malformed::Data {
        path: ".".to_owned(),
        reason: "text after the end".to_owned(),
    })?;
    Ok(value)
}

fn without_last(path: &str) -> &str {
    path.rsplit_once('.').map_or(".", |(parent, _)| parent)
}

/// serde quotes what it found, which may be a citizen's name: keep the kind of error and the place only.
fn without_values(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let kind = ["missing field", "unknown field", "unknown variant", "duplicate field"]
        .into_iter()
        .find(|kind| text.starts_with(kind));
    let place = format!("line {} column {}", error.line(), error.column());
    match (kind, error.classify()) {
        (Some("missing field" | "duplicate field"), _) => text,
        (Some(kind), _) => format!("{kind} at {place}"),
        (None, serde_json::error::Category::Data) => format!("the value does not fit, at {place}"),
        (None, _) => format!("not JSON, at {place}"),
    }
}

fn no_body(data: &str, command: Command) -> Result<Command, Malformed> {
    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Nothing {}
    if !data.trim().is_empty() && data.trim() != "null" {
        let Nothing {} = body(data)?;
    }
    Ok(command)
}
