//! What operators send, and what a history says, in the short forms that stories need. Knows the wire, decides nothing.

use serde_json::{Value, json};
use smista_tests::catalogue::{ANNA, CARLO, RESIDENZA, tripletta};
use smista_tests::{Answer, TestOffice};

/// An anagrafica that is enough for every motivo.
pub(crate) fn gino() -> Value {
    json!({ "nome": "Gino", "cognome": "Prova", "telefono": "055 0000001" })
}

/// One object with the members of both; those of `more` win.
pub(crate) fn merged(base: Value, more: Value) -> Value {
    let mut members = base.as_object().cloned().unwrap_or_default();
    members.extend(more.as_object().cloned().unwrap_or_default());
    Value::Object(members)
}

/// A telephone call about a service.
pub(crate) fn contact(motivo: &str, servizio: &str, more: Value) -> Value {
    let call = json!({
        "motivo": motivo, "tripletta": tripletta(servizio), "canale": "telefono",
        "description": "Chiede notizie della sua pratica.",
    });
    merged(call, more)
}

/// A telephone call about an earlier case.
pub(crate) fn about(motivo: &str, padre: &str, more: Value) -> Value {
    let call = json!({
        "motivo": motivo, "padre": padre, "canale": "telefono", "description": "Richiama per la sua pratica.",
    });
    merged(call, more)
}

/// An Informazione that the first level cannot answer, where nobody of the second could take the call.
pub(crate) fn unanswered(servizio: &str) -> Value {
    contact("informazione", servizio, json!({ "verifica": "non_disponibile" }))
}

/// An attempt of the office to call the citizen.
pub(crate) fn call_to_citizen(esito: &str) -> Value {
    json!({ "canale": "telefono", "direzione": "outbound", "esito": esito })
}

/// An answer by this channel that got so far, after attempts that ended so.
pub(crate) fn answer(canale: &str, attributo: &str, esiti: &[&str]) -> Value {
    let tentativi: Vec<Value> = esiti.iter().map(|esito| call_to_citizen(esito)).collect();
    json!({ "text": "La pratica è pronta.", "canale": canale, "attributo": attributo, "tentativi": tentativi })
}

/// The body of `resolve`, for an answer by telephone.
pub(crate) fn resolution(attributo: &str, esiti: &[&str]) -> Value {
    json!({ "answer": answer("telefono", attributo, esiti) })
}

/// The body of `record-attempt`, for a call of the office.
pub(crate) fn attempt(esito: &str, attributo: &str) -> Value {
    json!({ "tentativo": call_to_citizen(esito), "attributo": attributo })
}

/// The body of `reject`.
pub(crate) fn rejection() -> Value {
    json!({ "causa": "errore_operatore", "note": "Non è materia nostra." })
}

/// A Reclamo about the residence that Carlo has resolved, so far as `attributo` says.
pub(crate) async fn reclamo_resolved(office: &TestOffice, attributo: &str) -> String {
    let caso = office.reclamo(ANNA, RESIDENZA).await;
    let failed: &[&str] = match attributo {
        "non_comunicato" | "non_comunicabile" => &["non_risponde"],
        _ => &[],
    };
    let resolved = office.command(CARLO, &caso, "resolve", resolution(attributo, failed)).await.ok();
    assert_eq!(resolved.stato(), format!("risolto_secondo_livello/{attributo}"));
    office.settle().await;
    caso
}

/// A Reclamo about the residence that Carlo has rejected.
pub(crate) async fn reclamo_rejected(office: &TestOffice) -> String {
    let caso = office.reclamo(ANNA, RESIDENZA).await;
    office.command(CARLO, &caso, "reject", rejection()).await.ok();
    office.settle().await;
    caso
}

/// A state of a history: `rigettato`, `risolto_secondo_livello/da_comunicare`; `-` for none.
fn stato(value: Option<&Value>) -> String {
    let name = |key| value.and_then(|stato| stato.get(key)).and_then(Value::as_str);
    match (name("stato"), name("attributo")) {
        (None, _) => "-".to_owned(),
        (Some(stato), None) => stato.to_owned(),
        (Some(stato), Some(attributo)) => format!("{stato}/{attributo}"),
    }
}

/// A row of a history as one line: `carlo case.reject: assegnato > rigettato`.
pub(crate) fn line(row: &Value) -> String {
    let text = |key| row.get(key).and_then(Value::as_str).unwrap_or_default();
    let (before, after) = (stato(row.get("stato_before")), stato(row.get("stato_after")));
    format!("{} {}: {before} > {after}", text("by"), text("command"))
}

/// A history, line by line.
pub(crate) async fn told(office: &TestOffice, login: &str, caso: &str) -> Vec<String> {
    office.history(login, caso).await.iter().map(line).collect()
}

/// The names of the facts of a history, in order.
pub(crate) fn facts(rows: &[Value]) -> Vec<String> {
    let facts = rows.iter().filter_map(|row| row.get("facts")).filter_map(Value::as_array).flatten();
    let names = facts.filter_map(|fact| fact.get("fact")).filter_map(Value::as_str);
    names.map(str::to_owned).collect()
}

/// The first fact of this name in a history.
#[track_caller]
pub(crate) fn fact(rows: &[Value], name: &str) -> Value {
    let mut facts = rows.iter().filter_map(|row| row.get("facts")).filter_map(Value::as_array).flatten();
    let found = facts.find(|fact| fact.get("fact").and_then(Value::as_str) == Some(name));
    found.cloned().unwrap_or_else(|| panic!("no {name} in {rows:?}"))
}

/// The words written on a case, with their author: `anna: richiama domani`.
pub(crate) fn notes(case: &Answer) -> Vec<String> {
    let text = |note: &Value, key: &str| note.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    case.list("/notes").iter().map(|note| format!("{}: {}", text(note, "by"), text(note, "text"))).collect()
}

/// The texts of an array.
pub(crate) fn texts(values: &[Value]) -> Vec<String> {
    values.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}
