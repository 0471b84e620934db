//! What somebody asks to be done. Each struct is the body of the HTTP call and the data of the message alike.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::anagrafica::{Anagrafica, Luogo};
use crate::fact::Tentativo;
use crate::ids::{CasoId, CittadinoId, ContattoId, GruppoId, Login, Protocollo, Tripletta};
use crate::motivo::{
    CanaleInbound, CanaleOutbound, CausaRigetto, EsitoTrasferimento, ModoIdentificazione, Motivo,
    MotivoAnnullamento, VerificaDisponibilita,
};
use crate::stato::Attributo;
use crate::text::{NomeEsterno, Testo};

/// A command on a case that exists, with what it needs to be decided. Opening one is [`Opening`].
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// `case.transfer_failed`, row 3a.
    TransferFailed(TransferFailed),
    /// `case.accept`, row 13.
    Accept,
    /// `case.release`, row 13.
    Release,
    /// `case.take_over`, row 13.
    TakeOver(WithNote),
    /// `case.involve`, row 14.
    Involve(Involve),
    /// `case.contribute`, row 14a.
    Contribute(WithText),
    /// `case.suspend`, row 15.
    Suspend(WithReason),
    /// `case.resolve`, row 16.
    Resolve(Box<Resolution>),
    /// `case.record_attempt`, rows 17 to 19.
    RecordAttempt(AttemptReport),
    /// `case.hand_back`, row 18a.
    HandBack(WithNote),
    /// `case.reject`, rows 20 and 20a.
    Reject(Rejection),
    /// `case.reassign`, row 21.
    Reassign(Reassignment),
    /// `case.cancel`, rows 22 and 22a.
    Cancel(Cancellation),
    /// `case.detach`, row 22b.
    Detach(WithReason),
    /// `case.note`, row 23.
    Note(Note),
    /// `case.correct_anagrafica`, row 23.
    CorrectAnagrafica(AnagraficaChange),
    /// Row 4a, by the system only: no door takes it from outside.
    Route,
}

/// The commands by name, as the table of transitions and the list of possible actions speak of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CommandKind {
    /// `contact.open`, which makes the case.
    Open,
    TransferFailed,
    Accept,
    Release,
    TakeOver,
    Involve,
    Contribute,
    Suspend,
    Resolve,
    RecordAttempt,
    HandBack,
    Reject,
    Reassign,
    Cancel,
    Detach,
    Note,
    CorrectAnagrafica,
    Route,
}

impl CommandKind {
    /// Every command on an existing case, in the order of the table.
    pub const ON_A_CASE: [CommandKind; 17] = [
        Self::TransferFailed,
        Self::Accept,
        Self::Release,
        Self::TakeOver,
        Self::Involve,
        Self::Contribute,
        Self::Suspend,
        Self::Resolve,
        Self::RecordAttempt,
        Self::HandBack,
        Self::Reject,
        Self::Reassign,
        Self::Cancel,
        Self::Detach,
        Self::Note,
        Self::CorrectAnagrafica,
        Self::Route,
    ];

    /// The type of the message that carries it.
    pub fn message_type(self) -> &'static str {
        match self {
            Self::Open => "contact.open",
            Self::TransferFailed => "case.transfer_failed",
            Self::Accept => "case.accept",
            Self::Release => "case.release",
            Self::TakeOver => "case.take_over",
            Self::Involve => "case.involve",
            Self::Contribute => "case.contribute",
            Self::Suspend => "case.suspend",
            Self::Resolve => "case.resolve",
            Self::RecordAttempt => "case.record_attempt",
            Self::HandBack => "case.hand_back",
            Self::Reject => "case.reject",
            Self::Reassign => "case.reassign",
            Self::Cancel => "case.cancel",
            Self::Detach => "case.detach",
            Self::Note => "case.note",
            Self::CorrectAnagrafica => "case.correct_anagrafica",
            Self::Route => "case.route",
        }
    }
}

impl Command {
    /// Which command it is.
    pub fn kind(&self) -> CommandKind {
        match self {
            Self::TransferFailed(_) => CommandKind::TransferFailed,
            Self::Accept => CommandKind::Accept,
            Self::Release => CommandKind::Release,
            Self::TakeOver(_) => CommandKind::TakeOver,
            Self::Involve(_) => CommandKind::Involve,
            Self::Contribute(_) => CommandKind::Contribute,
            Self::Suspend(_) => CommandKind::Suspend,
            Self::Resolve(_) => CommandKind::Resolve,
            Self::RecordAttempt(_) => CommandKind::RecordAttempt,
            Self::HandBack(_) => CommandKind::HandBack,
            Self::Reject(_) => CommandKind::Reject,
            Self::Reassign(_) => CommandKind::Reassign,
            Self::Cancel(_) => CommandKind::Cancel,
            Self::Detach(_) => CommandKind::Detach,
            Self::Note(_) => CommandKind::Note,
            Self::CorrectAnagrafica(_) => CommandKind::CorrectAnagrafica,
            Self::Route => CommandKind::Route,
        }
    }
}

/// The identifiers that the caller of [`crate::decide::open`] made for a new case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewCaso {
    /// Its identifier.
    pub id: CasoId,
    /// Its number.
    pub protocollo: Protocollo,
}

/// A contact to be registered; `motivo` and the facts given choose the row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Opening {
    /// Why the citizen made contact; may be missing only with `annullamento`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub motivo: Option<Motivo>,
    /// The service; a figlio takes its padre's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tripletta: Option<Tripletta>,
    /// How the contact came in.
    pub canale: CanaleInbound,
    /// The channel's name where the contact was imported from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub canale_origine: Option<NomeEsterno>,
    /// What the citizen asked; may be missing only with `annullamento`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<Testo>,
    /// The citizen's data, where the motivo asks for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub anagrafica: Option<Anagrafica>,
    /// Where the reported fact is, for a Segnalazione.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Luogo>,
    /// The answer given: an Informazione with one is answered, without one it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<Answer>,
    /// What the check before a transfer found (4.2-3).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verifica: Option<VerificaDisponibilita>,
    /// The case that a Sollecito, Notifica or Informazione su Case is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub padre: Option<CasoId>,
    /// What a Notifica brings (3.1-7).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notifica: Option<Notifica>,
    /// How the citizen was identified before the state was read out (4.1-7).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identificazione: Option<ModoIdentificazione>,
    /// Opens and cancels in one act (row 12).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub annullamento: Option<Cancellation>,
    /// When the contact took place, if not now; for contacts brought in from elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opened_at: Option<DateTime<Utc>>,
    /// R22.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contatto_id: Option<ContattoId>,
    /// R17.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seguito_di: Option<CasoId>,
    /// R24.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cittadino: Option<CittadinoId>,
}

/// The answer to a citizen, and how far it got.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// What the citizen was or will be told.
    pub text: Testo,
    /// By which channel.
    pub canale: CanaleOutbound,
    /// Comunicato unless said otherwise; the others only off line (6-3, R16).
    #[serde(default = "comunicato")]
    pub attributo: Attributo,
    /// The attempts made so far, for an answer that has not been told (6-5).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tentativi: Vec<Tentativo>,
}

fn comunicato() -> Attributo {
    Attributo::Comunicato
}

/// What a Notifica per informazione brings to its padre (3.1-7).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "tipo", rename_all = "snake_case", deny_unknown_fields)]
pub enum Notifica {
    /// The anagrafica changes.
    Anagrafica {
        /// The parts that change.
        anagrafica: Anagrafica,
    },
    /// Data that helps the work: the description is what the citizen adds.
    Integrazione {},
    /// The citizen withdraws the case (row 8a).
    Ritiro {},
}

/// Row 3a.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TransferFailed {
    /// What became of the call.
    pub esito: EsitoTrasferimento,
}

/// A command that a note goes with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WithNote {
    /// The note.
    pub note: Testo,
}

/// A command that a reason goes with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WithReason {
    /// The reason.
    pub reason: Testo,
}

/// Row 23: a note.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Note {
    /// The text.
    pub text: Testo,
    /// The group of a Segnalazione says that it is not competent (R17).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub non_competente: bool,
}

/// A command that brings a text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WithText {
    /// The text.
    pub text: Testo,
}

/// Row 14.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Involve {
    /// A specialist of the case's Ente.
    pub specialista: Login,
    /// What is asked of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Testo>,
}

/// Row 16.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resolution {
    /// The answer, and how far it got.
    pub answer: Answer,
}

/// Rows 17 to 19.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AttemptReport {
    /// The attempt.
    pub tentativo: Tentativo,
    /// Where the case stands after it.
    pub attributo: Attributo,
    /// What was said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Testo>,
}

/// Row 20.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rejection {
    /// The cause of 4.3-6.
    pub causa: CausaRigetto,
    /// Why, in words.
    pub note: Testo,
    /// The service that the group thinks is competent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tripletta_suggerita: Option<Tripletta>,
}

/// Row 21.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reassignment {
    /// The service that the case is really about, if another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tripletta: Option<Tripletta>,
    /// The group; left out, the competent one of the service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gruppo: Option<GruppoId>,
    /// Why; mandatory when the case goes back to a group that rejected it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Testo>,
}

/// Rows 12, 22 and 22a.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cancellation {
    /// The reason.
    pub motivo: MotivoAnnullamento,
    /// More about it; mandatory with `altro`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Testo>,
}

/// Row 23: the parts of the anagrafica that change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnagraficaChange {
    /// Parts left out stay as they are.
    pub anagrafica: Anagrafica,
}
