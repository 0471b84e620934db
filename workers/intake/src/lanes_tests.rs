//! Lanes with a stand-in for the office.

use smista_domain::attore::Attore;
use smista_domain::command::Command;
use smista_domain::ids::{CasoId, Login};
use smista_office::{Request, Who};
use tokio::sync::Semaphore;

use super::*;

/// Answers every command with `OpenedBefore` of its own case, once `gate` lets a batch through.
struct StandIn {
    gate: Semaphore,
    batches: std::sync::Mutex<Vec<usize>>,
    failures: std::sync::Mutex<Vec<StoreError>>,
}

impl StandIn {
    fn new(open_gate: bool, failures: Vec<StoreError>) -> Arc<Self> {
        Arc::new(Self {
            gate: Semaphore::new(if open_gate { 1_000 } else { 0 }),
            batches: std::sync::Mutex::default(),
            failures: std::sync::Mutex::new(failures),
        })
    }

    fn batches(&self) -> Vec<usize> {
        self.batches.lock().expect("no panic").clone()
    }
}

#[async_trait]
impl Apply for StandIn {
    async fn apply(&self, batch: &[Incoming]) -> Result<Vec<Outcome>, StoreError> {
        self.batches.lock().expect("no panic").push(batch.len());
        self.gate.acquire().await.expect("an open gate").forget();
        if let Some(failure) = self.failures.lock().expect("no panic").pop() {
            return Err(failure);
        }
        let case = |incoming: &Incoming| match &incoming.request {
            Request::Act { caso, .. } => *caso,
            Request::Open { .. } => panic!("no openings here"),
        };
        Ok(batch.iter().map(|incoming| Outcome::OpenedBefore(case(incoming))).collect())
    }
}

fn command(number: u128) -> Incoming {
    Incoming {
        who: Who::System(Attore::sistema(Login::new("prova").expect("a login"))),
        request: Request::Act { caso: CasoId(uuid::Uuid::from_u128(number)), command: Command::Accept },
        expected_version: None,
        message: None,
        idempotency: None,
        spool_row: None,
        traceparent: None,
        render: None,
    }
}

fn settings(waiting: usize) -> LaneSettings {
    LaneSettings { lanes: 1, waiting, batch: 256, retry_waits: &[Duration::ZERO; 3] }
}

fn away() -> StoreError {
    StoreError::Unavailable("gone".into())
}

#[tokio::test]
async fn each_caller_gets_its_own_answer_and_a_lane_takes_what_waits_together() {
    let office = StandIn::new(false, Vec::new());
    let (lanes, running) = Lanes::start(office.clone(), settings(64));
    let callers: Vec<_> = (0..40_u128)
        .map(|number| {
            let lanes = lanes.clone();
            tokio::spawn(async move { lanes.apply(command(number)).await })
        })
        .collect();
    while lanes.waiting() + office.batches().iter().sum::<usize>() < 40 {
        tokio::task::yield_now().await;
    }
    office.gate.add_permits(1_000);
    for (number, caller) in (0_u128..).zip(callers) {
        let outcome = caller.await.expect("no panic").expect("an outcome");
        assert!(matches!(outcome, Outcome::OpenedBefore(CasoId(id)) if id.as_u128() == number));
    }
    assert!(office.batches().len() <= 3, "40 commands in few batches: {:?}", office.batches());
    drop(lanes);
    running.finished().await;
}

#[tokio::test]
async fn past_the_bound_callers_are_sent_away_and_one_that_left_cancels_nothing() {
    let office = StandIn::new(false, Vec::new());
    let (lanes, running) = Lanes::start(office.clone(), settings(1));
    let first = tokio::spawn({
        let lanes = lanes.clone();
        async move { lanes.apply(command(1)).await }
    });
    while office.batches().is_empty() {
        tokio::task::yield_now().await;
    }
    let leaver = tokio::spawn({
        let lanes = lanes.clone();
        async move { lanes.apply(command(2)).await }
    });
    while lanes.waiting() == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(lanes.apply(command(3)).await.err(), Some(NotApplied::Full));
    leaver.abort();
    office.gate.add_permits(1_000);
    assert!(first.await.expect("no panic").is_ok());
    drop(lanes);
    running.finished().await;
    assert_eq!(office.batches(), [1, 1], "the command of the caller that left was applied");
}

#[tokio::test]
async fn closed_lanes_finish_what_waits_and_end_whoever_still_holds_them() {
    let office = StandIn::new(false, Vec::new());
    let (lanes, running) = Lanes::start(office.clone(), LaneSettings { lanes: 2, batch: 1, ..settings(64) });
    let callers: Vec<_> = (0..5_u128)
        .map(|number| {
            let lanes = lanes.clone();
            tokio::spawn(async move { lanes.apply(command(number)).await })
        })
        .collect();
    while lanes.waiting() + office.batches().len() < 5 {
        tokio::task::yield_now().await;
    }
    running.close();
    office.gate.add_permits(1_000);
    running.finished().await;
    for caller in callers {
        assert!(caller.await.expect("no panic").is_ok(), "it waited before the lanes were closed");
    }
    assert_eq!(lanes.apply(command(6)).await.err(), Some(NotApplied::Unavailable), "they take nothing more");
    assert_eq!(office.batches(), [1, 1, 1, 1, 1]);
}

#[tokio::test]
async fn a_store_that_is_away_for_a_moment_is_tried_again() {
    let office = StandIn::new(true, vec![away(), away()]);
    let (lanes, _running) = Lanes::start(office.clone(), settings(8));
    assert!(lanes.apply(command(1)).await.is_ok());
    assert_eq!(office.batches().len(), 3);
}

#[tokio::test]
async fn a_store_that_stays_away_and_one_that_failed_are_told_apart() {
    let office = StandIn::new(true, vec![away(), away(), away(), away()]);
    let (lanes, _running) = Lanes::start(office, settings(8));
    assert_eq!(lanes.apply(command(1)).await.err(), Some(NotApplied::Unavailable));

    let office = StandIn::new(true, vec![StoreError::Failed("disk full".into())]);
    let (lanes, _running) = Lanes::start(office.clone(), settings(8));
    assert_eq!(lanes.apply(command(1)).await.err(), Some(NotApplied::Failed));
    assert_eq!(office.batches().len(), 1, "not tried again");
    assert!(lanes.apply(command(2)).await.is_ok(), "and the lane goes on");
}
