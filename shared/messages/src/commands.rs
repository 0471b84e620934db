//! What may be asked: the type of a command message, and its data.

use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::Value;
use smista_domain::command::{Command, CommandKind, Opening};
use smista_domain::ids::CasoId;

use crate::malformed::{JsonType, Malformed, Reason};

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
        let is_json = serde_json::from_str::<IgnoredAny>(data).is_ok();
        Malformed::of(&error, is_json)
    })?;
    deserializer.end().map_err(|_trailing| Malformed::Data { path: None, reason: Reason::AfterTheEnd })?;
    match data.contains('[').then(|| list_out_of_place(data)).flatten() {
        Some(malformed) => Err(malformed),
        None => Ok(value),
    }
}

/// The fields of all bodies that are lists.
pub const LISTS: [&str; 4] = ["tentativi", "stati", "motivi", "gruppi"];

/// serde takes a list for an object whose members it gives in order; who sends one meant something else.
fn list_out_of_place(data: &str) -> Option<Malformed> {
    let value: Value = serde_json::from_str(data).ok()?;
    let path = match &value {
        Value::Array(_) => None,
        value => Some(list_in(value)?),
    };
    Some(Malformed::Data { path, reason: Reason::WrongType(JsonType::Object) })
}

/// Where the first list stands that no field is to hold.
fn list_in(value: &Value) -> Option<String> {
    let members = value.as_object()?;
    members.iter().find_map(|(name, value)| match value {
        Value::Array(rows) if LISTS.contains(&name.as_str()) => {
            let mut inside = rows.iter().enumerate();
            inside.find_map(|(index, row)| match row {
                Value::Array(_) => Some(format!("{name}[{index}]")),
                row => list_in(row).map(|rest| format!("{name}[{index}].{rest}")),
            })
        }
        // Whatever was read has known names only.
        Value::Array(_) => Some(name.clone()),
        value => list_in(value).map(|rest| format!("{name}.{rest}")),
    })
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
