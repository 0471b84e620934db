//! Which problems a route may answer with, by their codes: for the document, and for whoever generates a client.
//!
//! Tests hold both lists to the code: what the door and the domain can say is here, and every refusal that a story meets
//! must stand with its route.

use std::collections::{BTreeMap, BTreeSet};

use smista_domain::command::CommandKind;

use super::route::{Access, Route, Verb};

/// What the door itself refuses, with its status.
pub(crate) const OF_THE_DOOR: [(&str, u16); 24] = [
    ("token-missing", 401),
    ("token-unknown", 401),
    ("token-expired", 401),
    ("token-revoked", 401),
    ("operator-not-named", 403),
    ("operator-not-delegated", 403),
    ("not-your-role", 403),
    ("rate-limited", 429),
    ("overloaded", 503),
    ("backlog", 503),
    ("unavailable", 503),
    ("internal", 500),
    ("not-found", 404),
    ("method-not-allowed", 405),
    ("unsupported-media-type", 415),
    ("body-too-large", 413),
    ("malformed", 400),
    ("precondition-required", 428),
    ("malformed-if-match", 400),
    ("malformed-idempotency-key", 400),
    ("idempotency-key-reused", 422),
    ("malformed-parameter", 400),
    ("nothing-to-search-by", 422),
    ("incomplete-anagrafica", 422),
];

/// What the process refuses, with the HTTP status.
pub(crate) const OF_THE_PROCESS: [(&str, u16); 24] = [
    ("not-found", 404),
    ("not-in-this-state", 409),
    ("figlio-follows-its-padre", 409),
    ("not-your-role", 403),
    ("not-your-group", 403),
    ("held-by-somebody-else", 409),
    ("held-by-nobody", 409),
    ("held-by-you", 409),
    ("motivo-not-on-this-profile", 422),
    ("motivo-not-handled", 422),
    ("unknown-tripletta", 422),
    ("missing-field", 422),
    ("field-not-admitted", 422),
    ("incomplete-anagrafica", 422),
    ("padre-not-admitted", 422),
    ("no-contact-back", 422),
    ("group-retired", 422),
    ("no-inbound-email", 403),
    ("already-accepted", 409),
    ("has-competent-group", 409),
    ("not-a-specialist", 422),
    ("reassignment-not-possible", 422),
    ("cancel-reason-not-admitted", 422),
    ("version-conflict", 412),
];

/// Refused to whoever calls without right, or too often; and when we cannot answer.
const ALWAYS: [&str; 9] = [
    "token-missing",
    "token-unknown",
    "token-expired",
    "token-revoked",
    "operator-not-named",
    "operator-not-delegated",
    "rate-limited",
    "unavailable",
    "internal",
];
const WITH_A_BODY: [&str; 3] = ["malformed", "body-too-large", "unsupported-media-type"];
const CHANGING: [&str; 5] =
    ["malformed-idempotency-key", "idempotency-key-reused", "overloaded", "backlog", "not-your-role"];
const OPENING: [&str; 10] = [
    "not-found",
    "motivo-not-on-this-profile",
    "motivo-not-handled",
    "unknown-tripletta",
    "missing-field",
    "field-not-admitted",
    "incomplete-anagrafica",
    "padre-not-admitted",
    "no-inbound-email",
    "cancel-reason-not-admitted",
];
/// On a case, whatever the command.
const ON_A_CASE: [&str; 9] = [
    "not-found",
    "malformed-if-match",
    "version-conflict",
    "not-in-this-state",
    "figlio-follows-its-padre",
    "not-your-group",
    "held-by-somebody-else",
    "missing-field",
    "field-not-admitted",
];

/// The codes of a route, by status.
pub(crate) fn of_route(route: &Route) -> BTreeMap<u16, BTreeSet<&'static str>> {
    let mut codes: Vec<&str> = Vec::new();
    match route.access {
        Access::Public => codes.extend(of_a_public_route(&route.name)),
        Access::Operators => codes.extend(ALWAYS),
        Access::Roles(_) => codes.extend(ALWAYS.iter().chain(["not-your-role"].iter())),
    }
    if route.verb == Verb::Post {
        codes.extend(WITH_A_BODY);
    }
    if route.path.contains('{') {
        codes.push("not-found");
    }
    if route.changes_something() {
        codes.extend(CHANGING);
    }
    match route.command {
        Some(CommandKind::Open) => codes.extend(OPENING),
        Some(kind) => codes.extend(ON_A_CASE.iter().chain(of_command(kind))),
        None => codes.extend(of_another_route(&route.name)),
    }
    if route.needs_version() {
        codes.push("precondition-required");
    }
    by_status(&codes)
}

fn of_a_public_route(name: &str) -> &'static [&'static str] {
    match name {
        "readyz" => &["unavailable", "internal"],
        "metrics" => &["not-found", "internal"],
        _ => &["internal"],
    }
}

fn of_another_route(name: &str) -> &'static [&'static str] {
    match name {
        "searchCases" => &["malformed-parameter", "not-your-role"],
        "earlierCases" => &["malformed-parameter", "nothing-to-search-by"],
        "searchCitizens" => &["nothing-to-search-by"],
        "searchSheets" => &["malformed-parameter"],
        "registerCitizen" => &["incomplete-anagrafica"],
        "readInbox" | "readSegnalazioni" | "misroutedDesk" | "rejectsDesk" | "callBackList"
        | "readHistory" => &["malformed-parameter"],
        _ => &[],
    }
}

fn of_command(kind: CommandKind) -> &'static [&'static str] {
    match kind {
        CommandKind::TransferFailed => &["already-accepted"],
        CommandKind::Accept => &["held-by-you"],
        CommandKind::Release => &["held-by-nobody"],
        CommandKind::TakeOver => &["held-by-nobody", "held-by-you"],
        CommandKind::Involve => &["not-a-specialist"],
        CommandKind::Resolve => &["no-contact-back", "group-retired"],
        CommandKind::RecordAttempt => &["no-contact-back"],
        CommandKind::Reassign => {
            &["reassignment-not-possible", "unknown-tripletta", "motivo-not-on-this-profile"]
        }
        CommandKind::Cancel => &["cancel-reason-not-admitted"],
        CommandKind::Reject => &["unknown-tripletta"],
        CommandKind::CorrectAnagrafica => &["incomplete-anagrafica"],
        CommandKind::Open
        | CommandKind::Contribute
        | CommandKind::Suspend
        | CommandKind::HandBack
        | CommandKind::Detach
        | CommandKind::Note
        | CommandKind::Route => &[],
    }
}

fn by_status(codes: &[&'static str]) -> BTreeMap<u16, BTreeSet<&'static str>> {
    let mut by_status: BTreeMap<u16, BTreeSet<&str>> = BTreeMap::new();
    for code in codes {
        let known = OF_THE_DOOR.iter().chain(&OF_THE_PROCESS).find(|(known, _)| known == code);
        if let Some((code, status)) = known {
            by_status.entry(*status).or_default().insert(code);
        }
    }
    by_status
}
