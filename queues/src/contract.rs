//! What every [`Broker`] must do, as a suite that each implementation runs against itself.
//!
//! An implementation's test calls [`run_all`] with a [`Bench`] that opens brokers on fresh installations.
//! Panics, like any test, where a promise is broken. No case waits for a clock.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::DateTime;

use crate::broker::{Broker, Consumer, Delivery, Outgoing, Published, Taking};
use crate::envelope::Envelope;
use crate::names::Destination;
use crate::names::Exchange;
use crate::topology::{Binding, Kind, Queue, Topology};

/// Opens brokers for the suite.
#[async_trait]
pub trait Bench: Send + Sync {
    /// A broker on the installation of this name, whose queues the bench cleans up afterwards. Opened twice
    /// under one name it is another process of the same installation.
    async fn open(&self, installation: &str) -> Arc<dyn Broker>;
}

/// The topology on which the suite works.
pub const TOPOLOGY: Topology = Topology {
    queues: &[
        queue("letters", &[on(Exchange::Commands, "letter.write"), on(Exchange::Facts, "letter.written")]),
        queue("archive", &[on(Exchange::Facts, "letter.written")]),
    ],
};

const fn queue(name: &'static str, fed_by: &'static [Binding]) -> Queue {
    Queue { name, kind: Kind::Decide, fed_by, waits: &[], lanes: 1, batch: 8 }
}

const fn on(exchange: Exchange, message_type: &'static str) -> Binding {
    Binding { exchange, message_type }
}

/// Every case, each on an installation of its own.
pub async fn run_all(bench: &dyn Bench) {
    a_published_message_is_consumed_and_acknowledged(bench).await;
    a_fact_reaches_every_queue_that_binds_it_and_may_reach_none(bench).await;
    a_command_that_no_queue_takes_is_reported(bench).await;
    every_message_of_a_batch_has_its_own_answer(bench).await;
    no_answer_is_given_to_another_message(bench).await;
    what_was_not_acknowledged_comes_back_marked_redelivered(bench).await;
    a_batch_takes_what_waits_and_no_more(bench).await;
    any_subset_can_be_acknowledged_in_any_order(bench).await;
    acknowledging_twice_is_harmless(bench).await;
    a_duplicate_is_carried(bench).await;
    installations_do_not_meet(bench).await;
    a_cancelled_consumer_yields_what_it_holds_and_ends(bench).await;
    declaring_twice_changes_nothing(bench).await;
}

/// Publish, take, acknowledge: the body comes through byte by byte and is gone afterwards.
pub async fn a_published_message_is_consumed_and_acknowledged(bench: &dyn Bench) {
    let broker = declared(bench, "round-trip").await;
    assert_eq!(broker.publish(&[command("1")]).await, [Published::Confirmed]);
    assert_eq!(waiting(broker.as_ref(), "letters").await, 1);
    let mut consumer = subscribe(broker.as_ref(), "letters", 4).await;
    let taken = consumer.take(10).await.expect("takes");
    assert_eq!(taken.len(), 1);
    assert_eq!(taken[0].body, command("1").body);
    assert!(!taken[0].redelivered);
    settle(consumer.as_mut(), &taken).await;
    consumer.close().await;
    assert!(on_demand(broker.as_ref(), "letters").await.is_empty());
    assert_eq!(waiting(broker.as_ref(), "letters").await, 0);
    broker.close().await;
}

/// Facts fan out; one that nobody wants is dropped silently.
pub async fn a_fact_reaches_every_queue_that_binds_it_and_may_reach_none(bench: &dyn Bench) {
    let broker = declared(bench, "facts").await;
    let wanted = outgoing(Destination::Exchange(Exchange::Facts), "letter.written", "1");
    let unwanted = outgoing(Destination::Exchange(Exchange::Facts), "letter.burnt", "2");
    let answers = broker.publish(&[wanted, unwanted]).await;
    assert_eq!(answers, [Published::Confirmed, Published::Confirmed]);
    assert_eq!(waiting(broker.as_ref(), "letters").await, 1);
    assert_eq!(waiting(broker.as_ref(), "archive").await, 1);
    broker.close().await;
}

/// Also when its type is known, but as a fact; also to a queue that is not there.
pub async fn a_command_that_no_queue_takes_is_reported(bench: &dyn Bench) {
    let broker = declared(bench, "unroutable").await;
    let unknown = outgoing(Destination::Exchange(Exchange::Commands), "letter.burn", "1");
    let a_fact = outgoing(Destination::Exchange(Exchange::Commands), "letter.written", "2");
    let nowhere = outgoing(Destination::Queue("nowhere".to_owned()), "letter.write", "3");
    let answers = broker.publish(&[unknown, a_fact, nowhere]).await;
    assert_eq!(answers, vec![Published::Unroutable; 3]);
    broker.close().await;
}

/// Answers come in the order of the messages; a message to one queue reaches it alone, whatever its type.
pub async fn every_message_of_a_batch_has_its_own_answer(bench: &dyn Bench) {
    let broker = declared(bench, "answers").await;
    let unknown = outgoing(Destination::Exchange(Exchange::Commands), "letter.burn", "2");
    let direct = outgoing(Destination::Queue("archive".to_owned()), "letter.write", "3");
    let answers = broker.publish(&[command("1"), unknown, direct]).await;
    assert_eq!(answers, [Published::Confirmed, Published::Unroutable, Published::Confirmed]);
    assert_eq!(waiting(broker.as_ref(), "archive").await, 1);
    assert_eq!(waiting(broker.as_ref(), "letters").await, 1);
    assert!(broker.publish(&[]).await.is_empty());
    broker.close().await;
}

/// Large batches, published by two at once, in which some messages have nowhere to go: wherever they stand, they and no
/// others are reported, and all others are in their queue.
pub async fn no_answer_is_given_to_another_message(bench: &dyn Bench) {
    let broker = declared(bench, "mixed").await;
    let nowhere = |of: &str, number: u32| match number % 7 {
        0 => {
            Some(outgoing(Destination::Exchange(Exchange::Commands), "letter.burn", &format!("{of}{number}")))
        }
        3 if number.is_multiple_of(2) => {
            Some(outgoing(Destination::Queue("nowhere".to_owned()), "letter.write", &format!("{of}{number}")))
        }
        _ => None,
    };
    let batch = |of: &str| -> Vec<Outgoing> {
        (0..200)
            .map(|number| nowhere(of, number).unwrap_or_else(|| command(&format!("{of}{number}"))))
            .collect()
    };
    let (mine, yours) = (batch("mine"), batch("yours"));
    let expected: Vec<_> = (0..200)
        .map(|number| nowhere("", number).map_or(Published::Confirmed, |_| Published::Unroutable))
        .collect();
    for _again in 0..3 {
        let (of_mine, of_yours) = futures::future::join(broker.publish(&mine), broker.publish(&yours)).await;
        assert_eq!(of_mine, expected);
        assert_eq!(of_yours, expected);
    }
    let routed = expected.iter().filter(|fate| **fate == Published::Confirmed).count();
    assert_eq!(waiting(broker.as_ref(), "letters").await, 6 * routed as u64);
    broker.close().await;
}

/// A consumer that ends without acknowledging loses nothing and says that the message was out before.
pub async fn what_was_not_acknowledged_comes_back_marked_redelivered(bench: &dyn Bench) {
    let broker = declared(bench, "redelivery").await;
    publish(broker.as_ref(), 3).await;
    let mut first = subscribe(broker.as_ref(), "letters", 8).await;
    let taken = first.take(1).await.expect("takes");
    assert!(!taken[0].redelivered);
    first.close().await;
    broker.close().await;

    let again = bench.open("redelivery").await;
    again.declare(&TOPOLOGY).await.expect("declares");
    let mut second = subscribe(again.as_ref(), "letters", 8).await;
    let all = take_exactly(second.as_mut(), 3).await;
    let returned = all.iter().find(|delivery| delivery.body == taken[0].body).expect("it came back");
    assert!(returned.redelivered);
    second.close().await;
    again.close().await;
}

/// At most as many as asked for, and fewer rather than waiting.
pub async fn a_batch_takes_what_waits_and_no_more(bench: &dyn Bench) {
    let broker = declared(bench, "batches").await;
    publish(broker.as_ref(), 5).await;
    let mut consumer = broker.consume("letters", Taking::OnDemand).await.expect("consumes");
    for expected in [3, 2, 0] {
        let taken = consumer.take(3).await.expect("takes");
        assert_eq!(taken.len(), expected);
        settle(consumer.as_mut(), &taken).await;
    }
    consumer.close().await;
    broker.close().await;
}

/// Order is not promised, so neither is it asked for: the others come back, and only they.
pub async fn any_subset_can_be_acknowledged_in_any_order(bench: &dyn Bench) {
    let broker = declared(bench, "subset").await;
    publish(broker.as_ref(), 6).await;
    let mut consumer = broker.consume("letters", Taking::OnDemand).await.expect("consumes");
    let taken = consumer.take(6).await.expect("takes");
    settle(consumer.as_mut(), &[taken[4].clone(), taken[0].clone(), taken[1].clone()]).await;
    settle(consumer.as_mut(), &[taken[3].clone()]).await;
    consumer.close().await;
    let mut rest = subscribe(broker.as_ref(), "letters", 8).await;
    let left = take_exactly(rest.as_mut(), 2).await;
    let expected = BTreeSet::from([taken[2].body.clone(), taken[5].body.clone()]);
    assert_eq!(left.iter().map(|delivery| delivery.body.clone()).collect::<BTreeSet<_>>(), expected);
    rest.close().await;
    broker.close().await;
}

/// The handler's own transaction may have removed the message already.
pub async fn acknowledging_twice_is_harmless(bench: &dyn Bench) {
    let broker = declared(bench, "twice").await;
    publish(broker.as_ref(), 2).await;
    let mut consumer = broker.consume("letters", Taking::OnDemand).await.expect("consumes");
    let taken = consumer.take(1).await.expect("takes");
    settle(consumer.as_mut(), &taken).await;
    settle(consumer.as_mut(), &taken).await;
    assert_eq!(consumer.take(8).await.expect("still works").len(), 1);
    consumer.close().await;
    broker.close().await;
}

/// Two messages of one id are two messages: telling them apart is the inbox's work.
pub async fn a_duplicate_is_carried(bench: &dyn Bench) {
    let broker = declared(bench, "duplicate").await;
    let answers = broker.publish(&[command("1"), command("1")]).await;
    assert_eq!(answers, [Published::Confirmed, Published::Confirmed]);
    assert_eq!(on_demand(broker.as_ref(), "letters").await.len(), 2);
    broker.close().await;
}

/// Many installations share a broker.
pub async fn installations_do_not_meet(bench: &dyn Bench) {
    let (ours, theirs) = (declared(bench, "ours").await, declared(bench, "theirs").await);
    publish(ours.as_ref(), 1).await;
    assert_eq!(waiting(theirs.as_ref(), "letters").await, 0);
    assert!(on_demand(theirs.as_ref(), "letters").await.is_empty());
    assert_eq!(on_demand(ours.as_ref(), "letters").await.len(), 1);
    ours.close().await;
    theirs.close().await;
}

/// A graceful stop finishes what is prefetched: nothing is left behind or handed out twice.
pub async fn a_cancelled_consumer_yields_what_it_holds_and_ends(bench: &dyn Bench) {
    let broker = declared(bench, "cancel").await;
    publish(broker.as_ref(), 6).await;
    let mut consumer = subscribe(broker.as_ref(), "letters", 8).await;
    // Settling the first widens a cautious prefetch, so that there is something to finish.
    let first = consumer.take(1).await.expect("takes");
    settle(consumer.as_mut(), &first).await;
    let mut finished = 1;
    consumer.cancel().await.expect("cancels");
    loop {
        let held = consumer.take(2).await.expect("takes what it holds");
        if held.is_empty() {
            break;
        }
        finished += held.len();
        settle(consumer.as_mut(), &held).await;
    }
    consumer.close().await;
    assert_eq!(finished as u64 + waiting(broker.as_ref(), "letters").await, 6);
    broker.close().await;
}

/// Every process declares when it starts.
pub async fn declaring_twice_changes_nothing(bench: &dyn Bench) {
    let broker = declared(bench, "declare").await;
    publish(broker.as_ref(), 1).await;
    broker.declare(&TOPOLOGY).await.expect("declares again");
    let second = declared(bench, "declare").await;
    assert_eq!(waiting(second.as_ref(), "letters").await, 1);
    second.close().await;
    broker.close().await;
}

async fn declared(bench: &dyn Bench, installation: &str) -> Arc<dyn Broker> {
    let broker = bench.open(installation).await;
    broker.declare(&TOPOLOGY).await.expect("declares");
    broker
}

fn command(id: &str) -> Outgoing {
    outgoing(Destination::Exchange(Exchange::Commands), "letter.write", id)
}

fn outgoing(destination: Destination, message_type: &str, id: &str) -> Outgoing {
    let envelope =
        Envelope::new(id, "suite", message_type, DateTime::UNIX_EPOCH, &id).expect("a string is JSON");
    let body = envelope.encode().expect("an envelope is JSON");
    Outgoing { destination, message_type: message_type.to_owned(), message_id: id.to_owned(), body }
}

async fn publish(broker: &dyn Broker, messages: usize) {
    let messages: Vec<_> = (0..messages).map(|number| command(&number.to_string())).collect();
    let answers = broker.publish(&messages).await;
    assert!(answers.iter().all(|answer| *answer == Published::Confirmed), "{answers:?}");
}

async fn subscribe(broker: &dyn Broker, queue: &str, prefetch: u16) -> Box<dyn Consumer> {
    broker.consume(queue, Taking::Subscribed { prefetch }).await.expect("consumes")
}

async fn settle(consumer: &mut dyn Consumer, deliveries: &[Delivery]) {
    let references: Vec<_> = deliveries.iter().map(|delivery| delivery.reference).collect();
    consumer.acknowledge(&references).await.expect("acknowledges");
}

/// Takes and acknowledges until there are `count`, and checks that there are no more.
async fn take_exactly(consumer: &mut dyn Consumer, count: usize) -> Vec<Delivery> {
    let mut all = Vec::new();
    while all.len() < count {
        let taken = consumer.take(count).await.expect("takes");
        assert!(!taken.is_empty(), "the consumer ended after {} of {count}", all.len());
        settle(consumer, &taken).await;
        all.extend(taken);
    }
    assert_eq!(all.len(), count);
    all
}

/// Takes and acknowledges all that waits.
async fn on_demand(broker: &dyn Broker, queue: &str) -> Vec<Delivery> {
    let mut consumer = broker.consume(queue, Taking::OnDemand).await.expect("consumes");
    let taken = consumer.take(100).await.expect("takes");
    settle(consumer.as_mut(), &taken).await;
    consumer.close().await;
    taken
}

async fn waiting(broker: &dyn Broker, queue: &str) -> u64 {
    let depths = broker.depths().await.expect("answers");
    depths.iter().find(|depth| depth.queue == queue).expect("a declared queue has a depth").waiting
}
