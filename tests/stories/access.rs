//! The access matrix: everybody at every route, over HTTP and over the broker, as `contracts/access.tsv` has it. What
//! the answers are for is told in the other stories.

mod broker;
mod http;
mod matrix;
mod scene;

use std::collections::{BTreeMap, BTreeSet};

use smista_domain::command::CommandKind;
use smista_intake::http::{Route, Verb, routes};
use smista_tests::catalogue::{ANNA, CARLO};
use smista_tests::stories;

use matrix::{Cell, Matrix, Row};
use scene::Scene;

/// A case that never existed.
const NOWHERE: &str = "01900000-0000-7000-8000-000000000000";

/// The login behind a column of the matrix.
fn who(actor: &str) -> &str {
    match actor {
        "no_token" => ANNA,
        "not_delegated" => CARLO,
        login => login,
    }
}

fn verb(route: &Route) -> &'static str {
    match route.verb {
        Verb::Get => "GET",
        Verb::Post => "POST",
    }
}

/// The route that a line is about.
fn route_of<'a>(routes: &'a [Route], row: &Row) -> &'a Route {
    let found = routes.iter().find(|route| verb(route) == row.verb && route.path == row.path);
    found.unwrap_or_else(|| panic!("there is no {} {}", row.verb, row.path))
}

/// Whether the call leaves its case no longer as the matrix says: every command that succeeds, but for those that
/// only add to a case.
fn used_up(route: &Route, cell: &Cell) -> bool {
    use CommandKind::{Contribute, CorrectAnagrafica, Note};
    let adds = |kind| matches!(kind, Note | CorrectAnagrafica | Contribute);
    *cell == Cell::Succeeds && route.command.is_some_and(|kind| !adds(kind))
}

/// How many cases of each letter one sweep uses up.
fn used_up_by(matrix: &Matrix, routes: &[Route]) -> BTreeMap<char, usize> {
    let mut wanted = BTreeMap::new();
    for (row, _, cell) in matrix.cells() {
        if let Some(letter) = row.case.filter(|_| used_up(route_of(routes, row), cell)) {
            *wanted.entry(letter).or_default() += 1;
        }
    }
    wanted
}

#[test]
fn every_route_has_its_lines() {
    let (matrix, routes) = (Matrix::read(), routes());
    let lines = |route: &Route| -> Vec<&Row> {
        matrix.rows.iter().filter(|row| verb(route) == row.verb && route.path == row.path).collect()
    };
    let mut missing = Vec::new();
    for route in &routes {
        let lines = lines(route);
        let mut need = |there: bool, what: &str| {
            if !there {
                missing.push(format!("{} {}: {what}", verb(route), route.path));
            }
        };
        need(!lines.is_empty(), "a line");
        if route.command.is_none() {
            continue;
        }
        need(lines.iter().any(|row| row.cells.contains(&Cell::Succeeds)), "somebody who may");
        for example in &route.requests {
            need(lines.iter().any(|row| row.example == example.name), example.name);
        }
        if route.path.contains("{id}") {
            for (letter, whose) in [('S', "a foreign case"), ('L', "a case that left")] {
                need(lines.iter().any(|row| row.case == Some(letter)), whose);
            }
        }
    }
    assert!(missing.is_empty(), "contracts/access.tsv lacks\n{}", missing.join("\n"));
    for row in &matrix.rows {
        route_of(&routes, row);
    }
}

/// The matrix is whole: it proves nothing itself.
#[test]
fn everybody_who_may_not_see_a_case_is_tried_on_every_command() {
    let (matrix, routes) = (Matrix::read(), routes());
    let tried: BTreeSet<(&str, &str)> = matrix
        .cells()
        .filter(|(row, actor, _)| {
            row.case.is_some_and(|case| matches!(matrix.sight(actor, case), Cell::Refused(_)))
        })
        .map(|(row, actor, _)| (row.path.as_str(), actor))
        .collect();
    for route in routes.iter().filter(|route| route.command.is_some() && route.path.contains("{id}")) {
        for actor in ["carlo", "cinzia", "teo", "sara", "spina", "silva", "sofia", "ugo"] {
            assert!(tried.contains(&(route.path.as_str(), actor)), "{actor} {}", route.path);
        }
    }
}

stories! {
    /// Proves R14, R23.
    async fn everybody_may_do_and_see_what_the_matrix_says(office: &TestOffice) {
        let (matrix, routes) = (Matrix::read(), routes());
        let mut scene = Scene::build(office).await;
        // Lists first, while there is nothing in them but the scene.
        let mut wrong = http::sweep(office, &mut scene, &matrix, |route| route.command.is_none(), &routes).await;
        let mut wanted = used_up_by(&matrix, &routes);
        wanted.values_mut().for_each(|cases| *cases *= 2);
        scene.lay_by(office, &wanted).await;
        wrong.extend(http::sweep(office, &mut scene, &matrix, |route| route.command.is_some(), &routes).await);
        wrong.extend(broker::sweep(office, &mut scene, &matrix, &routes).await);
        assert_eq!(office.parked().await, 0, "no command is parked for being refused");
        assert!(wrong.is_empty(), "{} cells differ\n{}", wrong.len(), wrong.join("\n"));
    }
}
