//! The statements of the spool and of what is laid aside from it.

use chrono::{DateTime, Utc};
use smista_queues::{Client, Depth, Parked, ParkedId};
use sqlx::types::Json;

use crate::Connection;
use crate::queries::{Answer, micros};

type Time = DateTime<Utc>;

/// A message in its queue.
pub(crate) struct SpoolRow {
    pub(crate) id: i64,
    pub(crate) body: Vec<u8>,
    pub(crate) delivery_count: i64,
}

/// A message laid aside for its own queue, to come back at `due_at`.
pub(crate) struct Laid<'a> {
    pub(crate) queue: &'a str,
    pub(crate) message_type: &'a str,
    pub(crate) source: &'a str,
    pub(crate) message_id: &'a str,
    pub(crate) body: &'a [u8],
    pub(crate) due_at: Time,
    pub(crate) attempt: u32,
    pub(crate) reason: Option<&'a str>,
}

/// Replaces the same message laid aside before, under a new number: the runner acknowledges the old one afterwards.
pub(crate) async fn lay(connection: &mut Connection, laid: &Laid<'_>, now: Time) -> Answer<()> {
    let (due_at, now, attempt) = (micros(laid.due_at), micros(now), i64::from(laid.attempt));
    sqlx::query!(
        "delete from spool where queue = $1 and source = $2 and message_id = $3 and wait = 1",
        laid.queue,
        laid.source,
        laid.message_id
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!(
        "insert into spool (queue, message_type, source, message_id, body, wait, due_at, attempt, reason, created_at)
        values ($1, $2, $3, $4, $5, 1, $6, $7, $8, $9)",
        laid.queue,
        laid.message_type,
        laid.source,
        laid.message_id,
        laid.body,
        due_at,
        attempt,
        laid.reason,
        now
    )
    .execute(&mut *connection)
    .await?;
    Ok(())
}

pub(crate) async fn park(connection: &mut Connection, parked: &Parked) -> Answer<()> {
    let (headers, client) = (Json(&parked.headers), parked.client.as_ref().map(Client::to_text));
    let (attempt, parked_at) = (i64::from(parked.attempt), micros(parked.parked_at));
    let (body, reason) = (&*parked.body, parked.reason.as_str());
    sqlx::query!(
        "insert into parcheggio (queue, source, message_id, message_type, body, headers, client, reason,
            attempt, parked_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        on conflict (queue, source, message_id) where source is not null and message_id is not null
        do update set message_type = excluded.message_type, body = excluded.body,
            headers = excluded.headers, client = excluded.client, reason = excluded.reason,
            attempt = excluded.attempt, parked_at = excluded.parked_at",
        parked.queue,
        parked.source,
        parked.message_id,
        parked.message_type,
        body,
        headers,
        client,
        reason,
        attempt,
        parked_at
    )
    .execute(&mut *connection)
    .await?;
    Ok(())
}

/// Removes a parked message that is to be replayed, and says whose it was.
pub(crate) async fn unpark(connection: &mut Connection, id: ParkedId) -> Answer<Option<String>> {
    let row =
        sqlx::query!(r#"delete from parcheggio where id = $1 returning source as "source?: String""#, id.0)
            .fetch_optional(&mut *connection)
            .await?;
    // One without a source cannot be read, so nobody can have made a message of it.
    Ok(row.map(|row| row.source.unwrap_or_default()))
}

pub(crate) async fn insert(
    connection: &mut Connection,
    queue: &str,
    source: &str,
    message: &smista_queues::Outgoing,
    now: Time,
) -> Answer<()> {
    let (body, now) = (&*message.body, micros(now));
    sqlx::query!(
        "insert into spool (queue, message_type, source, message_id, body, due_at, created_at)
        values ($1, $2, $3, $4, $5, $6, $6)",
        queue,
        message.message_type,
        source,
        message.message_id,
        body,
        now
    )
    .execute(&mut *connection)
    .await?;
    Ok(())
}

/// What is due in a queue and in nobody's hands, oldest first.
pub(crate) async fn due(
    connection: &mut Connection,
    queue: &str,
    now: Time,
    in_hand: &[i64],
    most: usize,
) -> Answer<Vec<SpoolRow>> {
    let (now, in_hand, most) = (micros(now), Json(in_hand), i64::try_from(most).unwrap_or(i64::MAX));
    let rows = sqlx::query_as!(
        SpoolRow,
        r#"select id as "id!", body, delivery_count from spool
        where queue = $1 and due_at <= $2 and id not in (select value from json_each($3))
        order by due_at, id limit $4"#,
        queue,
        now,
        in_hand,
        most
    )
    .fetch_all(&mut *connection)
    .await?;
    Ok(rows)
}

/// When the next message of a queue that is not due yet will be.
pub(crate) async fn next_due(connection: &mut Connection, queue: &str, now: Time) -> Answer<Option<Time>> {
    let now = micros(now);
    let row = sqlx::query!(
        r#"select min(due_at) as "due_at?: Time" from spool where queue = $1 and due_at > $2"#,
        queue,
        now
    )
    .fetch_one(&mut *connection)
    .await?;
    Ok(row.due_at)
}

/// By queue, what is due and in nobody's hands.
pub(crate) async fn depths(connection: &mut Connection, now: Time, in_hand: &[i64]) -> Answer<Vec<Depth>> {
    let (now, in_hand) = (micros(now), Json(in_hand));
    let rows = sqlx::query!(
        r#"select queue as "queue!", count(*) as "waiting!: i64" from spool
        where due_at <= $1 and id not in (select value from json_each($2)) group by queue"#,
        now,
        in_hand
    )
    .fetch_all(&mut *connection)
    .await?;
    Ok(rows.into_iter().map(|row| Depth { queue: row.queue, waiting: row.waiting.unsigned_abs() }).collect())
}

/// Which of these are still there.
pub(crate) async fn present(connection: &mut Connection, ids: &[i64]) -> Answer<Vec<i64>> {
    let ids = Json(ids);
    let rows = sqlx::query!(
        r#"select id as "id!: i64" from spool where id in (select value from json_each($1))"#,
        ids
    )
    .fetch_all(&mut *connection)
    .await?;
    Ok(rows.into_iter().map(|row| row.id).collect())
}

/// One that is gone already was deleted by its handler's own commit.
pub(crate) async fn remove(connection: &mut Connection, id: i64) -> Answer<()> {
    sqlx::query!("delete from spool where id = $1", id).execute(&mut *connection).await?;
    Ok(())
}

/// Counts one more delivery of a message that may kill whoever takes it.
pub(crate) async fn count_delivery(connection: &mut Connection, id: i64) -> Answer<()> {
    sqlx::query!("update spool set delivery_count = delivery_count + 1 where id = $1", id)
        .execute(&mut *connection)
        .await?;
    Ok(())
}

/// Remembers that a message was in somebody's hands. It was given back in good order, so it counts against nobody.
pub(crate) async fn mark_given_back(connection: &mut Connection, id: i64) -> Answer<()> {
    sqlx::query!("update spool set delivery_count = max(delivery_count, 1) where id = $1", id)
        .execute(&mut *connection)
        .await?;
    Ok(())
}

/// Notes that the spool is open; answers the highest number that the last process may have had in hand when it died, and
/// nothing when it closed as it should.
pub(crate) async fn open(connection: &mut Connection) -> Answer<Option<i64>> {
    let state = sqlx::query!(
        r#"select closed_cleanly as "closed_cleanly!: bool", (select max(id) from spool) as "newest?: i64"
        from spool_state where id = 1"#
    )
    .fetch_one(&mut *connection)
    .await?;
    sqlx::query!("update spool_state set closed_cleanly = 0 where id = 1").execute(&mut *connection).await?;
    Ok(if state.closed_cleanly { None } else { state.newest })
}

pub(crate) async fn close(connection: &mut Connection) -> Answer<()> {
    sqlx::query!("update spool_state set closed_cleanly = 1 where id = 1").execute(&mut *connection).await?;
    Ok(())
}
