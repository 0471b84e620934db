//! What the door answers.

use serde_json::{Value, json};

use super::super::schema::{
    Member, about, boolean, list, may, must, name, named, number, object, or_null, text, with,
};
use super::words::whether;

/// The schema of a route's answer, by the route's name; of a command's, the case's summary.
pub(super) fn of_route(route: &str) -> Value {
    match route {
        "healthz" => object([must("status", name("ok"))]),
        "readyz" => object([must("status", name("ready"))]),
        "status" => named("Status"),
        "openapi" => with(object([]), "additionalProperties", json!(true)),
        "metrics" | "docs" => text(),
        "readCase" => named("Case"),
        "readHistory" => object([must("rows", list(named("HistoryEntry")))]),
        "readTriage" => named("Triage"),
        "searchCases" | "earlierCases" | "readSegnalazioni" | "misroutedDesk" => page("CaseSummary"),
        "readInbox" | "rejectsDesk" | "callBackList" => page("DeskEntry"),
        "listEnti" => rows("Ente"),
        "listServizi" => rows("Servizio"),
        "listGroups" => rows("Gruppo"),
        "readSheet" => named("Sheet"),
        "searchSheets" => rows("SheetFound"),
        "registerCitizen" | "readCitizen" => named("Citizen"),
        "searchCitizens" => rows("CitizenFound"),
        _ => named("CaseSummary"),
    }
}

fn rows(row: &str) -> Value {
    object([must("rows", list(named(row)))])
}

fn page(row: &str) -> Value {
    let next = about(text(), "Give it back as cursor for the next page; missing on the last.");
    object([must("rows", list(named(row))), may("next", next)])
}

/// Everything with a name.
pub(super) fn all() -> Vec<(&'static str, Value)> {
    let mut all = vec![
        ("CaseSummary", object(summary())),
        ("Case", object(summary().into_iter().chain(whole_case()))),
        (
            "DeskEntry",
            object(summary().into_iter().chain([
                must("figli", about(list(named("CaseSummary")), "Those that are open.")),
                must("sollecitato", whether("An open sollecito is among them.")),
                must("notificato", whether("An open notifica is among them.")),
            ])),
        ),
        ("Nota", note()),
        ("HistoryEntry", history_entry()),
        ("Paper", object([must("campo", named("Campo")), must("contenuto", named("Contenuto"))])),
        (
            "Contenuto",
            json!({ "oneOf": [
                object([must("testo", named("Testo"))]),
                object([must("luogo", named("Luogo"))]),
                object([must("anagrafica", named("Anagrafica"))]),
            ] }),
        ),
        ("Fact", json!({ "oneOf": facts() })),
    ];
    all.extend(of_triage());
    all.extend(of_catalogue());
    all.extend(others());
    all
}

/// A case without anybody's words.
fn summary() -> Vec<Member> {
    vec![
        must("id", named("Id")),
        must("protocollo", named("Protocollo")),
        must("versione", named("Versione")),
        must("motivo", or_null(named("Motivo"))),
        must("tripletta", or_null(named("Tripletta"))),
        must("stato", named("NomeStato")),
        may("attributo", about(named("Attributo"), "Of the two Risolto states.")),
        must("gruppo", or_null(named("Code"))),
        must("gruppo_precedente", or_null(named("Code"))),
        must("titolare", or_null(named("Login"))),
        must("padre", or_null(named("Id"))),
        must("opened_at", named("Time")),
        must("stato_since", named("Time")),
        must("canale", named("CanaleInbound")),
        may("canale_origine", named("NomeEsterno")),
        must("canale_risposta", or_null(named("CanaleOutbound"))),
        must("specialisti", list(named("Login"))),
        must("rigettato_da", list(named("Code"))),
        may("contatto_id", named("Id")),
        may("seguito_di", named("Id")),
        may("cittadino", named("Id")),
        must("bounces", whether("Rejected more than once (R12).")),
        must("late", whether("An answer still to be told has waited too long (R19).")),
        must("non_competente", whether("A referent has found the Segnalazione misrouted (R17).")),
        must("is_final", whether("Nothing moves it any more (R17).")),
        must("actions", about(list(named("Action")), "What the operator may do with it now.")),
    ]
}

fn whole_case() -> Vec<Member> {
    vec![
        must("figli", list(named("Id"))),
        may("description", about(named("Testo"), "What the citizen asked.")),
        may("answer", about(named("Testo"), "The newest answer.")),
        may("anagrafica", named("Anagrafica")),
        may("place", named("Luogo")),
        must("notes", list(named("Nota"))),
    ]
}

fn note() -> Value {
    object([
        must("campo", named("Campo")),
        must("text", named("Testo")),
        must("at", named("Time")),
        must("by", named("Login")),
    ])
}

fn history_entry() -> Value {
    object([
        must("versione", named("Versione")),
        must("at", named("Time")),
        must("by", named("Login")),
        must("command", about(text(), "The message type of the command: case.take_over.")),
        must("stato_before", or_null(named("Stato"))),
        must("stato_after", named("Stato")),
        must("facts", list(named("Fact"))),
        may("papers", about(list(named("Paper")), "The words that came with it, for who may read them.")),
    ])
}

fn facts() -> Vec<Value> {
    let fact =
        |kind: &str, members: Vec<Member>| object(std::iter::once(must("fact", name(kind))).chain(members));
    let tripletta = || or_null(named("Tripletta"));
    vec![
        fact("opened", opened()),
        fact("assigned", vec![]),
        fact("routed", vec![must("gruppo", named("Code"))]),
        fact("transfer_failed", vec![must("esito", named("EsitoTrasferimento"))]),
        fact("accepted", vec![must("titolare", named("Login"))]),
        fact("released", vec![]),
        fact("taken_over", vec![must("from", named("Login")), must("titolare", named("Login"))]),
        fact("specialist_involved", vec![must("specialista", named("Login"))]),
        fact("contributed", vec![]),
        fact("suspended", vec![]),
        fact(
            "resolved",
            vec![
                must("stato", named("Stato")),
                must("risolutore", named("Login")),
                must("canale_risposta", named("CanaleOutbound")),
            ],
        ),
        fact("attempt_recorded", vec![must("tentativo", named("Tentativo")), must("stato", named("Stato"))]),
        fact("handed_back", vec![must("titolare", or_null(named("Login")))]),
        fact(
            "rejected",
            vec![
                must("causa", named("CausaRigetto")),
                must("gruppo", or_null(named("Code"))),
                must("suggerita", tripletta()),
                must("dal_sistema", boolean()),
            ],
        ),
        fact(
            "reassigned",
            vec![
                must("gruppo", named("Code")),
                must("tripletta", named("Tripletta")),
                must("profilo", named("Profilo")),
            ],
        ),
        fact("cancelled", vec![must("motivo", named("MotivoAnnullamento"))]),
        fact("detached", vec![]),
        fact("noted", vec![]),
        fact("found_misrouted", vec![]),
        fact("anagrafica_corrected", vec![]),
        fact(
            "followed",
            vec![
                must("stato", named("Stato")),
                must("gruppo", or_null(named("Code"))),
                must("tripletta", tripletta()),
                must("profilo", or_null(named("Profilo"))),
                must("padre_versione", named("Versione")),
                must("cambiamento", text()),
            ],
        ),
        fact("gap_raised", vec![must("genere", named("GenereEsigenza"))]),
    ]
}

fn opened() -> Vec<Member> {
    vec![
        must("protocollo", named("Protocollo")),
        must("motivo", or_null(named("Motivo"))),
        must("tripletta", or_null(named("Tripletta"))),
        must("profilo", or_null(named("Profilo"))),
        must("stato", named("Stato")),
        must("gruppo", or_null(named("Code"))),
        must("padre", or_null(named("Id"))),
        must("canale", named("CanaleInbound")),
        must("canale_origine", or_null(named("NomeEsterno"))),
        must("canale_risposta", or_null(named("CanaleOutbound"))),
        must("verifica", or_null(named("VerificaDisponibilita"))),
        must("identificazione", or_null(named("ModoIdentificazione"))),
        must("annullamento", or_null(named("MotivoAnnullamento"))),
        must("opened_at", named("Time")),
        must("contatto_id", or_null(named("Id"))),
        must("seguito_di", or_null(named("Id"))),
        must("cittadino", or_null(named("Id"))),
    ]
}

fn of_triage() -> Vec<(&'static str, Value)> {
    let rigetto = object([
        must("versione", named("Versione")),
        must("at", named("Time")),
        must("by", named("Login")),
        must("causa", named("CausaRigetto")),
        must("suggerita", or_null(named("Tripletta"))),
        must("dal_sistema", boolean()),
    ]);
    let passaggio = object([
        must("versione", named("Versione")),
        must("at", named("Time")),
        must("tripletta", or_null(named("Tripletta"))),
        must("gruppo", or_null(named("Code"))),
        must("rigetto", or_null(named("Rigetto"))),
    ]);
    let suggerimento = object([
        must("gruppo", named("Code")),
        must("tripletta", named("Tripletta")),
        must("punti", about(json!({ "type": "number" }), "The higher, the likelier.")),
        must("ha_rigettato", whether("The group has rejected this case before.")),
        must("motivi", about(list(text()), "Why it is suggested, in Italian.")),
    ]);
    let findings = object([
        must("rimbalza", whether("Rejected more than once.")),
        must("percorso", list(named("Passaggio"))),
        must("suggerimenti", about(list(named("Suggerimento")), "The likeliest first.")),
    ]);
    let triage = object([
        must("caso", named("Id")),
        must("versione", named("Versione")),
        must("at", named("Time")),
        must("findings", named("Findings")),
    ]);
    vec![
        ("Rigetto", rigetto),
        ("Passaggio", passaggio),
        ("Suggerimento", suggerimento),
        ("Findings", findings),
        ("Triage", triage),
    ]
}

fn of_catalogue() -> Vec<(&'static str, Value)> {
    let ente = object([
        must("id", named("Code")),
        must("nome", text()),
        must("gruppo_di_ripiego", about(or_null(named("Code")), "When nobody else is competent (R21).")),
        must("retired", boolean()),
    ]);
    let servizio = object([
        must("tripletta", named("Tripletta")),
        must("nome", text()),
        must("macrostruttura_nome", or_null(text())),
        must("profilo", named("Profilo")),
        must("contact_back", whether("The second level may have the first tell the citizen (4.2-8).")),
        must("gruppo", about(or_null(named("Code")), "The competent group.")),
        must("numero_trasferimento", or_null(text())),
        must("agenda", boolean()),
        must("scheda", or_null(named("Code"))),
        must("motivi", about(list(named("Motivo")), "Those that its profile admits (3.2-4, 3.2-5).")),
    ]);
    let gruppo = object([
        must("id", named("Code")),
        must("ente", named("Code")),
        must("nome", text()),
        must("email", or_null(text())),
        must("membri", list(named("Login"))),
        must("retired", boolean()),
    ]);
    let titled = |more| object([must("titolo", text()), must("testo", text())].into_iter().chain(more));
    let sheet = object([
        must("id", named("Code")),
        must("ente", named("Code")),
        must("titolo", text()),
        must("sezioni", list(titled(None))),
        must("risposte_standard", list(titled(Some(must("codice", text()))))),
        must("sms", about(or_null(text()), "What may be sent by SMS (4.5-3).")),
        must("documenti", about(list(named("Code")), "What may be sent with it (4.4-3).")),
        must("retired", boolean()),
    ]);
    let found = object([
        must("scheda", named("Code")),
        must("ente", named("Code")),
        must("titolo", text()),
        must("servizi", list(named("Tripletta"))),
    ]);
    vec![("Ente", ente), ("Servizio", servizio), ("Gruppo", gruppo), ("Sheet", sheet), ("SheetFound", found)]
}

fn others() -> Vec<(&'static str, Value)> {
    let citizen = || {
        [
            must("id", named("Id")),
            must("anagrafica", named("Anagrafica")),
            must("identificazione", named("ModoIdentificazione")),
            must("created_at", named("Time")),
            must("updated_at", named("Time")),
        ]
    };
    let casi = must("casi", about(list(named("Id")), "The cases that name them, oldest first."));
    let status = object([
        must("version", text()),
        must("installation", text()),
        must("store", whether("The store answers.")),
        must("commands_waiting", number(0, None)),
        must("catalogue_revision", number(0, None)),
    ]);
    vec![
        ("Citizen", object(citizen())),
        ("CitizenFound", object(citizen().into_iter().chain([casi]))),
        ("Status", with(status, "additionalProperties", json!(true))),
    ]
}
