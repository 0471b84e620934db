//! R1: an open figlio takes its padre's state, attribute, group and Tripletta in the act that changes them.

use chrono::{DateTime, Utc};

use super::Change;
use crate::caso::{Caso, Pratica};
use crate::fact::{Fact, Followed};

/// The change of a case, then those of the open figli that follow it. A change of a figlio is followed by none.
pub(super) fn with_followers(pratica: &Pratica, change: Change, now: DateTime<Utc>) -> Vec<Change> {
    if change.caso != pratica.padre.id {
        return vec![change];
    }
    let mut after = pratica.padre.clone();
    after.versione += 1;
    change.facts.iter().for_each(|fact| after.apply(fact, now));
    let mut changes = vec![];
    if stands_elsewhere(&pratica.padre, &after) {
        let cambiamento = change.facts.last().map_or("", Fact::message_type).to_owned();
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
