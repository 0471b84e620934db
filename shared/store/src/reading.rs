//! What is asked of the store when reading, and how it answers.

use chrono::{DateTime, Utc};
use serde::Serialize;
use smista_domain::anagrafica::{Email, Telefono};
use smista_domain::apply::HistoryRow;
use smista_domain::caso::Caso;
use smista_domain::ids::{
    CasoId, CittadinoId, ContattoId, EnteId, GruppoId, Login, MacrostrutturaId, Protocollo, ServizioId,
    Tripletta,
};
use smista_domain::motivo::{CausaRigetto, Motivo};
use smista_domain::stato::Stato;
use smista_domain::text::Testo;

/// Which cases, and in which order: all conditions given must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CasoFilter {
    /// With this number.
    pub protocollo: Option<Protocollo>,
    /// In one of these states; empty: any.
    pub stati: Vec<Stato>,
    /// Of one of these motivi; empty: any.
    pub motivi: Vec<Motivo>,
    /// Of this Ente.
    pub ente: Option<EnteId>,
    /// Of this Macrostruttura.
    pub macrostruttura: Option<MacrostrutturaId>,
    /// Of this service.
    pub servizio: Option<ServizioId>,
    /// With one of these groups; empty: any.
    pub gruppi: Vec<GruppoId>,
    /// Held by this person.
    pub titolare: Option<Login>,
    /// About this case.
    pub padre: Option<CasoId>,
    /// About one of these cases; empty: whatever they are about.
    pub padri: Vec<CasoId>,
    /// Only cases about no other case.
    pub only_padri: bool,
    /// Cases that this specialist was ever involved in.
    pub coinvolto: Option<Login>,
    /// Only cases that a knowledge gap cites.
    pub esigenza: bool,
    /// Contact at or after.
    pub opened_from: Option<DateTime<Utc>>,
    /// Contact before.
    pub opened_before: Option<DateTime<Utc>>,
    /// With this telephone in the anagrafica, now or earlier.
    pub telefono: Option<Telefono>,
    /// With this email in the anagrafica, now or earlier, whatever its capitals.
    pub email: Option<Email>,
    /// Of this citizen of the register.
    pub cittadino: Option<CittadinoId>,
    /// Opened by this contact (R22).
    pub contatto_id: Option<ContattoId>,
    /// Only Segnalazioni that a referent has found misrouted, and that no case opened since then cites (R17).
    pub misrouted: bool,
    /// The newest contact first, and each page before the last; the oldest first otherwise.
    pub newest_first: bool,
}

/// A place in a list ordered by contact time and id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// The contact time of the last row seen.
    pub opened_at: DateTime<Utc>,
    /// Its id.
    pub id: CasoId,
}

/// Which part of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageRequest {
    /// After this row; from the start if none.
    pub after: Option<Cursor>,
    /// At most so many rows.
    pub limit: i64,
}

/// A part of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The rows.
    pub rows: Vec<T>,
    /// Where the next part begins, if there is one.
    pub next: Option<Cursor>,
}

/// The key of a count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CountBy {
    /// By body.
    Ente,
    /// By body, unit and service.
    Servizio,
    /// By state and attribute.
    Stato,
    /// By motivo.
    Motivo,
}

/// A count. A key that a case lacks is the empty text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Counted {
    /// `firenze`; `firenze/servizi-demografici/carta-identita`; `rigettato`; `reclamo`.
    pub key: String,
    /// For a state, its attribute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attributo: Option<String>,
    /// How many.
    pub count: i64,
}

/// Where rejected cases of one service and cause ended up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RejectionOutcome {
    /// With this service.
    pub tripletta: Tripletta,
    /// And this group.
    pub gruppo: GruppoId,
    /// So many.
    pub count: i64,
}

/// For which service and cause cases were rejected that ended up somewhere (R12).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LearnedOutcome {
    /// They were rejected for this service.
    pub rejected: Tripletta,
    /// And this cause.
    pub causa: CausaRigetto,
    /// Where they ended up.
    pub outcome: RejectionOutcome,
}

/// The description of a case that the second level resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SolvedText {
    /// The service it was resolved under.
    pub tripletta: Tripletta,
    /// The group that resolved it.
    pub gruppo: GruppoId,
    /// What the citizen had asked.
    pub text: String,
}

/// A case with what triage reads of it (R12), all of one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dossier {
    /// The case.
    pub caso: Caso,
    /// Its whole history, oldest first.
    pub storia: Vec<HistoryRow>,
    /// What the citizen asked, oldest first; nothing of it once it is erased.
    pub descrizioni: Vec<Testo>,
}
