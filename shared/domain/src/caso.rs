//! A Caso as decisions see it: where it stands and who holds it, without any personal data.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::catalogue::Profilo;
use crate::ids::{CasoId, CittadinoId, ContattoId, EnteId, GruppoId, Login, Protocollo, Tripletta};
use crate::motivo::{CanaleInbound, CanaleOutbound, Motivo};
use crate::stato::Stato;
use crate::text::NomeEsterno;

/// One citizen request (clause 2-2). What changes one applies facts to it, so that history replays to it; a store
/// reads back what they made. What it has nothing of is left out where it is kept: it is read and written at every step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caso {
    /// Its identifier.
    pub id: CasoId,
    /// The number that the citizen hears.
    pub protocollo: Protocollo,
    /// Rises by one with each command that changes the case; 1 is the opening.
    pub versione: i64,
    /// Why the citizen made contact; may be missing on a case cancelled at once (row 12).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub motivo: Option<Motivo>,
    /// The service; may be missing on a case cancelled at once (row 12).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tripletta: Option<Tripletta>,
    /// The service's profile when the case was opened or last reassigned (R20).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profilo: Option<Profilo>,
    /// Where it stands.
    pub stato: Stato,
    /// The second-level group that has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gruppo: Option<GruppoId>,
    /// The group that had it before it was rejected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gruppo_precedente: Option<GruppoId>,
    /// The person who holds it (2-5).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub titolare: Option<Login>,
    /// The referent who resolved it, to whom a hand-back returns it (row 18a).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub risolutore: Option<Login>,
    /// The case that this one is about (2-4).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub padre: Option<CasoId>,
    /// How the contact came in.
    pub canale: CanaleInbound,
    /// The channel's name where the case was imported from, as it was written there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub canale_origine: Option<NomeEsterno>,
    /// How the answer goes out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub canale_risposta: Option<CanaleOutbound>,
    /// Specialists involved while the case is with its group (row 14).
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub specialisti: BTreeSet<Login>,
    /// Everybody who was ever involved as a specialist: they go on seeing the case (R14).
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub coinvolti: BTreeSet<Login>,
    /// The groups that rejected it, in order (R12).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rigettato_da: Vec<GruppoId>,
    /// Rejections so far, the system's included (R12).
    pub rigetti: u32,
    /// Enti that had the case before, each with the last version that it may see (R23).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub enti_precedenti: Vec<EntePrecedente>,
    /// Has been assigned or transferred to the second level (2-4).
    pub stato_al_secondo_livello: bool,
    /// Somebody of the second level has accepted it since it was transferred (row 3a).
    pub preso_in_carico: bool,
    /// Failed attempts to tell the citizen since the answer exists (R19).
    pub tentativi_falliti: u32,
    /// A knowledge gap cites it, so the Ufficio sees it (R14).
    pub esigenza: bool,
    /// The version at which a referent first said that this Segnalazione is misrouted (R17). Cases stored before there
    /// was such a note lack it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub non_competente: Option<i64>,
    /// When the contact took place.
    pub opened_at: DateTime<Utc>,
    /// When the state or its attribute last changed.
    pub stato_since: DateTime<Utc>,
    /// The contact that opened it and perhaps others (R22).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contatto_id: Option<ContattoId>,
    /// The earlier case that this one takes up again (R17).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seguito_di: Option<CasoId>,
    /// The citizen of the register (R24).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cittadino: Option<CittadinoId>,
}

/// An Ente that a case has left (R23).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntePrecedente {
    /// Which.
    pub ente: EnteId,
    /// The last version before the case left; what came later it does not see.
    pub fino_a_versione: i64,
}

/// When a case that waits to be told to the citizen is flagged (R19).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ContactLimits {
    /// Failed attempts.
    pub max_failures: u32,
    /// Days in the state.
    pub max_days: i64,
}

impl Default for ContactLimits {
    /// 3 failures or 5 days (R19).
    fn default() -> Self {
        Self { max_failures: 3, max_days: 5 }
    }
}

impl Caso {
    /// Whether this case is about another one (2-4).
    pub fn is_figlio(&self) -> bool {
        self.padre.is_some()
    }

    /// The Ente of its service.
    pub fn ente(&self) -> Option<&EnteId> {
        self.tripletta.as_ref().map(|tripletta| &tripletta.ente)
    }

    /// Whether Gestione Rigetti should look twice: rejected twice, or sent back to a group that rejected it (R12).
    pub fn bounces(&self) -> bool {
        let sent_back = self.gruppo.as_ref().is_some_and(|gruppo| self.rigettato_da.contains(gruppo));
        self.rigetti >= 2 || sent_back
    }

    /// Whether the citizen has waited too long for an answer that exists (R19).
    pub fn contact_is_late(&self, limits: ContactLimits, now: DateTime<Utc>) -> bool {
        let waits = !self.stato.is_final() && self.stato.attributo().is_some();
        let days = now.signed_duration_since(self.stato_since).num_days();
        waits && (self.tentativi_falliti >= limits.max_failures || days >= limits.max_days)
    }
}

/// A padre with its figli, or a case by itself: what one command decides on and locks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pratica {
    /// The case without a padre.
    pub padre: Caso,
    /// Its figli, oldest first, final ones too.
    pub figli: Vec<Caso>,
}

impl Pratica {
    /// A case that has no figli yet.
    pub fn of(caso: Caso) -> Self {
        Self { padre: caso, figli: Vec::new() }
    }

    /// The case with this id, be it the padre or a figlio.
    pub fn caso(&self, id: CasoId) -> Option<&Caso> {
        std::iter::once(&self.padre).chain(&self.figli).find(|caso| caso.id == id)
    }

    /// The same, to change it.
    pub fn caso_mut(&mut self, id: CasoId) -> Option<&mut Caso> {
        std::iter::once(&mut self.padre).chain(&mut self.figli).find(|caso| caso.id == id)
    }

    /// The padre, then its figli.
    pub fn casi(&self) -> impl Iterator<Item = &Caso> {
        std::iter::once(&self.padre).chain(&self.figli)
    }
}
