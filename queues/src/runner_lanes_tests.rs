//! What lanes do when a batch fails, when the store is away, and when they panic.

use super::*;

/// Whichever message of a batch is taken for a lost connection each time, it is soon tried by itself.
#[tokio::test]
async fn after_a_batch_that_failed_messages_are_taken_alone() {
    let world = World::holding(&["spoiler", "a", "b"]);
    let (mut runner, handler) = set_up(&world, 0);
    runner.pauses_within_session = &[Duration::ZERO];
    let (stop, mut setbacks) = (CancellationToken::new(), Setbacks::default());
    let mut consumer = ScriptedConsumer { world: world.clone(), waits: true };
    let ended = runner.work_until(&QUEUE, &handler, &mut consumer, &stop, &mut setbacks).await;
    assert!(matches!(ended, Err(SessionEnded::Handler(_))));
    *world.queued.lock().expect("not poisoned") =
        ["a", "spoiler", "b"].iter().enumerate().map(|(index, id)| delivery(index, id)).collect();
    world.journal();
    let ended = runner.work_until(&QUEUE, &handler, &mut consumer, &stop, &mut setbacks).await;
    assert!(matches!(ended, Err(SessionEnded::Handler(_))));
    let mut journal = world.journal();
    journal.dedup();
    assert_eq!(journal, ["handle a", "acknowledge 1", "handle spoiler"]);
}

/// While the store is away a batch is nobody's fault and stays where it is.
#[tokio::test]
async fn a_batch_is_kept_in_hand_until_the_store_answers() {
    let world = World::holding(&["a"]);
    let (mut runner, handler) = set_up(&world, 5);
    *world.readiness.lock().expect("not poisoned") = VecDeque::from([false, true]);
    let batch: Vec<_> = world.queued.lock().expect("not poisoned").drain(..).collect();
    let mut consumer = ScriptedConsumer { world: world.clone(), waits: false };
    let stop = CancellationToken::new();
    let pauses = [Duration::ZERO; 4];
    let seconds = AtomicI64::new(0);
    let mut gate = Gate::new(
        Arc::new(MemoryShelf(world.clone())),
        Arc::new(move || DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds.fetch_add(1, Ordering::Relaxed))),
    );
    gate.pause = Duration::ZERO;
    runner.gate = Arc::new(gate);
    let patience = Patience { pauses: &pauses, stop: &stop };
    let settled = runner.work(&QUEUE, &handler, &mut consumer, &batch, Some(patience)).await;
    assert_eq!(settled.expect("settles"), 1);
    let mut journal = world.journal();
    journal.dedup();
    assert_eq!(journal, ["handle a", "not ready", "handle a", "acknowledge 1"]);
}

/// Counts sessions, and panics when the first batch is reported.
#[derive(Default)]
struct Fragile {
    up: AtomicI64,
    panics: AtomicI64,
    handled: AtomicI64,
}

impl Observer for Fragile {
    fn handled(&self, _: &str, _: usize, _: Duration) {
        assert!(self.handled.fetch_add(1, Ordering::Relaxed) > 0, "a panic outside a handler");
    }
    fn session(&self, _: &str, up: bool) {
        self.up.fetch_add(if up { 1 } else { -1 }, Ordering::Relaxed);
    }
    fn panicked(&self, _: &str) {
        self.panics.fetch_add(1, Ordering::Relaxed);
    }
}

#[tokio::test]
async fn a_lane_that_panics_is_counted_and_starts_again() {
    let world = World::holding(&["a", "b", "c", "d", "e", "f", "g"]);
    let (mut runner, handler) = set_up(&world, 0);
    let observer = Arc::new(Fragile::default());
    runner.observer = observer.clone();
    runner.shortest_pause = Duration::ZERO;
    let stop = CancellationToken::new();
    let one_lane = Queue { lanes: 1, ..QUEUE };
    let lanes = runner.run(&one_lane, Arc::new(handler), &stop);
    let stopping = async {
        while !world.queued.lock().expect("not poisoned").is_empty() {
            tokio::task::yield_now().await;
        }
        stop.cancel();
    };
    futures::future::join(lanes, stopping).await;
    assert_eq!(observer.panics.load(Ordering::Relaxed), 1);
    assert_eq!(observer.up.load(Ordering::Relaxed), 0);
    assert_eq!(observer.handled.load(Ordering::Relaxed), 3);
}

#[test]
fn lanes_that_failed_together_come_back_apart() {
    let (runner, _) = set_up(&World::holding(&[]), 0);
    let pause = |random| runner.clone().with_jitter(Arc::new(move || random)).pause_after(3);
    assert_eq!(pause(0.0), Duration::from_millis(800));
    assert_eq!(pause(1.0), longest_pause_after(SHORTEST_PAUSE, 3));
}
