//! The shell around triage: reads what it needs, thinks, and records it on one Desk with the messages' inbox rows.

use std::collections::{BTreeMap, BTreeSet};

use smista_domain::caso::Caso;
use smista_domain::fact::{Campo, Contenuto};
use smista_domain::ids::CasoId;
use smista_domain::stato::Stato;
use smista_store::{MessageKey, PaperRow, StoreError, TriageRow, WriteSet};

use super::evidence::{SolvedTexts, Texts, evidence};
use super::path::{Passaggio, path};
use super::ranking::rank;
use super::{Findings, shortened};
use crate::Office;
use crate::judge::nobodys_fault;
use crate::text_ranking::PerRevision;

/// Solved cases read for each group: enough to know a group's language, few enough to index for each batch.
const SOLVED_PER_GROUP: i64 = 20;
/// History rows read at a time.
const HISTORY_PAGE: i64 = 200;

/// Examines rejected cases. Keeps what it learned from the catalogue until the catalogue changes.
pub struct Triage {
    texts: PerRevision<Texts>,
}

/// The news that a case was rejected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RejectedCase {
    /// Which.
    pub caso: CasoId,
    /// The version of that rejection.
    pub versione: i64,
    /// The message that brought the news, for the inbox.
    pub message: MessageKey,
    /// The spool row that its delivery is, settled by the same commit.
    pub spool_row: Option<i64>,
}

/// What became of the news.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Triaged {
    /// The findings are recorded.
    Recorded,
    /// The message had been handled before.
    SeenBefore,
    /// The case has been reassigned, cancelled or rejected again since, or does not exist.
    Stale,
}

impl Default for Triage {
    fn default() -> Self {
        Self { texts: PerRevision::new(Texts::new) }
    }
}

impl Triage {
    /// Examines these cases and records what was found; one answer for each, in order.
    ///
    /// # Errors
    /// The store's. Nothing is recorded then, and the same again is harmless.
    pub async fn run(
        &self,
        office: &Office,
        worker: &str,
        news: &[RejectedCase],
    ) -> Result<Vec<Triaged>, StoreError> {
        let catalogue = office.catalogue().await?;
        let texts = self.texts.get(&catalogue).await;
        let solved =
            SolvedTexts::new(office.store.solved_texts(SOLVED_PER_GROUP).await.map_err(nobodys_fault)?);
        let mut found = BTreeMap::new();
        for case in news {
            if let Some(examined) = examine(office, case, &texts, &solved).await? {
                found.insert((case.caso, case.versione), examined);
            }
        }
        record(office, worker, news, found).await
    }
}

/// What was found, if the rejection in question is still where the case stands.
async fn examine(
    office: &Office,
    news: &RejectedCase,
    texts: &Texts,
    solved: &SolvedTexts,
) -> Result<Option<Findings>, StoreError> {
    let store = &*office.store;
    let Some(caso) = store.caso(news.caso).await?.filter(is_rejected) else { return Ok(None) };
    let percorso = whole_path(office, news.caso).await?;
    let Some((stay, rigetto)) = standing_rejection(&percorso, news.versione) else { return Ok(None) };
    let outcomes = match &stay.tripletta {
        Some(tripletta) => store.rejection_outcomes(tripletta, rigetto.causa).await.map_err(nobodys_fault)?,
        None => Vec::new(),
    };
    let description = description(&store.papers(news.caso).await?);
    let evidence = evidence(&description, &percorso, &caso.rigettato_da, outcomes, texts, solved);
    let suggerimenti = shortened(rank(&texts.candidates, &evidence));
    Ok(Some(Findings { rimbalza: caso.bounces(), percorso, suggerimenti }))
}

fn is_rejected(caso: &Caso) -> bool {
    caso.stato == Stato::Rigettato
}

/// The last stay, if it ended by the rejection of this version.
fn standing_rejection(path: &[Passaggio], versione: i64) -> Option<(&Passaggio, &super::Rigetto)> {
    let last = path.last()?;
    let rigetto = last.rigetto.as_ref().filter(|rigetto| rigetto.versione == versione)?;
    Some((last, rigetto))
}

async fn whole_path(office: &Office, caso: CasoId) -> Result<Vec<Passaggio>, StoreError> {
    let mut history = Vec::new();
    loop {
        let after = history.last().map_or(0, |row: &smista_domain::apply::HistoryRow| row.versione);
        let page = office.store.storia(caso, after, HISTORY_PAGE).await?;
        if page.is_empty() {
            return Ok(path(&history));
        }
        history.extend(page.into_iter().map(|row| row.row));
    }
}

/// What the citizen asked. An erased description leaves nothing to compare.
fn description(papers: &[PaperRow]) -> String {
    let texts = papers.iter().filter(|paper| paper.campo == Campo::Descrizione);
    let words = texts.filter_map(|paper| match &paper.contenuto {
        Contenuto::Testo(testo) => Some(testo.as_str()),
        Contenuto::Luogo(_) | Contenuto::Anagrafica(_) => None,
    });
    words.collect::<Vec<_>>().join(" ")
}

/// Cases that moved between the reading and the lock are left to the news of that move.
async fn record(
    office: &Office,
    worker: &str,
    news: &[RejectedCase],
    mut found: BTreeMap<(CasoId, i64), Findings>,
) -> Result<Vec<Triaged>, StoreError> {
    let mut desk = office.store.desk().await?;
    let keys: Vec<MessageKey> = news.iter().map(|case| case.message.clone()).collect();
    let unseen = desk.take_unseen(worker, &keys).await?;
    let spool: Vec<i64> = news.iter().filter_map(|case| case.spool_row).collect();
    if !spool.is_empty() {
        desk.settle_deliveries(&spool).await?;
    }
    let casi: BTreeSet<CasoId> = found.keys().map(|(caso, _)| *caso).collect();
    let pratiche = desk.load_pratiche(&casi).await?;
    let standing: BTreeMap<CasoId, (i64, usize)> = pratiche
        .iter()
        .flat_map(|pratica| pratica.casi())
        .filter(|caso| is_rejected(caso))
        .map(|caso| (caso.id, (caso.versione, caso.rigetti as usize)))
        .collect();

    let mut set = WriteSet::default();
    let mut answers = Vec::with_capacity(news.len());
    for (case, unseen) in news.iter().zip(unseen) {
        let findings = found.remove(&(case.caso, case.versione));
        let rejections =
            |findings: &Findings| findings.percorso.iter().filter(|stay| stay.rigetto.is_some()).count();
        answers.push(match (unseen, findings, standing.get(&case.caso)) {
            (false, _, _) => Triaged::SeenBefore,
            (true, Some(findings), Some((versione, rigetti))) if rejections(&findings) == *rigetti => {
                set.triage.push(TriageRow {
                    caso: case.caso,
                    versione: *versione,
                    findings: serde_json::to_value(&findings).expect("findings are plain data"),
                    at: office.surroundings.now(),
                });
                Triaged::Recorded
            }
            (true, _, _) => Triaged::Stale,
        });
    }
    desk.write(&set).await?;
    office.publish(desk.commit().await?);
    Ok(answers)
}
