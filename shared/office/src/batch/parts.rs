//! Which commands go to the desk together once a batch was undone, until whatever is poison is alone.
//!
//! Knows places in a batch and what became of them. Must not know what a command is.

use std::sync::Arc;

use smista_store::StoreError;

use super::incoming::Outcome;

/// What undid a batch.
pub(super) enum Poison {
    /// Deciding these panicked, by place in what was applied together.
    Panicked(Vec<usize>),
    /// The store refused some command's data, and does not say whose.
    Refused(Arc<StoreError>),
}

impl Poison {
    fn outcome(&self) -> Outcome {
        match self {
            Self::Panicked(_) => Outcome::Panicked,
            Self::Refused(error) => Outcome::Failed(Arc::clone(error)),
        }
    }
}

/// The outcomes known so far, and the parts of the batch that are still to be applied.
pub(super) struct Outcomes {
    known: Vec<Option<Outcome>>,
    /// Places in the batch, in order. The next part comes last.
    parts: Vec<Vec<usize>>,
}

impl Outcomes {
    /// Of a batch of so many commands, which was undone as a whole.
    pub(super) fn of_parts(count: usize, poison: Poison) -> Self {
        let mut outcomes = Self { known: vec![None; count], parts: Vec::new() };
        let whole: Vec<usize> = (0..count).collect();
        match poison {
            // Even a batch of one is tried again: an opening that the store refuses may be found the next time.
            Poison::Refused(_) if count == 1 => outcomes.parts.push(whole),
            poison => outcomes.undone(&whole, poison),
        }
        outcomes
    }

    pub(super) fn next_part(&mut self) -> Option<Vec<usize>> {
        self.parts.pop()
    }

    pub(super) fn settle(&mut self, part: Vec<usize>, done: Vec<Outcome>) {
        for (place, outcome) in part.into_iter().zip(done) {
            if let Some(known) = self.known.get_mut(place) {
                *known = Some(outcome);
            }
        }
    }

    /// Those that panicked are tried once more, each alone, after all others together: what made them panic may have
    /// been another's doing. Where nobody is known to be the culprit, each half goes by itself.
    pub(super) fn undone(&mut self, part: &[usize], poison: Poison) {
        match (part, poison) {
            ([alone], poison) => self.settle(vec![*alone], vec![poison.outcome()]),
            (_, Poison::Panicked(culprits)) => {
                let is_culprit = |at: &usize| culprits.contains(at);
                let (culprits, others): (Vec<usize>, Vec<usize>) = (0..part.len()).partition(is_culprit);
                let places = |at: Vec<usize>| at.into_iter().filter_map(|at| part.get(at).copied());
                self.parts.extend(places(culprits).rev().map(|culprit| vec![culprit]));
                self.parts
                    .extend(Some(places(others).collect::<Vec<_>>()).filter(|others| !others.is_empty()));
            }
            (_, Poison::Refused(_)) => {
                let (first, second) = part.split_at(part.len() / 2);
                self.parts.push(second.to_vec());
                self.parts.push(first.to_vec());
            }
        }
    }

    /// One outcome for each command.
    pub(super) fn settled(self) -> Vec<Outcome> {
        self.known.into_iter().map(|outcome| outcome.unwrap_or(Outcome::Panicked)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Applies a batch of so many whose poisonous places are known; the parts that went to the desk.
    fn applied(
        count: usize,
        poison: impl Fn(Vec<usize>) -> Option<Poison>,
    ) -> (Vec<Outcome>, Vec<Vec<usize>>) {
        let whole = poison((0..count).collect()).expect("undone as a whole");
        let mut outcomes = Outcomes::of_parts(count, whole);
        let mut parts = Vec::new();
        while let Some(part) = outcomes.next_part() {
            parts.push(part.clone());
            match poison(part.clone()) {
                Some(poison) => outcomes.undone(&part, poison),
                None => outcomes.settle(part.clone(), vec![Outcome::SeenBefore; part.len()]),
            }
        }
        (outcomes.settled(), parts)
    }

    fn fine(outcomes: &[Outcome]) -> Vec<usize> {
        let is_fine = |place: &usize| matches!(outcomes.get(*place), Some(Outcome::SeenBefore));
        (0..outcomes.len()).filter(is_fine).collect()
    }

    #[test]
    fn the_others_of_one_that_panics_go_together() {
        let panics = |part: Vec<usize>| {
            let at = part.iter().position(|place| *place == 2)?;
            Some(Poison::Panicked(vec![at]))
        };
        let (outcomes, parts) = applied(5, panics);
        assert_eq!(parts, [vec![0, 1, 3, 4], vec![2]]);
        assert_eq!(fine(&outcomes), [0, 1, 3, 4]);
        assert!(matches!(outcomes.get(2), Some(Outcome::Panicked)));
    }

    #[test]
    fn who_panics_only_in_company_is_not_poison() {
        let panics = |part: Vec<usize>| (part.len() > 1).then(|| Poison::Panicked((0..part.len()).collect()));
        let (outcomes, parts) = applied(3, panics);
        assert_eq!(parts, [[0], [1], [2]]);
        assert_eq!(fine(&outcomes), [0, 1, 2]);
    }

    #[test]
    fn refused_data_is_found_by_halves() {
        let refuses = |part: Vec<usize>| {
            part.contains(&200).then(|| Poison::Refused(Arc::new(StoreError::Data("too long".into()))))
        };
        let (outcomes, parts) = applied(256, refuses);
        assert_eq!(parts.len(), 16, "two for each halving");
        assert_eq!(fine(&outcomes).len(), 255);
        assert!(matches!(outcomes.get(200), Some(Outcome::Failed(_))));
    }
}
