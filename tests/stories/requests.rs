//! A request is handled: answered, closed, handed on or tied to an earlier one (section 4.1).

use serde_json::json;
use smista_tests::catalogue::{ANNA, CARLO, EMMA, MUSEI, ORFANO, RESIDENZA, RITA, TARI, UGO};
use smista_tests::stories;

use crate::bodies::{about, answer, contact, fact, facts, gino, rejection, resolution, told, unanswered};

stories! {
    /// Proves 4.1-1.
    async fn what_the_first_level_answers_goes_to_nobody_else(office: &TestOffice) {
        let told_at_once = json!({ "answer": answer("telefono", "comunicato", &[]) });
        let caso = office.open(ANNA, contact("informazione", RESIDENZA, told_at_once)).await.ok();
        office.settle().await;

        let caso = office.case(ANNA, &caso.id()).await.ok();
        assert_eq!(caso.stato(), "risolto_primo_livello/comunicato");
        assert_eq!(caso.text("/answer"), "La pratica è pronta.");
        assert_eq!(caso.body["is_final"], true);
        assert_eq!(caso.text("/gruppo"), "");
        assert_eq!(facts(&office.history(ANNA, &caso.id()).await), ["opened"]);
        assert!(office.inbox(CARLO, "firenze-anagrafe").await.is_empty());
        assert!(office.call_back(ANNA).await.is_empty());

        // Answered by email alone it is not told yet, whatever the operator says.
        let by_email = json!({ "answer": answer("email", "comunicato", &[]) });
        office
            .open(ANNA, contact("informazione", RESIDENZA, by_email))
            .await
            .refused("field-not-admitted")
            .by_clause("R4");
    }

    /// Proves 4.1-2.
    async fn what_nobody_knows_of_a_base_service_is_closed_and_is_a_gap(office: &TestOffice) {
        let caso = office.open(ANNA, contact("informazione", MUSEI, json!({}))).await.ok();
        office.settle().await;

        let id = caso.id();
        let caso = office.case(ANNA, &id).await.ok();
        assert_eq!(caso.stato(), "non_risolvibile_per_informazione_carente");
        assert_eq!(caso.body["is_final"], true);
        let rows = office.history(ANNA, &id).await;
        assert_eq!(facts(&rows), ["opened", "gap_raised"]);
        assert_eq!(fact(&rows, "gap_raised")["genere"], "informazione_carente");
        // The Ufficio sees the cases that a gap cites, and no other.
        assert_eq!(office.case(UGO, &id).await.ok().stato(), "non_risolvibile_per_informazione_carente");
        office.command(ANNA, &id, "cancel", json!({ "motivo": "errore" })).await.refused("not-in-this-state");

        // There is nobody to transfer to.
        office
            .open(ANNA, contact("informazione", MUSEI, json!({ "verifica": "disponibile" })))
            .await
            .refused("field-not-admitted")
            .by_clause("3.2-2");
        let answered = json!({ "answer": answer("telefono", "comunicato", &[]) });
        let answered = office.open(ANNA, contact("informazione", MUSEI, answered)).await.ok();
        assert_eq!(answered.stato(), "risolto_primo_livello/comunicato");
        office.case(UGO, &answered.id()).await.refused("not-found");
    }

    /// Proves 4.1-3.
    async fn what_a_specialist_must_answer_is_transferred_or_assigned(office: &TestOffice) {
        let open = async |login, verifica: Option<&str>, canale: &str| {
            let facts = json!({ "verifica": verifica, "canale": canale });
            office.open(login, contact("informazione", RESIDENZA, facts)).await
        };
        let transferred = open(ANNA, Some("disponibile"), "telefono").await.ok();
        let nobody_there = open(ANNA, Some("non_disponibile"), "telefono").await.ok();
        let would_not_wait = open(ANNA, Some("attesa_rifiutata"), "telefono").await.ok();
        let by_email = open(EMMA, None, "email").await.ok();
        open(ANNA, None, "telefono").await.refused("missing-field").by_clause("4.2-3");
        office.settle().await;

        assert_eq!(transferred.stato(), "trasferito");
        for assigned in [&nobody_there, &would_not_wait, &by_email] {
            assert_eq!(assigned.stato(), "assegnato");
        }
        let inbox = office.inbox(CARLO, "firenze-anagrafe").await;
        assert_eq!(inbox.len(), 4);
        for caso in [transferred, nobody_there, would_not_wait, by_email] {
            assert!(inbox.contains(&caso.id()));
        }
    }

    /// Proves 4.1-5.
    async fn a_sollecito_and_a_notifica_reach_the_second_level_and_follow_their_padre(office: &TestOffice) {
        let padre = office.reclamo(ANNA, RESIDENZA).await;
        let thanks = json!({ "text": "La sua richiesta è stata registrata.", "canale": "telefono" });
        let urged = office.open(ANNA, about("sollecito", &padre, json!({ "answer": thanks }))).await.ok();
        let more = json!({ "notifica": { "tipo": "integrazione" }, "answer": thanks });
        let notified = office.open(ANNA, about("notifica_per_informazione", &padre, more)).await.ok();
        office.settle().await;

        let figli = [urged.id(), notified.id()];
        for figlio in &figli {
            let figlio = office.case(CARLO, figlio).await.ok();
            assert_eq!(figlio.stato(), "assegnato");
            assert_eq!(figlio.text("/gruppo"), "firenze-anagrafe");
            assert_eq!(figlio.text("/padre"), padre);
        }
        for figlio in &figli {
            assert_eq!(office.case(ANNA, figlio).await.text("/answer"), "La sua richiesta è stata registrata.");
        }
        // In the inbox they stand under their padre, never beside it.
        let inbox = office.get(CARLO, "/v1/groups/firenze-anagrafe/inbox").await.ok();
        assert_eq!(inbox.list("/rows").len(), 1);
        assert_eq!(inbox.text("/rows/0/id"), padre);
        assert_eq!(inbox.body.pointer("/rows/0/sollecitato"), Some(&json!(true)));
        assert_eq!(inbox.body.pointer("/rows/0/notificato"), Some(&json!(true)));

        office.command(CARLO, &padre, "suspend", json!({ "reason": "Chiedo all'archivio." })).await.ok();
        for figlio in &figli {
            assert_eq!(office.case(ANNA, figlio).await.stato(), "sospeso");
        }
        office.command(CARLO, &padre, "resolve", resolution("comunicato", &[])).await.ok();
        for figlio in &figli {
            assert_eq!(office.case(ANNA, figlio).await.stato(), "risolto_secondo_livello/comunicato");
        }
        // Nothing is left to urge.
        office
            .open(ANNA, about("sollecito", &padre, json!({})))
            .await
            .refused("padre-not-admitted")
            .by_clause("R15");
    }

    /// Proves 4.1-7.
    async fn only_an_identified_citizen_hears_how_the_case_stands_and_only_from_the_first_level(office: &TestOffice) {
        let padre = office.reclamo(ANNA, RESIDENZA).await;
        let before = office.history(ANNA, &padre).await;
        let identified = json!({ "identificazione": "protocollo_e_dati" });
        let ask = |more| about("informazione_su_case", &padre, more);

        office.open(ANNA, ask(json!({}))).await.refused("missing-field").by_clause("4.1-7");
        office.open(CARLO, ask(identified.clone())).await.refused("not-your-role");
        office.open(RITA, ask(identified.clone())).await.refused("not-your-role");
        let told = office.open(ANNA, ask(identified.clone())).await.ok();
        office.settle().await;

        let told = office.case(ANNA, &told.id()).await.ok();
        assert_eq!(told.stato(), "risolto_primo_livello/comunicato");
        assert_eq!(told.text("/padre"), padre);
        assert_eq!(office.case(ANNA, &padre).await.list("/figli"), [json!(told.id())]);
        let rows = office.history(ANNA, &told.id()).await;
        assert_eq!(fact(&rows, "opened")["identificazione"], "protocollo_e_dati");
        // Its padre is where it was, and the second level has nothing new to do.
        assert_eq!(office.history(ANNA, &padre).await, before);
        assert_eq!(office.inbox(CARLO, "firenze-anagrafe").await, [padre.as_str()]);

        // Also once the padre is final; never of a case that was not with the second level.
        office.command(CARLO, &padre, "resolve", resolution("comunicato", &[])).await.ok();
        office.open(ANNA, ask(identified.clone())).await.ok();
        let answered = json!({ "answer": answer("telefono", "comunicato", &[]) });
        let at_first_level = office.open(ANNA, contact("informazione", TARI, answered)).await.ok().id();
        office
            .open(ANNA, about("informazione_su_case", &at_first_level, identified))
            .await
            .refused("padre-not-admitted")
            .by_clause("2-4");
    }

    /// Proves 4.1-8.
    async fn a_reclamo_is_assigned_never_answered_or_transferred_at_the_first_level(office: &TestOffice) {
        let reclamo = |more| contact("reclamo", RESIDENZA, more);
        let answered = json!({ "anagrafica": gino(), "answer": answer("telefono", "comunicato", &[]) });
        office.open(ANNA, reclamo(answered)).await.refused("field-not-admitted");
        let transferred = json!({ "anagrafica": gino(), "verifica": "disponibile" });
        office.open(ANNA, reclamo(transferred)).await.refused("field-not-admitted");
        office.open(ANNA, reclamo(json!({}))).await.refused("incomplete-anagrafica");

        let caso = office.open(ANNA, reclamo(json!({ "anagrafica": gino() }))).await.ok();
        assert_eq!(caso.stato(), "assegnato");
        assert_eq!(caso.text("/gruppo"), "", "routing comes after");
        office.settle().await;

        let id = caso.id();
        assert_eq!(office.case(CARLO, &id).await.text("/gruppo"), "firenze-anagrafe");
        assert_eq!(office.inbox(CARLO, "firenze-anagrafe").await, [id.as_str()]);
        assert_eq!(told(office, ANNA, &id).await, [
            "anna contact.open: - > assegnato",
            "assignment case.route: assegnato > assegnato",
        ]);
        // What section 4.3 offers is open to it.
        office.command(CARLO, &id, "reject", rejection()).await.ok();
        // A service with nobody behind it still takes a Reclamo: Gestione Rigetti finds somebody.
        let orphan = office.reclamo(ANNA, ORFANO).await;
        assert_eq!(office.case(RITA, &orphan).await.stato(), "rigettato");
        office.open(ANNA, unanswered(ORFANO)).await.ok();
    }
}
