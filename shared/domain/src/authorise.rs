//! Whether an actor may give a command to a case, as far as state, level, group and holder decide (6-2, R14).
//!
//! One function serves the decisions, which go on to look at what the command says, and the list of possible
//! actions, which has no command yet. The order of the checks is what the caller is told first.

use crate::attore::Attore;
use crate::caso::Caso;
use crate::catalogue::Ruolo;
use crate::command::CommandKind;
use crate::motivo::Motivo;
use crate::refusal::Refusal;
use crate::stato::{AttributoSecondoLivello, Stato};
use crate::transitions::{By, From, TRANSITIONS, Transition};
use crate::visibility::{Visibility, visibility};

/// The row by which this actor may do this to this case now.
pub fn authorise(caso: &Caso, command: CommandKind, attore: &Attore) -> Result<&'static Transition, Refusal> {
    let seen = visibility(attore, caso);
    if seen == Visibility::Hidden {
        return Err(Refusal::Hidden);
    }
    // A former Ente is told nothing of where the case stands now, its state and group included (R23).
    if matches!(seen, Visibility::UpTo { .. }) {
        return Err(Refusal::NotYourGroup { gruppo: None });
    }
    if follows_its_padre(caso) && !matches!(command, CommandKind::Note | CommandKind::Detach) {
        return Err(Refusal::Figlio { command });
    }
    let from_here = || TRANSITIONS.iter().filter(|row| row.command == command && starts_at(row.from, caso));
    if from_here().next().is_none() {
        return Err(Refusal::State { stato: caso.stato, command });
    }
    let row = from_here()
        .find(|row| is_level(row.by, caso, attore))
        .ok_or(Refusal::Role { ruolo: attore.ruolo.name(), command })?;
    if !is_right_group(row.by, caso, attore) {
        return Err(Refusal::NotYourGroup { gruppo: caso.gruppo.clone() });
    }
    check_holder(row, caso, attore)?;
    Ok(row)
}

/// What this actor can do with this case now, in the order of the table.
pub fn possible_actions(caso: &Caso, attore: &Attore) -> Vec<CommandKind> {
    CommandKind::ON_A_CASE.into_iter().filter(|command| authorise(caso, *command, attore).is_ok()).collect()
}

/// A Sollecito or Notifica; an Informazione su Case is born final and follows nobody (R1).
fn follows_its_padre(caso: &Caso) -> bool {
    caso.is_figlio() && caso.motivo != Some(Motivo::InformazioneSuCase)
}

fn starts_at(from: From, caso: &Caso) -> bool {
    match from {
        From::New => false,
        From::States(states) => states.contains(&caso.stato),
        From::AssegnatoWithoutGroup => caso.stato == Stato::Assegnato && caso.gruppo.is_none(),
        From::OpenFiglio => caso.is_figlio() && !caso.stato.is_final(),
        From::Any => true,
    }
}

/// Whether the actor belongs to the level that the row names, whatever their group.
fn is_level(by: By, caso: &Caso, attore: &Attore) -> bool {
    match by {
        By::PrimoLivello | By::TitolarePrimoLivello => attore.ruolo == Ruolo::PrimoLivello,
        By::Gruppo | By::TitolareDelGruppo => matches!(attore.ruolo, Ruolo::SecondoLivello { .. }),
        By::GestioneRigetti | By::TitolareRigetti => attore.ruolo == Ruolo::GestioneRigetti,
        By::SpecialistaCoinvolto => matches!(attore.ruolo, Ruolo::Specialista { .. }),
        By::Sistema => attore.ruolo == Ruolo::Sistema,
        By::LivelloCheLoHa => match level_that_has(caso) {
            Level::Primo => attore.ruolo == Ruolo::PrimoLivello,
            Level::Secondo => matches!(attore.ruolo, Ruolo::SecondoLivello { .. }),
            Level::Rigetti => attore.ruolo == Ruolo::GestioneRigetti,
        },
    }
}

/// The levels that can have a case (6-2); Gestione Rigetti has its own desk.
enum Level {
    Primo,
    Secondo,
    Rigetti,
}

/// Where the case is, whoever holds it; of a final one, where it was closed (row 23).
fn level_that_has(caso: &Caso) -> Level {
    match caso.stato {
        // Da Comunicare is on the first level's call-back list (6-7).
        Stato::RisoltoSecondoLivello(AttributoSecondoLivello::DaComunicare)
        | Stato::RisoltoPrimoLivello(_)
        | Stato::NonRisolvibilePerInformazioneCarente => Level::Primo,
        // A Sollecito without a group waits where its padre does: at the rejects desk, or about to be routed (R15).
        Stato::Assegnato if caso.is_figlio() && caso.gruppo.is_none() => Level::Rigetti,
        Stato::Rigettato => Level::Rigetti,
        Stato::Annullato if caso.gruppo.is_none() => Level::Primo,
        Stato::RisoltoSecondoLivello(_)
        | Stato::Assegnato
        | Stato::Trasferito
        | Stato::Sospeso
        | Stato::AssegnatoRisolto
        | Stato::Annullato => Level::Secondo,
    }
}

fn is_right_group(by: By, caso: &Caso, attore: &Attore) -> bool {
    match by {
        By::Gruppo | By::TitolareDelGruppo => attore.is_member_of(caso.gruppo.as_ref()),
        By::SpecialistaCoinvolto => caso.specialisti.contains(&attore.login),
        By::LivelloCheLoHa => match level_that_has(caso) {
            Level::Primo | Level::Rigetti => true,
            // Where no group has a Segnalazione, any referent of its Ente may say that it is misrouted (R17).
            Level::Secondo if caso.stato == Stato::AssegnatoRisolto && caso.gruppo.is_none() => true,
            Level::Secondo => attore.is_member_of(caso.gruppo.as_ref()),
        },
        By::PrimoLivello
        | By::TitolarePrimoLivello
        | By::GestioneRigetti
        | By::TitolareRigetti
        | By::Sistema => true,
    }
}

fn check_holder(row: &Transition, caso: &Caso, attore: &Attore) -> Result<(), Refusal> {
    let holds = |titolare: &crate::ids::Login| *titolare == attore.login;
    let needs_holder =
        matches!(row.by, By::TitolareDelGruppo | By::TitolarePrimoLivello | By::TitolareRigetti);
    match (row.command, &caso.titolare) {
        (CommandKind::Accept, Some(titolare)) if holds(titolare) => Err(Refusal::HeldByYou),
        (CommandKind::Accept, Some(titolare)) => Err(Refusal::HeldBy { titolare: titolare.clone() }),
        (CommandKind::Release | CommandKind::TakeOver, None) => Err(Refusal::HeldByNobody),
        (CommandKind::Release, Some(titolare)) if !holds(titolare) => {
            Err(Refusal::HeldBy { titolare: titolare.clone() })
        }
        (CommandKind::TakeOver, Some(titolare)) if holds(titolare) => Err(Refusal::HeldByYou),
        (_, Some(titolare)) if needs_holder && !holds(titolare) => {
            Err(Refusal::HeldBy { titolare: titolare.clone() })
        }
        (CommandKind::TransferFailed, _) if caso.preso_in_carico => Err(Refusal::AlreadyAccepted),
        _ => Ok(()),
    }
}
