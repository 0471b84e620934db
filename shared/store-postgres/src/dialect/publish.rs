//! Outbox rows, born leased to the process that wrote them: it publishes them at once, and others only when it did not.

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
) -> Answer<Vec<OutboxId>> {
    if messages.is_empty() {
        return Ok(Vec::new());
    }
    let destinations: Vec<&str> = messages.iter().map(|message| destination(message.exchange)).collect();
    let types: Vec<&str> = messages.iter().map(|message| message.message_type.as_str()).collect();
    let sources: Vec<&str> = messages.iter().map(|message| message.source.as_str()).collect();
    let ids: Vec<&str> = messages.iter().map(|message| message.id.as_str()).collect();
    let bodies: Vec<&[u8]> = messages.iter().map(|message| message.body.as_slice()).collect();
    // The rows come back in the order in which they went in, which is the order of the arrays.
    let rows = sqlx::query!(
        r#"insert into outbox
            (destination, message_type, source, message_id, body, created_at, due_at, lease, lease_until)
        select destination, message_type, source, message_id, body, $6, $6, $7,
            clock_timestamp() + interval '60 seconds'
        from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bytea[])
            as message (destination, message_type, source, message_id, body)
        returning id"#,
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
    Ok(rows.into_iter().map(|row| OutboxId(row.id)).collect())
}

fn destination(exchange: Exchange) -> &'static str {
    match exchange {
        Exchange::Facts => "facts",
        Exchange::Commands => "commands",
    }
}
