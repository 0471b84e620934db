//! Presa in carico: at every hand-over somebody accepts the case, and everybody sees who (2-5).

use serde_json::{Value, json};
use smista_tests::catalogue::{ANNA, BENE, CARLO, CINZIA, RENZO, RESIDENZA, RITA, TARI, TEO, tripletta};
use smista_tests::stories;

use crate::bodies::{attempt, fact, reclamo_rejected, reclamo_resolved, rejection, resolution};

stories! {
    /// Proves 2-5.
    async fn the_second_level_accepts_a_case_and_it_is_visible_who_holds_it(office: &TestOffice) {
        let caso = office.reclamo(ANNA, RESIDENZA).await;
        let holder = async |login| office.case(login, &caso).await.ok().text("/titolare");
        assert_eq!(holder(ANNA).await, "", "assigned to a group, accepted by nobody");

        office.command(ANNA, &caso, "accept", json!({})).await.refused("not-your-role");
        office.command(TEO, &caso, "accept", json!({})).await.refused("not-your-group");
        office.command(CARLO, &caso, "accept", json!({})).await.ok();
        assert_eq!([holder(ANNA).await, holder(CINZIA).await, holder(RITA).await], [CARLO; 3]);

        office.command(CARLO, &caso, "accept", json!({})).await.refused("held-by-you").by_clause("2-5");
        let held = office.command(CINZIA, &caso, "accept", json!({})).await;
        let held = held.refused("held-by-somebody-else").by_clause("2-5");
        assert!(held.text("/detail").contains(CARLO), "it says who: {}", held.body);
        for (command, body) in [
            ("release", json!({})), ("suspend", json!({ "reason": "Attesa." })), ("reject", rejection()),
            ("resolve", resolution("comunicato", &[])),
        ] {
            office.command(CINZIA, &caso, command, body).await.refused("held-by-somebody-else");
        }

        let away = json!({ "note": "Il collega è assente." });
        office.command(TEO, &caso, "take-over", away.clone()).await.refused("not-your-group");
        office.command(CINZIA, &caso, "take-over", json!({})).await.refused("malformed");
        office.command(CINZIA, &caso, "take-over", away.clone()).await.ok();
        assert_eq!(holder(ANNA).await, CINZIA);
        office.command(CINZIA, &caso, "release", json!({})).await.ok();
        assert_eq!(holder(ANNA).await, "");
        office.command(CINZIA, &caso, "take-over", away).await.refused("held-by-nobody").by_clause("2-5");
        let taken = fact(&office.history(ANNA, &caso).await, "taken_over");
        assert_eq!((taken["from"].clone(), taken["titolare"].clone()), (json!(CARLO), json!(CINZIA)));

        // Who works on a case that nobody holds accepts it with that.
        office.command(CINZIA, &caso, "suspend", json!({ "reason": "Si attende l'archivio." })).await.ok();
        assert_eq!(holder(ANNA).await, CINZIA);
    }

    /// Proves 2-5.
    async fn gestione_rigetti_and_the_call_back_list_accept_their_cases_too(office: &TestOffice) {
        let rejected = reclamo_rejected(office).await;
        let to_tell = reclamo_resolved(office, "da_comunicare").await;
        let holder = async |caso: &str| office.case(ANNA, caso).await.ok().text("/titolare");
        assert_eq!([holder(&rejected).await, holder(&to_tell).await], [""; 2], "a hand-over leaves no holder");

        office.command(CARLO, &rejected, "accept", json!({})).await.refused("not-your-role");
        office.command(RITA, &rejected, "accept", json!({})).await.ok();
        assert_eq!(holder(&rejected).await, RITA);
        let back = json!({ "tripletta": tripletta(TARI) });
        office.command(RENZO, &rejected, "reassign", back.clone()).await.refused("held-by-somebody-else");
        office.command(RITA, &rejected, "reassign", back).await.ok();
        assert_eq!(holder(&rejected).await, "");

        office.command(CARLO, &to_tell, "accept", json!({})).await.refused("not-your-role");
        office.command(ANNA, &to_tell, "accept", json!({})).await.ok();
        assert_eq!(holder(&to_tell).await, ANNA);
        let reached = attempt("raggiunto", "comunicato");
        office.command(BENE, &to_tell, "record-attempt", reached.clone()).await.refused("held-by-somebody-else");
        office.command(ANNA, &to_tell, "record-attempt", reached).await.ok();
        assert_eq!(holder(&to_tell).await, "", "a final case is held by nobody");
    }

    /// Proves 2-5.
    async fn on_every_desk_a_case_is_given_back_or_taken_over_and_the_list_says_who_has_it(office: &TestOffice) {
        let rejected = reclamo_rejected(office).await;
        let to_tell = reclamo_resolved(office, "da_comunicare").await;
        let away = json!({ "note": "Il collega è assente." });
        for (caso, list, first, second) in
            [(&rejected, "/v1/desks/rejects", RITA, RENZO), (&to_tell, "/v1/desks/call-back", ANNA, BENE)]
        {
            let listed = async || {
                let rows = office.get(first, list).await.ok().list("/rows");
                let of_case = |row: &&Value| row.pointer("/id").or(row.pointer("/case/id")) == Some(&json!(caso));
                let row = rows.iter().find(of_case).expect("the case on its list");
                row.pointer("/titolare").or(row.pointer("/case/titolare")).cloned().unwrap_or_default()
            };
            assert_eq!(listed().await, Value::Null);
            office.command(first, caso, "accept", json!({})).await.ok();
            assert_eq!(listed().await, first);
            office.command(second, caso, "release", json!({})).await.refused("held-by-somebody-else");
            office.command(second, caso, "take-over", away.clone()).await.ok();
            assert_eq!(listed().await, second);
            office.command(second, caso, "release", json!({})).await.ok();
            assert_eq!(listed().await, Value::Null);
        }
    }

    /// Proves 2-5.
    async fn who_is_given_a_case_again_or_has_an_answer_left_to_tell_accepts_it_too(office: &TestOffice) {
        let reassigned = reclamo_rejected(office).await;
        office.command(RITA, &reassigned, "reassign", json!({ "tripletta": tripletta(TARI) })).await.ok();
        let holder = async |caso: &str| office.case(ANNA, caso).await.ok().text("/titolare");
        assert_eq!(holder(&reassigned).await, "", "reassigned to a group, accepted by nobody");
        office.command(CARLO, &reassigned, "accept", json!({})).await.refused("not-your-group");
        office.command(TEO, &reassigned, "accept", json!({})).await.ok();
        assert_eq!(holder(&reassigned).await, TEO);

        // Row 13b: who resolved it tells it, unless somebody of the group does in their place.
        let untold = reclamo_resolved(office, "non_comunicato").await;
        assert_eq!(holder(&untold).await, CARLO);
        office.command(ANNA, &untold, "accept", json!({})).await.refused("not-your-role");
        office.command(CINZIA, &untold, "accept", json!({})).await.refused("held-by-somebody-else");
        office.command(CARLO, &untold, "release", json!({})).await.ok();
        office.command(CINZIA, &untold, "accept", json!({})).await.ok();
        assert_eq!(holder(&untold).await, CINZIA);
        office.command(CARLO, &untold, "take-over", json!({ "note": "È assente." })).await.ok();
        assert_eq!(holder(&untold).await, CARLO);
    }
}
