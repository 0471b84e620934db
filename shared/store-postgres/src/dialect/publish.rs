//! Outbox rows, born leased to the process that wrote them: it publishes them at once, and others only when it did not.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use smista_store::{Exchange, OutboxId, OutboxMessage};
use uuid::Uuid;

use crate::Connection;
use crate::queries::{Answer, micros};

pub(crate) async fn insert(
    connection: &mut Connection,
    messages: &[OutboxMessage],
    lease: Uuid,
    now: DateTime<Utc>,
) -> Answer<Vec<(OutboxId, OutboxMessage)>> {
    if messages.is_empty() {
        return Ok(Vec::new());
    }
    let destinations: Vec<&str> = messages.iter().map(|message| destination(message.exchange)).collect();
    let types: Vec<&str> = messages.iter().map(|message| message.message_type.as_str()).collect();
    let sources: Vec<&str> = messages.iter().map(|message| message.source.as_str()).collect();
    let ids: Vec<&str> = messages.iter().map(|message| message.id.as_str()).collect();
    let bodies: Vec<&[u8]> = messages.iter().map(|message| message.body.as_slice()).collect();
    // In which order the rows come back is not promised: each says which message it is.
    let rows = sqlx::query!(
        r#"insert into outbox
            (destination, message_type, source, message_id, body, created_at, due_at, lease, lease_until)
        select destination, message_type, source, message_id, body, $6, $6, $7,
            clock_timestamp() + interval '60 seconds'
        from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bytea[])
            as message (destination, message_type, source, message_id, body)
        returning id, source as "source!", message_id as "message_id!""#,
        &destinations as &[&str],
        &types as &[&str],
        &sources as &[&str],
        &ids as &[&str],
        &bodies as &[&[u8]],
        micros(now),
        lease
    )
    .fetch_all(&mut *connection)
    .await?;
    Ok(paired(messages, rows.into_iter().map(|row| ((row.source, row.message_id), OutboxId(row.id)))))
}

/// Each message with the row that it went into. Two messages of one name get two rows, no matter which.
fn paired(
    messages: &[OutboxMessage],
    rows: impl Iterator<Item = ((String, String), OutboxId)>,
) -> Vec<(OutboxId, OutboxMessage)> {
    let mut by_name: HashMap<(String, String), Vec<OutboxId>> = HashMap::new();
    for (name, id) in rows {
        by_name.entry(name).or_default().push(id);
    }
    let mut row_of =
        |message: &OutboxMessage| by_name.get_mut(&(message.source.clone(), message.id.clone()))?.pop();
    messages.iter().filter_map(|message| Some((row_of(message)?, message.clone()))).collect()
}

fn destination(exchange: Exchange) -> &'static str {
    match exchange {
        Exchange::Facts => "facts",
        Exchange::Commands => "commands",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_that_come_back_in_another_order_still_go_with_their_messages() {
        let message = |id: &str| OutboxMessage {
            exchange: Exchange::Facts,
            message_type: "case.opened".into(),
            source: "smista".into(),
            id: id.into(),
            body: Vec::new(),
        };
        let row = |name: &str, id| (("smista".to_owned(), name.to_owned()), OutboxId(id));
        let rows = [row("b", 1), row("c", 2), row("a", 3)];
        let found = paired(&["a", "b", "c"].map(message), rows.into_iter());
        let found: Vec<(i64, &str)> =
            found.iter().map(|(row, message)| (row.0, message.id.as_str())).collect();
        assert_eq!(found, [(3, "a"), (1, "b"), (2, "c")]);
    }
}
