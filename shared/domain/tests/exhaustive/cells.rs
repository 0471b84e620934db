//! What the code does in one cell of the matrix, written as the files write it.

use std::collections::BTreeSet;

use smista_domain::authorise::{authorise, possible_actions};
use smista_domain::caso::Pratica;
use smista_domain::catalogue::Catalogue;
use smista_domain::command::CommandKind;
use smista_domain::decide::act;
use smista_domain::ids::CasoId;
use smista_domain::refusal::Refusal;
use smista_domain::stato::Stato;

use crate::commands::faultless;
use crate::world::{at, attore, catalogue, gruppo};

/// The cell that the code makes of this command by this actor.
pub(crate) fn observed(pratica: &Pratica, caso: CasoId, kind: CommandKind, actor: &str) -> String {
    let catalogue = catalogue_for(kind, actor);
    let attore = attore(actor, &catalogue);
    let before = pratica.caso(caso).expect("the case of the situation");
    let authorised = authorise(before, kind, &attore);
    assert_eq!(possible_actions(before, &attore).contains(&kind), authorised.is_ok());
    let outcomes: Vec<_> = faultless(kind)
        .iter()
        .map(|command| act(pratica, caso, command, &catalogue, &attore, at(1)))
        .collect();
    let row = match authorised {
        Err(refusal) => {
            let kinds: BTreeSet<_> =
                outcomes.iter().map(|outcome| outcome.as_ref().map_err(cell_kind)).map(Result::err).collect();
            assert_eq!(kinds, BTreeSet::from([Some(cell_kind(&refusal))]), "act and authorise disagree");
            return format!("no:{}", cell_kind(&refusal));
        }
        Ok(row) => row,
    };
    let after: Vec<Stato> = outcomes
        .into_iter()
        .filter_map(Result::ok)
        .map(|decision| {
            let pratica = decision.apply_to(Some(pratica.clone()), at(1)).expect("a pratica");
            pratica.caso(caso).expect("the case of the situation").stato
        })
        .collect();
    written(row.row, before.stato, &after)
}

fn written(row: &str, before: Stato, after: &[Stato]) -> String {
    match after {
        [] => "no:the command itself".to_owned(),
        [only] if *only == before => format!("ok:{row}"),
        [only] => format!("ok:{row}>{only}"),
        [first, ..] => {
            let attributi: Vec<_> =
                after.iter().filter_map(|stato| stato.attributo()).map(|a| a.as_str()).collect();
            format!("ok:{row}>{}/{}", first.name(), attributi.join("|"))
        }
    }
}

/// The system rejects what nobody is competent for: the group of the case has been retired.
fn catalogue_for(kind: CommandKind, actor: &str) -> Catalogue {
    let mut catalogue = catalogue();
    if kind == CommandKind::Reject && actor == "sistema" {
        let retired = catalogue.gruppi.get_mut(&gruppo("firenze-anagrafe"));
        retired.expect("a group of the catalogue").retired = true;
    }
    catalogue
}

fn cell_kind(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::Hidden => "nascosto",
        Refusal::State { .. } | Refusal::Figlio { .. } => "stato",
        Refusal::Role { .. } => "ruolo",
        Refusal::NotYourGroup { .. } => "ente_o_gruppo",
        Refusal::HeldBy { .. } | Refusal::HeldByNobody | Refusal::HeldByYou | Refusal::AlreadyAccepted => {
            "titolare"
        }
        other => other.code(),
    }
}
