//! The decisions of a batch, on the cases that lie on the desk. Two commands for one case see each other.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use smista_domain::attore::Attore;
use smista_domain::caso::{Caso, Pratica};
use smista_domain::catalogue::Catalogue;
use smista_domain::command::{Command, NewCaso, Opening};
use smista_domain::decide::{self, Cited, Decision, OpeningView};
use smista_domain::ids::{CasoId, CittadinoId};
use smista_domain::refusal::Refusal;
use smista_store::{Delegation, OpeningKey, Taken, WriteSet};

use super::incoming::{Applied, Incoming, Outcome, Request, Who};
use super::seen::{Seen, Standing};
use super::sets::Sets;
use crate::Office;
use crate::delegation::{NoOperator, operator_for};

/// What the batch is decided on.
pub(super) struct OnTheDesk<'a> {
    office: &'a Office,
    catalogue: Arc<Catalogue>,
    now: DateTime<Utc>,
    /// By padre.
    pratiche: BTreeMap<CasoId, Pratica>,
    /// The padre of every case on the desk.
    padre_of: BTreeMap<CasoId, CasoId>,
    /// In the order of their numbers: who comes first gets the lowest.
    pub(super) new_casi: VecDeque<NewCaso>,
    pub(super) known_casi: BTreeSet<CasoId>,
    pub(super) known_cittadini: BTreeSet<CittadinoId>,
    opened_before: BTreeMap<OpeningKey, CasoId>,
    delegations: BTreeMap<String, Delegation>,
}

impl<'a> OnTheDesk<'a> {
    pub(super) fn new(
        office: &'a Office,
        catalogue: Arc<Catalogue>,
        taken: Taken,
        now: DateTime<Utc>,
    ) -> Self {
        Self {
            office,
            catalogue,
            now,
            pratiche: BTreeMap::new(),
            padre_of: BTreeMap::new(),
            new_casi: VecDeque::new(),
            known_casi: BTreeSet::new(),
            known_cittadini: BTreeSet::new(),
            opened_before: taken.opened,
            delegations: taken.delegations,
        }
    }

    pub(super) fn lay_down(&mut self, pratiche: Vec<Pratica>) {
        for pratica in pratiche {
            let padre = pratica.padre.id;
            self.padre_of.extend(pratica.casi().map(|caso| (caso.id, padre)));
            self.pratiche.insert(padre, pratica);
        }
    }

    /// Decides every new command in order, and gathers what is to be written.
    pub(super) fn decide_all(mut self, batch: &[Incoming], seen: &Seen) -> (Vec<Outcome>, WriteSet) {
        let mut sets = Sets::new(self.office, self.now, &self.pratiche);
        let mut outcomes: Vec<Outcome> = Vec::with_capacity(batch.len());
        for (place, incoming) in batch.iter().enumerate() {
            let outcome = match seen.standing(place) {
                Standing::New => self.decide_one(incoming, &mut sets),
                Standing::SeenBefore => Outcome::SeenBefore,
                Standing::Answered(answer) => Outcome::Answered(answer.clone()),
                Standing::KeyOfOtherRequest => Outcome::KeyOfOtherRequest,
                Standing::SameAs(earlier) => the_first_ones(*earlier, &sets, &outcomes),
            };
            outcomes.push(outcome);
            sets.next_place();
        }
        let set = sets.finish(self.pratiche.into_values());
        (outcomes, set)
    }

    fn decide_one(&mut self, incoming: &Incoming, sets: &mut Sets<'_>) -> Outcome {
        let decided = catch_unwind(AssertUnwindSafe(|| self.outcome_of(incoming, sets)));
        let Ok(outcome) = decided else { return Outcome::Panicked };
        let rendered = incoming.render.as_ref().map(|render| render(&outcome)).unwrap_or_default();
        sets.keep(incoming, rendered);
        outcome
    }

    fn outcome_of(&mut self, incoming: &Incoming, sets: &mut Sets<'_>) -> Outcome {
        if let Some(caso) = incoming.request.opening_key().and_then(|key| self.opened_before.get(key)) {
            return Outcome::OpenedBefore(*caso);
        }
        let command = incoming.request.kind();
        let by = match self.attore(&incoming.who) {
            Ok(by) => by,
            Err(no_operator) => return Outcome::NoOperator(no_operator),
        };
        let (id, padre, decision) = match self.decision(incoming, &by) {
            Ok(decided) => decided,
            Err(refusal) => return Outcome::Refused(refusal),
        };
        let caso = self.put_down(id, padre, &decision);
        if let Request::Open { key, .. } = &incoming.request {
            // The same opening again in this batch must find the first.
            self.opened_before.insert(key.clone(), id);
        }
        sets.add(incoming, &by, &decision, self.pratiche.get(&padre));
        Outcome::Applied(Box::new(Applied { caso, by, command }))
    }

    fn attore(&self, who: &Who) -> Result<Attore, NoOperator> {
        match who {
            Who::System(attore) => Ok(attore.clone()),
            Who::Client { named, delegation } => operator_for(delegation, named.as_deref(), &self.catalogue),
            Who::Sender { cliente, named } => {
                let delegation = self.delegations.get(cliente).ok_or(NoOperator::UnknownClient)?;
                operator_for(delegation, named.as_deref(), &self.catalogue)
            }
        }
    }

    /// The decision, the case it is for, and the padre of its pratica.
    fn decision(
        &mut self,
        incoming: &Incoming,
        attore: &Attore,
    ) -> Result<(CasoId, CasoId, Decision), Refusal> {
        match &incoming.request {
            Request::Open { opening, .. } => {
                let new = self.new_casi.pop_front().ok_or(Refusal::Hidden)?;
                let decision = self.open(new, opening, attore)?;
                Ok((new.id, opening.padre.unwrap_or(new.id), decision))
            }
            Request::Act { caso, command } => {
                let (padre, decision) = self.act(*caso, command, incoming.expected_version, attore)?;
                Ok((*caso, padre, decision))
            }
        }
    }

    fn open(&self, new: NewCaso, opening: &Opening, attore: &Attore) -> Result<Decision, Refusal> {
        let padre = opening.padre.and_then(|padre| self.padre_of.get(&padre));
        let view = OpeningView {
            new,
            padre: padre.and_then(|padre| self.pratiche.get(padre)),
            cited: Cited {
                seguito_di: opening.seguito_di.is_some_and(|caso| self.known_casi.contains(&caso)),
                cittadino: opening.cittadino.is_some_and(|citizen| self.known_cittadini.contains(&citizen)),
            },
            catalogue: &self.catalogue,
        };
        decide::open(&view, opening, attore, self.now)
    }

    fn act(
        &self,
        id: CasoId,
        command: &Command,
        expected: Option<i64>,
        attore: &Attore,
    ) -> Result<(CasoId, Decision), Refusal> {
        let padre = self.padre_of.get(&id).ok_or(Refusal::Hidden)?;
        let pratica = self.pratiche.get(padre).ok_or(Refusal::Hidden)?;
        let decision = decide::act(pratica, id, command, &self.catalogue, attore, self.now);
        // Who may not see the case, or only how it stood when it left their Ente, is told nothing of its version.
        if let Err(refusal @ (Refusal::Hidden | Refusal::NotYourGroup { gruppo: None })) = decision {
            return Err(refusal);
        }
        let actual = pratica.caso(id).map_or(0, |caso| caso.versione);
        match expected.filter(|expected| *expected != actual) {
            Some(expected) => Err(Refusal::Conflict { expected, actual }),
            None => Ok((*padre, decision?)),
        }
    }

    /// Applies a decision to the cases on the desk; returns the case that it was for.
    fn put_down(&mut self, id: CasoId, padre: CasoId, decision: &Decision) -> Caso {
        let before = self.pratiche.remove(&padre);
        let after = decision.apply_to(before, self.now).expect("a decision opens a case or changes one");
        let caso = after.caso(id).cloned().expect("the case that the decision is for");
        self.padre_of.insert(id, padre);
        self.pratiche.insert(padre, after);
        caso
    }
}

/// What an equal request after the first of the batch gets: the answer kept for it; where none was kept, its outcome:
/// answered in another batch, the key of another request, or a conflict that is not kept.
fn the_first_ones(earlier: usize, sets: &Sets<'_>, outcomes: &[Outcome]) -> Outcome {
    sets.answer_at(earlier).or_else(|| outcomes.get(earlier).cloned()).unwrap_or(Outcome::Panicked)
}
