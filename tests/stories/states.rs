//! Where a case can stand, and whose act puts it there (section 6, R3, R14, R16, R17).

use serde_json::{Value, json};
use smista_tests::catalogue::{
    ANNA, BUCHE, CARLO, EMMA, MUSEI, OLGA, RESIDENZA, RITA, SPINA, TARI, UGO, URBANO, tripletta,
};
use smista_tests::stories;

use crate::bodies::{
    about, answer, attempt, contact, gino, merged, notes, reclamo_rejected, reclamo_resolved, rejection,
    resolution, told, unanswered,
};

/// An answered Informazione; the answer got as far as `attributo`.
fn answered(servizio: &str, canale: &str, attributo: &str, esiti: &[&str]) -> Value {
    contact("informazione", servizio, json!({ "answer": answer(canale, attributo, esiti) }))
}

/// Commands that would move a case, each by somebody whose level gives it.
fn moves() -> Vec<(&'static str, &'static str, Value)> {
    vec![
        (CARLO, "accept", json!({})),
        (CARLO, "suspend", json!({ "reason": "Si attende l'archivio." })),
        (CARLO, "resolve", resolution("comunicato", &[])),
        (CARLO, "reject", rejection()),
        (ANNA, "transfer-failed", json!({ "esito": "non_riuscito" })),
        (ANNA, "record-attempt", attempt("raggiunto", "comunicato")),
        (ANNA, "hand-back", json!({ "note": "Non è chiaro." })),
        (ANNA, "cancel", json!({ "motivo": "ritirato_dal_cittadino" })),
        (RITA, "reassign", json!({ "tripletta": tripletta(TARI) })),
    ]
}

stories! {
    /// Proves 6-1.
    async fn on_base_no_case_reaches_a_state_of_the_second_level(office: &TestOffice) {
        let person = json!({ "anagrafica": gino() });
        let mut casi = Vec::new();
        for (body, stato) in [
            (answered(BUCHE, "telefono", "comunicato", &[]), "risolto_primo_livello/comunicato"),
            (answered(BUCHE, "email", "non_comunicato", &["occupato"]), "risolto_primo_livello/non_comunicato"),
            (answered(BUCHE, "email", "non_comunicabile", &["occupato"]), "risolto_primo_livello/non_comunicabile"),
            (contact("informazione", BUCHE, json!({})), "non_risolvibile_per_informazione_carente"),
            (contact("lamentela", BUCHE, json!({})), "risolto_primo_livello/comunicato"),
            (contact("segnalazione", BUCHE, person), "assegnato_risolto"),
            (contact("informazione", BUCHE, json!({ "annullamento": { "motivo": "errore" } })), "annullato"),
        ] {
            let caso = office.open(ANNA, body).await.ok();
            assert_eq!(caso.stato(), stato);
            casi.push((caso.id(), stato));
        }
        office.settle().await;
        for (caso, stato) in casi {
            for (command, body) in [
                ("accept", json!({})), ("suspend", json!({ "reason": "Attesa." })), ("reject", rejection()),
                ("resolve", resolution("comunicato", &[])),
            ] {
                let refused = office.command(URBANO, &caso, command, body).await;
                assert!(matches!(refused.status, 403 | 409), "{stato} {command}: {}", refused.body);
            }
            let reassigned = office.command(RITA, &caso, "reassign", json!({ "tripletta": tripletta(TARI) })).await;
            reassigned.refused("not-in-this-state");
            assert_eq!(office.case(ANNA, &caso).await.stato(), stato);
        }
    }

    /// Proves 6-1.
    async fn missing_information_closes_a_case_on_base_alone(office: &TestOffice) {
        let question = |servizio| contact("informazione", servizio, json!({}));
        let closed = office.open(ANNA, question(MUSEI)).await.ok();
        assert_eq!(closed.stato(), "non_risolvibile_per_informazione_carente");
        // On avanzato the second level is asked, after a check of its availability.
        office.open(ANNA, question(RESIDENZA)).await.refused("missing-field").by_clause("4.2-3");
        assert_eq!(office.open(ANNA, unanswered(RESIDENZA)).await.ok().stato(), "assegnato");
    }

    /// Proves 6-2, R14.
    async fn each_state_is_set_by_the_level_that_it_belongs_to(office: &TestOffice) {
        for login in [CARLO, RITA, SPINA, UGO, OLGA] {
            let refused = office.open(login, contact("lamentela", RESIDENZA, json!({}))).await;
            assert_eq!(refused.refused("not-your-role").by_clause("R14").status, 403, "{login}");
        }
        let (wait, nothing) = (json!({ "reason": "Attesa." }), json!({}));
        let withdrawn = json!({ "motivo": "ritirato_dal_cittadino" });
        let elsewhere = json!({ "tripletta": tripletta(TARI) });
        let reached = attempt("raggiunto", "comunicato");
        let refused = async |caso: &str, wrong: &[(&str, &str, &Value)]| {
            let before = office.case(ANNA, caso).await.ok();
            for (login, command, body) in wrong {
                office.command(login, caso, command, (*body).clone()).await.refused("not-your-role").by_clause("R14");
            }
            assert_eq!(office.case(ANNA, caso).await.body, before.body, "a refusal changes nothing");
        };

        let assigned = office.reclamo(ANNA, RESIDENZA).await;
        let (answer, rejects) = (resolution("comunicato", &[]), rejection());
        refused(&assigned, &[
            (ANNA, "suspend", &wait), (ANNA, "resolve", &answer), (ANNA, "reject", &rejects),
            (RITA, "suspend", &wait), (RITA, "resolve", &answer), (RITA, "reject", &rejects),
            (CARLO, "cancel", &withdrawn), (OLGA, "cancel", &withdrawn),
            (ANNA, "accept", &nothing), (RITA, "accept", &nothing), (ANNA, "release", &nothing),
            (RITA, "release", &nothing),
        ]).await;
        let figlio = office.open(ANNA, about("sollecito", &assigned, json!({}))).await.ok().id();
        refused(&figlio, &[(CARLO, "detach", &wait)]).await;
        let to_tell = reclamo_resolved(office, "da_comunicare").await;
        let unclear = json!({ "note": "Non è chiaro." });
        refused(&to_tell, &[
            (CARLO, "record-attempt", &reached), (RITA, "record-attempt", &reached), (CARLO, "hand-back", &unclear),
            (RITA, "cancel", &withdrawn), (CARLO, "accept", &nothing), (RITA, "accept", &nothing),
            (CARLO, "release", &nothing),
        ]).await;
        let untold = reclamo_resolved(office, "non_comunicato").await;
        refused(&untold, &[(ANNA, "record-attempt", &reached), (RITA, "record-attempt", &reached)]).await;
        let rejected = reclamo_rejected(office).await;
        refused(&rejected, &[
            (ANNA, "reassign", &elsewhere), (CARLO, "reassign", &elsewhere), (CARLO, "cancel", &withdrawn),
            (ANNA, "accept", &nothing), (CARLO, "accept", &nothing), (CARLO, "release", &nothing),
        ]).await;

        // Gestione Rigetti acts as the first level: it assigns and it cancels.
        assert_eq!(office.command(RITA, &rejected, "reassign", elsewhere).await.ok().stato(), "assegnato");
        assert_eq!(office.command(RITA, &assigned, "cancel", withdrawn).await.ok().stato(), "annullato");
    }

    /// Proves R3.
    async fn the_second_level_resolves_and_under_contact_back_the_first_closes(office: &TestOffice) {
        let caso = reclamo_resolved(office, "da_comunicare").await;
        office.command(ANNA, &caso, "record-attempt", attempt("raggiunto", "comunicato")).await.ok();
        assert_eq!(told(office, ANNA, &caso).await[2..], [
            "carlo case.resolve: assegnato > risolto_secondo_livello/da_comunicare",
            "anna case.record_attempt: risolto_secondo_livello/da_comunicare > risolto_secondo_livello/comunicato",
        ]);
        assert_eq!(office.case(ANNA, &caso).await.body["is_final"], true);
    }

    /// Proves 6-8.
    async fn annullato_closes_what_is_not_the_centres_business(office: &TestOffice) {
        let cancelled = |motivo: &str| json!({ "canale": "telefono", "annullamento": { "motivo": motivo } });
        let abandoned = office.open(ANNA, cancelled("contatto_abbandonato")).await.ok();
        assert_eq!((abandoned.stato(), abandoned.text("/motivo")), ("annullato".to_owned(), String::new()));
        office.open(ANNA, cancelled("noia")).await.refused("malformed");
        office.open(ANNA, cancelled("altro")).await.refused("missing-field").by_clause("6-8");

        let request = office.open(ANNA, unanswered(RESIDENZA)).await.ok().id();
        let reclamo = office.reclamo(ANNA, RESIDENZA).await;
        office.command(CARLO, &request, "accept", json!({})).await.ok();
        office.command(ANNA, &request, "cancel", json!({})).await.refused("malformed");
        office.command(ANNA, &request, "cancel", json!({ "motivo": "altro" })).await.refused("missing-field");
        let because = json!({ "motivo": "altro", "note": "Era una prova della linea." });
        let closed = office.command(ANNA, &request, "cancel", because).await.ok();
        assert_eq!((closed.stato(), closed.text("/titolare")), ("annullato".to_owned(), String::new()));
        assert_eq!(notes(&office.case(ANNA, &request).await), ["anna: Era una prova della linea."]);
        assert_eq!(office.inbox(CARLO, "firenze-anagrafe").await, [reclamo.as_str()]);

        // A Reclamo is owed an answer, and one that exists is told, unless the citizen wants none.
        for motivo in ["errore", "contatto_abbandonato"] {
            let refused = office.command(ANNA, &reclamo, "cancel", json!({ "motivo": motivo })).await;
            refused.refused("cancel-reason-not-admitted").by_clause("6-8");
        }
        office.command(ANNA, &reclamo, "cancel", json!({ "motivo": "non_di_competenza" })).await.ok();
        let to_tell = reclamo_resolved(office, "da_comunicare").await;
        let refused = office.command(ANNA, &to_tell, "cancel", json!({ "motivo": "duplicato" })).await;
        refused.refused("cancel-reason-not-admitted").by_clause("6-8");
        let withdrawn = json!({ "motivo": "ritirato_dal_cittadino" });
        assert_eq!(office.command(ANNA, &to_tell, "cancel", withdrawn).await.ok().stato(), "annullato");
        assert!(office.call_back(ANNA).await.is_empty());
    }

    /// Proves R17.
    async fn nothing_final_reopens(office: &TestOffice) {
        let withdrawn = office.reclamo(ANNA, RESIDENZA).await;
        office.command(ANNA, &withdrawn, "cancel", json!({ "motivo": "ritirato_dal_cittadino" })).await.ok();
        let mut finals = vec![
            withdrawn,
            reclamo_resolved(office, "comunicato").await,
            reclamo_resolved(office, "non_comunicabile").await,
        ];
        for body in [
            answered(RESIDENZA, "telefono", "comunicato", &[]),
            answered(RESIDENZA, "email", "non_comunicabile", &["recapito_errato"]),
            contact("informazione", MUSEI, json!({})),
            contact("segnalazione", RESIDENZA, json!({ "anagrafica": gino() })),
        ] {
            finals.push(office.open(ANNA, body).await.ok().id());
        }
        office.settle().await;
        for caso in finals {
            let before = office.case(ANNA, &caso).await.ok();
            for (login, command, body) in moves() {
                let refused = office.command(login, &caso, command, body).await;
                refused.refused("not-in-this-state").by_clause("R17");
            }
            assert_eq!(office.case(ANNA, &caso).await.body, before.body);
            office.command(ANNA, &caso, "note", json!({ "text": "Ha ringraziato." })).await.ok();
            assert_eq!(office.case(ANNA, &caso).await.stato(), before.stato(), "a note moves nothing");
        }
    }

    /// Proves R17.
    async fn who_comes_back_opens_a_new_case_that_cites_the_earlier_one(office: &TestOffice) {
        let earlier = reclamo_resolved(office, "non_comunicabile").await;
        let again = |seguito: &str| contact("reclamo", RESIDENZA, json!({ "anagrafica": gino(), "seguito_di": seguito }));
        let new = office.open(ANNA, again(&earlier)).await.ok();
        assert_eq!((new.stato(), new.text("/seguito_di")), ("assegnato".to_owned(), earlier.clone()));
        let nothing = again("01900000-0000-7000-8000-000000000000");
        office.open(ANNA, nothing).await.refused("field-not-admitted").by_clause("R17");

        // Whom nobody reached is told when they call; the case stays as it was closed.
        let asks = about("informazione_su_case", &earlier, json!({ "identificazione": "documento" }));
        office.open(ANNA, asks).await.ok();
        assert_eq!(office.case(ANNA, &earlier).await.stato(), "risolto_secondo_livello/non_comunicabile");

        let report = |servizio: &str, more: Value| {
            contact("segnalazione", servizio, merged(json!({ "anagrafica": gino() }), more))
        };
        let misrouted = office.open(ANNA, report(BUCHE, json!({}))).await.ok().id();
        office.command(URBANO, &misrouted, "note", json!({ "text": "Non è di nostra competenza." })).await.ok();
        assert_eq!(notes(&office.case(ANNA, &misrouted).await), ["urbano: Non è di nostra competenza."]);
        let filed_anew = office.open(ANNA, report(TARI, json!({ "seguito_di": misrouted }))).await.ok();
        assert_eq!((filed_anew.text("/seguito_di"), filed_anew.text("/gruppo")),
            (misrouted, "firenze-tributi".to_owned()));
    }

    /// Proves R16.
    async fn off_line_means_that_the_answer_goes_by_email_alone(office: &TestOffice) {
        let open = async |login, canale: &str, body: Value| {
            office.open(login, merged(body, json!({ "canale": canale }))).await
        };
        // The channel of the contact does not matter, the answer's does.
        for (login, canale) in [(ANNA, "telefono"), (EMMA, "email")] {
            let by_email = answered(MUSEI, "email", "non_comunicato", &["non_risponde"]);
            assert_eq!(open(login, canale, by_email).await.ok().stato(), "risolto_primo_livello/non_comunicato");
            let by_phone = answered(MUSEI, "telefono", "non_comunicato", &["non_risponde"]);
            open(login, canale, by_phone).await.refused("field-not-admitted").by_clause("6-3");
        }
        // The second level too may answer by email alone: not told before the mail system says so.
        let caso = office.reclamo(ANNA, RESIDENZA).await;
        let told = json!({ "answer": answer("email", "comunicato", &[]) });
        office.command(CARLO, &caso, "resolve", told).await.refused("field-not-admitted").by_clause("R4");
        let by_sms = json!({ "answer": answer("sms", "comunicato", &[]) });
        office.command(CARLO, &caso, "resolve", by_sms).await.refused("field-not-admitted").by_clause("R16");
        let untold = json!({ "answer": answer("email", "non_comunicato", &["non_risponde"]) });
        let resolved = office.command(CARLO, &caso, "resolve", untold).await.ok();
        assert_eq!(resolved.stato(), "risolto_secondo_livello/non_comunicato");
        assert_eq!(resolved.text("/canale_risposta"), "email");
        let sms = json!({ "canale": "sms", "direzione": "outbound", "esito": "raggiunto" });
        let by_sms = json!({ "tentativo": sms, "attributo": "comunicato" });
        office.command(CARLO, &caso, "record-attempt", by_sms).await.refused("field-not-admitted").by_clause("R16");
        assert_eq!(office.case(ANNA, &caso).await.stato(), "risolto_secondo_livello/non_comunicato");
    }
}
