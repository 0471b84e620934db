//! Two levels, one case, one catalogue (section 3), and the register of citizens (R22, R24).

use axum::http::Method;
use chrono::Duration;
use serde_json::{Value, json};
use smista_domain::ids::{EnteId, MacrostrutturaId};
use smista_tests::catalogue::{
    ANNA, BENE, BUCHE, CARLO, EMMA, MUSEI, RESIDENZA, RESIDENZA_SCANDICCI, RITA, TARI, TEO, URBANO, tripletta,
};
use smista_tests::office::ids;
use smista_tests::stories;

use crate::bodies::{answer, contact, gino, merged, notes, rejection, unanswered};

stories! {
    /// Proves 3-1.
    async fn what_one_level_writes_the_other_sees(office: &TestOffice) {
        let caso = office.reclamo(ANNA, RESIDENZA).await;
        let seen = office.case(CARLO, &caso).await.ok();
        assert_eq!(seen.text("/description"), "Nessuno ha risposto alla mia domanda.");
        assert_eq!(seen.text("/anagrafica/cognome"), "Prova");

        office.command(CARLO, &caso, "note", json!({ "text": "Manca un documento." })).await.ok();
        office.command(ANNA, &caso, "note", json!({ "text": "Lo porterà domani." })).await.ok();
        let moved = json!({ "anagrafica": { "indirizzo": "Via Nuova 1, Firenze" } });
        office.command(ANNA, &caso, "correct-anagrafica", moved).await.ok();
        for login in [ANNA, CARLO, RITA] {
            let seen = office.case(login, &caso).await.ok();
            assert_eq!(notes(&seen), ["carlo: Manca un documento.", "anna: Lo porterà domani."]);
            assert_eq!(seen.text("/anagrafica/indirizzo"), "Via Nuova 1, Firenze");
            assert_eq!(seen.text("/anagrafica/cognome"), "Prova", "what was not corrected stays");
        }
    }

    /// Proves 3-1.
    async fn nobody_acts_on_a_case_that_has_changed_meanwhile(office: &TestOffice) {
        let caso = office.reclamo(ANNA, RESIDENZA).await;
        let path = format!("/v1/cases/{caso}/suspend");
        let seen = office.case(CARLO, &caso).await.ok();
        let tag = seen.header("etag").expect("a version").to_owned();
        office.command(ANNA, &caso, "note", json!({ "text": "Ha richiamato." })).await.ok();

        let reason = || Some(json!({ "reason": "Si attende l'archivio." }));
        let stale = office.call(CARLO, Method::POST, &path, &[("if-match", &tag)], reason()).await;
        assert_eq!(stale.refused("version-conflict").by_clause("3-1").status, 412);
        assert_eq!(office.case(ANNA, &caso).await.stato(), "assegnato");
        let blind = office.call(CARLO, Method::POST, &path, &[], reason()).await;
        assert_eq!(blind.refused("precondition-required").status, 428);
        let tag = office.case(CARLO, &caso).await.ok().header("etag").expect("a version").to_owned();
        office.call(CARLO, Method::POST, &path, &[("if-match", &tag)], reason()).await.ok();
    }

    /// Proves 3-1, R24.
    async fn when_a_contact_arrives_the_first_level_is_shown_the_citizens_earlier_cases(office: &TestOffice) {
        let by = |telefono: &str, email: &str| json!({ "anagrafica": {
            "nome": "Ida", "cognome": "Prova", "telefono": telefono, "email": email,
        }});
        let ida = by("055 1234567", "ida@example.org");
        let first = office.open(ANNA, contact("reclamo", RESIDENZA, ida.clone())).await.ok().id();
        office.advance(Duration::days(3));
        let written = merged(ida.clone(), json!({ "canale": "email" }));
        let second = office.open(EMMA, contact("segnalazione", BUCHE, written)).await.ok().id();
        let other = by("055 7654321", "altra@example.org");
        office.open(ANNA, contact("reclamo", TARI, other)).await.ok();
        office.settle().await;

        // By telephone, however the number is written, and by email.
        let earlier = async |login, body| office.post(login, "/v1/contacts/earlier", body).await;
        for body in [json!({ "telefono": "+39 055/1234567" }), json!({ "email": "ida@EXAMPLE.org" })] {
            assert_eq!(ids(&earlier(BENE, body).await.ok()), [second.clone(), first.clone()], "newest first");
        }
        // However the address was written down then and is now: it is kept as it was written.
        let written = json!({ "anagrafica": { "email": "Ida.Prova@example.org" } });
        office.command(ANNA, &first, "correct-anagrafica", written).await.ok();
        let found = earlier(BENE, json!({ "email": "ida.prova@example.org" })).await.ok();
        assert_eq!(ids(&found), std::slice::from_ref(&first));
        assert_eq!(office.case(ANNA, &first).await.text("/anagrafica/email"), "Ida.Prova@example.org");
        // Page by page, from the newest back.
        let page = |more: Value| merged(json!({ "telefono": "055 1234567", "limit": 1 }), more);
        let newest = earlier(BENE, page(json!({}))).await.ok();
        assert_eq!(ids(&newest), std::slice::from_ref(&second));
        let oldest = earlier(BENE, page(json!({ "cursor": newest.text("/next") }))).await.ok();
        assert_eq!((ids(&oldest), oldest.body.get("next")), (vec![first.clone()], None));
        earlier(BENE, page(json!({ "cursor": "?" }))).await.refused("malformed-parameter");
        assert_eq!(ids(&earlier(BENE, json!({ "telefono": "055 9999999" })).await.ok()), [""; 0]);
        earlier(BENE, json!({})).await.refused("nothing-to-search-by");
        earlier(CARLO, json!({ "telefono": "055 1234567" })).await.refused("not-your-role");

        // An old number still finds her; so does the register, for a case that has no anagrafica of its own.
        let registered = json!({ "anagrafica": ida["anagrafica"], "identificazione": "documento" });
        let citizen = office.post(ANNA, "/v1/citizens", registered).await.ok().text("/id");
        let third = merged(unanswered(TARI), json!({ "cittadino": citizen }));
        let third = office.open(ANNA, third).await.ok().id();
        let changed = json!({ "anagrafica": { "telefono": "055 5555555" } });
        office.command(ANNA, &first, "correct-anagrafica", changed).await.ok();
        let found = ids(&earlier(BENE, json!({ "telefono": "055 1234567" })).await.ok());
        assert_eq!(found, [third, second, first.clone()]);
        assert_eq!(ids(&earlier(BENE, json!({ "telefono": "055 5555555" })).await.ok()), [first]);
    }

    /// Proves R24.
    async fn the_register_holds_citizens_whom_the_centre_has_identified(office: &TestOffice) {
        let registered = json!({ "anagrafica": gino(), "identificazione": "documento" });
        office.post(CARLO, "/v1/citizens", registered.clone()).await.refused("not-your-role");
        let nameless = json!({ "anagrafica": { "telefono": "055 0000001" }, "identificazione": "documento" });
        office.post(ANNA, "/v1/citizens", nameless).await.refused("incomplete-anagrafica");
        let unidentified = json!({ "anagrafica": gino() });
        office.post(ANNA, "/v1/citizens", unidentified).await.refused("malformed");
        let citizen = office.post(ANNA, "/v1/citizens", registered).await.ok();
        assert_eq!(citizen.status, 201);
        let id = citizen.text("/id");

        let call = contact("reclamo", RESIDENZA, json!({ "cittadino": id, "anagrafica": gino() }));
        let caso = office.open(ANNA, call.clone()).await.ok();
        assert_eq!(caso.text("/cittadino"), id);
        let unknown = merged(call, json!({ "cittadino": "01900000-0000-7000-8000-000000000000" }));
        office.open(ANNA, unknown).await.refused("field-not-admitted").by_clause("R24");

        let found = office.post(BENE, "/v1/citizens/search", json!({ "telefono": "+390550000001" })).await.ok();
        assert_eq!(found.list("/rows").len(), 1);
        assert_eq!(found.text("/rows/0/id"), id);
        assert_eq!(found.text("/rows/0/identificazione"), "documento");
        assert_eq!(found.text("/rows/0/casi/0"), caso.id());
        let nobody = office.post(BENE, "/v1/citizens/search", json!({ "email": "chi@example.org" })).await.ok();
        assert!(nobody.list("/rows").is_empty());
        office.post(TEO, "/v1/citizens/search", json!({ "telefono": "055 0000001" })).await.refused("not-your-role");
    }

    /// Proves R22.
    async fn one_contact_may_open_several_cases(office: &TestOffice) {
        let contatto = "01900000-0000-7000-8000-000000000022";
        let same_call = json!({ "contatto_id": contatto, "anagrafica": gino() });
        let first = office.open(ANNA, contact("reclamo", RESIDENZA, same_call.clone())).await.ok();
        let second = office.open(ANNA, contact("segnalazione", BUCHE, same_call)).await.ok();
        office.open(ANNA, contact("lamentela", MUSEI, json!({}))).await.ok();
        assert_ne!(first.id(), second.id());
        assert_ne!(first.text("/protocollo"), second.text("/protocollo"));

        let of_the_call = json!({ "contatto_id": contatto });
        let found = office.post(ANNA, "/v1/cases/search", of_the_call).await.ok();
        assert_eq!(ids(&found), [first.id(), second.id()]);
        // Each goes its own way.
        office.settle().await;
        office.command(CARLO, &first.id(), "reject", rejection()).await.ok();
        assert_eq!(office.case(ANNA, &second.id()).await.stato(), "assegnato_risolto");
    }

    /// Proves 3-2.
    async fn a_case_carries_what_the_process_asks_for(office: &TestOffice) {
        let place = json!({ "indirizzo": "Via Roma 10", "latitudine": 43.77, "longitudine": 11.25 });
        let reported = contact("segnalazione", BUCHE, json!({ "anagrafica": gino(), "place": place }));
        let segnalazione = office.open(ANNA, reported.clone()).await.ok().id();
        let seen = office.case(URBANO, &segnalazione).await.ok();
        assert_eq!(seen.text("/motivo"), "segnalazione");
        assert_eq!(seen.stato(), "assegnato_risolto");
        assert_eq!(seen.text("/description"), "Chiede notizie della sua pratica.");
        assert_eq!(seen.text("/anagrafica/telefono"), "+390550000001");
        assert_eq!(seen.text("/place/indirizzo"), "Via Roma 10");
        assert_eq!(seen.body.pointer("/place/latitudine").and_then(Value::as_f64), Some(43.77));

        let told = json!({ "answer": answer("telefono", "comunicato", &[]) });
        let answered = office.open(ANNA, contact("informazione", MUSEI, told)).await.ok();
        assert_eq!((answered.text("/stato"), answered.text("/attributo")),
            ("risolto_primo_livello".to_owned(), "comunicato".to_owned()));
        assert_eq!(office.case(ANNA, &answered.id()).await.text("/answer"), "La pratica è pronta.");

        let without = |field: &str| {
            let mut body = reported.clone();
            body.as_object_mut().expect("an object").remove(field);
            body
        };
        for field in ["description", "motivo"] {
            let refused = office.open(ANNA, without(field)).await.refused("missing-field").by_clause("3-2");
            assert_eq!(refused.text("/field"), field);
        }
        for (latitudine, longitudine) in [(json!(91.0), json!(11.0)), (json!(43.0), Value::Null)] {
            let nowhere = json!({ "indirizzo": "Via Roma", "latitudine": latitudine, "longitudine": longitudine });
            let refused = office.open(ANNA, merged(reported.clone(), json!({ "place": nowhere }))).await;
            refused.refused("field-not-admitted").by_clause("3-2");
        }
        let reclamo = office.reclamo(ANNA, RESIDENZA).await;
        office.command(CARLO, &reclamo, "resolve", json!({})).await.refused("malformed");
    }

    /// Proves 3-3.
    async fn every_case_names_a_service_of_the_catalogue(office: &TestOffice) {
        let call = contact("reclamo", RESIDENZA, json!({ "anagrafica": gino() }));
        office.open(ANNA, call.clone()).await.ok();
        for unknown in ["firenze/demografici/nozze", "firenze/tributi/residenza", "prato/demografici/residenza"] {
            let refused = office.open(ANNA, merged(call.clone(), json!({ "tripletta": tripletta(unknown) }))).await;
            let refused = refused.refused("unknown-tripletta").by_clause("3-3");
            assert_eq!(refused.text("/field"), "tripletta");
        }
        let mut without = call.clone();
        without.as_object_mut().expect("an object").remove("tripletta");
        office.open(ANNA, without).await.refused("missing-field").by_clause("3-3");

        office
            .change_catalogue(|catalogue| {
                catalogue.servizi.get_mut(&tripletta(RESIDENZA)).expect("offered").retired = true;
            })
            .await;
        office.open(ANNA, call).await.refused("unknown-tripletta").by_clause("3-3");
    }

    /// Proves 3-3.
    async fn the_tripletta_leads_to_the_services_sheet_however_deep_the_ente_is_built(office: &TestOffice) {
        for (ente, names, group) in [
            ("firenze", RESIDENZA, "firenze-anagrafe"),
            ("scandicci", RESIDENZA_SCANDICCI, "scandicci-anagrafe"),
        ] {
            let servizi = office.get(ANNA, &format!("/v1/catalogue/enti/{ente}/servizi")).await.ok();
            let wanted = json!(tripletta(names));
            let servizio = servizi.list("/rows").into_iter().find(|row| row["tripletta"] == wanted).expect("offered");
            let scheda = servizio["scheda"].as_str().expect("a sheet");
            let sheet = office.get(ANNA, &format!("/v1/sheets/{scheda}")).await.ok();
            assert_eq!((sheet.text("/titolo"), sheet.text("/ente")), ("Cambio di residenza".to_owned(), ente.to_owned()));
            assert!(sheet.text("/sezioni/0/testo").starts_with("Cambio di residenza: si occupa"));
            let caso = office.reclamo(ANNA, names).await;
            assert_eq!(office.case(ANNA, &caso).await.text("/gruppo"), group);
        }
        // The unit of the one lies within another, the unit of the other stands alone.
        let catalogue = office.system.office.catalogue().await.expect("the catalogue");
        let parent = |ente: &str| {
            let unit = (EnteId::new(ente).expect("a code"), MacrostrutturaId::new("demografici").expect("a code"));
            catalogue.macrostrutture[&unit].parent.as_ref().map(ToString::to_string)
        };
        assert_eq!((parent("firenze").as_deref(), parent("scandicci")), (Some("servizi"), None));
        office.get(ANNA, "/v1/sheets/firenze.demografici.nozze").await.refused("not-found");
    }

    /// Proves 3-3.
    async fn the_first_level_searches_the_sheets_by_text(office: &TestOffice) {
        let search = async |body| office.post(ANNA, "/v1/sheets/search", body).await;
        let found = search(json!({ "text": "tassa rifiuti" })).await.ok();
        assert_eq!(found.text("/rows/0/titolo"), "Tassa sui rifiuti");
        assert_eq!(found.body["rows"][0]["servizi"], json!([tripletta(TARI)]), "what a case about it names");
        let sheet = office.get(ANNA, &format!("/v1/sheets/{}", found.text("/rows/0/scheda"))).await.ok();
        assert_eq!(sheet.text("/titolo"), "Tassa sui rifiuti");

        let of_scandicci = search(json!({ "text": "residenza", "ente": "scandicci" })).await.ok();
        assert_eq!(of_scandicci.list("/rows").len(), 1);
        assert_eq!(of_scandicci.body["rows"][0]["servizi"], json!([tripletta(RESIDENZA_SCANDICCI)]));
        assert!(search(json!({ "text": "astronave" })).await.ok().list("/rows").is_empty());
    }
}
