//! What always holds, whatever the office does.

use smista_domain::caso::Caso;
use smista_domain::catalogue::{Profilo, Ruolo};
use smista_domain::command::CommandKind;
use smista_domain::decide::act;
use smista_domain::ids::{GruppoId, Tripletta};
use smista_domain::motivo::Motivo;
use smista_domain::refusal::Refusal;
use smista_domain::stato::{AttributoPrimoLivello, AttributoSecondoLivello, Stato};
use smista_domain::transitions::{TRANSITIONS, To};
use smista_domain::visibility::{Visibility, visibility};

use crate::office::Office;

/// What a figlio takes from its padre (R1).
pub(crate) fn standing(caso: &Caso) -> (Stato, Option<&GruppoId>, Option<&Tripletta>) {
    (caso.stato, caso.gruppo.as_ref(), caso.tripletta.as_ref())
}

/// After every step.
pub(crate) fn check(office: &Office) {
    for pratica in &office.pratiche {
        for caso in pratica.casi() {
            check_profile(caso);
            check_holder(office, caso);
            check_visibility(office, caso);
            check_group(office, caso);
        }
        for figlio in &pratica.figli {
            assert_eq!(figlio.padre, Some(pratica.padre.id));
            assert_eq!(figlio.titolare, None, "nobody holds a figlio");
            assert_eq!(figlio.ente(), pratica.padre.ente(), "a figlio, final too, is of its padre's Ente");
            let open = !figlio.stato.is_final();
            if open && office.following.contains(&figlio.id) {
                assert_eq!(
                    standing(figlio),
                    standing(&pratica.padre),
                    "an open figlio agrees with its padre"
                );
            } else if open {
                assert_eq!(figlio.stato, Stato::Assegnato, "an open figlio opens as Assegnato");
            }
        }
    }
}

/// Whether this group owes the citizen of this case further attempts to tell the answer (6-5).
pub(crate) fn is_left_to_tell_by(caso: &Caso, gruppo: &GruppoId) -> bool {
    let untold = Stato::RisoltoSecondoLivello(AttributoSecondoLivello::NonComunicato);
    caso.stato == untold && caso.gruppo.as_ref() == Some(gruppo)
}

/// A retired group has no answer left to tell: no row takes such a case from it (row 20a).
fn check_group(office: &Office, caso: &Caso) {
    for gruppo in office.catalogue.gruppi.values().filter(|gruppo| gruppo.retired) {
        assert!(!is_left_to_tell_by(caso, &gruppo.id), "{} is left to tell an answer", gruppo.id);
    }
}

/// Table *States*: what is reachable on which profile, and with or without a group (6-1).
fn check_profile(caso: &Caso) {
    let with_group = caso.gruppo.is_some();
    match caso.stato {
        Stato::RisoltoPrimoLivello(_) | Stato::Annullato | Stato::AssegnatoRisolto => {}
        Stato::NonRisolvibilePerInformazioneCarente => assert_eq!(caso.profilo, Some(Profilo::Base)),
        Stato::Assegnato | Stato::Trasferito => assert_eq!(caso.profilo, Some(Profilo::Avanzato)),
        Stato::RisoltoSecondoLivello(_) | Stato::Sospeso => {
            assert_eq!(caso.profilo, Some(Profilo::Avanzato));
            assert!(with_group, "{} in no group", caso.stato);
        }
        Stato::Rigettato => {
            assert_eq!(caso.profilo, Some(Profilo::Avanzato));
            assert!(!with_group, "a rejected case has left its group");
        }
    }
    let answer_to_a_request = match caso.stato {
        Stato::AssegnatoRisolto => caso.motivo == Some(Motivo::Segnalazione),
        Stato::RisoltoSecondoLivello(_) | Stato::Rigettato | Stato::Sospeso | Stato::Trasferito => {
            caso.is_figlio() || caso.motivo.is_some_and(Motivo::can_be_padre)
        }
        Stato::RisoltoPrimoLivello(_)
        | Stato::Assegnato
        | Stato::Annullato
        | Stato::NonRisolvibilePerInformazioneCarente => true,
    };
    assert!(answer_to_a_request, "{:?} as {}", caso.motivo, caso.stato);
}

/// Whoever holds a case is of the level that the state belongs to, and of its group (6-2).
fn check_holder(office: &Office, caso: &Caso) {
    let Some(titolare) = &caso.titolare else { return };
    let attore =
        office.attori.iter().find(|attore| attore.login == *titolare).expect("a holder with a login");
    let right = match caso.stato {
        Stato::Assegnato
        | Stato::Trasferito
        | Stato::Sospeso
        | Stato::RisoltoSecondoLivello(AttributoSecondoLivello::NonComunicato) => {
            attore.is_member_of(caso.gruppo.as_ref())
        }
        Stato::Rigettato => attore.ruolo == Ruolo::GestioneRigetti,
        Stato::RisoltoSecondoLivello(AttributoSecondoLivello::DaComunicare)
        | Stato::RisoltoPrimoLivello(AttributoPrimoLivello::NonComunicato) => {
            attore.ruolo == Ruolo::PrimoLivello
        }
        Stato::RisoltoPrimoLivello(_)
        | Stato::RisoltoSecondoLivello(_)
        | Stato::AssegnatoRisolto
        | Stato::Annullato
        | Stato::NonRisolvibilePerInformazioneCarente => false,
    };
    assert!(right, "{} holds a case that is {}", titolare, caso.stato);
}

/// A case answers an Ente that it was never with as one that does not exist (R14, R23).
fn check_visibility(office: &Office, caso: &Caso) {
    for attore in &office.attori {
        let Some(ente) = attore.ente() else { continue };
        let seen = visibility(attore, caso);
        let referent = matches!(attore.ruolo, Ruolo::SecondoLivello { .. });
        if !office.enti[&caso.id].contains(ente) {
            assert_eq!(seen, Visibility::Hidden);
        } else if caso.ente() == Some(ente) && referent {
            assert_eq!(seen, Visibility::Full);
        } else if referent {
            assert!(matches!(seen, Visibility::UpTo { versione } if versione < caso.versione), "{seen:?}");
        }
        if seen == Visibility::Hidden {
            let pratica = office.pratiche.iter().find(|pratica| pratica.caso(caso.id).is_some());
            let pratica = pratica.expect("the pratica of the case");
            let command = smista_domain::command::Command::Accept;
            let refused = act(pratica, caso.id, &command, &office.catalogue, attore, office.now());
            assert_eq!(refused, Err(Refusal::Hidden));
        }
    }
}

/// What one decision did to one case.
pub(crate) fn check_change(before: Option<&Caso>, after: &Caso) {
    let Some(before) = before else {
        assert_eq!(after.versione, 1);
        return;
    };
    let raised = after.versione - before.versione;
    assert!(raised == 1 || raised == 0 && before == after, "one command, one version");
    if before.stato.is_final() {
        assert_eq!(before.stato, after.stato, "nobody moves a final case");
    }
    let entered = before.stato != after.stato;
    let lands_unheld = match after.stato {
        Stato::RisoltoSecondoLivello(AttributoSecondoLivello::DaComunicare)
        | Stato::Rigettato
        | Stato::Assegnato => entered,
        Stato::RisoltoPrimoLivello(_)
        | Stato::RisoltoSecondoLivello(_)
        | Stato::Trasferito
        | Stato::AssegnatoRisolto
        | Stato::Annullato
        | Stato::NonRisolvibilePerInformazioneCarente
        | Stato::Sospeso => after.stato.is_final(),
    };
    if lands_unheld {
        assert_eq!(after.titolare, None, "nobody holds what became {}", after.stato);
    }
    if entered && after.stato == Stato::Rigettato && !after.is_figlio() {
        assert_eq!(after.gruppo_precedente, before.gruppo, "a rejection keeps the group that it left");
    }
}

/// The table has a row of this command that ends where the case now stands.
pub(crate) fn check_row(before: &Caso, after: &Caso, kind: CommandKind) {
    let ends_there = TRANSITIONS.iter().filter(|row| row.command == kind).any(|row| match row.to {
        To::Unchanged => before.stato == after.stato,
        To::OneOf(states) => states.contains(&after.stato),
    });
    assert!(ends_there, "{kind:?} took a case from {} to {}", before.stato, after.stato);
}
