//! The publisher with an outbox that remembers deletions and a broker that lets itself be held up.

use std::sync::Mutex;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use tokio::sync::Semaphore;

use super::*;
use crate::broker::{Broker, BrokerError, Consumer, Depth, Outgoing, Published, Taking};
use crate::names::Destination;
use crate::names::Exchange;
use crate::shelf::{Outbox, OutboxDepth, OutboxKey, ShelfError};
use crate::topology::Topology;

#[derive(Default)]
struct Deletions {
    noted: Mutex<Vec<i64>>,
    deleted: Mutex<Vec<i64>>,
    given_back: Mutex<Vec<i64>>,
    away: AtomicBool,
    asked: tokio::sync::Notify,
}

impl Deletions {
    fn noted(&self) -> Vec<i64> {
        self.noted.lock().expect("not poisoned").clone()
    }

    fn rows(&self) -> Vec<i64> {
        self.deleted.lock().expect("not poisoned").clone()
    }
}

#[async_trait]
impl Outbox for Deletions {
    async fn claim_due(&self, _: DateTime<Utc>, _: Duration, _: usize) -> Result<Vec<OutboxRow>, ShelfError> {
        Err(ShelfError::Unavailable("the publisher claims nothing".to_owned()))
    }
    async fn delete_published(&self, _: &[OutboxKey]) -> Result<(), ShelfError> {
        Err(ShelfError::Unavailable("the publisher only notes".to_owned()))
    }
    async fn give_back(&self, keys: &[OutboxKey], _: Duration) -> Result<(), ShelfError> {
        self.given_back.lock().expect("not poisoned").extend(keys.iter().map(|key| key.row));
        Ok(())
    }
    fn note_published(&self, keys: Vec<OutboxKey>) {
        self.noted.lock().expect("not poisoned").extend(keys.iter().map(|key| key.row));
    }
    async fn delete_noted(&self) -> Result<(), ShelfError> {
        self.asked.notify_one();
        if self.away.load(Ordering::Relaxed) {
            return Err(ShelfError::Unavailable("away".to_owned()));
        }
        let noted = std::mem::take(&mut *self.noted.lock().expect("not poisoned"));
        self.deleted.lock().expect("not poisoned").extend(noted);
        Ok(())
    }
    async fn depth(&self, _: DateTime<Utc>) -> Result<OutboxDepth, ShelfError> {
        Err(ShelfError::Unavailable("not asked for by the publisher".to_owned()))
    }
}

/// Publishes one batch for each permit; refuses messages whose id starts with `bad`.
struct GatedBroker {
    gate: Semaphore,
    blocked: AtomicBool,
    batches: Mutex<Vec<usize>>,
}

#[async_trait]
impl Broker for GatedBroker {
    async fn declare(&self, _: &Topology) -> Result<(), BrokerError> {
        Ok(())
    }
    async fn publish(&self, messages: &[Outgoing]) -> Vec<Published> {
        self.batches.lock().expect("not poisoned").push(messages.len());
        self.gate.acquire().await.expect("never closed").forget();
        let fate = |message: &Outgoing| match message.message_id.starts_with("bad") {
            true => Published::Refused("bad".to_owned()),
            false => Published::Confirmed,
        };
        messages.iter().map(fate).collect()
    }
    async fn consume(&self, _: &str, _: Taking) -> Result<Box<dyn Consumer>, BrokerError> {
        Err(BrokerError::Unsuitable("nobody consumes here".to_owned()))
    }
    async fn depths(&self) -> Result<Vec<Depth>, BrokerError> {
        Ok(Vec::new())
    }
    fn is_blocked(&self) -> bool {
        self.blocked.load(Ordering::Relaxed)
    }
    async fn close(&self) {}
}

struct Scene {
    outbox: Arc<Deletions>,
    broker: Arc<GatedBroker>,
    publisher: Publisher,
    task: PublishingTask,
}

fn scene(permits: usize) -> Scene {
    let outbox = Arc::new(Deletions::default());
    let broker = Arc::new(GatedBroker {
        gate: Semaphore::new(permits),
        blocked: AtomicBool::new(false),
        batches: Mutex::default(),
    });
    let (publisher, task) = Publisher::new(Sweeper {
        outbox: outbox.clone(),
        broker: broker.clone(),
        clock: Arc::new(|| DateTime::UNIX_EPOCH),
        lease: Duration::from_secs(60),
        batch: 10,
    });
    Scene { outbox, broker, publisher, task }
}

fn row(number: i64, id: &str) -> OutboxRow {
    OutboxRow {
        key: OutboxKey { row: number, lease: uuid::Uuid::nil() },
        message: Outgoing {
            destination: Destination::Exchange(Exchange::Facts),
            message_type: "letter.written".to_owned(),
            message_id: id.to_owned(),
            body: Arc::from(&b"{}"[..]),
        },
    }
}

fn rows(numbers: std::ops::Range<i64>) -> Vec<OutboxRow> {
    numbers.map(|number| row(number, "good")).collect()
}

#[tokio::test]
async fn what_is_handed_over_is_published_and_only_the_confirmed_is_deleted() {
    let scene = scene(1);
    let running = tokio::spawn(async move { scene.task.run(&CancellationToken::new()).await });
    scene.publisher.hand_over(vec![row(1, "good"), row(2, "bad"), row(3, "good")]);
    scene.publisher.flush().await;
    assert_eq!(scene.outbox.rows(), [1, 3]);
    assert_eq!(scene.publisher.in_hand(), 0);
    drop(scene.publisher);
    running.await.expect("ends with the last publisher");
}

/// Publishes what was handed over, until nobody can hand over more.
async fn published(scene: Scene) -> (Arc<Deletions>, Arc<GatedBroker>) {
    drop(scene.publisher);
    scene.task.run(&CancellationToken::new()).await;
    (scene.outbox, scene.broker)
}

#[tokio::test]
async fn what_queued_up_meanwhile_is_one_batch() {
    let scene = scene(1);
    for number in 0..10 {
        scene.publisher.hand_over(rows(number..number + 1));
    }
    let (outbox, broker) = published(scene).await;
    assert_eq!(*broker.batches.lock().expect("not poisoned"), [10]);
    assert_eq!(outbox.rows().len(), 10);
}

#[tokio::test]
async fn what_no_transaction_took_along_is_deleted_after_a_moment() {
    let scene = scene(1);
    scene.outbox.away.store(true, Ordering::Relaxed);
    scene.publisher.hand_over(rows(0..3));
    let running = tokio::spawn(async move { scene.task.run(&CancellationToken::new()).await });
    scene.outbox.asked.notified().await;
    assert_eq!(scene.outbox.rows().len(), 0, "the store is away");
    scene.outbox.away.store(false, Ordering::Relaxed);
    while scene.outbox.rows().is_empty() {
        scene.outbox.asked.notified().await;
        tokio::task::yield_now().await;
    }
    assert_eq!((scene.outbox.noted().len(), scene.outbox.rows().len()), (0, 3));
    drop(scene.publisher);
    running.await.expect("ends with the last publisher");
}

#[tokio::test]
async fn a_large_commit_is_published_in_bounded_batches() {
    let scene = scene(3);
    scene.publisher.hand_over(rows(0..1100));
    let (_, broker) = published(scene).await;
    assert_eq!(*broker.batches.lock().expect("not poisoned"), [512, 512, 76]);
}

#[tokio::test]
async fn a_set_does_not_wait_for_the_confirms_of_the_one_before() {
    let scene = scene(0);
    let (broker, publisher) = (scene.broker, scene.publisher);
    let running = tokio::spawn(async move { scene.task.run(&CancellationToken::new()).await });
    for set in 0..6 {
        publisher.hand_over(rows(set * 512..(set + 1) * 512));
    }
    let under_way = || broker.batches.lock().expect("not poisoned").len();
    while under_way() < SETS_AT_ONCE {
        tokio::task::yield_now().await;
    }
    tokio::task::yield_now().await;
    assert_eq!(under_way(), SETS_AT_ONCE, "and no more than that");
    broker.gate.add_permits(6);
    drop(publisher);
    running.await.expect("ends with the last publisher");
    assert_eq!(under_way(), 6);
}

#[tokio::test]
async fn who_makes_more_waits_for_room() {
    let scene = scene(0);
    let (broker, publisher) = (scene.broker, scene.publisher);
    publisher.has_room().await;
    publisher.hand_over(rows(0..i64::try_from(ENOUGH_IN_HAND).expect("small")));
    let mut waiting = std::pin::pin!(publisher.has_room());
    assert!(futures::poll!(waiting.as_mut()).is_pending());
    let running = tokio::spawn(async move { scene.task.run(&CancellationToken::new()).await });
    broker.gate.add_permits(1);
    waiting.await;
    running.abort();
    let _aborted = running.await;
    publisher.hand_over(rows(0..i64::try_from(ENOUGH_IN_HAND).expect("small")));
    publisher.has_room().await;
}

#[tokio::test]
async fn a_stop_publishes_what_is_in_hand_and_takes_no_more() {
    let scene = scene(1);
    scene.publisher.hand_over(rows(0..3));
    let stop = CancellationToken::new();
    stop.cancel();
    scene.task.run(&stop).await;
    assert_eq!(scene.outbox.rows(), [0, 1, 2]);
    scene.publisher.hand_over(rows(3..4));
    scene.publisher.flush().await;
    assert_eq!((scene.outbox.rows().len(), scene.publisher.in_hand()), (3, 0));
}

#[tokio::test]
async fn a_blocked_broker_is_not_asked() {
    let scene = scene(0);
    scene.broker.blocked.store(true, Ordering::Relaxed);
    scene.publisher.hand_over(rows(0..3));
    let (outbox, broker) = published(scene).await;
    assert!(broker.batches.lock().expect("not poisoned").is_empty());
    assert!(outbox.rows().is_empty());
    assert_eq!(*outbox.given_back.lock().expect("not poisoned"), [0, 1, 2], "the sweeper waits for it");
}

#[tokio::test]
async fn more_rows_than_may_be_in_hand_are_left_to_the_sweeper() {
    let scene = scene(0);
    let most = i64::try_from(MOST_IN_HAND).expect("small");
    scene.publisher.hand_over(rows(0..most));
    scene.publisher.hand_over(rows(most..most + 5));
    assert_eq!(scene.publisher.in_hand(), MOST_IN_HAND);
}
