//! What is asked twice happens once: idempotency keys at the HTTP door (DESIGN 6).

use axum::http::Method;
use futures::future::join_all;
use serde_json::{Value, json};
use smista_tests::catalogue::{ANNA, BENE, CARLO, MUSEI, RESIDENZA, TARI};
use smista_tests::office::send_to;
use smista_tests::{Answer, TestOffice, stories};

use crate::bodies::{contact, gino, rejection, told};

/// The calls of a front end that has lost its patience.
const AT_ONCE: usize = 100;
/// Their idempotency key.
const KEY: (&str, &str) = ("idempotency-key", "modulo-17");

fn reclamo(servizio: &str) -> Value {
    contact("reclamo", servizio, json!({ "anagrafica": gino() }))
}

async fn open_with_key(office: &TestOffice, login: &str, body: Value) -> Answer {
    office.call(login, Method::POST, "/v1/contacts", &[KEY], Some(body)).await
}

/// How many cases there are.
async fn cases(office: &TestOffice) -> usize {
    office.post(ANNA, "/v1/cases/search", json!({})).await.ok().list("/rows").len()
}

/// One case, and the same answer for everybody; all but the first are told that it was given before.
async fn check_one_case(office: &TestOffice, answers: &[Answer]) {
    assert_eq!(answers.len(), AT_ONCE);
    let first = &answers[0];
    assert_eq!(first.status, 201, "{}", first.body);
    for answer in answers {
        assert_eq!((answer.status, &answer.body), (first.status, &first.body));
        for header in ["etag", "location", "content-type"] {
            assert!(first.header(header).is_some(), "{header}");
            assert_eq!(answer.header(header), first.header(header));
        }
    }
    let replayed = answers.iter().filter(|answer| answer.header("idempotent-replayed") == Some("true"));
    assert_eq!(replayed.count(), AT_ONCE - 1);
    office.settle().await;
    assert_eq!(cases(office).await, 1);
    assert_eq!(
        told(office, ANNA, &first.id()).await,
        ["anna contact.open: - > assegnato", "assignment case.route: assegnato > assegnato",]
    );
    assert_eq!(office.inbox(CARLO, "firenze-anagrafe").await, [first.id()]);
}

stories! {
    async fn a_hundred_equal_calls_at_once_open_one_case(office: &TestOffice) {
        let calls = (0..AT_ONCE).map(|_call| open_with_key(office, ANNA, reclamo(RESIDENZA)));
        check_one_case(office, &join_all(calls).await).await;
    }

    async fn also_through_the_doors_of_two_processes(office: &TestOffice) {
        // Embedded there is one process, and the story above is the whole of it.
        let Some((system, router, lanes)) = office.another_process().await else { return };
        let call = async |place: usize| {
            if place.is_multiple_of(2) {
                return open_with_key(office, ANNA, reclamo(RESIDENZA)).await;
            }
            let body = reclamo(RESIDENZA).to_string();
            send_to(router.clone(), office.request(ANNA, Method::POST, "/v1/contacts", &[KEY], body)).await
        };
        let answers = join_all((0..AT_ONCE).map(call)).await;
        check_one_case(office, &answers).await;
        drop(router);
        lanes.finished().await;
        system.close().await;
    }

    async fn a_key_belongs_to_one_request(office: &TestOffice) {
        let first = open_with_key(office, ANNA, reclamo(RESIDENZA)).await.ok();
        // Another body, another operator, another command: other requests all.
        let other_body = open_with_key(office, ANNA, reclamo(TARI)).await;
        assert_eq!(other_body.refused("idempotency-key-reused").status, 422);
        open_with_key(office, BENE, reclamo(RESIDENZA)).await.refused("idempotency-key-reused");
        let path = format!("/v1/cases/{}/note", first.id());
        let note = office.call(ANNA, Method::POST, &path, &[KEY], Some(json!({ "text": "Nota." }))).await;
        note.refused("idempotency-key-reused");
        assert_eq!(cases(office).await, 1);
        assert!(office.case(ANNA, &first.id()).await.list("/notes").is_empty());

        // Without a key every call is a contact of its own.
        for _call in 0..2 {
            office.open(ANNA, reclamo(RESIDENZA)).await.ok();
        }
        assert_eq!(cases(office).await, 3);
    }

    async fn a_refusal_is_kept_as_well(office: &TestOffice) {
        let refused = open_with_key(office, ANNA, reclamo(MUSEI)).await;
        let again = open_with_key(office, ANNA, reclamo(MUSEI)).await;
        assert_eq!(refused.header("idempotent-replayed"), None);
        assert_eq!(again.header("idempotent-replayed"), Some("true"));
        assert_eq!((again.status, &again.body), (422, &refused.body));
        refused.refused("motivo-not-on-this-profile");
        again.refused("motivo-not-on-this-profile").by_clause("R2");
    }

    async fn a_command_given_again_with_its_key_is_answered_not_applied(office: &TestOffice) {
        let caso = office.reclamo(ANNA, RESIDENZA).await;
        let seen = format!("\"{}\"", office.case(CARLO, &caso).await.number("/versione"));
        let path = format!("/v1/cases/{caso}/reject");
        let headers = [KEY, ("if-match", seen.as_str())];
        let reject = || office.call(CARLO, Method::POST, &path, &headers, Some(rejection()));
        let first = reject().await.ok();
        // Without the key the version would be old by now.
        let again = reject().await.ok();
        assert_eq!(again.body, first.body);
        assert_eq!(again.header("etag"), first.header("etag"));
        assert_eq!(again.header("idempotent-replayed"), Some("true"));
        assert_eq!(office.case(CARLO, &caso).await.number("/versione"), first.number("/versione"));
        let keyless = [("if-match", seen.as_str())];
        let third = office.call(CARLO, Method::POST, &path, &keyless, Some(rejection())).await;
        assert_eq!(third.refused("version-conflict").status, 412);
    }

    async fn a_key_that_is_none_is_refused(office: &TestOffice) {
        for key in ["", &"x".repeat(129)] {
            let headers = [("idempotency-key", key)];
            let answer = office.call(ANNA, Method::POST, "/v1/contacts", &headers, Some(reclamo(RESIDENZA))).await;
            assert_eq!(answer.refused("malformed-idempotency-key").status, 400);
        }
        assert_eq!(cases(office).await, 0);
    }
}
