//! Triage of rejected cases (R12): the path of a case, whether it bounces, and which group may be competent.
//!
//! Knows what Gestione Rigetti needs to decide. Must not know how a case is reassigned: it only suggests, and what
//! it finds is kept beside the case, whose version stays.

mod evidence;
mod learned;
mod path;
mod ranking;
mod record;

pub use evidence::{SolvedTexts, Texts, evidence};
pub use path::{Passaggio, Rigetto, path};
pub use ranking::{Candidate, Described, Evidence, Suggestion, candidates, rank};
pub use record::{RejectedCase, Triage, Triaged};

use serde::{Deserialize, Serialize};

/// What triage found about a case, as it is kept and shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Findings {
    /// Where the case has been, oldest first.
    pub percorso: Vec<Passaggio>,
    /// Rejected twice, or sent back to a group that rejected it.
    pub rimbalza: bool,
    /// Groups that may be competent, best first; those that rejected the case last.
    pub suggerimenti: Vec<Suggestion>,
}

/// Suggestions kept, besides the groups that rejected the case.
const MAX_SUGGESTIONS: usize = 5;

/// The first suggestions, and every group that rejected the case after them.
pub fn shortened(suggestions: Vec<Suggestion>) -> Vec<Suggestion> {
    let (rejecting, mut others): (Vec<_>, Vec<_>) =
        suggestions.into_iter().partition(|suggestion| suggestion.ha_rigettato);
    others.truncate(MAX_SUGGESTIONS);
    others.extend(rejecting);
    others
}
