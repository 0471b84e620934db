//! What becomes of a Segnalazione: its group finds it, and may say that it is none of its own (4.1-6, R17).

use chrono::Duration;
use serde_json::{Value, json};
use smista_tests::catalogue::{ANNA, BENE, BUCHE, CARLO, OLGA, RESIDENZA, RITA, TEO, URBANO};
use smista_tests::office::ids;
use smista_tests::stories;

use crate::bodies::{contact, facts, gino, merged};

fn segnalazione(servizio: &str, more: Value) -> Value {
    contact("segnalazione", servizio, merged(json!({ "anagrafica": gino() }), more))
}

fn not_ours() -> Value {
    json!({ "text": "La strada è della Provincia.", "non_competente": true })
}

stories! {
    /// Proves 4.1-6.
    async fn the_group_finds_the_segnalazioni_that_it_received(office: &TestOffice) {
        let list = "/v1/groups/firenze-strade/segnalazioni";
        assert_eq!(ids(&office.get(URBANO, list).await.ok()), [""; 0]);
        let mut opened = Vec::new();
        for _ in 0..3 {
            opened.push(office.open(ANNA, segnalazione(BUCHE, json!({}))).await.ok().id());
            office.advance(Duration::minutes(5));
        }
        // Those of other groups, and what is no Segnalazione, are not among them.
        office.open(ANNA, segnalazione(RESIDENZA, json!({}))).await.ok();
        office.open(ANNA, contact("lamentela", BUCHE, json!({}))).await.ok();
        office.settle().await;
        opened.reverse();
        let found = office.get(URBANO, list).await.ok();
        assert_eq!(ids(&found), opened, "newest first");
        assert_eq!(found.text("/rows/0/stato"), "assegnato_risolto");
        assert_eq!(found.text("/rows/0/motivo"), "segnalazione");
        assert!(office.inbox(URBANO, "firenze-strade").await.is_empty(), "nothing waits to be answered");

        // Page by page: what comes in meanwhile moves nothing.
        let first = office.get(URBANO, &format!("{list}?limit=2")).await.ok();
        assert_eq!(ids(&first), opened[..2]);
        office.open(ANNA, segnalazione(BUCHE, json!({}))).await.ok();
        let rest = office.get(URBANO, &format!("{list}?limit=2&cursor={}", first.text("/next"))).await.ok();
        assert_eq!((ids(&rest), rest.body.get("next")), (opened[2..].to_vec(), None));
        office.get(URBANO, "/v1/groups/nessuno/segnalazioni").await.refused("not-found");
    }

    /// Proves R17.
    async fn a_misrouted_segnalazione_is_on_the_first_levels_list_until_it_is_filed_anew(office: &TestOffice) {
        let misrouted = async |login| ids(&office.get(login, "/v1/desks/misrouted").await.ok());
        let ours = office.open(ANNA, segnalazione(BUCHE, json!({}))).await.ok().id();
        let caso = office.open(ANNA, segnalazione(BUCHE, json!({}))).await.ok().id();
        // The citizen has come back before anybody looked at it: that files nothing anew.
        office.open(ANNA, segnalazione(BUCHE, json!({ "seguito_di": caso }))).await.ok();
        office.advance(Duration::hours(1));
        office.settle().await;
        office.command(URBANO, &ours, "note", json!({ "text": "Si interviene domani." })).await.ok();
        assert_eq!(misrouted(ANNA).await, [""; 0]);

        let noted = office.command(URBANO, &caso, "note", not_ours()).await.ok();
        assert_eq!((noted.stato(), &noted.body["non_competente"]), ("assegnato_risolto".to_owned(), &json!(true)));
        assert_eq!(facts(&office.history(ANNA, &caso).await), ["opened", "noted", "found_misrouted"]);
        for login in [ANNA, BENE, RITA, OLGA] {
            assert_eq!(misrouted(login).await, [caso.as_str()]);
        }
        office.get(URBANO, "/v1/desks/misrouted").await.refused("not-your-role");

        let anew = office.open(BENE, segnalazione(RESIDENZA, json!({ "seguito_di": caso }))).await.ok();
        assert_eq!(anew.text("/gruppo"), "firenze-anagrafe");
        assert_eq!(misrouted(ANNA).await, [""; 0]);
        let group_sees = office.get(CARLO, "/v1/groups/firenze-anagrafe/segnalazioni").await.ok();
        assert_eq!(ids(&group_sees), [anew.id()]);
        // Saying it again brings nothing back: it has been filed anew.
        office.command(URBANO, &caso, "note", not_ours()).await.ok();
        assert_eq!(misrouted(ANNA).await, [""; 0]);
    }

    /// Proves R17.
    async fn only_a_segnalazione_is_misrouted_and_only_its_own_referents_say_so(office: &TestOffice) {
        let caso = office.open(ANNA, segnalazione(BUCHE, json!({}))).await.ok().id();
        let reclamo = office.reclamo(ANNA, RESIDENZA).await;
        office.command(ANNA, &caso, "note", not_ours()).await.refused("field-not-admitted").by_clause("R17");
        office.command(TEO, &caso, "note", not_ours()).await.refused("not-your-group");
        office.command(CARLO, &reclamo, "note", not_ours()).await.refused("field-not-admitted").by_clause("R17");
        let desk = office.get(ANNA, "/v1/desks/misrouted").await.ok();
        assert_eq!((ids(&desk), office.case(ANNA, &caso).await.list("/notes")), (vec![], vec![]));
    }
}
