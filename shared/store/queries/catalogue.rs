//! The catalogue, read and written as a whole.

use std::collections::{BTreeMap, BTreeSet};

use smista_domain::catalogue::{
    Catalogue, Documento, Ente, Gruppo, Macrostruttura, Operatore, Profilo, RispostaStandard, Ruolo, Scheda,
    Servizio, Sezione,
};
use smista_domain::ids::{DocumentoId, GruppoId, Login};
use smista_store::StoreError;
use sqlx::types::Json;

use super::casi::groups_with_untold_answers;
use super::{Answer, Fault, parsed, parsed_option, tripletta};
use crate::Connection;

pub(crate) async fn revision(connection: &mut Connection) -> Answer<i64> {
    let row = sqlx::query!("select revisione from catalogo_revisione where id = 1");
    Ok(row.fetch_one(&mut *connection).await?.revisione)
}

/// Puts `new` in the place of what is there, if that is still of the expected revision; returns the next one. The row of
/// the revision is held from the first statement on. Before its commit the caller must hold the catalogue alone, and
/// [`refuse_groups_in_use`].
pub(crate) async fn replace(connection: &mut Connection, expected: i64, new: &Catalogue) -> Answer<i64> {
    let raised = sqlx::query!(
        "update catalogo_revisione set revisione = revisione + 1 where id = 1 and revisione = $1",
        expected
    )
    .execute(&mut *connection)
    .await?;
    if raised.rows_affected() != 1 {
        return Err(StoreError::Changed { table: "catalogo_revisione", expected: 1, actual: 0 }.into());
    }
    clear(connection).await?;
    fill(connection, new).await?;
    Ok(expected + 1)
}

/// A group that still has answers to tell cannot be retired. The caller holds the catalogue alone, or a desk could resolve
/// a case of such a group in between.
pub(crate) async fn refuse_groups_in_use(connection: &mut Connection, new: &Catalogue) -> Answer<()> {
    let untold = groups_with_untold_answers(connection).await?;
    let groups: Vec<String> =
        untold.into_iter().filter(|gruppo| new.active_gruppo(gruppo).is_none()).map(String::from).collect();
    if !groups.is_empty() {
        return Err(StoreError::GroupInUse { groups }.into());
    }
    Ok(())
}

/// Reads every table; the caller sees to it that they are of one moment.
pub(crate) async fn read(connection: &mut Connection) -> Answer<Catalogue> {
    Ok(Catalogue {
        revision: revision(connection).await?,
        enti: enti(connection).await?.into_iter().map(|ente| (ente.id.clone(), ente)).collect(),
        macrostrutture: macrostrutture(connection)
            .await?
            .into_iter()
            .map(|unit| ((unit.ente.clone(), unit.id.clone()), unit))
            .collect(),
        servizi: servizi(connection)
            .await?
            .into_iter()
            .map(|servizio| (servizio.tripletta.clone(), servizio))
            .collect(),
        gruppi: gruppi(connection).await?.into_iter().map(|gruppo| (gruppo.id.clone(), gruppo)).collect(),
        operatori: operatori(connection)
            .await?
            .into_iter()
            .map(|operatore| (operatore.login.clone(), operatore))
            .collect(),
        schede: schede(connection).await?.into_iter().map(|scheda| (scheda.id.clone(), scheda)).collect(),
        documenti: documenti(connection)
            .await?
            .into_iter()
            .map(|documento| (documento.id.clone(), documento))
            .collect(),
    })
}

/// Removes every row, those that refer to others first.
async fn clear(connection: &mut Connection) -> Answer<()> {
    sqlx::query!("delete from servizio").execute(&mut *connection).await?;
    sqlx::query!("delete from scheda").execute(&mut *connection).await?;
    sqlx::query!("delete from documento").execute(&mut *connection).await?;
    sqlx::query!("delete from gruppo_membro").execute(&mut *connection).await?;
    sqlx::query!("delete from gruppo").execute(&mut *connection).await?;
    sqlx::query!("delete from operatore").execute(&mut *connection).await?;
    sqlx::query!("delete from macrostruttura").execute(&mut *connection).await?;
    sqlx::query!("delete from ente").execute(&mut *connection).await?;
    Ok(())
}

/// Fills the empty tables, those that others refer to first.
async fn fill(connection: &mut Connection, catalogue: &Catalogue) -> Answer<()> {
    for ente in catalogue.enti.values() {
        add_ente(connection, ente).await?;
    }
    for unit in catalogue.macrostrutture.values() {
        add_macrostruttura(connection, unit).await?;
    }
    for operatore in catalogue.operatori.values() {
        add_operatore(connection, operatore).await?;
    }
    for gruppo in catalogue.gruppi.values() {
        add_gruppo(connection, gruppo).await?;
    }
    for documento in catalogue.documenti.values() {
        add_documento(connection, documento).await?;
    }
    for scheda in catalogue.schede.values() {
        add_scheda(connection, scheda).await?;
    }
    for servizio in catalogue.servizi.values() {
        add_servizio(connection, servizio).await?;
    }
    Ok(())
}

async fn enti(connection: &mut Connection) -> Answer<Vec<Ente>> {
    let rows = sqlx::query!(r#"select id, nome, gruppo_di_ripiego, retired as "retired!: bool" from ente"#)
        .fetch_all(&mut *connection)
        .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Ente {
                id: parsed("ente", row.id)?,
                nome: row.nome,
                gruppo_di_ripiego: parsed_option("gruppo", row.gruppo_di_ripiego)?,
                retired: row.retired,
            })
        })
        .collect()
}

async fn add_ente(connection: &mut Connection, ente: &Ente) -> Answer<()> {
    sqlx::query!(
        "insert into ente (id, nome, gruppo_di_ripiego, retired) values ($1, $2, $3, $4)",
        ente.id.as_str(),
        ente.nome,
        ente.gruppo_di_ripiego.as_ref().map(GruppoId::as_str),
        ente.retired
    )
    .execute(&mut *connection)
    .await?;
    Ok(())
}

async fn macrostrutture(connection: &mut Connection) -> Answer<Vec<Macrostruttura>> {
    let rows =
        sqlx::query!(r#"select ente, id, nome, parent, retired as "retired!: bool" from macrostruttura"#)
            .fetch_all(&mut *connection)
            .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Macrostruttura {
                ente: parsed("ente", row.ente)?,
                id: parsed("macrostruttura", row.id)?,
                nome: row.nome,
                parent: parsed_option("macrostruttura", row.parent)?,
                retired: row.retired,
            })
        })
        .collect()
}

async fn add_macrostruttura(connection: &mut Connection, unit: &Macrostruttura) -> Answer<()> {
    sqlx::query!(
        "insert into macrostruttura (ente, id, nome, parent, retired) values ($1, $2, $3, $4, $5)",
        unit.ente.as_str(),
        unit.id.as_str(),
        unit.nome,
        unit.parent.as_ref().map(|parent| parent.as_str()),
        unit.retired
    )
    .execute(&mut *connection)
    .await?;
    Ok(())
}

async fn servizi(connection: &mut Connection) -> Answer<Vec<Servizio>> {
    let rows = sqlx::query!(
        r#"select ente, macrostruttura, id, nome, profilo, contact_back as "contact_back!: bool", gruppo,
            numero_trasferimento, agenda as "agenda!: bool", scheda, retired as "retired!: bool"
        from servizio"#
    )
    .fetch_all(&mut *connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Servizio {
                tripletta: tripletta(row.ente, row.macrostruttura, row.id)?,
                nome: row.nome,
                profilo: profilo(&row.profilo)?,
                contact_back: row.contact_back,
                gruppo: parsed_option("gruppo", row.gruppo)?,
                numero_trasferimento: row.numero_trasferimento,
                agenda: row.agenda,
                scheda: parsed_option("scheda", row.scheda)?,
                retired: row.retired,
            })
        })
        .collect()
}

async fn add_servizio(connection: &mut Connection, servizio: &Servizio) -> Answer<()> {
    let profilo = match servizio.profilo {
        Profilo::Base => "base",
        Profilo::Avanzato => "avanzato",
    };
    sqlx::query!(
        "insert into servizio (ente, macrostruttura, id, nome, profilo, contact_back, gruppo,
            numero_trasferimento, agenda, scheda, retired)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        servizio.tripletta.ente.as_str(),
        servizio.tripletta.macrostruttura.as_str(),
        servizio.tripletta.servizio.as_str(),
        servizio.nome,
        profilo,
        servizio.contact_back,
        servizio.gruppo.as_ref().map(GruppoId::as_str),
        servizio.numero_trasferimento,
        servizio.agenda,
        servizio.scheda.as_ref().map(|scheda| scheda.as_str()),
        servizio.retired
    )
    .execute(&mut *connection)
    .await?;
    Ok(())
}

fn profilo(name: &str) -> Answer<Profilo> {
    match name {
        "base" => Ok(Profilo::Base),
        "avanzato" => Ok(Profilo::Avanzato),
        other => Err(Fault::corrupt("profilo", format!("unknown name {other:?}"))),
    }
}

async fn gruppi(connection: &mut Connection) -> Answer<Vec<Gruppo>> {
    let mut membri = BTreeMap::<String, BTreeSet<Login>>::new();
    let rows = sqlx::query!("select gruppo, login from gruppo_membro").fetch_all(&mut *connection).await?;
    for row in rows {
        membri.entry(row.gruppo).or_default().insert(parsed("login", row.login)?);
    }
    let rows = sqlx::query!(r#"select id, ente, nome, email, retired as "retired!: bool" from gruppo"#)
        .fetch_all(&mut *connection)
        .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Gruppo {
                membri: membri.remove(&row.id).unwrap_or_default(),
                id: parsed("gruppo", row.id)?,
                ente: parsed("ente", row.ente)?,
                nome: row.nome,
                email: row.email,
                retired: row.retired,
            })
        })
        .collect()
}

async fn add_gruppo(connection: &mut Connection, gruppo: &Gruppo) -> Answer<()> {
    sqlx::query!(
        "insert into gruppo (id, ente, nome, email, retired) values ($1, $2, $3, $4, $5)",
        gruppo.id.as_str(),
        gruppo.ente.as_str(),
        gruppo.nome,
        gruppo.email,
        gruppo.retired
    )
    .execute(&mut *connection)
    .await?;
    for login in &gruppo.membri {
        sqlx::query!(
            "insert into gruppo_membro (gruppo, login) values ($1, $2)",
            gruppo.id.as_str(),
            login.as_str()
        )
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

async fn operatori(connection: &mut Connection) -> Answer<Vec<Operatore>> {
    let rows = sqlx::query!(
        r#"select login, nome, ruolo, ente, email_inbound as "email_inbound!: bool", retired as "retired!: bool"
        from operatore"#
    )
    .fetch_all(&mut *connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Operatore {
                login: parsed("login", row.login)?,
                nome: row.nome,
                ruolo: ruolo(&row.ruolo, row.ente)?,
                email_inbound: row.email_inbound,
                retired: row.retired,
            })
        })
        .collect()
}

/// The role's own serialised form is its name and, for two of them, its Ente.
fn ruolo(name: &str, ente: Option<String>) -> Answer<Ruolo> {
    let form = serde_json::json!({ "ruolo": name, "ente": ente });
    serde_json::from_value(form).map_err(|error| Fault::corrupt("ruolo", error))
}

async fn add_operatore(connection: &mut Connection, operatore: &Operatore) -> Answer<()> {
    let ente = match &operatore.ruolo {
        Ruolo::SecondoLivello { ente } | Ruolo::Specialista { ente } => Some(ente.as_str()),
        Ruolo::PrimoLivello
        | Ruolo::GestioneRigetti
        | Ruolo::Ufficio
        | Ruolo::Operazioni
        | Ruolo::Sistema => None,
    };
    sqlx::query!(
        "insert into operatore (login, nome, ruolo, ente, email_inbound, retired)
        values ($1, $2, $3, $4, $5, $6)",
        operatore.login.as_str(),
        operatore.nome,
        operatore.ruolo.name(),
        ente,
        operatore.email_inbound,
        operatore.retired
    )
    .execute(&mut *connection)
    .await?;
    Ok(())
}

async fn schede(connection: &mut Connection) -> Answer<Vec<Scheda>> {
    let rows = sqlx::query!(
        r#"select id, ente, titolo, sezioni as "sezioni!: Json<Vec<Sezione>>",
            risposte_standard as "risposte_standard!: Json<Vec<RispostaStandard>>", sms,
            documenti as "documenti!: Json<Vec<DocumentoId>>", retired as "retired!: bool"
        from scheda"#
    )
    .fetch_all(&mut *connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Scheda {
                id: parsed("scheda", row.id)?,
                ente: parsed("ente", row.ente)?,
                titolo: row.titolo,
                sezioni: row.sezioni.0,
                risposte_standard: row.risposte_standard.0,
                sms: row.sms,
                documenti: row.documenti.0,
                retired: row.retired,
            })
        })
        .collect()
}

async fn add_scheda(connection: &mut Connection, scheda: &Scheda) -> Answer<()> {
    sqlx::query!(
        "insert into scheda (id, ente, titolo, sezioni, risposte_standard, sms, documenti, retired)
        values ($1, $2, $3, $4, $5, $6, $7, $8)",
        scheda.id.as_str(),
        scheda.ente.as_str(),
        scheda.titolo,
        Json(&scheda.sezioni) as _,
        Json(&scheda.risposte_standard) as _,
        scheda.sms,
        Json(&scheda.documenti) as _,
        scheda.retired
    )
    .execute(&mut *connection)
    .await?;
    Ok(())
}

async fn documenti(connection: &mut Connection) -> Answer<Vec<Documento>> {
    let rows = sqlx::query!(
        r#"select id, ente, titolo, file, media_type, size_bytes, retired as "retired!: bool" from documento"#
    )
    .fetch_all(&mut *connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Documento {
                id: parsed("documento", row.id)?,
                ente: parsed("ente", row.ente)?,
                titolo: row.titolo,
                file: row.file,
                media_type: row.media_type,
                size_bytes: row.size_bytes,
                retired: row.retired,
            })
        })
        .collect()
}

async fn add_documento(connection: &mut Connection, documento: &Documento) -> Answer<()> {
    sqlx::query!(
        "insert into documento (id, ente, titolo, file, media_type, size_bytes, retired)
        values ($1, $2, $3, $4, $5, $6, $7)",
        documento.id.as_str(),
        documento.ente.as_str(),
        documento.titolo,
        documento.file,
        documento.media_type,
        documento.size_bytes,
        documento.retired
    )
    .execute(&mut *connection)
    .await?;
    Ok(())
}
