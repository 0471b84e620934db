//! Solleciti and Notifiche follow their padre; which of them it admits depends on where it stands (R1, R15).

use serde_json::{Value, json};
use smista_tests::catalogue::{ANNA, CARLO, RESIDENZA, RITA, TARI, TEO, tripletta};
use smista_tests::office::ids;
use smista_tests::{Answer, TestOffice, stories};

use crate::bodies::{
    about, attempt, contact, fact, gino, notes, reclamo_rejected, reclamo_resolved, rejection, resolution,
    told, unanswered,
};

fn integrazione() -> Value {
    json!({ "notifica": { "tipo": "integrazione" } })
}

/// Opens a Sollecito on this case.
async fn urge(office: &TestOffice, padre: &str) -> Answer {
    office.open(ANNA, about("sollecito", padre, json!({}))).await
}

stories! {
    /// Proves R1, 2-4.
    async fn a_figlio_follows_its_padre_from_the_padres_next_change_on(office: &TestOffice) {
        let padre = office.reclamo(ANNA, RESIDENZA).await;
        office.command(CARLO, &padre, "suspend", json!({ "reason": "Si attende l'archivio." })).await.ok();
        let figlio = urge(office, &padre).await.ok();
        assert_eq!((figlio.stato(), figlio.text("/gruppo")), ("assegnato".to_owned(), "firenze-anagrafe".to_owned()));
        let figlio = figlio.id();
        let stands = async || office.case(ANNA, &figlio).await.ok();

        // Another figlio and a note are no changes of the padre.
        urge(office, &padre).await.ok();
        office.command(CARLO, &padre, "note", json!({ "text": "Sentito l'archivio." })).await.ok();
        office.settle().await;
        assert_eq!(stands().await.stato(), "assegnato");

        office.command(CARLO, &padre, "reject", rejection()).await.ok();
        office.settle().await;
        assert_eq!((stands().await.stato(), stands().await.text("/gruppo")), ("rigettato".to_owned(), String::new()));
        office.command(RITA, &padre, "reassign", json!({ "tripletta": tripletta(TARI) })).await.ok();
        office.settle().await;
        assert_eq!(stands().await.text("/gruppo"), "firenze-tributi");
        assert_eq!(stands().await.body["tripletta"], json!(tripletta(TARI)));
        office.command(TEO, &padre, "resolve", resolution("non_comunicato", &["occupato"])).await.ok();
        office.command(TEO, &padre, "record-attempt", attempt("raggiunto", "comunicato")).await.ok();
        office.settle().await;

        assert_eq!(told(office, ANNA, &figlio).await, [
            "anna contact.open: - > assegnato",
            "carlo case.reject: assegnato > rigettato",
            "rita case.reassign: rigettato > assegnato",
            "teo case.resolve: assegnato > risolto_secondo_livello/non_comunicato",
            "teo case.record_attempt: risolto_secondo_livello/non_comunicato > risolto_secondo_livello/comunicato",
        ]);
        let followed = fact(&office.history(ANNA, &figlio).await, "followed");
        assert_eq!(followed["cambiamento"], "case.rejected");
        let rejected = office.history(ANNA, &padre).await;
        let rejected = rejected.iter().find(|row| row["command"] == "case.reject").expect("a rejection");
        assert_eq!(followed["padre_versione"], rejected["versione"], "in the same act");
    }

    /// Proves R1.
    async fn a_figlio_is_never_a_line_of_its_own(office: &TestOffice) {
        let rejected = office.reclamo(ANNA, RESIDENZA).await;
        let to_tell = office.reclamo(ANNA, RESIDENZA).await;
        let first = urge(office, &rejected).await.ok().id();
        let second = urge(office, &to_tell).await.ok().id();
        assert_eq!(office.inbox(CARLO, "firenze-anagrafe").await, [rejected.clone(), to_tell.clone()]);
        office.command(CARLO, &rejected, "reject", rejection()).await.ok();
        office.command(CARLO, &to_tell, "resolve", resolution("da_comunicare", &[])).await.ok();
        office.settle().await;

        assert_eq!(office.case(ANNA, &first).await.stato(), "rigettato");
        assert_eq!(office.case(ANNA, &second).await.stato(), "risolto_secondo_livello/da_comunicare");
        for (desk, padre, figlio) in [("rejects", rejected, first), ("call-back", to_tell, second)] {
            let desk = office.get(ANNA, &format!("/v1/desks/{desk}")).await.ok();
            assert_eq!(ids(&desk), [padre]);
            assert_eq!(desk.text("/rows/0/figli/0/id"), figlio);
            assert_eq!(desk.body["rows"][0]["sollecitato"], true);
        }
    }

    /// Proves R1.
    async fn a_figlio_takes_a_note_or_a_detach_and_no_other_command(office: &TestOffice) {
        let padre = office.reclamo(ANNA, RESIDENZA).await;
        let figlio = urge(office, &padre).await.ok().id();
        let detach = json!({ "reason": "Riguarda un altro caso." });
        for (login, command, body) in [
            (CARLO, "accept", json!({})), (CARLO, "suspend", json!({ "reason": "Attesa." })),
            (CARLO, "resolve", resolution("comunicato", &[])), (CARLO, "reject", rejection()),
            (ANNA, "cancel", json!({ "motivo": "errore" })), (RITA, "reassign", json!({})),
            (ANNA, "correct-anagrafica", json!({ "anagrafica": { "nome": "Pino" } })),
        ] {
            let refused = office.command(login, &figlio, command, body).await;
            assert_eq!(refused.refused("figlio-follows-its-padre").by_clause("R1").status, 409, "{command}");
        }
        office.command(CARLO, &figlio, "note", json!({ "text": "Ricevuto." })).await.ok();
        assert_eq!(notes(&office.case(ANNA, &figlio).await), ["carlo: Ricevuto."]);
        assert_eq!(office.case(ANNA, &figlio).await.stato(), "assegnato");

        let before = office.case(ANNA, &padre).await.ok();
        office.command(CARLO, &figlio, "detach", detach.clone()).await.refused("not-your-role");
        assert_eq!(office.command(ANNA, &figlio, "detach", detach.clone()).await.ok().stato(), "annullato");
        let after = office.case(ANNA, &padre).await.ok();
        assert_eq!((after.stato(), after.number("/versione")), (before.stato(), before.number("/versione")));
        office.command(CARLO, &padre, "resolve", resolution("comunicato", &[])).await.ok();
        assert_eq!(office.case(ANNA, &figlio).await.stato(), "annullato", "detached, it follows no more");
        office.command(ANNA, &padre, "detach", detach).await.refused("not-in-this-state");
    }

    /// Proves R1.
    async fn an_informazione_su_case_is_born_final_and_follows_nobody(office: &TestOffice) {
        let padre = office.reclamo(ANNA, RESIDENZA).await;
        let identified = json!({ "identificazione": "documento" });
        let asked = office.open(ANNA, about("informazione_su_case", &padre, identified)).await.ok().id();
        office.command(CARLO, &padre, "reject", rejection()).await.ok();
        office.settle().await;
        assert_eq!(told(office, ANNA, &asked).await, ["anna contact.open: - > risolto_primo_livello/comunicato"]);
    }

    /// Proves R15.
    async fn a_rejected_padre_admits_figli_and_they_wait_at_gestione_rigetti(office: &TestOffice) {
        let padre = reclamo_rejected(office).await;
        let figlio = urge(office, &padre).await.ok();
        assert_eq!((figlio.stato(), figlio.text("/gruppo")), ("assegnato".to_owned(), String::new()));
        office.open(ANNA, about("notifica_per_informazione", &padre, integrazione())).await.ok();
        office.settle().await;
        assert_eq!(told(office, ANNA, &figlio.id()).await, ["anna contact.open: - > assegnato"], "nobody routes it");
        let desk = office.get(RITA, "/v1/desks/rejects").await.ok();
        assert_eq!(ids(&desk), [padre.as_str()]);
        assert_eq!((&desk.body["rows"][0]["sollecitato"], &desk.body["rows"][0]["notificato"]),
            (&json!(true), &json!(true)));

        office.command(RITA, &padre, "reassign", json!({ "tripletta": tripletta(TARI) })).await.ok();
        let followed = office.case(ANNA, &figlio.id()).await.ok();
        assert_eq!((followed.stato(), followed.text("/gruppo")),
            ("assegnato".to_owned(), "firenze-tributi".to_owned()));
    }

    /// Proves R15.
    async fn an_answer_that_waits_to_be_told_is_told_not_urged(office: &TestOffice) {
        let padre = reclamo_resolved(office, "da_comunicare").await;
        let refused = urge(office, &padre).await.refused("padre-not-admitted").by_clause("R15");
        assert!(refused.text("/detail").contains("comunicarla"), "{}", refused.body);
        let notifica = office.open(ANNA, about("notifica_per_informazione", &padre, integrazione())).await.ok();
        let list = office.get(ANNA, "/v1/desks/call-back").await.ok();
        assert_eq!(ids(&list), [padre.as_str()]);
        assert_eq!(list.body["rows"][0]["notificato"], true);
        assert_eq!(list.text("/rows/0/figli/0/id"), notifica.id());
        office.command(ANNA, &padre, "record-attempt", attempt("raggiunto", "comunicato")).await.ok();
        assert_eq!(office.case(ANNA, &notifica.id()).await.stato(), "risolto_secondo_livello/comunicato");

        // Where the second level still tries to tell it, all three have their place.
        let untold = reclamo_resolved(office, "non_comunicato").await;
        urge(office, &untold).await.ok();
        office.open(ANNA, about("notifica_per_informazione", &untold, integrazione())).await.ok();
        let identified = json!({ "identificazione": "documento" });
        office.open(ANNA, about("informazione_su_case", &untold, identified)).await.ok();
    }

    /// Proves R15.
    async fn a_final_padre_can_only_be_asked_about(office: &TestOffice) {
        let withdrawn = office.open(ANNA, unanswered(RESIDENZA)).await.ok().id();
        office.settle().await;
        office.command(ANNA, &withdrawn, "cancel", json!({ "motivo": "ritirato_dal_cittadino" })).await.ok();
        let finals = [
            reclamo_resolved(office, "comunicato").await,
            reclamo_resolved(office, "non_comunicabile").await,
            withdrawn,
        ];
        for padre in &finals {
            urge(office, padre).await.refused("padre-not-admitted").by_clause("R15");
            let notifica = about("notifica_per_informazione", padre, integrazione());
            office.open(ANNA, notifica).await.refused("padre-not-admitted").by_clause("R15");
            let identified = json!({ "identificazione": "documento" });
            office.open(ANNA, about("informazione_su_case", padre, identified)).await.ok();
        }
        for motivo in ["segnalazione", "lamentela"] {
            let person = json!({ "anagrafica": gino() });
            let other = office.open(ANNA, contact(motivo, RESIDENZA, person)).await.ok().id();
            urge(office, &other).await.refused("padre-not-admitted");
            let identified = json!({ "identificazione": "documento" });
            let asks = about("informazione_su_case", &other, identified);
            office.open(ANNA, asks).await.refused("padre-not-admitted");
        }
    }

    /// Proves R15.
    async fn a_notifica_that_withdraws_ends_with_its_padre_wherever_that_stands(office: &TestOffice) {
        let withdraws = json!({ "notifica": { "tipo": "ritiro" } });
        let padri = [
            office.reclamo(ANNA, RESIDENZA).await,
            reclamo_rejected(office).await,
            reclamo_resolved(office, "da_comunicare").await,
            reclamo_resolved(office, "non_comunicato").await,
        ];
        for padre in &padri {
            let notifica = about("notifica_per_informazione", padre, withdraws.clone());
            assert_eq!(office.open(ANNA, notifica).await.ok().stato(), "annullato");
            assert_eq!(office.case(ANNA, padre).await.stato(), "annullato");
        }
        office.settle().await;
        assert!(office.call_back(ANNA).await.is_empty() && office.rejects(RITA).await.is_empty());
    }
}
