//! The citizens' register (R24). Personal data: nothing here logs.

use smista_domain::anagrafica::{Anagrafica, DatoPersonale, Email, Telefono};
use smista_domain::ids::CittadinoId;
use smista_domain::motivo::ModoIdentificazione;
use smista_store::Cittadino;
use uuid::Uuid;

use super::{Answer, micros, named, parsed_option};
use crate::Connection;

type Time = chrono::DateTime<chrono::Utc>;

struct Row {
    id: Uuid,
    nome: Option<String>,
    cognome: Option<String>,
    telefono: Option<String>,
    email: Option<String>,
    indirizzo: Option<String>,
    identificazione: String,
    created_at: Time,
    updated_at: Time,
}

impl Row {
    fn read(self) -> Answer<Cittadino> {
        Ok(Cittadino {
            id: CittadinoId(self.id),
            anagrafica: Anagrafica {
                nome: parsed_option("nome", self.nome)?,
                cognome: parsed_option("cognome", self.cognome)?,
                telefono: parsed_option("telefono", self.telefono)?,
                email: parsed_option("email", self.email)?,
                indirizzo: parsed_option("indirizzo", self.indirizzo)?,
            },
            identificazione: named("identificazione", &self.identificazione, ModoIdentificazione::from_name)?,
            created_at: self.created_at,
            updated_at: self.updated_at,
        })
    }
}

/// Whether the citizen was added: not when the id is taken.
pub(crate) async fn add(connection: &mut Connection, cittadino: &Cittadino) -> Answer<bool> {
    let anagrafica = &cittadino.anagrafica;
    let added = sqlx::query!(
        "insert into cittadino
            (id, nome, cognome, telefono, email, indirizzo, identificazione, created_at, updated_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        on conflict (id) do nothing",
        cittadino.id.0,
        anagrafica.nome.as_ref().map(DatoPersonale::as_str),
        anagrafica.cognome.as_ref().map(DatoPersonale::as_str),
        anagrafica.telefono.as_ref().map(Telefono::as_str),
        anagrafica.email.as_ref().map(Email::as_str),
        anagrafica.indirizzo.as_ref().map(DatoPersonale::as_str),
        cittadino.identificazione.as_str(),
        micros(cittadino.created_at),
        micros(cittadino.updated_at)
    )
    .execute(&mut *connection)
    .await?;
    Ok(added.rows_affected() == 1)
}

pub(crate) async fn find(connection: &mut Connection, id: CittadinoId) -> Answer<Option<Cittadino>> {
    let row = sqlx::query_as!(
        Row,
        r#"select id as "id!: Uuid", nome, cognome, telefono, email, indirizzo, identificazione,
            created_at as "created_at!: Time", updated_at as "updated_at!: Time"
        from cittadino where id = $1"#,
        id.0
    )
    .fetch_optional(&mut *connection)
    .await?;
    row.map(Row::read).transpose()
}

pub(crate) async fn find_by(
    connection: &mut Connection,
    telefono: Option<&Telefono>,
    email: Option<&Email>,
) -> Answer<Vec<Cittadino>> {
    let rows = sqlx::query_as!(
        Row,
        r#"select id as "id!: Uuid", nome, cognome, telefono, email, indirizzo, identificazione,
            created_at as "created_at!: Time", updated_at as "updated_at!: Time"
        from cittadino where telefono = $1 or lower(email) = lower($2) order by created_at, id limit 50"#,
        telefono.map(Telefono::as_str),
        email.map(Email::as_str)
    )
    .fetch_all(&mut *connection)
    .await?;
    rows.into_iter().map(Row::read).collect()
}
