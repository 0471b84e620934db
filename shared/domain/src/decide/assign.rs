//! Rows 4a, 20, 20a and 21: routing, rejecting, reassigning.

use super::handling::note_paper;
use super::{Happening, Scene};
use crate::catalogue::{Catalogue, Profilo};
use crate::command::{Reassignment, Rejection};
use crate::fact::{Fact, Paper};
use crate::ids::{GruppoId, Tripletta};
use crate::motivo::{CausaRigetto, GenereEsigenza};
use crate::refusal::{ReassignWhy, Refusal};
use crate::stato::Stato;

/// Row 4a, or 20a when no group is competent (R9).
pub(super) fn route(scene: &Scene<'_>) -> Happening {
    match competent(scene) {
        Some(gruppo) => (vec![Fact::Routed { gruppo }], vec![]),
        None => (system_rejection(scene, CausaRigetto::ResponsabileNonIndividuabile, None), vec![]),
    }
}

fn competent(scene: &Scene<'_>) -> Option<GruppoId> {
    let tripletta = scene.caso.tripletta.as_ref()?;
    scene.catalogue.competent_gruppo(tripletta).map(|gruppo| gruppo.id.clone())
}

/// Row 20 by a referent, row 20a by the system.
pub(super) fn reject(scene: &Scene<'_>, rejection: &Rejection) -> Result<Happening, Refusal> {
    if let Some(suggested) = &rejection.tripletta_suggerita {
        known_servizio(scene.catalogue, suggested)?;
    }
    let papers = vec![note_paper(&rejection.note)];
    if scene.row == "20a" {
        check_that_nobody_is_competent(scene)?;
        return Ok((system_rejection(scene, rejection.causa, rejection.tripletta_suggerita.clone()), papers));
    }
    let mut facts = scene.accepting(Fact::Rejected {
        causa: rejection.causa,
        gruppo: scene.caso.gruppo.clone(),
        suggerita: rejection.tripletta_suggerita.clone(),
        dal_sistema: false,
    });
    facts.extend(gap_of(rejection.causa));
    Ok((facts, papers))
}

fn system_rejection(scene: &Scene<'_>, causa: CausaRigetto, suggerita: Option<Tripletta>) -> Vec<Fact> {
    let gruppo = scene.caso.gruppo.clone();
    let rejected = Fact::Rejected { causa, gruppo, suggerita, dal_sistema: true };
    std::iter::once(rejected).chain(gap_of(causa)).collect()
}

/// That nobody is known to be responsible is a gap of the knowledge base (R9, R11).
fn gap_of(causa: CausaRigetto) -> Option<Fact> {
    match causa {
        CausaRigetto::ResponsabileNonIndividuabile => {
            Some(Fact::GapRaised { genere: GenereEsigenza::ResponsabileNonIndividuabile })
        }
        CausaRigetto::RichiestaAmbigua | CausaRigetto::ErroreOperatore => None,
    }
}

/// The system rejects only a case without a competent group, or whose group has been retired (row 20a).
fn check_that_nobody_is_competent(scene: &Scene<'_>) -> Result<(), Refusal> {
    let able = match &scene.caso.gruppo {
        Some(gruppo) => scene.catalogue.active_gruppo(gruppo).map(|gruppo| gruppo.id.clone()),
        None if scene.caso.stato == Stato::Assegnato => competent(scene),
        // A transfer that went to nobody: no row puts it in a group, not even in one that has come since.
        None => None,
    };
    able.map_or(Ok(()), |gruppo| Err(Refusal::HasCompetentGroup { gruppo }))
}

/// Row 21.
pub(super) fn reassign(scene: &Scene<'_>, reassignment: &Reassignment) -> Result<Happening, Refusal> {
    let tripletta = reassignment.tripletta.clone().or_else(|| scene.caso.tripletta.clone());
    let tripletta = tripletta.ok_or(Refusal::Missing { field: "tripletta", clause: "3-3" })?;
    let servizio = known_servizio(scene.catalogue, &tripletta)?;
    let gruppo = chosen_group(scene, reassignment, &tripletta, servizio.profilo)?;
    if scene.caso.rigettato_da.contains(&gruppo) && reassignment.note.is_none() {
        return Err(refused(ReassignWhy::NoteNeeded));
    }
    let papers: Vec<Paper> = reassignment.note.iter().map(note_paper).collect();
    let profilo = servizio.profilo;
    Ok((scene.accepting(Fact::Reassigned { gruppo, tripletta, profilo }), papers))
}

fn refused(why: ReassignWhy) -> Refusal {
    Refusal::Reassignment { why }
}

fn chosen_group(
    scene: &Scene<'_>,
    reassignment: &Reassignment,
    tripletta: &Tripletta,
    profilo: Profilo,
) -> Result<GruppoId, Refusal> {
    require_avanzato(profilo)?;
    let catalogue = scene.catalogue;
    let competent = catalogue.competent_gruppo(tripletta).map(|gruppo| gruppo.id.clone());
    let Some(named) = &reassignment.gruppo else {
        return competent.ok_or(refused(ReassignWhy::NoCompetentGroup));
    };
    let gruppo = catalogue.active_gruppo(named).ok_or(refused(ReassignWhy::UnknownGroup))?;
    if gruppo.ente != tripletta.ente {
        return Err(refused(ReassignWhy::OtherEnte));
    }
    // The fallback group need not be competent for anything, so that a Reclamo is always answered (R21).
    if is_fallback(catalogue, tripletta, named) && !is_competent_for_something(catalogue, tripletta, named) {
        return match competent.filter(|group| group != named && !scene.caso.rigettato_da.contains(group)) {
            Some(competent) => Err(refused(ReassignWhy::FallbackNotNeeded { competent })),
            None => Ok(named.clone()),
        };
    }
    if is_competent_for_something(catalogue, tripletta, named) {
        Ok(named.clone())
    } else {
        Err(refused(ReassignWhy::NotCompetent))
    }
}

/// Assegnato does not exist on base (table *States*), and the profile is read now (R20).
fn require_avanzato(profilo: Profilo) -> Result<(), Refusal> {
    match profilo {
        Profilo::Avanzato => Ok(()),
        Profilo::Base => Err(refused(ReassignWhy::NotAvanzato)),
    }
}

fn is_fallback(catalogue: &Catalogue, tripletta: &Tripletta, gruppo: &GruppoId) -> bool {
    let ente = catalogue.enti.get(&tripletta.ente);
    ente.is_some_and(|ente| ente.gruppo_di_ripiego.as_ref() == Some(gruppo))
}

/// Whether the group is competent for a service on avanzato of the Ente.
fn is_competent_for_something(catalogue: &Catalogue, tripletta: &Tripletta, gruppo: &GruppoId) -> bool {
    let mut served = catalogue.avanzato_with_gruppo();
    served.any(|(servizio, competent)| servizio.tripletta.ente == tripletta.ente && competent.id == *gruppo)
}

/// The service that new work may name (3-3).
pub(super) fn known_servizio<'a>(
    catalogue: &'a Catalogue,
    tripletta: &Tripletta,
) -> Result<&'a crate::catalogue::Servizio, Refusal> {
    let unknown = || Refusal::UnknownTripletta { tripletta: tripletta.clone() };
    catalogue.active_servizio(tripletta).ok_or_else(unknown)
}
