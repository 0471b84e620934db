//! The spool against the suite of every broker, the shelf against the suite of every shelf, and what only the spool does.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use smista_queues::contract::{Bench, TOPOLOGY, run_all};
use smista_queues::shelf_contract::{QUEUE, ShelfBench, ShelvedStore, at, run_shelf};
use smista_queues::{
    Broker, Clock, Consumer, Delivery, Destination, Envelope, NamePrefix, Outgoing, Published, Sender, Shelf,
    Taking, Wait,
};
use smista_store_sqlite::{Spool, SqliteOptions, SqliteShelf, SqliteStore};

/// A store of its own, with a clock moved by hand.
#[derive(Clone)]
struct Office {
    store: SqliteStore,
    seconds: Arc<AtomicI64>,
}

impl Office {
    async fn open() -> Self {
        let seconds = Arc::new(AtomicI64::new(0));
        let options = SqliteOptions { bindings: HashMap::new(), clock: clock(&seconds) };
        let store = SqliteStore::scratch(options).await.expect("opened");
        store.migrate().await.expect("migrated");
        Self { store, seconds }
    }

    async fn spool(&self) -> Spool {
        let spool = Spool::open(&self.store, clock(&self.seconds)).await.expect("opened");
        spool.declare(&TOPOLOGY).await.expect("declares");
        spool
    }

    fn shelf(&self) -> SqliteShelf {
        SqliteShelf::new(&self.store, clock(&self.seconds))
    }

    fn move_to(&self, secs: i64) {
        self.seconds.store(secs, Ordering::Relaxed);
    }
}

fn clock(seconds: &Arc<AtomicI64>) -> Clock {
    let seconds = Arc::clone(seconds);
    Arc::new(move || at(seconds.load(Ordering::Relaxed)))
}

/// One process owns a file, so a spool opened twice is the same one until it is closed.
#[derive(Default)]
struct SpoolBench(Mutex<HashMap<String, (Office, Spool)>>);

#[async_trait]
impl Bench for SpoolBench {
    async fn open(&self, installation: &str) -> Arc<dyn Broker> {
        let known = self.0.lock().expect("not poisoned").get(installation).cloned();
        let (office, spool) = match known {
            None => {
                let office = Office::open().await;
                let spool = office.spool().await;
                (office, spool)
            }
            Some((office, spool)) if spool.depths().await.is_ok() => (office, spool),
            Some((office, _closed)) => {
                let spool = office.spool().await;
                (office, spool)
            }
        };
        self.0.lock().expect("not poisoned").insert(installation.to_owned(), (office, spool.clone()));
        Arc::new(spool)
    }
}

#[tokio::test]
async fn the_spool_keeps_the_contract() {
    run_all(&SpoolBench::default()).await;
}

struct Shelved {
    office: Office,
    shelf: SqliteShelf,
    spool: Spool,
}

#[async_trait]
impl ShelvedStore for Shelved {
    fn shelf(&self) -> &dyn Shelf {
        &self.shelf
    }

    async fn take_due(&self, now: DateTime<Utc>) -> Vec<Arc<[u8]>> {
        self.office.move_to((now - at(0)).num_seconds());
        let mut consumer = self.spool.consume(QUEUE, Taking::OnDemand).await.expect("consumes");
        let taken = take(consumer.as_mut(), 100).await;
        acknowledge(consumer.as_mut(), &taken).await;
        taken.into_iter().map(|delivery| delivery.body).collect()
    }
}

struct Shelves;

#[async_trait]
impl ShelfBench for Shelves {
    async fn open(&self) -> Box<dyn ShelvedStore> {
        let office = Office::open().await;
        Box::new(Shelved { shelf: office.shelf(), spool: office.spool().await, office })
    }
}

#[tokio::test]
async fn the_shelf_keeps_the_contract() {
    run_shelf(&Shelves).await;
}

fn letter(id: &str) -> Outgoing {
    let envelope = Envelope::new(id, "test", "letter.write", at(0), &()).expect("JSON");
    Outgoing {
        destination: Destination::Queue(QUEUE.to_owned()),
        message_type: "letter.write".to_owned(),
        message_id: id.to_owned(),
        body: envelope.encode().expect("JSON"),
    }
}

async fn publish(spool: &Spool, ids: &[&str]) {
    let letters: Vec<_> = ids.iter().map(|id| letter(id)).collect();
    let answers = spool.publish(&letters).await;
    assert!(answers.iter().all(|answer| *answer == Published::Confirmed), "{answers:?}");
}

async fn on_demand(spool: &Spool) -> Box<dyn Consumer> {
    spool.consume(QUEUE, Taking::OnDemand).await.expect("consumes")
}

async fn take(consumer: &mut dyn Consumer, most: usize) -> Vec<Delivery> {
    consumer.take(most).await.expect("takes")
}

async fn acknowledge(consumer: &mut dyn Consumer, deliveries: &[Delivery]) {
    let references: Vec<_> = deliveries.iter().map(|delivery| delivery.reference).collect();
    consumer.acknowledge(&references).await.expect("acknowledges");
}

fn waiting_again(delivery: &Delivery, due_secs: i64) -> Wait {
    let envelope = Envelope::parse(&delivery.body).expect("an envelope");
    Wait {
        delivery: delivery.reference,
        queue: QUEUE.to_owned(),
        source: envelope.source,
        message_id: envelope.id,
        message_type: envelope.message_type,
        due_at: at(due_secs),
        attempt: 2,
        body: delivery.body.clone(),
        reason: None,
    }
}

#[tokio::test]
async fn a_wait_has_a_new_number_so_that_acknowledging_the_old_one_leaves_it() {
    let office = Office::open().await;
    let spool = office.spool().await;
    publish(&spool, &["1"]).await;
    let mut consumer = on_demand(&spool).await;
    // Twice: a message that waited may have to wait again.
    for due in [10, 20] {
        let taken = take(consumer.as_mut(), 1).await;
        assert_eq!(taken[0].sender, Sender::Smista);
        office.shelf().put(&[waiting_again(&taken[0], due)], &[]).await.expect("puts");
        acknowledge(consumer.as_mut(), &taken).await;
        assert!(take(consumer.as_mut(), 1).await.is_empty());
        office.move_to(due);
    }
    assert_eq!(take(consumer.as_mut(), 8).await.len(), 1);
}

#[tokio::test]
async fn a_subscribed_consumer_wakes_for_a_commit_and_holds_no_more_than_its_prefetch() {
    let office = Office::open().await;
    let spool = office.spool().await;
    let mut consumer = spool.consume(QUEUE, Taking::Subscribed { prefetch: 2 }).await.expect("consumes");
    let (taken, ()) = tokio::join!(take(consumer.as_mut(), 10), publish(&spool, &["1", "2", "3"]));
    assert_eq!(taken.len(), 2);
    acknowledge(consumer.as_mut(), &taken[..1]).await;
    assert_eq!(take(consumer.as_mut(), 10).await.len(), 1);
}

#[tokio::test]
async fn two_consumers_never_hold_the_same_message() {
    let office = Office::open().await;
    let spool = office.spool().await;
    publish(&spool, &["1", "2", "3", "4"]).await;
    let (mut one, mut other) = (on_demand(&spool).await, on_demand(&spool).await);
    let (first, second) = tokio::join!(take(one.as_mut(), 2), take(other.as_mut(), 8));
    assert_eq!(first.len() + second.len(), 4);
    assert_eq!(spool.depths().await.expect("answers")[0].waiting, 0);
    let bodies: std::collections::BTreeSet<_> =
        first.iter().chain(&second).map(|delivery| delivery.body.clone()).collect();
    assert_eq!(bodies.len(), 4);
}

#[tokio::test]
async fn after_an_unclean_stop_messages_are_taken_one_at_a_time() {
    let office = Office::open().await;
    publish(&office.spool().await, &["1", "2"]).await;
    let spool = office.spool().await;
    publish(&spool, &["3", "4"]).await;
    let (mut one, mut other) = (on_demand(&spool).await, on_demand(&spool).await);
    let first = take(one.as_mut(), 8).await;
    assert_eq!((first.len(), first[0].redelivered), (1, true));
    assert!(take(other.as_mut(), 8).await.is_empty(), "one at a time in the whole process");
    acknowledge(one.as_mut(), &first).await;
    let second = take(one.as_mut(), 8).await;
    assert_eq!((second.len(), second[0].redelivered), (1, true));
    // What came since is suspected of nothing.
    let new = take(other.as_mut(), 8).await;
    assert_eq!(new.len(), 2);
    assert!(new.iter().all(|delivery| !delivery.redelivered));
}

#[tokio::test]
async fn a_message_that_keeps_killing_the_process_is_parked_and_the_next_one_taken() {
    let office = Office::open().await;
    publish(&office.spool().await, &["killer"]).await;
    for death in 0..50 {
        // Neither closed nor given back: as if the process had died with it in hand.
        let taken = take(on_demand(&office.spool().await).await.as_mut(), 8).await;
        assert_eq!((taken.len(), taken[0].earlier_deliveries), (1, death.max(1)));
    }
    let spool = office.spool().await;
    publish(&spool, &["innocent"]).await;
    let taken = take(on_demand(&spool).await.as_mut(), 8).await;
    assert_eq!(taken[0].body, letter("innocent").body);
    let parked = office.shelf().list_parked(None, 10).await.expect("lists");
    assert_eq!(parked.len(), 1);
    assert_eq!(parked[0].parked.message_id.as_deref(), Some("killer"));
}

#[tokio::test]
async fn after_a_clean_stop_messages_come_in_batches_and_what_was_out_says_so() {
    let office = Office::open().await;
    let first = office.spool().await;
    publish(&first, &["1", "2", "3"]).await;
    let mut consumer = on_demand(&first).await;
    let out = take(consumer.as_mut(), 1).await;
    first.close().await;
    assert!(consumer.take(1).await.is_err(), "the spool has ended its consumers");
    let taken = take(on_demand(&office.spool().await).await.as_mut(), 8).await;
    assert_eq!(taken.len(), 3);
    assert!(taken.iter().all(|delivery| delivery.redelivered == (delivery.reference == out[0].reference)));
}

#[tokio::test]
async fn there_are_no_dead_letters() {
    let spool = Office::open().await.spool().await;
    let mut dead = spool.consume(NamePrefix::DEAD, Taking::OnDemand).await.expect("consumes");
    assert!(take(dead.as_mut(), 8).await.is_empty());
}
