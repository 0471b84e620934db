//! The clock of the machine jumps by an hour, forward and back, in the middle of the work: nothing is lost, parked or done
//! twice, and what waits comes when it is due.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Duration, Utc};
use smista_messages::topology::INTAKE;
use smista_queues::{BatchFailed, Handler, Outcome, Received};
use smista_tests::catalogue::{ANNA, RESIDENZA};
use smista_tests::{TestOffice, stories};

use crate::broker_door::{cases, introduce_the_client, message, publish_bytes, reclamo};

const BATCH: usize = 5;

/// The worker of the commands, in whose hands the clock jumps.
struct Jumps<'office> {
    office: &'office TestOffice,
    by: Duration,
    real: Arc<dyn Handler>,
}

#[async_trait]
impl Handler for Jumps<'_> {
    async fn handle(&self, batch: &[Received]) -> Result<Vec<Outcome>, BatchFailed> {
        self.office.advance(self.by);
        self.real.handle(batch).await
    }
}

/// A worker that does nothing before this instant.
struct NotBefore(DateTime<Utc>);

#[async_trait]
impl Handler for NotBefore {
    async fn handle(&self, batch: &[Received]) -> Result<Vec<Outcome>, BatchFailed> {
        Ok(vec![Outcome::Later(self.0); batch.len()])
    }
}

fn commands(office: &TestOffice) -> smista::register::Worker {
    let workers = smista::register::workers(&office.system.office);
    workers.into_iter().find(|worker| worker.queue.name == INTAKE).expect("the worker")
}

async fn ask(office: &TestOffice, round: usize) {
    for number in 0..BATCH {
        let mut opening = message(&format!("{round}-{number}"), "contact.open", ANNA, reclamo(RESIDENZA));
        opening["time"] = office.now().to_rfc3339().into();
        publish_bytes(office, "contact.open", opening.to_string().as_bytes()).await;
    }
}

stories! {
    async fn an_hour_forward_and_back_in_mid_work_loses_nothing_and_doubles_nothing(office: &TestOffice) {
        introduce_the_client(office).await;
        let hours = [1, -1, -1, 1, 1, -1];
        for (round, hour) in hours.into_iter().enumerate() {
            ask(office, round).await;
            let worker = commands(office);
            let jumps = Jumps { office, by: Duration::hours(hour), real: worker.handler };
            office.system.runner.step(worker.queue, &jumps).await.expect("handled");
            // What the cases cause was written by one clock, and is handled by the other.
            office.settle().await;
            // Keeping the rest in order goes by the same clock, and takes nothing away.
            let round = office.system.housekeeping().round().await.expect("a round");
            assert_eq!(round.purged.inbox, 0);
        }

        let there = cases(office).await;
        assert_eq!(there.len(), BATCH * hours.len());
        let mut numbers = BTreeSet::new();
        for caso in &there {
            let versions: Vec<_> = office.history(ANNA, caso).await.iter().map(|row| row["versione"].clone()).collect();
            assert_eq!(versions, [1, 2], "opened and routed");
            numbers.insert(office.case(ANNA, caso).await.text("/protocollo"));
        }
        let expected = (1..=there.len()).map(|number| format!("2026-{number:06}"));
        assert_eq!(numbers, expected.collect::<BTreeSet<_>>());
        assert_eq!(office.parked().await, 0);
    }

    async fn what_waits_comes_when_the_clock_says_so_whatever_it_said_before(office: &TestOffice) {
        introduce_the_client(office).await;
        let (hour, ten_minutes) = (Duration::hours(1), Duration::minutes(10));
        for (round, jump) in [hour, -hour].into_iter().enumerate() {
            ask(office, round).await;
            let worker = commands(office);
            let due_at = office.now() + ten_minutes;
            let waits = NotBefore(due_at);
            office.system.runner.step(worker.queue, &waits).await.expect("laid aside");
            office.settle().await;
            assert_eq!(cases(office).await.len(), BATCH * round, "it is not time yet");
            office.advance(jump);
            office.settle().await;
            let due = office.now() >= due_at;
            assert_eq!(cases(office).await.len(), BATCH * (round + usize::from(due)));
            office.advance(due_at - office.now() - Duration::seconds(1));
            office.settle().await;
            assert_eq!(cases(office).await.len(), BATCH * (round + usize::from(due)));
            office.advance(Duration::seconds(1));
            office.settle().await;
            assert_eq!(cases(office).await.len(), BATCH * (round + 1));
        }
        assert_eq!(office.parked().await, 0);
    }
}
