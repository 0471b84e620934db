//! Rows 3a, 13 to 15 and 22 to 23: who holds a case, who helps, notes, cancelling.

use super::{Happening, Scene};
use crate::catalogue::Ruolo;
use crate::command::{
    AnagraficaChange, Cancellation, Involve, Note, TransferFailed, WithNote, WithReason, WithText,
};
use crate::fact::{Campo, Fact, Paper};
use crate::motivo::{Motivo, MotivoAnnullamento};
use crate::refusal::{Refusal, Why};
use crate::stato::Stato;
use crate::text::Testo;

/// Row 3a. That nobody accepted the case yet was checked with the row. A call that went to nobody is announced as
/// an assignment is: whoever was about to reject the transfer finds the case Assegnato, and leaves it to be routed.
pub(super) fn transfer_failed(scene: &Scene<'_>, failed: &TransferFailed) -> Happening {
    let to_be_routed = scene.caso.gruppo.is_none().then_some(Fact::Assigned);
    let ended = Fact::TransferFailed { esito: failed.esito };
    (std::iter::once(ended).chain(to_be_routed).collect(), vec![])
}

pub(super) fn accept(scene: &Scene<'_>) -> Happening {
    (vec![Fact::Accepted { titolare: scene.attore.login.clone() }], vec![])
}

pub(super) fn release() -> Happening {
    (vec![Fact::Released], vec![])
}

pub(super) fn take_over(scene: &Scene<'_>, with: &WithNote) -> Result<Happening, Refusal> {
    let from = scene.caso.titolare.clone().ok_or(Refusal::HeldByNobody)?;
    let fact = Fact::TakenOver { from, titolare: scene.attore.login.clone() };
    Ok((vec![fact], vec![note_paper(&with.note)]))
}

/// Row 14: the specialist belongs to the case's Ente (4.2-6).
pub(super) fn involve(scene: &Scene<'_>, involve: &Involve) -> Result<Happening, Refusal> {
    let operatore =
        scene.catalogue.operatori.get(&involve.specialista).filter(|operatore| !operatore.retired);
    let belongs = operatore.is_some_and(|operatore| match &operatore.ruolo {
        Ruolo::Specialista { ente } => scene.caso.ente() == Some(ente),
        Ruolo::PrimoLivello
        | Ruolo::SecondoLivello { .. }
        | Ruolo::GestioneRigetti
        | Ruolo::Ufficio
        | Ruolo::Operazioni
        | Ruolo::Sistema => false,
    });
    if !belongs {
        return Err(Refusal::NotASpecialist { specialista: involve.specialista.clone() });
    }
    let fact = Fact::SpecialistInvolved { specialista: involve.specialista.clone() };
    Ok((scene.accepting(fact), involve.note.iter().map(note_paper).collect()))
}

pub(super) fn contribute(with: &WithText) -> Happening {
    (vec![Fact::Contributed], vec![Paper::text(Campo::Contributo, with.text.clone())])
}

pub(super) fn suspend(scene: &Scene<'_>, with: &WithReason) -> Happening {
    (scene.accepting(Fact::Suspended), vec![note_paper(&with.reason)])
}

/// Rows 22 and 22a.
pub(super) fn cancel(scene: &Scene<'_>, cancellation: &Cancellation) -> Result<Happening, Refusal> {
    let papers = check_cancellation(cancellation)?;
    let reclamo = scene.caso.motivo == Some(Motivo::Reclamo);
    let allowed = match cancellation.motivo {
        MotivoAnnullamento::RitiratoDalCittadino => true,
        MotivoAnnullamento::Duplicato | MotivoAnnullamento::NonDiCompetenza => scene.row == "22",
        MotivoAnnullamento::ContattoAbbandonato | MotivoAnnullamento::Errore | MotivoAnnullamento::Altro => {
            scene.row == "22" && !reclamo
        }
    };
    if !allowed {
        return Err(Refusal::CancelReason { stato: scene.caso.stato, reclamo });
    }
    Ok((vec![Fact::Cancelled { motivo: cancellation.motivo }], papers))
}

/// The note of a cancellation, which `altro` cannot do without.
pub(super) fn check_cancellation(cancellation: &Cancellation) -> Result<Vec<Paper>, Refusal> {
    if cancellation.motivo == MotivoAnnullamento::Altro && cancellation.note.is_none() {
        return Err(Refusal::Missing { field: "note", clause: "6-8" });
    }
    Ok(cancellation.note.iter().map(note_paper).collect())
}

pub(super) fn detach(with: &WithReason) -> Happening {
    (vec![Fact::Detached], vec![note_paper(&with.reason)])
}

/// A referent may add that a Segnalazione is not the group's: it moves nowhere, and the first level files it anew (R17).
pub(super) fn note(scene: &Scene<'_>, note: &Note) -> Result<Happening, Refusal> {
    let papers = vec![note_paper(&note.text)];
    if !note.non_competente {
        return Ok((vec![Fact::Noted], papers));
    }
    let by_a_referent = matches!(scene.attore.ruolo, Ruolo::SecondoLivello { .. });
    if !by_a_referent || scene.caso.stato != Stato::AssegnatoRisolto {
        return Err(Refusal::NotAdmitted {
            field: "non_competente",
            why: Why::OnlyOfASegnalazioneByItsReferents,
        });
    }
    Ok((vec![Fact::Noted, Fact::FoundMisrouted], papers))
}

pub(super) fn correct_anagrafica(change: &AnagraficaChange) -> Result<Happening, Refusal> {
    if change.anagrafica.is_empty() {
        return Err(Refusal::NotAdmitted { field: "anagrafica", why: Why::Empty });
    }
    Ok((vec![Fact::AnagraficaCorrected], vec![Paper::anagrafica(change.anagrafica.clone())]))
}

pub(super) fn note_paper(note: &Testo) -> Paper {
    Paper::text(Campo::Nota, note.clone())
}
