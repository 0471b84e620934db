//! A call goes to the second level together with its case, and what becomes of it there (section 4.2).

use serde_json::{Value, json};
use smista_domain::catalogue::Servizio;
use smista_tests::catalogue::{
    ANNA, CARLO, CINZIA, EMMA, MUSEI, RESIDENZA, RITA, SOFIA, SPINA, TARI, TEO, tripletta,
};
use smista_tests::{TestOffice, stories};

use crate::bodies::{
    answer, attempt, contact, fact, facts, gino, merged, notes, rejection, resolution, texts, told,
};

/// A call that the second level can take.
fn call(servizio: &str) -> Value {
    contact("informazione", servizio, json!({ "verifica": "disponibile" }))
}

/// The case of a call that was put through.
async fn transferred(office: &TestOffice, servizio: &str) -> String {
    let caso = office.open(ANNA, call(servizio)).await.ok();
    office.settle().await;
    assert_eq!(office.case(ANNA, &caso.id()).await.stato(), "trasferito");
    caso.id()
}

/// What the catalogue says of contact back for a service of Firenze.
async fn contact_back_shown(office: &TestOffice, servizio: &str) -> Value {
    let servizi = office.get(ANNA, "/v1/catalogue/enti/firenze/servizi").await.ok();
    let rows = match &servizi.body {
        Value::Array(rows) => rows.clone(),
        _ => servizi.list("/rows"),
    };
    let sought = json!(tripletta(servizio));
    let row = rows.iter().find(|row| row["tripletta"] == sought).expect("the service is listed");
    row["contact_back"].clone()
}

stories! {
    /// Proves 4.2-1, 4.2-3.
    async fn a_call_and_its_case_move_together_once_somebody_is_there(office: &TestOffice) {
        let caso = office.open(ANNA, call(RESIDENZA)).await.ok();
        // No worker has run: the case is where the call goes, in the act that asks for the transfer.
        assert_eq!(caso.stato(), "trasferito");
        assert_eq!(caso.text("/gruppo"), "firenze-anagrafe");
        assert_eq!(caso.text("/titolare"), "");
        assert_eq!(office.inbox(CARLO, "firenze-anagrafe").await, [caso.id()]);
        let rows = office.history(ANNA, &caso.id()).await;
        assert_eq!(fact(&rows, "opened")["verifica"], "disponibile");

        // An email cannot be transferred, and no call is without the check.
        let email = merged(call(RESIDENZA), json!({ "canale": "email" }));
        office.open(EMMA, email).await.refused("field-not-admitted").by_clause("4.2-1");
        office
            .open(ANNA, contact("informazione", RESIDENZA, json!({})))
            .await
            .refused("missing-field")
            .by_clause("4.2-3");
    }

    /// Proves 4.2-3.
    async fn a_negative_check_is_on_record_and_the_case_is_assigned(office: &TestOffice) {
        for outcome in ["non_disponibile", "attesa_rifiutata"] {
            let checked = contact("informazione", RESIDENZA, json!({ "verifica": outcome }));
            let caso = office.open(ANNA, checked).await.ok();
            assert_eq!(caso.stato(), "assegnato");
            let rows = office.history(ANNA, &caso.id()).await;
            assert_eq!(fact(&rows, "opened")["verifica"], outcome);
        }
    }

    /// Proves 4.2-2.
    async fn nothing_but_an_unanswered_informazione_is_transferred(office: &TestOffice) {
        for motivo in ["reclamo", "lamentela", "segnalazione"] {
            let asked = json!({ "verifica": "disponibile", "anagrafica": gino() });
            office.open(ANNA, contact(motivo, RESIDENZA, asked)).await.refused("field-not-admitted");
        }
        let answered = json!({ "verifica": "disponibile", "answer": answer("telefono", "comunicato", &[]) });
        let answered = office.open(ANNA, contact("informazione", RESIDENZA, answered)).await;
        assert_eq!(answered.refused("field-not-admitted").text("/field"), "verifica");
        office.open(ANNA, call(MUSEI)).await.refused("field-not-admitted").by_clause("3.2-2");
        office.open(CARLO, call(RESIDENZA)).await.refused("not-your-role");

        assert_eq!(office.open(ANNA, call(RESIDENZA)).await.ok().stato(), "trasferito");
    }

    /// Proves 4.2-1, 4.1-3.
    async fn a_call_that_nobody_takes_leaves_its_case_assigned(office: &TestOffice) {
        let failed = json!({ "esito": "chiamata_terminata" });
        let caso = transferred(office, RESIDENZA).await;
        office.command(CARLO, &caso, "transfer-failed", failed.clone()).await.refused("not-your-role");
        let after = office.command(ANNA, &caso, "transfer-failed", failed.clone()).await.ok();
        assert_eq!(after.stato(), "assegnato");
        assert_eq!(after.text("/titolare"), "");
        assert_eq!(after.text("/gruppo"), "firenze-anagrafe");
        let rows = office.history(ANNA, &caso).await;
        assert_eq!(fact(&rows, "transfer_failed")["esito"], "chiamata_terminata");

        // Once somebody has accepted, a dropped call changes nothing.
        let taken = transferred(office, RESIDENZA).await;
        office.command(CARLO, &taken, "accept", json!({})).await.ok();
        office.command(ANNA, &taken, "transfer-failed", failed).await.refused("already-accepted");
        let taken = office.case(ANNA, &taken).await;
        assert_eq!(taken.stato(), "trasferito");
        assert_eq!(taken.text("/titolare"), "carlo");
    }

    /// Proves 4.2-4.
    async fn the_second_level_answers_the_caller_at_once(office: &TestOffice) {
        let caso = transferred(office, RESIDENZA).await;
        office.command(ANNA, &caso, "resolve", resolution("comunicato", &[])).await.refused("not-your-role");
        let resolved = office.command(CARLO, &caso, "resolve", resolution("comunicato", &[])).await.ok();
        assert_eq!(resolved.stato(), "risolto_secondo_livello/comunicato");
        assert_eq!(resolved.body["is_final"], true);

        assert_eq!(office.case(ANNA, &caso).await.text("/answer"), "La pratica è pronta.");
        assert_eq!(facts(&office.history(ANNA, &caso).await), ["opened", "accepted", "resolved"]);
        assert!(office.inbox(CARLO, "firenze-anagrafe").await.is_empty());
    }

    /// Proves 4.2-5.
    async fn an_inquiry_suspends_the_case_of_a_call_and_a_reclamo_alike(office: &TestOffice) {
        let inquiry = json!({ "reason": "Aspetto l'archivio." });
        for caso in [transferred(office, RESIDENZA).await, office.reclamo(ANNA, RESIDENZA).await] {
            let silent = office.command(CARLO, &caso, "suspend", json!({})).await;
            assert_eq!(silent.refused("malformed").status, 400);
            office.command(ANNA, &caso, "suspend", inquiry.clone()).await.refused("not-your-role");
            office.command(TEO, &caso, "suspend", inquiry.clone()).await.refused("not-your-group");
            let suspended = office.command(CARLO, &caso, "suspend", inquiry.clone()).await.ok();
            assert_eq!(suspended.stato(), "sospeso");
            assert_eq!(suspended.text("/titolare"), "carlo");
            assert_eq!(notes(&office.case(ANNA, &caso).await), ["carlo: Aspetto l'archivio."]);
            // It still waits in the inbox, and is suspended already.
            assert!(office.inbox(CINZIA, "firenze-anagrafe").await.contains(&caso));
            office.command(CARLO, &caso, "suspend", inquiry.clone()).await.refused("not-in-this-state");
            office.command(CINZIA, &caso, "resolve", resolution("comunicato", &[])).await.refused("held-by-somebody-else");

            let resolved = office.command(CARLO, &caso, "resolve", resolution("comunicato", &[])).await.ok();
            assert_eq!(resolved.stato(), "risolto_secondo_livello/comunicato");
        }
    }

    /// Proves 4.2-6.
    async fn a_specialist_of_the_same_ente_sees_the_case_and_contributes(office: &TestOffice) {
        let caso = transferred(office, RESIDENZA).await;
        let words = json!({ "text": "La via è stata rinominata nel 1998." });
        office.case(SPINA, &caso).await.refused("not-found");
        office.command(SPINA, &caso, "contribute", words.clone()).await.refused("not-found");
        for stranger in [SOFIA, TEO, "nessuno"] {
            let involved = office.command(CARLO, &caso, "involve", json!({ "specialista": stranger })).await;
            involved.refused("not-a-specialist").by_clause("4.2-6");
        }
        office.command(TEO, &caso, "involve", json!({ "specialista": SPINA })).await.refused("not-your-group");

        let involve = json!({ "specialista": SPINA, "note": "Da quando si chiama così?" });
        let involved = office.command(CARLO, &caso, "involve", involve).await.ok();
        assert_eq!(texts(&involved.list("/specialisti")), ["spina"]);
        assert_eq!(involved.stato(), "trasferito");
        assert_eq!(office.case(SPINA, &caso).await.ok().text("/description"), "Chiede notizie della sua pratica.");
        office.command(SPINA, &caso, "contribute", words).await.ok();
        assert_eq!(notes(&office.case(CARLO, &caso).await), [
            "carlo: Da quando si chiama così?",
            "spina: La via è stata rinominata nel 1998.",
        ]);
        // To help is not to hold.
        office.command(SPINA, &caso, "resolve", resolution("comunicato", &[])).await.refused("not-your-role");
        assert_eq!(office.case(CARLO, &caso).await.text("/titolare"), "carlo");

        // Until the case leaves the group; what the specialist has seen stays theirs to read.
        office.command(CARLO, &caso, "reject", rejection()).await.ok();
        office.command(RITA, &caso, "reassign", json!({ "tripletta": tripletta(TARI) })).await.ok();
        let late = office.command(SPINA, &caso, "contribute", json!({ "text": "Altro." })).await;
        late.refused("not-your-group");
        office.case(SPINA, &caso).await.ok();
    }

    /// Proves 4.2-7.
    async fn once_resolved_one_of_the_two_levels_tells_the_citizen_and_closes(office: &TestOffice) {
        let own = transferred(office, RESIDENZA).await;
        let tried = office.command(CARLO, &own, "resolve", resolution("non_comunicato", &["occupato"])).await.ok();
        assert_eq!(tried.body["is_final"], false);
        office.command(ANNA, &own, "record-attempt", attempt("raggiunto", "comunicato")).await.refused("not-your-role");
        let closed = office.command(CARLO, &own, "record-attempt", attempt("raggiunto", "comunicato")).await.ok();
        assert_eq!((closed.stato().as_str(), &closed.body["is_final"]), ("risolto_secondo_livello/comunicato", &json!(true)));

        let asked = transferred(office, RESIDENZA).await;
        let asks = office.command(CARLO, &asked, "resolve", resolution("da_comunicare", &[])).await.ok();
        assert_eq!(asks.text("/titolare"), "");
        assert_eq!(office.call_back(ANNA).await, [asked.as_str()]);
        office.command(CARLO, &asked, "record-attempt", attempt("raggiunto", "comunicato")).await.refused("not-your-role");
        let closed = office.command(ANNA, &asked, "record-attempt", attempt("raggiunto", "comunicato")).await.ok();
        assert_eq!((closed.stato().as_str(), &closed.body["is_final"]), ("risolto_secondo_livello/comunicato", &json!(true)));
        assert!(office.call_back(ANNA).await.is_empty());
        assert_eq!(told(office, ANNA, &asked).await[1..], [
            "carlo case.resolve: trasferito > risolto_secondo_livello/da_comunicare",
            "anna case.record_attempt: risolto_secondo_livello/da_comunicare > risolto_secondo_livello/comunicato",
        ]);
    }

    /// Proves 4.2-7.
    async fn an_answer_that_the_first_level_cannot_tell_goes_back_to_who_gave_it(office: &TestOffice) {
        let asked = transferred(office, RESIDENZA).await;
        office.command(CARLO, &asked, "resolve", resolution("da_comunicare", &[])).await.ok();
        let unclear = json!({ "note": "Non dice quale sportello." });
        office.command(ANNA, &asked, "hand-back", json!({})).await.refused("malformed");
        let back = office.command(ANNA, &asked, "hand-back", unclear).await.ok();
        assert_eq!((back.stato(), back.text("/titolare")), ("sospeso".to_owned(), CARLO.to_owned()));
        assert_eq!(back.text("/gruppo"), "firenze-anagrafe");
        office.settle().await;
        assert!(office.call_back(ANNA).await.is_empty());
        assert_eq!(office.inbox(CARLO, "firenze-anagrafe").await, [asked.as_str()]);
        let shown = office.case(CARLO, &asked).await.ok();
        assert!(notes(&shown).contains(&"anna: Non dice quale sportello.".to_owned()), "{}", shown.body);
        office.command(CARLO, &asked, "resolve", resolution("comunicato", &[])).await.ok();
    }

    /// Proves 4.2-8, 4.2-9.
    async fn contact_back_is_for_services_whose_quadrupletta_allows_it(office: &TestOffice) {
        let asks = resolution("da_comunicare", &[]);
        let with = transferred(office, RESIDENZA).await;
        let without = transferred(office, TARI).await;
        assert_eq!(contact_back_shown(office, RESIDENZA).await, true);
        assert_eq!(contact_back_shown(office, TARI).await, false);

        office.command(CARLO, &with, "resolve", asks.clone()).await.ok();
        let refused = office.command(TEO, &without, "resolve", asks.clone()).await;
        assert_eq!(refused.refused("no-contact-back").by_clause("4.2-8").text("/field"), "answer.attributo");
        assert_eq!(office.case(TEO, &without).await.stato(), "trasferito");
        assert_eq!(office.call_back(ANNA).await, [with]);

        // The fourth element is the service's, and can be changed.
        let allow = |servizio: &mut Servizio| servizio.contact_back = true;
        office.change_catalogue(|catalogue| catalogue.servizi.get_mut(&tripletta(TARI)).map_or((), allow)).await;
        assert_eq!(contact_back_shown(office, TARI).await, true);
        let resolved = office.command(TEO, &without, "resolve", asks).await.ok();
        assert_eq!(resolved.stato(), "risolto_secondo_livello/da_comunicare");
    }
}
