//! The runner against a scripted consumer and a shelf in memory; both write one common journal.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};

#[path = "runner_lanes_tests.rs"]
mod lanes;

use super::lanes::{LONGEST_PAUSE, SHORTEST_PAUSE, Setbacks, longest_pause_after};
use super::*;
use crate::broker::{DeliveryRef, Depth, Outgoing, Published, Sender};
use crate::envelope::Envelope;
use crate::names::Exchange;
use crate::shelf::{Parked, ParkedId, ParkedMessage, Wait};
use crate::topology::{Binding, Kind, Topology};

const QUEUE: Queue = Queue {
    name: "letters",
    kind: Kind::Decide,
    fed_by: &[Binding { exchange: Exchange::Commands, message_type: "letter.write" }],
    waits: &[Duration::from_secs(10)],
    lanes: 2,
    batch: 3,
};

/// Everything outside the runner: queued deliveries, and what was done, in order.
#[derive(Default)]
struct World {
    queued: Mutex<VecDeque<Delivery>>,
    journal: Mutex<Vec<String>>,
    shelf_is_down: bool,
    /// What the shelf says when asked whether it is ready; then, as long as it is not down, that it is.
    readiness: Mutex<VecDeque<bool>>,
}

impl World {
    fn holding(ids: &[&str]) -> Arc<Self> {
        let queued = ids.iter().enumerate().map(|(index, id)| delivery(index, id)).collect();
        Arc::new(Self { queued: Mutex::new(queued), ..Self::default() })
    }

    fn note(&self, line: String) {
        self.journal.lock().expect("not poisoned").push(line);
    }

    fn has_noted(&self, line: &str) -> bool {
        self.journal.lock().expect("not poisoned").iter().any(|noted| noted == line)
    }

    fn journal(&self) -> Vec<String> {
        std::mem::take(&mut *self.journal.lock().expect("not poisoned"))
    }
}

fn delivery(index: usize, id: &str) -> Delivery {
    let of =
        if id == "late" { DateTime::UNIX_EPOCH - chrono::TimeDelta::days(31) } else { DateTime::UNIX_EPOCH };
    let envelope = Envelope::new(id, "crm", "letter.write", of, &()).expect("JSON");
    let body = if id == "garbage" { Arc::from(&b"{"[..]) } else { envelope.encode().expect("JSON") };
    Delivery {
        reference: DeliveryRef::AmqpTag(index as u64 + 1),
        sender: Sender::Smista,
        redelivered: false,
        earlier_deliveries: 0,
        died_in: None,
        headers: Vec::new(),
        body,
    }
}

struct Scripted(Arc<World>);

#[async_trait]
impl Broker for Scripted {
    async fn declare(&self, _: &Topology) -> Result<(), BrokerError> {
        Ok(())
    }
    async fn publish(&self, messages: &[Outgoing]) -> Vec<Published> {
        vec![Published::Confirmed; messages.len()]
    }
    async fn consume(&self, _: &str, taking: Taking) -> Result<Box<dyn Consumer>, BrokerError> {
        Ok(Box::new(ScriptedConsumer { world: self.0.clone(), waits: taking != Taking::OnDemand }))
    }
    async fn depths(&self) -> Result<Vec<Depth>, BrokerError> {
        Ok(Vec::new())
    }
    fn is_blocked(&self) -> bool {
        false
    }
    async fn close(&self) {}
}

struct ScriptedConsumer {
    world: Arc<World>,
    waits: bool,
}

#[async_trait]
impl Consumer for ScriptedConsumer {
    async fn take(&mut self, most: usize) -> Result<Vec<Delivery>, BrokerError> {
        let taken: Vec<_> = {
            let mut queued = self.world.queued.lock().expect("not poisoned");
            let count = most.min(queued.len());
            queued.drain(..count).collect()
        };
        if taken.is_empty() && self.waits {
            std::future::pending::<()>().await;
        }
        Ok(taken)
    }
    async fn acknowledge(&mut self, settled: &[DeliveryRef]) -> Result<(), BrokerError> {
        let mut settled = settled.to_vec();
        settled.sort();
        self.world.note(format!("acknowledge {}", settled.len()));
        Ok(())
    }
    async fn cancel(&mut self) -> Result<(), BrokerError> {
        self.waits = false;
        Ok(())
    }
    async fn close(self: Box<Self>) {
        self.world.note("close".to_owned());
    }
}

struct MemoryShelf(Arc<World>);

#[async_trait]
impl Shelf for MemoryShelf {
    async fn put(&self, waits: &[Wait], parked: &[Parked]) -> Result<(), ShelfError> {
        if self.0.shelf_is_down {
            return Err(ShelfError::Unavailable("down".to_owned()));
        }
        let untakable = |id: Option<&str>| id.is_some_and(|id| id.starts_with("untakable"));
        if waits.iter().any(|wait| untakable(Some(&wait.message_id)))
            || parked.iter().any(|message| untakable(message.message_id.as_deref()))
        {
            return Err(ShelfError::Data("no such text".to_owned()));
        }
        for wait in waits {
            self.0.note(format!("wait {} as {}", wait.message_id, wait.attempt));
        }
        for message in parked {
            self.0.note(format!("park {}: {}", message.message_id.as_deref().unwrap_or("?"), message.reason));
        }
        Ok(())
    }
    async fn list_parked(&self, _: Option<ParkedId>, _: usize) -> Result<Vec<ParkedMessage>, ShelfError> {
        Ok(Vec::new())
    }
    async fn find_parked(&self, _: ParkedId) -> Result<Option<ParkedMessage>, ShelfError> {
        Ok(None)
    }
    async fn replay_parked(&self, _: ParkedId, _: &Outgoing, _: DateTime<Utc>) -> Result<bool, ShelfError> {
        Ok(false)
    }
    async fn drop_parked(&self, _: ParkedId) -> Result<bool, ShelfError> {
        Ok(false)
    }
    async fn is_ready(&self) -> bool {
        let scripted = self.0.readiness.lock().expect("not poisoned").pop_front();
        let ready = scripted.unwrap_or(!self.0.shelf_is_down);
        if !ready {
            self.0.note("not ready".to_owned());
        }
        ready
    }
}

/// Answers by the message's id.
struct ById {
    world: Arc<World>,
    lost_connections: Mutex<usize>,
}

impl ById {
    fn loses_its_connection(&self) -> bool {
        let mut times = self.lost_connections.lock().expect("not poisoned");
        let loses = *times > 0;
        *times = times.saturating_sub(1);
        loses
    }
}

#[async_trait]
impl Handler for ById {
    async fn handle(&self, batch: &[Received]) -> Result<Vec<Outcome>, BatchFailed> {
        let ids: Vec<_> = batch.iter().map(|message| message.envelope.id.as_str()).collect();
        self.world.note(format!("handle {}", ids.join(" ")));
        if self.loses_its_connection() {
            return Err(BatchFailed::TryAgain(ErrorText::new("connection lost")));
        }
        if ids.contains(&"spoiler") {
            return Err(BatchFailed::TryAgain(ErrorText::new("taken for a lost connection")));
        }
        assert!(!ids.contains(&"panic"), "a handler that panics");
        if ids.contains(&"poison") {
            return Err(BatchFailed::OneByOne(ErrorText::new("constraint")));
        }
        if ids.contains(&"short") {
            return Ok(Vec::new());
        }
        let outcome = |id: &&str| match *id {
            "busy" => Outcome::Transient(ErrorText::new("busy")),
            "later" => Outcome::Later(DateTime::UNIX_EPOCH),
            "never" | "untakable" => Outcome::Permanent(ErrorText::new("never")),
            "untakable wait" => Outcome::Later(DateTime::UNIX_EPOCH),
            "seen" => Outcome::NothingToDo("seen".to_owned()),
            _ => Outcome::Done,
        };
        Ok(ids.iter().map(outcome).collect())
    }
}

fn set_up(world: &Arc<World>, lost_connections: usize) -> (Runner, ById) {
    let clock: Clock = Arc::new(|| DateTime::UNIX_EPOCH);
    let broker = Arc::new(Scripted(world.clone()));
    let runner = Runner::new(broker, Arc::new(MemoryShelf(world.clone())), clock, Arc::new(()));
    (runner, ById { world: world.clone(), lost_connections: Mutex::new(lost_connections) })
}

async fn one_step(ids: &[&str]) -> Vec<String> {
    let world = World::holding(ids);
    let (runner, handler) = set_up(&world, 0);
    let step = runner.step(&QUEUE, &handler).await.expect("steps");
    assert_eq!(step, Step::Settled(ids.len()));
    world.journal()
}

#[tokio::test]
async fn a_wait_and_a_parked_row_commit_before_the_acknowledgement() {
    let journal = one_step(&["busy", "later", "never"]).await;
    let expected = [
        "handle busy later never",
        "wait busy as 2",
        "wait later as 1",
        "park never: never",
        "acknowledge 3",
        "close",
    ];
    assert_eq!(journal, expected);
}

#[tokio::test]
async fn what_is_done_needs_no_shelf_and_what_cannot_be_read_needs_no_handler() {
    assert_eq!(one_step(&["a", "seen"]).await, ["handle a seen", "acknowledge 2", "close"]);
    let journal = one_step(&["garbage"]).await;
    assert!(journal[0].starts_with("park ?: not a CloudEvents 1.0 envelope"), "{journal:?}");
    assert_eq!(journal[1..], ["acknowledge 1", "close"]);
}

#[tokio::test]
async fn what_is_too_old_is_parked_unhandled_and_the_rest_goes_on() {
    let journal = one_step(&["late", "a"]).await;
    assert_eq!(journal[0], "handle a");
    assert!(journal[1].starts_with("park late: it is of 1969-12-01"), "{journal:?}");
    assert_eq!(journal[2..], ["acknowledge 2", "close"]);
}

#[tokio::test]
async fn a_poison_message_harms_only_itself() {
    for (poison, reason) in [
        ("poison", "constraint"),
        ("panic", "the handler panicked"),
        ("short", "the handler answered 0 outcomes for 1 messages"),
    ] {
        let journal = one_step(&["a", poison, "b"]).await;
        let expected = [
            format!("handle a {poison} b"),
            "handle a".to_owned(),
            format!("handle {poison}"),
            "handle b".to_owned(),
            format!("park {poison}: {reason}"),
            "acknowledge 3".to_owned(),
            "close".to_owned(),
        ];
        assert_eq!(journal, expected);
    }
}

#[tokio::test]
async fn a_lost_connection_settles_nothing_and_parks_nobody() {
    let world = World::holding(&["a"]);
    let (runner, handler) = set_up(&world, 1);
    let ended = runner.step(&QUEUE, &handler).await;
    assert!(matches!(ended, Err(SessionEnded::Handler(_))));
    assert_eq!(world.journal(), ["handle a", "close"]);
}

#[tokio::test]
async fn a_lane_tries_the_same_batch_again_as_the_same_attempt() {
    let world = World::holding(&["a", "busy"]);
    let (runner, handler) = set_up(&world, 1);
    let batch: Vec<_> = world.queued.lock().expect("not poisoned").drain(..).collect();
    let mut consumer = ScriptedConsumer { world: world.clone(), waits: false };
    let settled = {
        let patience = Patience { pauses: &[Duration::ZERO], stop: &CancellationToken::new() };
        runner.work(&QUEUE, &handler, &mut consumer, &batch, Some(patience)).await
    };
    assert_eq!(settled.expect("settles"), 2);
    assert_eq!(world.journal(), ["handle a busy", "handle a busy", "wait busy as 2", "acknowledge 2"]);
}

#[tokio::test]
async fn nothing_is_acknowledged_while_the_shelf_is_down() {
    let queued = Mutex::new(VecDeque::from([delivery(0, "never")]));
    let world = Arc::new(World { queued, shelf_is_down: true, ..World::default() });
    let (runner, handler) = set_up(&world, 0);
    assert!(matches!(runner.step(&QUEUE, &handler).await, Err(SessionEnded::Shelf(_))));
    assert_eq!(world.journal(), ["handle never", "close"]);
}

#[tokio::test]
async fn an_empty_queue_is_idle_and_a_batch_is_no_larger_than_the_queue_says() {
    let world = World::holding(&["a", "b", "c", "d"]);
    let (runner, handler) = set_up(&world, 0);
    assert_eq!(runner.step(&QUEUE, &handler).await.expect("steps"), Step::Settled(3));
    assert_eq!(runner.step(&QUEUE, &handler).await.expect("steps"), Step::Settled(1));
    assert_eq!(runner.step(&QUEUE, &handler).await.expect("steps"), Step::Idle);
}

#[tokio::test]
async fn a_stop_finishes_what_is_held_and_closes_every_lane() {
    let world = World::holding(&["a", "b", "c", "d"]);
    let (runner, handler) = set_up(&world, 0);
    let stop = CancellationToken::new();
    let lanes = runner.run(&QUEUE, Arc::new(handler), &stop);
    let stopping = async {
        while !world.queued.lock().expect("not poisoned").is_empty() {
            tokio::task::yield_now().await;
        }
        stop.cancel();
    };
    futures::future::join(lanes, stopping).await;
    let journal = world.journal();
    let acknowledged: usize =
        journal.iter().filter_map(|line| line.strip_prefix("acknowledge ")?.parse::<usize>().ok()).sum();
    assert_eq!(acknowledged, 4);
    assert_eq!(journal.iter().filter(|line| *line == "close").count(), QUEUE.lanes);
}

/// One lane, whose gate looks at the shelf for each question and pauses no time, until `line` is in the journal.
async fn one_lane_until(world: &Arc<World>, line: &str) -> Vec<String> {
    let (mut runner, handler) = set_up(world, 0);
    let seconds = AtomicI64::new(0);
    let clock: Clock =
        Arc::new(move || DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds.fetch_add(1, Ordering::Relaxed)));
    let mut gate = Gate::new(Arc::new(MemoryShelf(world.clone())), clock);
    gate.pause = Duration::ZERO;
    runner.gate = Arc::new(gate);
    let stop = CancellationToken::new();
    let stopping = async {
        while !world.has_noted(line) {
            tokio::task::yield_now().await;
        }
        stop.cancel();
    };
    futures::future::join(runner.lane(&QUEUE, &handler, &stop), stopping).await;
    world.journal()
}

#[tokio::test]
async fn a_running_session_pauses_with_what_it_holds_until_the_shelf_is_ready_again() {
    let world = World::holding(&["a", "b"]);
    *world.readiness.lock().expect("not poisoned") = VecDeque::from([true, false, false, true]);
    let journal = one_lane_until(&world, "acknowledge 2").await;
    assert_eq!(journal, ["not ready", "not ready", "handle a b", "acknowledge 2", "close"]);
}

#[tokio::test]
async fn a_pause_ends_with_a_stop_and_gives_back_what_was_held() {
    let world = Arc::new(World {
        queued: Mutex::new(VecDeque::from([delivery(0, "a")])),
        shelf_is_down: true,
        readiness: Mutex::new(VecDeque::from([true])),
        ..World::default()
    });
    let mut journal = one_lane_until(&world, "not ready").await;
    journal.dedup();
    assert_eq!(journal, ["not ready", "close"]);
}

#[test]
fn pauses_grow_and_are_bounded() {
    assert_eq!(longest_pause_after(SHORTEST_PAUSE, 0), Duration::from_millis(200));
    assert_eq!(longest_pause_after(SHORTEST_PAUSE, 3), Duration::from_millis(1600));
    assert_eq!(longest_pause_after(SHORTEST_PAUSE, u32::MAX), LONGEST_PAUSE);
    assert_eq!(dead_letter_round(0), Duration::from_secs(60));
    assert_eq!(dead_letter_round(2), Duration::from_secs(240));
    assert_eq!(dead_letter_round(u32::MAX), LONGEST_DEAD_LETTER_ROUND);
}

#[tokio::test]
async fn dead_letters_are_parked_under_the_queue_in_which_they_died() {
    let dead = Delivery { died_in: Some("letters".to_owned()), ..delivery(0, "killer") };
    let world = Arc::new(World { queued: Mutex::new(VecDeque::from([dead])), ..World::default() });
    let (runner, _) = set_up(&world, 0);
    assert_eq!(runner.step_dead_letters().await.expect("steps"), Step::Settled(1));
    let reason = "handed out too often without an answer: it may kill its handler";
    let parked = format!("park killer: {reason}");
    assert_eq!(world.journal(), [parked.as_str(), "acknowledge 1", "close"]);
    assert_eq!(runner.step_dead_letters().await.expect("steps"), Step::Idle);
}

#[tokio::test]
async fn what_the_store_does_not_take_is_parked_bare_and_keeps_nobody_from_being_settled() {
    let journal = one_step(&["untakable", "busy", "untakable wait"]).await;
    let expected = [
        "handle untakable busy untakable wait",
        "wait busy as 2",
        "park ?: it was to wait (no such text)",
        "park ?: never (no such text)",
        "acknowledge 3",
        "close",
    ];
    assert_eq!(journal, expected);
}
