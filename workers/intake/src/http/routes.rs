//! The table of routes. The router, `/openapi.json` and the access matrix are all made of it.

use axum::extract::{Extension, State};
use axum::http::HeaderMap;
use axum::routing::{MethodRouter, get, post};
use smista_domain::command::CommandKind;
use smista_messages::commands::FROM_OUTSIDE;

use super::body::JsonText;
use super::caller::Caller;
use super::door::Door;
use super::path::OnePart;
use super::route::{Access, Route, Verb};
use super::{cases, catalogue, citizens, desks, docs, examples, health};

/// The front office: who meets citizens or re-examines their cases.
const FRONT: Access = Access::Roles(&["primo_livello", "gestione_rigetti", "sistema"]);
/// Who sees every case, with or without personal data (R14).
const OVERSIGHT: Access = Access::Roles(&["primo_livello", "gestione_rigetti", "operazioni", "sistema"]);
/// Who works from an inbox, or oversees those who do.
const INBOXES: Access =
    Access::Roles(&["primo_livello", "secondo_livello", "gestione_rigetti", "operazioni", "sistema"]);

/// Every route of the door.
pub fn routes() -> Vec<Route> {
    let mut routes = public();
    routes.push(open_route());
    routes.extend(FROM_OUTSIDE.into_iter().map(command_route));
    routes.extend(of_cases());
    routes.extend(of_desks());
    routes.extend(of_catalogue());
    routes.extend(of_citizens());
    routes
}

/// A route that reads; the rest is set by who knows better.
fn reading(path: &str, name: &str, access: Access, summary: &str, handler: MethodRouter<Door>) -> Route {
    Route {
        verb: Verb::Get,
        path: path.to_owned(),
        name: name.to_owned(),
        summary: summary.to_owned(),
        access,
        command: None,
        requests: Vec::new(),
        status: 200,
        response: examples::response(name),
        handler,
    }
}

/// A search: a POST that changes nothing.
fn searching(path: &str, name: &str, access: Access, summary: &str, handler: MethodRouter<Door>) -> Route {
    let route = reading(path, name, access, summary, handler);
    Route { verb: Verb::Post, requests: examples::requests(name), ..route }
}

fn public() -> Vec<Route> {
    let public = |path, name, summary, handler| reading(path, name, Access::Public, summary, handler);
    vec![
        public("/healthz", "healthz", "The process answers.", get(health::healthz)),
        public("/readyz", "readyz", "The store answers.", get(health::readyz)),
        public("/status", "status", "Version, load and set-up.", get(health::status)),
        public(
            "/metrics",
            "metrics",
            "Figures for Prometheus, where they are switched on.",
            get(health::metrics),
        ),
        public("/openapi.json", "openapi", "This document.", get(docs::openapi)),
        public("/docs", "docs", "This document, to read.", get(docs::page)),
    ]
}

fn open_route() -> Route {
    let route = searching(
        "/v1/contacts",
        "openContact",
        Access::Operators,
        "Registers a contact: opens a case. The motivo and the facts given choose where it goes.",
        post(cases::open),
    );
    Route { command: Some(CommandKind::Open), status: 201, ..route }
}

fn command_route(kind: CommandKind) -> Route {
    let handler = post(
        move |State(door): State<Door>,
              Extension(caller): Extension<Caller>,
              OnePart(id): OnePart,
              headers: HeaderMap,
              body: JsonText| cases::act(kind, door, caller, id, headers, body),
    );
    Route {
        verb: Verb::Post,
        path: format!("/v1/cases/{{id}}/{}", cases::path_of(kind)),
        name: kind.message_type().to_owned(),
        summary: format!("On a case: {}.", kind.in_english()),
        access: Access::Operators,
        command: Some(kind),
        requests: examples::command(kind),
        status: 200,
        response: examples::case_summary(),
        handler,
    }
}

fn of_cases() -> Vec<Route> {
    use Access::Operators;
    vec![
        reading(
            "/v1/cases/{id}",
            "readCase",
            Operators,
            "A case, as far as the operator may see it.",
            get(cases::read),
        ),
        reading(
            "/v1/cases/{id}/history",
            "readHistory",
            Operators,
            "What happened to a case: who, when, what, and the state before and after.",
            get(cases::history),
        ),
        reading(
            "/v1/cases/{id}/triage",
            "readTriage",
            Access::Roles(&["gestione_rigetti", "primo_livello", "sistema"]),
            "What triage found about a rejected case: its path, and suggested groups with reasons.",
            get(desks::triage),
        ),
        searching(
            "/v1/cases/search",
            "searchCases",
            Operators,
            "Cases that match all conditions given, oldest contact first.",
            post(cases::search),
        ),
        searching(
            "/v1/contacts/earlier",
            "earlierCases",
            FRONT,
            "The earlier cases of the citizen who makes contact, newest first.",
            post(desks::earlier),
        ),
    ]
}

fn of_desks() -> Vec<Route> {
    vec![
        reading(
            "/v1/groups/{id}/inbox",
            "readInbox",
            INBOXES,
            "The open cases of a second-level group, each with its open figli.",
            get(desks::inbox),
        ),
        reading(
            "/v1/groups/{id}/segnalazioni",
            "readSegnalazioni",
            INBOXES,
            "The Segnalazioni that a second-level group received, newest contact first.",
            get(desks::segnalazioni),
        ),
        reading(
            "/v1/desks/misrouted",
            "misroutedDesk",
            OVERSIGHT,
            "The Segnalazioni that a referent has found misrouted, until a new case cites them.",
            get(desks::misrouted),
        ),
        reading("/v1/desks/rejects", "rejectsDesk", OVERSIGHT, "The rejected cases.", get(desks::rejects)),
        reading(
            "/v1/desks/call-back",
            "callBackList",
            OVERSIGHT,
            "The citizens whom the first level is to tell an answer.",
            get(desks::call_back),
        ),
    ]
}

fn of_catalogue() -> Vec<Route> {
    use Access::Operators;
    vec![
        reading("/v1/catalogue/enti", "listEnti", Operators, "The bodies served.", get(catalogue::enti)),
        reading(
            "/v1/catalogue/enti/{ente}/servizi",
            "listServizi",
            Operators,
            "The services of a body, with what their profile admits.",
            get(catalogue::servizi),
        ),
        reading(
            "/v1/catalogue/groups",
            "listGroups",
            Operators,
            "The second-level groups.",
            get(catalogue::groups),
        ),
        reading(
            "/v1/sheets/{id}",
            "readSheet",
            Operators,
            "A sheet of the knowledge base.",
            get(catalogue::sheet),
        ),
        searching(
            "/v1/sheets/search",
            "searchSheets",
            Operators,
            "The sheets that fit a text best, with the services that they lead to.",
            post(catalogue::search_sheets),
        ),
    ]
}

fn of_citizens() -> Vec<Route> {
    let register = searching(
        "/v1/citizens",
        "registerCitizen",
        FRONT,
        "Enters a citizen whom the centre has identified in the register.",
        post(citizens::register),
    );
    vec![
        Route { status: 201, ..register },
        searching(
            "/v1/citizens/search",
            "searchCitizens",
            FRONT,
            "Citizens of the register by telephone or email, with their cases.",
            post(citizens::search),
        ),
        reading("/v1/citizens/{id}", "readCitizen", FRONT, "A citizen of the register.", get(citizens::read)),
    ]
}
