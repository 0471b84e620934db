//! The same sentences in English, for developers and logs.

use crate::refusal::{PadreWhy, ReassignWhy, Refusal, Why};

impl Refusal {
    /// The reason, in English.
    pub fn english(&self) -> String {
        match self {
            Self::Hidden => "There is no such case.".to_owned(),
            Self::State { stato, command } => format!(
                "The case is in state “{}”: from there the command “{}” is not possible.",
                stato.in_italian(),
                command.in_english()
            ),
            Self::Figlio { command } => format!(
                "A Sollecito or Notifica follows its padre: the command “{}” goes to the padre. The figlio takes only \
                 a note, or can be detached.",
                command.in_english()
            ),
            Self::Role { ruolo, command } => {
                format!("The command “{}” on this case is not for the role “{ruolo}”.", command.in_english())
            }
            Self::NotYourGroup { gruppo: Some(gruppo) } => {
                format!("The case is with the group “{gruppo}”, of which you are not a member.")
            }
            Self::NotYourGroup { gruppo: None } => "The case is not with a group of yours.".to_owned(),
            Self::HeldBy { titolare } => format!("The case is held by “{titolare}”."),
            Self::HeldByNobody => "Nobody holds the case.".to_owned(),
            Self::HeldByYou => "You already hold the case.".to_owned(),
            Self::Profile { profilo, motivo } => format!(
                "The motivo “{}” does not exist on a service with profile {}. It admits: {}.",
                motivo.in_italian(),
                profilo.name(),
                profilo.admitted_motivi()
            ),
            Self::MotivoNotHandled { motivo } => {
                format!("The motivo “{}” is not handled by this installation yet.", motivo.in_italian())
            }
            Self::UnknownTripletta { tripletta } => {
                format!("The service “{tripletta}” is not in the catalogue, or is retired.")
            }
            Self::Missing { field, .. } => format!("The mandatory field “{field}” is missing."),
            Self::NotAdmitted { field, why } => {
                format!("The field “{field}” cannot be accepted: {}.", because(*why))
            }
            Self::Anagrafica { missing } => {
                format!("The anagrafica is incomplete. This motivo also needs: {}.", missing.join(", "))
            }
            Self::Padre { why } => padre(*why).to_owned(),
            Self::NoContactBack => {
                "Contact back is not enabled for this service: the case cannot be resolved as Da Comunicare."
                    .to_owned()
            }
            Self::GroupRetired { gruppo } => format!(
                "The group “{gruppo}” is retired and the case about to pass to Gestione Rigetti: it cannot be resolved \
                 as Non Comunicato, because nobody would make further attempts."
            ),
            Self::InboundEmail => "You may not open cases from inbound email.".to_owned(),
            Self::AlreadyAccepted => {
                "The second level has accepted the case: the transfer succeeded, and the end of \
                 the call changes nothing."
                    .to_owned()
            }
            Self::HasCompetentGroup { gruppo } => {
                format!("The system cannot reject the case: the group “{gruppo}” is competent for it.")
            }
            Self::NotASpecialist { specialista } => {
                format!("“{specialista}” is not a specialist at work in the Ente of the case.")
            }
            Self::Reassignment { why } => reassignment(why),
            Self::CancelReason { stato, reclamo } => {
                cancel_reason(&stato.in_italian(), *reclamo, stato.attributo().is_some())
            }
            Self::Conflict { expected, actual } => format!(
                "The case has changed meanwhile: the command was made for version {expected}, the case is at version \
                 {actual}. Read it again and retry."
            ),
        }
    }
}

fn cancel_reason(stato: &str, reclamo: bool, answered: bool) -> String {
    if answered {
        format!("The case is in state “{stato}”: the command “cancel” needs the citizen's withdrawal.")
    } else if reclamo {
        format!(
            "The case is a Reclamo in state “{stato}”: the command “cancel” needs the citizen's withdrawal, a \
             duplicate, or that it is not the centre's business."
        )
    } else {
        format!("The case is in state “{stato}”: the reason given does not allow the command “cancel”.")
    }
}

fn because(why: Why) -> &'static str {
    match why {
        Why::OtherMotivo => "this motivo, with the other facts given, has no place for it",
        Why::OnlyOnTheTelephone => "a transfer, and the check before it, exist on the telephone only",
        Why::NoSecondLevel => "the service is on base and has no second level",
        Why::OnlyOffLine => "Non Comunicato and Non Comunicabile are for answers by email alone",
        Why::NotThisAttribute => "the attribute does not exist for this state and level",
        Why::OnlyOnceAccepted => {
            "an answer by email alone is Comunicato once the mail system has accepted it"
        }
        Why::NoFailedAttempt => "at least one failed attempt must be on record",
        Why::ContradictsTheAttempt => "it contradicts the outcome of the attempt",
        Why::OnlyFromImport => "only an import from a file gives it",
        Why::Sms => "an SMS never moves a case",
        Why::OnlyOutbound => "the citizen's own call is an attempt only where the first level calls back",
        Why::InboundIsReached => "who contacts the centre is reached: their contact is no failed attempt",
        Why::PadresOwn => "the service is its padre's",
        Why::UnknownCaso => "the case cited does not exist",
        Why::UnknownCittadino => "the citizen is not in the register",
        Why::InTheFuture => "the time is in the future",
        Why::TooLongAgo => "the time is before 1900",
        Why::NotOnTheGlobe => "the coordinates are incomplete or not on the globe",
        Why::OnlyOfASegnalazioneByItsReferents => {
            "only the second level says it, of a Segnalazione that it received"
        }
        Why::Empty => "there is nothing in it",
    }
}

fn padre(why: PadreWhy) -> &'static str {
    match why {
        PadreWhy::Unknown => "The padre named does not exist.",
        PadreWhy::IsFiglio => "The case named as padre is itself a figlio.",
        PadreWhy::NotAPadre => "Only an Informazione or a Reclamo can have figli.",
        PadreWhy::NeverWithSecondLevel => "The padre named has never been with the second level.",
        PadreWhy::Final => "The padre is closed: only an Informazione su Case is admitted.",
        PadreWhy::TellTheAnswer => {
            "The answer is there to be told: instead of a Sollecito, tell it to the citizen."
        }
    }
}

fn reassignment(why: &ReassignWhy) -> String {
    match why {
        ReassignWhy::NotAvanzato => "A case is reassigned only to a service on avanzato.".to_owned(),
        ReassignWhy::NoCompetentGroup => "The service has no competent group: name one.".to_owned(),
        ReassignWhy::UnknownGroup => "The group does not exist or is retired.".to_owned(),
        ReassignWhy::OtherEnte => "The group belongs to another Ente than the service.".to_owned(),
        ReassignWhy::NotCompetent => {
            "The group is competent for no service on avanzato of the Ente.".to_owned()
        }
        ReassignWhy::FallbackNotNeeded { competent } => format!(
            "The fallback group is for when nobody else is competent: for this service the group “{competent}” is."
        ),
        ReassignWhy::NoteNeeded => {
            "The group has rejected the case before: sending it back needs a note that says why.".to_owned()
        }
    }
}
