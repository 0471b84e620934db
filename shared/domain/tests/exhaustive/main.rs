//! The exhaustive test: every state × command × role, and every opening, as `expectations/` has it.
//!
//! The expectations were transcribed from the process by hand; nothing of the code was read for them.

mod cells;
mod commands;
mod openings;
mod roles;
mod situations;
mod tsv;
#[path = "../support/world.rs"]
mod world;

use std::collections::BTreeSet;

use smista_domain::caso::Pratica;
use smista_domain::command::CommandKind;
use smista_domain::motivo::Motivo;
use smista_domain::transitions::TRANSITIONS;

use crate::roles::{ROLES, actor_and_standing};
use crate::situations::{FIGLIO, PADRE, Standing};
use crate::world::caso_id;

/// A cell of the situation that cannot exist.
const IMPOSSIBLE: &str = "-";

#[test]
fn every_cell_of_the_matrix_is_as_expected() {
    check_matrix("transitions.tsv", 4_590, |situation, standing| {
        (Pratica::of(situations::caso(situation, Motivo::Informazione, standing)), PADRE)
    });
}

#[test]
fn every_cell_of_the_figli_is_as_expected() {
    check_matrix("figli.tsv", 3_060, |situation, standing| (situations::figlio(situation, standing), FIGLIO));
}

fn check_matrix(file: &str, cells: usize, build: impl Fn(&str, Standing) -> (Pratica, u128)) {
    let matrix = tsv::read(file);
    assert_eq!(matrix.columns[2..], ROLES, "{file}: the roles");
    assert_eq!(matrix.lines.len() * ROLES.len(), cells, "{file}: the number of cells");
    matrix.assert_distinct(2);
    let situations: BTreeSet<_> = matrix.lines.iter().map(|line| &line[0]).collect();
    assert_eq!(matrix.lines.len(), situations.len() * CommandKind::ON_A_CASE.len(), "{file}: every command");
    let mut wrong = vec![];
    for line in &matrix.lines {
        let kind = commands::kind(&line[1]);
        for (role, expected) in ROLES.iter().zip(&line[2..]).filter(|(_, expected)| *expected != IMPOSSIBLE) {
            let (actor, standing) = actor_and_standing(role);
            let (pratica, caso) = build(&line[0], standing);
            let observed = cells::observed(&pratica, caso_id(caso), kind, actor);
            if observed != *expected {
                wrong.push(format!("{} {} {role}: expected {expected}, is {observed}", line[0], line[1]));
            }
        }
    }
    assert!(wrong.is_empty(), "{file}: {} cells differ\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_particular_cell_is_as_expected() {
    let particular = tsv::read("particular.tsv");
    particular.assert_distinct(4);
    assert_eq!(particular.lines.len(), 21);
    for line in &particular.lines {
        let [situation, circumstance, command, role, expected] = line.as_slice() else { panic!("{line:?}") };
        let (actor, standing) = actor_and_standing(role);
        let standing = match circumstance.as_str() {
            "in_carico" if situation == "rigettato" => Standing { holder: Some("rigetti-due"), ..standing },
            "in_carico" => Standing { holder: Some("referente-due"), ..standing },
            "coinvolto_da_un_gruppo_lasciato" => {
                Standing { involved: false, involved_by_a_former_group: true, ..standing }
            }
            unknown => panic!("no such circumstance: {unknown}"),
        };
        let pratica = Pratica::of(situations::caso(situation, Motivo::Informazione, standing));
        let observed = cells::observed(&pratica, caso_id(PADRE), commands::kind(command), actor);
        assert_eq!(observed, *expected, "{line:?}");
    }
}

/// The lines that an email request decides: a command cannot carry one yet, so they wait for outbound mail.
const WAITING_FOR_EMAIL_REQUESTS: [&str; 8] = ["13", "18", "23", "28", "34", "36", "38", "40"];

#[test]
fn every_opening_is_as_expected() {
    let file = tsv::read("openings.tsv");
    file.assert_distinct(1);
    assert_eq!(file.lines.len(), 600);
    let mut waiting = vec![];
    let mut wrong = vec![];
    for values in &file.lines {
        let line = openings::Line { tsv: &file, values };
        // Whoever may not open at all, and an esito that no proof makes good, are refused with or without it.
        let decided_by_request = line.get("prova") == "email_richiesta"
            && line.get("esito") != "comunicato"
            && line.get("atteso") != "no:ruolo";
        if decided_by_request {
            waiting.push(line.get("id").to_owned());
            continue;
        }
        let observed = line.observed();
        if observed != line.get("atteso") {
            wrong.push(format!("{}: is {observed}", values.join(" ")));
        }
    }
    assert!(wrong.is_empty(), "{} openings differ\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!(waiting, WAITING_FOR_EMAIL_REQUESTS);
}

/// The rows that later issues build: appointments, the Centralino, the fate of messages.
const ROWS_NOT_BUILT: [&str; 5] = ["10", "11", "24", "25", "26"];

#[test]
fn every_row_of_the_table_is_built_or_named_as_not_built() {
    let rows = tsv::read("rows.tsv");
    rows.assert_distinct(1);
    let expected: BTreeSet<&str> = rows.lines.iter().map(|line| line[0].as_str()).collect();
    let mut built: BTreeSet<&str> = TRANSITIONS.iter().map(|row| row.row).collect();
    assert!(ROWS_NOT_BUILT.iter().all(|row| built.insert(row)), "a row is built that is said not to be");
    assert_eq!(built, expected);
}

#[test]
fn every_row_leads_where_the_table_says() {
    let rows = tsv::read("rows.tsv");
    for line in rows.lines.iter().filter(|line| !ROWS_NOT_BUILT.contains(&line[0].as_str())) {
        let to: BTreeSet<String> = rows.value(line, "to").split(' ').map(str::to_owned).collect();
        for row in TRANSITIONS.iter().filter(|row| row.row == line[0]) {
            let built: BTreeSet<String> = match row.to {
                smista_domain::transitions::To::Unchanged => BTreeSet::from(["unchanged".to_owned()]),
                smista_domain::transitions::To::OneOf(states) => {
                    states.iter().map(ToString::to_string).collect()
                }
            };
            assert_eq!(built, to, "row {}", row.row);
        }
    }
}
