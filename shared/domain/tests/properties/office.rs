//! An office that takes random steps and keeps what the invariants ask about.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use smista_domain::apply::{HistoryRow, replay};
use smista_domain::attore::Attore;
use smista_domain::authorise::{authorise, possible_actions};
use smista_domain::caso::{Caso, Pratica};
use smista_domain::catalogue::Catalogue;
use smista_domain::command::{CommandKind, NewCaso, Opening};
use smista_domain::decide::{Cited, Decision, OpeningView, act, open};
use smista_domain::ids::{CasoId, EnteId, Login};
use smista_domain::refusal::Refusal;
use smista_domain::transitions::{From, TRANSITIONS, To};

use crate::invariants;
use crate::steps::{Details, Step};
use crate::world::{at, attore, caso_id, catalogue, gruppo, protocollo};

/// Everything that has happened so far.
pub(crate) struct Office {
    pub(crate) catalogue: Catalogue,
    pub(crate) attori: Vec<Attore>,
    pub(crate) pratiche: Vec<Pratica>,
    /// What a store would keep of each case.
    pub(crate) histories: BTreeMap<CasoId, Vec<HistoryRow>>,
    /// The Enti that each case has ever been with.
    pub(crate) enti: BTreeMap<CasoId, BTreeSet<EnteId>>,
    /// The figli whose padre has changed since they were opened.
    pub(crate) following: BTreeSet<CasoId>,
    /// The rows by which something was done.
    pub(crate) rows: BTreeSet<&'static str>,
    clock: i64,
}

impl Office {
    pub(crate) fn new() -> Self {
        let catalogue = catalogue();
        // The first two are of the first level: they open most cases.
        let names = ["primo-uno", "primo-due"].into_iter().map(crate::world::login);
        let others =
            catalogue.operatori.keys().filter(|login| !login.as_str().starts_with("primo-")).cloned();
        let attori = names.chain(others).map(|login: Login| attore(login.as_str(), &catalogue)).collect();
        Self {
            catalogue,
            attori,
            pratiche: vec![],
            histories: BTreeMap::new(),
            enti: BTreeMap::new(),
            following: BTreeSet::new(),
            rows: BTreeSet::new(),
            clock: 0,
        }
    }

    /// Takes a step, and checks after it whatever must always hold.
    pub(crate) fn take(&mut self, step: &Step) {
        self.clock += 1;
        match step {
            Step::Retire { gruppo: name } => {
                // As an import is refused: a group with answers left to tell stays (row 20a).
                let gruppo = gruppo(name);
                let mut cases = self.pratiche.iter().flat_map(Pratica::casi);
                if !cases.any(|caso| invariants::is_left_to_tell_by(caso, &gruppo)) {
                    self.catalogue.gruppi.get_mut(&gruppo).expect("a group of the catalogue").retired = true;
                }
            }
            Step::Open { actor, padre, opening } => self.open(*actor, *padre, opening),
            Step::Act { actor, caso, kind, details } => {
                let attore = self.attori[actor % self.attori.len()].clone();
                if let Some((index, id)) = self.pick(*caso) {
                    self.act(index, id, *kind, details, &attore);
                }
            }
            Step::ActAsOffered { choice, caso, details } => {
                if let Some((index, id)) = self.pick(*caso) {
                    let offers = self.offers(index, id);
                    let (attore, kind) = offers[choice % offers.len()].clone();
                    self.act(index, id, kind, details, &attore);
                }
            }
        }
        invariants::check(self);
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        at(self.clock)
    }

    fn pick(&self, number: usize) -> Option<(usize, CasoId)> {
        let all: Vec<_> = self
            .pratiche
            .iter()
            .enumerate()
            .flat_map(|(index, pratica)| pratica.casi().map(move |caso| (index, caso.id)))
            .collect();
        (!all.is_empty()).then(|| all[number % all.len()])
    }

    /// Who is offered what on this case; the first level can always add a note.
    fn offers(&self, index: usize, id: CasoId) -> Vec<(Attore, CommandKind)> {
        let caso = self.pratiche[index].caso(id).expect("a case that was picked");
        let of = |attore: &Attore| {
            let attore = attore.clone();
            possible_actions(caso, &attore).into_iter().map(move |kind| (attore.clone(), kind))
        };
        let (rest, moving): (Vec<_>, Vec<_>) = self.attori.iter().flat_map(of).partition(|(_, kind)| {
            matches!(kind, CommandKind::Note | CommandKind::CorrectAnagrafica | CommandKind::Cancel)
        });
        // What moves the case comes three times, else most cases would only collect notes.
        moving.iter().chain(&moving).chain(&moving).chain(&rest).cloned().collect()
    }

    fn open(&mut self, actor: usize, padre: usize, opening: &Opening) {
        let attore = self.attori[actor % self.attori.len()].clone();
        let picked = self.pick(padre).filter(|_| opening.motivo.is_some_and(|motivo| motivo.is_figlio()));
        let opening = Step::on_padre(opening, picked.map(|(_, id)| id));
        let number = self.histories.len() + 1;
        let new = NewCaso { id: caso_id(number as u128), protocollo: protocollo(number as i64) };
        let pratica = picked.filter(|_| opening.padre.is_some()).map(|(index, _)| index);
        let view = OpeningView {
            new,
            padre: pratica.map(|index| &self.pratiche[index]),
            cited: Cited::default(),
            catalogue: &self.catalogue,
        };
        let Ok(decision) = open(&view, &opening, &attore, self.now()) else { return };
        let before = pratica.map(|index| self.pratiche[index].clone());
        self.settle(pratica, before, &decision, &attore);
        let stato = self.caso(new.id).stato;
        let leads_there = TRANSITIONS.iter().any(|row| {
            row.from == From::New && matches!(row.to, To::OneOf(states) if states.contains(&stato))
        });
        assert!(leads_there, "no row opens a case as {stato}");
    }

    fn act(&mut self, index: usize, id: CasoId, kind: CommandKind, details: &Details, attore: &Attore) {
        let before = self.pratiche[index].clone();
        let caso = before.caso(id).expect("a case that was picked");
        let authorised = authorise(caso, kind, attore);
        assert_eq!(possible_actions(caso, attore).contains(&kind), authorised.is_ok());
        let command = details.command(kind);
        let decided = act(&before, id, &command, &self.catalogue, attore, self.now());
        match (authorised, decided) {
            (Err(refused), decided) => {
                assert_eq!(decided, Err(refused), "what is not offered is refused alike")
            }
            (Ok(_), Err(refused)) => {
                let for_what_it_says = !matches!(
                    refused,
                    Refusal::Hidden
                        | Refusal::State { .. }
                        | Refusal::Figlio { .. }
                        | Refusal::Role { .. }
                        | Refusal::NotYourGroup { .. }
                        | Refusal::HeldBy { .. }
                );
                assert!(for_what_it_says, "{kind:?} was offered and refused: {refused}");
            }
            (Ok(row), Ok(decision)) => {
                self.settle(Some(index), Some(before.clone()), &decision, attore);
                invariants::check_row(caso, self.caso(id), kind);
                self.rows.insert(row.row);
            }
        }
    }

    /// Applies a decision, and writes down what a store would.
    fn settle(
        &mut self,
        index: Option<usize>,
        before: Option<Pratica>,
        decision: &Decision,
        attore: &Attore,
    ) {
        let now = self.now();
        let after = decision.apply_to(before.clone(), now).expect("a pratica");
        let known = |id| before.as_ref().and_then(|pratica| pratica.caso(id));
        for change in &decision.changes {
            let versione = known(change.caso).map_or(1, |caso| caso.versione + 1);
            let row = HistoryRow { versione, at: now, by: attore.login.clone(), facts: change.facts.clone() };
            assert!(!row.facts.is_empty(), "a change without facts");
            self.histories.entry(change.caso).or_default().push(row);
        }
        for caso in after.casi() {
            self.enti.entry(caso.id).or_default().extend(caso.ente().cloned());
            invariants::check_change(known(caso.id), caso);
            let replayed = replay(caso.id, &self.histories[&caso.id]).expect("a whole history");
            assert_eq!(replayed, *caso, "history does not replay to the case");
        }
        if let Some(before) = &before
            && invariants::standing(&before.padre) != invariants::standing(&after.padre)
        {
            self.following.extend(before.figli.iter().map(|figlio| figlio.id));
        }
        match index {
            Some(index) => self.pratiche[index] = after,
            None => self.pratiche.push(after),
        }
    }

    fn caso(&self, id: CasoId) -> &Caso {
        self.pratiche.iter().find_map(|pratica| pratica.caso(id)).expect("a case of the office")
    }
}
