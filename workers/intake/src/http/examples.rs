//! An example of every body, taken or given. A test reads each request as its route does.

use serde_json::{Value, json};
use smista_domain::command::CommandKind;

use super::route::Example;

const CASO: &str = "0198c2f4-7a10-7c3e-9d55-1b2f6e0a9c41";
const FIGLIO: &str = "0198c2f9-02b7-7f1a-8c60-5a1d3e7b9f02";
const CITTADINO: &str = "0198c2f0-11c8-7b22-a5e4-60f1d7c3b8aa";

/// The bodies that a route takes, by the route's name; none for a name that takes none.
pub(crate) fn requests(route: &str) -> Vec<Example> {
    match route {
        "openContact" => openings(),
        "searchCases" => vec![
            example("number", json!({ "protocollo": "2026-000042" })),
            example(
                "list",
                json!({
                    "stati": [{ "stato": "assegnato" }, { "stato": "risolto_secondo_livello", "attributo": "da_comunicare" }],
                    "motivi": ["reclamo", "informazione"], "ente": "firenze", "only_padri": true,
                    "opened_from": "2026-11-01T00:00:00Z", "opened_before": "2026-12-01T00:00:00Z", "limit": 50
                }),
            ),
            example("citizen", json!({ "telefono": "+390550000000" })),
        ],
        "earlierCases" => {
            let reached =
                json!({ "telefono": "055 0000000", "email": "maria.bianchi@example.org", "limit": 20 });
            vec![example("reached", reached)]
        }
        "searchCitizens" => {
            vec![example(
                "reached",
                json!({ "telefono": "055 0000000", "email": "maria.bianchi@example.org" }),
            )]
        }
        "registerCitizen" => {
            vec![example("citizen", json!({ "anagrafica": anagrafica(), "identificazione": "documento" }))]
        }
        "searchSheets" => vec![example("words", json!({ "text": "carta d'identità smarrita", "limit": 5 }))],
        _ => Vec::new(),
    }
}

fn openings() -> Vec<Example> {
    let description = "Chiede quali documenti servono per rinnovare la carta d'identità.";
    vec![
        example(
            "informazione",
            json!({
                "motivo": "informazione", "tripletta": tripletta(), "canale": "telefono", "description": description,
                "answer": { "text": "Basta il documento scaduto, con una fototessera.", "canale": "telefono" }
            }),
        ),
        example(
            "informazione_transferred",
            json!({
                "motivo": "informazione", "tripletta": tripletta(), "canale": "telefono", "description": description,
                "verifica": "disponibile"
            }),
        ),
        example(
            "reclamo",
            json!({
                "motivo": "reclamo", "tripletta": tripletta(), "canale": "telefono", "anagrafica": anagrafica(),
                "description": "L'appuntamento di ieri è stato annullato senza avviso."
            }),
        ),
        example(
            "lamentela",
            json!({
                "motivo": "lamentela", "tripletta": tripletta(), "canale": "telefono",
                "description": "Le code allo sportello sono troppo lunghe."
            }),
        ),
        example(
            "segnalazione",
            json!({
                "motivo": "segnalazione", "tripletta": tripletta(), "canale": "telefono",
                "description": "Una buca profonda davanti al civico 10.", "anagrafica": anagrafica(),
                "place": { "indirizzo": "Via Roma 10", "latitudine": 43.7712, "longitudine": 11.2541 }
            }),
        ),
        example(
            "sollecito",
            json!({
                "motivo": "sollecito", "canale": "telefono", "padre": CASO,
                "description": "Non ha ancora avuto risposta."
            }),
        ),
        example(
            "notifica_per_informazione",
            json!({
                "motivo": "notifica_per_informazione", "canale": "telefono", "padre": CASO,
                "description": "Ha cambiato numero di telefono.",
                "notifica": { "tipo": "anagrafica", "anagrafica": { "telefono": "+390551111111" } }
            }),
        ),
        example(
            "informazione_su_case",
            json!({
                "motivo": "informazione_su_case", "canale": "telefono", "padre": CASO,
                "description": "Chiede a che punto è la pratica.", "identificazione": "protocollo_e_dati",
                "answer": { "text": "È in lavorazione presso l'ufficio competente.", "canale": "telefono" }
            }),
        ),
        example(
            "abandoned",
            json!({ "canale": "telefono", "annullamento": { "motivo": "contatto_abbandonato" } }),
        ),
    ]
}

/// The bodies of a command on a case.
pub(crate) fn command(kind: CommandKind) -> Vec<Example> {
    let one = |name, body| vec![example(name, body)];
    match kind {
        CommandKind::Open => openings(),
        // The system's own: no route gives it.
        CommandKind::Route => Vec::new(),
        CommandKind::Accept | CommandKind::Release => one("nothing", json!({})),
        CommandKind::TransferFailed => one("dropped", json!({ "esito": "chiamata_terminata" })),
        CommandKind::TakeOver => one("absent", json!({ "note": "La collega è assente fino a lunedì." })),
        CommandKind::HandBack => {
            one("unclear", json!({ "note": "Non è chiaro quale sportello sia indicato." }))
        }
        CommandKind::Involve => {
            one("specialist", json!({ "specialista": "s.verdi", "note": "Può verificare la pratica?" }))
        }
        CommandKind::Contribute => {
            one("opinion", json!({ "text": "La pratica è stata chiusa il 3 novembre." }))
        }
        CommandKind::Note => vec![
            example("note", json!({ "text": "La cittadina richiamerà domani mattina." })),
            example(
                "misrouted",
                json!({ "text": "La strada è della Provincia: non spetta a noi.", "non_competente": true }),
            ),
        ],
        CommandKind::Suspend => one("waiting", json!({ "reason": "Si attende risposta dall'archivio." })),
        CommandKind::Detach => {
            one("wrong_padre", json!({ "reason": "Collegato al caso di un'altra persona." }))
        }
        CommandKind::Resolve => vec![
            example(
                "told",
                json!({ "answer": { "text": "L'appuntamento è stato ripristinato.", "canale": "telefono" } }),
            ),
            example(
                "contact_back",
                json!({
                    "answer": {
                        "text": "L'appuntamento è stato ripristinato.", "canale": "telefono",
                        "attributo": "da_comunicare"
                    }
                }),
            ),
        ],
        CommandKind::RecordAttempt => one(
            "no_answer",
            json!({
                "tentativo": { "canale": "telefono", "direzione": "outbound", "esito": "non_risponde" },
                "attributo": "da_comunicare", "note": "Il telefono squilla a vuoto."
            }),
        ),
        CommandKind::Reject => one(
            "wrong_office",
            json!({
                "causa": "errore_operatore", "note": "È competenza dell'ufficio tributi.",
                "tripletta_suggerita": { "ente": "firenze", "macrostruttura": "tributi", "servizio": "tari" }
            }),
        ),
        CommandKind::Reassign => one(
            "competent",
            json!({
                "tripletta": { "ente": "firenze", "macrostruttura": "tributi", "servizio": "tari" },
                "gruppo": "firenze-tributi", "note": "Come suggerito da chi ha rigettato."
            }),
        ),
        CommandKind::Cancel => one("withdrawn", json!({ "motivo": "ritirato_dal_cittadino" })),
        CommandKind::CorrectAnagrafica => {
            one("new_address", json!({ "anagrafica": { "email": "m.bianchi@example.org" } }))
        }
    }
}

/// What success looks like, by the route's name.
pub(crate) fn response(route: &str) -> Value {
    let page = |row: Value| json!({ "rows": [row], "next": "MTc5MDAwMDAwMDAwMDAwMC4wMTk4YzJmNA" });
    match route {
        "healthz" => json!({ "status": "ok" }),
        "readyz" => json!({ "status": "ready" }),
        "status" => json!({
            "version": "0.1.0", "installation": "smista", "store": true, "commands_waiting": 0, "catalogue_revision": 3
        }),
        "openapi" => json!({ "openapi": "3.1.0" }),
        "metrics" => json!("smista_messages_total 42"),
        "docs" => json!("<!doctype html>"),
        "openContact" => case_summary(),
        "readCase" => case(),
        "readHistory" => json!({ "rows": [{
            "versione": 2, "at": "2026-11-20T09:31:00Z", "by": "i.neri", "command": "case.accept",
            "stato_before": { "stato": "assegnato" }, "stato_after": { "stato": "assegnato" },
            "facts": [{ "fact": "accepted", "titolare": "i.neri" }]
        }] }),
        "readTriage" => json!({
            "caso": CASO, "versione": 4, "at": "2026-11-20T10:02:00Z",
            "findings": {
                "percorso": [{
                    "versione": 2, "at": "2026-11-20T09:31:00Z", "tripletta": tripletta(), "gruppo": "firenze-anagrafe",
                    "rigetto": {
                        "versione": 4, "at": "2026-11-20T10:01:00Z", "by": "i.neri", "causa": "errore_operatore",
                        "suggerita": null, "dal_sistema": false
                    }
                }],
                "rimbalza": false,
                "suggerimenti": [{
                    "gruppo": "firenze-tributi",
                    "tripletta": { "ente": "firenze", "macrostruttura": "tributi", "servizio": "tari" },
                    "punti": 62, "ha_rigettato": false, "motivi": ["La scheda «TARI» somiglia alla richiesta."]
                }]
            }
        }),
        "searchCases" | "earlierCases" => page(case_summary()),
        "readSegnalazioni" | "misroutedDesk" => page(segnalazione()),
        "readInbox" | "rejectsDesk" | "callBackList" => page(desk_entry()),
        "listEnti" => json!({ "rows": [{
            "id": "firenze", "nome": "Comune di Firenze", "gruppo_di_ripiego": "firenze-urp", "retired": false
        }] }),
        "listServizi" => json!({ "rows": [{
            "tripletta": tripletta(), "nome": "Carta d'identità elettronica",
            "macrostruttura_nome": "Servizi demografici", "profilo": "avanzato", "contact_back": true,
            "gruppo": "firenze-anagrafe", "numero_trasferimento": "+390552222222", "agenda": false,
            "scheda": "firenze-carta-identita", "motivi": ["informazione", "reclamo"]
        }] }),
        "listGroups" => json!({ "rows": [{
            "id": "firenze-anagrafe", "ente": "firenze", "nome": "Anagrafe", "email": "anagrafe@example.org",
            "membri": ["i.neri"], "retired": false
        }] }),
        "readSheet" => sheet(),
        "searchSheets" => json!({ "rows": [{
            "scheda": "firenze-carta-identita", "ente": "firenze", "titolo": "Carta d'identità elettronica",
            "servizi": [tripletta()]
        }] }),
        "registerCitizen" | "readCitizen" => citizen(),
        "searchCitizens" => {
            let mut found = citizen();
            found["casi"] = json!([CASO]);
            json!({ "rows": [found] })
        }
        _ => Value::Null,
    }
}

/// A case without anybody's words.
pub(crate) fn case_summary() -> Value {
    json!({
        "id": CASO, "protocollo": "2026-000042", "versione": 2, "motivo": "reclamo", "tripletta": tripletta(),
        "stato": "assegnato", "gruppo": "firenze-anagrafe", "gruppo_precedente": null, "titolare": "i.neri",
        "padre": null, "opened_at": "2026-11-20T09:30:00Z", "stato_since": "2026-11-20T09:30:00Z",
        "canale": "telefono", "canale_risposta": null, "specialisti": [], "rigettato_da": [],
        "cittadino": CITTADINO, "non_competente": false, "bounces": false, "late": false, "is_final": false,
        "actions": ["release", "involve", "suspend", "resolve", "reject", "note", "correct_anagrafica"]
    })
}

/// A Segnalazione whose group has said that it is not competent.
fn segnalazione() -> Value {
    let mut found = case_summary();
    found["motivo"] = json!("segnalazione");
    found["stato"] = json!("assegnato_risolto");
    found["titolare"] = json!(null);
    found["non_competente"] = json!(true);
    found["is_final"] = json!(true);
    found["actions"] = json!(["note", "correct_anagrafica"]);
    found
}

fn case() -> Value {
    let mut case = case_summary();
    case["figli"] = json!([FIGLIO]);
    case["description"] = json!("L'appuntamento di ieri è stato annullato senza avviso.");
    case["anagrafica"] = anagrafica();
    case["notes"] = json!([{
        "campo": "nota", "text": "La cittadina richiamerà domani mattina.", "at": "2026-11-20T09:40:00Z", "by": "a.rossi"
    }]);
    case
}

fn desk_entry() -> Value {
    let mut entry = case_summary();
    let mut figlio = case_summary();
    figlio["id"] = json!(FIGLIO);
    figlio["padre"] = json!(CASO);
    figlio["motivo"] = json!("sollecito");
    entry["figli"] = json!([figlio]);
    entry["sollecitato"] = json!(true);
    entry["notificato"] = json!(false);
    entry
}

fn sheet() -> Value {
    json!({
        "id": "firenze-carta-identita", "ente": "firenze", "titolo": "Carta d'identità elettronica",
        "sezioni": [{ "titolo": "Come", "testo": "Su appuntamento, con il documento scaduto e una fototessera." }],
        "risposte_standard": [{ "codice": "smarrimento", "titolo": "Smarrimento", "testo": "Serve la denuncia." }],
        "sms": "CIE: su appuntamento, con documento scaduto e fototessera.", "documenti": [], "retired": false
    })
}

fn citizen() -> Value {
    json!({
        "id": CITTADINO, "anagrafica": anagrafica(), "identificazione": "documento",
        "created_at": "2026-11-20T09:29:00Z", "updated_at": "2026-11-20T09:29:00Z"
    })
}

fn anagrafica() -> Value {
    json!({
        "nome": "Maria", "cognome": "Bianchi", "telefono": "+390550000000", "email": "maria.bianchi@example.org",
        "indirizzo": "Via Roma 10, Firenze"
    })
}

fn tripletta() -> Value {
    json!({ "ente": "firenze", "macrostruttura": "servizi-demografici", "servizio": "carta-identita" })
}

fn example(name: &'static str, body: Value) -> Example {
    Example { name, body }
}
