//! The path of a case, read from its history: each group and service it was with, and how that ended.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use smista_domain::apply::HistoryRow;
use smista_domain::fact::Fact;
use smista_domain::ids::{GruppoId, Login, Tripletta};
use smista_domain::motivo::CausaRigetto;

/// A stay with one group for one service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passaggio {
    /// The version at which it began.
    pub versione: i64,
    /// When it began.
    pub at: DateTime<Utc>,
    /// The service.
    pub tripletta: Option<Tripletta>,
    /// The group; none while the case was in no group.
    pub gruppo: Option<GruppoId>,
    /// The rejection that ended it.
    pub rigetto: Option<Rigetto>,
}

/// How a stay ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rigetto {
    /// The version of the rejection.
    pub versione: i64,
    /// When.
    pub at: DateTime<Utc>,
    /// Who rejected the case.
    pub by: Login,
    /// Why.
    pub causa: CausaRigetto,
    /// The service that the group proposed.
    pub suggerita: Option<Tripletta>,
    /// Whether the system did (row 20a).
    pub dal_sistema: bool,
}

/// The path that this history tells, oldest stay first. A case that was never with the second level has none.
pub fn path(history: &[HistoryRow]) -> Vec<Passaggio> {
    let mut path: Vec<Passaggio> = Vec::new();
    let mut tripletta: Option<Tripletta> = None;
    for row in history {
        for fact in &row.facts {
            let stay = |tripletta: &Option<Tripletta>, gruppo: Option<&GruppoId>| Passaggio {
                versione: row.versione,
                at: row.at,
                tripletta: tripletta.clone(),
                gruppo: gruppo.cloned(),
                rigetto: None,
            };
            if let Fact::Opened(opened) = fact {
                tripletta.clone_from(&opened.tripletta);
                path.extend(opened.gruppo.as_ref().map(|gruppo| stay(&tripletta, Some(gruppo))));
            } else if let Fact::Routed { gruppo } = fact {
                path.push(stay(&tripletta, Some(gruppo)));
            } else if let Fact::Reassigned { gruppo, tripletta: new, .. } = fact {
                tripletta = Some(new.clone());
                path.push(stay(&tripletta, Some(gruppo)));
            } else if let Fact::Rejected { causa, suggerita, dal_sistema, .. } = fact {
                let rigetto = Rigetto {
                    versione: row.versione,
                    at: row.at,
                    by: row.by.clone(),
                    causa: *causa,
                    suggerita: suggerita.clone(),
                    dal_sistema: *dal_sistema,
                };
                match path.last_mut().filter(|stay| stay.rigetto.is_none()) {
                    Some(stay) => stay.rigetto = Some(rigetto),
                    // It never reached a group (R9).
                    None => path.push(Passaggio { rigetto: Some(rigetto), ..stay(&tripletta, None) }),
                }
            }
        }
    }
    path
}

#[cfg(test)]
#[path = "path_tests.rs"]
mod tests;
