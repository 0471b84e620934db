//! Rows 1 to 7 and 12: contacts that are about no earlier case.

use chrono::{DateTime, Utc};

use super::answers::{attempts, check_answer, check_not_told_by_email_alone, first_level};
use super::assign::known_servizio;
use super::handling::check_cancellation;
use super::opening_parts::{
    begun, check_profile, check_standard_answer, papers_of, refuse_given, require_description,
};
use super::times::check_time;
use super::{Change, Decision, OpeningView, opening_figlio};
use crate::attore::Attore;
use crate::catalogue::{Profilo, Ruolo, Servizio};
use crate::command::{Answer, Cancellation, CommandKind, Opening};
use crate::fact::{Fact, Opened};
use crate::motivo::{CanaleInbound, CanaleOutbound, GenereEsigenza, Motivo, VerificaDisponibilita};
use crate::refusal::{Refusal, Why};
use crate::stato::{Attributo, AttributoPrimoLivello, Stato};

pub(super) fn open(
    view: &OpeningView<'_>,
    opening: &Opening,
    attore: &Attore,
    now: DateTime<Utc>,
) -> Result<Decision, Refusal> {
    if attore.ruolo != Ruolo::PrimoLivello {
        return Err(Refusal::Role { ruolo: attore.ruolo.name(), command: CommandKind::Open });
    }
    if opening.canale == CanaleInbound::Email && !attore.email_inbound {
        return Err(Refusal::InboundEmail);
    }
    check_what_it_cites(view, opening, now)?;
    let foreign = opening.canale_origine.is_some() && !attore.is_import();
    refuse_given(foreign, "canale_origine", Why::OnlyFromImport)?;
    if let Some(cancellation) = &opening.annullamento {
        return open_and_cancel(view, opening, cancellation, now);
    }
    let motivo = opening.motivo.ok_or(Refusal::Missing { field: "motivo", clause: "3-2" })?;
    if motivo.is_figlio() {
        return opening_figlio::open(view, opening, motivo, now);
    }
    let tripletta =
        opening.tripletta.as_ref().ok_or(Refusal::Missing { field: "tripletta", clause: "3-3" })?;
    let servizio = known_servizio(view.catalogue, tripletta)?;
    check_profile(motivo, servizio.profilo)?;
    refuse_given(opening.padre.is_some(), "padre", Why::OtherMotivo)?;
    refuse_given(opening.notifica.is_some(), "notifica", Why::OtherMotivo)?;
    refuse_given(opening.identificazione.is_some(), "identificazione", Why::OtherMotivo)?;
    require_description(opening)?;
    let facts = match motivo {
        Motivo::Informazione => informazione(view, opening, servizio, now)?,
        Motivo::Reclamo => reclamo(view, opening, servizio, now)?,
        Motivo::Lamentela => lamentela(view, opening, servizio, now)?,
        Motivo::Segnalazione => segnalazione(view, opening, servizio, now)?,
        Motivo::Prenotazione => return Err(Refusal::MotivoNotHandled { motivo }),
        // Figli were sent their own way above.
        Motivo::InformazioneSuCase | Motivo::Sollecito | Motivo::NotificaPerInformazione => {
            return Err(Refusal::Missing { field: "padre", clause: "2-4" });
        }
    };
    let change = Change { caso: view.new.id, facts, papers: papers_of(opening) };
    Ok(Decision { changes: vec![change] })
}

fn check_what_it_cites(view: &OpeningView<'_>, opening: &Opening, now: DateTime<Utc>) -> Result<(), Refusal> {
    let off_the_globe = opening.place.as_ref().is_some_and(|place| !place.is_on_the_globe());
    refuse_given(off_the_globe, "place", Why::NotOnTheGlobe)?;
    check_time("opened_at", opening.opened_at, now)?;
    refuse_given(opening.seguito_di.is_some() && !view.cited.seguito_di, "seguito_di", Why::UnknownCaso)?;
    refuse_given(opening.cittadino.is_some() && !view.cited.cittadino, "cittadino", Why::UnknownCittadino)
}

/// Row 12.
fn open_and_cancel(
    view: &OpeningView<'_>,
    opening: &Opening,
    cancellation: &Cancellation,
    now: DateTime<Utc>,
) -> Result<Decision, Refusal> {
    let notes = check_cancellation(cancellation)?;
    let given = [
        (opening.padre.is_some(), "padre"),
        (opening.notifica.is_some(), "notifica"),
        (opening.answer.is_some(), "answer"),
        (opening.verifica.is_some(), "verifica"),
        (opening.identificazione.is_some(), "identificazione"),
    ];
    given.into_iter().try_for_each(|(given, field)| refuse_given(given, field, Why::OtherMotivo))?;
    let servizio = opening.tripletta.as_ref().map(|tripletta| known_servizio(view.catalogue, tripletta));
    let servizio = servizio.transpose()?;
    let opened = Opened {
        profilo: servizio.map(|servizio| servizio.profilo),
        annullamento: Some(cancellation.motivo),
        ..begun(view, opening, Stato::Annullato, now)
    };
    let papers = papers_of(opening).into_iter().chain(notes).collect();
    let change = Change { caso: view.new.id, facts: vec![Fact::Opened(Box::new(opened))], papers };
    Ok(Decision { changes: vec![change] })
}

/// Rows 1 to 4.
fn informazione(
    view: &OpeningView<'_>,
    opening: &Opening,
    servizio: &Servizio,
    now: DateTime<Utc>,
) -> Result<Vec<Fact>, Refusal> {
    let profilo = Some(servizio.profilo);
    if let Some(answer) = &opening.answer {
        refuse_given(opening.verifica.is_some(), "verifica", Why::OtherMotivo)?;
        let stato = Stato::RisoltoPrimoLivello(first_level_answer(answer, now)?);
        let opened = Opened { profilo, ..begun(view, opening, stato, now) };
        return Ok(std::iter::once(Fact::Opened(Box::new(opened))).chain(attempts(answer, stato)).collect());
    }
    let verifica = opening.verifica;
    let (stato, gruppo, then) = match (servizio.profilo, opening.canale, verifica) {
        (Profilo::Base, _, None) => {
            let genere = GenereEsigenza::InformazioneCarente;
            (Stato::NonRisolvibilePerInformazioneCarente, None, Some(Fact::GapRaised { genere }))
        }
        (Profilo::Base, _, Some(_)) => {
            return Err(Refusal::NotAdmitted { field: "verifica", why: Why::NoSecondLevel });
        }
        (Profilo::Avanzato, CanaleInbound::Telefono, Some(VerificaDisponibilita::Disponibile)) => {
            let gruppo = view.catalogue.competent_gruppo(&servizio.tripletta).map(|gruppo| gruppo.id.clone());
            let to_be_routed = gruppo.is_none().then_some(Fact::Assigned);
            (Stato::Trasferito, gruppo, to_be_routed)
        }
        (
            Profilo::Avanzato,
            CanaleInbound::Telefono,
            Some(VerificaDisponibilita::NonDisponibile | VerificaDisponibilita::AttesaRifiutata),
        )
        | (Profilo::Avanzato, CanaleInbound::Email, None) => (Stato::Assegnato, None, Some(Fact::Assigned)),
        (Profilo::Avanzato, CanaleInbound::Telefono, None) => {
            return Err(Refusal::Missing { field: "verifica", clause: "4.2-3" });
        }
        (Profilo::Avanzato, CanaleInbound::Email, Some(_)) => {
            return Err(Refusal::NotAdmitted { field: "verifica", why: Why::OnlyOnTheTelephone });
        }
    };
    let opened = Opened { profilo, gruppo, verifica, ..begun(view, opening, stato, now) };
    Ok(std::iter::once(Fact::Opened(Box::new(opened))).chain(then).collect())
}

/// What the first level claims of its own answer (6-3, R16).
fn first_level_answer(answer: &Answer, now: DateTime<Utc>) -> Result<AttributoPrimoLivello, Refusal> {
    check_answer(answer, now)?;
    check_not_told_by_email_alone(answer)?;
    let attributo = first_level(answer.attributo)
        .ok_or(Refusal::NotAdmitted { field: "answer.attributo", why: Why::NotThisAttribute })?;
    let off_line = answer.canale == CanaleOutbound::Email;
    refuse_given(
        answer.attributo != Attributo::Comunicato && !off_line,
        "answer.attributo",
        Why::OnlyOffLine,
    )?;
    Ok(attributo)
}

/// Row 5.
fn reclamo(
    view: &OpeningView<'_>,
    opening: &Opening,
    servizio: &Servizio,
    now: DateTime<Utc>,
) -> Result<Vec<Fact>, Refusal> {
    refuse_given(opening.answer.is_some(), "answer", Why::OtherMotivo)?;
    refuse_given(opening.verifica.is_some(), "verifica", Why::OtherMotivo)?;
    require_anagrafica(opening)?;
    let opened = Opened { profilo: Some(servizio.profilo), ..begun(view, opening, Stato::Assegnato, now) };
    Ok(vec![Fact::Opened(Box::new(opened)), Fact::Assigned])
}

/// Row 6: the anagrafica is optional, the standard answer is given at once.
fn lamentela(
    view: &OpeningView<'_>,
    opening: &Opening,
    servizio: &Servizio,
    now: DateTime<Utc>,
) -> Result<Vec<Fact>, Refusal> {
    check_standard_answer(opening, now)?;
    let stato = Stato::RisoltoPrimoLivello(AttributoPrimoLivello::Comunicato);
    let opened = Opened { profilo: Some(servizio.profilo), ..begun(view, opening, stato, now) };
    Ok(vec![Fact::Opened(Box::new(opened))])
}

/// Row 7. The group, where the service has one, finds it among the Segnalazioni that it received; no answer is owed.
fn segnalazione(
    view: &OpeningView<'_>,
    opening: &Opening,
    servizio: &Servizio,
    now: DateTime<Utc>,
) -> Result<Vec<Fact>, Refusal> {
    check_standard_answer(opening, now)?;
    require_anagrafica(opening)?;
    let gruppo = view.catalogue.competent_gruppo(&servizio.tripletta).map(|gruppo| gruppo.id.clone());
    let profilo = Some(servizio.profilo);
    let opened = Opened { profilo, gruppo, ..begun(view, opening, Stato::AssegnatoRisolto, now) };
    Ok(vec![Fact::Opened(Box::new(opened))])
}

fn require_anagrafica(opening: &Opening) -> Result<(), Refusal> {
    let missing = opening.anagrafica.clone().unwrap_or_default().missing_mandatory();
    if missing.is_empty() { Ok(()) } else { Err(Refusal::Anagrafica { missing }) }
}
