//! Evidence about one case: its description beside the sheets and the solved cases. Pure.

use smista_domain::catalogue::{Catalogue, Servizio};
use smista_domain::ids::{GruppoId, Tripletta};
use smista_store::{RejectionOutcome, SolvedText};

use super::path::Passaggio;
use super::ranking::{Candidate, Evidence, candidates};
use crate::sheet_search::sheet_text;
use crate::text_ranking::TextIndex;

/// What the catalogue says about the candidates' services; changes with its revision only.
pub struct Texts {
    /// Every group that a case can be reassigned to.
    pub candidates: Vec<Candidate>,
    sheets: TextIndex<Tripletta>,
}

impl Texts {
    /// The candidates of this catalogue, and what their services' sheets, names and units say.
    pub fn new(catalogue: &Catalogue) -> Self {
        let candidates = candidates(catalogue);
        let services = candidates.iter().flat_map(|candidate| candidate.servizi.keys());
        let texts = services.filter_map(|tripletta| {
            let servizio = catalogue.servizi.get(tripletta)?;
            Some((tripletta.clone(), service_text(catalogue, servizio)))
        });
        Self { sheets: TextIndex::new(texts), candidates }
    }
}

fn service_text(catalogue: &Catalogue, servizio: &Servizio) -> String {
    let Tripletta { ente, macrostruttura, .. } = &servizio.tripletta;
    let unit = |id| catalogue.macrostrutture.get(&(ente.clone(), id));
    let lowest = unit(macrostruttura.clone());
    let units = std::iter::successors(lowest, |lower| lower.parent.clone().and_then(unit));
    let sheet = catalogue.scheda_of(&servizio.tripletta).filter(|scheda| !scheda.retired);
    let names = units.map(|unit| unit.nome.clone()).chain([servizio.nome.clone()]);
    let said = sheet.map(|scheda| format!("{} {}", scheda.titolo, sheet_text(scheda)));
    names.chain(said).collect::<Vec<_>>().join(" ")
}

/// The descriptions of solved cases, by the group and service that solved each.
pub struct SolvedTexts(TextIndex<(GruppoId, Tripletta)>);

impl SolvedTexts {
    /// An index of these descriptions.
    pub fn new(solved: Vec<SolvedText>) -> Self {
        Self(TextIndex::new(solved.into_iter().map(|case| ((case.gruppo, case.tripletta), case.text))))
    }
}

/// What is known about where a case with this description and path belongs, which these groups rejected: the system's
/// own rejections are no group's judgement (row 20a).
pub fn evidence(
    description: &str,
    path: &[Passaggio],
    rejected_by: &[GruppoId],
    outcomes: Vec<RejectionOutcome>,
    texts: &Texts,
    solved: &SolvedTexts,
) -> Evidence {
    let rejections = path.iter().filter_map(|stay| stay.rigetto.as_ref());
    Evidence {
        proposed: rejections.filter_map(|rigetto| rigetto.suggerita.clone()).collect(),
        outcomes,
        like_sheets: texts.sheets.matches(description),
        like_solved: solved.0.matches(description),
        rejected_by: rejected_by.iter().cloned().collect(),
    }
}

#[cfg(test)]
#[path = "evidence_tests.rs"]
mod tests;
