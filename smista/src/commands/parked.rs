//! `smista parked …`: messages that no worker could settle.

use std::process::ExitCode;

use serde_json::json;
use smista::system::System;
use smista_queues::{ParkedId, ParkedMessage};

use super::{NOTHING_FOUND, SOME_REFUSED};
use crate::cli::ParkedCommand;
use crate::output;

/// Rows read at once: each comes with its body, which may be a quarter of a megabyte.
const PAGE: usize = 32;

pub(super) async fn parked(system: &System, command: ParkedCommand, json: bool) -> anyhow::Result<ExitCode> {
    match command {
        ParkedCommand::List => list(system, json).await,
        ParkedCommand::Show { id } => show(system, ParkedId(id)).await,
        ParkedCommand::Replay { id } => replay(system, ParkedId(id), json).await,
        ParkedCommand::Drop { id } => {
            let dropped = system.shelf.drop_parked(ParkedId(id)).await?;
            told(ParkedId(id), "dropped", dropped, json)
        }
    }
}

/// The end of what changes a parked message: done, or there was none.
fn told(id: ParkedId, what: &str, done: bool, json: bool) -> anyhow::Result<ExitCode> {
    if json {
        output::json(&json!({ "id": id.0, what: done }))?;
    }
    Ok(if done { ExitCode::SUCCESS } else { not_found(id) })
}

fn not_found(id: ParkedId) -> ExitCode {
    output::error_line(format_args!("no parked message {}", id.0));
    ExitCode::from(NOTHING_FOUND)
}

/// What is listed of a message; its body is let go with the page that it came in.
struct Listed {
    id: ParkedId,
    cells: Vec<String>,
    json: serde_json::Value,
}

impl From<&ParkedMessage> for Listed {
    fn from(message: &ParkedMessage) -> Self {
        let ParkedMessage { id, parked } = message;
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        let (number, at) = (id.0.to_string(), parked.parked_at.to_rfc3339());
        let (kind, named) = (text(&parked.message_type), text(&parked.message_id));
        let cells = vec![number, at, parked.queue.clone(), kind, named, parked.reason.to_string()];
        Self { id: *id, cells, json: without_body(message) }
    }
}

async fn list(system: &System, json: bool) -> anyhow::Result<ExitCode> {
    let mut rows: Vec<Listed> = Vec::new();
    loop {
        let page = system.shelf.list_parked(rows.last().map(|row| row.id), PAGE).await?;
        rows.extend(page.iter().map(Listed::from));
        if page.len() < PAGE {
            break;
        }
    }
    if json {
        output::json(&rows.into_iter().map(|row| row.json).collect::<Vec<_>>())?;
    } else {
        let header = ["id", "parked_at", "queue", "type", "message", "reason"];
        output::table(&header, rows.into_iter().map(|row| row.cells));
    }
    Ok(ExitCode::SUCCESS)
}

fn without_body(ParkedMessage { id, parked }: &ParkedMessage) -> serde_json::Value {
    json!({
        "id": id.0, "parked_at": parked.parked_at, "queue": parked.queue, "type": parked.message_type,
        "source": parked.source, "message": parked.message_id, "attempt": parked.attempt,
        "reason": parked.reason.as_str(), "bytes": parked.body.len(),
    })
}

async fn show(system: &System, id: ParkedId) -> anyhow::Result<ExitCode> {
    let Some(message) = system.shelf.find_parked(id).await? else { return Ok(not_found(id)) };
    let mut shown = without_body(&message);
    let body = String::from_utf8_lossy(&message.parked.body);
    shown["headers"] = json!(message.parked.headers);
    shown["body"] = serde_json::from_str(&body).unwrap_or_else(|_error| json!(body));
    output::json(&shown)?;
    Ok(ExitCode::SUCCESS)
}

async fn replay(system: &System, id: ParkedId, json: bool) -> anyhow::Result<ExitCode> {
    let Some(message) = system.shelf.find_parked(id).await? else { return told(id, "replayed", false, json) };
    let now = system.office.surroundings.now();
    let Some(again) = message.replay(now) else {
        output::refusal("it cannot be read, or nobody vouches for its sender: it can only be dropped", json)?;
        return Ok(ExitCode::from(SOME_REFUSED));
    };
    let replayed = system.shelf.replay_parked(id, &again, now).await?;
    told(id, "replayed", replayed, json)
}
