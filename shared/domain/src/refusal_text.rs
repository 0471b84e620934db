//! What a refusal says of itself: a stable code, the clause behind it, the field at fault, and a sentence in
//! Italian and in English. Codes never change; sentences may.

mod english;
mod italian;
#[cfg(test)]
mod tests;

use std::fmt;

use crate::refusal::{PadreWhy, ReassignWhy, Refusal, Why};

impl std::error::Error for Refusal {}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.english())
    }
}

impl Refusal {
    /// The kind of refusal, the end of its problem type (RFC 9457).
    pub fn code(&self) -> &'static str {
        match self {
            Self::Hidden => "not-found",
            Self::State { .. } => "not-in-this-state",
            Self::Figlio { .. } => "figlio-follows-its-padre",
            Self::Role { .. } => "not-your-role",
            Self::NotYourGroup { .. } => "not-your-group",
            Self::HeldBy { .. } => "held-by-somebody-else",
            Self::HeldByNobody => "held-by-nobody",
            Self::HeldByYou => "held-by-you",
            Self::Profile { .. } => "motivo-not-on-this-profile",
            Self::MotivoNotHandled { .. } => "motivo-not-handled",
            Self::UnknownTripletta { .. } => "unknown-tripletta",
            Self::Missing { .. } => "missing-field",
            Self::NotAdmitted { .. } => "field-not-admitted",
            Self::Anagrafica { .. } => "incomplete-anagrafica",
            Self::Padre { .. } => "padre-not-admitted",
            Self::NoContactBack => "no-contact-back",
            Self::GroupRetired { .. } => "group-retired",
            Self::InboundEmail => "no-inbound-email",
            Self::AlreadyAccepted => "already-accepted",
            Self::HasCompetentGroup { .. } => "has-competent-group",
            Self::NotASpecialist { .. } => "not-a-specialist",
            Self::Reassignment { .. } => "reassignment-not-possible",
            Self::CancelReason { .. } => "cancel-reason-not-admitted",
            Self::Conflict { .. } => "version-conflict",
        }
    }

    /// The clause or reading that refuses.
    pub fn clause(&self) -> &'static str {
        match self {
            Self::Hidden | Self::Role { .. } | Self::NotYourGroup { .. } => "R14",
            Self::State { stato, .. } if stato.is_final() => "R17",
            Self::State { .. } => "6-1",
            Self::Figlio { .. } => "R1",
            Self::HeldBy { .. } | Self::HeldByNobody | Self::HeldByYou | Self::AlreadyAccepted => "2-5",
            Self::Profile { .. } => "R2",
            Self::MotivoNotHandled { motivo } => motivo.clause(),
            Self::UnknownTripletta { .. } => "3-3",
            Self::Missing { clause, .. } => clause,
            Self::NotAdmitted { why, .. } => why.clause(),
            Self::Anagrafica { .. } => "4.1-6",
            Self::Padre { why } => why.clause(),
            Self::NoContactBack => "4.2-8",
            Self::GroupRetired { .. } => "6-5",
            Self::InboundEmail => "5.1-1",
            Self::HasCompetentGroup { .. } => "R9",
            Self::NotASpecialist { .. } => "4.2-6",
            Self::Reassignment { why } => why.clause(),
            Self::CancelReason { .. } => "6-8",
            Self::Conflict { .. } => "3-1",
        }
    }

    /// The field of the command at fault, as it travels, where there is one.
    pub fn field(&self) -> Option<&'static str> {
        match self {
            Self::Missing { field, .. } | Self::NotAdmitted { field, .. } => Some(field),
            Self::Profile { .. } | Self::MotivoNotHandled { .. } | Self::CancelReason { .. } => {
                Some("motivo")
            }
            Self::UnknownTripletta { .. } => Some("tripletta"),
            Self::Anagrafica { .. } => Some("anagrafica"),
            Self::Padre { .. } => Some("padre"),
            Self::NoContactBack | Self::GroupRetired { .. } => Some("answer.attributo"),
            Self::InboundEmail => Some("canale"),
            Self::NotASpecialist { .. } => Some("specialista"),
            Self::Reassignment { why } => Some(why.field()),
            Self::Hidden
            | Self::State { .. }
            | Self::Figlio { .. }
            | Self::Role { .. }
            | Self::NotYourGroup { .. }
            | Self::HeldBy { .. }
            | Self::HeldByNobody
            | Self::HeldByYou
            | Self::AlreadyAccepted
            | Self::HasCompetentGroup { .. }
            | Self::Conflict { .. } => None,
        }
    }
}

impl Why {
    fn clause(self) -> &'static str {
        match self {
            Self::OtherMotivo | Self::OnlyFromImport | Self::NotOnTheGlobe | Self::Empty => "3-2",
            Self::OnlyOnTheTelephone => "4.2-1",
            Self::NoSecondLevel => "3.2-2",
            Self::OnlyOffLine => "6-3",
            Self::NotThisAttribute => "6-4",
            Self::OnlyOnceAccepted => "R4",
            Self::NoFailedAttempt => "6-5",
            Self::ContradictsTheAttempt | Self::OnlyOutbound | Self::InboundIsReached => "R19",
            Self::Sms => "R16",
            Self::PadresOwn => "R20",
            Self::UnknownCaso | Self::OnlyOfASegnalazioneByItsReferents => "R17",
            Self::UnknownCittadino => "R24",
            Self::InTheFuture | Self::TooLongAgo => "2-1",
        }
    }
}

impl PadreWhy {
    fn clause(self) -> &'static str {
        match self {
            Self::Unknown | Self::IsFiglio | Self::NeverWithSecondLevel => "2-4",
            Self::NotAPadre => "2-3",
            Self::Final | Self::TellTheAnswer => "R15",
        }
    }
}

impl ReassignWhy {
    fn clause(&self) -> &'static str {
        match self {
            Self::NotAvanzato => "3.2-3",
            Self::NoCompetentGroup => "R9",
            Self::UnknownGroup | Self::OtherEnte | Self::NotCompetent => "4.3-7",
            Self::FallbackNotNeeded { .. } => "R21",
            Self::NoteNeeded => "R12",
        }
    }

    fn field(&self) -> &'static str {
        match self {
            Self::NotAvanzato => "tripletta",
            Self::NoCompetentGroup
            | Self::UnknownGroup
            | Self::OtherEnte
            | Self::NotCompetent
            | Self::FallbackNotNeeded { .. } => "gruppo",
            Self::NoteNeeded => "note",
        }
    }
}
