//! Sets of cases, read under lock.

use std::collections::{BTreeMap, BTreeSet};

use smista_domain::caso::{Caso, Pratica};
use smista_domain::ids::{CasoId, CittadinoId};
use smista_store::OpeningKey;
use sqlx::types::Json;
use uuid::Uuid;

use crate::Connection;
use crate::queries::Answer;

/// Locks the padri in order of id, then reads the figli by a statement of its own: what others wrote while this one
/// waited is committed by then, and its snapshot shows it.
pub(crate) async fn pratiche(connection: &mut Connection, casi: &BTreeSet<CasoId>) -> Answer<Vec<Pratica>> {
    let ids: Vec<Uuid> = casi.iter().map(|id| id.0).collect();
    let padri = sqlx::query!(
        r#"select dettaglio as "dettaglio!: Json<Caso>" from caso
        where id in (select coalesce(padre_id, id) from caso where id = any($1))
        order by id for no key update"#,
        &ids
    )
    .fetch_all(&mut *connection)
    .await?;
    let mut pratiche: Vec<Pratica> = padri.into_iter().map(|row| Pratica::of(row.dettaglio.0)).collect();
    let padri: Vec<Uuid> = pratiche.iter().map(|pratica| pratica.padre.id.0).collect();
    let figli = sqlx::query!(
        r#"select dettaglio as "dettaglio!: Json<Caso>" from caso
        where padre_id = any($1) order by opened_at, id"#,
        &padri
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

pub(crate) async fn opened_casi(
    connection: &mut Connection,
    openings: &BTreeSet<OpeningKey>,
) -> Answer<BTreeMap<OpeningKey, CasoId>> {
    let sources: Vec<&str> = openings.iter().map(|key| key.source.as_str()).collect();
    let ids: Vec<&str> = openings.iter().map(|key| key.id.as_str()).collect();
    let rows = sqlx::query!(
        r#"select opening_source as source, opening_id as opening, caso.id from caso
        join unnest($1::text[], $2::text[]) as wanted (source, opening)
            on opening_source = wanted.source and opening_id = wanted.opening"#,
        &sources as &[&str],
        &ids as &[&str]
    )
    .fetch_all(&mut *connection)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (OpeningKey { source: row.source, id: row.opening }, CasoId(row.id)))
        .collect())
}
