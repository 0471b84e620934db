//! Facts turned into rows: what a batch writes, table by table.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use smista_domain::apply::HistoryRow;
use smista_domain::attore::Attore;
use smista_domain::caso::{Caso, Pratica};
use smista_domain::decide::{Change, Decision};
use smista_domain::fact::Fact;
use smista_domain::ids::CasoId;
use smista_domain::stato::Stato;
use smista_store::{EsigenzaRow, OpeningKey, PaperRow, RigettoRow, StoriaRow, WriteSet};

use super::incoming::{Incoming, Outcome, Rendered, Request};
use crate::Office;
use crate::announce;

/// The rows gathered so far.
pub(super) struct Sets<'a> {
    office: &'a Office,
    now: DateTime<Utc>,
    set: WriteSet,
    /// The version in the store of every case that was loaded.
    stored_versions: BTreeMap<CasoId, i64>,
    /// Where each case stands after the commands so far.
    stati: BTreeMap<CasoId, Stato>,
    opened: BTreeMap<CasoId, OpeningKey>,
    /// The answers rendered so far, by place in the batch.
    answers: Vec<Option<Outcome>>,
    place: usize,
}

impl<'a> Sets<'a> {
    pub(super) fn new(office: &'a Office, now: DateTime<Utc>, loaded: &BTreeMap<CasoId, Pratica>) -> Self {
        let casi = || loaded.values().flat_map(Pratica::casi);
        Self {
            office,
            now,
            set: WriteSet::default(),
            stored_versions: casi().map(|caso| (caso.id, caso.versione)).collect(),
            stati: casi().map(|caso| (caso.id, caso.stato)).collect(),
            opened: BTreeMap::new(),
            answers: Vec::new(),
            place: 0,
        }
    }

    /// Adds a decision that has been applied to `after`.
    pub(super) fn add(
        &mut self,
        incoming: &Incoming,
        attore: &Attore,
        decision: &Decision,
        after: Option<&Pratica>,
    ) {
        if let (Request::Open { key, .. }, Some(change)) = (&incoming.request, decision.changes.first()) {
            self.opened.insert(change.caso, key.clone());
        }
        for change in &decision.changes {
            if let Some(caso) = after.and_then(|pratica| pratica.caso(change.caso)) {
                self.add_change(incoming, attore, change, caso);
            }
        }
    }

    fn add_change(&mut self, incoming: &Incoming, attore: &Attore, change: &Change, caso: &Caso) {
        let stato_before = self.stati.insert(caso.id, caso.stato);
        let messages = announce::messages(
            &self.office.source,
            caso,
            attore,
            &change.facts,
            stato_before,
            incoming.traceparent.as_deref(),
            self.now,
        );
        self.set.outbox.extend(messages);
        let by = attore.login.clone();
        self.set.papers.extend(change.papers.iter().zip(0_i64..).map(|(paper, indice)| PaperRow {
            caso: caso.id,
            versione: caso.versione,
            indice,
            campo: paper.campo,
            contenuto: paper.contenuto.clone(),
            at: self.now,
            by: by.clone(),
        }));
        for fact in &change.facts {
            self.add_what_others_learn(fact, caso);
        }
        self.set.storia.push(StoriaRow {
            caso: caso.id,
            row: HistoryRow { versione: caso.versione, at: self.now, by, facts: change.facts.clone() },
            command: incoming.request.kind().message_type().to_owned(),
            stato_before,
            stato_after: caso.stato,
        });
    }

    /// Rejections, for triage, and knowledge gaps, merged in the act that raises them (R11).
    fn add_what_others_learn(&mut self, fact: &Fact, caso: &Caso) {
        let Some(tripletta) = caso.tripletta.clone() else { return };
        if let Fact::Rejected { causa, gruppo, suggerita, .. } = fact {
            self.set.rigetti.push(RigettoRow {
                caso: caso.id,
                versione: caso.versione,
                tripletta,
                gruppo: gruppo.clone(),
                causa: *causa,
                suggerita: suggerita.clone(),
                at: self.now,
            });
        } else if let Fact::GapRaised { genere } = fact {
            let id = self.office.surroundings.fresh_uuid();
            self.set.esigenze.push(EsigenzaRow {
                id,
                genere: *genere,
                tripletta,
                caso: caso.id,
                at: self.now,
            });
        }
    }

    /// Keeps what a command's outcome was rendered as.
    pub(super) fn keep(&mut self, incoming: &Incoming, rendered: Rendered) {
        self.set.outbox.extend(rendered.message);
        if let (Some(key), Some(answer)) = (&incoming.idempotency, rendered.answer) {
            self.answers.resize(self.place, None);
            self.answers.push(Some(Outcome::Answered(answer.clone())));
            self.set.answers.push((key.clone(), answer));
        }
    }

    pub(super) fn next_place(&mut self) {
        self.place += 1;
    }

    /// The answer kept for an equal request earlier in the batch, if one was kept.
    pub(super) fn answer_at(&self, place: usize) -> Option<Outcome> {
        self.answers.get(place).cloned().flatten()
    }

    /// The whole set: each case once, as it stands after all commands.
    pub(super) fn finish(mut self, pratiche: impl Iterator<Item = Pratica>) -> WriteSet {
        let touched: BTreeSet<CasoId> = self.set.storia.iter().map(|row| row.caso).collect();
        let casi = pratiche.flat_map(|pratica| std::iter::once(pratica.padre).chain(pratica.figli));
        for caso in casi.filter(|caso| touched.contains(&caso.id)) {
            match (self.stored_versions.get(&caso.id), self.opened.remove(&caso.id)) {
                (Some(stored), _) => self.set.changed.push((caso, *stored)),
                (None, Some(key)) => self.set.opened.push((caso, key)),
                (None, None) => {}
            }
        }
        self.set
    }
}
