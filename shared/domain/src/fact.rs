//! What happened to a case. History keeps facts for ever and rebuilds the case from them, so a fact holds
//! everything that decisions rest on and no personal data: texts and anagrafiche are [`Paper`]s apart.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::anagrafica::{Anagrafica, Luogo};
use crate::catalogue::Profilo;
use crate::ids::{CasoId, CittadinoId, ContattoId, GruppoId, Login, Protocollo, Tripletta};
use crate::motivo::{
    CanaleInbound, CanaleOutbound, CausaRigetto, Direzione, EsitoTentativo, EsitoTrasferimento,
    GenereEsigenza, ModoIdentificazione, Motivo, MotivoAnnullamento, VerificaDisponibilita,
};
use crate::stato::Stato;
use crate::text::{NomeEsterno, Testo};

/// One thing that happened to one case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "fact", rename_all = "snake_case")]
pub enum Fact {
    /// Rows 1 to 12.
    Opened(Box<Opened>),
    /// With the second level and in no group yet: to be routed (rows 4a and 20a).
    Assigned,
    /// Put in the competent group (row 4a).
    Routed {
        /// Which.
        gruppo: GruppoId,
    },
    /// The transfer came to nothing (row 3a).
    TransferFailed {
        /// How.
        esito: EsitoTrasferimento,
    },
    /// Presa in carico (rows 13 to 13c, and implied by rows 14 to 21).
    Accepted {
        /// Who holds it now.
        titolare: Login,
    },
    /// Nobody holds it any more.
    Released,
    /// Taken over from an absent holder.
    TakenOver {
        /// Who held it.
        from: Login,
        /// Who holds it now.
        titolare: Login,
    },
    /// Row 14.
    SpecialistInvolved {
        /// Whom.
        specialista: Login,
    },
    /// An involved specialist wrote (row 14a).
    Contributed,
    /// Row 15.
    Suspended,
    /// Row 16.
    Resolved {
        /// Risolto II livello, with one of its four attributes.
        stato: Stato,
        /// Who resolved it.
        risolutore: Login,
        /// How the answer goes out.
        canale_risposta: CanaleOutbound,
    },
    /// An attempt to tell the citizen (rows 17 to 19, and what an opening or a resolution brings along).
    AttemptRecorded {
        /// The attempt.
        tentativo: Tentativo,
        /// Where the case stands after it.
        stato: Stato,
    },
    /// Row 18a.
    HandedBack {
        /// Who resolved it, if still a member of the group.
        titolare: Option<Login>,
    },
    /// Rows 20 and 20a.
    Rejected {
        /// The cause of 4.3-6.
        causa: CausaRigetto,
        /// The group that rejects; none when the case never reached one (R9).
        gruppo: Option<GruppoId>,
        /// What the group thinks is competent.
        suggerita: Option<Tripletta>,
        /// Whether the system did (20a).
        dal_sistema: bool,
    },
    /// Row 21.
    Reassigned {
        /// The group that has it now.
        gruppo: GruppoId,
        /// The service it is about now, changed or not.
        tripletta: Tripletta,
        /// The profile read now (R20).
        profilo: Profilo,
    },
    /// Rows 8a, 22, 22a.
    Cancelled {
        /// Why.
        motivo: MotivoAnnullamento,
    },
    /// A figlio tied to the wrong padre (row 22b).
    Detached,
    /// Row 23.
    Noted,
    /// A referent says that a Segnalazione is none of the group's (R17).
    FoundMisrouted,
    /// Row 23, or a Notifica that changes the anagrafica (3.1-7).
    AnagraficaCorrected,
    /// A figlio took over where its padre stands (R1); a final one, only to which Ente it went (R23).
    Followed(Box<Followed>),
    /// A knowledge gap that this case raised or was counted under (R9, R11).
    GapRaised {
        /// What is missing.
        genere: GenereEsigenza,
    },
}

/// How a case began.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opened {
    /// Its number.
    pub protocollo: Protocollo,
    /// Why the citizen made contact.
    pub motivo: Option<Motivo>,
    /// The service.
    pub tripletta: Option<Tripletta>,
    /// The profile read now (R20).
    pub profilo: Option<Profilo>,
    /// Where it stands.
    pub stato: Stato,
    /// The group that has it from the start.
    pub gruppo: Option<GruppoId>,
    /// The case that it is about.
    pub padre: Option<CasoId>,
    /// How the contact came in.
    pub canale: CanaleInbound,
    /// The channel's name where it was imported from.
    pub canale_origine: Option<NomeEsterno>,
    /// How the answer goes out.
    pub canale_risposta: Option<CanaleOutbound>,
    /// What the check before a transfer found (4.2-3).
    pub verifica: Option<VerificaDisponibilita>,
    /// How the citizen was identified (4.1-7).
    pub identificazione: Option<ModoIdentificazione>,
    /// Why it was cancelled at once (row 12).
    pub annullamento: Option<MotivoAnnullamento>,
    /// When the contact took place.
    pub opened_at: DateTime<Utc>,
    /// R22.
    pub contatto_id: Option<ContattoId>,
    /// R17.
    pub seguito_di: Option<CasoId>,
    /// R24.
    pub cittadino: Option<CittadinoId>,
}

/// Where a figlio stands once it has followed its padre, and which of the padre's changes it followed. An open one
/// stands where its padre does (R1); a final one keeps its own state and group (R23).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Followed {
    /// The padre's state, or its own.
    pub stato: Stato,
    /// The padre's group, or its own.
    pub gruppo: Option<GruppoId>,
    /// The padre's service.
    pub tripletta: Option<Tripletta>,
    /// The padre's profile.
    pub profilo: Option<Profilo>,
    /// The padre's version with the change.
    pub padre_versione: i64,
    /// The padre's fact that made the change.
    pub cambiamento: String,
}

/// An attempt to tell the citizen (R19).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tentativo {
    /// By which channel; an SMS never moves a case (R16).
    pub canale: CanaleOutbound,
    /// Who called whom.
    pub direzione: Direzione,
    /// How it ended.
    pub esito: EsitoTentativo,
    /// When; the time of the command if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<DateTime<Utc>>,
}

/// Personal or free text that a command brought, kept apart from the facts and erasable.
#[derive(Debug, Clone, PartialEq)]
pub struct Paper {
    /// What it is.
    pub campo: Campo,
    /// What it says.
    pub contenuto: Contenuto,
}

/// Which part of a case a [`Paper`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Campo {
    /// What the citizen asked.
    Descrizione,
    /// What the citizen was or will be told.
    Risposta,
    /// A note; the reason given with a command is one.
    Nota,
    /// What an involved specialist wrote.
    Contributo,
    /// Where a reported fact is.
    Luogo,
    /// The citizen's data.
    Anagrafica,
}

/// The content of a [`Paper`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Contenuto {
    /// Words.
    Testo(Testo),
    /// A place.
    Luogo(Luogo),
    /// The citizen's data: whole at the opening, later the parts that change (`Anagrafica::changed_by`).
    Anagrafica(Box<Anagrafica>),
}

impl Campo {
    /// Every part.
    pub const ALL: [Campo; 6] =
        [Self::Descrizione, Self::Risposta, Self::Nota, Self::Contributo, Self::Luogo, Self::Anagrafica];

    /// The name in the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Descrizione => "descrizione",
            Self::Risposta => "risposta",
            Self::Nota => "nota",
            Self::Contributo => "contributo",
            Self::Luogo => "luogo",
            Self::Anagrafica => "anagrafica",
        }
    }
}

impl Paper {
    /// A text.
    pub fn text(campo: Campo, testo: Testo) -> Self {
        Self { campo, contenuto: Contenuto::Testo(testo) }
    }

    /// The citizen's data.
    pub fn anagrafica(anagrafica: Anagrafica) -> Self {
        Self { campo: Campo::Anagrafica, contenuto: Contenuto::Anagrafica(Box::new(anagrafica)) }
    }
}

impl Fact {
    /// The type of the message that publishes it: `case.opened`.
    pub fn message_type(&self) -> &'static str {
        match self {
            Self::Opened(_) => "case.opened",
            Self::Assigned => "case.assigned",
            Self::Routed { .. } => "case.routed",
            Self::TransferFailed { .. } => "case.transfer_ended",
            Self::Accepted { .. } => "case.accepted",
            Self::Released => "case.released",
            Self::TakenOver { .. } => "case.taken_over",
            Self::SpecialistInvolved { .. } => "case.specialist_involved",
            Self::Contributed => "case.contributed",
            Self::Suspended => "case.suspended",
            Self::Resolved { .. } => "case.resolved",
            Self::AttemptRecorded { .. } => "case.attempt_recorded",
            Self::HandedBack { .. } => "case.handed_back",
            Self::Rejected { .. } => "case.rejected",
            Self::Reassigned { .. } => "case.reassigned",
            Self::Cancelled { .. } => "case.cancelled",
            Self::Detached => "case.detached",
            Self::Noted => "case.noted",
            Self::FoundMisrouted => "case.found_misrouted",
            Self::AnagraficaCorrected => "case.anagrafica_corrected",
            Self::Followed(_) => "case.followed",
            Self::GapRaised { .. } => "gap.raised",
        }
    }
}

#[cfg(test)]
mod tests;
