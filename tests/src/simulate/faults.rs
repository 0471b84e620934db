//! What goes wrong, and when: a fault is armed for one step and strikes at its place in the ports. A defect is planted
//! for a whole simulation, and is there to be found.

use std::sync::{Mutex, MutexGuard, PoisonError};

use fastrand::Rng;

use super::calls::{Call, Calls, Failure, Turn};
use super::journal::Journal;

/// A mistake that the office could have been built with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Defect {
    /// Every message counts as new.
    NoInbox,
    /// A delivery is acknowledged when it is taken, not when it is settled.
    EarlyAcknowledgement,
    /// What was decided on an outdated case is written after whatever is there, as the next version.
    NoVersionCheck,
    /// Now and then one message of a commit is not written.
    LostOutboxRow,
}

/// Something that happens to a sound office.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The store does not answer.
    StoreAway,
    /// The process, or the connection, dies before the commit.
    CommitLost,
    /// It dies after the commit, before anybody hears of it.
    AnswerLost,
    /// It dies after the work was committed, before the delivery is acknowledged.
    AcknowledgementLost,
    /// The shelf does not take a wait.
    ShelfAway,
    /// A desk is shown a case as it was before its last change, as if its lock had not held.
    StaleRead,
    /// The handler asks for another try, and the ladder decides when.
    TryLater,
}

/// The faults that strike at this call, and what they make of it.
fn at_random(call: Call) -> &'static [(Fault, Turn)] {
    match call {
        Call::Desk | Call::ReserveProtocolli | Call::ReplaceCatalogue | Call::Search | Call::Cliente => {
            &[(Fault::StoreAway, Turn::Refused)]
        }
        Call::DeskCommit => &[(Fault::CommitLost, Turn::Refused), (Fault::AnswerLost, Turn::AnswerLost)],
        Call::ConsumerAcknowledge => &[(Fault::AcknowledgementLost, Turn::Refused)],
        Call::ShelfPut => &[(Fault::ShelfAway, Turn::Refused)],
        Call::CatalogueRevision
        | Call::Catalogue
        | Call::RejectionOutcomes
        | Call::SolvedTexts
        | Call::DeskTake
        | Call::DeskSettleDeliveries
        | Call::DeskLoadPratiche
        | Call::DeskKnownCasi
        | Call::DeskKnownCittadini
        | Call::DeskDossiers
        | Call::DeskWrite
        | Call::BrokerPublish
        | Call::BrokerConsume
        | Call::ConsumerTake => &[],
    }
}

/// Shared by the decorators of all ports.
pub(crate) struct Faults {
    pub(crate) defect: Option<Defect>,
    state: Mutex<State>,
}

struct State {
    /// Each with how often its place is still to be passed.
    armed: Vec<(Fault, usize)>,
    struck: Vec<Fault>,
    rng: Rng,
    journal: Journal,
    calls: Calls,
    /// Nothing strikes at random: what fails is planned.
    is_planned: bool,
}

impl Faults {
    pub(crate) fn new(defect: Option<Defect>, rng: Rng) -> Self {
        let state = State {
            armed: Vec::new(),
            struck: Vec::new(),
            rng,
            journal: Journal::default(),
            calls: Calls::default(),
            is_planned: false,
        };
        Self { defect, state: Mutex::new(state) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn is(&self, defect: Defect) -> bool {
        self.defect == Some(defect)
    }

    /// From now on nothing strikes at random, and calls are counted anew.
    pub(crate) fn plan(&self, failure: Option<Failure>) {
        let mut state = self.state();
        state.is_planned = true;
        state.calls.plan(failure);
    }

    /// Whether what fails is planned.
    pub(crate) fn is_planned(&self) -> bool {
        self.state().is_planned
    }

    /// Reads the calls that were made.
    pub(crate) fn calls<T>(&self, with: impl FnOnce(&mut Calls) -> T) -> T {
        with(&mut self.state().calls)
    }

    /// One call of a port, as it goes or as it is to fail.
    pub(crate) async fn call<T, E>(
        &self,
        call: Call,
        away: fn() -> E,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let turn = self.turn(call);
        match turn {
            Turn::Goes => work.await,
            Turn::Refused => Err(away()),
            Turn::AnswerLost => {
                work.await?;
                Err(away())
            }
        }
    }

    fn turn(&self, call: Call) -> Turn {
        let planned = self.state().calls.make(call);
        let armed = || at_random(call).iter().find(|(fault, _)| self.strikes(*fault)).map(|(_, turn)| *turn);
        if planned == Turn::Goes { armed().unwrap_or(Turn::Goes) } else { planned }
    }

    /// Lets the fault strike once, at its place after it was passed `passes` times.
    pub(crate) fn arm(&self, fault: Fault, passes: usize) {
        let mut state = self.state();
        // Another try is no failure: what lays messages aside can fail only where there is one.
        if !state.is_planned || fault == Fault::TryLater {
            state.armed.push((fault, passes));
        }
    }

    /// Ends the step; says what struck in it.
    pub(crate) fn disarm(&self) -> Vec<Fault> {
        let mut state = self.state();
        state.armed.clear();
        std::mem::take(&mut state.struck)
    }

    /// Whether this fault strikes here and now.
    pub(crate) fn strikes(&self, fault: Fault) -> bool {
        let mut state = self.state();
        let Some(place) = state.armed.iter().position(|(armed, _)| *armed == fault) else { return false };
        if state.armed[place].1 > 0 {
            state.armed[place].1 -= 1;
            return false;
        }
        state.armed.remove(place);
        state.struck.push(fault);
        true
    }

    pub(crate) fn shuffle<T>(&self, items: &mut [T]) {
        self.state().rng.shuffle(items);
    }

    /// A number below `end`.
    pub(crate) fn below(&self, end: usize) -> usize {
        self.state().rng.usize(..end)
    }

    /// Reads or writes what has been committed.
    pub(crate) fn journal<T>(&self, with: impl FnOnce(&mut Journal) -> T) -> T {
        with(&mut self.state().journal)
    }
}
