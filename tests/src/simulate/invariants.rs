//! What holds after every step, whatever was asked, repeated, delayed or lost. What was committed is followed change by
//! change in the order of the commits, and must be what the store then says.

use std::collections::{BTreeMap, BTreeSet};

use smista_domain::apply::replay;
use smista_domain::caso::Caso;
use smista_domain::catalogue::{Catalogue, Ruolo};
use smista_domain::fact::Fact;
use smista_domain::ids::{CasoId, Login};
use smista_domain::stato::{AttributoPrimoLivello, AttributoSecondoLivello, Stato};
use smista_messages::facts::fact_id;
use smista_messages::topology::TOPOLOGY;
use smista_queues::{Outgoing, Queue};
use smista_store::{CountBy, PaperRow, Store, StoriaRow};

use super::coverage::row_of;
use super::parts::Parts;
use super::sight::Sight;
use super::wishes::WORDS;

/// Longer than any history of a simulation.
const WHOLE: i64 = 100_000;

/// The office as its commits tell of it.
#[derive(Default)]
pub(crate) struct Followed {
    pub(crate) casi: BTreeMap<CasoId, Caso>,
    /// Their histories, each row as it was when it was written.
    storie: BTreeMap<CasoId, Vec<StoriaRow>>,
    /// Figli whose padre has changed since they were opened (R1).
    following: BTreeSet<CasoId>,
    pub(crate) rows: BTreeSet<usize>,
    pub(crate) sight: Sight,
    /// Cases that have no place, by the catalogue of this revision.
    unplaced: BTreeSet<CasoId>,
    unplaced_by_revision: Option<i64>,
}

fn that(holds: bool, what: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(what()) }
}

impl Followed {
    /// Takes in what was committed since the last look, and checks everything that it may have changed; `sent` are the
    /// ids of the commands published so far.
    pub(crate) async fn check(&mut self, parts: &Parts, sent: &BTreeSet<String>) -> Result<(), String> {
        let (written, broken) = parts
            .faults
            .journal(|journal| (std::mem::take(&mut journal.written), std::mem::take(&mut journal.broken)));
        that(broken.is_empty(), || broken.join("; "))?;
        let catalogue = parts.process.office.cached_catalogue();
        self.sight.look(&parts.store).await;
        let touched: BTreeSet<CasoId> = written.iter().map(|(caso, _)| *caso).collect();
        for id in &touched {
            let known = self.storie.entry(*id).or_default();
            let after = known.last().map_or(0, |entry| entry.row.versione);
            known.extend(parts.store.storia(*id, after, WHOLE).await.expect("the history"));
        }
        for (id, versione) in written {
            let entry = self.storie[&id].iter().find(|entry| entry.row.versione == versione).cloned();
            let entry = entry.ok_or_else(|| format!("{id} has no version {versione} in its history"))?;
            self.follow(&entry, &catalogue)?;
            announced(parts, &self.sight, &entry)?;
        }
        for id in &touched {
            self.check_case(parts, *id, &catalogue).await?;
        }
        self.check_figli()?;
        self.check_everybody_finds_a_place(&touched, &catalogue)?;
        self.sight.lost(sent).map_or(Ok(()), |id| Err(format!("the command {id} was lost")))?;
        let parked = parts.process.shelf.list_parked(None, 1).await.expect("the parcheggio");
        that(parked.is_empty(), || format!("parked: {}", parked[0].parked.reason.as_str()))
    }

    /// One history row, in the order of the commits.
    fn follow(&mut self, entry: &StoriaRow, catalogue: &Catalogue) -> Result<(), String> {
        let (id, row) = (entry.caso, &entry.row);
        let before = self.casi.remove(&id);
        self.rows.extend(row_of(before.as_ref(), entry, catalogue));
        let mut facts = row.facts.iter();
        let mut caso = match &before {
            Some(before) => before.clone(),
            None => match facts.next() {
                Some(Fact::Opened(opened)) => Caso::opened(id, opened, row.at),
                other => return Err(format!("the history of {id} begins with {other:?}")),
            },
        };
        caso.versione = row.versione;
        facts.for_each(|fact| caso.apply(fact, row.at));
        if let Some(before) = &before {
            that(row.versione == before.versione + 1, || {
                format!("{id} went from version {} to {}", before.versione, row.versione)
            })?;
            that(!before.stato.is_final() || before.stato == caso.stato, || {
                format!("{id} was {} for good and is {}", before.stato, caso.stato)
            })?;
            if standing(before) != standing(&caso) {
                let figli = self.casi.values().filter(|figlio| figlio.padre == Some(id));
                self.following.extend(figli.map(|figlio| figlio.id));
            }
        }
        self.casi.insert(id, caso);
        Ok(())
    }

    /// When all is at rest: the store holds the cases that its commits made, no others and not otherwise; each rejected
    /// one was examined; and each command that arrived left its words on a case, or was refused by a message.
    pub(crate) async fn check_at_rest(&self, parts: &Parts, arrived: &[Outgoing]) -> Result<(), String> {
        let stored = parts.store.count(CountBy::Stato).await.expect("the store");
        let stored: i64 = stored.iter().map(|counted| counted.count).sum();
        that(usize::try_from(stored) == Ok(self.casi.len()), || {
            format!("there are {stored} cases, and {} were opened", self.casi.len())
        })?;
        let mut said: BTreeSet<String> = BTreeSet::new();
        for (id, caso) in &self.casi {
            let stored = parts.store.caso(*id).await.expect("the store");
            that(stored.as_ref() == Some(caso), || format!("{id} is no longer what its commits made of it"))?;
            if caso.stato == Stato::Rigettato && !caso.is_figlio() {
                let triage = parts.store.triage(*id).await.expect("the store");
                let rejected = |entry: &&StoriaRow| {
                    entry.stato_after == Stato::Rigettato && entry.stato_before != Some(Stato::Rigettato)
                };
                let since = self.storie[id].iter().rfind(rejected).map_or(0, |entry| entry.row.versione);
                that(triage.is_some_and(|triage| triage.versione >= since), || {
                    format!("nobody examined {id}, which is {} since version {since}", caso.stato)
                })?;
            }
            for paper in parts.store.papers(*id).await.expect("the papers") {
                said.extend(words_of(&paper));
            }
        }
        let refused = parts.faults.journal(|journal| journal.refused.clone());
        for command in arrived.iter().filter(|command| !refused.contains(&command.message_id)) {
            let words = words_in(&String::from_utf8_lossy(&command.body));
            that(words.is_empty() || words.iter().any(|words| said.contains(words)), || {
                format!(
                    "the command {} was lost: it is on no case, and nobody refused it",
                    command.message_id
                )
            })?;
        }
        self.check_histories(parts).await
    }

    /// The histories are still what they were when each row of them was written.
    async fn check_histories(&self, parts: &Parts) -> Result<(), String> {
        for (id, known) in &self.storie {
            let stored = parts.store.storia(*id, 0, WHOLE).await.expect("the history");
            that(&stored == known, || format!("the history of {id} was written anew"))?;
        }
        Ok(())
    }

    async fn check_case(&self, parts: &Parts, id: CasoId, catalogue: &Catalogue) -> Result<(), String> {
        let stored = parts.store.caso(id).await.expect("the store").ok_or_else(|| format!("{id} is gone"))?;
        let rows: Vec<_> = self.storie[&id].iter().map(|entry| entry.row.clone()).collect();
        let replayed = replay(id, &rows).map_err(|broken| broken.to_string())?;
        that(replayed == stored, || format!("the history of {id} does not replay to the case"))?;
        that(self.casi[&id] == stored, || format!("{id} is not what its commits made of it"))?;
        check_holder(&stored, catalogue)?;
        granted_once(id, &parts.store.papers(id).await.expect("the papers"))
    }

    fn check_figli(&self) -> Result<(), String> {
        for figlio in self.casi.values().filter(|caso| caso.is_figlio() && !caso.stato.is_final()) {
            let padre = figlio.padre.and_then(|padre| self.casi.get(&padre)).ok_or("a figlio of nobody")?;
            let agrees = standing(figlio) == standing(padre);
            that(agrees || !self.following.contains(&figlio.id), || {
                format!("figlio {} is {}, its padre {}", figlio.id, figlio.stato, padre.stato)
            })?;
        }
        Ok(())
    }

    /// Whatever has no place yet will be heard of. A case is asked again when it or the catalogue changes.
    fn check_everybody_finds_a_place(
        &mut self,
        touched: &BTreeSet<CasoId>,
        catalogue: &Catalogue,
    ) -> Result<(), String> {
        let again: Vec<CasoId> = match self.unplaced_by_revision == Some(catalogue.revision) {
            true => touched.iter().copied().collect(),
            false => self.casi.keys().copied().collect(),
        };
        self.unplaced_by_revision = Some(catalogue.revision);
        for id in again {
            if has_no_place(&self.casi[&id], catalogue) {
                self.unplaced.insert(id);
            } else {
                self.unplaced.remove(&id);
            }
        }
        for caso in self.unplaced.iter().map(|id| &self.casi[id]) {
            that(self.sight.will_hear_of(caso.id, caso.gruppo.as_ref()), || {
                format!("{} is {} in {:?}, and nobody will place it", caso.id, caso.stato, caso.gruppo)
            })?;
        }
        Ok(())
    }
}

/// The second level owes something on it and no group that works has it. A figlio stands where its padre does.
fn has_no_place(caso: &Caso, catalogue: &Catalogue) -> bool {
    let owed = matches!(caso.stato, Stato::Assegnato | Stato::Trasferito | Stato::Sospeso);
    let group = caso.gruppo.as_ref().and_then(|gruppo| catalogue.gruppi.get(gruppo));
    owed && caso.padre.is_none() && group.is_none_or(|gruppo| gruppo.retired)
}

/// What a figlio takes from its padre (R1).
fn standing(
    caso: &Caso,
) -> (Stato, Option<&smista_domain::ids::GruppoId>, Option<&smista_domain::ids::Tripletta>) {
    (caso.stato, caso.gruppo.as_ref(), caso.tripletta.as_ref())
}

/// Every fact of a history row, and the change of state, was published by the commit that wrote it, and is in each queue
/// that listens to it. Asked after each step: none of them can have been taken by then.
fn announced(parts: &Parts, sight: &Sight, entry: &StoriaRow) -> Result<(), String> {
    let changed = (entry.stato_before != Some(entry.stato_after)).then_some("case.state_changed");
    let facts = entry.row.facts.iter().map(|fact| fact.message_type());
    for (index, message_type) in facts.chain(changed).enumerate() {
        let id = fact_id(entry.caso, entry.row.versione, entry.row.at, index).to_string();
        let named = ("smista".to_owned(), id);
        that(parts.faults.journal(|journal| journal.published.contains_key(&named)), || {
            format!("message {index} of {} v{} was never published", entry.caso, entry.row.versione)
        })?;
        let listens =
            |queue: &&Queue| queue.fed_by.iter().any(|binding| binding.message_type == message_type);
        for queue in TOPOLOGY.queues.iter().filter(listens) {
            that(sight.holds(queue.name, &named.1), || {
                format!("{message_type} of {} v{} is in no queue", entry.caso, entry.row.versione)
            })?;
        }
    }
    Ok(())
}

/// The words of one wish are on a case once.
fn granted_once(id: CasoId, papers: &[PaperRow]) -> Result<(), String> {
    let mut said = BTreeSet::new();
    for words in papers.iter().flat_map(words_of) {
        that(!said.contains(&words), || format!("{id} was told twice: {words}"))?;
        said.insert(words);
    }
    Ok(())
}

/// The words of wishes on a paper.
fn words_of(paper: &PaperRow) -> Vec<String> {
    words_in(&serde_json::to_string(&paper.contenuto).expect("JSON"))
}

/// The words of wishes in a text of JSON.
fn words_in(json: &str) -> Vec<String> {
    let words = json.split('"').filter(|text| text.starts_with(WORDS));
    words.map(str::to_owned).collect()
}

/// Whoever holds a case is of the level that the state belongs to, and of its group (6-2).
fn check_holder(caso: &Caso, catalogue: &Catalogue) -> Result<(), String> {
    let Some(titolare) = &caso.titolare else { return Ok(()) };
    let ruolo = catalogue.operatori.get(titolare).map(|operatore| &operatore.ruolo);
    let right = match caso.stato {
        Stato::Assegnato
        | Stato::Trasferito
        | Stato::Sospeso
        | Stato::RisoltoSecondoLivello(AttributoSecondoLivello::NonComunicato) => {
            is_member(titolare, caso, catalogue)
        }
        Stato::Rigettato => ruolo == Some(&Ruolo::GestioneRigetti),
        Stato::RisoltoSecondoLivello(AttributoSecondoLivello::DaComunicare)
        | Stato::RisoltoPrimoLivello(AttributoPrimoLivello::NonComunicato) => {
            ruolo == Some(&Ruolo::PrimoLivello)
        }
        Stato::RisoltoPrimoLivello(_)
        | Stato::RisoltoSecondoLivello(_)
        | Stato::AssegnatoRisolto
        | Stato::Annullato
        | Stato::NonRisolvibilePerInformazioneCarente => false,
    };
    that(right && !caso.is_figlio(), || format!("{titolare} holds {}, which is {}", caso.id, caso.stato))
}

fn is_member(login: &Login, caso: &Caso, catalogue: &Catalogue) -> bool {
    let gruppo = caso.gruppo.as_ref().and_then(|gruppo| catalogue.gruppi.get(gruppo));
    gruppo.is_some_and(|gruppo| gruppo.membri.contains(login))
}
