//! What openings of all motivi share, those of figli too.

use chrono::{DateTime, Utc};

use super::OpeningView;
use super::answers::check_answer;
use crate::catalogue::Profilo;
use crate::command::Opening;
use crate::fact::{Campo, Contenuto, Opened, Paper};
use crate::motivo::Motivo;
use crate::refusal::{Refusal, Why};
use crate::stato::{Attributo, Stato};

/// R2: the profile decides first which motivi there are.
pub(super) fn check_profile(motivo: Motivo, profilo: Profilo) -> Result<(), Refusal> {
    if motivo.admitted_on(profilo) { Ok(()) } else { Err(Refusal::Profile { profilo, motivo }) }
}

pub(super) fn require_description(opening: &Opening) -> Result<(), Refusal> {
    match opening.description {
        Some(_) => Ok(()),
        None => Err(Refusal::Missing { field: "description", clause: "3-2" }),
    }
}

pub(super) fn refuse_given(given: bool, field: &'static str, why: Why) -> Result<(), Refusal> {
    if given { Err(Refusal::NotAdmitted { field, why }) } else { Ok(()) }
}

/// A standard answer is told at once, or not recorded at all.
pub(super) fn check_standard_answer(opening: &Opening, now: DateTime<Utc>) -> Result<(), Refusal> {
    refuse_given(opening.verifica.is_some(), "verifica", Why::OtherMotivo)?;
    let Some(answer) = &opening.answer else { return Ok(()) };
    check_answer(answer, now)?;
    let told_at_once = answer.attributo == Attributo::Comunicato && answer.tentativi.is_empty();
    refuse_given(!told_at_once, "answer.attributo", Why::NotThisAttribute)
}

/// What every opening has in common.
pub(super) fn begun(view: &OpeningView<'_>, opening: &Opening, stato: Stato, now: DateTime<Utc>) -> Opened {
    Opened {
        protocollo: view.new.protocollo,
        motivo: opening.motivo,
        tripletta: opening.tripletta.clone(),
        profilo: None,
        stato,
        gruppo: None,
        padre: None,
        canale: opening.canale,
        canale_origine: opening.canale_origine.clone(),
        canale_risposta: opening.answer.as_ref().map(|answer| answer.canale),
        verifica: None,
        identificazione: opening.identificazione,
        annullamento: None,
        opened_at: opening.opened_at.unwrap_or(now),
        contatto_id: opening.contatto_id,
        seguito_di: opening.seguito_di,
        cittadino: opening.cittadino,
    }
}

/// The personal data and texts of an opening.
pub(super) fn papers_of(opening: &Opening) -> Vec<Paper> {
    let description = opening.description.clone().map(|text| Paper::text(Campo::Descrizione, text));
    let answer = opening.answer.as_ref().map(|answer| Paper::text(Campo::Risposta, answer.text.clone()));
    let anagrafica = opening.anagrafica.clone().filter(|given| !given.is_empty()).map(Paper::anagrafica);
    let place = opening.place.clone();
    let place = place.map(|place| Paper { campo: Campo::Luogo, contenuto: Contenuto::Luogo(place) });
    [description, answer, anagrafica, place].into_iter().flatten().collect()
}
