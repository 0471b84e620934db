//! Inbox and idempotency: rows that say "mine" by being there first. Keys go in sorted, so that two batches with the
//! same ones wait for each other instead of standing still.

use std::collections::{BTreeSet, HashSet};

use chrono::{DateTime, Utc};
use smista_store::{Claim, IdempotencyKey, IdempotentAnswer, MessageKey, StoreError};

use crate::Connection;
use crate::queries::{Answer, Fault, micros};

/// Enters the keys; returns those that were not there.
pub(crate) async fn enter_inbox<'a>(
    connection: &mut Connection,
    worker: &str,
    keys: &BTreeSet<&'a MessageKey>,
    now: DateTime<Utc>,
) -> Answer<BTreeSet<&'a MessageKey>> {
    let sources: Vec<&str> = keys.iter().map(|key| key.source.as_str()).collect();
    let ids: Vec<&str> = keys.iter().map(|key| key.id.as_str()).collect();
    let rows = sqlx::query!(
        r#"insert into inbox (worker, source, id, received_at)
        select $1, source, id, $4 from unnest($2::text[], $3::text[]) as key (source, id)
        on conflict do nothing
        returning source as "source!", id as "id!""#,
        worker,
        &sources as &[&str],
        &ids as &[&str],
        micros(now)
    )
    .fetch_all(&mut *connection)
    .await?;
    let entered: HashSet<(&str, &str)> =
        rows.iter().map(|row| (row.source.as_str(), row.id.as_str())).collect();
    let is_new = |key: &&'a MessageKey| entered.contains(&(key.source.as_str(), key.id.as_str()));
    Ok(keys.iter().copied().filter(is_new).collect())
}

/// Claims the keys, waiting for desks that claimed the same; answers in the order of `keys`.
pub(crate) async fn claim_idempotency(
    connection: &mut Connection,
    keys: &[IdempotencyKey],
    now: DateTime<Utc>,
) -> Answer<Vec<Claim>> {
    let sorted: BTreeSet<&IdempotencyKey> = keys.iter().collect();
    let clienti: Vec<&str> = sorted.iter().map(|key| key.cliente.as_str()).collect();
    let names: Vec<&str> = sorted.iter().map(|key| key.key.as_str()).collect();
    let digests: Vec<&[u8]> = sorted.iter().map(|key| &key.request_digest[..]).collect();
    let rows = sqlx::query!(
        r#"insert into idempotency (cliente, key, request_digest, at)
        select cliente, key, digest, $4
        from unnest($1::text[], $2::text[], $3::bytea[]) as claimed (cliente, key, digest)
        on conflict do nothing
        returning cliente as "cliente!", key as "key!""#,
        &clienti as &[&str],
        &names as &[&str],
        &digests as &[&[u8]],
        micros(now)
    )
    .fetch_all(&mut *connection)
    .await?;
    let ours: HashSet<(String, String)> = rows.into_iter().map(|row| (row.cliente, row.key)).collect();
    let mut claims = Vec::with_capacity(keys.len());
    for key in keys {
        let is_ours = ours.contains(&(key.cliente.clone(), key.key.clone()));
        claims.push(if is_ours { Claim::New } else { earlier(connection, key).await? });
    }
    Ok(claims)
}

/// What became of a key that somebody claimed before. Repeats are few, so they are read one by one.
async fn earlier(connection: &mut Connection, key: &IdempotencyKey) -> Answer<Claim> {
    let row = sqlx::query!(
        "select request_digest, status, headers, body, at from idempotency where cliente = $1 and key = $2",
        key.cliente,
        key.key
    )
    .fetch_optional(&mut *connection)
    .await?;
    // Purged between the two statements: as good as never claimed, on the next try.
    let Some(row) = row else {
        return Err(StoreError::Changed { table: "idempotency", expected: 1, actual: 0 }.into());
    };
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

/// Gives back the keys of a desk that ends without having answered them.
pub(crate) async fn unclaim(connection: &mut Connection, keys: &[IdempotencyKey]) -> Answer<()> {
    let clienti: Vec<&str> = keys.iter().map(|key| key.cliente.as_str()).collect();
    let names: Vec<&str> = keys.iter().map(|key| key.key.as_str()).collect();
    sqlx::query!(
        "delete from idempotency using unnest($1::text[], $2::text[]) as claimed (cliente, key)
        where idempotency.cliente = claimed.cliente and idempotency.key = claimed.key and status is null",
        &clienti as &[&str],
        &names as &[&str]
    )
    .execute(&mut *connection)
    .await?;
    Ok(())
}
