//! Rows 16 to 19: the answer exists, and the citizen is to be told.

use chrono::{DateTime, Utc};

use super::handling::note_paper;
use super::times::check_time;
use super::{Happening, Scene};
use crate::command::{Answer, AttemptReport, Resolution, WithNote};
use crate::fact::{Campo, Fact, Paper, Tentativo};
use crate::motivo::{CanaleOutbound, Direzione, EsitoTentativo};
use crate::refusal::{Refusal, Why};
use crate::stato::{Attributo, AttributoPrimoLivello, Stato};

/// Row 16.
pub(super) fn resolve(scene: &Scene<'_>, resolution: &Resolution) -> Result<Happening, Refusal> {
    let answer = &resolution.answer;
    check_answer(answer, scene.now)?;
    check_not_told_by_email_alone(answer)?;
    if answer.attributo == Attributo::DaComunicare && !contact_back_enabled(scene) {
        return Err(Refusal::NoContactBack);
    }
    if answer.attributo == Attributo::NonComunicato {
        check_that_the_group_goes_on(scene)?;
    }
    let stato = Stato::RisoltoSecondoLivello(answer.attributo.into());
    let mut facts = scene.accepting(Fact::Resolved {
        stato,
        risolutore: scene.attore.login.clone(),
        canale_risposta: answer.canale,
    });
    facts.extend(attempts(answer, stato));
    Ok((facts, vec![Paper::text(Campo::Risposta, answer.text.clone())]))
}

/// More attempts are to follow (6-5), which nobody would make in a retired group: its cases are taken from it, all
/// but those whose answer is not told yet, which no row takes away (row 20a).
fn check_that_the_group_goes_on(scene: &Scene<'_>) -> Result<(), Refusal> {
    match scene.caso.gruppo.as_ref().filter(|gruppo| scene.catalogue.active_gruppo(gruppo).is_none()) {
        Some(gruppo) => Err(Refusal::GroupRetired { gruppo: gruppo.clone() }),
        None => Ok(()),
    }
}

/// The fourth element of the Quadrupletta, as the catalogue says it now (4.2-8, 4.2-9).
fn contact_back_enabled(scene: &Scene<'_>) -> bool {
    let servizio = scene.caso.tripletta.as_ref().and_then(|tripletta| scene.catalogue.servizi.get(tripletta));
    servizio.is_some_and(|servizio| servizio.contact_back)
}

/// Rows 17, 18 and 19: the same command, by the level that the state belongs to.
pub(super) fn record_attempt(scene: &Scene<'_>, report: &AttemptReport) -> Result<Happening, Refusal> {
    let tentativo = &report.tentativo;
    check_attempt(tentativo, scene.now)?;
    if tentativo.direzione == Direzione::Inbound && scene.row != "18" {
        return Err(Refusal::NotAdmitted { field: "tentativo.direzione", why: Why::OnlyOutbound });
    }
    let reached = tentativo.esito == EsitoTentativo::Raggiunto;
    if reached && tentativo.canale == CanaleOutbound::Email && tentativo.direzione == Direzione::Outbound {
        // What is told by email alone, the mail system says (row 24), not a person (R4, R16).
        return Err(Refusal::NotAdmitted { field: "attributo", why: Why::OnlyOnceAccepted });
    }
    if reached != (report.attributo == Attributo::Comunicato) {
        return Err(Refusal::NotAdmitted { field: "attributo", why: Why::ContradictsTheAttempt });
    }
    let stato = after_attempt(scene.caso.stato, report.attributo)
        .ok_or(Refusal::NotAdmitted { field: "attributo", why: Why::NotThisAttribute })?;
    let fact = Fact::AttemptRecorded { tentativo: tentativo.clone(), stato };
    Ok((scene.accepting(fact), report.note.iter().map(note_paper).collect()))
}

/// Where an attempt can leave a case: told, unreachable, or where it was.
fn after_attempt(stato: Stato, attributo: Attributo) -> Option<Stato> {
    let settles = matches!(attributo, Attributo::Comunicato | Attributo::NonComunicabile);
    if !settles && stato.attributo() != Some(attributo) {
        return None;
    }
    match stato {
        Stato::RisoltoPrimoLivello(_) => first_level(attributo).map(Stato::RisoltoPrimoLivello),
        Stato::RisoltoSecondoLivello(_) => Some(Stato::RisoltoSecondoLivello(attributo.into())),
        Stato::Assegnato
        | Stato::Trasferito
        | Stato::AssegnatoRisolto
        | Stato::Annullato
        | Stato::NonRisolvibilePerInformazioneCarente
        | Stato::Rigettato
        | Stato::Sospeso => None,
    }
}

/// Row 18a: back to who resolved it, if still a member of the group, else to nobody.
pub(super) fn hand_back(scene: &Scene<'_>, with: &WithNote) -> Happening {
    let gruppo = scene.caso.gruppo.as_ref().and_then(|gruppo| scene.catalogue.active_gruppo(gruppo));
    let titolare = scene.caso.risolutore.clone().filter(|risolutore| {
        let at_work = scene.catalogue.operatori.get(risolutore).is_some_and(|operatore| !operatore.retired);
        at_work && gruppo.is_some_and(|gruppo| gruppo.membri.contains(risolutore))
    });
    (scene.accepting(Fact::HandedBack { titolare }), vec![note_paper(&with.note)])
}

/// The attribute as the first level knows it; Da Comunicare is the second level's (6-7).
pub(super) fn first_level(attributo: Attributo) -> Option<AttributoPrimoLivello> {
    match attributo {
        Attributo::Comunicato => Some(AttributoPrimoLivello::Comunicato),
        Attributo::NonComunicato => Some(AttributoPrimoLivello::NonComunicato),
        Attributo::NonComunicabile => Some(AttributoPrimoLivello::NonComunicabile),
        Attributo::DaComunicare => None,
    }
}

/// What holds for an answer of either level: its attempts agree with what it claims (6-5, 6-6).
pub(super) fn check_answer(answer: &Answer, now: DateTime<Utc>) -> Result<(), Refusal> {
    if answer.canale == CanaleOutbound::Sms {
        return Err(Refusal::NotAdmitted { field: "answer.canale", why: Why::Sms });
    }
    answer.tentativi.iter().try_for_each(|tentativo| check_attempt(tentativo, now))?;
    let reached = answer.tentativi.iter().any(|tentativo| tentativo.esito == EsitoTentativo::Raggiunto);
    let told = answer.attributo == Attributo::Comunicato;
    if reached && !told || told && !answer.tentativi.is_empty() && !reached {
        return Err(Refusal::NotAdmitted { field: "answer.tentativi", why: Why::ContradictsTheAttempt });
    }
    let needs_failure = match answer.attributo {
        Attributo::NonComunicato | Attributo::NonComunicabile => true,
        Attributo::Comunicato | Attributo::DaComunicare => false,
    };
    if needs_failure && answer.tentativi.is_empty() {
        return Err(Refusal::NotAdmitted { field: "answer.attributo", why: Why::NoFailedAttempt });
    }
    Ok(())
}

/// An answer by email alone is told once the mail system has accepted it (R4, R16); where the citizen heard it
/// on the telephone, the email only follows (4.4-4).
pub(super) fn check_not_told_by_email_alone(answer: &Answer) -> Result<(), Refusal> {
    let heard = answer.tentativi.iter().any(|tentativo| {
        tentativo.canale == CanaleOutbound::Telefono && tentativo.esito == EsitoTentativo::Raggiunto
    });
    if answer.attributo == Attributo::Comunicato && answer.canale == CanaleOutbound::Email && !heard {
        return Err(Refusal::NotAdmitted { field: "answer.attributo", why: Why::OnlyOnceAccepted });
    }
    Ok(())
}

fn check_attempt(tentativo: &Tentativo, now: DateTime<Utc>) -> Result<(), Refusal> {
    if tentativo.canale == CanaleOutbound::Sms {
        return Err(Refusal::NotAdmitted { field: "tentativo.canale", why: Why::Sms });
    }
    // Who calls the centre is there to be told: only the office's own attempts fail (R19, 6-5).
    if tentativo.direzione == Direzione::Inbound && tentativo.esito != EsitoTentativo::Raggiunto {
        return Err(Refusal::NotAdmitted { field: "tentativo.esito", why: Why::InboundIsReached });
    }
    check_time("tentativo.at", tentativo.at, now)
}

/// The attempts that came with an answer, each leaving the case where the answer put it.
pub(super) fn attempts(answer: &Answer, stato: Stato) -> impl Iterator<Item = Fact> {
    let recorded = move |tentativo: &Tentativo| Fact::AttemptRecorded { tentativo: tentativo.clone(), stato };
    answer.tentativi.iter().map(recorded)
}
