//! The statements of the shelf and the outbox: sets by `unnest`, upserts, SKIP LOCKED, the database's clock.

use std::time::Duration;

use chrono::{DateTime, Utc};
use smista_queues::{Client, OutboxDepth, OutboxKey, Outgoing, Parked, ParkedId, Wait};
use sqlx::types::Json;
use uuid::Uuid;

use crate::Connection;
use crate::queries::parcheggio::Headers;
use crate::queries::{Answer, micros};

type Time = DateTime<Utc>;

pub(crate) struct ClaimedRow {
    pub(crate) id: i64,
    pub(crate) lease: Uuid,
    pub(crate) destination: String,
    pub(crate) message_type: String,
    pub(crate) message_id: String,
    pub(crate) body: Vec<u8>,
}

/// In the order of the key, so that two calls at once cannot lock each other out.
pub(crate) async fn put_waits(connection: &mut Connection, waits: &[Wait], now: Time) -> Answer<()> {
    let destinations: Vec<String> = waits.iter().map(|wait| wait.destination().to_string()).collect();
    let types: Vec<&str> = waits.iter().map(|wait| wait.message_type.as_str()).collect();
    let sources: Vec<&str> = waits.iter().map(|wait| wait.source.as_str()).collect();
    let ids: Vec<&str> = waits.iter().map(|wait| wait.message_id.as_str()).collect();
    let bodies: Vec<&[u8]> = waits.iter().map(|wait| &*wait.body).collect();
    let due: Vec<Time> = waits.iter().map(|wait| micros(wait.due_at)).collect();
    let attempts: Vec<i64> = waits.iter().map(|wait| i64::from(wait.attempt)).collect();
    let reasons: Vec<Option<&str>> =
        waits.iter().map(|wait| wait.reason.as_ref().map(|reason| reason.as_str())).collect();
    sqlx::query!(
        "insert into outbox
            (destination, message_type, source, message_id, body, created_at, due_at, attempt, reason)
        select destination, message_type, source, message_id, body, $9, due_at, attempt, reason
        from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bytea[], $6::timestamptz[],
                $7::bigint[], $8::text[])
            as wait (destination, message_type, source, message_id, body, due_at, attempt, reason)
        order by destination, source, message_id
        on conflict (destination, source, message_id) where destination not in ('commands', 'facts')
        do update set message_type = excluded.message_type, body = excluded.body, due_at = excluded.due_at,
            attempt = excluded.attempt, reason = excluded.reason, lease = null, lease_until = null",
        &destinations,
        &types as &[&str],
        &sources as &[&str],
        &ids as &[&str],
        &bodies as &[&[u8]],
        &due,
        &attempts,
        &reasons as &[Option<&str>],
        micros(now)
    )
    .execute(&mut *connection)
    .await?;
    Ok(())
}

pub(crate) async fn park(connection: &mut Connection, parked: &[Parked]) -> Answer<()> {
    let queues: Vec<&str> = parked.iter().map(|message| message.queue.as_str()).collect();
    let sources: Vec<Option<&str>> = parked.iter().map(|message| message.source.as_deref()).collect();
    let ids: Vec<Option<&str>> = parked.iter().map(|message| message.message_id.as_deref()).collect();
    let types: Vec<Option<&str>> = parked.iter().map(|message| message.message_type.as_deref()).collect();
    let bodies: Vec<&[u8]> = parked.iter().map(|message| &*message.body).collect();
    let headers: Vec<Json<&Headers>> = parked.iter().map(|message| Json(&message.headers)).collect();
    let clients: Vec<Option<String>> =
        parked.iter().map(|message| message.client.as_ref().map(Client::to_text)).collect();
    let reasons: Vec<&str> = parked.iter().map(|message| message.reason.as_str()).collect();
    let attempts: Vec<i64> = parked.iter().map(|message| i64::from(message.attempt)).collect();
    let instants: Vec<Time> = parked.iter().map(|message| micros(message.parked_at)).collect();
    sqlx::query!(
        "insert into parcheggio (queue, source, message_id, message_type, body, headers, client, reason,
            attempt, parked_at)
        select *
        from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bytea[], $6::jsonb[], $7::text[],
            $8::text[], $9::bigint[], $10::timestamptz[])
            as message (queue, source, message_id, message_type, body, headers, client, reason, attempt,
                parked_at)
        order by queue, source, message_id
        on conflict (queue, source, message_id) where source is not null and message_id is not null
        do update set message_type = excluded.message_type, body = excluded.body,
            headers = excluded.headers, client = excluded.client, reason = excluded.reason,
            attempt = excluded.attempt, parked_at = excluded.parked_at",
        &queues as &[&str],
        &sources as &[Option<&str>],
        &ids as &[Option<&str>],
        &types as &[Option<&str>],
        &bodies as &[&[u8]],
        &headers as &[Json<&Headers>],
        &clients as &[Option<String>],
        &reasons as &[&str],
        &attempts,
        &instants
    )
    .execute(&mut *connection)
    .await?;
    Ok(())
}

/// Moves a parked message to the outbox, due now; whether it was still parked. The source is the parked row's.
pub(crate) async fn replay(
    connection: &mut Connection,
    id: ParkedId,
    message: &Outgoing,
    now: Time,
) -> Answer<bool> {
    let moved = sqlx::query!(
        "with gone as (delete from parcheggio where id = $1 returning source)
        insert into outbox (destination, message_type, source, message_id, body, created_at, due_at)
        select $2, $3, source, $4, $5, $6, $6 from gone
        on conflict (destination, source, message_id) where destination not in ('commands', 'facts')
        do update set message_type = excluded.message_type, body = excluded.body, due_at = excluded.due_at,
            attempt = excluded.attempt, reason = null, lease = null, lease_until = null",
        id.0,
        message.destination.to_string(),
        message.message_type,
        message.message_id,
        &*message.body,
        micros(now)
    )
    .execute(&mut *connection)
    .await?;
    Ok(moved.rows_affected() == 1)
}

pub(crate) async fn claim_due(
    connection: &mut Connection,
    now: Time,
    lease: Duration,
    most: usize,
) -> Answer<Vec<ClaimedRow>> {
    let rows = sqlx::query_as!(
        ClaimedRow,
        r#"with due as (
            select id from outbox
            where due_at <= $1 and (lease_until is null or lease_until <= clock_timestamp())
            order by due_at, id limit $2
            for update skip locked
        )
        update outbox set lease = gen_random_uuid(), lease_until = clock_timestamp() + make_interval(secs => $3)
        from due where outbox.id = due.id
        returning outbox.id as "id!", lease as "lease!", destination, message_type, message_id, body"#,
        micros(now),
        i64::try_from(most).unwrap_or(i64::MAX),
        lease.as_secs_f64()
    )
    .fetch_all(&mut *connection)
    .await?;
    Ok(rows)
}

/// Ids and leases, apart.
fn columns(rows: &[OutboxKey]) -> (Vec<i64>, Vec<Uuid>) {
    rows.iter().map(|key| (key.row, key.lease)).unzip()
}

pub(crate) async fn give_back(connection: &mut Connection, rows: &[OutboxKey], rest: Duration) -> Answer<()> {
    let (ids, leases) = columns(rows);
    sqlx::query!(
        "update outbox set lease_until = clock_timestamp() + make_interval(secs => $3)
        from unnest($1::bigint[], $2::uuid[]) as given (id, lease)
        where outbox.id = given.id and outbox.lease = given.lease",
        &ids,
        &leases,
        rest.as_secs_f64()
    )
    .execute(&mut *connection)
    .await?;
    Ok(())
}

pub(crate) async fn delete_published(connection: &mut Connection, rows: &[OutboxKey]) -> Answer<()> {
    let (ids, leases) = columns(rows);
    // A row that is not there under this lease belongs to somebody else, who publishes it again: no error.
    sqlx::query!(
        "delete from outbox using unnest($1::bigint[], $2::uuid[]) as published (id, lease)
        where outbox.id = published.id and outbox.lease = published.lease",
        &ids,
        &leases
    )
    .execute(&mut *connection)
    .await?;
    Ok(())
}

pub(crate) async fn depth(connection: &mut Connection, now: Time) -> Answer<OutboxDepth> {
    let row = sqlx::query!(
        r#"select count(*) as "due!", min(due_at) as oldest from outbox where due_at <= $1"#,
        micros(now)
    )
    .fetch_one(&mut *connection)
    .await?;
    Ok(OutboxDepth { due: row.due.unsigned_abs(), oldest_due_at: row.oldest })
}

/// Whether at most `most` rows are due. Counts no further than that.
pub(crate) async fn is_at_most(connection: &mut Connection, now: Time, most: u64) -> Answer<bool> {
    let most = i64::try_from(most).unwrap_or(i64::MAX - 1);
    let row = sqlx::query!(
        r#"select count(*) as "due!" from (select from outbox where due_at <= $1 limit $2) as due"#,
        micros(now),
        most + 1
    )
    .fetch_one(&mut *connection)
    .await?;
    Ok(row.due <= most)
}
