//! Sets of rows, one statement a table.

use smista_domain::caso::Caso;
use smista_domain::fact::{Contenuto, Fact};
use smista_domain::ids::{GruppoId, Tripletta};
use smista_domain::stato::Stato;
use smista_store::{
    CasoRow, IdempotencyKey, IdempotentAnswer, OpeningKey, PaperRow, RigettoRow, StoreError, StoriaRow,
    TriageRow,
};
use sqlx::types::Json;
use std::collections::BTreeMap;
use uuid::Uuid;

use crate::Connection;
use crate::queries::columns::{CasoColumns, recapiti};
use crate::queries::{Answer, micros};

/// One array for each column, filled in one pass over the rows.
macro_rules! arrays {
    ($rows:expr => $row:pat => $($name:ident = $value:expr),+ $(,)?) => {
        $(let mut $name = Vec::with_capacity($rows.len());)+
        for $row in $rows.iter() {
            $($name.push($value);)+
        }
    };
}

pub(crate) async fn open_casi(connection: &mut Connection, opened: &[(CasoRow, OpeningKey)]) -> Answer<()> {
    if opened.is_empty() {
        return Ok(());
    }
    let rows: Vec<_> = opened.iter().map(|(caso, key)| (CasoColumns::of(caso), key, caso)).collect();
    arrays!(rows => (row, key, caso) =>
        ids = row.id, anni = row.protocollo_anno, numeri = row.protocollo_numero, versioni = row.versione,
        motivi = row.motivo, enti = row.ente, macrostrutture = row.macrostruttura, servizi = row.servizio,
        stati = row.stato, attributi = row.attributo, gruppi = row.gruppo, titolari = row.titolare,
        padri = row.padre_id, esigenze = row.esigenza, opened_at = row.opened_at, since = row.stato_since,
        contatti = row.contatto_id, seguiti = row.seguito_di, cittadini = row.cittadino_id,
        sources = key.source.as_str(), openings = key.id.as_str(), dettagli = Json(*caso),
    );
    sqlx::query!(
        "insert into caso (id, protocollo_anno, protocollo_numero, versione, motivo, ente, macrostruttura,
            servizio, stato, attributo, gruppo, titolare, padre_id, esigenza, opened_at, stato_since,
            contatto_id, seguito_di, cittadino_id, opening_source, opening_id, dettaglio)
        select * from unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[], $6::text[],
            $7::text[], $8::text[], $9::text[], $10::text[], $11::text[], $12::text[], $13::uuid[],
            $14::boolean[], $15::timestamptz[], $16::timestamptz[], $17::uuid[], $18::uuid[], $19::uuid[],
            $20::text[], $21::text[], $22::jsonb[])",
        &ids,
        &anni,
        &numeri,
        &versioni,
        &motivi as &[Option<&str>],
        &enti as &[Option<&str>],
        &macrostrutture as &[Option<&str>],
        &servizi as &[Option<&str>],
        &stati as &[&str],
        &attributi as &[Option<&str>],
        &gruppi as &[Option<&str>],
        &titolari as &[Option<&str>],
        &padri as &[Option<Uuid>],
        &esigenze,
        &opened_at,
        &since,
        &contatti as &[Option<Uuid>],
        &seguiti as &[Option<Uuid>],
        &cittadini as &[Option<Uuid>],
        &sources as &[&str],
        &openings as &[&str],
        &dettagli as &[Json<&Caso>]
    )
    .execute(&mut *connection)
    .await?;
    Ok(())
}

/// What cannot change (number, motivo, padre, opening) is not written again.
pub(crate) async fn change_casi(connection: &mut Connection, changed: &[(CasoRow, i64)]) -> Answer<()> {
    if changed.is_empty() {
        return Ok(());
    }
    let rows: Vec<_> = changed.iter().map(|(caso, before)| (CasoColumns::of(caso), *before, caso)).collect();
    arrays!(rows => (row, before, caso) =>
        ids = row.id, befores = *before, versioni = row.versione, enti = row.ente,
        macrostrutture = row.macrostruttura, servizi = row.servizio, stati = row.stato,
        attributi = row.attributo, gruppi = row.gruppo, titolari = row.titolare, esigenze = row.esigenza,
        since = row.stato_since, dettagli = Json(*caso),
    );
    let done = sqlx::query!(
        "update caso set versione = new.versione, ente = new.ente, macrostruttura = new.macrostruttura,
            servizio = new.servizio, stato = new.stato, attributo = new.attributo, gruppo = new.gruppo,
            titolare = new.titolare, esigenza = new.esigenza, stato_since = new.stato_since,
            dettaglio = new.dettaglio
        from unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[],
            $8::text[], $9::text[], $10::text[], $11::boolean[], $12::timestamptz[], $13::jsonb[])
            as new (id, before, versione, ente, macrostruttura, servizio, stato, attributo, gruppo, titolare,
                esigenza, stato_since, dettaglio)
        where caso.id = new.id and caso.versione = new.before",
        &ids,
        &befores,
        &versioni,
        &enti as &[Option<&str>],
        &macrostrutture as &[Option<&str>],
        &servizi as &[Option<&str>],
        &stati as &[&str],
        &attributi as &[Option<&str>],
        &gruppi as &[Option<&str>],
        &titolari as &[Option<&str>],
        &esigenze,
        &since,
        &dettagli as &[Json<&Caso>]
    )
    .execute(&mut *connection)
    .await?;
    let (expected, actual) = (changed.len() as u64, done.rows_affected());
    if expected == actual {
        Ok(())
    } else {
        Err(StoreError::Changed { table: "caso", expected, actual }.into())
    }
}

/// Remembers everybody involved in these cases, once.
pub(crate) async fn involve<'a>(
    connection: &mut Connection,
    casi: impl Iterator<Item = &'a Caso>,
) -> Answer<()> {
    let involved: Vec<_> =
        casi.flat_map(|caso| caso.coinvolti.iter().map(|login| (login, caso.id.0))).collect();
    if involved.is_empty() {
        return Ok(());
    }
    arrays!(involved => (login, caso) => logins = login.as_str(), ids = *caso);
    sqlx::query!(
        "insert into caso_specialista (login, caso_id) select * from unnest($1::text[], $2::uuid[])
        on conflict do nothing",
        &logins as &[&str],
        &ids
    )
    .execute(&mut *connection)
    .await?;
    Ok(())
}

pub(crate) async fn add_storia(connection: &mut Connection, storia: &[StoriaRow]) -> Answer<()> {
    if storia.is_empty() {
        return Ok(());
    }
    arrays!(storia => row =>
        ids = row.caso.0, versioni = row.row.versione, times = micros(row.row.at), authors = row.row.by.as_str(),
        commands = row.command.as_str(), before = row.stato_before.map(Json), after = Json(row.stato_after),
        facts = Json(&row.row.facts),
    );
    sqlx::query!(
        "insert into caso_storia (caso_id, versione, at, by, command, stato_before, stato_after, facts)
        select * from unnest($1::uuid[], $2::bigint[], $3::timestamptz[], $4::text[], $5::text[], $6::jsonb[],
            $7::jsonb[], $8::jsonb[])",
        &ids,
        &versioni,
        &times,
        &authors as &[&str],
        &commands as &[&str],
        &before as &[Option<Json<Stato>>],
        &after as &[Json<Stato>],
        &facts as &[Json<&Vec<Fact>>]
    )
    .execute(&mut *connection)
    .await?;
    Ok(())
}

pub(crate) async fn add_papers(connection: &mut Connection, papers: &[PaperRow]) -> Answer<()> {
    if papers.is_empty() {
        return Ok(());
    }
    arrays!(papers => row =>
        ids = row.caso.0, versioni = row.versione, indici = row.indice, campi = row.campo.as_str(),
        contenuti = Json(&row.contenuto), telefoni = recapiti(row).0, emails = recapiti(row).1,
        times = micros(row.at), authors = row.by.as_str(),
    );
    sqlx::query!(
        "insert into revisione (caso_id, versione, indice, campo, contenuto, telefono, email, at, by)
        select * from unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::text[], $5::jsonb[], $6::text[],
            $7::text[], $8::timestamptz[], $9::text[])",
        &ids,
        &versioni,
        &indici,
        &campi as &[&str],
        &contenuti as &[Json<&Contenuto>],
        &telefoni as &[Option<&str>],
        &emails as &[Option<&str>],
        &times,
        &authors as &[&str]
    )
    .execute(&mut *connection)
    .await?;
    Ok(())
}

pub(crate) async fn add_rigetti(connection: &mut Connection, rigetti: &[RigettoRow]) -> Answer<()> {
    if rigetti.is_empty() {
        return Ok(());
    }
    arrays!(rigetti => row =>
        ids = row.caso.0, versioni = row.versione, enti = row.tripletta.ente.as_str(),
        macrostrutture = row.tripletta.macrostruttura.as_str(), servizi = row.tripletta.servizio.as_str(),
        gruppi = row.gruppo.as_ref().map(GruppoId::as_str), cause = row.causa.as_str(),
        suggerite = row.suggerita.as_ref().map(Json), times = micros(row.at),
    );
    sqlx::query!(
        "insert into rigetto (caso_id, versione, ente, macrostruttura, servizio, gruppo, causa, suggerita, at)
        select * from unnest($1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[],
            $7::text[], $8::jsonb[], $9::timestamptz[])",
        &ids,
        &versioni,
        &enti as &[&str],
        &macrostrutture as &[&str],
        &servizi as &[&str],
        &gruppi as &[Option<&str>],
        &cause as &[&str],
        &suggerite as &[Option<Json<&Tripletta>>],
        &times
    )
    .execute(&mut *connection)
    .await?;
    Ok(())
}

/// Replaces what was found before, unless that was found on a newer version.
pub(crate) async fn put_triage(connection: &mut Connection, triage: &[TriageRow]) -> Answer<()> {
    if triage.is_empty() {
        return Ok(());
    }
    // One statement cannot touch a row twice: of two findings about one case the newer stands.
    let mut newest = BTreeMap::<_, &TriageRow>::new();
    for row in triage {
        let kept = newest.entry(row.caso).or_insert(row);
        if kept.versione <= row.versione {
            *kept = row;
        }
    }
    let newest: Vec<_> = newest.into_values().collect();
    arrays!(newest => row =>
        ids = row.caso.0, versioni = row.versione, findings = Json(&row.findings), times = micros(row.at),
    );
    sqlx::query!(
        "insert into triage (caso_id, versione, findings, at)
        select * from unnest($1::uuid[], $2::bigint[], $3::jsonb[], $4::timestamptz[])
        on conflict (caso_id) do update
            set versione = excluded.versione, findings = excluded.findings, at = excluded.at
            where excluded.versione >= triage.versione",
        &ids,
        &versioni,
        &findings as &[Json<&serde_json::Value>],
        &times
    )
    .execute(&mut *connection)
    .await?;
    Ok(())
}

pub(crate) async fn answer(
    connection: &mut Connection,
    answers: &[(IdempotencyKey, IdempotentAnswer)],
) -> Answer<()> {
    if answers.is_empty() {
        return Ok(());
    }
    arrays!(answers => (key, answer) =>
        clienti = key.cliente.as_str(), keys = key.key.as_str(), statuses = i64::from(answer.status),
        headers = answer.headers.as_str(), bodies = answer.body.as_slice(), times = micros(answer.at),
    );
    let done = sqlx::query!(
        "update idempotency set status = given.status, headers = given.headers, body = given.body, at = given.at
        from unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::bytea[], $6::timestamptz[])
            as given (cliente, key, status, headers, body, at)
        where idempotency.cliente = given.cliente and idempotency.key = given.key",
        &clienti as &[&str],
        &keys as &[&str],
        &statuses,
        &headers as &[&str],
        &bodies as &[&[u8]],
        &times
    )
    .execute(&mut *connection)
    .await?;
    let (expected, actual) = (answers.len() as u64, done.rows_affected());
    if expected == actual {
        Ok(())
    } else {
        Err(StoreError::Changed { table: "idempotency", expected, actual }.into())
    }
}
