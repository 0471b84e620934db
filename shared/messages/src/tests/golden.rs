//! One example of each message, as its golden file keeps it.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use smista_domain::command::CommandKind;

use crate::commands::FROM_OUTSIDE;

const CASO: &str = "018f0000-0000-7000-8000-000000000001";
const PADRE: &str = "018f0000-0000-7000-8000-000000000002";

/// Whether the message tells of something that happened.
pub(super) fn is_fact(name: &str) -> bool {
    !FROM_OUTSIDE.iter().any(|kind| kind.message_type() == name) && name != CommandKind::Open.message_type()
}

/// The data of every message, by type.
pub(super) fn messages() -> BTreeMap<&'static str, Value> {
    let mut messages = commands();
    messages.extend(facts());
    messages
}

fn tripletta() -> Value {
    json!({ "ente": "firenze", "macrostruttura": "anagrafe", "servizio": "residenza" })
}

fn commands() -> BTreeMap<&'static str, Value> {
    let tentativo = json!({ "canale": "telefono", "direzione": "outbound", "esito": "non_risponde" });
    let note = json!({ "note": "Il collega è in ferie." });
    BTreeMap::from([
        (
            "contact.open",
            json!({
                "motivo": "reclamo", "tripletta": tripletta(), "canale": "telefono",
                "description": "Nessuno ha risposto.",
                "anagrafica": { "nome": "Ada", "cognome": "Prova", "telefono": "+390550000001" },
            }),
        ),
        ("case.transfer_failed", json!({ "esito": "non_riuscito" })),
        ("case.accept", json!({})),
        ("case.release", json!({})),
        ("case.take_over", note.clone()),
        ("case.involve", json!({ "specialista": "spina", "note": "Un parere?" })),
        ("case.contribute", json!({ "text": "Secondo il regolamento spetta." })),
        ("case.suspend", json!({ "reason": "Attendo l'archivio." })),
        (
            "case.resolve",
            json!({
                "answer": {
                    "text": "La pratica è conclusa.", "canale": "telefono", "attributo": "non_comunicato",
                    "tentativi": [tentativo.clone()],
                },
            }),
        ),
        ("case.record_attempt", json!({ "tentativo": tentativo, "attributo": "non_comunicato" })),
        ("case.hand_back", note),
        (
            "case.reject",
            json!({ "causa": "errore_operatore", "note": "Non è nostro.", "tripletta_suggerita": tripletta() }),
        ),
        ("case.reassign", json!({ "tripletta": tripletta(), "gruppo": "firenze-anagrafe" })),
        ("case.cancel", json!({ "motivo": "duplicato" })),
        ("case.detach", json!({ "reason": "Legato al caso sbagliato." })),
        ("case.note", json!({ "text": "Ha richiamato." })),
        ("case.correct_anagrafica", json!({ "anagrafica": { "email": "ada@example.org" } })),
    ])
}

/// A fact of version 3 about a case that stands so.
fn fact(stato: &str, attributo: Option<&str>, gruppo: Option<&str>, detail: Option<Value>) -> Value {
    let mut fact = json!({
        "caso": CASO, "protocollo": "2026-000042", "sequence": 3, "motivo": "reclamo", "tripletta": tripletta(),
        "stato": stato, "by": "carlo",
    });
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            fact[name] = value;
        }
    };
    put("attributo", attributo.map(Value::from));
    put("gruppo", gruppo.map(Value::from));
    put("detail", detail);
    fact
}

fn facts() -> BTreeMap<&'static str, Value> {
    let group = Some("firenze-anagrafe");
    let with = |detail: Value| fact("assegnato", None, group, Some(detail));
    let told = json!({ "stato": "risolto_secondo_livello", "attributo": "comunicato" });
    let opened = json!({
        "fact": "opened", "protocollo": "2026-000042", "motivo": "reclamo", "tripletta": tripletta(),
        "profilo": "avanzato", "stato": { "stato": "assegnato" }, "gruppo": null, "padre": null,
        "canale": "telefono", "canale_origine": null, "canale_risposta": null, "verifica": null,
        "identificazione": null, "annullamento": null, "opened_at": "2026-11-23T08:00:00Z", "contatto_id": null,
        "seguito_di": null, "cittadino": null,
    });
    let followed = json!({
        "fact": "followed", "stato": { "stato": "rigettato" }, "gruppo": null, "tripletta": tripletta(),
        "profilo": "avanzato", "padre_versione": 4, "cambiamento": "case.rejected",
    });
    let mut of_a_figlio = fact("rigettato", None, None, Some(followed));
    of_a_figlio["padre"] = json!(PADRE);
    BTreeMap::from([
        ("case.opened", fact("assegnato", None, None, Some(opened))),
        ("case.assigned", fact("assegnato", None, None, Some(json!({ "fact": "assigned" })))),
        ("case.routed", with(json!({ "fact": "routed", "gruppo": "firenze-anagrafe" }))),
        ("case.transfer_ended", with(json!({ "fact": "transfer_failed", "esito": "chiamata_terminata" }))),
        ("case.accepted", with(json!({ "fact": "accepted", "titolare": "carlo" }))),
        ("case.released", with(json!({ "fact": "released" }))),
        ("case.taken_over", with(json!({ "fact": "taken_over", "from": "cinzia", "titolare": "carlo" }))),
        ("case.specialist_involved", with(json!({ "fact": "specialist_involved", "specialista": "spina" }))),
        ("case.contributed", with(json!({ "fact": "contributed" }))),
        ("case.suspended", fact("sospeso", None, group, Some(json!({ "fact": "suspended" })))),
        (
            "case.resolved",
            fact(
                "risolto_secondo_livello",
                Some("comunicato"),
                group,
                Some(json!({
                    "fact": "resolved", "stato": told, "risolutore": "carlo", "canale_risposta": "telefono",
                })),
            ),
        ),
        (
            "case.attempt_recorded",
            fact(
                "risolto_secondo_livello",
                Some("comunicato"),
                group,
                Some(json!({
                    "fact": "attempt_recorded", "stato": told,
                    "tentativo": { "canale": "telefono", "direzione": "outbound", "esito": "raggiunto" },
                })),
            ),
        ),
        (
            "case.handed_back",
            fact("sospeso", None, group, Some(json!({ "fact": "handed_back", "titolare": null }))),
        ),
        (
            "case.rejected",
            fact(
                "rigettato",
                None,
                None,
                Some(json!({
                    "fact": "rejected", "causa": "errore_operatore", "gruppo": "firenze-anagrafe", "suggerita": null,
                    "dal_sistema": false,
                })),
            ),
        ),
        (
            "case.reassigned",
            with(json!({
                "fact": "reassigned", "gruppo": "firenze-anagrafe", "tripletta": tripletta(), "profilo": "avanzato",
            })),
        ),
        (
            "case.cancelled",
            fact("annullato", None, group, Some(json!({ "fact": "cancelled", "motivo": "duplicato" }))),
        ),
        ("case.detached", fact("annullato", None, group, Some(json!({ "fact": "detached" })))),
        ("case.noted", with(json!({ "fact": "noted" }))),
        (
            "case.found_misrouted",
            fact("assegnato_risolto", None, group, Some(json!({ "fact": "found_misrouted" }))),
        ),
        ("case.anagrafica_corrected", with(json!({ "fact": "anagrafica_corrected" }))),
        ("case.followed", of_a_figlio),
        ("case.state_changed", fact("assegnato", None, group, None)),
        (
            "gap.raised",
            fact(
                "rigettato",
                None,
                None,
                Some(json!({ "fact": "gap_raised", "genere": "informazione_carente" })),
            ),
        ),
        ("group.retired", json!({ "gruppo": "firenze-anagrafe" })),
        (
            "command.refused",
            json!({
                "command": "case.accept", "command_source": "crm", "command_id": "42",
                "problem": {
                    "type": "urn:smista:problem:held-by-somebody-else", "status": 409,
                    "title": "The request was refused", "detail": "carlo holds the case.", "clause": "2-5",
                },
            }),
        ),
    ])
}
