//! What is asked twice happens once: idempotency keys at the HTTP door.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::http::Method;
use chrono::{DateTime, TimeDelta};
use futures::future::join_all;
use serde_json::{Value, json};
use smista::housekeeping::IDEMPOTENCY_RETENTION;
use smista_domain::command::{Command, Note};
use smista_domain::ids::CasoId;
use smista_domain::text::Testo;
use smista_office::{Incoming, Outcome, Rendered, Request, Who};
use smista_store::{Delegation, IdempotencyKey, IdempotentAnswer};
use smista_tests::catalogue::{ANNA, BENE, CARLO, MUSEI, RESIDENZA, TARI};
use smista_tests::office::send_to;
use smista_tests::{Answer, TestOffice, scaled_stories, stories};

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

    async fn a_key_taken_up_again_when_its_answer_is_gone_names_the_same_case_or_opens_another(office: &TestOffice) {
        let first = open_with_key(office, ANNA, reclamo(RESIDENZA)).await.ok();
        office.settle().await;
        office.advance(IDEMPOTENCY_RETENTION + TimeDelta::hours(1));
        let round = office.system.housekeeping().round().await.expect("a round");
        assert_eq!(round.purged.idempotency, 1, "nothing is kept of the first call but its case");

        // The same contact once more: no second case, and the first one as it stands now.
        for _call in 0..2 {
            let again = open_with_key(office, ANNA, reclamo(RESIDENZA)).await;
            assert_eq!((again.status, again.id()), (200, first.id()));
            assert_eq!(again.text("/protocollo"), first.text("/protocollo"));
            assert_eq!(again.header("location"), first.header("location"));
            assert_eq!(again.header("etag"), Some("\"2\""), "opened and routed");
        }
        // Another contact, for which the front end happens to count from 17 again: it is not lost.
        let other = open_with_key(office, ANNA, reclamo(TARI)).await;
        assert_eq!(other.status, 201, "{}", other.body);
        assert_ne!(other.id(), first.id());
        assert_eq!(cases(office).await, 2);
    }

    async fn after_a_version_conflict_the_same_key_tries_again_with_the_version_found(office: &TestOffice) {
        let caso = office.reclamo(ANNA, RESIDENZA).await;
        let path = format!("/v1/cases/{caso}/reject");
        let reject = async |tag: &str| {
            office.call(CARLO, Method::POST, &path, &[KEY, ("if-match", tag)], Some(rejection())).await
        };
        assert_eq!(reject("\"1\"").await.refused("version-conflict").status, 412);
        let rejected = reject("\"2\"").await.ok();
        assert_eq!(rejected.header("idempotent-replayed"), None);
        // A front end that never saw that answer reads the case, and asks with what it found.
        let again = reject("\"3\"").await.ok();
        assert_eq!(again.header("idempotent-replayed"), Some("true"));
        assert_eq!(again.body, rejected.body);
    }

    /// Calls that wait together are decided together: whatever becomes of the first becomes of its twins.
    async fn twins_in_one_batch_harm_nobody_else_in_it(office: &TestOffice) {
        let caso = CasoId(office.reclamo(ANNA, RESIDENZA).await.parse().expect("an id"));
        let decided = Arc::new(AtomicUsize::new(0));
        let note = |key: &str, request: u8| Incoming {
            who: Who::Client {
                named: Some(ANNA.to_owned()),
                delegation: Arc::new(Delegation { ruoli: vec!["primo_livello".to_owned()], ..Delegation::default() }),
            },
            request: Request::Act {
                caso,
                command: Command::Note(Note { text: Testo::new("Richiamare.").expect("a text"), non_competente: false }),
            },
            expected_version: None,
            message: None,
            idempotency: Some(IdempotencyKey {
                cliente: "racconto".to_owned(),
                key: key.to_owned(),
                request_digest: [request; 32],
            }),
            spool_row: None,
            traceparent: None,
            render: Some(Arc::new({
                let decided = Arc::clone(&decided);
                move |_outcome| {
                    decided.fetch_add(1, Ordering::Relaxed);
                    let (headers, at) = ("{}".to_owned(), DateTime::UNIX_EPOCH);
                    let answer = IdempotentAnswer { status: 200, headers, body: Vec::new(), at };
                    Rendered { answer: Some(answer), message: None }
                }
            })),
        };
        let apply = async |batch: &[Incoming]| office.system.office.apply("http", batch).await.expect("outcomes");
        assert!(matches!(apply(&[note("nota-1", 1)]).await[..], [Outcome::Applied(_)]));
        // Answered before, of another request, and a new one between them.
        let together = [
            note("nota-1", 1), note("nota-1", 1), note("nota-2", 1), note("nota-1", 2), note("nota-2", 1),
        ];
        let outcomes = apply(&together).await;
        assert!(matches!(
            outcomes[..],
            [
                Outcome::Answered(_), Outcome::Answered(_), Outcome::Applied(_), Outcome::KeyOfOtherRequest,
                Outcome::Answered(_),
            ]
        ), "{outcomes:?}");
        let reused = apply(&[note("nota-1", 2), note("nota-1", 2), note("nota-3", 1)]).await;
        assert!(matches!(
            reused[..],
            [Outcome::KeyOfOtherRequest, Outcome::KeyOfOtherRequest, Outcome::Applied(_)]
        ), "{reused:?}");
        assert_eq!(office.case(ANNA, &caso.to_string()).await.ok().list("/notes").len(), 3);
        // A batch that is undone decides its commands again, one by one.
        assert_eq!(decided.load(Ordering::Relaxed), 3, "each note once");
    }

    async fn a_key_registers_one_citizen_however_many_ask_at_once(office: &TestOffice) {
        let register = async |nome: &str| {
            let body = json!({ "anagrafica": { "nome": nome, "cognome": "Prova", "telefono": "055 0000001" },
                               "identificazione": "documento" });
            office.call(ANNA, Method::POST, "/v1/citizens", &[KEY], Some(body)).await
        };
        let answers = join_all(["Gina", "Rita", "Gina", "Rita"].map(register)).await;
        let first = answers.iter().find(|answer| answer.status == 201).expect("a citizen");
        for answer in &answers {
            if answer.status == 201 {
                assert_eq!(answer.body, first.body);
            } else {
                assert_eq!(answer.clone().refused("idempotency-key-reused").status, 422);
            }
        }
        assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 2);
        let replayed = answers.iter().filter(|answer| answer.header("idempotent-replayed").is_some());
        assert_eq!(replayed.count(), 1);
        let found = office.post(ANNA, "/v1/citizens/search", json!({ "telefono": "055 0000001" })).await.ok();
        assert_eq!(found.list("/rows").len(), 1);
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

scaled_stories! {
    async fn also_through_the_doors_of_two_processes(office: &TestOffice) {
        let (system, router, lanes) = office.another_process().await.expect("a set-up of many processes");
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
}
