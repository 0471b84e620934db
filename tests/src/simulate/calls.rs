//! Calls of the ports, counted one by one, and the one that is to fail.

use std::collections::BTreeMap;

/// Steps that a port stays away once it has failed for good.
const STEPS_AWAY: usize = 4;

/// A method of a port that may fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Call {
    Desk,
    ReserveProtocolli,
    CatalogueRevision,
    Catalogue,
    ReplaceCatalogue,
    RejectionOutcomes,
    SolvedTexts,
    Search,
    Cliente,
    DeskTake,
    DeskSettleDeliveries,
    DeskLoadPratiche,
    DeskKnownCasi,
    DeskKnownCittadini,
    DeskDossiers,
    DeskWrite,
    DeskCommit,
    BrokerPublish,
    BrokerConsume,
    ConsumerTake,
    ConsumerAcknowledge,
    ShelfPut,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Port {
    Store,
    Broker,
    Shelf,
}

impl Call {
    /// Whether it changes what is kept, so that it may have done so when its answer is lost.
    pub fn changes(self) -> bool {
        matches!(
            self,
            Self::ReserveProtocolli
                | Self::ReplaceCatalogue
                | Self::DeskCommit
                | Self::BrokerPublish
                | Self::ConsumerAcknowledge
                | Self::ShelfPut
        )
    }

    fn port(self) -> Port {
        match self {
            Self::BrokerPublish | Self::BrokerConsume | Self::ConsumerTake | Self::ConsumerAcknowledge => {
                Port::Broker
            }
            Self::ShelfPut => Port::Shelf,
            Self::Desk
            | Self::ReserveProtocolli
            | Self::CatalogueRevision
            | Self::Catalogue
            | Self::ReplaceCatalogue
            | Self::RejectionOutcomes
            | Self::SolvedTexts
            | Self::Search
            | Self::Cliente
            | Self::DeskTake
            | Self::DeskSettleDeliveries
            | Self::DeskLoadPratiche
            | Self::DeskKnownCasi
            | Self::DeskKnownCittadini
            | Self::DeskDossiers
            | Self::DeskWrite
            | Self::DeskCommit => Port::Store,
        }
    }
}

/// How a call fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// It does nothing, once.
    Refused,
    /// It does what it should, and nobody hears of it.
    AnswerLost,
    /// From this call on every call of its port does nothing, until it is healed some steps later.
    Away,
}

/// The call that fails: the `nth` of its kind, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failure {
    pub call: Call,
    pub nth: usize,
    pub way: Way,
}

/// What is to become of one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    Goes,
    Refused,
    AnswerLost,
}

/// Every call so far.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    pub(crate) made: BTreeMap<Call, usize>,
    planned: Option<Failure>,
    /// The port that is away, and for how many steps still.
    away: Option<(Port, usize)>,
    /// Something failed in this step.
    failed: bool,
}

impl Calls {
    pub(crate) fn plan(&mut self, failure: Option<Failure>) {
        *self = Self { planned: failure, ..Self::default() };
    }

    /// Whether the call that was to fail has not been made.
    pub(crate) fn is_still_to_come(&self) -> bool {
        self.planned.is_some()
    }

    pub(crate) fn make(&mut self, call: Call) -> Turn {
        let made = self.made.entry(call).or_default();
        *made += 1;
        if self.away.is_some_and(|(port, _)| port == call.port()) {
            self.failed = true;
            return Turn::Refused;
        }
        let Some(Failure { way, .. }) =
            self.planned.take_if(|failure| (failure.call, failure.nth) == (call, *made))
        else {
            return Turn::Goes;
        };
        self.failed = true;
        match way {
            Way::Refused => Turn::Refused,
            Way::AnswerLost => Turn::AnswerLost,
            Way::Away => {
                self.away = Some((call.port(), STEPS_AWAY));
                Turn::Refused
            }
        }
    }

    /// Ends a step; answers whether something failed in it.
    pub(crate) fn step(&mut self) -> bool {
        self.away = self.away.and_then(|(port, steps)| Some((port, steps.checked_sub(1)?)));
        std::mem::take(&mut self.failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calls(way: Way) -> Calls {
        let mut calls = Calls::default();
        calls.plan(Some(Failure { call: Call::DeskCommit, nth: 2, way }));
        calls
    }

    #[test]
    fn the_nth_call_of_a_kind_fails_once() {
        let mut calls = calls(Way::AnswerLost);
        let turns = [Call::DeskCommit, Call::Desk, Call::Desk, Call::DeskCommit, Call::DeskCommit];
        let turns = turns.map(|call| calls.make(call));
        assert_eq!(turns, [Turn::Goes, Turn::Goes, Turn::Goes, Turn::AnswerLost, Turn::Goes]);
        assert!(!calls.is_still_to_come());
    }

    #[test]
    fn a_port_that_is_away_answers_no_call_until_it_is_healed() {
        let mut calls = calls(Way::Away);
        calls.make(Call::DeskCommit);
        assert_eq!(calls.make(Call::DeskCommit), Turn::Refused);
        assert_eq!([calls.make(Call::Desk), calls.make(Call::ShelfPut)], [Turn::Refused, Turn::Goes]);
        assert!(calls.step());
        (0..STEPS_AWAY).for_each(|_| assert!(!calls.step()));
        assert_eq!(calls.make(Call::Desk), Turn::Goes);
    }
}
