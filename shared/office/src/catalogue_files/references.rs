//! What can be said only of the catalogue as a whole: that a reference leads somewhere it may lead.

use std::collections::BTreeSet;

use smista_domain::catalogue::{Catalogue, Profilo, Ruolo};
use smista_domain::ids::{DocumentoId, EnteId, GruppoId, Login, MacrostrutturaId, SchedaId};

use super::problem::Problem;

/// Something that one entry says about another.
pub(super) enum Reference {
    /// The file, or an operator, belongs to this Ente.
    Ente(EnteId),
    /// The Ente must name a fallback group if it has a service on avanzato (R21).
    NoFallback(EnteId),
    /// A service or an Ente names a group, which must be the Ente's own.
    Gruppo { key: &'static str, ente: EnteId, gruppo: GruppoId },
    /// A service belongs to a unit of its Ente.
    Unit { ente: EnteId, unit: MacrostrutturaId },
    /// A unit is part of another of its Ente, at any depth but never of itself.
    Parent { ente: EnteId, unit: MacrostrutturaId, parent: MacrostrutturaId },
    /// A service leads to a sheet of its Ente.
    Scheda { ente: EnteId, scheda: SchedaId },
    /// A sheet offers a document that its Ente allows (clause 4.4-3).
    Documento { ente: EnteId, documento: DocumentoId },
    /// A group lists a referent, who must be a second-level operator of its Ente.
    Membro { ente: EnteId, login: Login },
}

impl Reference {
    /// What is wrong with it, if anything.
    pub(super) fn problem_in(self, catalogue: &Catalogue) -> Option<Problem> {
        match self {
            Self::Ente(ente) if catalogue.enti.contains_key(&ente) => None,
            Self::Ente(ente) => Some(Problem::Unknown { key: "ente", code: ente.into() }),
            Self::NoFallback(ente) => {
                let avanzato = |tripletta_ente: &EnteId, profilo| {
                    *tripletta_ente == ente && profilo == Profilo::Avanzato
                };
                let needs_one = catalogue.servizi.values().any(|s| avanzato(&s.tripletta.ente, s.profilo));
                needs_one.then(|| Problem::NoFallback { ente: ente.into() })
            }
            Self::Gruppo { key, ente, gruppo } => {
                let owner = catalogue.gruppi.get(&gruppo).map(|found| &found.ente);
                belongs(key, gruppo.as_str(), owner, &ente)
            }
            Self::Unit { ente, unit } => {
                let key = (ente, unit);
                (!catalogue.macrostrutture.contains_key(&key))
                    .then(|| Problem::Unknown { key: "macrostruttura", code: key.1.into() })
            }
            Self::Parent { ente, unit, parent } => parent_problem(catalogue, &ente, &unit, parent),
            Self::Scheda { ente, scheda } => {
                let owner = catalogue.schede.get(&scheda).map(|found| &found.ente);
                belongs("scheda", scheda.as_str(), owner, &ente)
            }
            Self::Documento { ente, documento } => {
                let owner = catalogue.documenti.get(&documento).map(|found| &found.ente);
                belongs("documenti", documento.as_str(), owner, &ente)
            }
            Self::Membro { ente, login } => match catalogue.operatori.get(&login) {
                None => Some(Problem::Unknown { key: "membri", code: login.into() }),
                Some(found) if found.ruolo == (Ruolo::SecondoLivello { ente: ente.clone() }) => None,
                Some(_) => Some(Problem::NotAReferent { login: login.into(), ente: ente.into() }),
            },
        }
    }
}

fn belongs(key: &'static str, code: &str, owner: Option<&EnteId>, ente: &EnteId) -> Option<Problem> {
    match owner {
        None => Some(Problem::Unknown { key, code: code.to_owned() }),
        Some(owner) if owner == ente => None,
        Some(owner) => Some(Problem::OfAnotherEnte { key, code: code.to_owned(), ente: owner.to_string() }),
    }
}

fn parent_problem(
    catalogue: &Catalogue,
    ente: &EnteId,
    unit: &MacrostrutturaId,
    parent: MacrostrutturaId,
) -> Option<Problem> {
    let unit_of = |id: &MacrostrutturaId| catalogue.macrostrutture.get(&(ente.clone(), id.clone()));
    if unit_of(&parent).is_none() {
        return Some(Problem::Unknown { key: "parte_di", code: parent.into() });
    }
    let mut above = BTreeSet::new();
    let mut next = Some(parent);
    while let Some(id) = next {
        if id == *unit {
            return Some(Problem::UnitInsideItself { code: id.into() });
        }
        next = unit_of(&id).and_then(|found| found.parent.clone());
        if !above.insert(id) {
            // A loop further up, which is reported at the units that form it.
            return None;
        }
    }
    None
}
