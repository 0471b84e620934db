//! What an import changes in the catalogue: decided here, written by the caller.
//!
//! Knows: two catalogues and the rules of retiring (R21, row 20a as far as it needs no case). Must not know: where
//! a draft came from, nor any case. Whether a group still has cases that forbid retiring it is the store's to
//! say, in the transaction that writes the change.

use std::collections::BTreeMap;

use crate::attore::is_reserved;
use crate::catalogue::{
    Catalogue, Documento, Ente, Gruppo, Macrostruttura, Operatore, Profilo, Scheda, Servizio,
};
use crate::ids::{EnteId, GruppoId, Login};

mod base_services;
#[cfg(test)]
mod tests;

pub use base_services::{ServizioBase, catalogue_with_base_services};

/// Everything that an import adds, updates, retires or restores, in no particular order within a kind.
/// Every value is the row as it must be afterwards, so writing a change is one upsert for each kind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CatalogueChange {
    /// Bodies.
    pub enti: Vec<Change<Ente>>,
    /// Units.
    pub macrostrutture: Vec<Change<Macrostruttura>>,
    /// Services.
    pub servizi: Vec<Change<Servizio>>,
    /// Groups, with their members.
    pub gruppi: Vec<Change<Gruppo>>,
    /// Operators.
    pub operatori: Vec<Change<Operatore>>,
    /// Sheets.
    pub schede: Vec<Change<Scheda>>,
    /// Documents.
    pub documenti: Vec<Change<Documento>>,
}

/// One entry that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change<T> {
    /// How it differs.
    pub kind: ChangeKind,
    /// The entry as it must be after the import.
    pub after: T,
}

/// How an entry differs from the catalogue in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChangeKind {
    /// It was never there.
    Added,
    /// It was there and in use, with other contents.
    Updated,
    /// It was in use and is no longer offered; it stays, because cases may refer to it.
    Retired,
    /// It was retired and is offered again.
    Restored,
}

/// Why a draft cannot replace the catalogue in force, in Italian for whoever imports it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UpdateRefusal {
    /// Row 20a: a fallback group stays until another takes its place.
    #[error(
        "il gruppo di ripiego «{gruppo}» dell'Ente «{ente}» non può essere ritirato senza indicarne un altro"
    )]
    FallbackGruppoRetired {
        /// The Ente that it serves.
        ente: EnteId,
        /// The group in force.
        gruppo: GruppoId,
    },
    /// R21: whoever has a service on avanzato names a group of its own that answers when nobody else does.
    #[error("l'Ente «{ente}» ha servizi con profilo avanzato ma nessun gruppo di ripiego attivo e suo")]
    FallbackGruppoMissing {
        /// The Ente that lacks it.
        ente: EnteId,
    },
    /// Clause 2-1: what a system actor did must stay told apart from what a person did.
    #[error("l'utente «{login}» è riservato al sistema")]
    LoginReserved {
        /// The login that the draft gives to a person.
        login: Login,
    },
    /// A group's inbox holds cases of its Ente, which another Ente must not come to see (R14).
    #[error(
        "il gruppo «{gruppo}» appartiene all'Ente «{from}» e non può passare all'Ente «{to}»: occorre un nuovo codice"
    )]
    GruppoMoved {
        /// The group.
        gruppo: GruppoId,
        /// Its Ente.
        from: EnteId,
        /// The Ente that the draft gives it.
        to: EnteId,
    },
}

/// Compares the catalogue in force with a draft. What the draft no longer has is retired, never removed; what it
/// has again is restored. The revisions are not compared.
///
/// An Ente that leaves the centre is retired whole, its fallback group included: the rule that such a group stays
/// holds as long as its Ente is served.
///
/// # Errors
/// Every [`UpdateRefusal`] found, not only the first.
pub fn plan_update(current: &Catalogue, draft: &Catalogue) -> Result<CatalogueChange, Vec<UpdateRefusal>> {
    let change = CatalogueChange {
        enti: changes(&current.enti, &draft.enti),
        macrostrutture: changes(&current.macrostrutture, &draft.macrostrutture),
        servizi: changes(&current.servizi, &draft.servizi),
        gruppi: changes(&current.gruppi, &draft.gruppi),
        operatori: changes(&current.operatori, &draft.operatori),
        schede: changes(&current.schede, &draft.schede),
        documenti: changes(&current.documenti, &draft.documenti),
    };
    let refusals = refusals(current, draft, &change.applied_to(current));
    if refusals.is_empty() { Ok(change) } else { Err(refusals) }
}

impl CatalogueChange {
    /// Nothing differs: the revision stays.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// How many entries of all kinds differ in each way.
    pub fn counts(&self) -> BTreeMap<ChangeKind, usize> {
        let kinds = kinds(&self.enti)
            .chain(kinds(&self.macrostrutture))
            .chain(kinds(&self.servizi))
            .chain(kinds(&self.gruppi))
            .chain(kinds(&self.operatori))
            .chain(kinds(&self.schede))
            .chain(kinds(&self.documenti));
        let mut counts = BTreeMap::new();
        for kind in kinds {
            *counts.entry(kind).or_default() += 1;
        }
        counts
    }

    /// The catalogue after the change. Its revision rises by one, unless nothing differs.
    pub fn applied_to(&self, current: &Catalogue) -> Catalogue {
        let mut after = current.clone();
        after.revision += i64::from(!self.is_empty());
        after.enti.extend(self.enti.iter().map(|c| (c.after.id.clone(), c.after.clone())));
        after.macrostrutture.extend(
            self.macrostrutture.iter().map(|c| ((c.after.ente.clone(), c.after.id.clone()), c.after.clone())),
        );
        after.servizi.extend(self.servizi.iter().map(|c| (c.after.tripletta.clone(), c.after.clone())));
        after.gruppi.extend(self.gruppi.iter().map(|c| (c.after.id.clone(), c.after.clone())));
        after.operatori.extend(self.operatori.iter().map(|c| (c.after.login.clone(), c.after.clone())));
        after.schede.extend(self.schede.iter().map(|c| (c.after.id.clone(), c.after.clone())));
        after.documenti.extend(self.documenti.iter().map(|c| (c.after.id.clone(), c.after.clone())));
        after
    }
}

fn kinds<T>(changes: &[Change<T>]) -> impl Iterator<Item = ChangeKind> {
    changes.iter().map(|change| change.kind)
}

/// What every entry of the catalogue has in common.
trait Retirable: Clone + PartialEq {
    fn is_retired(&self) -> bool;
    fn retire(&mut self);
}

macro_rules! retirable {
    ($($name:ty),+) => {$(
        impl Retirable for $name {
            fn is_retired(&self) -> bool {
                self.retired
            }
            fn retire(&mut self) {
                self.retired = true;
            }
        }
    )+};
}
retirable!(Ente, Macrostruttura, Servizio, Gruppo, Operatore, Scheda, Documento);

fn changes<K: Ord, T: Retirable>(current: &BTreeMap<K, T>, draft: &BTreeMap<K, T>) -> Vec<Change<T>> {
    let wanted = draft.iter().filter_map(|(key, after)| {
        let kind = match current.get(key) {
            None => ChangeKind::Added,
            Some(before) if before == after => return None,
            Some(before) => match (before.is_retired(), after.is_retired()) {
                (true, false) => ChangeKind::Restored,
                (false, true) => ChangeKind::Retired,
                (true, true) | (false, false) => ChangeKind::Updated,
            },
        };
        Some(Change { kind, after: after.clone() })
    });
    let missing = current.iter().filter(|(key, before)| !before.is_retired() && !draft.contains_key(key));
    let retired = missing.map(|(_, before)| {
        let mut after = before.clone();
        after.retire();
        Change { kind: ChangeKind::Retired, after }
    });
    wanted.chain(retired).collect()
}

fn refusals(current: &Catalogue, draft: &Catalogue, after: &Catalogue) -> Vec<UpdateRefusal> {
    let moved = after.gruppi.values().filter_map(|gruppo| {
        let from = &current.gruppi.get(&gruppo.id)?.ente;
        (*from != gruppo.ente).then(|| UpdateRefusal::GruppoMoved {
            gruppo: gruppo.id.clone(),
            from: from.clone(),
            to: gruppo.ente.clone(),
        })
    });
    let people = draft.operatori.values().filter(|operatore| !operatore.retired);
    let reserved = people
        .filter(|operatore| is_reserved(&operatore.login))
        .map(|operatore| UpdateRefusal::LoginReserved { login: operatore.login.clone() });
    let served = after.enti.values().filter(|ente| !ente.retired);
    moved.chain(reserved).chain(served.filter_map(|ente| fallback_refusal(current, after, ente))).collect()
}

fn fallback_refusal(current: &Catalogue, after: &Catalogue, ente: &Ente) -> Option<UpdateRefusal> {
    let is_active =
        |gruppo: &GruppoId| after.active_gruppo(gruppo).is_some_and(|gruppo| gruppo.ente == ente.id);
    if ente.gruppo_di_ripiego.as_ref().is_some_and(is_active) {
        return None;
    }
    let in_force = current.enti.get(&ente.id).and_then(|before| before.gruppo_di_ripiego.as_ref());
    if let Some(gruppo) =
        in_force.filter(|gruppo| current.active_gruppo(gruppo).is_some() && !is_active(gruppo))
    {
        return Some(UpdateRefusal::FallbackGruppoRetired { ente: ente.id.clone(), gruppo: gruppo.clone() });
    }
    let needs_fallback = after.servizi.values().any(|servizio| {
        servizio.tripletta.ente == ente.id && servizio.profilo == Profilo::Avanzato && !servizio.retired
    });
    needs_fallback.then(|| UpdateRefusal::FallbackGruppoMissing { ente: ente.id.clone() })
}
