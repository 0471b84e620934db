//! Rows that few batches write, one statement a table.

use std::collections::BTreeMap;

use smista_domain::ids::{GruppoId, Tripletta};
use smista_store::{RigettoRow, TriageRow};
use sqlx::types::Json;

use super::arrays;
use crate::Connection;
use crate::queries::{Answer, micros};

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
