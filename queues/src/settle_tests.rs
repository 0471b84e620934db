use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;

use super::*;
use crate::names::Exchange;
use crate::topology::{Binding, Kind};

const QUEUE: Queue = Queue {
    name: "letters",
    kind: Kind::Decide,
    fed_by: &[Binding { exchange: Exchange::Commands, message_type: "letter.write" }],
    waits: &[Duration::from_secs(10), Duration::from_secs(60)],
    lanes: 1,
    batch: 8,
};

const NOW: DateTime<Utc> = DateTime::UNIX_EPOCH;

fn delivery(sender: Sender, cliente: Option<&str>, tentativo: Option<u32>) -> Delivery {
    let mut envelope =
        Envelope::new("1", "crm", "letter.write", DateTime::UNIX_EPOCH, &"hello").expect("JSON");
    envelope.cliente = cliente.map(str::to_owned);
    envelope.tentativo = tentativo;
    Delivery {
        reference: DeliveryRef::AmqpTag(7),
        sender,
        redelivered: false,
        earlier_deliveries: 0,
        died_in: None,
        headers: Vec::new(),
        body: envelope.encode().expect("JSON"),
    }
}

fn at_attempt(attempt: u32, outcome: Outcome) -> (Fate, Settlement) {
    let delivery = delivery(Sender::Smista, Some("crm"), Some(attempt));
    let received = receive(&QUEUE, &delivery, NOW).expect("readable");
    let (reference, fate, settlement) = settle(&QUEUE, &delivery, &received, outcome, DateTime::UNIX_EPOCH);
    assert_eq!(reference, delivery.reference);
    (fate, settlement)
}

/// Fate, and for a wait its attempt and seconds until it is due.
fn summary(attempt: u32, outcome: Outcome) -> (Fate, Option<(u32, i64)>) {
    match at_attempt(attempt, outcome) {
        (fate, Settlement::Acknowledge | Settlement::Park(_)) => (fate, None),
        (fate, Settlement::Wait(wait)) => (fate, Some((wait.attempt, wait.due_at.timestamp()))),
    }
}

#[test]
fn every_outcome_at_every_attempt() {
    let later = DateTime::UNIX_EPOCH + TimeDelta::seconds(5);
    for attempt in 1..=4 {
        assert_eq!(summary(attempt, Outcome::Done), (Fate::Done, None));
        assert_eq!(summary(attempt, Outcome::NothingToDo("seen".to_owned())), (Fate::NothingToDo, None));
        assert_eq!(summary(attempt, Outcome::Later(later)), (Fate::Later, Some((attempt, 5))));
        assert_eq!(summary(attempt, Outcome::Permanent(ErrorText::new("no"))), (Fate::Parked, None));
    }
    let transient = || Outcome::Transient(ErrorText::new("busy"));
    assert_eq!(summary(1, transient()), (Fate::Retried, Some((2, 10))));
    assert_eq!(summary(2, transient()), (Fate::Retried, Some((3, 60))));
    assert_eq!(summary(3, transient()), (Fate::Parked, None));
    assert_eq!(summary(4, transient()), (Fate::Parked, None));
    assert_eq!(summary(u32::MAX, transient()), (Fate::Parked, None));
}

#[test]
fn a_spent_ladder_parks_the_message_as_it_came_and_says_so() {
    let (_, Settlement::Park(parked)) = at_attempt(3, Outcome::Transient(ErrorText::new("busy"))) else {
        panic!("parked")
    };
    assert_eq!(parked.reason.as_str(), "failed 3 times, at last: busy");
    assert_eq!(parked.body, delivery(Sender::Smista, Some("crm"), Some(3)).body);
    assert_eq!((parked.source.as_deref(), parked.message_id.as_deref()), (Some("crm as crm"), Some("1")));
    assert_eq!(parked.client, Some(Client::Named("crm".to_owned())));
}

#[test]
fn two_clients_that_claim_one_source_do_not_take_each_others_place() {
    let mut plan = Plan::default();
    for client in ["crm", "phones"] {
        let delivery = delivery(Sender::Client(client.to_owned()), None, None);
        let received = receive(&QUEUE, &delivery, NOW).expect("readable");
        let outcome = Outcome::Permanent(ErrorText::new("no"));
        plan.add(settle(&QUEUE, &delivery, &received, outcome, DateTime::UNIX_EPOCH));
    }
    let sources: Vec<_> = plan.parked().into_iter().filter_map(|parked| parked.source).collect();
    assert_eq!(sources, ["crm as crm", "phones as crm"]);
}

#[test]
fn the_client_is_the_one_that_the_broker_verified() {
    let client_and_attempt = |sender, cliente, tentativo| {
        let received = receive(&QUEUE, &delivery(sender, cliente, tentativo), NOW).expect("readable");
        (received.client, received.attempt)
    };
    let named = |name: &str| Client::Named(name.to_owned());
    let crm = || Sender::Client("crm".to_owned());
    assert_eq!(client_and_attempt(crm(), None, None), (named("crm"), 1));
    assert_eq!(client_and_attempt(crm(), Some("boss"), Some(9)), (named("crm"), 1), "a claim is no proof");
    assert_eq!(client_and_attempt(Sender::Smista, Some("crm"), Some(2)), (named("crm"), 2));
    assert_eq!(client_and_attempt(Sender::Smista, None, None), (Client::Smista, 1));
    assert_eq!(client_and_attempt(Sender::Smista, None, Some(0)), (Client::Smista, 1));
    assert!(receive(&QUEUE, &delivery(Sender::Unverified, Some("crm"), None), NOW).is_err());
}

#[test]
fn a_wait_and_a_replay_carry_the_verified_client_and_never_a_claimed_one() {
    let delivery = delivery(Sender::Client("crm".to_owned()), Some("boss"), Some(9));
    let received = receive(&QUEUE, &delivery, NOW).expect("readable");
    let later = Outcome::Later(DateTime::UNIX_EPOCH);
    let (_, _, Settlement::Wait(wait)) = settle(&QUEUE, &delivery, &received, later, DateTime::UNIX_EPOCH)
    else {
        panic!("waits")
    };
    let back =
        receive(&QUEUE, &Delivery { sender: Sender::Smista, body: wait.body, ..delivery.clone() }, NOW);
    let back = back.expect("readable");
    assert_eq!((back.client, back.attempt), (Client::Named("crm".to_owned()), 1));
    assert_eq!(back.envelope.data.get(), received.envelope.data.get());

    let parked = park(QUEUE.name, &delivery, Some(&received), ErrorText::new("no"), DateTime::UNIX_EPOCH);
    let replay = crate::shelf::ParkedMessage { id: crate::ParkedId(1), parked }.replay(NOW).expect("replays");
    let back = receive(&QUEUE, &Delivery { sender: Sender::Smista, body: replay.body, ..delivery }, NOW);
    assert_eq!(back.expect("readable").client, Client::Named("crm".to_owned()));
}

#[test]
fn what_cannot_be_received_is_parked_and_not_replayed_with_an_authority_that_it_never_had() {
    let replay = |delivery: &Delivery| {
        let reason = receive(&QUEUE, delivery, NOW).expect_err("must be parked");
        let parked = park(QUEUE.name, delivery, None, reason, DateTime::UNIX_EPOCH);
        crate::shelf::ParkedMessage { id: crate::ParkedId(1), parked }.replay(NOW)
    };
    let unverified = delivery(Sender::Unverified, None, None);
    assert_eq!(replay(&unverified), None);
    let undecodable = Delivery { body: Arc::from(&b"\xff"[..]), ..delivery(Sender::Smista, None, None) };
    assert_eq!(replay(&undecodable), None);
    let other = Envelope::new("1", "crm", "letter.burn", DateTime::UNIX_EPOCH, &()).expect("JSON");
    let wrong_type = Delivery { body: other.encode().expect("JSON"), ..delivery(Sender::Smista, None, None) };
    assert!(replay(&wrong_type).is_some(), "after the topology was mended");
}

/// A month after it was sent, or on a clock that went ahead: nobody can know any more, or ever, whether it came before.
#[test]
fn a_message_out_of_its_time_is_parked_as_it_came_and_says_so() {
    let late = NOW + TimeDelta::days(31);
    for (now, why) in [(late, "more than 30 days ago"), (NOW - TimeDelta::days(1), "still to come")] {
        for sender in [Sender::Smista, Sender::Client("crm".to_owned())] {
            let delivery = delivery(sender, None, None);
            let reason = receive(&QUEUE, &delivery, now).expect_err("must be parked");
            assert!(reason.as_str().contains(why), "{reason}");
            let parked = park(QUEUE.name, &delivery, None, reason, now);
            assert_eq!((parked.message_id.as_deref(), &parked.body), (Some("1"), &delivery.body));
        }
    }
}

#[test]
fn a_wait_and_a_replay_are_young_again_and_only_smista_can_say_so() {
    let late = NOW + TimeDelta::days(40);
    let delivery = delivery(Sender::Client("crm".to_owned()), None, None);
    let received = receive(&QUEUE, &delivery, NOW).expect("readable");
    let (_, _, Settlement::Wait(wait)) = settle(&QUEUE, &delivery, &received, Outcome::Later(late), NOW)
    else {
        panic!("waits")
    };
    let parked = park(QUEUE.name, &delivery, None, ErrorText::new("too old"), late);
    let replay = crate::shelf::ParkedMessage { id: crate::ParkedId(1), parked }.replay(late);
    for body in [wait.body, replay.expect("replays").body] {
        let by = |sender| Delivery { sender, body: body.clone(), ..delivery.clone() };
        let back = receive(&QUEUE, &by(Sender::Smista), late).expect("of today");
        assert_eq!(back.envelope.time, NOW, "what happened still happened then");
        assert!(receive(&QUEUE, &by(Sender::Smista), late + TimeDelta::days(31)).is_err());
        assert!(receive(&QUEUE, &by(delivery.sender.clone()), late).is_err(), "a claim is no proof");
    }
}

#[test]
fn a_message_at_the_limit_still_fits_when_it_comes_back() {
    let mut envelope = Envelope::new("1", "crm", "letter.write", DateTime::UNIX_EPOCH, &"").expect("JSON");
    let rest = crate::envelope::MAX_BYTES - envelope.encode().expect("JSON").len();
    envelope.data = serde_json::value::to_raw_value(&"x".repeat(rest)).expect("JSON");
    let client = Sender::Client("c".repeat(255));
    let delivery = Delivery { body: envelope.encode().expect("JSON"), ..delivery(client, None, None) };
    assert_eq!(delivery.body.len(), crate::envelope::MAX_BYTES);
    let received = receive(&QUEUE, &delivery, NOW).expect("readable");
    let later = Outcome::Later(DateTime::UNIX_EPOCH);
    let (_, _, Settlement::Wait(wait)) = settle(&QUEUE, &delivery, &received, later, DateTime::UNIX_EPOCH)
    else {
        panic!("waits")
    };
    assert!(receive(&QUEUE, &Delivery { sender: Sender::Smista, body: wait.body, ..delivery }, NOW).is_ok());
}

#[test]
fn a_message_twice_in_a_batch_makes_one_row_and_two_acknowledgements() {
    let mut plan = Plan::default();
    for tag in [1, 2] {
        let (_, fate, settlement) = {
            let delivery = delivery(Sender::Smista, None, None);
            let received = receive(&QUEUE, &delivery, NOW).expect("readable");
            settle(&QUEUE, &delivery, &received, Outcome::Later(DateTime::UNIX_EPOCH), DateTime::UNIX_EPOCH)
        };
        plan.add((DeliveryRef::AmqpTag(tag), fate, settlement));
    }
    assert_eq!(plan.waits().len(), 1);
    assert_eq!(plan.settled.len(), 2);
    assert_eq!(plan.counts().collect::<Vec<_>>(), [(Fate::Later, 2)]);
}

#[test]
fn a_wait_and_a_replay_go_on_in_the_trace_of_the_message() {
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let mut envelope = Envelope::new("1", "smista", "letter.write", NOW, &"hello").expect("JSON");
    envelope.traceparent = Some(trace.to_owned());
    let body = envelope.encode().expect("JSON");
    let delivery = Delivery { body, ..delivery(Sender::Smista, None, None) };
    let received = receive(&QUEUE, &delivery, NOW).expect("readable");
    let settled = |outcome| settle(&QUEUE, &delivery, &received, outcome, DateTime::UNIX_EPOCH).2;
    let kept = |body: &[u8]| Envelope::parse_from_smista(body).expect("an envelope").traceparent;

    let Settlement::Wait(wait) = settled(Outcome::Later(DateTime::UNIX_EPOCH)) else { panic!("waits") };
    assert_eq!(kept(&wait.body).as_deref(), Some(trace));
    let Settlement::Park(parked) = settled(Outcome::Permanent(ErrorText::new("no"))) else {
        panic!("parked")
    };
    let parked = crate::shelf::ParkedMessage { id: crate::shelf::ParkedId(1), parked };
    assert_eq!(kept(&parked.replay(NOW).expect("replayable").body).as_deref(), Some(trace));
}

/// Whoever may write to a queue past the exchanges would otherwise act as smista itself.
#[test]
fn a_fact_is_taken_from_nobody_but_smista() {
    let facts =
        Queue { fed_by: &[Binding { exchange: Exchange::Facts, message_type: "letter.write" }], ..QUEUE };
    assert!(receive(&facts, &delivery(Sender::Smista, None, None), NOW).is_ok());
    let from_outside = delivery(Sender::Client("crm".to_owned()), None, None);
    let refused = receive(&facts, &from_outside, NOW).expect_err("parked");
    assert_eq!(refused.as_str(), "letter.write is a fact, and only smista says facts");
    assert!(receive(&QUEUE, &from_outside, NOW).is_ok());
}

#[test]
fn a_dead_letter_of_no_known_queue_is_not_replayed() {
    let parked = park("dead", &delivery(Sender::Smista, None, None), None, ErrorText::new("died"), NOW);
    let parked = crate::shelf::ParkedMessage { id: crate::shelf::ParkedId(1), parked };
    assert_eq!(parked.replay(NOW), None);
}
