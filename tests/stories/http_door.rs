//! What the HTTP door lets through, and how it says no: versions, bodies, tokens, delegations, languages.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{self, Method};
use chrono::Duration;
use serde_json::{Value, json};
use smista_domain::command::{Command, Note};
use smista_domain::ids::{CasoId, EnteId, Login};
use smista_domain::text::Testo;
use smista_intake::issue_token;
use smista_office::{Incoming, NoOperator, Outcome, Request, Who};
use smista_store::{Cliente, Delegation};
use smista_tests::catalogue::{ANNA, CARLO, CINZIA, MUSEI, OLGA, RESIDENZA, SARA};
use smista_tests::{Answer, TestOffice, stories};

use crate::bodies::{contact, gino, rejection};

/// A call with this token, or none, for this operator, or nobody.
async fn asked_with(office: &TestOffice, token: Option<&str>, login: Option<&str>) -> Answer {
    let mut request = http::Request::builder().method(Method::GET).uri("/v1/desks/call-back");
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    if let Some(login) = login {
        request = request.header("smista-operatore", login);
    }
    office.send(request.body(Body::empty()).expect("a request")).await
}

/// A client with this delegation, and its token.
async fn client(
    office: &TestOffice,
    nome: &str,
    delegation: Delegation,
    valid_for: Option<Duration>,
) -> String {
    let store = &office.system.office.store;
    store.save_cliente(&Cliente { nome: nome.to_owned(), delegation }).await.expect("a client");
    let (now, expires_at) = (office.now(), valid_for.map(|time| office.now() + time));
    issue_token(&**store, nome, now, expires_at).await.expect("a token").token
}

/// A body just as it stands, opened by Anna.
async fn open_raw(office: &TestOffice, body: Vec<u8>) -> Answer {
    office.send(office.request(ANNA, Method::POST, "/v1/contacts", &[], body)).await
}

async fn cases(office: &TestOffice) -> usize {
    office.post(ANNA, "/v1/cases/search", json!({})).await.ok().list("/rows").len()
}

stories! {
    async fn a_command_is_for_the_version_that_its_operator_saw(office: &TestOffice) {
        let caso = office.reclamo(ANNA, RESIDENZA).await;
        let path = format!("/v1/cases/{caso}/accept");
        let accept = async |tag: Option<&str>| {
            let headers: Vec<(&str, &str)> = tag.map(|tag| ("if-match", tag)).into_iter().collect();
            office.call(CARLO, Method::POST, &path, &headers, Some(json!({}))).await
        };
        assert_eq!(accept(None).await.refused("precondition-required").status, 428);
        for no_version in ["*", "W/\"2\"", "2", "\"due\""] {
            assert_eq!(accept(Some(no_version)).await.refused("malformed-if-match").status, 400);
        }
        let seen = office.case(CARLO, &caso).await.ok();
        let tag = seen.header("etag").expect("a tag").to_owned();
        assert_eq!(tag, "\"2\"", "opened and routed");
        assert_eq!(accept(Some("\"1\"")).await.refused("version-conflict").by_clause("3-1").status, 412);
        assert_eq!(office.case(CARLO, &caso).await.text("/titolare"), "");

        let accepted = accept(Some(&tag)).await.ok();
        assert_eq!(accepted.text("/titolare"), "carlo");
        assert_eq!(accepted.header("etag"), Some("\"3\""));
        // A colleague who looked at the same time is told so, and changes nothing.
        let late = office
            .call(CINZIA, Method::POST, &format!("/v1/cases/{caso}/take-over"), &[("if-match", &tag)],
                  Some(json!({ "note": "Lo prendo io." })))
            .await;
        assert_eq!(late.refused("version-conflict").status, 412);
        // A note needs no version: it is right whatever happened meanwhile.
        let path = format!("/v1/cases/{caso}/note");
        office.call(ANNA, Method::POST, &path, &[], Some(json!({ "text": "Richiamare." }))).await.ok();
    }

    async fn what_cannot_be_read_is_refused_and_opens_nothing(office: &TestOffice) {
        let good = contact("reclamo", RESIDENZA, json!({ "anagrafica": gino() })).to_string();
        let deep = |open: &str, close: &str| format!("{{\"motivo\":{}{}}}", open.repeat(9_000), close.repeat(3_000));
        let unreadable: [Vec<u8>; 7] = [
            Vec::new(),
            good.as_bytes()[..good.len() - 1].to_vec(),
            format!("{good} {good}").into_bytes(),
            good.replace("Gino", "Gin\u{0}o").into_bytes(),
            [&good.as_bytes()[..20], &[0xff, 0xfe], &good.as_bytes()[20..]].concat(),
            deep("[", "]").into_bytes(),
            deep("{\"a\":", "}").into_bytes(),
        ];
        for body in unreadable {
            let answer = open_raw(office, body).await.refused("malformed");
            assert_eq!(answer.status, 400);
            assert_eq!(answer.header("content-type"), Some("application/problem+json"));
        }
        let huge = merged_description(&good, 65_000);
        assert_eq!(open_raw(office, huge.into_bytes()).await.refused("body-too-large").status, 413);
        let form = office.call(ANNA, Method::POST, "/v1/contacts", &[], None).await;
        assert_eq!(form.refused("malformed").status, 400);
        let mut text = office.request(ANNA, Method::POST, "/v1/contacts", &[], good.clone());
        text.headers_mut().insert("content-type", "text/plain".parse().expect("a header"));
        assert_eq!(office.send(text).await.refused("unsupported-media-type").status, 415);

        assert_eq!(cases(office).await, 0);
        open_raw(office, good.into_bytes()).await.ok();
        assert_eq!(cases(office).await, 1);
    }

    async fn a_problem_names_the_field_and_never_what_stood_in_it(office: &TestOffice) {
        let base = contact("reclamo", RESIDENZA, json!({ "anagrafica": gino() }));
        let with = |pointer: &str, value: Value| {
            let mut body = base.clone();
            *body.pointer_mut(pointer).expect("a field") = value;
            body
        };
        for (body, field) in [
            (with("/canale", json!("piccione-SEGRETO")), "canale"),
            (with("/motivo", json!({ "SEGRETO": 1 })), "motivo"),
            (with("/anagrafica/telefono", json!("SEGRETO")), "anagrafica.telefono"),
            (with("/tripletta/ente", json!(5)), "tripletta.ente"),
        ] {
            let answer = office.open(ANNA, body).await.refused("malformed");
            assert_eq!(answer.text("/field"), field);
            assert!(!answer.body.to_string().contains("SEGRETO"), "{}", answer.body);
        }
    }

    async fn what_is_wrong_with_a_field_is_told_in_the_callers_language(office: &TestOffice) {
        let told = async |language: &str, body: Value| {
            let headers = [("accept-language", language)];
            let answer = office.call(ANNA, Method::POST, "/v1/contacts", &headers, Some(body)).await;
            answer.refused("malformed")
        };
        let number = contact("reclamo", RESIDENZA, json!({ "anagrafica": { "telefono": "abc" } }));
        let italian = told("it", number.clone()).await;
        assert_eq!(italian.text("/field"), "anagrafica.telefono");
        assert!(italian.text("/detail").contains("il numero di telefono non è valido"), "{}", italian.body);
        let english = told("en", number).await;
        assert!(english.text("/detail").contains("not a telephone number"), "{}", english.body);
        // A field that is missing is named itself, not the object that lacks it.
        let missing = told("it", json!({ "motivo": "reclamo" })).await;
        assert_eq!((missing.text("/field").as_str(), missing.list("/missing")), ("canale", vec![json!("canale")]));
        assert_eq!(missing.text("/detail"), "Campo «canale»: il campo è obbligatorio e manca.");
        let channel = told("it", contact("reclamo", RESIDENZA, json!({ "canale": "fax" }))).await;
        assert_eq!(channel.list("/admitted"), [json!("telefono"), json!("email")]);
    }

    async fn a_refusal_says_to_programs_too_what_is_needed_to_go_on(office: &TestOffice) {
        let body = contact("reclamo", RESIDENZA, json!({ "anagrafica": { "cognome": "Prova" } }));
        let refused = office.open(ANNA, body).await.refused("incomplete-anagrafica");
        assert_eq!(refused.list("/missing"), [json!("nome"), json!("telefono|email")]);
        let body = contact("reclamo", MUSEI, json!({ "anagrafica": gino() }));
        let refused = office.open(ANNA, body).await.refused("motivo-not-on-this-profile");
        assert_eq!(refused.list("/admitted"), [json!("informazione"), json!("lamentela"), json!("segnalazione")]);

        let caso = office.reclamo(ANNA, RESIDENZA).await;
        office.command(CARLO, &caso, "accept", json!({})).await.ok();
        let held = office.command(CINZIA, &caso, "accept", json!({})).await.refused("held-by-somebody-else");
        assert_eq!(held.text("/titolare"), CARLO);
        let path = format!("/v1/cases/{caso}/suspend");
        let body = json!({ "reason": "Si attende l'archivio." });
        let late = office.call(CARLO, Method::POST, &path, &[("if-match", "\"2\"")], Some(body.clone())).await;
        assert_eq!(late.refused("version-conflict").number("/version"), 3);
        // Of a case that one may not see, not even its version is told.
        let hidden = office.call(SARA, Method::POST, &path, &[("if-match", "\"2\"")], Some(body)).await;
        assert_eq!(hidden.refused("not-found").body.get("version"), None);
    }

    async fn a_search_that_makes_no_sense_is_the_callers_fault_and_blames_no_address(office: &TestOffice) {
        let caso = office.reclamo(ANNA, RESIDENZA).await;
        let search = async |body: Value| office.post(ANNA, "/v1/cases/search", body).await;
        // However often a state is named, it is looked for once.
        let states = vec![json!({ "stato": "assegnato" }); 300];
        let found = search(json!({ "stati": states })).await.ok();
        assert_eq!(smista_tests::office::ids(&found), [caso]);
        let year_20000 = "NTY4OTc1MDAwMDAwMDAwMDAwLjAxOThjMmY0LTdhMTAtN2MzZS05ZDU1LTFiMmY2ZTBhOWM0MQ";
        let groups: Vec<String> = (0..101).map(|number| format!("gruppo-{number}")).collect();
        for (field, value) in [
            ("limit", json!(0)),
            ("cursor", json!("?")),
            ("cursor", json!(year_20000)),
            ("stati", json!([{ "stato": "perduto" }])),
            ("gruppi", json!(groups)),
            ("opened_from", json!("-200000-01-01T00:00:00Z")),
            ("opened_before", json!("+12000-01-01T00:00:00Z")),
        ] {
            let refused = search(json!({ field: value })).await.refused("malformed-parameter");
            assert_eq!((refused.status, refused.text("/field").as_str()), (400, field));
            assert!(!refused.text("/detail").contains("indirizzo"), "{}", refused.body);
        }
        let list = search(json!([])).await.refused("malformed");
        assert_eq!(list.status, 400, "a list is no search for everything");
        let in_address = office.get(ANNA, &format!("/v1/desks/rejects?cursor={year_20000}")).await;
        assert!(in_address.refused("malformed-parameter").text("/detail").contains("indirizzo"));
    }

    async fn problems_are_told_in_italian_or_in_english(office: &TestOffice) {
        let body = contact("reclamo", MUSEI, json!({ "anagrafica": gino() }));
        let open = async |language: &str| {
            let headers = [("accept-language", language)];
            office.call(ANNA, Method::POST, "/v1/contacts", &headers, Some(body.clone())).await
        };
        let (italian, english, german) = (open("it").await, open("en-GB,it;q=0.5").await, open("de").await);
        assert_eq!(italian.text("/title"), "La richiesta non è stata accolta");
        assert_eq!(english.text("/title"), "The request was refused");
        assert_eq!(german.body, italian.body, "Italian is the language of the house");
        assert_ne!(italian.text("/detail"), english.text("/detail"));
        // The detail says what the service admits.
        for detail in [italian.text("/detail"), english.text("/detail")] {
            assert!(detail.contains("Informazione, Lamentela, Segnalazione"), "{detail}");
        }
        for answer in [italian, english] {
            assert_eq!(answer.refused("motivo-not-on-this-profile").by_clause("R2").text("/field"), "motivo");
        }
        // What the door itself refuses has both languages too.
        let nowhere = office.call(ANNA, Method::GET, "/v1/cases/nessuno", &[("accept-language", "en")], None).await;
        assert_eq!(nowhere.refused("not-found").text("/title"), "The request was refused");
        let nowhere = office.get(ANNA, "/v1/cases/nessuno").await;
        assert_eq!(nowhere.refused("not-found").text("/title"), "La richiesta non è stata accolta");
    }

    async fn nobody_comes_in_without_a_token_in_force(office: &TestOffice) {
        let missing = asked_with(office, None, Some(ANNA)).await.refused("token-missing");
        assert_eq!((missing.status, missing.header("www-authenticate")), (401, Some("Bearer")));
        let made_up = format!("smista_00000000_{}", "A".repeat(43));
        for unknown in ["abc", made_up.as_str()] {
            assert_eq!(asked_with(office, Some(unknown), Some(ANNA)).await.refused("token-unknown").status, 401);
        }
        let roles = Delegation { ruoli: vec!["primo_livello".to_owned()], ..Delegation::default() };
        let token = client(office, "crm", roles, Some(Duration::hours(1))).await;
        asked_with(office, Some(&token), Some(ANNA)).await.ok();
        office.advance(Duration::hours(1));
        assert_eq!(asked_with(office, Some(&token), Some(ANNA)).await.refused("token-expired").status, 401);
    }

    async fn a_token_that_is_revoked_opens_nothing_from_then_on(office: &TestOffice) {
        let roles = Delegation { ruoli: vec!["primo_livello".to_owned()], ..Delegation::default() };
        let token = client(office, "crm", roles, None).await;
        asked_with(office, Some(&token), Some(ANNA)).await.ok();
        let store = &office.system.office.store;
        let tokens = store.tokens().await.expect("tokens");
        let of_the_client = tokens.iter().find(|token| token.cliente == "crm").expect("its token");
        assert!(store.revoke_token(&of_the_client.prefix, office.now()).await.expect("revoked"));
        for _again in 0..2 {
            assert_eq!(asked_with(office, Some(&token), Some(ANNA)).await.refused("token-revoked").status, 401);
        }
    }

    async fn a_client_speaks_only_for_its_operators(office: &TestOffice) {
        let caso = office.reclamo(ANNA, RESIDENZA).await;
        let of_firenze = Delegation {
            ruoli: vec!["primo_livello".to_owned(), "secondo_livello".to_owned()],
            enti: Some(vec![EnteId::new("firenze").expect("a code")]),
            ..Delegation::default()
        };
        let token = client(office, "crm-firenze", of_firenze, None).await;
        asked_with(office, Some(&token), Some(ANNA)).await.ok();
        // The right client for the role, the wrong route for it.
        asked_with(office, Some(&token), Some(CARLO)).await.refused("not-your-role");
        for outside in [SARA, OLGA, "nessuno", "Non Un Login"] {
            let answer = asked_with(office, Some(&token), Some(outside)).await.refused("operator-not-delegated");
            assert_eq!((answer.status, answer.text("/clause").as_str()), (403, "R14"));
        }
        asked_with(office, Some(&token), None).await.refused("operator-not-named");

        // A client of one person need not name them, and commands nothing for others.
        let annas = Delegation { operatori: vec![Login::new(ANNA).expect("a login")], ..Delegation::default() };
        let token = client(office, "telefono-anna", annas, None).await;
        asked_with(office, Some(&token), None).await.ok();
        let mut reject = office.request(
            CARLO, Method::POST, &format!("/v1/cases/{caso}/reject"), &[("if-match", "\"2\"")],
            rejection().to_string(),
        );
        reject.headers_mut().insert("authorization", format!("Bearer {token}").parse().expect("a header"));
        office.send(reject).await.refused("operator-not-delegated");
        assert_eq!(office.case(ANNA, &caso).await.stato(), "assegnato");
    }

    /// The door may have looked into a catalogue that is some seconds old: only the desk knows who holds which role now.
    async fn the_desk_asks_again_for_whom_the_client_speaks(office: &TestOffice) {
        let caso = office.reclamo(ANNA, RESIDENZA).await;
        let ruoli = vec!["primo_livello".to_owned()];
        let delegation = Arc::new(Delegation { ruoli, ..Delegation::default() });
        let note = || Note { text: Testo::new("Visto.").expect("a text"), non_competente: false };
        let by = |login: &str| Incoming {
            who: Who::Client { named: Some(login.to_owned()), delegation: Arc::clone(&delegation) },
            request: Request::Act {
                caso: CasoId(caso.parse().expect("an id")),
                command: Command::Note(note()),
            },
            expected_version: None,
            message: None,
            idempotency: None,
            spool_row: None,
            traceparent: None,
            render: None,
        };
        let outcomes = office.system.office.apply("http", &[by(CARLO), by(ANNA)]).await.expect("outcomes");
        assert!(matches!(outcomes[0], Outcome::NoOperator(NoOperator::NotDelegated)), "{outcomes:?}");
        assert!(matches!(outcomes[1], Outcome::Applied(_)), "{outcomes:?}");
    }
}

/// The body with a description of so many bytes.
fn merged_description(body: &str, bytes: usize) -> String {
    body.replace("Chiede notizie della sua pratica.", &"x".repeat(bytes + 1_000))
}
