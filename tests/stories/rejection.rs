//! A case that came to the wrong office: rejected, examined, reassigned (section 4.3).

use serde_json::{Value, json};
use smista_tests::catalogue::{
    ANNA, BUCHE, CARLO, ORFANO, RESIDENZA, RESIDENZA_SCANDICCI, RITA, SARA, SPINA, TARI, TEO, UGO, URBANO,
    tripletta,
};
use smista_tests::{TestOffice, stories};

use crate::bodies::{
    call_to_citizen, contact, fact, facts, gino, merged, notes, reclamo_rejected, rejection, resolution,
    texts, told, unanswered,
};

/// What triage found about a case, as Gestione Rigetti reads it.
async fn findings(office: &TestOffice, caso: &str) -> Value {
    office.get(RITA, &format!("/v1/cases/{caso}/triage")).await.ok().body["findings"].clone()
}

/// To a group of the service's Ente, or the competent one.
fn to(servizio: &str, gruppo: Option<&str>, note: Option<&str>) -> Value {
    let service = json!({ "tripletta": tripletta(servizio) });
    let group = gruppo.map_or(json!({}), |gruppo| json!({ "gruppo": gruppo }));
    let note = note.map_or(json!({}), |note| json!({ "note": note }));
    merged(merged(service, group), note)
}

stories! {
    /// Proves 4.3-1.
    async fn a_specialist_informazione_and_a_reclamo_are_assigned_and_worked_off_line(office: &TestOffice) {
        let informazione = office.open(ANNA, unanswered(RESIDENZA)).await.ok().id();
        let reclamo = office.reclamo(ANNA, RESIDENZA).await;
        office.settle().await;
        for caso in [&informazione, &reclamo] {
            let assigned = office.case(CARLO, caso).await.ok();
            assert_eq!((assigned.stato().as_str(), assigned.text("/titolare").as_str()), ("assegnato", ""));
            // The citizen is called back when the answer is there.
            let answer = json!({ "answer": {
                "text": "La pratica è pronta.", "canale": "telefono", "tentativi": [call_to_citizen("raggiunto")],
            }});
            let resolved = office.command(CARLO, caso, "resolve", answer).await.ok();
            assert_eq!(resolved.stato(), "risolto_secondo_livello/comunicato");
        }
        // What asks for nobody's work is assigned to nobody.
        let lamentela = office.open(ANNA, contact("lamentela", RESIDENZA, json!({}))).await.ok();
        office.settle().await;
        assert_eq!(lamentela.stato(), "risolto_primo_livello/comunicato");
        assert!(office.inbox(CARLO, "firenze-anagrafe").await.is_empty());
    }

    /// Proves 4.3-2.
    async fn each_group_finds_its_cases_in_its_own_inbox_and_no_other(office: &TestOffice) {
        let residenza = office.reclamo(ANNA, RESIDENZA).await;
        let tari = office.reclamo(ANNA, TARI).await;
        let scandicci = office.reclamo(ANNA, RESIDENZA_SCANDICCI).await;

        assert_eq!(office.inbox(CARLO, "firenze-anagrafe").await, [residenza.as_str()]);
        assert_eq!(office.inbox(TEO, "firenze-tributi").await, [tari]);
        assert_eq!(office.inbox(SARA, "scandicci-anagrafe").await, [scandicci]);
        assert!(office.inbox(URBANO, "firenze-urp").await.is_empty());
        // An inbox of another Ente is not there at all; a case of another group is not theirs to work.
        office.get(SARA, "/v1/groups/firenze-anagrafe/inbox").await.refused("not-found");
        office.case(SARA, &residenza).await.refused("not-found");
        office.command(TEO, &residenza, "accept", json!({})).await.refused("not-your-group").by_clause("R14");

        office.command(CARLO, &residenza, "resolve", resolution("comunicato", &[])).await.ok();
        assert!(office.inbox(CARLO, "firenze-anagrafe").await.is_empty());
    }

    /// Proves 4.3-3.
    async fn who_has_the_answer_tells_the_citizen_or_asks_for_contact_back(office: &TestOffice) {
        let called = office.reclamo(ANNA, RESIDENZA).await;
        let tried = resolution("comunicato", &["occupato", "raggiunto"]);
        let told = office.command(CARLO, &called, "resolve", tried).await.ok();
        assert_eq!(told.stato(), "risolto_secondo_livello/comunicato");
        let history = office.history(ANNA, &called).await;
        assert_eq!(facts(&history)[3..], ["accepted", "resolved", "attempt_recorded", "attempt_recorded"]);

        let asked = office.reclamo(ANNA, RESIDENZA).await;
        office.command(CARLO, &asked, "resolve", resolution("da_comunicare", &[])).await.ok();
        assert_eq!(office.call_back(ANNA).await, [asked]);

        let nobody_reached = office.reclamo(ANNA, RESIDENZA).await;
        let claimed = resolution("comunicato", &["occupato"]);
        office.command(CARLO, &nobody_reached, "resolve", claimed).await.refused("field-not-admitted").by_clause("R19");
        let without = office.reclamo(ANNA, TARI).await;
        let asks = resolution("da_comunicare", &[]);
        office.command(TEO, &without, "resolve", asks).await.refused("no-contact-back").by_clause("4.2-8");
    }

    /// Proves 4.3-4.
    async fn on_a_specialists_word_a_case_may_still_be_rejected(office: &TestOffice) {
        let caso = office.reclamo(ANNA, RESIDENZA).await;
        office.command(CARLO, &caso, "involve", json!({ "specialista": SPINA })).await.ok();
        office.command(CARLO, &caso, "suspend", json!({ "reason": "Attendo lo specialista." })).await.ok();
        office.command(SPINA, &caso, "contribute", json!({ "text": "Riguarda la tassa." })).await.ok();
        let rejected = office.command(CARLO, &caso, "reject", rejection()).await.ok();
        assert_eq!(rejected.stato(), "rigettato");
        assert!(rejected.list("/specialisti").is_empty());

        // Gestione Rigetti reads what the specialist wrote.
        let seen = office.case(RITA, &caso).await.ok();
        assert_eq!(notes(&seen), [
            "carlo: Attendo lo specialista.", "spina: Riguarda la tassa.", "carlo: Non è materia nostra.",
        ]);
    }

    /// Proves 4.3-5.
    async fn a_wrongly_assigned_case_goes_to_gestione_rigetti(office: &TestOffice) {
        let caso = office.reclamo(ANNA, RESIDENZA).await;
        office.command(ANNA, &caso, "reject", rejection()).await.refused("not-your-role");
        office.command(TEO, &caso, "reject", rejection()).await.refused("not-your-group");
        assert!(office.rejects(RITA).await.is_empty());

        let rejected = office.command(CARLO, &caso, "reject", rejection()).await.ok();
        assert_eq!(rejected.stato(), "rigettato");
        assert_eq!(rejected.text("/gruppo"), "");
        assert_eq!(rejected.text("/gruppo_precedente"), "firenze-anagrafe");
        assert_eq!(rejected.text("/titolare"), "");
        assert_eq!(texts(&rejected.list("/rigettato_da")), ["firenze-anagrafe"]);
        assert_eq!(office.rejects(RITA).await, [caso.as_str()]);
        assert!(office.inbox(CARLO, "firenze-anagrafe").await.is_empty());
        // What is with Gestione Rigetti is nobody else's to work.
        office.command(CARLO, &caso, "accept", json!({})).await.refused("not-your-role");
        office.command(CARLO, &caso, "reject", rejection()).await.refused("not-in-this-state").by_clause("6-1");
    }

    /// Proves 4.3-6.
    async fn a_rejection_names_one_of_three_causes_and_says_why(office: &TestOffice) {
        for causa in ["richiesta_ambigua", "responsabile_non_individuabile", "errore_operatore"] {
            let caso = office.reclamo(ANNA, RESIDENZA).await;
            let because = json!({ "causa": causa, "note": "Non è materia nostra." });
            office.command(CARLO, &caso, "reject", because).await.ok();
            let rows = office.history(RITA, &caso).await;
            let rejected = fact(&rows, "rejected");
            assert_eq!(rejected["causa"], causa);
            assert_eq!(rejected["dal_sistema"], false);
            assert_eq!(notes(&office.case(RITA, &caso).await), ["carlo: Non è materia nostra."]);
            // What the knowledge base lacks is a gap.
            let is_gap = causa == "responsabile_non_individuabile";
            assert_eq!(facts(&rows).contains(&"gap_raised".to_owned()), is_gap);
            assert_eq!(office.case(UGO, &caso).await.status == 200, is_gap);
        }
        let caso = office.reclamo(ANNA, RESIDENZA).await;
        for body in [
            json!({ "note": "Senza causa." }),
            json!({ "causa": "non_mi_va", "note": "Causa inventata." }),
            json!({ "causa": "errore_operatore" }),
            json!({ "causa": "errore_operatore", "note": " " }),
        ] {
            assert_eq!(office.command(CARLO, &caso, "reject", body).await.refused("malformed").status, 400);
        }
        let unknown = merged(rejection(), json!({ "tripletta_suggerita": tripletta("firenze/demografici/nulla") }));
        office.command(CARLO, &caso, "reject", unknown).await.refused("unknown-tripletta").by_clause("3-3");
        assert_eq!(office.case(CARLO, &caso).await.stato(), "assegnato");
    }

    /// Proves 4.3-7.
    async fn gestione_rigetti_reassigns_to_the_group_that_is_competent(office: &TestOffice) {
        let caso = reclamo_rejected(office).await;
        for stranger in [ANNA, CARLO, TEO] {
            office.command(stranger, &caso, "reassign", to(TARI, None, None)).await.refused("not-your-role");
        }
        for (service, group, clause) in [
            (BUCHE, None, "3.2-3"),
            (ORFANO, None, "R9"),
            (TARI, Some("nessuno"), "4.3-7"),
            (TARI, Some("scandicci-anagrafe"), "4.3-7"),
            (TARI, Some("firenze-strade"), "4.3-7"),
        ] {
            let refused = office.command(RITA, &caso, "reassign", to(service, group, None)).await;
            refused.refused("reassignment-not-possible").by_clause(clause);
        }
        assert_eq!(office.rejects(RITA).await, [caso.as_str()]);

        let reassigned = office.command(RITA, &caso, "reassign", to(TARI, None, None)).await.ok();
        assert_eq!(reassigned.stato(), "assegnato");
        assert_eq!(reassigned.text("/gruppo"), "firenze-tributi");
        assert_eq!(reassigned.body["tripletta"], json!(tripletta(TARI)));
        assert_eq!(reassigned.text("/titolare"), "");
        assert!(office.rejects(RITA).await.is_empty());
        assert_eq!(office.inbox(TEO, "firenze-tributi").await, [caso.as_str()]);
        office.settle().await;
        assert_eq!(told(office, RITA, &caso).await[3..], ["rita case.reassign: rigettato > assegnato"]);
        let answered = office.command(TEO, &caso, "resolve", resolution("comunicato", &[])).await.ok();
        assert_eq!(answered.stato(), "risolto_secondo_livello/comunicato");
    }

    /// Proves R12.
    async fn a_case_that_bounces_is_flagged_with_its_whole_path(office: &TestOffice) {
        let caso = reclamo_rejected(office).await;
        assert_eq!(office.case(RITA, &caso).await.body["bounces"], false);
        assert_eq!(findings(office, &caso).await["rimbalza"], false);

        office.command(RITA, &caso, "reassign", to(TARI, None, None)).await.ok();
        let proposed = merged(rejection(), json!({ "tripletta_suggerita": tripletta(RESIDENZA_SCANDICCI) }));
        let rejected = office.command(TEO, &caso, "reject", proposed).await.ok();
        office.settle().await;

        // What triage finds is kept beside the case and does not change its version.
        assert_eq!(office.case(RITA, &caso).await.number("/versione"), rejected.number("/versione"));
        assert_eq!(office.case(RITA, &caso).await.body["bounces"], true);
        let found = findings(office, &caso).await;
        assert_eq!(found["rimbalza"], true);
        let path = found["percorso"].as_array().expect("a path").clone();
        let stays: Vec<_> = path.iter().map(|stay| (&stay["gruppo"], &stay["rigetto"]["by"])).collect();
        assert_eq!(stays, [
            (&json!("firenze-anagrafe"), &json!("carlo")),
            (&json!("firenze-tributi"), &json!("teo")),
        ]);
        // The proposal comes first, each suggestion says why, and who rejected the case comes last.
        let suggestions = found["suggerimenti"].as_array().expect("suggestions").clone();
        assert_eq!(suggestions[0]["gruppo"], "scandicci-anagrafe");
        assert_eq!(suggestions[0]["tripletta"], json!(tripletta(RESIDENZA_SCANDICCI)));
        assert!(suggestions.iter().all(|suggestion| !suggestion["motivi"].as_array().expect("reasons").is_empty()));
        assert!(suggestions.iter().skip(1).all(|suggestion| suggestion["ha_rigettato"] == true));
    }

    /// Proves R12.
    async fn back_to_who_rejected_it_only_with_a_reason(office: &TestOffice) {
        let caso = reclamo_rejected(office).await;
        let silent = office.command(RITA, &caso, "reassign", to(RESIDENZA, None, None)).await;
        assert_eq!(silent.refused("reassignment-not-possible").by_clause("R12").text("/field"), "note");
        let back = to(RESIDENZA, None, Some("È proprio vostra: vedi il regolamento."));
        let back = office.command(RITA, &caso, "reassign", back).await.ok();
        assert_eq!(back.text("/gruppo"), "firenze-anagrafe");
        assert_eq!(back.body["bounces"], true);
        let notes = notes(&office.case(CARLO, &caso).await);
        assert_eq!(notes.last().map(String::as_str), Some("rita: È proprio vostra: vedi il regolamento."));
    }

    /// Proves R21, R9.
    async fn the_fallback_group_answers_when_nobody_else_is_competent(office: &TestOffice) {
        let orphan = office.reclamo(ANNA, ORFANO).await;
        let fallback = |service| to(service, Some("firenze-urp"), None);
        let taken = office.command(RITA, &orphan, "reassign", fallback(ORFANO)).await.ok();
        assert_eq!((taken.stato().as_str(), taken.text("/gruppo").as_str()), ("assegnato", "firenze-urp"));
        let answered = office.command(URBANO, &orphan, "resolve", resolution("comunicato", &[])).await.ok();
        assert_eq!(answered.stato(), "risolto_secondo_livello/comunicato");

        // While somebody else is competent it is not to be used; once they have rejected the case it is.
        let caso = reclamo_rejected(office).await;
        office
            .command(RITA, &caso, "reassign", fallback(TARI))
            .await
            .refused("reassignment-not-possible")
            .by_clause("R21");
        office.command(RITA, &caso, "reassign", fallback(RESIDENZA)).await.ok();
        assert_eq!(office.inbox(URBANO, "firenze-urp").await, [caso]);
    }

    /// Proves R9.
    async fn a_case_that_no_group_is_competent_for_is_rejected_by_the_system(office: &TestOffice) {
        let informazione = office.open(ANNA, unanswered(ORFANO)).await.ok().id();
        let reclamo = office.open(ANNA, contact("reclamo", ORFANO, json!({ "anagrafica": gino() }))).await.ok().id();
        office.settle().await;
        for caso in [&informazione, &reclamo] {
            let rejected = office.case(RITA, caso).await.ok();
            assert_eq!(rejected.stato(), "rigettato");
            assert!(rejected.list("/rigettato_da").is_empty(), "no group rejected it");
            let rows = office.history(RITA, caso).await;
            let why = fact(&rows, "rejected");
            assert_eq!((&why["causa"], &why["dal_sistema"]), (&json!("responsabile_non_individuabile"), &json!(true)));
            assert_eq!(fact(&rows, "gap_raised")["genere"], "responsabile_non_individuabile");
            assert_eq!(told(office, RITA, caso).await[1..], ["assignment case.route: assegnato > rigettato"]);
            assert_eq!(findings(office, caso).await["percorso"][0]["rigetto"]["dal_sistema"], true);
            assert_eq!(office.case(UGO, caso).await.ok().stato(), "rigettato");
        }
        let desk = office.rejects(RITA).await;
        assert!(desk.contains(&informazione) && desk.contains(&reclamo));
    }

    /// Proves R9, 4.2-1.
    async fn a_call_for_a_service_without_a_group_ends_at_gestione_rigetti_too(office: &TestOffice) {
        let call = contact("informazione", ORFANO, json!({ "verifica": "disponibile" }));
        let caso = office.open(ANNA, call).await.ok();
        assert_eq!((caso.stato().as_str(), caso.text("/gruppo").as_str()), ("trasferito", ""));
        office.settle().await;
        assert_eq!(office.case(RITA, &caso.id()).await.stato(), "rigettato");
    }
}
