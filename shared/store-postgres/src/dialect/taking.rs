//! What a desk begins with, in one statement: rows that say "mine" by being there first, and what deciding looks at. Keys
//! go in sorted, so that two batches with the same ones wait for each other instead of standing still.

use std::collections::{BTreeSet, HashSet};

use chrono::{DateTime, Utc};
use smista_domain::ids::CasoId;
use smista_store::{
    Asked, Claim, Delegation, IdempotencyKey, IdempotentAnswer, MessageKey, OpeningKey, StoreError, Taken,
};
use sqlx::types::Json;
use uuid::Uuid;

use crate::Connection;
use crate::queries::{Answer, Fault, micros};

/// A row of the answer: the catalogue's revision is in each, and at most one of the others.
struct Found {
    kind: String,
    revision: i64,
    source: Option<String>,
    id: Option<String>,
    caso: Option<Uuid>,
    delegation: Option<Json<Delegation>>,
}

/// The revision is that of the moment only if the catalogue is held already: the snapshot of one statement that also
/// waited for the lock would be from before the wait.
pub(crate) async fn take(connection: &mut Connection, asked: &Asked, now: DateTime<Utc>) -> Answer<Taken> {
    let messages: BTreeSet<&MessageKey> = asked.messages.iter().collect();
    let keys: BTreeSet<&IdempotencyKey> = asked.keys.iter().collect();
    let only_messages = keys.is_empty() && asked.openings.is_empty() && asked.clienti.is_empty();
    let found = match only_messages {
        true => enter(connection, &asked.worker, &messages, micros(now)).await?,
        false => ask(connection, asked, &messages, &keys, micros(now)).await?,
    };
    // Even with nothing found there is a row.
    if found.is_empty() {
        return Err(sqlx::Error::RowNotFound.into());
    }
    let mut taken = Taken::default();
    let (mut seen, mut others) = (HashSet::new(), HashSet::new());
    for row in found {
        taken.revision = row.revision;
        match (row.kind.as_str(), row.source, row.id) {
            ("seen", Some(source), Some(id)) => {
                seen.insert((source, id));
            }
            ("claimed", Some(cliente), Some(key)) => {
                others.insert((cliente, key));
            }
            ("opened", Some(source), Some(id)) => {
                let caso = row.caso.ok_or_else(|| Fault::corrupt("caso", "an opening without its case"))?;
                taken.opened.insert(OpeningKey { source, id }, CasoId(caso));
            }
            ("cliente", Some(nome), None) => {
                let delegation = row.delegation.map(|json| json.0).unwrap_or_default();
                taken.delegations.insert(nome, delegation);
            }
            _ => {}
        }
    }
    let is_unseen = |key: &&MessageKey| !seen.contains(&(key.source.clone(), key.id.clone()));
    let mut new: BTreeSet<&MessageKey> = match seen.is_empty() {
        true => messages,
        false => messages.into_iter().filter(is_unseen).collect(),
    };
    // The first of two equal keys is the new one.
    taken.unseen = asked.messages.iter().map(|key| new.remove(key)).collect();
    for key in &asked.keys {
        let is_others = others.contains(&(key.cliente.clone(), key.key.clone()));
        taken.claims.push(if is_others { earlier(connection, key).await? } else { Claim::New });
    }
    Ok(taken)
}

/// The same as [`ask`] for a batch that comes with messages alone, as those of most workers do.
async fn enter(
    connection: &mut Connection,
    worker: &str,
    messages: &BTreeSet<&MessageKey>,
    now: DateTime<Utc>,
) -> Answer<Vec<Found>> {
    let sources: Vec<&str> = messages.iter().map(|key| key.source.as_str()).collect();
    let ids: Vec<&str> = messages.iter().map(|key| key.id.as_str()).collect();
    let found = sqlx::query_as!(
        Found,
        r#"with entered as (
            insert into inbox (worker, source, id, received_at)
            select $1, source, id, $2 from unnest($3::text[], $4::text[]) as key (source, id)
            on conflict do nothing
            returning source, id
        )
        select 'seen' as "kind!", revisione as "revision!", source, key.id, null::uuid as caso,
            null::jsonb as "delegation: Json<Delegation>"
        from catalogo_revisione left join unnest($3::text[], $4::text[]) as key (source, id)
            on (select count(*) from entered) < cardinality($3)
                and not exists (select from entered where entered.source = key.source and entered.id = key.id)"#,
        worker,
        now,
        &sources as &[&str],
        &ids as &[&str]
    )
    .fetch_all(&mut *connection)
    .await?;
    Ok(found)
}

/// What was entered is told by what was not, which is hardly ever any.
async fn ask(
    connection: &mut Connection,
    asked: &Asked,
    messages: &BTreeSet<&MessageKey>,
    keys: &BTreeSet<&IdempotencyKey>,
    now: DateTime<Utc>,
) -> Answer<Vec<Found>> {
    let sources: Vec<&str> = messages.iter().map(|key| key.source.as_str()).collect();
    let ids: Vec<&str> = messages.iter().map(|key| key.id.as_str()).collect();
    let callers: Vec<&str> = keys.iter().map(|key| key.cliente.as_str()).collect();
    let names: Vec<&str> = keys.iter().map(|key| key.key.as_str()).collect();
    let digests: Vec<&[u8]> = keys.iter().map(|key| &key.request_digest[..]).collect();
    let opening_sources: Vec<&str> = asked.openings.iter().map(|key| key.source.as_str()).collect();
    let opening_ids: Vec<&str> = asked.openings.iter().map(|key| key.id.as_str()).collect();
    let clienti: Vec<&str> = asked.clienti.iter().map(String::as_str).collect();
    let found = sqlx::query_as!(
        Found,
        r#"with entered as (
            insert into inbox (worker, source, id, received_at)
            select $1, source, id, $2 from unnest($3::text[], $4::text[]) as key (source, id)
            on conflict do nothing
            returning source, id
        ), claimed as (
            insert into idempotency (cliente, key, request_digest, at)
            select cliente, key, digest, $2 from unnest($5::text[], $6::text[], $7::bytea[])
                as claim (cliente, key, digest)
            on conflict do nothing
            returning cliente, key
        ), found as (
            select 'seen' as kind, source, id, null::uuid as caso, null::jsonb as delegation
            from unnest($3::text[], $4::text[]) as key (source, id)
            where (select count(*) from entered) < cardinality($3)
                and not exists (select from entered where entered.source = key.source and entered.id = key.id)
            union all
            select 'claimed', cliente, key, null, null
            from unnest($5::text[], $6::text[]) as claim (cliente, key)
            where (select count(*) from claimed) < cardinality($5)
                and not exists (
                    select from claimed where claimed.cliente = claim.cliente and claimed.key = claim.key
                )
            union all
            select 'opened', caso.opening_source, caso.opening_id, caso.id, null
            from unnest($8::text[], $9::text[]) as wanted (source, id)
            join caso on caso.opening_source = wanted.source and caso.opening_id = wanted.id
            union all
            select 'cliente', nome, null, null, delegation from cliente where nome = any($10)
        )
        select coalesce(kind, '') as "kind!", revisione as "revision!", source, found.id, caso,
            delegation as "delegation: Json<Delegation>"
        from catalogo_revisione left join found on true"#,
        asked.worker,
        now,
        &sources as &[&str],
        &ids as &[&str],
        &callers as &[&str],
        &names as &[&str],
        &digests as &[&[u8]],
        &opening_sources as &[&str],
        &opening_ids as &[&str],
        &clienti as &[&str]
    )
    .fetch_all(&mut *connection)
    .await?;
    Ok(found)
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
