//! The lines of the matrix, called over HTTP, and what the answers must say.

use axum::body::Body;
use axum::http::{HeaderValue, Method};
use serde_json::Value;
use smista_domain::ids::CasoId;
use smista_intake::http::{Route, Verb};
use smista_tests::office::ids;
use smista_tests::{Answer, TestOffice};

use super::matrix::{Cell, Matrix, Row};
use super::scene::{self, Scene};
use super::{NOWHERE, used_up, who};

/// The status of every problem that the matrix names: a code alone could come with any.
const STATUSES: [(&str, u16); 11] = [
    ("token-missing", 401),
    ("operator-not-delegated", 403),
    ("not-your-role", 403),
    ("not-your-group", 403),
    ("not-found", 404),
    ("not-in-this-state", 409),
    ("held-by-somebody-else", 409),
    ("held-by-you", 409),
    ("figlio-follows-its-padre", 409),
    ("token-unknown", 401),
    ("field-not-admitted", 422),
];

/// Calls every cell of these rows; returns what is not as expected.
pub(crate) async fn sweep(
    office: &TestOffice,
    scene: &mut Scene,
    matrix: &Matrix,
    of: impl Fn(&Route) -> bool,
    routes: &[Route],
) -> Vec<String> {
    let mut wrong = Vec::new();
    for (row, actor, cell) in matrix.cells() {
        let route = super::route_of(routes, row);
        if !of(route) {
            continue;
        }
        let case = match row.case {
            Some(letter) if used_up(route, cell) => scene.use_up(letter),
            Some(letter) => scene.cases[&letter].clone(),
            None => String::new(),
        };
        let answer = call(office, scene, route, row, actor, &case).await;
        let mut complaints = check(scene, matrix, route, row, actor, cell, &answer);
        if is_hidden(matrix, row, actor) {
            let of_nothing = call(office, scene, route, row, actor, NOWHERE).await;
            if (answer.status, &answer.body) != (of_nothing.status, &of_nothing.body) {
                complaints.push(format!("a case that does not exist answers {}", of_nothing.body));
            }
        }
        wrong.extend(complaints.iter().map(|said| format!("{} {actor}: {said}", row.name())));
    }
    wrong
}

/// Whether the line is about one thing that the actor may not know of.
fn is_hidden(matrix: &Matrix, row: &Row, actor: &str) -> bool {
    let not_found = Cell::Refused("not-found".to_owned());
    row.path.contains("/cases/{id}") && row.case.is_some_and(|case| *matrix.sight(actor, case) == not_found)
}

async fn call(
    office: &TestOffice,
    scene: &Scene,
    route: &Route,
    row: &Row,
    actor: &str,
    case: &str,
) -> Answer {
    let method = match route.verb {
        Verb::Get => Method::GET,
        Verb::Post => Method::POST,
    };
    let body = match route.verb {
        Verb::Get => Body::empty(),
        Verb::Post => {
            let body = scene::body(scene, &route.requests, row, case);
            Body::from(body.unwrap_or_else(|| panic!("no body for {}", row.name())).to_string())
        }
    };
    let tag = format!("\"{}\"", version_of(office, case).await);
    let headers: &[(&str, &str)] = if route.needs_version() { &[("if-match", &tag)] } else { &[] };
    let mut request = office.request(who(actor), method, &path_of(scene, row, case), headers, body);
    let authorization = axum::http::header::AUTHORIZATION;
    match actor {
        "no_token" => drop(request.headers_mut().remove(authorization)),
        "not_delegated" => {
            let bearer = HeaderValue::from_str(&format!("Bearer {}", scene.token_of_scandicci));
            request.headers_mut().insert(authorization, bearer.expect("a header"));
        }
        _ => {}
    }
    office.send(request).await
}

async fn version_of(office: &TestOffice, case: &str) -> i64 {
    let Ok(id) = case.parse() else { return 0 };
    office.system.office.store.caso(CasoId(id)).await.expect("the store").map_or(0, |caso| caso.versione)
}

fn path_of(scene: &Scene, row: &Row, case: &str) -> String {
    let id = match row.path.split('/').nth(2) {
        Some("cases") => case,
        Some("groups") => &row.example,
        Some("citizens") => &scene.citizen,
        Some("sheets") => "firenze.demografici.residenza",
        _ => "",
    };
    row.path.replace("{id}", id).replace("{ente}", "firenze")
}

fn check(
    scene: &Scene,
    matrix: &Matrix,
    route: &Route,
    row: &Row,
    actor: &str,
    cell: &Cell,
    answer: &Answer,
) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut hold = |holds: bool, what: &str| {
        if !holds {
            wrong.push(format!("expected {cell:?}, but {what}: {} {}", answer.status, answer.body));
        }
    };
    if let Cell::Refused(code) = cell {
        let status = STATUSES.iter().find(|(known, _)| known == code).map(|(_, status)| *status);
        hold(answer.text("/type") == format!("urn:smista:problem:{code}"), "it is another problem");
        hold(Some(answer.status) == status, "the status is another one");
    } else {
        hold(answer.status == route.status, "it does not succeed");
    }
    match cell {
        Cell::Cases(letters) => hold(scene.letters(&ids(answer)) == *letters, "the list is another one"),
        Cell::Full if row.path.ends_with("/history") => {
            hold(rows_with_anagrafica(answer) > 0, "no anagrafica is in it");
        }
        Cell::NoAnagrafica if row.path.ends_with("/history") => {
            let says = |row: &Value| row.get("papers").is_some();
            hold(answer.list("/rows").iter().any(says), "there are no papers in it");
            hold(rows_with_anagrafica(answer) == 0, "the anagrafica is in it");
        }
        Cell::NoPersonalData if row.path.ends_with("/history") => {
            let bare = |row: &Value| row.get("papers").is_none();
            hold(!answer.list("/rows").is_empty(), "nothing is in it");
            hold(answer.list("/rows").iter().all(bare), "there are papers in it");
        }
        Cell::UntilItLeft if row.path.ends_with("/history") => {
            let path = ["contact.open", "case.route", "case.involve", "case.reject"];
            let told = answer.list("/rows");
            let told: Vec<_> = told.iter().filter_map(|row| row.get("command")?.as_str()).collect();
            hold(told == path, "it tells another story");
            hold(rows_with_anagrafica(answer) == 0, "the anagrafica is in it");
        }
        Cell::Full => {
            hold(answer.text("/anagrafica/nome") == "Gino", "the anagrafica is not in it");
            hold(!answer.text("/description").is_empty(), "the description is not in it");
        }
        Cell::NoAnagrafica => {
            hold(!answer.text("/description").is_empty(), "the description is not in it");
            hold(answer.body.get("anagrafica").is_none(), "the anagrafica is in it");
        }
        Cell::NoPersonalData => {
            let parts = ["anagrafica", "description", "answer", "place"];
            hold(!answer.text("/protocollo").is_empty(), "there is nothing in it");
            hold(parts.iter().all(|part| answer.body.get(part).is_none()), "there are words in it");
            hold(answer.list("/notes").is_empty(), "there are notes in it");
        }
        Cell::UntilItLeft => {
            hold(answer.stato() == "rigettato" && answer.number("/versione") == 4, "it is another version");
            hold(!answer.text("/description").is_empty(), "the description is not in it");
            hold(answer.body.get("anagrafica").is_none(), "the anagrafica is in it");
            hold(answer.list("/actions").is_empty(), "there is something to do");
        }
        Cell::Succeeds | Cell::Refused(_) => {}
    }
    if row.path == "/v1/cases/{id}" && row.case == Some('A') && !matches!(cell, Cell::Refused(_)) {
        let sees_figlio = !matches!(matrix.sight(actor, 'F'), Cell::Refused(_));
        let figli = answer.list("/figli");
        hold(figli.contains(&Value::from(scene.cases[&'F'].as_str())) == sees_figlio, "the figli are others");
    }
    if row.case.is_some_and(|case| *matrix.sight(actor, case) == Cell::UntilItLeft) {
        let text = answer.body.to_string();
        hold(!text.contains("scandicci") && !text.contains("sara"), "it tells where the case is now");
        hold(!text.contains("Gino"), "it names the citizen");
    }
    wrong
}

fn rows_with_anagrafica(answer: &Answer) -> usize {
    let is_anagrafica = |paper: &Value| paper.get("campo").and_then(Value::as_str) == Some("anagrafica");
    let rows = answer.list("/rows");
    let papers = rows.iter().filter_map(|row| row.get("papers")?.as_array()).flatten();
    papers.filter(|paper| is_anagrafica(paper)).count()
}
