//! What nearly every batch writes, in one statement: a table each, and one round trip for all of them.

use smista_domain::caso::Caso;
use smista_domain::fact::{Contenuto, Fact};
use smista_domain::stato::Stato;
use smista_queues::OutboxKey;
use smista_store::{Exchange, OutboxId, StoreError, WriteSet};
use sqlx::types::Json;
use uuid::Uuid;

use super::arrays;
use crate::Connection;
use crate::queries::columns::{CasoColumns, recapiti};
use crate::queries::{Answer, Fault, micros};

/// What is written besides the set.
pub(crate) struct Besides<'a> {
    /// Outbox rows that the broker has confirmed, to be deleted.
    pub(crate) published: &'a [OutboxKey],
    /// Under which the new ones are born.
    pub(crate) lease: Uuid,
    /// When.
    pub(crate) now: chrono::DateTime<chrono::Utc>,
}

/// Whether there is nothing in it for [`write`].
pub(crate) fn is_empty(set: &WriteSet) -> bool {
    set.opened.is_empty()
        && set.changed.is_empty()
        && set.storia.is_empty()
        && set.papers.is_empty()
        && set.outbox.is_empty()
        && set.answers.is_empty()
}

/// Writes cases, history, papers, answers and messages; the rows that the messages went into, in their order.
///
/// What cannot change of a case (number, motivo, padre, opening) is not written again. Everybody involved in a case is
/// remembered once. What the rows refer to in each other is checked by the engine when the statement ends.
pub(crate) async fn write(
    connection: &mut Connection,
    set: &WriteSet,
    besides: &Besides<'_>,
) -> Answer<Vec<OutboxId>> {
    let opened: Vec<_> = set.opened.iter().map(|(caso, key)| (CasoColumns::of(caso), key, caso)).collect();
    arrays!(opened => (row, key, caso) =>
        ids = row.id, anni = row.protocollo_anno, numeri = row.protocollo_numero, versioni = row.versione,
        motivi = row.motivo, enti = row.ente, macrostrutture = row.macrostruttura, servizi = row.servizio,
        stati = row.stato, attributi = row.attributo, gruppi = row.gruppo, titolari = row.titolare,
        padri = row.padre_id, esigenze = row.esigenza, opened_at = row.opened_at, since = row.stato_since,
        contatti = row.contatto_id, seguiti = row.seguito_di, cittadini = row.cittadino_id,
        sources = key.source.as_str(), openings = key.id.as_str(), dettagli = Json(*caso),
    );
    let changed: Vec<_> =
        set.changed.iter().map(|(caso, before)| (CasoColumns::of(caso), *before, caso)).collect();
    arrays!(changed => (row, before, caso) =>
        new_ids = row.id, befores = *before, new_versioni = row.versione, new_enti = row.ente,
        new_macrostrutture = row.macrostruttura, new_servizi = row.servizio, new_stati = row.stato,
        new_attributi = row.attributo, new_gruppi = row.gruppo, new_titolari = row.titolare,
        new_esigenze = row.esigenza, new_since = row.stato_since, new_dettagli = Json(*caso),
    );
    let casi = set.opened.iter().map(|(caso, _)| caso).chain(set.changed.iter().map(|(caso, _)| caso));
    let involved: Vec<_> =
        casi.flat_map(|caso| caso.coinvolti.iter().map(|login| (login, caso.id.0))).collect();
    arrays!(involved => (login, caso) => logins = login.as_str(), involved_in = *caso);
    arrays!(set.storia => row =>
        of = row.caso.0, at_versione = row.row.versione, at = micros(row.row.at), by = row.row.by.as_str(),
        commands = row.command.as_str(), from = row.stato_before.map(Json), to = Json(row.stato_after),
        facts = Json(&row.row.facts),
    );
    arrays!(set.papers => row =>
        papers_of = row.caso.0, papers_versione = row.versione, indici = row.indice,
        campi = row.campo.as_str(), contenuti = Json(&row.contenuto), telefoni = recapiti(row).0,
        emails = recapiti(row).1, papers_at = micros(row.at), papers_by = row.by.as_str(),
    );
    arrays!(set.answers => (key, answer) =>
        clienti = key.cliente.as_str(), keys = key.key.as_str(), statuses = i64::from(answer.status),
        headers = answer.headers.as_str(), answers = answer.body.as_slice(), answered_at = micros(answer.at),
    );
    arrays!(set.outbox => message =>
        destinations = destination(message.exchange), types = message.message_type.as_str(),
        message_sources = message.source.as_str(), message_ids = message.id.as_str(),
        bodies = &*message.body,
    );
    arrays!(besides.published => key => published = key.row, leases = key.lease);
    let written = sqlx::query!(
        r#"with opened as (
            insert into caso (id, protocollo_anno, protocollo_numero, versione, motivo, ente, macrostruttura,
                servizio, stato, attributo, gruppo, titolare, padre_id, esigenza, opened_at, stato_since,
                contatto_id, seguito_di, cittadino_id, opening_source, opening_id, dettaglio)
            select * from unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[], $6::text[],
                $7::text[], $8::text[], $9::text[], $10::text[], $11::text[], $12::text[], $13::uuid[],
                $14::boolean[], $15::timestamptz[], $16::timestamptz[], $17::uuid[], $18::uuid[],
                $19::uuid[], $20::text[], $21::text[], $22::jsonb[])
        ), changed as (
            update caso set versione = new.versione, ente = new.ente, macrostruttura = new.macrostruttura,
                servizio = new.servizio, stato = new.stato, attributo = new.attributo, gruppo = new.gruppo,
                titolare = new.titolare, esigenza = new.esigenza, stato_since = new.stato_since,
                dettaglio = new.dettaglio
            from unnest($23::uuid[], $24::bigint[], $25::bigint[], $26::text[], $27::text[], $28::text[],
                $29::text[], $30::text[], $31::text[], $32::text[], $33::boolean[], $34::timestamptz[],
                $35::jsonb[])
                as new (id, before, versione, ente, macrostruttura, servizio, stato, attributo, gruppo,
                    titolare, esigenza, stato_since, dettaglio)
            where caso.id = new.id and caso.versione = new.before
            returning caso.id
        ), involved as (
            insert into caso_specialista (login, caso_id) select * from unnest($36::text[], $37::uuid[])
            on conflict do nothing
        ), told as (
            insert into caso_storia (caso_id, versione, at, by, command, stato_before, stato_after, facts)
            select * from unnest($38::uuid[], $39::bigint[], $40::timestamptz[], $41::text[], $42::text[],
                $43::jsonb[], $44::jsonb[], $45::jsonb[])
        ), papers as (
            insert into revisione (caso_id, versione, indice, campo, contenuto, telefono, email, at, by)
            select * from unnest($46::uuid[], $47::bigint[], $48::bigint[], $49::text[], $50::jsonb[],
                $51::text[], $52::text[], $53::timestamptz[], $54::text[])
        ), answered as (
            update idempotency set status = given.status, headers = given.headers, body = given.body,
                at = given.at
            from unnest($55::text[], $56::text[], $57::bigint[], $58::text[], $59::bytea[], $60::timestamptz[])
                as given (cliente, key, status, headers, body, at)
            where idempotency.cliente = given.cliente and idempotency.key = given.key
            returning idempotency.key
        ), published as (
            delete from outbox using unnest($61::bigint[], $62::uuid[]) as published (id, lease)
            where outbox.id = published.id and outbox.lease = published.lease
        ), numbered as materialized (
            select nextval('outbox_id_seq') as id, message.*
            from unnest($63::text[], $64::text[], $65::text[], $66::text[], $67::bytea[]) with ordinality
                as message (destination, message_type, source, message_id, body, place)
        ), sent as (
            insert into outbox (id, destination, message_type, source, message_id, body, created_at, due_at,
                lease, lease_until)
            overriding system value
            select id, destination, message_type, source, message_id, body, $68, $68, $69,
                clock_timestamp() + interval '60 seconds'
            from numbered
        )
        select (select count(*) from changed) as "changed!", (select count(*) from answered) as "answered!",
            numbered.id as "outbox?"
        from (select) as always left join numbered on true
        order by numbered.place"#,
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
        &dettagli as &[Json<&Caso>],
        &new_ids,
        &befores,
        &new_versioni,
        &new_enti as &[Option<&str>],
        &new_macrostrutture as &[Option<&str>],
        &new_servizi as &[Option<&str>],
        &new_stati as &[&str],
        &new_attributi as &[Option<&str>],
        &new_gruppi as &[Option<&str>],
        &new_titolari as &[Option<&str>],
        &new_esigenze,
        &new_since,
        &new_dettagli as &[Json<&Caso>],
        &logins as &[&str],
        &involved_in,
        &of,
        &at_versione,
        &at,
        &by as &[&str],
        &commands as &[&str],
        &from as &[Option<Json<Stato>>],
        &to as &[Json<Stato>],
        &facts as &[Json<&Vec<Fact>>],
        &papers_of,
        &papers_versione,
        &indici,
        &campi as &[&str],
        &contenuti as &[Json<&Contenuto>],
        &telefoni as &[Option<&str>],
        &emails as &[Option<&str>],
        &papers_at,
        &papers_by as &[&str],
        &clienti as &[&str],
        &keys as &[&str],
        &statuses,
        &headers as &[&str],
        &answers as &[&[u8]],
        &answered_at,
        &published,
        &leases,
        &destinations as &[&str],
        &types as &[&str],
        &message_sources as &[&str],
        &message_ids as &[&str],
        &bodies as &[&[u8]],
        micros(besides.now),
        besides.lease
    )
    .fetch_all(&mut *connection)
    .await
    .map_err(|error| stale_version(error, set.changed.len()))?;
    let Some(first) = written.first() else {
        return Err(Fault::corrupt("outbox", "a statement that always gives a row gave none"));
    };
    all_of("caso", set.changed.len(), first.changed)?;
    all_of("idempotency", set.answers.len(), first.answered)?;
    Ok(written.iter().filter_map(|row| row.outbox).map(OutboxId).collect())
}

/// Somebody wrote this version of the case already. Which of its rows is found to be there first is not promised.
fn stale_version(error: sqlx::Error, changed: usize) -> Fault {
    match error.as_database_error().and_then(|refused| refused.constraint()) {
        Some("caso_storia_pkey") if changed > 0 => {
            StoreError::Changed { table: "caso", expected: changed as u64, actual: 0 }.into()
        }
        _ => error.into(),
    }
}

fn all_of(table: &'static str, expected: usize, actual: i64) -> Answer<()> {
    let (expected, actual) = (expected as u64, actual.unsigned_abs());
    if expected == actual { Ok(()) } else { Err(StoreError::Changed { table, expected, actual }.into()) }
}

fn destination(exchange: Exchange) -> &'static str {
    match exchange {
        Exchange::Facts => "facts",
        Exchange::Commands => "commands",
    }
}
