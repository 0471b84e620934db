//! R1: an open figlio takes its padre's state, attribute, group and Tripletta in the act that changes them.

use chrono::{DateTime, Utc};

use super::Change;
use crate::caso::{Caso, Pratica};
use crate::fact::{Fact, Followed};

/// The change of a case, then those of the open figli that follow it, each naming the padre's fact that moved it
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
        let open = pratica.figli.iter().filter(|figlio| !figlio.stato.is_final());
        changes.extend(open.map(|figlio| Change {
            caso: figlio.id,
            facts: vec![Fact::Followed(Box::new(followed.clone()))],
            papers: vec![],
        }));
    }
    changes.insert(0, change);
    changes
}

fn stands_elsewhere(before: &Caso, after: &Caso) -> bool {
    before.stato != after.stato || before.gruppo != after.gruppo || before.tripletta != after.tripletta
}
