//! Which group may be competent: evidence weighed in points that a person can follow. Pure.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use smista_domain::catalogue::Catalogue;
use smista_domain::ids::{GruppoId, Tripletta};
use smista_store::RejectionOutcome;

/// What each kind of evidence is worth at most. A proposal outweighs the others together: who read the case and
/// knows the Ente from within is seldom wrong. The sheet says what a service is for; a few solved cases say what
/// came up by chance, and weighed as much as the sheet they hide it (measured in `tests/suggestions.rs`). Where
/// earlier cases went says least about this one.
const PROPOSED: f32 = 100.0;
const LIKE_THE_SHEET: f32 = 40.0;
const LIKE_SOLVED_CASES: f32 = 15.0;
const EARLIER_OUTCOMES: f32 = 10.0;

/// A group that a case can be reassigned to (row 21).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The group.
    pub gruppo: GruppoId,
    /// The services on avanzato that it is competent for, each with what describes it.
    pub servizi: BTreeMap<Tripletta, Described>,
}

/// What a description is compared with, as Gestione Rigetti knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Described {
    /// The service's sheet, by its title.
    Scheda(String),
    /// The service's own name, where it has no sheet in use.
    Nome(String),
}

/// What speaks for one group or another.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Evidence {
    /// Services that groups proposed when they rejected the case.
    pub proposed: BTreeSet<Tripletta>,
    /// Where cases of the same service rejected for the same cause ended up.
    pub outcomes: Vec<RejectionOutcome>,
    /// How alike the description is to the sheets: score by service, higher is more alike.
    pub like_sheets: Vec<(Tripletta, f32)>,
    /// How alike the description is to solved cases: score by the group and service of each.
    pub like_solved: Vec<((GruppoId, Tripletta), f32)>,
    /// The groups that rejected the case.
    pub rejected_by: BTreeSet<GruppoId>,
}

/// A group that may be competent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suggestion {
    /// The group.
    pub gruppo: GruppoId,
    /// The service of the group that fits best.
    pub tripletta: Tripletta,
    /// The weight of what speaks for it, in tenths of a point: comparable within one case only.
    pub punti: i64,
    /// Whether the group has rejected this very case.
    pub ha_rigettato: bool,
    /// Why it is suggested, in words for Gestione Rigetti.
    pub motivi: Vec<String>,
}

/// The competent groups of every Ente's services on avanzato, in the order of their codes.
pub fn candidates(catalogue: &Catalogue) -> Vec<Candidate> {
    let mut by_group: BTreeMap<GruppoId, BTreeMap<Tripletta, Described>> = BTreeMap::new();
    for (servizio, gruppo) in catalogue.avanzato_with_gruppo() {
        let scheda = catalogue.scheda_of(&servizio.tripletta).filter(|scheda| !scheda.retired);
        let described = match scheda {
            Some(scheda) => Described::Scheda(scheda.titolo.clone()),
            None => Described::Nome(servizio.nome.clone()),
        };
        by_group.entry(gruppo.id.clone()).or_default().insert(servizio.tripletta.clone(), described);
    }
    by_group.into_iter().map(|(gruppo, servizi)| Candidate { gruppo, servizi }).collect()
}

/// The candidates that something speaks for, best first, those that rejected the case last. Groups with equal
/// points keep the order of `candidates`.
pub fn rank(candidates: &[Candidate], evidence: &Evidence) -> Vec<Suggestion> {
    let scales = Scales::of(evidence);
    let mut ranked: Vec<Suggestion> =
        candidates.iter().filter_map(|candidate| suggestion(candidate, evidence, &scales)).collect();
    ranked.sort_by_key(|suggestion| (suggestion.ha_rigettato, std::cmp::Reverse(suggestion.punti)));
    ranked
}

/// What counts as a whole: scores mean something only beside the best of the same case.
struct Scales {
    outcomes: f32,
    /// One for sheets and solved cases, so that a faint likeness to a solved case stays faint.
    likeness: f32,
}

impl Scales {
    fn of(evidence: &Evidence) -> Self {
        let sheets = evidence.like_sheets.iter().map(|(_, score)| *score);
        let solved = evidence.like_solved.iter().map(|(_, score)| *score);
        Self {
            outcomes: evidence.outcomes.iter().map(|outcome| as_f32(outcome.count)).sum::<f32>().max(1.0),
            likeness: sheets.chain(solved).fold(f32::MIN_POSITIVE, f32::max),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a share of a count of cases needs no more than 24 bits")]
fn as_f32(count: i64) -> f32 {
    count as f32
}

/// Points gathered for one group, by kind and by the service that they speak for.
#[derive(Default)]
struct Weighed {
    points: f32,
    reasons: Vec<String>,
    by_service: BTreeMap<Tripletta, f32>,
}

impl Weighed {
    fn add(&mut self, points: f32, service: &Tripletta, reason: String) {
        self.points += points;
        *self.by_service.entry(service.clone()).or_default() += points;
        self.reasons.push(reason);
    }
}

fn suggestion(candidate: &Candidate, evidence: &Evidence, scales: &Scales) -> Option<Suggestion> {
    let mut weighed = Weighed::default();
    if let Some(service) = evidence.proposed.iter().find(|service| candidate.servizi.contains_key(service)) {
        weighed.add(PROPOSED, service, "Proposto da chi ha rigettato il caso.".to_owned());
    }
    weigh_sheets(&mut weighed, candidate, evidence, scales);
    weigh_solved(&mut weighed, candidate, evidence, scales);
    weigh_outcomes(&mut weighed, candidate, evidence, scales);

    // A service that the group is no longer competent for may speak for the group, but is not to be suggested.
    let own = weighed.by_service.iter().filter(|(service, _)| candidate.servizi.contains_key(service));
    let fitting = own.max_by(|(_, one), (_, other)| one.total_cmp(other)).map(|(service, _)| service);
    let tripletta = fitting.or_else(|| candidate.servizi.keys().next())?.clone();
    let ha_rigettato = evidence.rejected_by.contains(&candidate.gruppo);
    if ha_rigettato {
        weighed.reasons.push("Ha già rigettato questo caso.".to_owned());
    }
    let gruppo = candidate.gruppo.clone();
    let punti = whole(weighed.points);
    (punti > 0).then_some(Suggestion { gruppo, tripletta, punti, ha_rigettato, motivi: weighed.reasons })
}

/// Tenths of a point, so that near equals are still told apart.
#[expect(clippy::cast_possible_truncation, reason = "at most a few thousand")]
fn whole(points: f32) -> i64 {
    (points * 10.0).round() as i64
}

fn weigh_sheets(weighed: &mut Weighed, candidate: &Candidate, evidence: &Evidence, scales: &Scales) {
    let own = evidence.like_sheets.iter().filter(|(service, _)| candidate.servizi.contains_key(service));
    let best = own.max_by(|(_, one), (_, other)| one.total_cmp(other));
    let described = best.and_then(|best| Some((best, candidate.servizi.get(&best.0)?)));
    if let Some(((service, score), described)) = described {
        let reason = match described {
            Described::Scheda(titolo) => format!("La descrizione somiglia alla scheda «{titolo}»."),
            Described::Nome(nome) => format!("La descrizione somiglia al servizio «{nome}»."),
        };
        weighed.add(LIKE_THE_SHEET * score / scales.likeness, service, reason);
    }
}

fn weigh_solved(weighed: &mut Weighed, candidate: &Candidate, evidence: &Evidence, scales: &Scales) {
    let own = evidence.like_solved.iter().filter(|((gruppo, _), _)| *gruppo == candidate.gruppo);
    if let Some(((_, service), score)) = own.max_by(|(_, one), (_, other)| one.total_cmp(other)) {
        let reason = "La descrizione somiglia a casi già risolti da questo gruppo.".to_owned();
        weighed.add(LIKE_SOLVED_CASES * score / scales.likeness, service, reason);
    }
}

fn weigh_outcomes(weighed: &mut Weighed, candidate: &Candidate, evidence: &Evidence, scales: &Scales) {
    let own = || evidence.outcomes.iter().filter(|outcome| outcome.gruppo == candidate.gruppo);
    let count: i64 = own().map(|outcome| outcome.count).sum();
    if let Some(commonest) = own().max_by_key(|outcome| outcome.count) {
        let reason = match count {
            1 => "Un caso dello stesso servizio, rigettato per la stessa causa, è stato risolto qui."
                .to_owned(),
            _ => format!(
                "{count} casi dello stesso servizio, rigettati per la stessa causa, sono stati risolti qui."
            ),
        };
        weighed.add(EARLIER_OUTCOMES * as_f32(count) / scales.outcomes, &commonest.tripletta, reason);
    }
}

#[cfg(test)]
#[path = "ranking_tests.rs"]
mod tests;
