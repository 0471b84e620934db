//! Why a command was refused. Every refusal names the state, the command and the reason, and the clause behind it.
//!
//! A refusal carries codes and logins of colleagues, never a citizen's data: it travels in problem documents,
//! facts and logs.

use crate::catalogue::Profilo;
use crate::command::CommandKind;
use crate::ids::{GruppoId, Login, Tripletta};
use crate::motivo::Motivo;
use crate::stato::Stato;

/// A refusal. Its texts are in [`crate::refusal_text`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The actor may not know that the case exists (R14).
    Hidden,
    /// No row of the table leads from this state by this command.
    State {
        /// Where the case stands.
        stato: Stato,
        /// What was asked.
        command: CommandKind,
    },
    /// A figlio receives only a note or a detach (R1).
    Figlio {
        /// What was asked.
        command: CommandKind,
    },
    /// The command is another level's (6-2, R14).
    Role {
        /// The actor's role.
        ruolo: &'static str,
        /// What was asked.
        command: CommandKind,
    },
    /// The right level, but not the group that has the case, or another Ente's (R14).
    NotYourGroup {
        /// The group that has it.
        gruppo: Option<GruppoId>,
    },
    /// Somebody holds the case (2-5).
    HeldBy {
        /// Who.
        titolare: Login,
    },
    /// Nobody holds the case, so there is nothing to release or to take over.
    HeldByNobody,
    /// The actor holds the case already.
    HeldByYou,
    /// The motivo does not exist on the service's profile (R2).
    Profile {
        /// The service's profile.
        profilo: Profilo,
        /// What was asked.
        motivo: Motivo,
    },
    /// A motivo that this installation does not handle yet.
    MotivoNotHandled {
        /// Which.
        motivo: Motivo,
    },
    /// No such service in the catalogue, or it is retired (3-3).
    UnknownTripletta {
        /// Which.
        tripletta: Tripletta,
    },
    /// Something that the row asks for is missing.
    Missing {
        /// The field, as it travels.
        field: &'static str,
        /// The clause that asks for it.
        clause: &'static str,
    },
    /// Something was given that the row has no place for.
    NotAdmitted {
        /// The field, as it travels.
        field: &'static str,
        /// Why not.
        why: Why,
    },
    /// The anagrafica lacks mandatory parts (4.1-6, row 5).
    Anagrafica {
        /// Which.
        missing: Vec<&'static str>,
    },
    /// The padre does not admit this figlio (2-4, R15).
    Padre {
        /// Why not.
        why: PadreWhy,
    },
    /// Contact back is not enabled for the service (4.2-8).
    NoContactBack,
    /// The group that has the case is retired, so nobody would make the attempts that Non Comunicato promises (6-5).
    GroupRetired {
        /// The group.
        gruppo: GruppoId,
    },
    /// The operator may not open inbound email (5.1-1).
    InboundEmail,
    /// A transferred case that was accepted stays transferred whatever happens to the call (row 3a).
    AlreadyAccepted,
    /// The system rejects only what has no competent group (row 20a).
    HasCompetentGroup {
        /// The group.
        gruppo: GruppoId,
    },
    /// The named login is not a specialist of the case's Ente (4.2-6).
    NotASpecialist {
        /// Whom the command named.
        specialista: Login,
    },
    /// The reassignment is not possible as asked (row 21).
    Reassignment {
        /// Why not.
        why: ReassignWhy,
    },
    /// The reason given does not allow the cancellation (rows 22 and 22a).
    CancelReason {
        /// Where the case stands.
        stato: Stato,
        /// Whether it is a Reclamo.
        reclamo: bool,
    },
    /// Somebody else changed the case first.
    Conflict {
        /// The version that the command was made for.
        expected: i64,
        /// The version now.
        actual: i64,
    },
}

/// Why a field has no place in a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// The motivo or the other facts leave no room for it.
    OtherMotivo,
    /// A transfer, and the check before it, exist on the telephone only (row 3).
    OnlyOnTheTelephone,
    /// The service has no second level (row 2).
    NoSecondLevel,
    /// Non Comunicato and Non Comunicabile are for answers by email alone (6-3, R16).
    OnlyOffLine,
    /// The attribute does not exist for this state and level (6-3, 6-4).
    NotThisAttribute,
    /// An answer by email alone is told once the mail system has accepted it, not before (R4, R16).
    OnlyOnceAccepted,
    /// At least one failed attempt must be on record (6-5, 6-6).
    NoFailedAttempt,
    /// The attempt says that the citizen was told and the attribute that they were not, or the reverse.
    ContradictsTheAttempt,
    /// An SMS never moves a case (R16).
    Sms,
    /// The citizen's own contact is an attempt only where the first level calls back (R19).
    OnlyOutbound,
    /// Who contacts the centre is reached: such an attempt cannot have failed (R19).
    InboundIsReached,
    /// The service is its padre's (R20).
    PadresOwn,
    /// The case cited is not known.
    UnknownCaso,
    /// The citizen is not in the register.
    UnknownCittadino,
    /// Later than now.
    InTheFuture,
    /// Before 1900.
    TooLongAgo,
    /// The coordinates are not on the globe, or only one of the two is given.
    NotOnTheGlobe,
    /// Kept for ever with the history, so only an import may give it, which knows that it names no person.
    OnlyFromImport,
    /// Only a Segnalazione has nobody who could reject it, and only its own referents know that it is misrouted (R17).
    OnlyOfASegnalazioneByItsReferents,
    /// Nothing in it.
    Empty,
}

/// Why a padre does not admit a figlio (2-3, 2-4, R15).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PadreWhy {
    /// No such case.
    Unknown,
    /// It is itself a figlio (2-4).
    IsFiglio,
    /// Its motivo cannot be assigned to the second level (2-3).
    NotAPadre,
    /// It has never been with the second level (2-4).
    NeverWithSecondLevel,
    /// It is final: only Informazione su Case (R15).
    Final,
    /// The answer is there to be told: a Sollecito has nothing to urge (R15).
    TellTheAnswer,
}

/// Why a reassignment is not possible (row 21).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReassignWhy {
    /// The service is not on avanzato.
    NotAvanzato,
    /// The service has no competent group and none was named.
    NoCompetentGroup,
    /// The group does not exist or is retired.
    UnknownGroup,
    /// The group belongs to another Ente than the service.
    OtherEnte,
    /// The group is competent for no service on avanzato of the Ente.
    NotCompetent,
    /// The fallback group is for when nobody else is competent (R21), and this group is.
    FallbackNotNeeded {
        /// The competent group.
        competent: GruppoId,
    },
    /// Back to a group that rejected it only with a note.
    NoteNeeded,
}
