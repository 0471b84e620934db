//! The sweeper against an outbox in memory and a broker that answers as it is told.

use std::sync::Mutex;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};

use super::*;
use crate::broker::{BrokerError, Consumer, Depth, Outgoing, Taking};
use crate::names::Destination;
use crate::names::Exchange;
use crate::shelf::{OutboxDepth, OutboxKey};
use crate::topology::Topology;

struct Row {
    due_at: DateTime<Utc>,
    claimed: OutboxRow,
    leased: bool,
}

#[derive(Default)]
struct MemoryOutbox(Mutex<Vec<Row>>);

impl MemoryOutbox {
    fn with_due_seconds(due: &[i64]) -> Arc<Self> {
        let row = |(number, due): (usize, &i64)| Row {
            due_at: DateTime::UNIX_EPOCH + TimeDelta::seconds(*due),
            claimed: OutboxRow {
                key: OutboxKey { row: number as i64, lease: uuid::Uuid::nil() },
                message: Outgoing {
                    destination: Destination::Exchange(Exchange::Facts),
                    message_type: "letter.written".to_owned(),
                    message_id: number.to_string(),
                    body: Arc::from(&b"{}"[..]),
                },
            },
            leased: false,
        };
        Arc::new(Self(Mutex::new(due.iter().enumerate().map(row).collect())))
    }

    fn left(&self) -> Vec<i64> {
        self.0.lock().expect("not poisoned").iter().map(|row| row.claimed.key.row).collect()
    }
}

#[async_trait]
impl Outbox for MemoryOutbox {
    async fn claim_due(
        &self,
        now: DateTime<Utc>,
        _: Duration,
        most: usize,
    ) -> Result<Vec<OutboxRow>, ShelfError> {
        let mut rows = self.0.lock().expect("not poisoned");
        let due = rows.iter_mut().filter(|row| row.due_at <= now && !row.leased).take(most);
        Ok(due
            .map(|row| {
                row.leased = true;
                row.claimed.clone()
            })
            .collect())
    }
    async fn delete_published(&self, keys: &[OutboxKey]) -> Result<(), ShelfError> {
        self.0.lock().expect("not poisoned").retain(|row| !keys.contains(&row.claimed.key));
        Ok(())
    }
    async fn give_back(&self, keys: &[OutboxKey], rest: Duration) -> Result<(), ShelfError> {
        assert!(rest < Duration::from_secs(60), "a lease is no rest");
        let mut rows = self.0.lock().expect("not poisoned");
        rows.iter_mut().filter(|row| keys.contains(&row.claimed.key)).for_each(|row| row.leased = false);
        Ok(())
    }
    fn note_published(&self, _: Vec<OutboxKey>) {}
    async fn delete_noted(&self) -> Result<(), ShelfError> {
        Err(ShelfError::Unavailable("the sweeper notes nothing".to_owned()))
    }
    async fn depth(&self, _: DateTime<Utc>) -> Result<OutboxDepth, ShelfError> {
        Err(ShelfError::Unavailable("not asked for by the sweeper".to_owned()))
    }
}

struct ToldBroker {
    blocked: bool,
    answers: Mutex<Vec<Published>>,
    published: Mutex<Vec<String>>,
}

#[async_trait]
impl Broker for ToldBroker {
    async fn declare(&self, _: &Topology) -> Result<(), BrokerError> {
        Ok(())
    }
    async fn publish(&self, messages: &[Outgoing]) -> Vec<Published> {
        let ids = messages.iter().map(|message| message.message_id.clone());
        self.published.lock().expect("not poisoned").extend(ids);
        self.answers.lock().expect("not poisoned").drain(..messages.len()).collect()
    }
    async fn consume(&self, _: &str, _: Taking) -> Result<Box<dyn Consumer>, BrokerError> {
        Err(BrokerError::Unsuitable("nobody consumes here".to_owned()))
    }
    async fn depths(&self) -> Result<Vec<Depth>, BrokerError> {
        Ok(Vec::new())
    }
    fn is_blocked(&self) -> bool {
        self.blocked
    }
    async fn close(&self) {}
}

fn sweeper(outbox: &Arc<MemoryOutbox>, blocked: bool, answers: &[Published]) -> (Sweeper, Arc<ToldBroker>) {
    let broker =
        Arc::new(ToldBroker { blocked, answers: Mutex::new(answers.to_vec()), published: Mutex::default() });
    let sweeper = Sweeper {
        outbox: outbox.clone(),
        broker: broker.clone(),
        clock: Arc::new(|| DateTime::UNIX_EPOCH + TimeDelta::seconds(10)),
        lease: Duration::from_secs(60),
        batch: 10,
    };
    (sweeper, broker)
}

#[tokio::test]
async fn what_is_due_is_published_and_deleted_and_a_wait_stays_until_its_time() {
    let outbox = MemoryOutbox::with_due_seconds(&[0, 11, 10]);
    let (sweeper, broker) = sweeper(&outbox, false, &[Published::Confirmed, Published::Confirmed]);
    assert_eq!(sweeper.step().await.expect("sweeps"), Swept { claimed: 2, published: 2 });
    assert_eq!(*broker.published.lock().expect("not poisoned"), ["0", "2"]);
    assert_eq!(outbox.left(), [1]);
    assert_eq!(sweeper.step().await.expect("sweeps"), Swept::default());
}

#[tokio::test]
async fn only_what_the_broker_confirmed_is_deleted() {
    let outbox = MemoryOutbox::with_due_seconds(&[0, 0, 0, 0]);
    let trouble = || "trouble".to_owned();
    let answers = [
        Published::Unroutable,
        Published::Confirmed,
        Published::Refused(trouble()),
        Published::Unknown(trouble()),
    ];
    let (sweeper, _) = sweeper(&outbox, false, &answers);
    assert_eq!(sweeper.step().await.expect("sweeps"), Swept { claimed: 4, published: 1 });
    assert_eq!(outbox.left(), [0, 2, 3]);
    let leased: Vec<bool> = outbox.0.lock().expect("not poisoned").iter().map(|row| row.leased).collect();
    assert_eq!(
        leased,
        [true, false, false],
        "what failed is anybody's; what no queue takes is not tried at once"
    );
}

#[tokio::test]
async fn nothing_is_claimed_while_the_broker_is_blocked() {
    let outbox = MemoryOutbox::with_due_seconds(&[0]);
    let (sweeper, broker) = sweeper(&outbox, true, &[]);
    assert_eq!(sweeper.step().await.expect("sweeps"), Swept::default());
    assert!(broker.published.lock().expect("not poisoned").is_empty());
    assert!(!outbox.0.lock().expect("not poisoned")[0].leased);
}
