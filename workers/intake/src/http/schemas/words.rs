//! Names, codes and the short lists of the process: what bodies are made of.

use serde_json::{Value, json};
use smista_domain::catalogue::Profilo;
use smista_domain::command::CommandKind;
use smista_domain::fact::Campo;
use smista_domain::motivo::{
    CanaleInbound, CanaleOutbound, CausaRigetto, Direzione, EsitoTentativo, EsitoTrasferimento,
    GenereEsigenza, ModoIdentificazione, Motivo, MotivoAnnullamento, VerificaDisponibilita,
};
use smista_domain::stato::Stato;
use smista_domain::text::{NomeEsterno, Testo};

use super::super::schema::{
    about, boolean, format, list, may, must, named, number, object, one_of_names, text, text_up_to, with,
};

macro_rules! names {
    ($list:ident) => {
        (stringify!($list), one_of_names($list::ALL.iter().map(|value| value.as_str())))
    };
}

/// Every word.
pub(super) fn all() -> Vec<(&'static str, Value)> {
    vec![
        names!(Motivo),
        names!(CanaleInbound),
        names!(CanaleOutbound),
        names!(CausaRigetto),
        names!(Direzione),
        names!(EsitoTentativo),
        names!(EsitoTrasferimento),
        names!(GenereEsigenza),
        names!(ModoIdentificazione),
        names!(MotivoAnnullamento),
        names!(VerificaDisponibilita),
        names!(Campo),
        ("Profilo", one_of_names([Profilo::Base, Profilo::Avanzato].map(Profilo::name))),
        ("NomeStato", one_of_names(nomi_stati())),
        ("Attributo", one_of_names(attributi())),
        ("Action", action()),
        ("Id", format("uuid")),
        ("Time", about(format("date-time"), "RFC 3339, in a year from 1900 to 9999.")),
        ("Code", code(128)),
        ("Login", code(64)),
        ("Protocollo", with(text(), "pattern", json!("^[0-9]{4}-[0-9]+$"))),
        ("Testo", text_up_to(Testo::MAX_CHARS)),
        ("NomeEsterno", text_up_to(NomeEsterno::MAX_CHARS)),
        ("Versione", about(number(1, None), "Rises by one with every change; the ETag is it in quotes.")),
        ("Stato", object([must("stato", named("NomeStato")), may("attributo", named("Attributo"))])),
        ("Problem", problem()),
    ]
}

fn code(chars: usize) -> Value {
    with(text_up_to(chars), "pattern", json!("^[a-z0-9._@-]+$"))
}

fn nomi_stati() -> Vec<&'static str> {
    let mut names: Vec<_> = Stato::ALL.into_iter().map(Stato::name).collect();
    names.dedup();
    names
}

fn attributi() -> Vec<&'static str> {
    let mut names: Vec<_> =
        Stato::ALL.into_iter().filter_map(Stato::attributo).map(|attributo| attributo.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// Commands as `actions` names them.
fn action() -> Value {
    let names: Vec<Value> = CommandKind::ON_A_CASE
        .into_iter()
        .filter(|kind| *kind != CommandKind::Route)
        .map(|kind| json!(kind))
        .collect();
    let sentence = "A command that the operator may give now. It is given at /v1/cases/{id}/… by its name with - \
        for _ (take_over: take-over); a history calls it by its message type (case.take_over).";
    about(json!({ "type": "string", "enum": names }), sentence)
}

/// RFC 9457, with members of our own.
fn problem() -> Value {
    let strings = || list(text());
    object([
        must("type", about(text(), "urn:smista:problem: and a code that never changes.")),
        must("status", about(number(400, Some(599)), "The HTTP status.")),
        must("title", about(text(), "The kind of problem, for people.")),
        must("detail", about(text(), "What is wrong here and what to do about it, for people.")),
        may("clause", about(text(), "The clause of the process, or the reading, that refuses.")),
        may("field", about(text(), "The field at fault, as a path.")),
        may("missing", about(strings(), "The fields that are missing; a|b where one of the two is enough.")),
        may("admitted", about(strings(), "What the field admits.")),
        may("version", about(number(0, None), "The version that the case has now.")),
        may("titolare", about(named("Login"), "Who holds the case.")),
    ])
}

/// True or false, with what it means.
pub(super) fn whether(sentence: &str) -> Value {
    about(boolean(), sentence)
}
