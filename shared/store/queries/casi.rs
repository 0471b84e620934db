//! Cases, their history and their papers, one case at a time.

use smista_domain::apply::HistoryRow;
use smista_domain::caso::{Caso, Pratica};
use smista_domain::fact::{Campo, Contenuto, Fact};
use smista_domain::ids::{CasoId, GruppoId, Protocollo};
use smista_domain::stato::Stato;
use smista_store::{PaperRow, StoriaRow, TriageRow};
use sqlx::types::Json;

use super::{Answer, Fault, parsed};
use crate::Connection;

pub(crate) async fn caso(connection: &mut Connection, id: CasoId) -> Answer<Option<Caso>> {
    let row = sqlx::query!(r#"select dettaglio as "dettaglio!: Json<Caso>" from caso where id = $1"#, id.0)
        .fetch_optional(&mut *connection)
        .await?;
    Ok(row.map(|row| row.dettaglio.0))
}

pub(crate) async fn caso_by_protocollo(
    connection: &mut Connection,
    protocollo: Protocollo,
) -> Answer<Option<Caso>> {
    let row = sqlx::query!(
        r#"select dettaglio as "dettaglio!: Json<Caso>" from caso
        where protocollo_anno = $1 and protocollo_numero = $2"#,
        i64::from(protocollo.anno),
        protocollo.numero
    )
    .fetch_optional(&mut *connection)
    .await?;
    Ok(row.map(|row| row.dettaglio.0))
}

/// A padre and its figli in one statement, so that both are of one moment.
pub(crate) async fn pratica(connection: &mut Connection, id: CasoId) -> Answer<Option<Pratica>> {
    let rows = sqlx::query!(
        r#"select dettaglio as "dettaglio!: Json<Caso>" from caso
        where id = (select coalesce(padre_id, id) from caso where id = $1)
            or padre_id = (select coalesce(padre_id, id) from caso where id = $1)
        order by padre_id is not null, opened_at, id"#,
        id.0
    )
    .fetch_all(&mut *connection)
    .await?;
    let mut casi = rows.into_iter().map(|row| row.dettaglio.0);
    Ok(casi.next().map(|padre| Pratica { padre, figli: casi.collect() }))
}

pub(crate) async fn storia(
    connection: &mut Connection,
    id: CasoId,
    after: i64,
    limit: i64,
) -> Answer<Vec<StoriaRow>> {
    let rows = sqlx::query!(
        r#"select versione, at as "at!: chrono::DateTime<chrono::Utc>", by, command,
            stato_before as "stato_before: Json<Stato>", stato_after as "stato_after!: Json<Stato>",
            facts as "facts!: Json<Vec<Fact>>"
        from caso_storia where caso_id = $1 and versione > $2 order by versione limit $3"#,
        id.0,
        after,
        limit
    )
    .fetch_all(&mut *connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            let by = parsed("login", row.by)?;
            Ok(StoriaRow {
                caso: id,
                row: HistoryRow { versione: row.versione, at: row.at, by, facts: row.facts.0 },
                command: row.command,
                stato_before: row.stato_before.map(|stato| stato.0),
                stato_after: row.stato_after.0,
            })
        })
        .collect()
}

pub(crate) async fn papers(connection: &mut Connection, id: CasoId) -> Answer<Vec<PaperRow>> {
    let rows = sqlx::query!(
        r#"select versione, indice, campo, contenuto as "contenuto!: Json<Contenuto>",
            at as "at!: chrono::DateTime<chrono::Utc>", by
        from revisione where caso_id = $1 and erased_at is null order by versione, indice"#,
        id.0
    )
    .fetch_all(&mut *connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(PaperRow {
                caso: id,
                versione: row.versione,
                indice: row.indice,
                campo: campo(&row.campo)?,
                contenuto: row.contenuto.0,
                at: row.at,
                by: parsed("login", row.by)?,
            })
        })
        .collect()
}

fn campo(name: &str) -> Answer<Campo> {
    let found = Campo::ALL.into_iter().find(|campo| campo.as_str() == name);
    found.ok_or_else(|| Fault::corrupt("campo", format!("unknown name {name:?}")))
}

pub(crate) async fn triage(connection: &mut Connection, id: CasoId) -> Answer<Option<TriageRow>> {
    let row = sqlx::query!(
        r#"select versione, findings as "findings!: Json<serde_json::Value>",
            at as "at!: chrono::DateTime<chrono::Utc>"
        from triage where caso_id = $1"#,
        id.0
    )
    .fetch_optional(&mut *connection)
    .await?;
    Ok(row.map(|row| TriageRow { caso: id, versione: row.versione, findings: row.findings.0, at: row.at }))
}

/// Row 20a: the groups that may not be retired.
pub(crate) async fn groups_with_untold_answers(connection: &mut Connection) -> Answer<Vec<GruppoId>> {
    let rows = sqlx::query!(
        r#"select distinct gruppo as "gruppo!" from caso
        where stato = 'risolto_secondo_livello' and attributo = 'non_comunicato' and gruppo is not null
        order by gruppo"#
    )
    .fetch_all(&mut *connection)
    .await?;
    rows.into_iter().map(|row| parsed("gruppo", row.gruppo)).collect()
}

/// Reserves numbers of a year and returns the first.
pub(crate) async fn reserve_protocolli(connection: &mut Connection, anno: i64, count: i64) -> Answer<i64> {
    let row = sqlx::query!(
        r#"insert into protocollo_contatore (anno, prossimo) values ($1, 1 + cast($2 as bigint))
        on conflict (anno) do update set prossimo = protocollo_contatore.prossimo + cast($2 as bigint)
        returning prossimo as "prossimo!: i64""#,
        anno,
        count
    )
    .fetch_one(&mut *connection)
    .await?;
    Ok(row.prossimo - count)
}
