//! Rows written, one statement for many of a table.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use smista_domain::caso::Caso;
use smista_domain::ids::GruppoId;
use smista_store::{
    CasoRow, Exchange, OpeningKey, OutboxMessage, PaperRow, RigettoRow, StoreError, StoriaRow, TriageRow,
};
use sqlx::QueryBuilder;
use sqlx::types::Json;

use super::in_powers;
use crate::queries::columns::{CasoColumns, recapiti};
use crate::queries::{Answer, micros};
use crate::{Connection, Db};

pub(crate) async fn open_casi(connection: &mut Connection, opened: &[(CasoRow, OpeningKey)]) -> Answer<()> {
    for part in in_powers(opened) {
        let mut query = QueryBuilder::<Db>::new(
            "insert into caso (id, protocollo_anno, protocollo_numero, versione, motivo, ente, macrostruttura,
            servizio, stato, attributo, gruppo, titolare, padre_id, esigenza, opened_at, stato_since,
            contatto_id, seguito_di, cittadino_id, opening_source, opening_id, dettaglio) ",
        );
        query.push_values(part, |mut values, (caso, key)| {
            let row = CasoColumns::of(caso);
            values.push_bind(row.id).push_bind(row.protocollo_anno).push_bind(row.protocollo_numero);
            values.push_bind(row.versione).push_bind(row.motivo).push_bind(row.ente);
            values.push_bind(row.macrostruttura).push_bind(row.servizio).push_bind(row.stato);
            values.push_bind(row.attributo).push_bind(row.gruppo).push_bind(row.titolare);
            values.push_bind(row.padre_id).push_bind(row.esigenza).push_bind(row.opened_at);
            values.push_bind(row.stato_since).push_bind(row.contatto_id).push_bind(row.seguito_di);
            values.push_bind(row.cittadino_id).push_bind(&*key.source).push_bind(&*key.id);
            values.push_bind(Json(caso));
        });
        query.build().execute(&mut *connection).await?;
    }
    Ok(())
}

/// What cannot change (number, motivo, padre, opening) is not written again.
pub(crate) async fn change_casi(connection: &mut Connection, changed: &[(CasoRow, i64)]) -> Answer<()> {
    for part in in_powers(changed) {
        let mut query = QueryBuilder::<Db>::new(
            "update caso set versione = new.column3, ente = new.column4, macrostruttura = new.column5,
            servizio = new.column6, stato = new.column7, attributo = new.column8, gruppo = new.column9,
            titolare = new.column10, esigenza = new.column11, stato_since = new.column12,
            dettaglio = new.column13 from (",
        );
        query.push_values(part, |mut values, (caso, before)| {
            let row = CasoColumns::of(caso);
            values.push_bind(row.id).push_bind(*before).push_bind(row.versione).push_bind(row.ente);
            values.push_bind(row.macrostruttura).push_bind(row.servizio).push_bind(row.stato);
            values.push_bind(row.attributo).push_bind(row.gruppo).push_bind(row.titolare);
            values.push_bind(row.esigenza).push_bind(row.stato_since).push_bind(Json(caso));
        });
        query.push(") as new where caso.id = new.column1 and caso.versione = new.column2");
        let actual = query.build().execute(&mut *connection).await?.rows_affected();
        let expected = part.len() as u64;
        if actual != expected {
            return Err(StoreError::Changed { table: "caso", expected, actual }.into());
        }
    }
    Ok(())
}

/// Remembers everybody involved in these cases, once.
pub(crate) async fn involve<'a>(
    connection: &mut Connection,
    casi: impl Iterator<Item = &'a Caso>,
) -> Answer<()> {
    let involved: Vec<_> =
        casi.flat_map(|caso| caso.coinvolti.iter().map(|login| (login, caso.id.0))).collect();
    for part in in_powers(&involved) {
        let mut query = QueryBuilder::<Db>::new("insert into caso_specialista (login, caso_id) ");
        query.push_values(part, |mut values, (login, caso)| {
            values.push_bind(login.as_str()).push_bind(*caso);
        });
        query.push(" on conflict do nothing").build().execute(&mut *connection).await?;
    }
    Ok(())
}

pub(crate) async fn add_storia(connection: &mut Connection, storia: &[StoriaRow]) -> Answer<()> {
    for part in in_powers(storia) {
        let mut query = QueryBuilder::<Db>::new(
            "insert into caso_storia (caso_id, versione, at, by, command, stato_before, stato_after, facts) ",
        );
        query.push_values(part, |mut values, storia| {
            values.push_bind(storia.caso.0).push_bind(storia.row.versione).push_bind(micros(storia.row.at));
            values.push_bind(storia.row.by.as_str()).push_bind(&*storia.command);
            values.push_bind(storia.stato_before.map(Json)).push_bind(Json(storia.stato_after));
            values.push_bind(Json(&storia.row.facts));
        });
        query.build().execute(&mut *connection).await?;
    }
    Ok(())
}

pub(crate) async fn add_papers(connection: &mut Connection, papers: &[PaperRow]) -> Answer<()> {
    for part in in_powers(papers) {
        let mut query = QueryBuilder::<Db>::new(
            "insert into revisione (caso_id, versione, indice, campo, contenuto, telefono, email, at, by) ",
        );
        query.push_values(part, |mut values, paper| {
            let (telefono, email) = recapiti(paper);
            values.push_bind(paper.caso.0).push_bind(paper.versione).push_bind(paper.indice);
            values.push_bind(paper.campo.as_str()).push_bind(Json(&paper.contenuto)).push_bind(telefono);
            values.push_bind(email).push_bind(micros(paper.at)).push_bind(paper.by.as_str());
        });
        query.build().execute(&mut *connection).await?;
    }
    Ok(())
}

pub(crate) async fn add_rigetti(connection: &mut Connection, rigetti: &[RigettoRow]) -> Answer<()> {
    for part in in_powers(rigetti) {
        let mut query = QueryBuilder::<Db>::new(
            "insert into rigetto (caso_id, versione, ente, macrostruttura, servizio, gruppo, causa, suggerita, at) ",
        );
        query.push_values(part, |mut values, rigetto| {
            let of = &rigetto.tripletta;
            values.push_bind(rigetto.caso.0).push_bind(rigetto.versione).push_bind(of.ente.as_str());
            values.push_bind(of.macrostruttura.as_str()).push_bind(of.servizio.as_str());
            values.push_bind(rigetto.gruppo.as_ref().map(GruppoId::as_str)).push_bind(rigetto.causa.as_str());
            values.push_bind(rigetto.suggerita.as_ref().map(Json)).push_bind(micros(rigetto.at));
        });
        query.build().execute(&mut *connection).await?;
    }
    Ok(())
}

/// Replaces what was found before, unless that was found on a newer version.
pub(crate) async fn put_triage(connection: &mut Connection, triage: &[TriageRow]) -> Answer<()> {
    for part in in_powers(triage) {
        let mut query = QueryBuilder::<Db>::new("insert into triage (caso_id, versione, findings, at) ");
        query.push_values(part, |mut values, triage| {
            values.push_bind(triage.caso.0).push_bind(triage.versione);
            values.push_bind(Json(&triage.findings)).push_bind(micros(triage.at));
        });
        query.push(
            " on conflict (caso_id) do update
            set versione = excluded.versione, findings = excluded.findings, at = excluded.at
            where excluded.versione >= triage.versione",
        );
        query.build().execute(&mut *connection).await?;
    }
    Ok(())
}

/// Puts messages in each queue bound to their types. A command that no queue takes is an error, a fact is not.
pub(crate) async fn publish(
    connection: &mut Connection,
    messages: &[OutboxMessage],
    bindings: &HashMap<String, Vec<String>>,
    now: DateTime<Utc>,
) -> Answer<()> {
    let mut addressed = Vec::with_capacity(messages.len());
    for message in messages {
        let queues = bindings.get(&message.message_type).map(Vec::as_slice).unwrap_or_default();
        if queues.is_empty() && message.exchange == Exchange::Commands {
            let nobody = format!("no queue takes the command {}", message.message_type);
            return Err(StoreError::Data(nobody.into()).into());
        }
        addressed.extend(queues.iter().map(|queue| (queue, message)));
    }
    let now = micros(now);
    for part in in_powers(&addressed) {
        let mut query = QueryBuilder::<Db>::new(
            "insert into spool (queue, message_type, source, message_id, body, due_at, created_at) ",
        );
        query.push_values(part, |mut values, (queue, message)| {
            values.push_bind(queue.as_str()).push_bind(&*message.message_type).push_bind(&*message.source);
            values.push_bind(&*message.id).push_bind(&*message.body).push_bind(now).push_bind(now);
        });
        query.build().execute(&mut *connection).await?;
    }
    Ok(())
}
