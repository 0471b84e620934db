//! Sets of cases, read under lock.

use std::collections::BTreeSet;

use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use smista_domain::apply::HistoryRow;
use smista_domain::caso::{Caso, Pratica};
use smista_domain::fact::Contenuto;
use smista_domain::ids::{CasoId, CittadinoId};
use smista_store::Dossier;
use sqlx::types::Json;
use uuid::Uuid;

use crate::Connection;
use crate::queries::{Answer, Fault, parsed};

/// Locks the padri in order of id, then reads the figli of those that have some, by a statement of its own: what others
/// wrote while this one waited is committed by then, and its snapshot shows it.
pub(crate) async fn pratiche(connection: &mut Connection, casi: &BTreeSet<CasoId>) -> Answer<Vec<Pratica>> {
    let ids: Vec<Uuid> = casi.iter().map(|id| id.0).collect();
    let padri = sqlx::query!(
        r#"select id, ha_figli, dettaglio as "dettaglio!: Json<Caso>" from caso
        where id in (select coalesce(padre_id, id) from caso where id = any($1))
        order by id for no key update"#,
        &ids
    )
    .fetch_all(&mut *connection)
    .await?;
    let with_figli: Vec<Uuid> = padri.iter().filter(|row| row.ha_figli).map(|row| row.id).collect();
    let mut pratiche: Vec<Pratica> = padri.into_iter().map(|row| Pratica::of(row.dettaglio.0)).collect();
    if with_figli.is_empty() {
        return Ok(pratiche);
    }
    let figli = sqlx::query!(
        r#"select dettaglio as "dettaglio!: Json<Caso>" from caso
        where padre_id = any($1) order by opened_at, id"#,
        &with_figli
    )
    .fetch_all(&mut *connection)
    .await?;
    for figlio in figli.into_iter().map(|row| row.dettaglio.0) {
        // The padri come in order of id, as uuid sorts here and in the database alike.
        let place = pratiche.binary_search_by_key(&figlio.padre, |pratica| Some(pratica.padre.id));
        if let Ok(place) = place {
            pratiche[place].figli.push(figlio);
        }
    }
    Ok(pratiche)
}

/// One statement, so that a case and what is told of it are of one moment.
pub(crate) async fn dossiers(connection: &mut Connection, casi: &BTreeSet<CasoId>) -> Answer<Vec<Dossier>> {
    let ids: Vec<Uuid> = casi.iter().map(|id| id.0).collect();
    let rows = sqlx::query!(
        r#"select id as "id!", 0 as "kind!", versione as "versione!", 0::bigint as "indice!", opened_at as "at!",
            '' as "by!", dettaglio as "value!: Json<Box<RawValue>>"
        from caso where id = any($1)
        union all
        select caso_id, 1, versione, 0, at, by, facts from caso_storia where caso_id = any($1)
        union all
        select caso_id, 2, versione, indice, at, by, contenuto
        from revisione where caso_id = any($1) and campo = 'descrizione' and erased_at is null
        order by 1, 2, 3, 4"#,
        &ids
    )
    .fetch_all(&mut *connection)
    .await?;
    let mut dossiers: Vec<Dossier> = Vec::with_capacity(ids.len());
    for row in rows {
        let value = row.value.0.get();
        if row.kind == 0 {
            let caso = read("caso", value)?;
            dossiers.push(Dossier { caso, storia: Vec::new(), descrizioni: Vec::new() });
        } else if let Some(dossier) = dossiers.last_mut().filter(|dossier| dossier.caso.id.0 == row.id) {
            if row.kind == 1 {
                let (by, facts) = (parsed("login", row.by)?, read("facts", value)?);
                dossier.storia.push(HistoryRow { versione: row.versione, at: row.at, by, facts });
            } else if let Contenuto::Testo(testo) = read("contenuto", value)? {
                dossier.descrizioni.push(testo);
            }
        }
    }
    Ok(dossiers)
}

/// What is wrong with a value may quote it, and goes no further.
fn read<T: DeserializeOwned>(what: &'static str, json: &str) -> Answer<T> {
    serde_json::from_str(json).map_err(|_quotes| Fault::corrupt(what, "not as it was written"))
}

pub(crate) async fn known_casi(
    connection: &mut Connection,
    casi: &BTreeSet<CasoId>,
) -> Answer<BTreeSet<CasoId>> {
    let ids: Vec<Uuid> = casi.iter().map(|id| id.0).collect();
    let rows =
        sqlx::query!("select id from caso where id = any($1)", &ids).fetch_all(&mut *connection).await?;
    Ok(rows.into_iter().map(|row| CasoId(row.id)).collect())
}

pub(crate) async fn known_cittadini(
    connection: &mut Connection,
    cittadini: &BTreeSet<CittadinoId>,
) -> Answer<BTreeSet<CittadinoId>> {
    let ids: Vec<Uuid> = cittadini.iter().map(|id| id.0).collect();
    let rows =
        sqlx::query!("select id from cittadino where id = any($1)", &ids).fetch_all(&mut *connection).await?;
    Ok(rows.into_iter().map(|row| CittadinoId(row.id)).collect())
}
