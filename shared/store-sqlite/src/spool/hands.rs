//! Which rows are in whose hands, in memory. Knows numbers only.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use smista_queues::BrokerError;

pub(super) struct Hands {
    /// Rows up to this number were in the spool at an unclean stop.
    suspects_until: i64,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    in_hand: BTreeSet<i64>,
    given_back: BTreeSet<i64>,
    /// The one row in hand that the last process may have died of.
    suspect: Option<i64>,
    ended: bool,
}

impl Hands {
    pub(super) fn new(suspects_until: i64) -> Self {
        Self { suspects_until, state: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Every change below is complete in itself, so a panic elsewhere leaves nothing half done.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn all(&self) -> Vec<i64> {
        self.state().in_hand.iter().copied().collect()
    }

    /// Given back in this process, the row has proved that it lets its taker live.
    pub(super) fn is_suspect(&self, id: i64) -> bool {
        id <= self.suspects_until && !self.state().given_back.contains(&id)
    }

    pub(super) fn holds_suspect(&self) -> bool {
        self.state().suspect.is_some()
    }

    pub(super) fn was_given_back(&self, id: i64) -> bool {
        self.state().given_back.contains(&id)
    }

    pub(super) fn take(&self, ids: impl IntoIterator<Item = i64>) {
        self.state().in_hand.extend(ids);
    }

    pub(super) fn take_suspect(&self, id: i64) {
        let mut state = self.state();
        state.in_hand.insert(id);
        state.suspect = Some(id);
    }

    /// The row is gone.
    pub(super) fn settle(&self, id: i64) {
        let mut state = self.state();
        state.in_hand.remove(&id);
        state.given_back.remove(&id);
        state.clear_suspect(id);
    }

    pub(super) fn give_back(&self, id: i64) {
        let mut state = self.state();
        if state.in_hand.remove(&id) {
            state.given_back.insert(id);
        }
        state.clear_suspect(id);
    }

    /// Ends every consumer; answers what must be remembered as given back.
    pub(super) fn end(&self) -> BTreeSet<i64> {
        let mut state = self.state();
        state.ended = true;
        let in_hand = std::mem::take(&mut state.in_hand);
        state.given_back.extend(in_hand);
        std::mem::take(&mut state.given_back)
    }

    pub(super) fn check_open(&self) -> Result<(), BrokerError> {
        if self.state().ended {
            return Err(BrokerError::Unavailable("the spool is closed".to_owned()));
        }
        Ok(())
    }
}

impl State {
    fn clear_suspect(&mut self, id: i64) {
        if self.suspect == Some(id) {
            self.suspect = None;
        }
    }
}
