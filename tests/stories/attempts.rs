//! The answer exists, and the citizen is told, is not, or cannot be (6-3 to 6-7, R19).

use chrono::Duration;
use serde_json::{Value, json};
use smista_tests::catalogue::{ANNA, BENE, CARLO, MUSEI, RESIDENZA, RITA, TARI, TEO};
use smista_tests::stories;

use crate::bodies::{
    answer, attempt, call_to_citizen, contact, facts, merged, reclamo_resolved, resolution, told,
};

/// An answered Informazione on a service on base; the answer got as far as `attributo`.
fn answered(canale: &str, attributo: &str, esiti: &[&str]) -> Value {
    contact("informazione", MUSEI, json!({ "answer": answer(canale, attributo, esiti) }))
}

stories! {
    /// Proves 6-3.
    async fn at_the_first_level_an_answer_is_untold_off_line_alone(office: &TestOffice) {
        for attributo in ["non_comunicato", "non_comunicabile"] {
            let on_line = office.open(ANNA, answered("telefono", attributo, &["occupato"])).await;
            let on_line = on_line.refused("field-not-admitted").by_clause("6-3");
            assert_eq!(on_line.text("/field"), "answer.attributo");
            let off_line = office.open(ANNA, answered("email", attributo, &["occupato"])).await.ok();
            assert_eq!(off_line.stato(), format!("risolto_primo_livello/{attributo}"));
        }
        office.open(ANNA, answered("telefono", "comunicato", &[])).await.ok();

        // The first level goes on trying, until the citizen is told or cannot be.
        for (esito, attributo) in [("raggiunto", "comunicato"), ("recapito_errato", "non_comunicabile")] {
            let caso = office.open(ANNA, answered("email", "non_comunicato", &["occupato"])).await.ok().id();
            assert!(office.call_back(BENE).await.contains(&caso));
            office.command(CARLO, &caso, "accept", json!({})).await.refused("not-your-role");
            office.command(BENE, &caso, "accept", json!({})).await.ok();
            let again = attempt("occupato", "non_comunicato");
            office.command(ANNA, &caso, "record-attempt", again.clone()).await.refused("held-by-somebody-else");
            office.command(BENE, &caso, "record-attempt", again).await.ok();
            let closed = office.command(BENE, &caso, "record-attempt", attempt(esito, attributo)).await.ok();
            assert_eq!(closed.stato(), format!("risolto_primo_livello/{attributo}"));
            assert!(!office.call_back(BENE).await.contains(&caso));
        }
    }

    /// Proves 6-4.
    async fn the_second_level_has_four_attributes_and_contact_back_three(office: &TestOffice) {
        for attributo in ["comunicato", "non_comunicato", "da_comunicare", "non_comunicabile"] {
            reclamo_resolved(office, attributo).await;
        }
        for (esito, attributo) in [
            ("raggiunto", "comunicato"), ("occupato", "da_comunicare"), ("recapito_errato", "non_comunicabile"),
        ] {
            let caso = reclamo_resolved(office, "da_comunicare").await;
            let wrong = office.command(ANNA, &caso, "record-attempt", attempt("occupato", "non_comunicato")).await;
            let wrong = wrong.refused("field-not-admitted").by_clause("6-4");
            assert_eq!(wrong.text("/field"), "attributo");
            let after = office.command(ANNA, &caso, "record-attempt", attempt(esito, attributo)).await.ok();
            assert_eq!(after.stato(), format!("risolto_secondo_livello/{attributo}"));
        }
        // What II L tells itself is never handed over to the call-back list by an attempt.
        let untold = reclamo_resolved(office, "non_comunicato").await;
        let refused = office.command(CARLO, &untold, "record-attempt", attempt("occupato", "da_comunicare")).await;
        refused.refused("field-not-admitted").by_clause("6-4");
        office.command(CARLO, &untold, "record-attempt", attempt("occupato", "non_comunicato")).await.ok();
    }

    /// Proves 6-5.
    async fn non_comunicato_rests_on_a_failed_attempt_and_each_is_recorded(office: &TestOffice) {
        let caso = office.reclamo(ANNA, TARI).await;
        let resolve = async |esiti: &[&str]| {
            office.command(TEO, &caso, "resolve", resolution("non_comunicato", esiti)).await
        };
        let refused = resolve(&[]).await.refused("field-not-admitted").by_clause("6-5");
        assert_eq!(refused.text("/field"), "answer.attributo");
        resolve(&["occupato", "raggiunto"]).await.refused("field-not-admitted").by_clause("R19");
        office.open(ANNA, answered("email", "non_comunicato", &[])).await.refused("field-not-admitted").by_clause("6-5");
        assert_eq!(office.case(ANNA, &caso).await.stato(), "assegnato");

        resolve(&["occupato", "non_risponde"]).await.ok();
        office.advance(Duration::hours(1));
        let at = office.now();
        let recorded = merged(attempt("segreteria", "non_comunicato"), json!({ "note": "Segreteria piena." }));
        office.command(TEO, &caso, "record-attempt", recorded).await.ok();
        let rows = office.history(ANNA, &caso).await;
        assert_eq!(facts(&rows)[3..], [
            "accepted", "resolved", "attempt_recorded", "attempt_recorded", "attempt_recorded",
        ]);
        let all = rows.iter().flat_map(|row| row["facts"].as_array().cloned().unwrap_or_default());
        let outcomes: Vec<Value> = all.filter_map(|fact| fact.pointer("/tentativo/esito").cloned()).collect();
        assert_eq!(outcomes, ["occupato", "non_risponde", "segreteria"]);
        let last = rows.last().and_then(|row| row["at"].as_str()).and_then(|text| text.parse().ok());
        assert_eq!(last, Some(at));
    }

    /// Proves 6-6.
    async fn comunicato_means_told_and_non_comunicabile_that_nobody_can_be_reached(office: &TestOffice) {
        let caso = office.reclamo(ANNA, RESIDENZA).await;
        for (attributo, esiti, clause) in [
            ("comunicato", &["occupato"][..], "R19"),
            ("non_comunicabile", &["raggiunto"], "R19"),
            ("non_comunicabile", &[], "6-5"),
        ] {
            let refused = office.command(CARLO, &caso, "resolve", resolution(attributo, esiti)).await;
            refused.refused("field-not-admitted").by_clause(clause);
        }
        for (attributo, esiti) in [("comunicato", &["occupato", "raggiunto"][..]), ("non_comunicabile", &["occupato"])] {
            let caso = office.reclamo(ANNA, RESIDENZA).await;
            let resolved = office.command(CARLO, &caso, "resolve", resolution(attributo, esiti)).await.ok();
            assert_eq!((resolved.stato(), &resolved.body["is_final"]),
                (format!("risolto_secondo_livello/{attributo}"), &json!(true)));
            assert_eq!(office.case(ANNA, &caso).await.text("/answer"), "La pratica è pronta.", "the answer exists");
        }
        let to_tell = reclamo_resolved(office, "da_comunicare").await;
        for (esito, attributo) in [
            ("raggiunto", "non_comunicabile"), ("raggiunto", "da_comunicare"), ("occupato", "comunicato"),
        ] {
            let refused = office.command(ANNA, &to_tell, "record-attempt", attempt(esito, attributo)).await;
            refused.refused("field-not-admitted").by_clause("R19");
        }
    }

    /// Proves 6-7.
    async fn da_comunicare_comes_from_the_second_level_and_fills_the_call_back_list(office: &TestOffice) {
        let refused = office.open(ANNA, answered("email", "da_comunicare", &[])).await;
        refused.refused("field-not-admitted").by_clause("6-4");
        let caso = office.reclamo(ANNA, RESIDENZA).await;
        let to_tell = resolution("da_comunicare", &[]);
        office.command(ANNA, &caso, "resolve", to_tell.clone()).await.refused("not-your-role");
        assert!(office.call_back(ANNA).await.is_empty());

        office.command(CARLO, &caso, "resolve", to_tell).await.ok();
        for login in [ANNA, BENE, RITA] {
            assert_eq!(office.call_back(login).await, [caso.as_str()]);
        }
        office.get(CARLO, "/v1/desks/call-back").await.refused("not-your-role");

        // A failed attempt leaves it so, for whoever of the first level tries next.
        let failed = office.command(ANNA, &caso, "record-attempt", attempt("non_risponde", "da_comunicare")).await.ok();
        assert_eq!(failed.stato(), "risolto_secondo_livello/da_comunicare");
        assert_eq!(failed.text("/titolare"), "");
        assert_eq!(office.call_back(BENE).await, [caso.as_str()]);
        office.command(BENE, &caso, "record-attempt", attempt("raggiunto", "comunicato")).await.ok();
        assert!(office.call_back(BENE).await.is_empty());
        assert_eq!(told(office, ANNA, &caso).await[2..], [
            "carlo case.resolve: assegnato > risolto_secondo_livello/da_comunicare",
            "anna case.record_attempt: risolto_secondo_livello/da_comunicare > risolto_secondo_livello/da_comunicare",
            "bene case.record_attempt: risolto_secondo_livello/da_comunicare > risolto_secondo_livello/comunicato",
        ]);
    }

    /// Proves R19.
    async fn an_attempt_says_by_which_channel_who_called_whom_and_how_it_ended(office: &TestOffice) {
        let to_tell = reclamo_resolved(office, "da_comunicare").await;
        for part in ["canale", "direzione", "esito"] {
            let mut tentativo = call_to_citizen("occupato");
            tentativo.as_object_mut().expect("an object").remove(part);
            let body = json!({ "tentativo": tentativo, "attributo": "da_comunicare" });
            office.command(ANNA, &to_tell, "record-attempt", body).await.refused("malformed");
        }
        let tomorrow = merged(call_to_citizen("occupato"), json!({ "at": office.now() + Duration::days(1) }));
        let tomorrow = json!({ "tentativo": tomorrow, "attributo": "da_comunicare" });
        office.command(ANNA, &to_tell, "record-attempt", tomorrow).await.refused("field-not-admitted");

        let long_ago = merged(call_to_citizen("occupato"), json!({ "at": "-20000-01-01T00:00:00Z" }));
        let long_ago = json!({ "tentativo": long_ago, "attributo": "da_comunicare" });
        office.command(ANNA, &to_tell, "record-attempt", long_ago).await.refused("field-not-admitted");

        // Who calls is there to be told: the citizen's own call is no failed attempt.
        let in_vain = merged(call_to_citizen("occupato"), json!({ "direzione": "inbound" }));
        let in_vain = json!({ "tentativo": in_vain, "attributo": "da_comunicare" });
        office.command(ANNA, &to_tell, "record-attempt", in_vain).await.refused("field-not-admitted").by_clause("R19");

        // The citizen's own call counts where the first level calls back, and nowhere else.
        let calls_herself = json!({ "canale": "telefono", "direzione": "inbound", "esito": "raggiunto" });
        let told_now = json!({ "tentativo": calls_herself, "attributo": "comunicato" });
        let untold = reclamo_resolved(office, "non_comunicato").await;
        let refused = office.command(CARLO, &untold, "record-attempt", told_now.clone()).await;
        refused.refused("field-not-admitted").by_clause("R19");
        let closed = office.command(ANNA, &to_tell, "record-attempt", told_now).await.ok();
        assert_eq!(closed.stato(), "risolto_secondo_livello/comunicato");
    }

    /// Proves R4, R16.
    async fn nobody_declares_by_hand_that_an_answer_by_email_has_arrived(office: &TestOffice) {
        let by_email = |esito| merged(call_to_citizen(esito), json!({ "canale": "email" }));
        let untold = reclamo_resolved(office, "non_comunicato").await;
        let to_tell = reclamo_resolved(office, "da_comunicare").await;
        for (login, caso) in [(CARLO, &untold), (ANNA, &to_tell)] {
            let body = json!({ "tentativo": by_email("raggiunto"), "attributo": "comunicato" });
            office.command(login, caso, "record-attempt", body).await.refused("field-not-admitted").by_clause("R4");
        }
        let failed = json!({ "tentativo": by_email("non_risponde"), "attributo": "non_comunicato" });
        office.command(CARLO, &untold, "record-attempt", failed).await.ok();
    }

    /// Proves R19.
    async fn no_attempt_expires_and_a_citizen_who_waits_too_long_is_flagged(office: &TestOffice) {
        let late = async |caso: &str| office.case(ANNA, caso).await.ok().body["late"] == true;
        let often_tried = reclamo_resolved(office, "da_comunicare").await;
        for failures in 1..=3 {
            assert!(!late(&often_tried).await, "before failure {failures}");
            let failed = attempt("non_risponde", "da_comunicare");
            office.command(ANNA, &often_tried, "record-attempt", failed).await.ok();
        }
        assert!(late(&often_tried).await, "three failures");

        let untold = reclamo_resolved(office, "non_comunicato").await;
        office.advance(Duration::days(5) - Duration::seconds(1));
        office.settle().await;
        assert!(!late(&untold).await);
        office.advance(Duration::seconds(1));
        assert!(late(&untold).await, "five days");
        office.advance(Duration::days(60));
        office.settle().await;
        for (caso, stato) in [(&often_tried, "da_comunicare"), (&untold, "non_comunicato")] {
            let seen = office.case(ANNA, caso).await.ok();
            assert_eq!(seen.stato(), format!("risolto_secondo_livello/{stato}"), "time alone closes nothing");
        }
        assert_eq!(office.call_back(ANNA).await, [often_tried]);
    }
}
