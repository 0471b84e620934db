//! Rows 8, 8a and 9: a Sollecito, a Notifica or an Informazione su Case, tied to its padre (2-4, R15).

use chrono::{DateTime, Utc};

use super::follow::with_followers;
use super::opening_parts::{
    begun, check_profile, check_standard_answer, papers_of, refuse_given, require_description,
};
use super::{Change, Decision, OpeningView};
use crate::caso::{Caso, Pratica};
use crate::command::{Notifica, Opening};
use crate::fact::{Campo, Fact, Opened, Paper};
use crate::motivo::{Motivo, MotivoAnnullamento};
use crate::refusal::{PadreWhy, Refusal, Why};
use crate::stato::{Attributo, AttributoPrimoLivello, Stato};

pub(super) fn open(
    view: &OpeningView<'_>,
    opening: &Opening,
    motivo: Motivo,
    now: DateTime<Utc>,
) -> Result<Decision, Refusal> {
    let padre_id = opening.padre.ok_or(Refusal::Missing { field: "padre", clause: "2-4" })?;
    let pratica = view.padre.ok_or(Refusal::Padre { why: PadreWhy::Unknown })?;
    if pratica.padre.id != padre_id {
        return Err(Refusal::Padre { why: PadreWhy::IsFiglio });
    }
    check_padre(&pratica.padre, motivo)?;
    check_fields(&pratica.padre, opening, motivo, now)?;
    let mut changes = vec![figlio(view, opening, &pratica.padre, motivo, now)];
    changes.extend(change_of_padre(pratica, opening, now));
    Ok(Decision { changes })
}

fn check_padre(padre: &Caso, motivo: Motivo) -> Result<(), Refusal> {
    if let Some(profilo) = padre.profilo {
        check_profile(motivo, profilo)?;
    }
    let refuse = |why| Err(Refusal::Padre { why });
    let to_be_told = padre.stato.attributo() == Some(Attributo::DaComunicare);
    if !padre.motivo.is_some_and(Motivo::can_be_padre) {
        refuse(PadreWhy::NotAPadre)
    } else if !padre.stato_al_secondo_livello {
        refuse(PadreWhy::NeverWithSecondLevel)
    } else if padre.stato.is_final() && motivo != Motivo::InformazioneSuCase {
        refuse(PadreWhy::Final)
    } else if to_be_told && motivo == Motivo::Sollecito {
        refuse(PadreWhy::TellTheAnswer)
    } else {
        Ok(())
    }
}

fn check_fields(padre: &Caso, opening: &Opening, motivo: Motivo, now: DateTime<Utc>) -> Result<(), Refusal> {
    let other_service = opening.tripletta.is_some() && opening.tripletta != padre.tripletta;
    refuse_given(other_service, "tripletta", Why::PadresOwn)?;
    refuse_given(opening.place.is_some(), "place", Why::OtherMotivo)?;
    require_description(opening)?;
    check_standard_answer(opening, now)?;
    if motivo == Motivo::InformazioneSuCase && opening.identificazione.is_none() {
        return Err(Refusal::Missing { field: "identificazione", clause: "4.1-7" });
    }
    match (motivo == Motivo::NotificaPerInformazione, &opening.notifica) {
        (true, None) => Err(Refusal::Missing { field: "notifica", clause: "3.1-7" }),
        (true, Some(Notifica::Anagrafica { anagrafica })) => {
            refuse_given(anagrafica.is_empty(), "notifica.anagrafica", Why::Empty)
        }
        (true, Some(Notifica::Integrazione {} | Notifica::Ritiro {})) => Ok(()),
        (false, given) => refuse_given(given.is_some(), "notifica", Why::OtherMotivo),
    }
}

fn figlio(
    view: &OpeningView<'_>,
    opening: &Opening,
    padre: &Caso,
    motivo: Motivo,
    now: DateTime<Utc>,
) -> Change {
    let withdrawn = matches!(opening.notifica, Some(Notifica::Ritiro {}));
    let stato = match motivo {
        Motivo::InformazioneSuCase => Stato::RisoltoPrimoLivello(AttributoPrimoLivello::Comunicato),
        Motivo::Sollecito
        | Motivo::NotificaPerInformazione
        | Motivo::Informazione
        | Motivo::Reclamo
        | Motivo::Lamentela
        | Motivo::Segnalazione
        | Motivo::Prenotazione => {
            if withdrawn {
                Stato::Annullato
            } else {
                Stato::Assegnato
            }
        }
    };
    let opened = Opened {
        tripletta: padre.tripletta.clone(),
        profilo: padre.profilo,
        gruppo: if stato == Stato::Assegnato { padre.gruppo.clone() } else { None },
        padre: Some(padre.id),
        annullamento: withdrawn.then_some(MotivoAnnullamento::RitiratoDalCittadino),
        ..begun(view, opening, stato, now)
    };
    Change { caso: view.new.id, facts: vec![Fact::Opened(Box::new(opened))], papers: papers_of(opening) }
}

/// What a Notifica does to its padre, each of the three kinds (3.1-7); the other figli change nothing there.
fn change_of_padre(pratica: &Pratica, opening: &Opening, now: DateTime<Utc>) -> Vec<Change> {
    let caso = pratica.padre.id;
    match &opening.notifica {
        None => vec![],
        Some(Notifica::Anagrafica { anagrafica }) => {
            let papers = vec![Paper::anagrafica(anagrafica.clone())];
            vec![Change { caso, facts: vec![Fact::AnagraficaCorrected], papers }]
        }
        Some(Notifica::Integrazione {}) => {
            let added = opening.description.clone().map(|text| Paper::text(Campo::Nota, text));
            vec![Change { caso, facts: vec![Fact::Noted], papers: added.into_iter().collect() }]
        }
        Some(Notifica::Ritiro {}) => {
            let facts = vec![Fact::Cancelled { motivo: MotivoAnnullamento::RitiratoDalCittadino }];
            with_followers(pratica, Change { caso, facts, papers: vec![] }, now)
        }
    }
}
