//! The sheets of the knowledge base, searched by text (clause 3-3).
//!
//! Knows what of a sheet is searched. Must not know who asks, nor the store: it reads a catalogue.

use std::collections::BTreeMap;

use serde::Serialize;
use smista_domain::catalogue::{Catalogue, Scheda};
use smista_domain::ids::{EnteId, SchedaId, Tripletta};

use crate::text_ranking::TextIndex;

/// A word of the title is worth so many of the text.
const TITLE_WEIGHT: usize = 3;

/// The current sheets of one catalogue.
pub struct SheetSearch {
    index: TextIndex<SchedaId>,
    sheets: BTreeMap<SchedaId, SheetFound>,
}

/// A sheet that fits, and the services that it leads to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SheetFound {
    /// Which.
    pub scheda: SchedaId,
    /// Whose.
    pub ente: EnteId,
    /// Its title.
    pub titolo: String,
    /// The services in use whose sheet it is, to open a case with.
    pub servizi: Vec<Tripletta>,
}

impl SheetSearch {
    /// The sheets of this catalogue that are not retired. Takes a moment: keep it for the catalogue's revision
    /// ([`PerRevision`](crate::text_ranking::PerRevision)).
    pub fn new(catalogue: &Catalogue) -> Self {
        let mut servizi: BTreeMap<&SchedaId, Vec<Tripletta>> = BTreeMap::new();
        for (tripletta, servizio) in &catalogue.servizi {
            if let (Some(scheda), Some(_)) = (&servizio.scheda, catalogue.active_servizio(tripletta)) {
                servizi.entry(scheda).or_default().push(tripletta.clone());
            }
        }
        let current = || catalogue.schede.values().filter(|scheda| !scheda.retired);
        let found = |scheda: &Scheda| SheetFound {
            scheda: scheda.id.clone(),
            ente: scheda.ente.clone(),
            titolo: scheda.titolo.clone(),
            servizi: servizi.get(&scheda.id).cloned().unwrap_or_default(),
        };
        let text = |scheda: &Scheda| {
            let titles = [scheda.titolo.as_str(), " "].concat().repeat(TITLE_WEIGHT);
            titles + &sheet_text(scheda)
        };
        Self {
            index: TextIndex::new(current().map(|scheda| (scheda.id.clone(), text(scheda)))),
            sheets: current().map(|scheda| (scheda.id.clone(), found(scheda))).collect(),
        }
    }

    /// The sheets that fit `text` best, at most `limit`; of one Ente, if one is given.
    pub fn find(&self, text: &str, ente: Option<&EnteId>, limit: usize) -> Vec<&SheetFound> {
        self.index
            .matches(text)
            .iter()
            .filter_map(|(scheda, _)| self.sheets.get(scheda))
            .filter(|sheet| ente.is_none_or(|ente| sheet.ente == *ente))
            .take(limit)
            .collect()
    }
}

/// Everything that a sheet says, in one text.
pub(crate) fn sheet_text(scheda: &Scheda) -> String {
    let sections = scheda.sezioni.iter().flat_map(|section| [&section.titolo, &section.testo]);
    let answers = scheda.risposte_standard.iter().flat_map(|answer| [&answer.titolo, &answer.testo]);
    let words: Vec<&str> = sections.chain(answers).chain(&scheda.sms).map(String::as_str).collect();
    words.join(" ")
}

#[cfg(test)]
mod tests;
