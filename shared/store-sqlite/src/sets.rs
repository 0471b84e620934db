//! Many rows in one statement. Each statement goes to the connection's own thread and back, which costs more than most of
//! them do there.
//!
//! Rows go in by powers of two, so that few texts of statements are ever prepared. No macro checks a statement whose
//! length is known only here: the conformance suite does.

pub(crate) mod writes;

use std::collections::{BTreeMap, BTreeSet, HashSet};

use chrono::{DateTime, Utc};
use smista_domain::apply::HistoryRow;
use smista_domain::caso::{Caso, Pratica};
use smista_domain::fact::Contenuto;
use smista_domain::ids::CasoId;
use smista_store::{Dossier, MessageKey, OpeningKey};
use sqlx::types::Json;
use sqlx::{QueryBuilder, Row as _};
use uuid::Uuid;

use crate::queries::{Answer, Fault, micros, parsed};
use crate::{Connection, Db};

/// Rows in one statement at most.
const LARGEST: usize = 256;

/// The rows in order, in parts whose lengths are powers of two.
fn in_powers<T>(rows: &[T]) -> impl Iterator<Item = &[T]> {
    let mut rest = rows;
    std::iter::from_fn(move || {
        let largest = rest.len().min(LARGEST).checked_ilog2()?;
        let (part, others) = rest.split_at(1 << largest);
        rest = others;
        Some(part)
    })
}

/// Enters the keys; returns those that were not there.
pub(crate) async fn enter_inbox<'a>(
    connection: &mut Connection,
    worker: &str,
    keys: &BTreeSet<&'a MessageKey>,
    now: DateTime<Utc>,
) -> Answer<BTreeSet<&'a MessageKey>> {
    let keys: Vec<&'a MessageKey> = keys.iter().copied().collect();
    let (now, mut entered) = (micros(now), BTreeSet::new());
    for part in in_powers(&keys) {
        let mut query = QueryBuilder::<Db>::new("insert into inbox (worker, source, id, received_at) ");
        query.push_values(part, |mut row, key| {
            row.push_bind(worker.to_owned()).push_bind(&*key.source).push_bind(&*key.id).push_bind(now);
        });
        query.push(" on conflict do nothing returning source, id");
        let rows = query.build().fetch_all(&mut *connection).await?;
        // Hardly ever was one there before.
        if rows.len() == part.len() {
            entered.extend(part);
            continue;
        }
        let new: HashSet<(String, String)> = rows
            .iter()
            .map(|row| Ok((row.try_get(0)?, row.try_get(1)?)))
            .collect::<Result<_, sqlx::Error>>()?;
        entered.extend(part.iter().filter(|key| new.contains(&(key.source.clone(), key.id.clone()))));
    }
    Ok(entered)
}

pub(crate) async fn settle(connection: &mut Connection, spool_ids: &[i64]) -> Answer<()> {
    for part in in_powers(spool_ids) {
        let mut query = QueryBuilder::<Db>::new("delete from spool where id in (");
        let mut ids = query.separated(", ");
        part.iter().for_each(|id| {
            ids.push_bind(*id);
        });
        query.push(")").build().execute(&mut *connection).await?;
    }
    Ok(())
}

pub(crate) async fn opened_by(
    connection: &mut Connection,
    keys: &BTreeSet<OpeningKey>,
) -> Answer<BTreeMap<OpeningKey, CasoId>> {
    let keys: Vec<&OpeningKey> = keys.iter().collect();
    let mut opened = BTreeMap::new();
    for part in in_powers(&keys) {
        let mut query = QueryBuilder::<Db>::new(
            "select opening_source, opening_id, id from caso where (opening_source, opening_id) in (",
        );
        query.push_values(part, |mut row, key| {
            row.push_bind(&*key.source).push_bind(&*key.id);
        });
        for row in query.push(")").build().fetch_all(&mut *connection).await? {
            let key = OpeningKey { source: row.try_get(0)?, id: row.try_get(1)? };
            opened.insert(key, CasoId(row.try_get(2)?));
        }
    }
    Ok(opened)
}

/// Padri with their figli, in order of the padri's ids.
pub(crate) async fn pratiche(connection: &mut Connection, casi: &BTreeSet<CasoId>) -> Answer<Vec<Pratica>> {
    let ids: Vec<Uuid> = casi.iter().map(|id| id.0).collect();
    let mut pratiche = BTreeMap::<CasoId, Pratica>::new();
    for part in in_powers(&ids) {
        let mut query = QueryBuilder::<Db>::new(
            "with padri as (select distinct coalesce(padre_id, id) as id from caso where id in (",
        );
        let mut wanted = query.separated(", ");
        part.iter().for_each(|id| {
            wanted.push_bind(*id);
        });
        query.push(
            ")) select dettaglio from caso
            where id in (select id from padri) or padre_id in (select id from padri)
            order by padre_id is not null, opened_at, id",
        );
        let mut loaded = BTreeMap::<CasoId, Pratica>::new();
        for row in query.build().fetch_all(&mut *connection).await? {
            let Json(caso) = row.try_get::<Json<Caso>, _>(0)?;
            match caso.padre {
                None => {
                    loaded.insert(caso.id, Pratica::of(caso));
                }
                Some(padre) => {
                    let pratica = loaded.get_mut(&padre);
                    pratica
                        .ok_or_else(|| Fault::corrupt("caso", "a figlio without its padre"))?
                        .figli
                        .push(caso);
                }
            }
        }
        pratiche.extend(loaded);
    }
    Ok(pratiche.into_values().collect())
}

/// Cases, then what is told of each: one statement for all, so that they are of one moment.
pub(crate) async fn dossiers(connection: &mut Connection, casi: &BTreeSet<CasoId>) -> Answer<Vec<Dossier>> {
    let ids: Vec<Uuid> = casi.iter().map(|id| id.0).collect();
    let mut dossiers: Vec<Dossier> = Vec::with_capacity(ids.len());
    for part in in_powers(&ids) {
        let mut query = QueryBuilder::<Db>::new("with wanted (id) as (");
        query.push_values(part, |mut row, id| {
            row.push_bind(*id);
        });
        query.push(
            ") select id, 0, versione, 0, opened_at, '', dettaglio from caso where id in wanted
            union all
            select caso_id, 1, versione, 0, at, by, facts from caso_storia where caso_id in wanted
            union all
            select caso_id, 2, versione, indice, at, by, contenuto
            from revisione where caso_id in wanted and campo = 'descrizione' and erased_at is null
            order by 1, 2, 3, 4",
        );
        for row in query.build().fetch_all(&mut *connection).await? {
            let (id, kind) = (row.try_get::<Uuid, _>(0)?, row.try_get::<i64, _>(1)?);
            if kind == 0 {
                let Json(caso) = row.try_get(6)?;
                dossiers.push(Dossier { caso, storia: Vec::new(), descrizioni: Vec::new() });
            } else if let Some(dossier) = dossiers.last_mut().filter(|dossier| dossier.caso.id.0 == id) {
                if kind == 1 {
                    let (by, Json(facts)) = (parsed("login", row.try_get(5)?)?, row.try_get(6)?);
                    let (versione, at) = (row.try_get(2)?, row.try_get(4)?);
                    dossier.storia.push(HistoryRow { versione, at, by, facts });
                } else if let Json(Contenuto::Testo(testo)) = row.try_get(6)? {
                    dossier.descrizioni.push(testo);
                }
            }
        }
    }
    Ok(dossiers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_powers_of_two_in_order() {
        let rows: Vec<usize> = (0..599).collect();
        let parts: Vec<&[usize]> = in_powers(&rows).collect();
        let lengths: Vec<usize> = parts.iter().map(|part| part.len()).collect();
        assert_eq!(lengths, [256, 256, 64, 16, 4, 2, 1]);
        assert_eq!(parts.concat(), rows);
        assert_eq!(in_powers::<usize>(&[]).count(), 0);
    }
}
