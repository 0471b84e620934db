//! By which row of the table of transitions a change came about, as its history tells.

use smista_domain::apply::HistoryRow;
use smista_domain::attore::Attore;
use smista_domain::authorise::authorise;
use smista_domain::caso::Caso;
use smista_domain::catalogue::Catalogue;
use smista_domain::command::CommandKind;
use smista_domain::fact::{Fact, Opened};
use smista_domain::motivo::Motivo;
use smista_domain::stato::Stato;
use smista_domain::transitions::{From, TRANSITIONS};
use smista_store::StoriaRow;

/// The places of all rows.
pub fn every_row() -> impl Iterator<Item = usize> {
    0..TRANSITIONS.len()
}

/// How a row is spoken of.
pub fn row_name(place: usize) -> String {
    let row = &TRANSITIONS[place];
    format!("{} {} by {:?}", row.row, row.command.message_type(), row.by)
}

/// The row of an entry's own command; none for what a figlio or a padre only took part in.
pub(crate) fn row_of(before: Option<&Caso>, entry: &StoriaRow, catalogue: &Catalogue) -> Option<usize> {
    let HistoryRow { by, facts, .. } = &entry.row;
    let Some(before) = before else {
        let Some(Fact::Opened(opened)) = facts.first() else { return None };
        let named = opening_row(opened);
        return TRANSITIONS.iter().position(|row| row.from == From::New && row.row == named);
    };
    let command = CommandKind::ON_A_CASE.into_iter().find(|kind| kind.message_type() == entry.command)?;
    if matches!(facts.first(), Some(Fact::Followed(_))) {
        return None;
    }
    let attore = match catalogue.operatori.get(by) {
        Some(operatore) => Attore::of_operatore(operatore, catalogue)?,
        None => Attore::sistema(by.clone()),
    };
    let row = authorise(before, command, &attore).ok()?;
    // Routing is one command with two ends; the list of possible actions knows the first.
    let found_nobody = command == CommandKind::Route && matches!(facts.first(), Some(Fact::Rejected { .. }));
    TRANSITIONS.iter().position(|other| match found_nobody {
        true => other.command == CommandKind::Route && other.row == "20a",
        false => other == row,
    })
}

fn opening_row(opened: &Opened) -> &'static str {
    match (opened.motivo, opened.stato) {
        (Some(Motivo::NotificaPerInformazione), Stato::Annullato) if opened.padre.is_some() => "8a",
        (_, Stato::Annullato) => "12",
        (Some(Motivo::Informazione), Stato::RisoltoPrimoLivello(_)) => "1",
        (Some(Motivo::Informazione), Stato::NonRisolvibilePerInformazioneCarente) => "2",
        (Some(Motivo::Informazione), Stato::Trasferito) => "3",
        (Some(Motivo::Informazione), Stato::Assegnato) => "4",
        (Some(Motivo::Reclamo), _) => "5",
        (Some(Motivo::Lamentela), _) => "6",
        (Some(Motivo::Segnalazione), _) => "7",
        (Some(Motivo::Sollecito | Motivo::NotificaPerInformazione), _) => "8",
        (Some(Motivo::InformazioneSuCase), _) => "9",
        _ => "",
    }
}
