//! Messages that no worker can settle, among others that it can: each harms itself alone, is kept whole with the reason, and
//! is handled once when what was wrong has been mended.

use std::sync::Arc;

use async_trait::async_trait;
use axum::http::Method;
use serde_json::{Value, json};
use smista_messages::facts::GROUP_RETIRED;
use smista_messages::topology::{ASSIGNMENT, INTAKE, TOPOLOGY};
use smista_queues::{
    BatchFailed, Destination, Envelope, Exchange, Handler, Outcome, Outgoing, Published, Received,
};
use smista_tests::catalogue::{ANNA, RESIDENZA};
use smista_tests::{TestOffice, stories};

use crate::bodies::{contact, gino, merged};
use crate::broker_door::{cases, introduce_the_client, message, on_case, publish_bytes, reclamo, refusals};

/// The id of the message that the worker cannot bear.
const POISON: &str = "veleno";

/// The real worker of a queue, that panics over one message: before it has done anything, or after.
struct Panics {
    real: Arc<dyn Handler>,
    after_the_commit: bool,
}

#[async_trait]
impl Handler for Panics {
    async fn handle(&self, batch: &[Received]) -> Result<Vec<Outcome>, BatchFailed> {
        let poisoned = batch.iter().any(|received| received.envelope.id == POISON);
        assert!(!poisoned || self.after_the_commit, "it cannot bear this");
        let outcomes = self.real.handle(batch).await;
        assert!(!poisoned, "it could not bear that");
        outcomes
    }
}

/// Puts five commands in their queue, one of them the poison, and has them handled together.
async fn five_and_one_is_poison(
    office: &TestOffice,
    after_the_commit: bool,
    command: impl Fn(&str) -> Value,
) {
    for id in ["1", "2", POISON, "3", "4"] {
        let command = command(id);
        let kind = command["type"].as_str().expect("a type");
        publish_bytes(office, kind, command.to_string().as_bytes()).await;
    }
    let workers = smista::register::workers(&office.system.office);
    let worker = workers.into_iter().find(|worker| worker.queue.name == INTAKE).expect("the worker");
    let panics = Panics { real: worker.handler, after_the_commit };
    office.system.runner.step(worker.queue, &panics).await.expect("the runner survives");
    office.settle().await;

    let parked = office.system.shelf.list_parked(None, 100).await.expect("parked messages");
    let [poison] = parked.as_slice() else { panic!("one, not {}", parked.len()) };
    assert_eq!(poison.parked.message_id.as_deref(), Some(POISON));
    assert_eq!(poison.parked.reason.as_str(), "the handler panicked");
}

/// The handler has been mended, and a person replays what it could not bear.
async fn replayed(office: &TestOffice) {
    let parked = office.system.shelf.list_parked(None, 100).await.expect("parked messages").remove(0);
    let again = parked.replay(office.now()).expect("a message of a client");
    assert!(office.system.shelf.replay_parked(parked.id, &again, office.now()).await.expect("replayed"));
    office.settle().await;
}

fn opening(id: &str) -> Value {
    message(id, "contact.open", ANNA, reclamo(RESIDENZA))
}

/// Each of the five was opened once, and routed once.
async fn five_cases_once_each(office: &TestOffice) {
    let opened = cases(office).await;
    assert_eq!(opened.len(), 5);
    for caso in &opened {
        assert_eq!(office.history(ANNA, caso).await.len(), 2, "opened and routed");
    }
    assert_eq!(office.parked().await, 0);
}

/// What a sender's program may come to make: the bytes, and what the reason says of them.
fn beyond_all_limits() -> Vec<(Vec<u8>, &'static str)> {
    let good = message("buono", "contact.open", ANNA, reclamo(RESIDENZA));
    let with_data = |data: &str| good.to_string().replace(&good["data"].to_string(), data).into_bytes();
    let broken = |from: &str, to: &[u8]| {
        let text = good.to_string();
        let (before, after) = text.split_once(from).expect("it stands there");
        [before.as_bytes(), to, after.as_bytes()].concat()
    };
    vec![
        (with_data(&format!("\"{}\"", "x".repeat(10 * 1024 * 1024))), "bytes, at most"),
        (with_data(&format!("{}{}", "[".repeat(10_000), "]".repeat(10_000))), "nested deeper than 32"),
        (with_data(&format!("{}1{}", "{\"a\":".repeat(10_000), "}".repeat(10_000))), "nested deeper than 32"),
        // It ends before it has closed anything.
        (with_data(&"[".repeat(10_000)), "nested deeper than 32"),
        (broken("Gino", &[b'G', 0xC3, 0x28]), "not UTF-8 from byte"),
        (broken("Gino", b"G\0no"), "syntax error"),
        (broken("\"data\":", b"\"data\""), "syntax error"),
        (broken("\"specversion\":\"1.0\"", b"\"specversion\":\"2.0\""), "data error"),
        (Vec::new(), "truncation error"),
    ]
}

stories! {
    async fn a_message_over_which_the_worker_panics_is_parked_and_its_batch_goes_on(office: &TestOffice) {
        introduce_the_client(office).await;
        five_and_one_is_poison(office, false, opening).await;
        assert_eq!(cases(office).await.len(), 4, "the others are none the worse for it");
        replayed(office).await;
        five_cases_once_each(office).await;
    }

    /// Everything had been committed by then: that is found in the inbox, and done no second time.
    async fn a_worker_that_panics_after_the_commit_applies_nothing_twice(office: &TestOffice) {
        introduce_the_client(office).await;
        five_and_one_is_poison(office, true, opening).await;
        assert_eq!(cases(office).await.len(), 5, "the commit held");
        replayed(office).await;
        five_cases_once_each(office).await;
    }

    /// Notes have nothing but the inbox to tell the second from the first.
    async fn a_worker_that_panics_after_the_commit_writes_no_note_twice(office: &TestOffice) {
        introduce_the_client(office).await;
        let caso = office.reclamo(ANNA, RESIDENZA).await;
        let note = |id: &str| on_case(&caso, id, "case.note", ANNA, json!({ "text": id }));
        five_and_one_is_poison(office, true, note).await;
        replayed(office).await;
        assert_eq!(office.case(ANNA, &caso).await.list("/notes").len(), 5);
        assert_eq!(office.history(ANNA, &caso).await.len(), 7, "opened, routed, and five notes");
        assert_eq!(office.parked().await, 0);
    }

    async fn bytes_beyond_all_limits_are_parked_whole_with_the_reason_and_the_rest_goes_on(office: &TestOffice) {
        introduce_the_client(office).await;
        let beyond = beyond_all_limits();
        for (number, (body, _)) in beyond.iter().enumerate() {
            publish_bytes(office, "contact.open", body).await;
            let good = message(&number.to_string(), "contact.open", ANNA, reclamo(RESIDENZA));
            publish_bytes(office, "contact.open", good.to_string().as_bytes()).await;
        }
        office.settle().await;

        assert_eq!(cases(office).await.len(), beyond.len(), "the good ones between");
        let parked = office.system.shelf.list_parked(None, 100).await.expect("parked messages");
        assert_eq!(parked.len(), beyond.len());
        for (body, why) in &beyond {
            let kept = parked.iter().find(|kept| *kept.parked.body == **body);
            let kept = kept.unwrap_or_else(|| panic!("what is {why:?} was not kept as it came"));
            assert!(kept.parked.reason.as_str().contains(why), "{}", kept.parked.reason);
            assert!(!kept.parked.reason.as_str().contains("Gino"), "{}", kept.parked.reason);
        }
        office.leaves_parked(beyond.len());
    }

    async fn a_body_of_ten_megabytes_is_refused_at_the_http_door(office: &TestOffice) {
        let good = contact("reclamo", RESIDENZA, json!({ "anagrafica": gino() }));
        let huge = merged(good.clone(), json!({ "description": "x".repeat(10 * 1024 * 1024) })).to_string();
        let deep = format!("{{\"motivo\":{}{}}}", "[".repeat(10_000), "]".repeat(10_000));
        let send = async |body: String| {
            office.send(office.request(ANNA, Method::POST, "/v1/contacts", &[], body)).await
        };
        assert_eq!(send(huge).await.refused("body-too-large").status, 413);
        assert_eq!(send(deep).await.refused("malformed").status, 400);
        assert_eq!(cases(office).await.len(), 0);
        send(good.to_string()).await.ok();
        assert_eq!(cases(office).await.len(), 1);
    }

    async fn a_message_of_an_unknown_type_is_told_to_its_sender_or_parked(office: &TestOffice) {
        introduce_the_client(office).await;
        let unknown = message("1", "case.vanish", ANNA, json!({}));
        let send = async |destination: Destination, message: &Value| {
            let message = Outgoing {
                destination,
                message_type: message["type"].as_str().expect("a type").to_owned(),
                message_id: message["id"].as_str().expect("an id").to_owned(),
                body: Arc::from(message.to_string().into_bytes()),
            };
            office.system.broker.publish(&[message]).await
        };
        let sent = send(Destination::Exchange(Exchange::Commands), &unknown).await;
        assert_eq!(sent, [Published::Unroutable], "whoever sends it learns that nobody takes it");

        // Past the exchange, in a queue that is for others.
        for queue in TOPOLOGY.queues {
            assert_eq!(send(Destination::Queue(queue.name.to_owned()), &unknown).await, [Published::Confirmed]);
        }
        let known = message("2", "contact.open", ANNA, reclamo(RESIDENZA));
        assert_eq!(send(Destination::Queue(INTAKE.to_owned()), &known).await, [Published::Confirmed]);
        office.settle().await;
        assert_eq!(cases(office).await.len(), 1);
        let parked = office.system.shelf.list_parked(None, 100).await.expect("parked messages");
        let mut why: Vec<&str> = parked.iter().map(|parked| parked.parked.reason.as_str()).collect();
        why.sort_unstable();
        assert_eq!(why, [
            "the queue assignment takes no case.vanish",
            "the queue intake takes no case.vanish",
            "the queue rejections takes no case.vanish",
        ]);
        office.leaves_parked(3);
    }

    /// Its data may mean something else than what this release reads in it.
    async fn a_command_of_an_unknown_version_is_refused_and_not_guessed_at(office: &TestOffice) {
        introduce_the_client(office).await;
        office.listen().await;
        let of_version = |id: &str, dataschema: &str| {
            merged(message(id, "contact.open", ANNA, reclamo(RESIDENZA)), json!({ "dataschema": dataschema }))
        };
        for (id, dataschema) in [
            ("1", "urn:smista:contact.open:1"),
            ("2", "urn:smista:contact.open:2"),
            ("3", "urn:smista:case.accept:1"),
            ("4", "https://crm.example/contatto"),
        ] {
            publish_bytes(office, "contact.open", of_version(id, dataschema).to_string().as_bytes()).await;
        }
        office.settle().await;
        assert_eq!(cases(office).await.len(), 1, "the one of version 1");
        let Some(heard) = refusals(office).await else { return };
        let mut refused: Vec<_> = heard
            .iter()
            .map(|fact| (fact["data"]["command_id"].clone(), fact["data"]["problem"]["field"].clone()))
            .collect();
        refused.sort_by_key(|(id, _)| id.to_string());
        assert_eq!(refused, ["2", "3", "4"].map(|id| (json!(id), json!("dataschema"))));
    }

    async fn a_fact_of_an_unknown_version_is_parked_and_not_guessed_at(office: &TestOffice) {
        let caso = office.reclamo(ANNA, RESIDENZA).await;
        for (id, kind, queue) in [
            ("1", "case.assigned", ASSIGNMENT),
            ("2", GROUP_RETIRED, ASSIGNMENT),
            ("3", "case.rejected", "rejections"),
        ] {
            let data = json!({ "gruppo": "firenze-anagrafe", "caso": caso });
            let mut fact = Envelope::new(id, "smista", kind, office.now(), &data).expect("JSON");
            fact.dataschema = Some(format!("urn:smista:{kind}:2"));
            office.publish(Exchange::Facts, &fact).await;
            office.settle().await;
            let parked = office.system.shelf.list_parked(None, 100).await.expect("parked messages");
            let last = parked.iter().find(|parked| parked.parked.message_id.as_deref() == Some(id));
            let last = &last.expect("it is parked").parked;
            assert_eq!((last.queue.as_str(), last.reason.as_str()), (queue, "its data is of a version that is not known here"));
        }
        assert_eq!(office.history(ANNA, &caso).await.len(), 2, "opened and routed");
        office.leaves_parked(3);
    }
}
