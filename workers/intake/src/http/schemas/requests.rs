//! The bodies that the door takes. What else is in a body is refused, so these are closed.

use serde_json::{Value, json};

use super::super::paging::MAX_LIMIT;
use super::super::schema::{
    about, boolean, closed, format, list, may, must, name, named, number, text, text_up_to, with,
};
use super::words::whether;

/// The schema of a route's body, by the route's name.
pub(super) fn of_route(route: &str) -> Option<&'static str> {
    Some(match route {
        "openContact" => "Opening",
        "searchCases" => "CaseSearch",
        "earlierCases" => "EarlierCases",
        "searchCitizens" => "CitizenSearch",
        "registerCitizen" => "Registration",
        "searchSheets" => "SheetSearch",
        "case.accept" | "case.release" => "Nothing",
        "case.transfer_failed" => "TransferFailed",
        "case.take_over" | "case.hand_back" => "WithNote",
        "case.involve" => "Involve",
        "case.contribute" => "WithText",
        "case.note" => "Note",
        "case.suspend" | "case.detach" => "WithReason",
        "case.resolve" => "Resolution",
        "case.record_attempt" => "AttemptReport",
        "case.reject" => "Rejection",
        "case.reassign" => "Reassignment",
        "case.cancel" => "Cancellation",
        "case.correct_anagrafica" => "AnagraficaChange",
        _ => return None,
    })
}

/// Every body, and what they have in common.
pub(super) fn all() -> Vec<(&'static str, Value)> {
    let mut all = parts();
    all.push(("Opening", opening()));
    all.extend(commands());
    all.extend(searches());
    all
}

fn parts() -> Vec<(&'static str, Value)> {
    let phone = "5 to 15 digits, with or without an international prefix; without one it is Italian.";
    let coordinate = |least: f64, most: f64| json!({ "type": "number", "minimum": least, "maximum": most });
    vec![
        ("Telefono", about(text_up_to(40), phone)),
        ("Email", with(format("email"), "maxLength", json!(254))),
        (
            "Anagrafica",
            closed([
                may("nome", text_up_to(200)),
                may("cognome", text_up_to(200)),
                may("telefono", named("Telefono")),
                may("email", named("Email")),
                may("indirizzo", text_up_to(200)),
            ]),
        ),
        (
            "Luogo",
            about(
                closed([
                    must("indirizzo", text_up_to(200)),
                    may("latitudine", coordinate(-90.0, 90.0)),
                    may("longitudine", coordinate(-180.0, 180.0)),
                ]),
                "Both coordinates (WGS 84) or neither.",
            ),
        ),
        (
            "Tripletta",
            closed([
                must("ente", named("Code")),
                must("macrostruttura", named("Code")),
                must("servizio", named("Code")),
            ]),
        ),
        (
            "Tentativo",
            closed([
                must("canale", named("CanaleOutbound")),
                must("direzione", named("Direzione")),
                must("esito", named("EsitoTentativo")),
                may("at", about(named("Time"), "Now, if left out.")),
            ]),
        ),
        (
            "Answer",
            closed([
                must("text", named("Testo")),
                must("canale", named("CanaleOutbound")),
                may("attributo", about(named("Attributo"), "comunicato, if left out (6-3, R16).")),
                may("tentativi", about(list(named("Tentativo")), "The attempts so far, if not told (6-5).")),
            ]),
        ),
        (
            "Notifica",
            json!({ "oneOf": [
                closed([must("tipo", name("anagrafica")), must("anagrafica", named("Anagrafica"))]),
                closed([must("tipo", name("integrazione"))]),
                closed([must("tipo", name("ritiro"))]),
            ] }),
        ),
        (
            "Cancellation",
            closed([
                must("motivo", named("MotivoAnnullamento")),
                may("note", about(named("Testo"), "Mandatory with altro.")),
            ]),
        ),
    ]
}

fn opening() -> Value {
    let members = [
        may("motivo", about(named("Motivo"), "May be missing only with annullamento.")),
        may("tripletta", about(named("Tripletta"), "The service; a figlio takes its padre's.")),
        must("canale", named("CanaleInbound")),
        may("canale_origine", about(named("NomeEsterno"), "For imports only.")),
        may(
            "description",
            about(named("Testo"), "What the citizen asked; may be missing only with annullamento."),
        ),
        may("anagrafica", about(named("Anagrafica"), "Where the motivo asks for it (4.1-6).")),
        may("place", about(named("Luogo"), "Of a segnalazione (3-2).")),
        may(
            "answer",
            about(named("Answer"), "An informazione with an answer is answered; without, it is not."),
        ),
        may(
            "verifica",
            about(named("VerificaDisponibilita"), "What the check before a transfer found (4.2-3)."),
        ),
        may(
            "padre",
            about(named("Id"), "The case that a sollecito, notifica or informazione_su_case is about."),
        ),
        may("notifica", about(named("Notifica"), "What a notifica_per_informazione brings (3.1-7).")),
        may(
            "identificazione",
            about(named("ModoIdentificazione"), "How the citizen was identified (4.1-7)."),
        ),
        may("annullamento", about(named("Cancellation"), "Opens and cancels at once (row 12).")),
        may("opened_at", about(named("Time"), "When the contact took place, if not now.")),
        may("contatto_id", about(named("Id"), "The contact that several cases have in common (R22).")),
        may("seguito_di", about(named("Id"), "The final case that this one follows (R17).")),
        may("cittadino", about(named("Id"), "The citizen of the register (R24).")),
    ];
    about(
        closed(members),
        "The motivo and the facts given choose where the case goes; refusals name field and clause.",
    )
}

fn commands() -> Vec<(&'static str, Value)> {
    let note = || may("note", named("Testo"));
    vec![
        ("Nothing", closed([])),
        ("TransferFailed", closed([must("esito", named("EsitoTrasferimento"))])),
        ("WithNote", closed([must("note", named("Testo"))])),
        ("WithReason", closed([must("reason", named("Testo"))])),
        ("WithText", closed([must("text", named("Testo"))])),
        (
            "Note",
            closed([
                must("text", named("Testo")),
                may("non_competente", whether("By a referent: the Segnalazione is misrouted (R17).")),
            ]),
        ),
        ("Involve", closed([must("specialista", named("Login")), note()])),
        ("Resolution", closed([must("answer", named("Answer"))])),
        (
            "AttemptReport",
            closed([must("tentativo", named("Tentativo")), must("attributo", named("Attributo")), note()]),
        ),
        (
            "Rejection",
            closed([
                must("causa", named("CausaRigetto")),
                must("note", named("Testo")),
                may("tripletta_suggerita", named("Tripletta")),
            ]),
        ),
        (
            "Reassignment",
            closed([
                may("tripletta", about(named("Tripletta"), "If the case is about another service.")),
                may("gruppo", about(named("Code"), "The competent one of the service, if left out.")),
                may(
                    "note",
                    about(named("Testo"), "Mandatory when it goes back to a group that rejected it."),
                ),
            ]),
        ),
        ("AnagraficaChange", closed([must("anagrafica", named("Anagrafica"))])),
    ]
}

fn searches() -> Vec<(&'static str, Value)> {
    let page = || [may("cursor", about(text(), "The next of the page before.")), may("limit", limit())];
    let reached = || [may("telefono", named("Telefono")), may("email", named("Email"))];
    let sought = closed([
        must("stato", named("NomeStato")),
        may("attributo", about(named("Attributo"), "Any, if left out.")),
    ]);
    let search = [
        may("protocollo", named("Protocollo")),
        may("stati", list(named("StatoSought"))),
        may("motivi", list(named("Motivo"))),
        may("ente", named("Code")),
        may("macrostruttura", named("Code")),
        may("servizio", named("Code")),
        may("gruppi", list(named("Code"))),
        may("titolare", named("Login")),
        may("padre", named("Id")),
        may("only_padri", boolean()),
        may("opened_from", named("Time")),
        may("opened_before", named("Time")),
        may("cittadino", named("Id")),
        may("contatto_id", named("Id")),
    ];
    let one_at_least = "A telephone number or an email address at least.";
    vec![
        ("StatoSought", sought),
        (
            "CaseSearch",
            about(
                closed(search.into_iter().chain(reached()).chain(page())),
                "All conditions given must hold.",
            ),
        ),
        ("EarlierCases", about(closed(reached().into_iter().chain(page())), one_at_least)),
        ("CitizenSearch", about(closed(reached()), one_at_least)),
        (
            "Registration",
            closed([
                must("anagrafica", named("Anagrafica")),
                must("identificazione", named("ModoIdentificazione")),
            ]),
        ),
        (
            "SheetSearch",
            closed([
                must("text", named("Testo")),
                may("ente", named("Code")),
                may("limit", with(number(1, Some(50)), "default", json!(10))),
            ]),
        ),
    ]
}

/// Rows in a page.
fn limit() -> Value {
    with(number(1, Some(MAX_LIMIT)), "default", json!(50))
}
