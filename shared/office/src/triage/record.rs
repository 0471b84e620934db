//! The shell around triage: reads what it needs, thinks, and records it, on one Desk with the messages' inbox rows.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use smista_domain::ids::CasoId;
use smista_domain::stato::Stato;
use smista_store::{Asked, Desk, Dossier, MessageKey, StoreError, Taken, TriageRow, WriteSet};

use super::evidence::{Texts, evidence};
use super::learned::{Learned, Lessons};
use super::path::{Passaggio, path};
use super::ranking::rank;
use super::{Findings, shortened};
use crate::Office;
use crate::batch::desk_with_catalogue;
use crate::text_ranking::PerRevision;

/// Examines rejected cases. Keeps what it learned from the catalogue until the catalogue changes, and what it learned from
/// cases for a minute.
pub struct Triage {
    texts: PerRevision<Texts>,
    lessons: Lessons,
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
        Self { texts: PerRevision::new(Texts::new), lessons: Lessons::default() }
    }
}

impl Triage {
    /// Examines these cases and records what was found; one answer for each, in order.
    ///
    /// Nothing is locked: findings are kept beside the case with the version that they are of, and a case that moves at
    /// this moment brings news of its own.
    ///
    /// # Errors
    /// The store's. Nothing is recorded then, and the same again is harmless.
    pub async fn run(
        &self,
        office: &Office,
        worker: &str,
        news: &[RejectedCase],
    ) -> Result<Vec<Triaged>, StoreError> {
        let learned = self.lessons.current(office).await?;
        let messages = news.iter().map(|case| case.message.clone()).collect();
        let asked = Asked { worker: worker.to_owned(), messages, ..Asked::default() };
        let (mut desk, texts, taken) = self.desk_with_texts(office, &asked).await?;
        let spool: Vec<i64> = news.iter().filter_map(|case| case.spool_row).collect();
        if !spool.is_empty() {
            desk.settle_deliveries(&spool).await?;
        }
        let new = news.iter().zip(&taken.unseen).filter(|(_, unseen)| **unseen);
        let casi: BTreeSet<CasoId> = new.map(|(case, _)| case.caso).collect();
        let dossiers = if casi.is_empty() { Vec::new() } else { desk.dossiers(&casi).await? };
        let dossiers: BTreeMap<CasoId, Dossier> =
            dossiers.into_iter().map(|dossier| (dossier.caso.id, dossier)).collect();
        let mut set = WriteSet::default();
        let mut answers = Vec::with_capacity(news.len());
        for (case, unseen) in news.iter().zip(&taken.unseen) {
            let dossier = dossiers.get(&case.caso).filter(|_known| *unseen);
            let found = dossier.and_then(|dossier| examine(dossier, case.versione, &texts, &learned));
            answers.push(match (unseen, &found) {
                (false, _) => Triaged::SeenBefore,
                (true, Some(_)) => Triaged::Recorded,
                (true, None) => Triaged::Stale,
            });
            set.triage.extend(dossier.zip(found).map(|(dossier, findings)| TriageRow {
                caso: case.caso,
                versione: dossier.caso.versione,
                findings: serde_json::to_value(&findings).expect("findings are plain data"),
                at: office.surroundings.now(),
            }));
        }
        desk.write(&set).await?;
        office.publish(desk.commit().await?);
        Ok(answers)
    }

    /// A desk, and what belongs to its catalogue, which takes its time to work out: no desk is open meanwhile.
    async fn desk_with_texts(
        &self,
        office: &Office,
        asked: &Asked,
    ) -> Result<(Box<dyn Desk>, Arc<Texts>, Taken), StoreError> {
        loop {
            let newest = office.cached_catalogue();
            let texts = self.texts.get(&newest).await;
            let (desk, catalogue, taken) = desk_with_catalogue(office, asked).await?;
            if catalogue.revision == newest.revision {
                return Ok((desk, texts, taken));
            }
        }
    }
}

/// What is found, if the rejection of this version is still where the case stands.
fn examine(dossier: &Dossier, versione: i64, texts: &Texts, learned: &Learned) -> Option<Findings> {
    let caso = &dossier.caso;
    if caso.stato != Stato::Rigettato {
        return None;
    }
    let percorso = path(&dossier.storia);
    let (stay, rigetto) = standing_rejection(&percorso, versione)?;
    let outcomes = stay.tripletta.as_ref().map(|tripletta| learned.outcomes(tripletta, rigetto.causa));
    let description = dossier.descrizioni.iter().map(|testo| testo.as_str()).collect::<Vec<_>>().join(" ");
    let outcomes = outcomes.unwrap_or_default();
    let evidence = evidence(&description, &percorso, &caso.rigettato_da, outcomes, texts, &learned.solved);
    let suggerimenti = shortened(rank(&texts.candidates, &evidence));
    Some(Findings { rimbalza: caso.bounces(), percorso, suggerimenti })
}

/// The last stay, if it ended by the rejection of this version.
fn standing_rejection(path: &[Passaggio], versione: i64) -> Option<(&Passaggio, &super::Rigetto)> {
    let last = path.last()?;
    let rigetto = last.rigetto.as_ref().filter(|rigetto| rigetto.versione == versione)?;
    Some((last, rigetto))
}
