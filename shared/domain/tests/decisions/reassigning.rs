//! Routing, rejecting and reassigning (rows 4a, 20, 20a and 21).

use smista_domain::command::{Command, Opening, Rejection};
use smista_domain::decide::routing_command;
use smista_domain::fact::Fact;
use smista_domain::motivo::{CausaRigetto, GenereEsigenza, Motivo, VerificaDisponibilita};
use smista_domain::refusal::{ReassignWhy, Refusal};
use smista_domain::stato::{Attributo, Stato};
use smista_domain::visibility::{Visibility, visibility};

use crate::desk::{Desk, opening, reassign, reject};
use crate::world::{attore, gruppo, testo, tripletta};

fn rejected() -> Desk {
    let mut desk = Desk::with_reclamo("firenze/anagrafe");
    desk.act("referente-uno", &reject()).expect("a rejection");
    desk
}

#[test]
fn a_reassignment_goes_to_a_competent_group() {
    let refused = |why| Some(Refusal::Reassignment { why });
    let competent = || gruppo("firenze-tributi");
    for (servizio, to, with_note, expected) in [
        (Some("firenze/tributi"), None, false, None),
        (Some("pistoia/scuola"), None, false, None),
        (Some("firenze/tributi"), Some("firenze-tributi"), false, None),
        (None, None, true, None),
        (None, None, false, refused(ReassignWhy::NoteNeeded)),
        (None, Some("firenze-tributi"), false, None),
        (Some("firenze/nuovo"), None, false, refused(ReassignWhy::NoCompetentGroup)),
        (Some("firenze/nuovo"), Some("firenze-tributi"), false, None),
        (Some("firenze/nuovo"), Some("firenze-urp"), false, None),
        (None, Some("firenze-urp"), false, None),
        (
            Some("firenze/tributi"),
            Some("firenze-urp"),
            false,
            refused(ReassignWhy::FallbackNotNeeded { competent: competent() }),
        ),
        (Some("firenze/tributi"), Some("pistoia-scuola"), false, refused(ReassignWhy::OtherEnte)),
        (Some("firenze/tributi"), Some("nessuno"), false, refused(ReassignWhy::UnknownGroup)),
        (Some("firenze/verde"), None, false, refused(ReassignWhy::NotAvanzato)),
        (Some("firenze/verde"), Some("firenze-urp"), false, refused(ReassignWhy::NotAvanzato)),
        (
            Some("prato/boh"),
            None,
            false,
            Some(Refusal::UnknownTripletta { tripletta: tripletta("prato/boh") }),
        ),
    ] {
        let outcome = rejected().act("rigetti-uno", &reassign(servizio, to, with_note)).err();
        assert_eq!(outcome, expected, "{servizio:?} {to:?} {with_note}");
    }
}

#[test]
fn a_group_that_is_competent_for_nothing_receives_nothing() {
    let mut desk = rejected();
    let servizio = desk.catalogue.servizi.get_mut(&tripletta("firenze/tributi")).unwrap();
    servizio.retired = true;
    let refused = Err(Refusal::Reassignment { why: ReassignWhy::NotCompetent });
    assert_eq!(desk.act("rigetti-uno", &reassign(None, Some("firenze-tributi"), true)), refused);
    let mut desk = rejected();
    desk.retire("firenze-tributi");
    let refused = Err(Refusal::Reassignment { why: ReassignWhy::UnknownGroup });
    assert_eq!(desk.act("rigetti-uno", &reassign(None, Some("firenze-tributi"), true)), refused);
}

#[test]
fn a_case_that_comes_back_bounces() {
    let mut desk = rejected();
    assert!(!desk.padre().bounces());
    desk.act("rigetti-uno", &reassign(None, None, true)).unwrap();
    assert!(desk.padre().bounces(), "sent back to the group that rejected it");
    let mut desk = rejected();
    desk.act("rigetti-uno", &reassign(Some("firenze/tributi"), None, false)).unwrap();
    assert!(!desk.padre().bounces());
    desk.act("referente-tributi", &reject()).unwrap();
    assert!(desk.padre().bounces(), "rejected twice");
}

#[test]
fn an_ente_that_the_case_has_left_sees_its_history_up_to_then() {
    let mut desk = rejected();
    let version_of_the_rejection = desk.padre().versione;
    desk.act("rigetti-uno", &reassign(Some("pistoia/scuola"), None, false)).unwrap();
    let sees = |desk: &Desk, name| visibility(&attore(name, &desk.catalogue), desk.padre());
    assert_eq!(sees(&desk, "referente-uno"), Visibility::UpTo { versione: version_of_the_rejection });
    assert_eq!(sees(&desk, "referente-pistoia"), Visibility::Full);
    assert_eq!(sees(&desk, "referente-prato"), Visibility::Hidden);
    assert_eq!(desk.act("referente-uno", &reject()), Err(Refusal::NotYourGroup { gruppo: None }));
}

#[test]
fn the_system_finds_each_case_a_place() {
    let command = |desk: &Desk| routing_command(desk.padre(), &desk.catalogue).unwrap();
    let mut desk = Desk::new();
    desk.open(&opening(Motivo::Reclamo, "firenze/anagrafe")).unwrap();
    assert_eq!(command(&desk), Some(Command::Route));
    desk.act("sistema", &Command::Route).unwrap();
    assert_eq!((desk.padre().gruppo.clone(), command(&desk)), (Some(gruppo("firenze-anagrafe")), None));
    let taken = desk.act("sistema", &reject());
    assert_eq!(taken, Err(Refusal::HasCompetentGroup { gruppo: gruppo("firenze-anagrafe") }));
    desk.retire("firenze-anagrafe");
    let by_the_system = command(&desk).expect("a rejection");
    desk.act("sistema", &by_the_system).unwrap();
    assert_eq!((desk.padre().stato, command(&desk)), (Stato::Rigettato, None));
    assert!(desk.padre().rigettato_da.is_empty(), "no group rejected it");
    assert_eq!(command(&Desk::with_resolved(Attributo::Comunicato)), None);
}

#[test]
fn a_transfer_that_went_to_nobody_is_rejected_whatever_group_comes_after_it() {
    let mut desk = Desk::new();
    desk.retire("firenze-anagrafe");
    let verifica = Some(VerificaDisponibilita::Disponibile);
    desk.open(&Opening { verifica, ..opening(Motivo::Informazione, "firenze/anagrafe") }).unwrap();
    assert_eq!((desk.padre().stato, desk.padre().gruppo.clone()), (Stato::Trasferito, None));
    desk.restore("firenze-anagrafe");
    let by_the_system = routing_command(desk.padre(), &desk.catalogue).unwrap().expect("a rejection");
    desk.act("sistema", &by_the_system).unwrap();
    assert_eq!(desk.padre().stato, Stato::Rigettato);
}

#[test]
fn nobody_competent_is_a_knowledge_gap() {
    let gap = Fact::GapRaised { genere: GenereEsigenza::ResponsabileNonIndividuabile };
    let mut desk = Desk::new();
    desk.open(&opening(Motivo::Reclamo, "firenze/nuovo")).unwrap();
    let decision = desk.act("sistema", &Command::Route).unwrap();
    assert!(decision.changes[0].facts.contains(&gap));
    assert_eq!((desk.padre().stato, desk.padre().esigenza), (Stato::Rigettato, true));
    for (causa, raised) in [
        (CausaRigetto::ResponsabileNonIndividuabile, true),
        (CausaRigetto::RichiestaAmbigua, false),
        (CausaRigetto::ErroreOperatore, false),
    ] {
        let mut desk = Desk::with_reclamo("firenze/anagrafe");
        let command =
            Command::Reject(Rejection { causa, note: testo("una nota"), tripletta_suggerita: None });
        let decision = desk.act("referente-uno", &command).unwrap();
        assert_eq!(decision.changes[0].facts.contains(&gap), raised, "{causa}");
    }
}

#[test]
fn a_suggestion_names_a_service_that_exists() {
    let suggest = |name| {
        let tripletta_suggerita = Some(tripletta(name));
        let causa = CausaRigetto::ErroreOperatore;
        Command::Reject(Rejection { causa, note: testo("una nota"), tripletta_suggerita })
    };
    let mut desk = Desk::with_reclamo("firenze/anagrafe");
    let refused = Err(Refusal::UnknownTripletta { tripletta: tripletta("firenze/boh") });
    assert_eq!(desk.act("referente-uno", &suggest("firenze/boh")), refused);
    assert!(desk.act("referente-uno", &suggest("firenze/tributi")).is_ok());
}
