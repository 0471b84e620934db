//! R1: an open figlio takes its padre's state, attribute, group and Tripletta in the act that changes them. R23: when
//! the padre goes to another Ente, a final figlio goes along and stays what it is, or the former Ente would go on
//! seeing it whole, and the new one not at all.

use chrono::{DateTime, Utc};

use super::Change;
use crate::caso::{Caso, Pratica};
use crate::fact::{Fact, Followed};

/// The change of a case, then those of the figli that follow it, each naming the padre's fact that moved it
/// (R1). A change of a figlio is followed by none.
pub(super) fn with_followers(pratica: &Pratica, change: Change, now: DateTime<Utc>) -> Vec<Change> {
    if change.caso != pratica.padre.id {
        return vec![change];
    }
    let mut after = pratica.padre.clone();
    after.versione += 1;
    let mut moved_by = None;
    for fact in &change.facts {
        let before = after.clone();
        after.apply(fact, now);
        if stands_elsewhere(&before, &after) {
            moved_by = Some(fact.message_type());
        }
    }
    let mut changes = vec![];
    if let Some(cambiamento) = moved_by {
        let cambiamento = cambiamento.to_owned();
        let followed = Followed {
            stato: after.stato,
            gruppo: after.gruppo,
            tripletta: after.tripletta,
            profilo: after.profilo,
            padre_versione: after.versione,
            cambiamento,
        };
        let following = pratica.figli.iter().filter_map(|figlio| following(figlio, &followed));
        changes.extend(following.map(|(figlio, followed)| Change {
            caso: figlio.id,
            facts: vec![Fact::Followed(Box::new(followed))],
            papers: vec![],
        }));
    }
    changes.insert(0, change);
    changes
}

/// What this figlio takes from its padre: all of it when open, and when final the service of another Ente (R23).
fn following<'a>(figlio: &'a Caso, padre: &Followed) -> Option<(&'a Caso, Followed)> {
    if !figlio.stato.is_final() {
        return Some((figlio, padre.clone()));
    }
    let ente = padre.tripletta.as_ref().map(|tripletta| &tripletta.ente);
    let stays = Followed { stato: figlio.stato, gruppo: figlio.gruppo.clone(), ..padre.clone() };
    (figlio.ente() != ente).then_some((figlio, stays))
}

fn stands_elsewhere(before: &Caso, after: &Caso) -> bool {
    before.stato != after.stato || before.gruppo != after.gruppo || before.tripletta != after.tripletta
}
