//! What only SQLite says, one row at a time. The write connection is ours alone, so there is nothing to lock.

use chrono::{DateTime, Utc};
use smista_domain::ids::{CasoId, CittadinoId};
use smista_store::{Claim, IdempotencyKey, IdempotentAnswer, StoreError};

use crate::Connection;
use crate::queries::{Answer, Fault, micros};

pub(crate) async fn claim_idempotency(
    connection: &mut Connection,
    key: &IdempotencyKey,
    now: DateTime<Utc>,
) -> Answer<Claim> {
    let (digest, now) = (&key.request_digest[..], micros(now));
    let claimed = sqlx::query!(
        "insert into idempotency (cliente, key, request_digest, at) values ($1, $2, $3, $4)
        on conflict do nothing",
        key.cliente,
        key.key,
        digest,
        now
    )
    .execute(&mut *connection)
    .await?;
    if claimed.rows_affected() == 1 {
        return Ok(Claim::New);
    }
    let row = sqlx::query!(
        r#"select request_digest, status, headers, body, at as "at!: DateTime<Utc>"
        from idempotency where cliente = $1 and key = $2"#,
        key.cliente,
        key.key
    )
    .fetch_one(&mut *connection)
    .await?;
    if row.request_digest != key.request_digest {
        return Ok(Claim::OtherRequest);
    }
    match (row.status, row.headers, row.body) {
        (Some(status), Some(headers), Some(body)) => {
            let status = u16::try_from(status).map_err(|error| Fault::corrupt("status", error))?;
            Ok(Claim::Answered(IdempotentAnswer { status, headers, body, at: row.at }))
        }
        _ => Err(Fault::corrupt("idempotency", "a claimed key has no answer")),
    }
}

/// Gives back a key of a desk that ends without having answered it.
pub(crate) async fn unclaim(connection: &mut Connection, key: &IdempotencyKey) -> Answer<()> {
    sqlx::query!(
        "delete from idempotency where cliente = $1 and key = $2 and status is null",
        key.cliente,
        key.key
    )
    .execute(&mut *connection)
    .await?;
    Ok(())
}

pub(crate) async fn is_known_caso(connection: &mut Connection, id: CasoId) -> Answer<bool> {
    let row = sqlx::query!("select versione from caso where id = $1", id.0);
    Ok(row.fetch_optional(&mut *connection).await?.is_some())
}

pub(crate) async fn is_known_cittadino(connection: &mut Connection, id: CittadinoId) -> Answer<bool> {
    let row = sqlx::query!("select created_at from cittadino where id = $1", id.0);
    Ok(row.fetch_optional(&mut *connection).await?.is_some())
}

fn changed_one(table: &'static str, actual: u64) -> Answer<()> {
    if actual == 1 { Ok(()) } else { Err(StoreError::Changed { table, expected: 1, actual }.into()) }
}

pub(crate) async fn answer(
    connection: &mut Connection,
    key: &IdempotencyKey,
    answer: &IdempotentAnswer,
) -> Answer<()> {
    let at = micros(answer.at);
    let done = sqlx::query!(
        "update idempotency set status = $3, headers = $4, body = $5, at = $6 where cliente = $1 and key = $2",
        key.cliente,
        key.key,
        answer.status,
        answer.headers,
        answer.body,
        at
    )
    .execute(&mut *connection)
    .await?;
    changed_one("idempotency", done.rows_affected())
}
