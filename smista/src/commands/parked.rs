//! `smista parked …`: messages that no worker could settle.

use std::process::ExitCode;

use serde_json::json;
use smista::system::System;
use smista_queues::{ParkedId, ParkedMessage};

use super::{NOTHING_FOUND, SOME_REFUSED};
use crate::cli::ParkedCommand;
use crate::output;

/// Rows read at once.
const PAGE: usize = 500;

pub(super) async fn parked(system: &System, command: ParkedCommand, json: bool) -> anyhow::Result<ExitCode> {
    match command {
        ParkedCommand::List => list(system, json).await,
        ParkedCommand::Show { id } => show(system, ParkedId(id)).await,
        ParkedCommand::Replay { id } => replay(system, ParkedId(id)).await,
        ParkedCommand::Drop { id } => {
            let dropped = system.shelf.drop_parked(ParkedId(id)).await?;
            Ok(if dropped { ExitCode::SUCCESS } else { not_found(ParkedId(id)) })
        }
    }
}

fn not_found(id: ParkedId) -> ExitCode {
    output::error_line(format_args!("no parked message {}", id.0));
    ExitCode::from(NOTHING_FOUND)
}

async fn list(system: &System, json: bool) -> anyhow::Result<ExitCode> {
    let mut rows: Vec<ParkedMessage> = Vec::new();
    loop {
        let page = system.shelf.list_parked(rows.last().map(|row| row.id), PAGE).await?;
        let last = page.len() < PAGE;
        rows.extend(page);
        if last {
            break;
        }
    }
    if json {
        output::json(&rows.iter().map(without_body).collect::<Vec<_>>())?;
    } else {
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        let cells = rows.iter().map(|ParkedMessage { id, parked }| {
            let (number, at) = (id.0.to_string(), parked.parked_at.to_rfc3339());
            let (kind, message) = (text(&parked.message_type), text(&parked.message_id));
            vec![number, at, parked.queue.clone(), kind, message, parked.reason.to_string()]
        });
        output::table(&["id", "parked_at", "queue", "type", "message", "reason"], cells);
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

async fn replay(system: &System, id: ParkedId) -> anyhow::Result<ExitCode> {
    let Some(message) = system.shelf.find_parked(id).await? else { return Ok(not_found(id)) };
    let now = system.office.surroundings.now();
    let Some(again) = message.replay(now) else {
        output::error_line("it cannot be read, or nobody vouches for its sender: it can only be dropped");
        return Ok(ExitCode::from(SOME_REFUSED));
    };
    let replayed = system.shelf.replay_parked(id, &again, now).await?;
    Ok(if replayed { ExitCode::SUCCESS } else { not_found(id) })
}
