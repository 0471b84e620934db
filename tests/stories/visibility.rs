//! Who sees what, and who may act on it (R14, R23). What each level may do to a state is told in `states`.

use serde_json::{Value, json};
use smista_tests::catalogue::{
    ANNA, BENE, CARLO, CINZIA, MUSEI, OLGA, RENZO, RESIDENZA, RESIDENZA_SCANDICCI, RITA, SARA, SOFIA, SPINA,
    TARI, TEO, UGO, URBANO, tripletta,
};
use smista_tests::office::ids;
use smista_tests::{TestOffice, stories};

use crate::bodies::{about, contact, fact, gino, rejection, resolution, told};

/// A case that never existed.
const NOWHERE: &str = "01900000-0000-7000-8000-000000000000";

/// The cases that this operator finds with a search for everything.
async fn found(office: &TestOffice, login: &str) -> Vec<String> {
    ids(&office.post(login, "/v1/cases/search", json!({})).await.ok())
}

stories! {
    /// Proves R14.
    async fn the_first_level_sees_every_case_and_the_second_its_own_entes(office: &TestOffice) {
        let firenze = office.reclamo(ANNA, RESIDENZA).await;
        let scandicci = office.reclamo(ANNA, RESIDENZA_SCANDICCI).await;
        for login in [ANNA, BENE, RITA, RENZO] {
            assert_eq!(found(office, login).await, [firenze.clone(), scandicci.clone()], "{login}");
            for caso in [&firenze, &scandicci] {
                assert_eq!(office.case(login, caso).await.ok().text("/anagrafica/nome"), "Gino");
            }
        }
        for (login, own, foreign) in [(CARLO, &firenze, &scandicci), (TEO, &firenze, &scandicci), (SARA, &scandicci, &firenze)] {
            assert_eq!(found(office, login).await, [own.as_str()]);
            assert_eq!(office.case(login, own).await.ok().text("/anagrafica/nome"), "Gino");
            // A foreign case answers as one that does not exist, word for word.
            let refused = office.case(login, foreign).await.refused("not-found");
            assert_eq!((refused.status, &refused.body), (404, &office.case(login, NOWHERE).await.body));
            office.get(login, &format!("/v1/cases/{foreign}/history")).await.refused("not-found");
            let on_foreign = office.command(login, foreign, "note", json!({ "text": "Nota." })).await;
            let on_nothing = office.command(login, NOWHERE, "note", json!({ "text": "Nota." })).await;
            assert_eq!(on_foreign.refused("not-found").body, on_nothing.body);
        }
        office.get(SARA, "/v1/groups/firenze-anagrafe/inbox").await.refused("not-found");
        office.get(CARLO, "/v1/desks/rejects").await.refused("not-your-role");
    }

    /// Proves R14.
    async fn a_referent_acts_on_the_cases_of_their_own_group(office: &TestOffice) {
        let caso = office.reclamo(ANNA, RESIDENZA).await;
        let wait = json!({ "reason": "Si attende l'archivio." });
        for (command, body) in [
            ("accept", json!({})), ("suspend", wait.clone()), ("reject", rejection()),
            ("resolve", resolution("comunicato", &[])), ("involve", json!({ "specialista": SPINA })),
            ("note", json!({ "text": "Nota." })),
        ] {
            for login in [TEO, URBANO] {
                let refused = office.command(login, &caso, command, body.clone()).await;
                assert_eq!(refused.refused("not-your-group").by_clause("R14").status, 403, "{login} {command}");
            }
        }
        assert_eq!(office.case(TEO, &caso).await.ok().list("/actions"), Vec::<Value>::new());
        office.command(CINZIA, &caso, "suspend", wait).await.ok();
    }

    /// Proves R14.
    async fn a_specialist_sees_the_cases_that_they_were_involved_in(office: &TestOffice) {
        let caso = office.reclamo(ANNA, RESIDENZA).await;
        let other = office.reclamo(ANNA, RESIDENZA).await;
        let opinion = json!({ "text": "La pratica è conclusa." });
        office.case(SPINA, &caso).await.refused("not-found");
        office.command(SPINA, &caso, "contribute", opinion.clone()).await.refused("not-found");
        office.command(CARLO, &caso, "involve", json!({ "specialista": SPINA })).await.ok();

        assert_eq!(office.case(SPINA, &caso).await.ok().text("/anagrafica/nome"), "Gino");
        office.command(SPINA, &caso, "contribute", opinion.clone()).await.ok();
        assert_eq!(found(office, SPINA).await, [caso.as_str()]);
        for hidden in [(SPINA, &other), (SOFIA, &caso)] {
            office.case(hidden.0, hidden.1).await.refused("not-found");
        }
        office.command(SPINA, &caso, "resolve", resolution("comunicato", &[])).await.refused("not-your-role");

        // Once the case has left the group, they still see it and no longer write.
        office.command(CARLO, &caso, "reject", rejection()).await.ok();
        office.command(RITA, &caso, "reassign", json!({ "tripletta": tripletta(TARI) })).await.ok();
        assert_eq!(office.case(SPINA, &caso).await.ok().stato(), "assegnato");
        office.command(SPINA, &caso, "contribute", opinion).await.refused("not-your-group");
    }

    /// Proves R14.
    async fn the_ufficio_sees_the_cases_of_its_gaps_and_operazioni_sees_no_citizen(office: &TestOffice) {
        let gap = contact("informazione", MUSEI, json!({ "anagrafica": gino() }));
        let gap = office.open(ANNA, gap).await.ok().id();
        let reclamo = office.reclamo(ANNA, RESIDENZA).await;
        office.case(UGO, &reclamo).await.refused("not-found");
        assert_eq!(found(office, UGO).await, [gap.as_str()]);
        assert_eq!(found(office, OLGA).await, [gap.clone(), reclamo.clone()]);
        office.command(ANNA, &gap, "note", json!({ "text": "La scheda tace." })).await.ok();
        // The Ufficio verifies what was asked, whoever asked it (7-2); operazioni reads nobody's words.
        let verified = office.case(UGO, &gap).await.ok();
        assert_ne!(verified.text("/description"), "");
        assert_eq!(verified.list("/notes").len(), 1);
        for (login, caso) in [(OLGA, &gap), (OLGA, &reclamo)] {
            let seen = office.case(login, caso).await.ok();
            for words in ["description", "place", "answer"] {
                assert_eq!(seen.body.get(words), None, "{login} {words}");
            }
            let history = office.history(login, caso).await;
            assert!(history.iter().all(|row| row.get("papers").is_none()), "{history:?}");
        }
        for (login, caso) in [(UGO, &gap), (OLGA, &gap), (OLGA, &reclamo)] {
            let seen = office.case(login, caso).await.ok();
            assert_ne!(seen.text("/protocollo"), "");
            assert_eq!(seen.body.get("anagrafica"), None, "{login}");
            let history = office.history(login, caso).await;
            assert!(!history.is_empty() && !json!(history).to_string().contains("Gino"), "{history:?}");
            let by_number = json!({ "telefono": "055 0000001" });
            office.post(login, "/v1/cases/search", by_number.clone()).await.refused("not-your-role");
            office.post(login, "/v1/citizens/search", by_number).await.refused("not-your-role");
            office.command(login, caso, "note", json!({ "text": "Nota." })).await.refused("not-your-role");
        }
    }

    /// Proves R23.
    async fn a_final_figlio_goes_with_its_padre_to_the_other_ente(office: &TestOffice) {
        let padre = office.reclamo(ANNA, RESIDENZA).await;
        let mut figli = Vec::new();
        for motivo in ["informazione_su_case", "sollecito"] {
            let with = json!({ "anagrafica": gino(), "identificazione": "documento" });
            figli.push(office.open(ANNA, about(motivo, &padre, with)).await.ok().id());
        }
        office.command(ANNA, &figli[1], "detach", json!({ "reason": "Era di un altro caso." })).await.ok();
        let stood = [office.case(ANNA, &figli[0]).await.stato(), office.case(ANNA, &figli[1]).await.stato()];
        assert_eq!(stood, ["risolto_primo_livello/comunicato", "annullato"]);
        office.case(SARA, &figli[0]).await.refused("not-found");
        office.command(CARLO, &padre, "reject", rejection()).await.ok();
        office.command(RITA, &padre, "reassign", json!({ "tripletta": tripletta(RESIDENZA_SCANDICCI) })).await.ok();

        let mut everything = vec![padre.clone()];
        everything.extend(figli.clone());
        assert_eq!(found(office, SARA).await, everything);
        assert!(found(office, CARLO).await.is_empty());
        for (figlio, stood) in figli.iter().zip(stood) {
            let seen = office.case(SARA, figlio).await.ok();
            assert_eq!((seen.stato(), seen.text("/anagrafica/nome")), (stood, "Gino".to_owned()));
            assert_eq!(seen.body["tripletta"], json!(tripletta(RESIDENZA_SCANDICCI)));
            let rows = office.history(SARA, figlio).await;
            assert_eq!(fact(&rows, "followed")["cambiamento"], "case.reassigned");

            let then = office.case(CARLO, figlio).await.ok();
            assert_eq!(then.body["tripletta"], json!(tripletta(RESIDENZA)));
            assert_eq!(then.body.get("anagrafica"), None);
            let told = json!(office.history(CARLO, figlio).await).to_string();
            assert!(!told.contains("Gino") && !told.contains("scandicci"), "{told}");
        }
    }

    /// Proves R23.
    async fn an_ente_that_a_case_has_left_keeps_its_history_up_to_then_without_the_citizen(office: &TestOffice) {
        let caso = office.reclamo(ANNA, RESIDENZA).await;
        office.command(CARLO, &caso, "note", json!({ "text": "Abita a Scandicci." })).await.ok();
        office.command(CARLO, &caso, "reject", rejection()).await.ok();
        let to_scandicci = json!({ "tripletta": tripletta(RESIDENZA_SCANDICCI) });
        office.command(RITA, &caso, "reassign", to_scandicci).await.ok();
        office.command(SARA, &caso, "suspend", json!({ "reason": "Si cerca la pratica." })).await.ok();
        office.settle().await;

        let path = [
            "anna contact.open: - > assegnato",
            "assignment case.route: assegnato > assegnato",
            "carlo case.note: assegnato > assegnato",
            "carlo case.reject: assegnato > rigettato",
            "rita case.reassign: rigettato > assegnato",
            "sara case.suspend: assegnato > sospeso",
        ];
        assert_eq!(told(office, SARA, &caso).await, path);
        assert_eq!(office.case(SARA, &caso).await.ok().text("/anagrafica/nome"), "Gino");

        assert_eq!(told(office, CARLO, &caso).await, path[..4]);
        let then = office.case(CARLO, &caso).await.ok();
        assert_eq!((then.stato(), then.body.get("anagrafica")), ("rigettato".to_owned(), None));
        assert_eq!(then.body["tripletta"], json!(tripletta(RESIDENZA)));
        let history = json!(office.history(CARLO, &caso).await).to_string();
        assert!(!history.contains("Gino") && history.contains("Abita a Scandicci."), "{history}");
        assert!(found(office, CARLO).await.is_empty(), "a list would show where it stands now");
        for (command, body) in [("accept", json!({})), ("note", json!({ "text": "Nota." }))] {
            let refused = office.command(CARLO, &caso, command, body).await.refused("not-your-group");
            assert!(!refused.body.to_string().contains("scandicci"), "{}", refused.body);
        }

        // Back in Firenze, it is theirs again, the time away included.
        office.command(SARA, &caso, "reject", rejection()).await.ok();
        office.command(RITA, &caso, "reassign", json!({ "tripletta": tripletta(TARI) })).await.ok();
        assert_eq!(office.case(TEO, &caso).await.ok().text("/anagrafica/nome"), "Gino");
        assert_eq!(told(office, TEO, &caso).await.len(), 8);
        assert_eq!(told(office, SARA, &caso).await.len(), 7);
    }
}
