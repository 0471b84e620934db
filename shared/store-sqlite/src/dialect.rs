//! What only SQLite says. The write connection is ours alone, so there is nothing to lock, and a loop over a prepared
//! statement costs no round trip.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use smista_domain::caso::Caso;
use smista_domain::fact::Contenuto;
use smista_domain::ids::{CasoId, CittadinoId, GruppoId};
use smista_store::{
    Claim, Dossier, Exchange, IdempotencyKey, IdempotentAnswer, MessageKey, OpeningKey, OutboxMessage,
    PaperRow, RigettoRow, StoreError, StoriaRow, TriageRow,
};
use sqlx::types::Json;
use uuid::Uuid;

use crate::Connection;
use crate::queries::columns::{CasoColumns, recapiti};
use crate::queries::{Answer, Fault, casi, micros};

/// Whether the key was not in the inbox yet.
pub(crate) async fn enter_inbox(
    connection: &mut Connection,
    worker: &str,
    key: &MessageKey,
    now: DateTime<Utc>,
) -> Answer<bool> {
    let now = micros(now);
    let entered = sqlx::query!(
        "insert into inbox (worker, source, id, received_at) values ($1, $2, $3, $4) on conflict do nothing",
        worker,
        key.source,
        key.id,
        now
    )
    .execute(&mut *connection)
    .await?;
    Ok(entered.rows_affected() == 1)
}

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

pub(crate) async fn settle(connection: &mut Connection, spool_id: i64) -> Answer<()> {
    sqlx::query!("delete from spool where id = $1", spool_id).execute(&mut *connection).await?;
    Ok(())
}

/// Within one transaction, so that a case and what is told of it are of one moment.
pub(crate) async fn dossier(connection: &mut Connection, id: CasoId) -> Answer<Option<Dossier>> {
    let Some(caso) = casi::caso(connection, id).await? else { return Ok(None) };
    let storia = casi::storia(connection, id, 0, i64::MAX).await?.into_iter().map(|row| row.row).collect();
    let rows = sqlx::query!(
        r#"select contenuto as "contenuto!: Json<Contenuto>" from revisione
        where caso_id = $1 and campo = 'descrizione' and erased_at is null order by versione, indice"#,
        id.0
    )
    .fetch_all(&mut *connection)
    .await?;
    let text = |contenuto| match contenuto {
        Contenuto::Testo(testo) => Some(testo),
        Contenuto::Luogo(_) | Contenuto::Anagrafica(_) => None,
    };
    let descrizioni = rows.into_iter().filter_map(|row| text(row.contenuto.0)).collect();
    Ok(Some(Dossier { caso, storia, descrizioni }))
}

pub(crate) async fn is_known_caso(connection: &mut Connection, id: CasoId) -> Answer<bool> {
    let row = sqlx::query!("select versione from caso where id = $1", id.0);
    Ok(row.fetch_optional(&mut *connection).await?.is_some())
}

pub(crate) async fn is_known_cittadino(connection: &mut Connection, id: CittadinoId) -> Answer<bool> {
    let row = sqlx::query!("select created_at from cittadino where id = $1", id.0);
    Ok(row.fetch_optional(&mut *connection).await?.is_some())
}

pub(crate) async fn opened_by(connection: &mut Connection, key: &OpeningKey) -> Answer<Option<CasoId>> {
    let row = sqlx::query!(
        r#"select id as "id!: Uuid" from caso where opening_source = $1 and opening_id = $2"#,
        key.source,
        key.id
    )
    .fetch_optional(&mut *connection)
    .await?;
    Ok(row.map(|row| CasoId(row.id)))
}

pub(crate) async fn open_caso(connection: &mut Connection, caso: &Caso, key: &OpeningKey) -> Answer<()> {
    let row = CasoColumns::of(caso);
    let whole = Json(caso);
    sqlx::query!(
        "insert into caso (id, protocollo_anno, protocollo_numero, versione, motivo, ente, macrostruttura,
            servizio, stato, attributo, gruppo, titolare, padre_id, esigenza, opened_at, stato_since,
            contatto_id, seguito_di, cittadino_id, opening_source, opening_id, dettaglio)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20,
            $21, $22)",
        row.id,
        row.protocollo_anno,
        row.protocollo_numero,
        row.versione,
        row.motivo,
        row.ente,
        row.macrostruttura,
        row.servizio,
        row.stato,
        row.attributo,
        row.gruppo,
        row.titolare,
        row.padre_id,
        row.esigenza,
        row.opened_at,
        row.stato_since,
        row.contatto_id,
        row.seguito_di,
        row.cittadino_id,
        key.source,
        key.id,
        whole
    )
    .execute(&mut *connection)
    .await?;
    Ok(())
}

/// What cannot change (number, motivo, padre, opening) is not written again.
pub(crate) async fn change_caso(connection: &mut Connection, caso: &Caso, before: i64) -> Answer<()> {
    let row = CasoColumns::of(caso);
    let whole = Json(caso);
    let done = sqlx::query!(
        "update caso set versione = $3, ente = $4, macrostruttura = $5, servizio = $6, stato = $7,
            attributo = $8, gruppo = $9, titolare = $10, esigenza = $11, stato_since = $12, dettaglio = $13
        where id = $1 and versione = $2",
        row.id,
        before,
        row.versione,
        row.ente,
        row.macrostruttura,
        row.servizio,
        row.stato,
        row.attributo,
        row.gruppo,
        row.titolare,
        row.esigenza,
        row.stato_since,
        whole
    )
    .execute(&mut *connection)
    .await?;
    changed_one("caso", done.rows_affected())
}

fn changed_one(table: &'static str, actual: u64) -> Answer<()> {
    if actual == 1 { Ok(()) } else { Err(StoreError::Changed { table, expected: 1, actual }.into()) }
}

/// Remembers everybody involved in the case, once.
pub(crate) async fn involve(connection: &mut Connection, caso: &Caso) -> Answer<()> {
    for login in &caso.coinvolti {
        let login = login.as_str();
        sqlx::query!(
            "insert into caso_specialista (login, caso_id) values ($1, $2) on conflict do nothing",
            login,
            caso.id.0
        )
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

pub(crate) async fn add_storia(connection: &mut Connection, storia: &StoriaRow) -> Answer<()> {
    let (at, by) = (micros(storia.row.at), storia.row.by.as_str());
    let (before, after) = (storia.stato_before.map(Json), Json(storia.stato_after));
    let facts = Json(&storia.row.facts);
    sqlx::query!(
        "insert into caso_storia (caso_id, versione, at, by, command, stato_before, stato_after, facts)
        values ($1, $2, $3, $4, $5, $6, $7, $8)",
        storia.caso.0,
        storia.row.versione,
        at,
        by,
        storia.command,
        before,
        after,
        facts
    )
    .execute(&mut *connection)
    .await?;
    Ok(())
}

pub(crate) async fn add_paper(connection: &mut Connection, paper: &PaperRow) -> Answer<()> {
    let (telefono, email) = recapiti(paper);
    let (campo, at, by) = (paper.campo.as_str(), micros(paper.at), paper.by.as_str());
    let contenuto = Json(&paper.contenuto);
    sqlx::query!(
        "insert into revisione (caso_id, versione, indice, campo, contenuto, telefono, email, at, by)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        paper.caso.0,
        paper.versione,
        paper.indice,
        campo,
        contenuto,
        telefono,
        email,
        at,
        by
    )
    .execute(&mut *connection)
    .await?;
    Ok(())
}

pub(crate) async fn add_rigetto(connection: &mut Connection, rigetto: &RigettoRow) -> Answer<()> {
    let of = &rigetto.tripletta;
    let (ente, macrostruttura, servizio) =
        (of.ente.as_str(), of.macrostruttura.as_str(), of.servizio.as_str());
    let (gruppo, causa) = (rigetto.gruppo.as_ref().map(GruppoId::as_str), rigetto.causa.as_str());
    let (suggerita, at) = (rigetto.suggerita.as_ref().map(Json), micros(rigetto.at));
    sqlx::query!(
        "insert into rigetto (caso_id, versione, ente, macrostruttura, servizio, gruppo, causa, suggerita, at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        rigetto.caso.0,
        rigetto.versione,
        ente,
        macrostruttura,
        servizio,
        gruppo,
        causa,
        suggerita,
        at
    )
    .execute(&mut *connection)
    .await?;
    Ok(())
}

/// Replaces what was found before, unless that was found on a newer version.
pub(crate) async fn put_triage(connection: &mut Connection, triage: &TriageRow) -> Answer<()> {
    let (findings, at) = (Json(&triage.findings), micros(triage.at));
    sqlx::query!(
        "insert into triage (caso_id, versione, findings, at) values ($1, $2, $3, $4)
        on conflict (caso_id) do update
            set versione = excluded.versione, findings = excluded.findings, at = excluded.at
            where excluded.versione >= triage.versione",
        triage.caso.0,
        triage.versione,
        findings,
        at
    )
    .execute(&mut *connection)
    .await?;
    Ok(())
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

/// Puts a message in each queue bound to its type. A command that no queue takes is an error, a fact is not.
pub(crate) async fn publish(
    connection: &mut Connection,
    message: &OutboxMessage,
    bindings: &HashMap<String, Vec<String>>,
    now: DateTime<Utc>,
) -> Answer<()> {
    let queues = bindings.get(&message.message_type).map(Vec::as_slice).unwrap_or_default();
    if queues.is_empty() && message.exchange == Exchange::Commands {
        let nobody = format!("no queue takes the command {}", message.message_type);
        return Err(StoreError::Data(nobody.into()).into());
    }
    let (now, body) = (micros(now), &*message.body);
    for queue in queues {
        sqlx::query!(
            "insert into spool (queue, message_type, source, message_id, body, due_at, created_at)
            values ($1, $2, $3, $4, $5, $6, $6)",
            queue,
            message.message_type,
            message.source,
            message.id,
            body,
            now
        )
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}
