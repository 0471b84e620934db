//! What an actor may read of cases, in one place: HTTP and the command line both ask here (R14, R23).
//!
//! Knows: what of a case is shown to whom, and which cases a search may look at. Must not know: HTTP, SQL.

mod desks;
mod views;

use smista_domain::apply::replay;
use smista_domain::attore::Attore;
use smista_domain::caso::{Caso, ContactLimits};
use smista_domain::catalogue::Ruolo;
use smista_domain::fact::Campo;
use smista_domain::ids::{CasoId, EnteId};
use smista_domain::visibility::{Visibility, visibility};
use smista_store::{CasoFilter, Page, PageRequest, PaperRow, StoreError, StoriaRow};

use crate::Office;
pub use desks::{DeskEntry, call_back, earlier_cases, inbox, misrouted, rejects, segnalazioni};
pub use views::{CaseSummary, CaseView, HistoryEntry, Nota, PaperView};

/// A history is read in parts of so many rows; a case that has more is an oddity, not an error.
const HISTORY_PART: i64 = 500;

/// A case as this actor may see it; none when it does not exist or must seem so.
pub async fn case(
    office: &Office,
    attore: &Attore,
    limits: ContactLimits,
    id: CasoId,
) -> Result<Option<CaseView>, StoreError> {
    let Some(pratica) = office.store.pratica(id).await? else { return Ok(None) };
    let Some(caso) = pratica.caso(id) else { return Ok(None) };
    let sight = Sight::of(attore, caso);
    let Some(shown) = as_seen(office, caso, sight.seen).await? else { return Ok(None) };
    let figli = if caso.is_figlio() { &[] } else { pratica.figli.as_slice() };
    let figli = figli.iter().filter(|figlio| visibility(attore, figlio) != Visibility::Hidden);
    let papers = sight.readable(office.store.papers(id).await?);
    let summary = CaseSummary::of(&shown, caso, attore, limits, office.surroundings.now());
    Ok(Some(CaseView::new(summary, figli.map(|figlio| figlio.id).collect(), papers)))
}

/// What happened to a case after the version `after`, as far as this actor may know, oldest first and at most
/// `limit` entries; none when the case does not exist or must seem so.
pub async fn history(
    office: &Office,
    attore: &Attore,
    id: CasoId,
    after: i64,
    limit: i64,
) -> Result<Option<Vec<HistoryEntry>>, StoreError> {
    let Some(caso) = office.store.caso(id).await? else { return Ok(None) };
    let sight = Sight::of(attore, &caso);
    if sight.seen == Visibility::Hidden {
        return Ok(None);
    }
    let papers = sight.readable(office.store.papers(id).await?);
    let rows = office.store.storia(id, after, limit).await?;
    let rows = rows.into_iter().filter(|row| sight.reaches(row.row.versione));
    Ok(Some(rows.map(|row| HistoryEntry::new(row, &papers)).collect()))
}

/// Cases that match and that this actor may see, oldest contact first. A former Ente reads its cases by their id
/// only: a list shows where cases stand now, which it may not know.
pub async fn search(
    office: &Office,
    attore: &Attore,
    limits: ContactLimits,
    filter: CasoFilter,
    page: &PageRequest,
) -> Result<Page<CaseSummary>, StoreError> {
    let Some(scoped) = within_reach(attore, filter) else { return Ok(Page { rows: Vec::new(), next: None }) };
    let found = office.store.search(&scoped, page).await?;
    let now = office.surroundings.now();
    let rows = found.rows.iter().filter(|caso| sees_it_now(attore, caso));
    let rows = rows.map(|caso| CaseSummary::of(caso, caso, attore, limits, now)).collect();
    Ok(Page { rows, next: found.next })
}

/// Whether this actor may look for cases by what a citizen is reached at (R14).
pub fn may_search_by_citizen(attore: &Attore) -> bool {
    match attore.ruolo {
        Ruolo::PrimoLivello
        | Ruolo::SecondoLivello { .. }
        | Ruolo::Specialista { .. }
        | Ruolo::GestioneRigetti
        | Ruolo::Sistema => true,
        Ruolo::Ufficio | Ruolo::Operazioni => false,
    }
}

/// The filter narrowed to what the role may see; none when nothing that was asked for lies within.
fn within_reach(attore: &Attore, filter: CasoFilter) -> Option<CasoFilter> {
    match &attore.ruolo {
        Ruolo::PrimoLivello | Ruolo::GestioneRigetti | Ruolo::Operazioni | Ruolo::Sistema => Some(filter),
        Ruolo::SecondoLivello { ente } => Some(CasoFilter { ente: own(ente, &filter)?, ..filter }),
        Ruolo::Specialista { ente } => {
            let coinvolto = Some(attore.login.clone());
            Some(CasoFilter { ente: own(ente, &filter)?, coinvolto, ..filter })
        }
        Ruolo::Ufficio => Some(CasoFilter { esigenza: true, ..filter }),
    }
}

/// The actor's own Ente as a filter, unless another one was asked for.
fn own(ente: &EnteId, filter: &CasoFilter) -> Option<Option<EnteId>> {
    filter.ente.as_ref().is_none_or(|asked| asked == ente).then(|| Some(ente.clone()))
}

/// Whether this actor may know where the case stands now, which is what lists show.
fn sees_it_now(attore: &Attore, caso: &Caso) -> bool {
    match visibility(attore, caso) {
        Visibility::Full | Visibility::WithoutAnagrafica | Visibility::WithoutPersonalData => true,
        Visibility::UpTo { .. } | Visibility::Hidden => false,
    }
}

/// The case as it stands, or as it stood when it left the actor's Ente.
async fn as_seen(office: &Office, caso: &Caso, seen: Visibility) -> Result<Option<Caso>, StoreError> {
    match seen {
        Visibility::Full | Visibility::WithoutAnagrafica | Visibility::WithoutPersonalData => {
            Ok(Some(caso.clone()))
        }
        Visibility::Hidden => Ok(None),
        Visibility::UpTo { versione } => {
            let mut rows: Vec<StoriaRow> = Vec::new();
            loop {
                let after = rows.last().map_or(0, |row| row.row.versione);
                let part = office.store.storia(caso.id, after, HISTORY_PART).await?;
                let ended = part.is_empty() || after >= versione;
                rows.extend(part);
                if ended {
                    break;
                }
            }
            let rows: Vec<_> =
                rows.into_iter().map(|row| row.row).filter(|row| row.versione <= versione).collect();
            let then = replay(caso.id, &rows)
                .map_err(|broken| StoreError::Corrupt { what: "history", source: Box::new(broken) })?;
            Ok(Some(then))
        }
    }
}

/// What of a case an actor sees, by the case as it was first read. The papers and the history are read after it: whatever
/// was added in between belongs to a case that may have left the actor's Ente, and to a version that is not shown.
#[derive(Debug, Clone, Copy)]
struct Sight {
    seen: Visibility,
    versione: i64,
}

impl Sight {
    fn of(attore: &Attore, caso: &Caso) -> Self {
        Self { seen: visibility(attore, caso), versione: caso.versione }
    }

    /// Whether the actor may know of this version.
    fn reaches(self, versione: i64) -> bool {
        let last = match self.seen {
            Visibility::Full | Visibility::WithoutAnagrafica | Visibility::WithoutPersonalData => {
                self.versione
            }
            Visibility::UpTo { versione } => versione.min(self.versione),
            Visibility::Hidden => return false,
        };
        versione <= last
    }

    /// Those of a case's texts and data that the actor may read.
    fn readable(self, mut papers: Vec<PaperRow>) -> Vec<PaperRow> {
        let reads = |campo| match self.seen {
            Visibility::Full => true,
            Visibility::WithoutAnagrafica | Visibility::UpTo { .. } => campo != Campo::Anagrafica,
            Visibility::WithoutPersonalData | Visibility::Hidden => false,
        };
        papers.retain(|paper| self.reaches(paper.versione) && reads(paper.campo));
        papers
    }
}

#[cfg(test)]
mod tests;
