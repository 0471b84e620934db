//! Where a case stands: since when, with which level, and who holds it (rows 13 and 23, R14, R17, R19).

use smista_domain::command::{Cancellation, Command, CommandKind, Note, Opening};
use smista_domain::fact::Fact;
use smista_domain::motivo::{
    CanaleOutbound, EsitoTentativo, ModoIdentificazione, Motivo, MotivoAnnullamento,
};
use smista_domain::refusal::{PadreWhy, Refusal, Why};
use smista_domain::stato::{Attributo, Stato};

use crate::desk::{Desk, answer, attempt, note, opening, report, resolve};
use crate::world::{login, testo};

#[test]
fn a_state_lasts_from_the_command_that_entered_it() {
    let mut desk = Desk::with_reclamo("firenze/anagrafe");
    let opened = desk.padre().stato_since;
    desk.act("referente-uno", &Command::Accept).unwrap();
    assert_eq!(desk.padre().stato_since, opened, "who holds it does not matter");
    let failed = || attempt(EsitoTentativo::Occupato);
    let untold = resolve(Attributo::NonComunicato, CanaleOutbound::Telefono, vec![failed()]);
    desk.act("referente-uno", &untold).unwrap();
    let resolved = desk.now();
    desk.act("referente-uno", &report(Attributo::NonComunicato, failed())).unwrap();
    assert_eq!(desk.padre().stato_since, resolved, "the citizen has waited since the answer exists");
    desk.act("referente-uno", &report(Attributo::Comunicato, attempt(EsitoTentativo::Raggiunto))).unwrap();
    assert_eq!(desk.padre().stato_since, desk.now());
}

#[test]
fn what_the_first_level_tells_by_itself_was_never_with_the_second() {
    let mut desk = Desk::new();
    let failed = vec![attempt(EsitoTentativo::Occupato)];
    let untold = answer(Attributo::NonComunicato, CanaleOutbound::Email, failed);
    let informazione = opening(Motivo::Informazione, "firenze/anagrafe");
    desk.open(&Opening { answer: Some(untold), verifica: None, ..informazione }).unwrap();
    desk.act("primo-uno", &report(Attributo::Comunicato, attempt(EsitoTentativo::Raggiunto))).unwrap();
    let asks = Opening {
        tripletta: None,
        identificazione: Some(ModoIdentificazione::Documento),
        ..opening(Motivo::InformazioneSuCase, "firenze/anagrafe")
    };
    assert_eq!(desk.open(&asks), Err(Refusal::Padre { why: PadreWhy::NeverWithSecondLevel }));
}

#[test]
fn a_case_that_no_group_ever_had_is_noted_by_the_level_that_closed_it() {
    let mut desk = Desk::new();
    let annullamento = Some(Cancellation { motivo: MotivoAnnullamento::Errore, note: None });
    desk.open(&Opening { annullamento, ..opening(Motivo::Reclamo, "firenze/anagrafe") }).unwrap();
    let refused = Refusal::Role { ruolo: "secondo_livello", command: CommandKind::Note };
    assert_eq!(desk.act("referente-uno", &note()), Err(refused), "the first level's own");
    assert!(desk.act("primo-due", &note()).is_ok());

    // Any referent of its Ente may say that a Segnalazione is misrouted, whose service has no group.
    let mut desk = Desk::new();
    desk.open(&opening(Motivo::Segnalazione, "firenze/verde")).unwrap();
    assert!(desk.act("referente-tributi", &note()).is_ok());
    assert_eq!(desk.act("referente-pistoia", &note()), Err(Refusal::Hidden));
}

#[test]
fn its_own_referents_say_that_a_segnalazione_is_misrouted_and_nobody_of_anything_else() {
    let misrouted = || Command::Note(Note { text: testo("non è nostra"), non_competente: true });
    let why = Why::OnlyOfASegnalazioneByItsReferents;
    let refused = || Err(Refusal::NotAdmitted { field: "non_competente", why });
    let mut desk = Desk::with_reclamo("firenze/anagrafe");
    assert_eq!(desk.act("referente-uno", &misrouted()), refused(), "a Reclamo is rejected instead");

    let mut desk = Desk::new();
    desk.open(&opening(Motivo::Segnalazione, "firenze/anagrafe")).unwrap();
    assert_eq!(desk.act("primo-uno", &misrouted()), refused(), "the first level files a new one instead");
    desk.act("referente-uno", &note()).unwrap();
    assert_eq!(desk.padre().non_competente, None);
    let said = desk.act("referente-uno", &misrouted()).unwrap();
    assert_eq!(said.changes[0].facts, [Fact::Noted, Fact::FoundMisrouted]);
    desk.act("referente-due", &misrouted()).unwrap();
    assert_eq!(desk.padre().non_competente, Some(3), "the first saying stands");
    assert_eq!(desk.padre().stato, Stato::AssegnatoRisolto);
}

#[test]
fn who_accepts_twice_is_told_so_and_who_comes_second_is_told_by_whom() {
    let mut desk = Desk::with_reclamo("firenze/anagrafe");
    desk.act("referente-uno", &Command::Accept).unwrap();
    assert_eq!(desk.act("referente-uno", &Command::Accept), Err(Refusal::HeldByYou));
    let held = Refusal::HeldBy { titolare: login("referente-uno") };
    assert_eq!(desk.act("referente-due", &Command::Accept), Err(held));
}
