//! The steps of a simulation: who asks what, what is delivered, repeated, late or out of order, what breaks.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use chrono::TimeDelta;
use fastrand::Rng;
use smista_domain::ids::GruppoId;
use smista_queues::runner::Step;
use smista_queues::{Destination, Exchange, Outgoing, Published};

use super::faults::Fault;
use super::invariants::Followed;
use super::parts::Parts;
use super::requests::Direct;
use super::wishes::Wishes;
use super::{Played, Violation};

/// Rounds after which an office that does not come to rest has gone wrong.
const MAX_ROUNDS: usize = 400;
/// Longer than the longest wait of any ladder.
const PAST_EVERY_WAIT: TimeDelta = TimeDelta::hours(1);
/// Deliveries handled together in one step.
const MOST_TOGETHER: usize = 5;
/// Groups that no Ente falls back on, so that they can be retired.
const RETIRABLE: [&str; 2] = ["firenze-anagrafe", "firenze-tributi"];

pub(crate) struct Simulation {
    pub(crate) parts: Parts,
    pub(crate) rng: Rng,
    pub(crate) wishes: Wishes,
    pub(crate) followed: Followed,
    /// Commands that are on their way and have not arrived.
    pub(crate) held: Vec<Outgoing>,
    /// Commands that have arrived.
    pub(crate) arrived: Vec<Outgoing>,
    /// Their ids.
    sent: BTreeSet<String>,
    /// Requests whose caller never heard the answer.
    pub(crate) unanswered: Vec<Direct>,
    /// Requests and the answers that they got.
    pub(crate) answered: Vec<(Direct, Vec<u8>)>,
    step: usize,
}

impl Simulation {
    pub(crate) fn new(parts: Parts, mut rng: Rng) -> Self {
        Self {
            parts,
            wishes: Wishes::new(rng.fork()),
            rng,
            followed: Followed::default(),
            held: Vec::new(),
            arrived: Vec::new(),
            sent: BTreeSet::new(),
            unanswered: Vec::new(),
            answered: Vec::new(),
            step: 0,
        }
    }

    pub(crate) async fn play(&mut self, steps: usize) -> Result<(), String> {
        for _step in 0..steps {
            self.step += 1;
            let told = self.one_step().await?;
            let struck = self.parts.faults.disarm();
            self.parts.faults.calls(|calls| calls.step());
            self.tell(format!("{}: {told} {struck:?}", self.step));
            self.check().await?;
        }
        self.come_to_rest().await
    }

    fn tell(&self, line: String) {
        self.parts.faults.journal(|journal| journal.tell(line));
    }

    async fn check(&mut self) -> Result<(), String> {
        self.followed.check(&self.parts, &self.sent).await
    }

    pub(crate) fn played(&self) -> Played {
        let hash = self.parts.faults.journal(|journal| journal.hash());
        Played { hash, rows: self.followed.rows.clone(), steps: self.step }
    }

    pub(crate) fn violation(&self, seed: u64, what: String) -> Violation {
        let last_steps = self.parts.faults.journal(|journal| journal.last());
        Violation { seed, step: self.step, what, last_steps }
    }

    async fn one_step(&mut self) -> Result<String, String> {
        match self.rng.u8(..100) {
            0..18 => self.open().await,
            18..54 => self.act().await,
            54..83 => Ok(self.deliver().await),
            83..86 => Ok(self.repeat_command().await),
            86..89 => Ok(self.repeat_fact().await),
            89..92 => Ok(self.let_arrive().await),
            92..95 => self.ask_again().await,
            95..97 => Ok(self.move_clock()),
            97..99 => Ok(self.change_catalogue().await),
            // Where what fails is planned, nothing else does.
            _ if self.parts.faults.is_planned() => Ok("the process lives".to_owned()),
            _ => {
                self.parts.crash().await;
                Ok("the process dies and starts again".to_owned())
            }
        }
    }

    /// Whether something of this likelihood happens.
    pub(crate) fn happens(&mut self, percent: u8) -> bool {
        self.rng.u8(..100) < percent
    }

    /// Something from the list, if there is anything.
    pub(crate) fn pick<T: Clone>(&mut self, list: &[T]) -> Option<T> {
        pick(&mut self.rng, list)
    }

    async fn deliver(&mut self) -> String {
        let process = &self.parts.process;
        let (number, most) = (self.rng.usize(..process.queues()), self.rng.usize(1..=MOST_TOGETHER));
        let mut told = format!("up to {most} of {}", process.queue_name(number));
        let fails = self.happens(20);
        if fails {
            self.arm_on_delivery();
        }
        match self.parts.process.step(number, most).await {
            Ok(Step::Idle) => told.push_str(": nothing there"),
            Ok(Step::Settled(settled)) => {
                let _infallible = write!(told, ": {settled} settled");
            }
            Err(error) => {
                let _infallible = write!(told, ": {error}");
            }
        }
        if fails && self.happens(40) && !self.parts.faults.is_planned() {
            self.parts.crash().await;
            told.push_str(", and the process dies");
        }
        told
    }

    fn arm_on_delivery(&mut self) {
        let passes = self.rng.usize(..2);
        let faults = [
            Fault::StoreAway,
            Fault::CommitLost,
            Fault::AnswerLost,
            Fault::AcknowledgementLost,
            Fault::TryLater,
        ];
        let fault = faults[self.rng.usize(..faults.len())];
        match fault {
            Fault::TryLater => {
                self.parts.faults.arm(fault, 0);
                if self.happens(20) {
                    self.parts.faults.arm(Fault::ShelfAway, 0);
                }
            }
            Fault::AcknowledgementLost => self.parts.faults.arm(fault, 0),
            Fault::StoreAway
            | Fault::CommitLost
            | Fault::AnswerLost
            | Fault::ShelfAway
            | Fault::StaleRead => self.parts.faults.arm(fault, passes),
        }
    }

    /// Whether the broker has it; if nobody can tell, it is sent again later.
    async fn publish(&mut self, message: &Outgoing) -> bool {
        let fates = self.parts.process.broker.publish(std::slice::from_ref(message)).await;
        fates == [Published::Confirmed]
    }

    async fn arrive(&mut self, message: Outgoing) {
        if !self.publish(&message).await {
            return self.held.push(message);
        }
        self.sent.insert(message.message_id.clone());
        self.arrived.push(message);
    }

    /// A command arrives, if it is not on its way for long.
    pub(crate) async fn send(&mut self, message: Outgoing) -> &'static str {
        if self.happens(15) {
            self.held.push(message);
            return "is late";
        }
        self.arrive(message).await;
        "arrives"
    }

    async fn let_arrive(&mut self) -> String {
        if self.held.is_empty() {
            return "nothing is late".to_owned();
        }
        let message = self.held.swap_remove(self.rng.usize(..self.held.len()));
        let told = format!("{} arrives at last", message.message_id);
        self.arrive(message).await;
        told
    }

    async fn repeat_command(&mut self) -> String {
        let Some(message) = pick(&mut self.rng, &self.arrived) else { return "nothing to repeat".to_owned() };
        self.publish(&message).await;
        format!("{} arrives again", message.message_id)
    }

    async fn repeat_fact(&mut self) -> String {
        let fact = self.parts.faults.journal(|journal| pick(&mut self.rng, &journal.facts));
        let Some(fact) = fact else { return "no fact to repeat".to_owned() };
        let message = Outgoing {
            destination: Destination::Exchange(Exchange::Facts),
            message_type: fact.message_type,
            message_id: fact.id,
            body: fact.body,
        };
        self.publish(&message).await;
        format!("{} {} is heard again", message.message_type, message.message_id)
    }

    fn move_clock(&mut self) -> String {
        let by = [TimeDelta::seconds(6), TimeDelta::minutes(3), PAST_EVERY_WAIT, TimeDelta::days(1)];
        let by = by[self.rng.usize(..by.len())];
        self.parts.advance(by);
        format!("{} seconds pass", by.num_seconds())
    }

    /// A group is retired, or restored.
    async fn change_catalogue(&mut self) -> String {
        let mut draft = (*self.parts.process.office.cached_catalogue()).clone();
        let id = GruppoId::new(RETIRABLE[self.rng.usize(..RETIRABLE.len())]).expect("a code");
        let gruppo = draft.gruppi.get_mut(&id).expect("a group of the catalogue");
        gruppo.retired = !gruppo.retired;
        let retired = gruppo.retired;
        match self.parts.process.office.import_catalogue(&draft).await {
            Ok(_) => format!("{id} is retired: {retired}"),
            Err(error) => format!("{id} stays: {error:?}"),
        }
    }

    /// Everything arrives, nothing fails any more but what was planned, and time passes until nothing waits.
    async fn come_to_rest(&mut self) -> Result<(), String> {
        for _round in 0..MAX_ROUNDS {
            self.step += 1;
            let worked = self.rest_once().await?;
            let failed = self.parts.faults.calls(|calls| calls.step());
            if worked || failed {
                continue;
            }
            self.check().await?;
            if self.followed.sight.waiting() == 0 && self.held.is_empty() && self.unanswered.is_empty() {
                self.tell("at rest".to_owned());
                return self.followed.check_at_rest(&self.parts, &self.arrived).await;
            }
            self.parts.advance(PAST_EVERY_WAIT);
        }
        Err("the office does not come to rest".to_owned())
    }

    /// Whoever is late arrives, whoever was not answered asks, whatever waits is worked; answers whether there was anything.
    async fn rest_once(&mut self) -> Result<bool, String> {
        let mut worked = false;
        for _late in 0..self.held.len() {
            worked = true;
            let told = self.let_arrive().await;
            self.tell(told);
        }
        for _unanswered in 0..self.unanswered.len() {
            worked = true;
            let told = self.ask_for_the_last_time().await?;
            self.tell(told);
            self.check().await?;
        }
        for number in 0..self.parts.process.queues() {
            match self.parts.process.step(number, MOST_TOGETHER).await {
                Ok(Step::Idle) => continue,
                Ok(Step::Settled(_)) => {}
                // It is tried again, if it was planned.
                Err(_given_back) if self.parts.faults.is_planned() => {}
                Err(error) => return Err(error.to_string()),
            }
            worked = true;
            self.check().await?;
        }
        Ok(worked)
    }
}

/// Something from the list, if there is anything.
pub(crate) fn pick<T: Clone>(rng: &mut Rng, list: &[T]) -> Option<T> {
    (!list.is_empty()).then(|| list[rng.usize(..list.len())].clone())
}
