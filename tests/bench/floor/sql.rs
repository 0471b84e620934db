//! The floor's hand on PostgreSQL: one statement a table and batch, prepared once, bodies of the engine's size.

use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Result, ensure};
use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use super::amqp::{Command, Fact};
use super::samples;
use crate::shape::{FACT_BYTES, Step};

pub(crate) async fn ids(pool: &PgPool) -> Result<Vec<Uuid>> {
    Ok(sqlx::query_scalar("select id from caso order by opened_at, id").fetch_all(pool).await?)
}

/// Every case came through, and nothing waits.
pub(crate) async fn check(pool: &PgPool, cases: usize) -> Result<()> {
    let through: i64 = sqlx::query_scalar(
        "select count(*) from caso where stato = 'assegnato' and gruppo = 'firenze-anagrafe' and versione = 4",
    )
    .fetch_one(pool)
    .await?;
    let waiting: i64 = sqlx::query_scalar("select count(*) from outbox").fetch_one(pool).await?;
    ensure!(through == cases as i64 && waiting == 0, "{through} of {cases} through, {waiting} left");
    Ok(())
}

pub(crate) async fn delete_published(connection: &mut PgConnection, rows: &[i64]) -> Result<()> {
    if !rows.is_empty() {
        sqlx::query("delete from outbox where id = any($1)").bind(rows).execute(connection).await?;
    }
    Ok(())
}

/// Everything that one batch writes; what is to be published then.
pub(crate) async fn write(
    connection: &mut PgConnection,
    step: &Step,
    commands: &[Command],
    numbers: &AtomicU64,
    published: &[i64],
) -> Result<Vec<Fact>> {
    let now = now();
    delete_published(connection, published).await?;
    enter_inbox(connection, step, commands, now).await?;
    let (ids, versions) = match step.opens {
        true => open(connection, step, commands, numbers, now).await?,
        false => change(connection, step, commands, now).await?,
    };
    if step.stato.is_some() {
        add_history(connection, &ids, &versions, now).await?;
    }
    add_papers(connection, step, &ids, &versions, now).await?;
    if step.rejects {
        add_rejections(connection, &ids, &versions, now).await?;
    }
    if step.triages {
        add_findings(connection, &ids, &versions, now).await?;
    }
    add_facts(connection, step, &ids, &versions, now).await
}

type Cases = (Vec<Uuid>, Vec<i64>);

async fn enter_inbox(
    connection: &mut PgConnection,
    step: &Step,
    commands: &[Command],
    now: DateTime<Utc>,
) -> Result<()> {
    let mut keys: Vec<&str> = commands.iter().map(|command| command.id.as_str()).collect();
    keys.sort_unstable();
    let entered: Vec<String> = sqlx::query_scalar(
        "insert into inbox (worker, source, id, received_at)
        select $1, 'banco', id, $3 from unnest($2::text[]) as key (id) on conflict do nothing returning id",
    )
    .bind(step.queue)
    .bind(&keys)
    .bind(now)
    .fetch_all(connection)
    .await?;
    ensure!(entered.len() == commands.len(), "a message came twice");
    Ok(())
}

async fn open(
    connection: &mut PgConnection,
    step: &Step,
    commands: &[Command],
    numbers: &AtomicU64,
    now: DateTime<Utc>,
) -> Result<Cases> {
    let ids: Vec<Uuid> = commands.iter().map(|_command| fresh()).collect();
    let first = numbers.fetch_add(commands.len() as u64, Ordering::Relaxed);
    let numeri: Vec<i64> = (first..).take(commands.len()).map(|number| number as i64).collect();
    let keys: Vec<&str> = commands.iter().map(|command| command.id.as_str()).collect();
    let details: Vec<String> = ids.iter().map(|id| samples::caso(*id, 1)).collect();
    sqlx::query(
        "insert into caso (id, protocollo_anno, protocollo_numero, versione, motivo, ente, macrostruttura, servizio,
            stato, esigenza, opened_at, stato_since, opening_source, opening_id, dettaglio)
        select id, 2026, numero, 1, 'reclamo', 'firenze', 'tributi', 'tari', $4, false, $5, $5, 'banco', key, detail::jsonb
        from unnest($1::uuid[], $2::bigint[], $3::text[], $6::text[]) as new (id, numero, key, detail)",
    )
    .bind(&ids)
    .bind(&numeri)
    .bind(&keys)
    .bind(step.stato)
    .bind(now)
    .bind(&details)
    .execute(connection)
    .await?;
    let versions = vec![1; ids.len()];
    Ok((ids, versions))
}

/// Reads the cases under lock, as deciding must, and moves them on.
async fn change(
    connection: &mut PgConnection,
    step: &Step,
    commands: &[Command],
    now: DateTime<Utc>,
) -> Result<Cases> {
    let wanted: Vec<Uuid> = commands.iter().filter_map(|command| command.subject).collect();
    let rows: Vec<(Uuid, i64, String)> = sqlx::query_as(
        "select id, versione, dettaglio::text from caso where id = any($1) order by id for no key update",
    )
    .bind(&wanted)
    .fetch_all(&mut *connection)
    .await?;
    ensure!(rows.len() == commands.len(), "a message about no case");
    let ids: Vec<Uuid> = rows.iter().map(|(id, ..)| *id).collect();
    let Some(stato) = step.stato else {
        let versions = rows.iter().map(|(_, version, _)| *version).collect();
        return Ok((ids, versions));
    };
    let versions: Vec<i64> = rows.iter().map(|(_, version, _)| version + 1).collect();
    let done = sqlx::query(
        "update caso set versione = new.versione, stato = $3, gruppo = $4, stato_since = $5,
            dettaglio = new.detail::jsonb
        from unnest($1::uuid[], $2::bigint[], $6::text[]) as new (id, versione, detail)
        where caso.id = new.id and caso.versione = new.versione - 1",
    )
    .bind(&ids)
    .bind(&versions)
    .bind(stato)
    .bind(step.gruppo)
    .bind(now)
    .bind(each(&ids, &versions, samples::caso))
    .execute(connection)
    .await?;
    ensure!(done.rows_affected() == ids.len() as u64, "a case was changed meanwhile");
    Ok((ids, versions))
}

async fn add_history(
    connection: &mut PgConnection,
    ids: &[Uuid],
    versions: &[i64],
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query(
        r#"insert into caso_storia (caso_id, versione, at, by, command, stato_before, stato_after, facts)
        select id, versione, $3, 'banco', 'contact.open', '{"stato":"assegnato"}', '{"stato":"assegnato"}', facts::jsonb
        from unnest($1::uuid[], $2::bigint[], $4::text[]) as new (id, versione, facts)"#,
    )
    .bind(ids)
    .bind(versions)
    .bind(now)
    .bind(each(ids, versions, |_id, version| samples::facts(version)))
    .execute(connection)
    .await?;
    Ok(())
}

async fn add_papers(
    connection: &mut PgConnection,
    step: &Step,
    ids: &[Uuid],
    versions: &[i64],
    now: DateTime<Utc>,
) -> Result<()> {
    if step.papers == 0 {
        return Ok(());
    }
    let (mut of, mut at, mut places, mut papers) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (id, version) in ids.iter().zip(versions) {
        for place in 0..step.papers {
            of.push(*id);
            at.push(*version);
            places.push(place as i64);
            papers.push(samples::paper(*id, place));
        }
    }
    sqlx::query(
        "insert into revisione (caso_id, versione, indice, campo, contenuto, telefono, at, by)
        select id, versione, indice, 'descrizione', paper::jsonb, case when indice = 1 then id::text end, $5, 'banco'
        from unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::text[]) as new (id, versione, indice, paper)",
    )
    .bind(&of)
    .bind(&at)
    .bind(&places)
    .bind(&papers)
    .bind(now)
    .execute(connection)
    .await?;
    Ok(())
}

async fn add_rejections(
    connection: &mut PgConnection,
    ids: &[Uuid],
    versions: &[i64],
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query(
        "insert into rigetto (caso_id, versione, ente, macrostruttura, servizio, gruppo, causa, at)
        select id, versione, 'firenze', 'tributi', 'tari', 'firenze-tributi', 'errore_operatore', $3
        from unnest($1::uuid[], $2::bigint[]) as new (id, versione)",
    )
    .bind(ids)
    .bind(versions)
    .bind(now)
    .execute(connection)
    .await?;
    Ok(())
}

async fn add_findings(
    connection: &mut PgConnection,
    ids: &[Uuid],
    versions: &[i64],
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query(
        "insert into triage (caso_id, versione, findings, at)
        select id, versione, findings::jsonb, $4
        from unnest($1::uuid[], $2::bigint[], $3::text[]) as new (id, versione, findings)
        on conflict (caso_id) do update set versione = excluded.versione, findings = excluded.findings,
            at = excluded.at",
    )
    .bind(ids)
    .bind(versions)
    .bind(each(ids, versions, |_id, version| samples::findings(version)))
    .bind(now)
    .execute(connection)
    .await?;
    Ok(())
}

async fn add_facts(
    connection: &mut PgConnection,
    step: &Step,
    ids: &[Uuid],
    versions: &[i64],
    now: DateTime<Utc>,
) -> Result<Vec<Fact>> {
    let mut facts = Vec::with_capacity(ids.len() * step.facts.len());
    for (id, version) in ids.iter().zip(versions) {
        for kind in step.facts {
            facts.push(Fact { row: 0, kind, body: fact_body(kind, *id, *version) });
        }
    }
    if facts.is_empty() {
        return Ok(facts);
    }
    let kinds: Vec<&str> = facts.iter().map(|fact| fact.kind).collect();
    let keys: Vec<String> = facts.iter().map(|_fact| fresh().to_string()).collect();
    let bodies: Vec<&[u8]> = facts.iter().map(|fact| fact.body.as_slice()).collect();
    let rows: Vec<i64> = sqlx::query_scalar(
        "insert into outbox (destination, message_type, source, message_id, body, created_at, due_at, lease, lease_until)
        select 'facts', kind, 'smista', key, body, $4, $4, $5, clock_timestamp() + interval '60 seconds'
        from unnest($1::text[], $2::text[], $3::bytea[]) as new (kind, key, body) returning id",
    )
    .bind(&kinds)
    .bind(&keys)
    .bind(&bodies)
    .bind(now)
    .bind(fresh())
    .fetch_all(connection)
    .await?;
    for (fact, row) in facts.iter_mut().zip(rows) {
        fact.row = row;
    }
    Ok(facts)
}

/// Facts of nothing in particular, for a bare loop.
pub(crate) fn facts(kind: &'static str, count: usize) -> Vec<Fact> {
    (0..count)
        .map(|number| Fact { row: 0, kind, body: fact_body(kind, Uuid::nil(), number as i64) })
        .collect()
}

pub(super) fn fact_body(kind: &str, caso: Uuid, version: i64) -> Vec<u8> {
    let mut body = format!(
        r#"{{"specversion":"1.0","id":"{kind}-{caso}-{version}","source":"smista","type":"{kind}","subject":"{caso}","data":""#
    );
    while body.len() < FACT_BYTES - 2 {
        body.push('.');
    }
    body.push_str("\"}");
    body.into_bytes()
}

/// A value for each case.
fn each(ids: &[Uuid], versions: &[i64], value: impl Fn(Uuid, i64) -> String) -> Vec<String> {
    ids.iter().zip(versions).map(|(id, version)| value(*id, *version)).collect()
}

#[expect(clippy::disallowed_methods, reason = "the floor runs on the real clock")]
fn now() -> DateTime<Utc> {
    Utc::now()
}

#[expect(clippy::disallowed_methods, reason = "the floor's ids are its own")]
fn fresh() -> Uuid {
    Uuid::now_v7()
}
