//! What stands in columns of its own beside the whole value: taken from it here, and nowhere else.

use chrono::{DateTime, Utc};
use smista_domain::anagrafica::{Email, Telefono};
use smista_domain::caso::Caso;
use smista_domain::fact::Contenuto;
use smista_domain::ids::{GruppoId, Login};
use smista_domain::stato::Attributo;
use smista_store::PaperRow;
use uuid::Uuid;

use super::micros;

/// The columns that cases are searched by.
pub(crate) struct CasoColumns<'a> {
    pub(crate) id: Uuid,
    pub(crate) protocollo_anno: i64,
    pub(crate) protocollo_numero: i64,
    pub(crate) versione: i64,
    pub(crate) motivo: Option<&'static str>,
    pub(crate) ente: Option<&'a str>,
    pub(crate) macrostruttura: Option<&'a str>,
    pub(crate) servizio: Option<&'a str>,
    pub(crate) stato: &'static str,
    pub(crate) attributo: Option<&'static str>,
    pub(crate) gruppo: Option<&'a str>,
    pub(crate) titolare: Option<&'a str>,
    pub(crate) padre_id: Option<Uuid>,
    pub(crate) esigenza: bool,
    pub(crate) opened_at: DateTime<Utc>,
    pub(crate) stato_since: DateTime<Utc>,
    pub(crate) contatto_id: Option<Uuid>,
    pub(crate) seguito_di: Option<Uuid>,
    pub(crate) cittadino_id: Option<Uuid>,
}

impl<'a> CasoColumns<'a> {
    pub(crate) fn of(caso: &'a Caso) -> Self {
        let tripletta = caso.tripletta.as_ref();
        Self {
            id: caso.id.0,
            protocollo_anno: i64::from(caso.protocollo.anno),
            protocollo_numero: caso.protocollo.numero,
            versione: caso.versione,
            motivo: caso.motivo.map(|motivo| motivo.as_str()),
            ente: tripletta.map(|tripletta| tripletta.ente.as_str()),
            macrostruttura: tripletta.map(|tripletta| tripletta.macrostruttura.as_str()),
            servizio: tripletta.map(|tripletta| tripletta.servizio.as_str()),
            stato: caso.stato.name(),
            attributo: caso.stato.attributo().map(Attributo::as_str),
            gruppo: caso.gruppo.as_ref().map(GruppoId::as_str),
            titolare: caso.titolare.as_ref().map(Login::as_str),
            padre_id: caso.padre.map(|padre| padre.0),
            esigenza: caso.esigenza,
            opened_at: micros(caso.opened_at),
            stato_since: micros(caso.stato_since),
            contatto_id: caso.contatto_id.map(|contatto| contatto.0),
            seguito_di: caso.seguito_di.map(|earlier| earlier.0),
            cittadino_id: caso.cittadino.map(|cittadino| cittadino.0),
        }
    }
}

/// The telephone and the email that a paper is found by.
pub(crate) fn recapiti(paper: &PaperRow) -> (Option<&str>, Option<&str>) {
    match &paper.contenuto {
        Contenuto::Anagrafica(anagrafica) => {
            (anagrafica.telefono.as_ref().map(Telefono::as_str), anagrafica.email.as_ref().map(Email::as_str))
        }
        Contenuto::Testo(_) | Contenuto::Luogo(_) => (None, None),
    }
}
