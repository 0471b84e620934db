use chrono::DateTime;
use smista_domain::apply::HistoryRow;
use smista_domain::catalogue::Profilo;
use smista_domain::fact::Fact;
use smista_domain::ids::{EnteId, GruppoId, Login, MacrostrutturaId, ServizioId, Tripletta};
use smista_domain::motivo::CausaRigetto;

use super::path;

fn gruppo(code: &str) -> GruppoId {
    GruppoId::new(code).expect("a code")
}

fn tripletta() -> Tripletta {
    Tripletta {
        ente: EnteId::new("firenze").expect("a code"),
        macrostruttura: MacrostrutturaId::new("unit").expect("a code"),
        servizio: ServizioId::new("verde").expect("a code"),
    }
}

fn rejected(by: Option<&str>, dal_sistema: bool) -> Fact {
    let causa = CausaRigetto::ErroreOperatore;
    Fact::Rejected { causa, gruppo: by.map(gruppo), suggerita: None, dal_sistema }
}

fn history(facts: Vec<Vec<Fact>>) -> Vec<HistoryRow> {
    let row = |(facts, versione)| HistoryRow {
        versione,
        at: DateTime::UNIX_EPOCH,
        by: Login::new("giulia").expect("a login"),
        facts,
    };
    facts.into_iter().zip(1..).map(row).collect()
}

/// Proves R12.
#[test]
fn the_path_names_each_group_with_its_version_and_who_rejected_why() {
    let reassigned =
        Fact::Reassigned { gruppo: gruppo("verde"), tripletta: tripletta(), profilo: Profilo::Avanzato };
    let path = path(&history(vec![
        vec![Fact::Routed { gruppo: gruppo("strade") }],
        vec![rejected(Some("strade"), false)],
        vec![reassigned],
        vec![Fact::Noted],
        vec![rejected(Some("verde"), false)],
    ]));
    let groups: Vec<_> = path.iter().map(|stay| (stay.versione, stay.gruppo.clone())).collect();
    assert_eq!(groups, [(1, Some(gruppo("strade"))), (3, Some(gruppo("verde")))]);
    assert_eq!(path[1].tripletta, Some(tripletta()));
    let rigetto = path[1].rigetto.as_ref().expect("rejected");
    assert_eq!((rigetto.versione, rigetto.by.as_str()), (5, "giulia"));
    assert_eq!(rigetto.causa, CausaRigetto::ErroreOperatore);
}

/// Proves R9.
#[test]
fn a_case_that_never_reached_a_group_shows_its_rejection_by_the_system() {
    let path = path(&history(vec![vec![Fact::Assigned], vec![rejected(None, true)]]));
    assert_eq!(path.len(), 1);
    assert_eq!(path[0].gruppo, None);
    assert!(path[0].rigetto.as_ref().is_some_and(|rigetto| rigetto.dal_sistema));
}

#[test]
fn a_case_that_was_never_with_the_second_level_has_no_path() {
    assert!(path(&history(vec![vec![Fact::Noted]])).is_empty());
}
