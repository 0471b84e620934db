//! Lists and counts. The conditions of a search are optional, so its text is put together as it runs, and the conformance
//! suite checks what the macros cannot.

use smista_domain::caso::Caso;
use smista_domain::stato::Stato;
use smista_store::{CasoFilter, CountBy, Counted, Cursor, Page, PageRequest};
use sqlx::QueryBuilder;
use sqlx::types::Json;

use super::{Answer, micros};
use crate::{Connection, Db};

pub(crate) async fn casi(
    connection: &mut Connection,
    filter: &CasoFilter,
    page: &PageRequest,
) -> Answer<Page<Caso>> {
    let limit = page.limit.max(0);
    let mut query = QueryBuilder::<Db>::new("select dettaglio from caso where 1 = 1");
    push_identity(&mut query, filter);
    push_service(&mut query, filter);
    push_stati(&mut query, &filter.stati);
    push_people(&mut query, filter);
    push_time(&mut query, filter, page.after);
    let order =
        if filter.newest_first { " order by opened_at desc, id desc" } else { " order by opened_at, id" };
    query.push(order).push(" limit ").push_bind(limit.saturating_add(1));
    let found: Vec<Json<Caso>> = query.build_query_scalar().fetch_all(&mut *connection).await?;
    let mut rows: Vec<Caso> = found.into_iter().map(|Json(caso)| caso).collect();
    // One row more than asked for says that there is a next page.
    let asked = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = rows.len() > asked;
    rows.truncate(asked);
    let next = rows.last().filter(|_| more).map(|caso| Cursor { opened_at: caso.opened_at, id: caso.id });
    Ok(Page { rows, next })
}

fn push_identity(query: &mut QueryBuilder<Db>, filter: &CasoFilter) {
    if let Some(protocollo) = filter.protocollo {
        query.push(" and protocollo_anno = ").push_bind(i64::from(protocollo.anno));
        query.push(" and protocollo_numero = ").push_bind(protocollo.numero);
    }
    if let Some(padre) = filter.padre {
        query.push(" and padre_id = ").push_bind(padre.0);
    }
    if !filter.padri.is_empty() {
        query.push(" and padre_id in (");
        let mut list = query.separated(", ");
        for padre in &filter.padri {
            list.push_bind(padre.0);
        }
        query.push(")");
    }
    if filter.only_padri {
        query.push(" and padre_id is null");
    }
    if filter.esigenza {
        query.push(" and esigenza = ").push_bind(true);
    }
    if let Some(contatto) = filter.contatto_id {
        query.push(" and contatto_id = ").push_bind(contatto.0);
    }
    if filter.misrouted {
        // When somebody said so and when the other case was opened, both by this installation's clock: a contact
        // may have taken place long before it was registered.
        query.push(
            " and non_competente is not null and not exists (
                select 1 from caso as later
                join caso_storia as opening on opening.caso_id = later.id and opening.versione = 1
                join caso_storia as said on said.caso_id = caso.id and said.versione = caso.non_competente
                where later.seguito_di = caso.id and opening.at >= said.at
            )",
        );
    }
}

fn push_service(query: &mut QueryBuilder<Db>, filter: &CasoFilter) {
    if let Some(ente) = &filter.ente {
        query.push(" and ente = ").push_bind(ente.as_str().to_owned());
    }
    if let Some(macrostruttura) = &filter.macrostruttura {
        query.push(" and macrostruttura = ").push_bind(macrostruttura.as_str().to_owned());
    }
    if let Some(servizio) = &filter.servizio {
        query.push(" and servizio = ").push_bind(servizio.as_str().to_owned());
    }
    push_one_of(query, "motivo", filter.motivi.iter().map(|motivo| motivo.as_str()));
    push_one_of(query, "gruppo", filter.gruppi.iter().map(|gruppo| gruppo.as_str()));
}

fn push_one_of<'a>(
    query: &mut QueryBuilder<Db>,
    column: &'static str,
    values: impl ExactSizeIterator<Item = &'a str>,
) {
    if values.len() == 0 {
        return;
    }
    query.push(" and ").push(column).push(" in (");
    let mut list = query.separated(", ");
    values.for_each(|value| {
        list.push_bind(value.to_owned());
    });
    query.push(")");
}

fn push_stati(query: &mut QueryBuilder<Db>, stati: &[Stato]) {
    if stati.is_empty() {
        return;
    }
    query.push(" and (");
    for (index, stato) in stati.iter().enumerate() {
        query.push(if index == 0 { "(stato = " } else { " or (stato = " }).push_bind(stato.name());
        match stato.attributo() {
            Some(attributo) => query.push(" and attributo = ").push_bind(attributo.as_str()),
            None => query.push(" and attributo is null"),
        };
        query.push(")");
    }
    query.push(")");
}

fn push_people(query: &mut QueryBuilder<Db>, filter: &CasoFilter) {
    if let Some(titolare) = &filter.titolare {
        query.push(" and titolare = ").push_bind(titolare.as_str().to_owned());
    }
    if let Some(cittadino) = filter.cittadino {
        query.push(" and cittadino_id = ").push_bind(cittadino.0);
    }
    if let Some(specialista) = &filter.coinvolto {
        query.push(" and id in (select caso_id from caso_specialista where login = ");
        query.push_bind(specialista.as_str().to_owned()).push(")");
    }
    if let Some(telefono) = &filter.telefono {
        query.push(" and id in (select caso_id from revisione where telefono = ");
        query.push_bind(telefono.as_str().to_owned()).push(")");
    }
    if let Some(email) = &filter.email {
        query.push(" and id in (select caso_id from revisione where lower(email) = lower(");
        query.push_bind(email.as_str().to_owned()).push("))");
    }
}

fn push_time(query: &mut QueryBuilder<Db>, filter: &CasoFilter, after: Option<Cursor>) {
    if let Some(from) = filter.opened_from {
        query.push(" and opened_at >= ").push_bind(micros(from));
    }
    if let Some(before) = filter.opened_before {
        query.push(" and opened_at < ").push_bind(micros(before));
    }
    if let Some(after) = after {
        query.push(if filter.newest_first { " and (opened_at, id) < (" } else { " and (opened_at, id) > (" });
        query.push_bind(micros(after.opened_at));
        query.push(", ").push_bind(after.id.0).push(")");
    }
}

pub(crate) async fn count(connection: &mut Connection, by: CountBy) -> Answer<Vec<Counted>> {
    Ok(match by {
        CountBy::Ente => sqlx::query!(
            r#"select coalesce(ente, '') as "key!: String", count(*) as "count!: i64" from caso
            group by coalesce(ente, '') order by 2 desc, 1"#
        )
        .fetch_all(&mut *connection)
        .await?
        .into_iter()
        .map(|row| Counted { key: row.key, attributo: None, count: row.count })
        .collect(),
        CountBy::Servizio => sqlx::query!(
            r#"select coalesce(ente || '/' || macrostruttura || '/' || servizio, '') as "key!: String",
                count(*) as "count!: i64"
            from caso group by coalesce(ente || '/' || macrostruttura || '/' || servizio, '')
            order by 2 desc, 1"#
        )
        .fetch_all(&mut *connection)
        .await?
        .into_iter()
        .map(|row| Counted { key: row.key, attributo: None, count: row.count })
        .collect(),
        CountBy::Stato => sqlx::query!(
            r#"select stato as "key!: String", attributo as "attributo: String", count(*) as "count!: i64"
            from caso group by stato, attributo order by 3 desc, 1, coalesce(attributo, '')"#
        )
        .fetch_all(&mut *connection)
        .await?
        .into_iter()
        .map(|row| Counted { key: row.key, attributo: row.attributo, count: row.count })
        .collect(),
        CountBy::Motivo => sqlx::query!(
            r#"select coalesce(motivo, '') as "key!: String", count(*) as "count!: i64" from caso
            group by coalesce(motivo, '') order by 2 desc, 1"#
        )
        .fetch_all(&mut *connection)
        .await?
        .into_iter()
        .map(|row| Counted { key: row.key, attributo: None, count: row.count })
        .collect(),
    })
}
