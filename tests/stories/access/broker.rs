//! The commands of the matrix, given to the worker of the queue `intake` as the broker would.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;
use smista_domain::ids::CasoId;
use smista_intake::commands::Commands;
use smista_intake::http::Route;
use smista_queues::{Client, DeliveryRef, Envelope, Handler, Outcome, Received};
use smista_store::CountBy;
use smista_tests::TestOffice;

use super::matrix::{Cell, Matrix, Row};
use super::scene::{self, FRONT_END, OF_SCANDICCI, Scene};
use super::{route_of, used_up, who};

/// Gives every command of the matrix; returns what is not as expected. That a command was refused shows in its case,
/// which it left as it was; why it was refused can be heard on RabbitMQ only.
pub(crate) async fn sweep(
    office: &TestOffice,
    scene: &mut Scene,
    matrix: &Matrix,
    routes: &[Route],
) -> Vec<String> {
    let ears = office.listen().await;
    let worker = Commands::new(Arc::clone(&office.system.office));
    let mut wrong = Vec::new();
    let mut refusals: BTreeMap<String, String> = BTreeMap::new();
    for (row, actor, cell) in matrix.cells() {
        let route = route_of(routes, row);
        if route.command.is_none() {
            continue;
        }
        let case = match row.case {
            Some(letter) if used_up(route, cell) => scene.use_up(letter),
            Some(letter) => scene.cases[&letter].clone(),
            None => String::new(),
        };
        let name = format!("{} {actor}", row.name());
        let before = trace(office, &case).await;
        let received = received(office, scene, route, row, actor, &case);
        let outcomes = worker.handle(std::slice::from_ref(&received)).await.expect("a batch");
        if outcomes != [Outcome::Done] {
            wrong.push(format!("{name}: over the broker {outcomes:?}"));
        }
        let changed = trace(office, &case).await != before;
        if changed != (*cell == Cell::Succeeds) {
            wrong.push(format!("{name}: expected {cell:?}; over the broker it changed something: {changed}"));
        }
        if let Some(code) = refusal(cell) {
            refusals.insert(received.envelope.id.clone(), format!("{name}: urn:smista:problem:{code}"));
        }
    }
    office.settle().await;
    if let Some(ears) = ears {
        let heard = ears.heard("command.refused").await;
        let heard: BTreeMap<String, String> = heard.iter().filter_map(told).collect();
        for (id, expected) in &refusals {
            let told = heard.get(id).map_or("nothing", String::as_str);
            if !expected.ends_with(&format!(": {told}")) {
                wrong.push(format!("{expected} was expected over the broker, {told} was heard"));
            }
        }
        assert_eq!(heard.len(), refusals.len(), "something else was refused");
    }
    wrong
}

/// The problem of a refused command. A client without a token is over the broker one that nobody knows.
fn refusal(cell: &Cell) -> Option<&str> {
    match cell {
        Cell::Refused(code) if code == "token-missing" => Some("client-unknown"),
        Cell::Refused(code) => Some(code),
        Cell::Succeeds
        | Cell::Full
        | Cell::NoAnagrafica
        | Cell::NoPersonalData
        | Cell::UntilItLeft
        | Cell::Cases(_) => None,
    }
}

/// The id of a refused command, and the type of its problem.
fn told(fact: &Value) -> Option<(String, String)> {
    let text = |pointer| fact.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    Some((text("/data/command_id")?, text("/data/problem/type")?))
}

/// What every command that succeeds changes: the version of its case, and how many cases there are.
async fn trace(office: &TestOffice, case: &str) -> (Option<i64>, i64) {
    let store = &office.system.office.store;
    let version = match case.parse() {
        Ok(id) => store.caso(CasoId(id)).await.expect("the store").map(|caso| caso.versione),
        Err(_no_case) => None,
    };
    let counted = store.count(CountBy::Motivo).await.expect("a count");
    (version, counted.iter().map(|counted| counted.count).sum())
}

fn received(
    office: &TestOffice,
    scene: &Scene,
    route: &Route,
    row: &Row,
    actor: &str,
    case: &str,
) -> Received {
    let kind = route.command.expect("a command");
    let body = scene::body(scene, &route.requests, row, case).expect("a body");
    let id = office.system.office.surroundings.fresh_uuid().to_string();
    let mut envelope =
        Envelope::new(id, "sportello", kind.message_type(), office.now(), &body).expect("an envelope");
    envelope.subject = row.path.contains("{id}").then(|| case.to_owned());
    envelope.operatore = Some(who(actor).to_owned());
    let client = match actor {
        "no_token" => "sconosciuto",
        "not_delegated" => OF_SCANDICCI,
        _ => FRONT_END,
    };
    Received {
        delivery: DeliveryRef::AmqpTag(1),
        envelope,
        client: Client::Named(client.to_owned()),
        attempt: 1,
        redelivered: false,
    }
}
