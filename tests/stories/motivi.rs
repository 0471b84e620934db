//! Why citizens make contact, motivo by motivo (section 3.1).

use serde_json::{Value, json};
use smista_tests::catalogue::{ANNA, BUCHE, CARLO, MUSEI, RESIDENZA, TARI, TEO, URBANO};
use smista_tests::stories;

use crate::bodies::{
    about, answer, contact, fact, gino, notes, reclamo_rejected, rejection, resolution, told, unanswered,
};

/// What is left of an anagrafica without these parts.
fn gino_without(parts: &[&str]) -> Value {
    let mut gino = gino();
    let members = gino.as_object_mut().expect("an object");
    parts.iter().for_each(|part| drop(members.remove(*part)));
    json!({ "anagrafica": gino })
}

stories! {
    /// Proves 3.1-1.
    async fn an_informazione_asks_who_where_when_how_and_tells_what_became_of_it(office: &TestOffice) {
        let told = json!({ "answer": answer("telefono", "comunicato", &[]) });
        let answered = office.open(ANNA, contact("informazione", RESIDENZA, told)).await.ok();
        assert_eq!(answered.stato(), "risolto_primo_livello/comunicato");
        let unsolved = office.open(ANNA, contact("informazione", MUSEI, json!({}))).await.ok();
        assert_eq!(unsolved.stato(), "non_risolvibile_per_informazione_carente");
        let specialist = office.open(ANNA, unanswered(TARI)).await.ok();
        assert_eq!(specialist.stato(), "assegnato");
        // It is about a question, and about nothing else.
        let nothing_asked = contact("informazione", MUSEI, json!({ "description": null }));
        office.open(ANNA, nothing_asked).await.refused("missing-field").by_clause("3-2");
        let withdraws = contact("informazione", MUSEI, json!({ "notifica": { "tipo": "ritiro" } }));
        office.open(ANNA, withdraws).await.refused("field-not-admitted");
    }

    /// Proves 3.1-2.
    async fn an_informazione_su_case_tells_the_state_of_what_is_or_was_with_the_second_level(office: &TestOffice) {
        let padre = office.reclamo(ANNA, RESIDENZA).await;
        office.command(CARLO, &padre, "suspend", json!({ "reason": "Si attende l'archivio." })).await.ok();
        let before = office.case(ANNA, &padre).await.ok();
        assert_eq!(before.stato(), "sospeso", "what is read to the citizen");

        let asks = about("informazione_su_case", &padre, json!({
            "identificazione": "protocollo_e_dati",
            "answer": { "text": "L'ufficio attende l'archivio.", "canale": "telefono" },
        }));
        let asked = office.open(ANNA, asks.clone()).await.ok();
        office.settle().await;
        assert_eq!(asked.stato(), "risolto_primo_livello/comunicato");
        assert_eq!((asked.text("/padre"), asked.text("/gruppo")), (padre.clone(), String::new()));
        let opened = fact(&office.history(ANNA, &asked.id()).await, "opened");
        assert_eq!(opened["identificazione"], "protocollo_e_dati");
        let after = office.case(ANNA, &padre).await.ok();
        assert_eq!((after.stato(), after.number("/versione")), (before.stato(), before.number("/versione")));

        office.command(CARLO, &padre, "resolve", resolution("comunicato", &[])).await.ok();
        assert_eq!(office.open(ANNA, asks).await.ok().stato(), "risolto_primo_livello/comunicato");

        let unidentified = about("informazione_su_case", &padre, json!({}));
        office.open(ANNA, unidentified).await.refused("missing-field").by_clause("4.1-7");
        // What the first level answered itself never was there, though its motivo could have been.
        let answered = json!({ "answer": answer("telefono", "comunicato", &[]) });
        for (never_there, clause) in [
            (contact("informazione", RESIDENZA, answered), "2-4"), (contact("lamentela", RESIDENZA, json!({})), "2-3"),
        ] {
            let never_there = office.open(ANNA, never_there).await.ok().id();
            let asks = about("informazione_su_case", &never_there, json!({ "identificazione": "documento" }));
            office.open(ANNA, asks).await.refused("padre-not-admitted").by_clause(clause);
        }
    }

    /// Proves 3.1-3.
    async fn a_reclamo_needs_the_anagrafica_and_is_owed_an_answer(office: &TestOffice) {
        let reclamo = |more: Value| contact("reclamo", RESIDENZA, more);
        for parts in [&["nome"][..], &["cognome"], &["telefono"], &["nome", "cognome", "telefono"]] {
            let refused = office.open(ANNA, reclamo(gino_without(parts))).await.refused("incomplete-anagrafica");
            assert_eq!((refused.status, refused.text("/field")), (422, "anagrafica".to_owned()));
        }
        office.open(ANNA, reclamo(json!({}))).await.refused("incomplete-anagrafica");
        let by_email = json!({ "anagrafica": { "nome": "Gino", "cognome": "Prova", "email": "gino@example.org" } });
        let caso = office.open(ANNA, reclamo(by_email)).await.ok();
        assert_eq!(caso.stato(), "assegnato");
        let closed_at_once = json!({ "anagrafica": gino(), "answer": answer("telefono", "comunicato", &[]) });
        office.open(ANNA, reclamo(closed_at_once)).await.refused("field-not-admitted");

        office.settle().await;
        let id = caso.id();
        for motivo in ["errore", "contatto_abbandonato"] {
            let refused = office.command(ANNA, &id, "cancel", json!({ "motivo": motivo })).await;
            refused.refused("cancel-reason-not-admitted");
        }
        office.command(CARLO, &id, "resolve", json!({})).await.refused("malformed");
        office.command(CARLO, &id, "resolve", resolution("comunicato", &[])).await.ok();
        assert_eq!(office.case(ANNA, &id).await.text("/answer"), "La pratica è pronta.");
    }

    /// Proves 3.1-4.
    async fn a_lamentela_may_be_anonymous_and_is_owed_no_answer(office: &TestOffice) {
        for more in [json!({}), json!({ "anagrafica": gino() }), gino_without(&["telefono"])] {
            let caso = office.open(ANNA, contact("lamentela", RESIDENZA, more)).await.ok();
            office.settle().await;
            assert_eq!(caso.stato(), "risolto_primo_livello/comunicato");
            let seen = office.case(ANNA, &caso.id()).await.ok();
            assert_eq!((seen.text("/gruppo"), &seen.body["is_final"]), (String::new(), &json!(true)));
            assert_eq!(told(office, ANNA, &caso.id()).await, [
                "anna contact.open: - > risolto_primo_livello/comunicato",
            ]);
        }
        assert!(office.inbox(CARLO, "firenze-anagrafe").await.is_empty(), "nobody works on it");
        assert!(office.call_back(ANNA).await.is_empty());
    }

    /// Proves 3.1-5.
    async fn a_segnalazione_needs_the_anagrafica_and_is_owed_no_answer(office: &TestOffice) {
        let segnalazione = |more: Value| contact("segnalazione", BUCHE, more);
        for parts in [&["nome"][..], &["cognome"], &["telefono"]] {
            let refused = office.open(ANNA, segnalazione(gino_without(parts))).await;
            refused.refused("incomplete-anagrafica").by_clause("4.1-6");
        }
        let caso = office.open(ANNA, segnalazione(json!({ "anagrafica": gino() }))).await.ok();
        office.settle().await;
        assert_eq!(caso.stato(), "assegnato_risolto");
        assert_eq!(office.case(URBANO, &caso.id()).await.ok().text("/gruppo"), "firenze-strade");
        for (command, body) in [
            ("accept", json!({})), ("resolve", resolution("comunicato", &[])),
            ("reject", rejection()), ("suspend", json!({ "reason": "Attesa." })),
        ] {
            let refused = office.command(URBANO, &caso.id(), command, body).await;
            refused.refused("not-in-this-state").by_clause("R17");
        }
        assert!(office.inbox(URBANO, "firenze-strade").await.is_empty(), "nothing waits to be answered");
    }

    /// Proves 3.1-6.
    async fn a_sollecito_urges_an_answer_on_a_case_assigned_earlier(office: &TestOffice) {
        let padre = office.reclamo(ANNA, RESIDENZA).await;
        let other = office.reclamo(ANNA, RESIDENZA).await;
        let sollecito = office.open(ANNA, about("sollecito", &padre, json!({}))).await.ok();
        office.settle().await;
        assert_eq!((sollecito.stato(), sollecito.text("/gruppo")),
            ("assegnato".to_owned(), "firenze-anagrafe".to_owned()));

        // The group sees that somebody waits, and for which case.
        let inbox = office.get(CARLO, "/v1/groups/firenze-anagrafe/inbox").await.ok();
        let row = |id: &str| inbox.list("/rows").into_iter().find(|row| row["id"] == id).expect("in the inbox");
        assert_eq!(row(&padre)["sollecitato"], true);
        assert_eq!(row(&padre)["figli"][0]["id"], sollecito.id());
        assert_eq!(row(&other)["sollecitato"], false);
        assert_eq!(inbox.list("/rows").len(), 2, "the Sollecito is no line of its own");

        let answered = json!({ "answer": answer("telefono", "comunicato", &[]) });
        let never_assigned = office.open(ANNA, contact("informazione", RESIDENZA, answered)).await.ok().id();
        let refused = office.open(ANNA, about("sollecito", &never_assigned, json!({}))).await;
        refused.refused("padre-not-admitted").by_clause("2-4");
    }

    /// Proves 3.1-7.
    async fn each_of_the_three_notifiche_reaches_the_padre(office: &TestOffice) {
        let padre = office.reclamo(ANNA, TARI).await;
        let notifica = |notifica: Value| about("notifica_per_informazione", &padre, json!({ "notifica": notifica }));

        let moved = json!({ "tipo": "anagrafica", "anagrafica": { "telefono": "055 2222222" } });
        let first = office.open(ANNA, notifica(moved)).await.ok();
        assert_eq!(first.stato(), "assegnato");
        let seen = office.case(TEO, &padre).await.ok();
        assert_eq!(seen.text("/anagrafica/telefono"), "+390552222222");
        assert_eq!(seen.text("/anagrafica/nome"), "Gino");

        office.open(ANNA, notifica(json!({ "tipo": "integrazione" }))).await.ok();
        assert_eq!(notes(&office.case(TEO, &padre).await), ["anna: Richiama per la sua pratica."]);
        let inbox = office.get(TEO, "/v1/groups/firenze-tributi/inbox").await.ok();
        assert_eq!(inbox.list("/rows")[0]["notificato"], true);

        let withdrawn = office.open(ANNA, notifica(json!({ "tipo": "ritiro" }))).await.ok();
        office.settle().await;
        assert_eq!(withdrawn.stato(), "annullato");
        for caso in [&padre, &first.id()] {
            assert_eq!(office.case(TEO, caso).await.stato(), "annullato");
        }
        assert!(office.inbox(TEO, "firenze-tributi").await.is_empty());
        assert_eq!(told(office, ANNA, &padre).await[2..], [
            "anna contact.open: assegnato > assegnato",
            "anna contact.open: assegnato > assegnato",
            "anna contact.open: assegnato > annullato",
        ]);
        let cancelled = fact(&office.history(ANNA, &padre).await, "cancelled");
        assert_eq!(cancelled["motivo"], "ritirato_dal_cittadino");
    }

    /// Proves 3.1-7.
    async fn a_notifica_says_what_it_brings(office: &TestOffice) {
        let padre = reclamo_rejected(office).await;
        let open = async |more: Value| office.open(ANNA, about("notifica_per_informazione", &padre, more)).await;
        open(json!({})).await.refused("missing-field").by_clause("3.1-7");
        let nothing = json!({ "notifica": { "tipo": "anagrafica", "anagrafica": {} } });
        open(nothing).await.refused("field-not-admitted");
        open(json!({ "notifica": { "tipo": "saluti" } })).await.refused("malformed");
        let sollecito = about("sollecito", &padre, json!({ "notifica": { "tipo": "ritiro" } }));
        office.open(ANNA, sollecito).await.refused("field-not-admitted");
        assert_eq!(office.case(ANNA, &padre).await.stato(), "rigettato", "nothing reached the padre");
    }
}
