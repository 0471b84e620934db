//! What the centre learns from its cases: where rejected ones ended up and what solved ones were about (R12), and which
//! knowledge they lacked (R11).

use smista_domain::fact::Contenuto;
use smista_domain::motivo::CausaRigetto;
use smista_store::{EsigenzaRow, LearnedOutcome, RejectionOutcome, SolvedText};
use sqlx::types::Json;
use uuid::Uuid;

use super::{Answer, micros, named, parsed, tripletta};
use crate::Connection;

pub(crate) async fn rejection_outcomes(connection: &mut Connection) -> Answer<Vec<LearnedOutcome>> {
    let rows = sqlx::query!(
        r#"select rigetto.ente as "rejected_ente!", rigetto.macrostruttura as "rejected_macrostruttura!",
            rigetto.servizio as "rejected_servizio!", rigetto.causa as "causa!", caso.ente as "ente!",
            caso.macrostruttura as "macrostruttura!", caso.servizio as "servizio!", caso.gruppo as "gruppo!",
            count(distinct caso.id) as "count!: i64"
        from caso join rigetto on rigetto.caso_id = caso.id
        where caso.stato = 'risolto_secondo_livello' and caso.gruppo is not null
        group by rigetto.ente, rigetto.macrostruttura, rigetto.servizio, rigetto.causa, caso.ente,
            caso.macrostruttura, caso.servizio, caso.gruppo
        order by count(distinct caso.id) desc, caso.gruppo, caso.ente, caso.macrostruttura, caso.servizio"#
    )
    .fetch_all(&mut *connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            let rejected = tripletta(row.rejected_ente, row.rejected_macrostruttura, row.rejected_servizio)?;
            let causa = named("causa", &row.causa, CausaRigetto::from_name)?;
            let outcome = RejectionOutcome {
                tripletta: tripletta(row.ente, row.macrostruttura, row.servizio)?,
                gruppo: parsed("gruppo", row.gruppo)?,
                count: row.count,
            };
            Ok(LearnedOutcome { rejected, causa, outcome })
        })
        .collect()
}

pub(crate) async fn solved_texts(connection: &mut Connection, per_group: i64) -> Answer<Vec<SolvedText>> {
    // Sollecito and Notifica follow their padre into its state without having been resolved themselves.
    let rows = sqlx::query!(
        r#"select ranked.ente as "ente!", ranked.macrostruttura as "macrostruttura!",
            ranked.servizio as "servizio!", ranked.gruppo as "gruppo!",
            revisione.contenuto as "contenuto!: Json<Contenuto>"
        from (
            select id, ente, macrostruttura, servizio, gruppo, opened_at,
                row_number() over (partition by gruppo order by opened_at desc, id desc) as place
            from caso
            where stato = 'risolto_secondo_livello' and gruppo is not null and padre_id is null
        ) ranked
        join revisione on revisione.caso_id = ranked.id and revisione.campo = 'descrizione'
            and revisione.erased_at is null
        where ranked.place <= $1
        order by ranked.gruppo, ranked.opened_at desc, ranked.id desc"#,
        per_group
    )
    .fetch_all(&mut *connection)
    .await?;
    let mut texts = Vec::with_capacity(rows.len());
    for row in rows {
        let Contenuto::Testo(text) = row.contenuto.0 else { continue };
        texts.push(SolvedText {
            tripletta: tripletta(row.ente, row.macrostruttura, row.servizio)?,
            gruppo: parsed("gruppo", row.gruppo)?,
            text: text.as_str().to_owned(),
        });
    }
    Ok(texts)
}

/// Files each need, or counts it under the open one of its kind about the same service. In order of key, so that two
/// desks that raise the same needs wait for each other instead of standing still.
pub(crate) async fn file_esigenze(connection: &mut Connection, esigenze: &[EsigenzaRow]) -> Answer<()> {
    let mut in_order: Vec<_> = esigenze.iter().collect();
    in_order.sort_by_key(|need| (need.genere, &need.tripletta));
    for need in in_order {
        let of = &need.tripletta;
        let filed = sqlx::query!(
            r#"insert into esigenza (id, genere, ente, macrostruttura, servizio, stato, conteggio, created_at,
                updated_at)
            values ($1, $2, $3, $4, $5, 'segnalata', 1, $6, $6)
            on conflict (genere, ente, macrostruttura, servizio)
                where stato in ('segnalata', 'verificata', 'comunicata', 'integrata')
            do update set conteggio = esigenza.conteggio + 1, updated_at = excluded.updated_at
            returning id as "id!: Uuid""#,
            need.id,
            need.genere.as_str(),
            of.ente.as_str(),
            of.macrostruttura.as_str(),
            of.servizio.as_str(),
            micros(need.at)
        )
        .fetch_one(&mut *connection)
        .await?;
        sqlx::query!(
            "insert into esigenza_caso (esigenza_id, caso_id, at) values ($1, $2, $3) on conflict do nothing",
            filed.id,
            need.caso.0,
            micros(need.at)
        )
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}
