//! Answers, attempts, hand-backs and cancellations (rows 14 to 19, 22 and 22a).

use smista_domain::caso::ContactLimits;
use smista_domain::command::{Command, Opening};
use smista_domain::fact::Tentativo;
use smista_domain::motivo::{CanaleOutbound, Direzione, EsitoTentativo, Motivo, MotivoAnnullamento};
use smista_domain::refusal::{Refusal, Why};
use smista_domain::stato::{Attributo, AttributoSecondoLivello, Stato};

use crate::desk::{Desk, answer, attempt, cancel, involve, opening, reject, report, resolve, with_note};
use crate::world::{at, gruppo, login};

fn refused(field: &'static str, why: Why) -> Refusal {
    Refusal::NotAdmitted { field, why }
}

#[test]
fn an_answer_agrees_with_its_channel_and_its_attempts() {
    use Attributo::{Comunicato, DaComunicare, NonComunicabile, NonComunicato};
    use CanaleOutbound::{Email, Sms, Telefono};
    use EsitoTentativo::{NonRisponde, Occupato, Raggiunto};
    let failed = || attempt(EsitoTentativo::Occupato);
    let reached = || attempt(EsitoTentativo::Raggiunto);
    let reached_by_email = || Tentativo { canale: Email, ..reached() };
    let by_sms = || Tentativo { canale: Sms, ..failed() };
    let called = |esito| Tentativo { direzione: Direzione::Inbound, ..attempt(esito) };
    let long_ago = || Tentativo { at: Some("1899-12-31T23:59:59Z".parse().unwrap()), ..failed() };
    let tomorrow = || Tentativo { at: Some(at(1_440)), ..failed() };
    let contradicts = || Some(refused("answer.tentativi", Why::ContradictsTheAttempt));
    let unproved = || Some(refused("answer.attributo", Why::NoFailedAttempt));
    let too_early = || Some(refused("answer.attributo", Why::OnlyOnceAccepted));
    for (attributo, canale, tentativi, expected) in [
        (Comunicato, Telefono, vec![], None),
        (Comunicato, Telefono, vec![failed(), reached()], None),
        (Comunicato, Telefono, vec![failed()], contradicts()),
        (Comunicato, Email, vec![], too_early()),
        (Comunicato, Email, vec![reached_by_email()], too_early()),
        (Comunicato, Email, vec![reached()], None),
        (Comunicato, Sms, vec![], Some(refused("answer.canale", Why::Sms))),
        (NonComunicato, Telefono, vec![], unproved()),
        (NonComunicato, Telefono, vec![failed()], None),
        (NonComunicato, Telefono, vec![failed(), reached()], contradicts()),
        (NonComunicato, Telefono, vec![by_sms()], Some(refused("tentativo.canale", Why::Sms))),
        (NonComunicato, Telefono, vec![tomorrow()], Some(refused("tentativo.at", Why::InTheFuture))),
        (NonComunicabile, Email, vec![], unproved()),
        (NonComunicabile, Email, vec![failed()], None),
        (
            NonComunicato,
            Telefono,
            vec![called(NonRisponde)],
            Some(refused("tentativo.esito", Why::InboundIsReached)),
        ),
        (
            NonComunicabile,
            Email,
            vec![called(Occupato)],
            Some(refused("tentativo.esito", Why::InboundIsReached)),
        ),
        (Comunicato, Telefono, vec![called(Raggiunto)], None),
        (NonComunicato, Telefono, vec![long_ago()], Some(refused("tentativo.at", Why::TooLongAgo))),
        (DaComunicare, Telefono, vec![], None),
        (DaComunicare, Telefono, vec![reached()], contradicts()),
    ] {
        let mut desk = Desk::with_reclamo("firenze/anagrafe");
        let command = resolve(attributo, canale, tentativi.clone());
        let outcome = desk.act("referente-uno", &command).err();
        assert_eq!(outcome, expected, "{attributo:?} {canale} {tentativi:?}");
    }
}

#[test]
fn an_attempt_may_be_made_now_but_not_later() {
    let mut desk = Desk::with_resolved(Attributo::NonComunicato);
    let next_minute = desk.now() + chrono::Duration::minutes(1);
    let now = Tentativo { at: Some(next_minute), ..attempt(EsitoTentativo::Occupato) };
    assert!(desk.act("referente-uno", &report(Attributo::NonComunicato, now)).is_ok());
}

#[test]
fn what_the_first_level_answers_by_email_alone_no_person_declares_told() {
    let untold = answer(
        Attributo::NonComunicato,
        CanaleOutbound::Email,
        vec![Tentativo { canale: CanaleOutbound::Email, ..attempt(EsitoTentativo::NonRisponde) }],
    );
    let asked = opening(Motivo::Informazione, "firenze/anagrafe");
    let mut desk = Desk::new();
    desk.open(&Opening { answer: Some(untold), verifica: None, ..asked }).unwrap();
    let by_email = Tentativo { canale: CanaleOutbound::Email, ..attempt(EsitoTentativo::Raggiunto) };
    let told = report(Attributo::Comunicato, by_email);
    assert_eq!(desk.act("primo-uno", &told), Err(refused("attributo", Why::OnlyOnceAccepted)));
    let on_the_telephone = report(Attributo::Comunicato, attempt(EsitoTentativo::Raggiunto));
    assert!(desk.act("primo-uno", &on_the_telephone).is_ok());
}

#[test]
fn contact_back_is_the_services_to_allow() {
    let mut desk = Desk::with_reclamo("firenze/tributi");
    let command = resolve(Attributo::DaComunicare, CanaleOutbound::Telefono, vec![]);
    assert_eq!(desk.act("referente-tributi", &command), Err(Refusal::NoContactBack));
}

#[test]
fn a_retired_group_promises_no_further_attempts() {
    use Attributo::{Comunicato, DaComunicare, NonComunicabile, NonComunicato};
    let retired = Refusal::GroupRetired { gruppo: gruppo("firenze-anagrafe") };
    let failed = || vec![attempt(EsitoTentativo::NonRisponde)];
    for (attributo, tentativi, expected) in [
        (Comunicato, vec![], None),
        (DaComunicare, vec![], None),
        (NonComunicabile, failed(), None),
        (NonComunicato, failed(), Some(retired)),
    ] {
        let mut desk = Desk::with_reclamo("firenze/anagrafe");
        desk.retire("firenze-anagrafe");
        let command = resolve(attributo, CanaleOutbound::Telefono, tentativi);
        assert_eq!(desk.act("referente-uno", &command).err(), expected, "{attributo:?}");
    }
}

#[test]
fn an_attempt_leads_where_its_outcome_says() {
    use Attributo::{Comunicato, DaComunicare, NonComunicabile, NonComunicato};
    use EsitoTentativo::{NonRisponde, Raggiunto};
    let by_email = |esito| Tentativo { canale: CanaleOutbound::Email, ..attempt(esito) };
    let too_early = || Some(refused("attributo", Why::OnlyOnceAccepted));
    let inbound = |esito| Tentativo { direzione: Direzione::Inbound, ..attempt(esito) };
    let contradicts = || Some(refused("attributo", Why::ContradictsTheAttempt));
    for (resolved, actor, attributo, tentativo, expected) in [
        (DaComunicare, "primo-uno", Comunicato, attempt(Raggiunto), None),
        (DaComunicare, "primo-uno", Comunicato, by_email(Raggiunto), too_early()),
        (DaComunicare, "primo-uno", DaComunicare, by_email(NonRisponde), None),
        (NonComunicato, "referente-uno", Comunicato, by_email(Raggiunto), too_early()),
        (
            DaComunicare,
            "primo-uno",
            DaComunicare,
            inbound(NonRisponde),
            Some(refused("tentativo.esito", Why::InboundIsReached)),
        ),
        (DaComunicare, "primo-uno", Comunicato, inbound(Raggiunto), None),
        (DaComunicare, "primo-uno", Comunicato, attempt(NonRisponde), contradicts()),
        (DaComunicare, "primo-uno", DaComunicare, attempt(Raggiunto), contradicts()),
        (
            DaComunicare,
            "primo-uno",
            NonComunicato,
            attempt(NonRisponde),
            Some(refused("attributo", Why::NotThisAttribute)),
        ),
        (
            NonComunicato,
            "referente-uno",
            DaComunicare,
            attempt(NonRisponde),
            Some(refused("attributo", Why::NotThisAttribute)),
        ),
        (NonComunicato, "referente-uno", NonComunicabile, attempt(NonRisponde), None),
        (
            NonComunicato,
            "referente-uno",
            Comunicato,
            inbound(Raggiunto),
            Some(refused("tentativo.direzione", Why::OnlyOutbound)),
        ),
    ] {
        let mut desk = Desk::with_resolved(resolved);
        let outcome = desk.act(actor, &report(attributo, tentativo.clone())).err();
        assert_eq!(outcome, expected, "{resolved:?} {attributo:?} {tentativo:?}");
    }
}

#[test]
fn failed_attempts_are_counted_from_the_answer_on_and_make_it_late() {
    let limits = ContactLimits::default();
    let mut desk = Desk::with_resolved(Attributo::NonComunicato);
    assert_eq!(desk.padre().tentativi_falliti, 1);
    let again = report(Attributo::NonComunicato, attempt(EsitoTentativo::Segreteria));
    desk.act("referente-uno", &again).unwrap();
    assert!(!desk.padre().contact_is_late(limits, desk.now()));
    desk.act("referente-uno", &again).unwrap();
    assert_eq!(desk.padre().tentativi_falliti, 3);
    assert!(desk.padre().contact_is_late(limits, desk.now()));

    let mut desk = Desk::with_resolved(Attributo::DaComunicare);
    let since = desk.padre().stato_since;
    assert!(!desk.padre().contact_is_late(limits, since + chrono::Duration::hours(119)));
    assert!(desk.padre().contact_is_late(limits, since + chrono::Duration::days(5)));
    desk.act("primo-uno", &report(Attributo::Comunicato, attempt(EsitoTentativo::Raggiunto))).unwrap();
    assert_eq!(desk.padre().tentativi_falliti, 0);
    assert!(!desk.padre().contact_is_late(limits, since + chrono::Duration::days(50)));
}

#[test]
fn a_hand_back_returns_to_the_resolver_if_still_there() {
    let stands = |desk: &Desk| (desk.padre().stato, desk.padre().titolare.clone());
    let mut desk = Desk::with_resolved(Attributo::DaComunicare);
    desk.act("primo-uno", &Command::HandBack(with_note())).unwrap();
    assert_eq!(stands(&desk), (Stato::Sospeso, Some(login("referente-uno"))));

    let leaves: [fn(&mut Desk); 2] = [
        |desk| desk.catalogue.operatori.get_mut(&login("referente-uno")).unwrap().retired = true,
        |desk| {
            desk.catalogue.gruppi.values_mut().for_each(|gruppo| {
                gruppo.membri.remove(&login("referente-uno"));
            })
        },
    ];
    for leave in leaves {
        let mut desk = Desk::with_resolved(Attributo::DaComunicare);
        leave(&mut desk);
        desk.act("primo-uno", &Command::HandBack(with_note())).unwrap();
        assert_eq!(stands(&desk), (Stato::Sospeso, None));
    }
}

#[test]
fn a_specialist_is_one_of_the_same_ente_at_work() {
    let mut desk = Desk::with_reclamo("firenze/anagrafe");
    for name in ["referente-due", "nessuno"] {
        let refused = Refusal::NotASpecialist { specialista: login(name) };
        assert_eq!(desk.act("referente-uno", &involve(name)), Err(refused));
    }
    desk.act("referente-uno", &involve("specialista-uno")).unwrap();
    assert_eq!(desk.padre().titolare, Some(login("referente-uno")), "whoever acts first also accepts");
    desk.catalogue.operatori.get_mut(&login("specialista-due")).unwrap().retired = true;
    let refused = Refusal::NotASpecialist { specialista: login("specialista-due") };
    assert_eq!(desk.act("referente-uno", &involve("specialista-due")), Err(refused));
    let mut desk = Desk::with_reclamo("pistoia/scuola");
    let refused = Refusal::NotASpecialist { specialista: login("specialista-uno") };
    assert_eq!(desk.act("referente-pistoia", &involve("specialista-uno")), Err(refused));
}

#[test]
fn the_reason_decides_what_may_be_cancelled() {
    use MotivoAnnullamento::{
        Altro, ContattoAbbandonato, Duplicato, Errore, NonDiCompetenza, RitiratoDalCittadino,
    };
    let assigned = |motivo| {
        let mut desk = Desk::new();
        desk.open(&opening(motivo, "firenze/anagrafe")).unwrap();
        desk
    };
    let told = || Desk::with_resolved(Attributo::DaComunicare);
    for (reason, informazione, reclamo, answered) in [
        (RitiratoDalCittadino, true, true, true),
        (Duplicato, true, true, false),
        (NonDiCompetenza, true, true, false),
        (ContattoAbbandonato, true, false, false),
        (Errore, true, false, false),
        (Altro, true, false, false),
    ] {
        let allowed = |mut desk: Desk| desk.act("primo-uno", &cancel(reason)).is_ok();
        assert_eq!(allowed(assigned(Motivo::Informazione)), informazione, "{reason}");
        assert_eq!(allowed(assigned(Motivo::Reclamo)), reclamo, "{reason}");
        assert_eq!(allowed(told()), answered, "{reason}");
    }
    let stato = Stato::RisoltoSecondoLivello(AttributoSecondoLivello::DaComunicare);
    let refused = Refusal::CancelReason { stato, reclamo: true };
    assert_eq!(told().act("primo-uno", &cancel(Duplicato)), Err(refused));
}

#[test]
fn a_group_that_has_lost_the_case_is_remembered_and_its_specialists_are_out() {
    let mut desk = Desk::with_reclamo("firenze/anagrafe");
    desk.act("referente-uno", &involve("specialista-uno")).unwrap();
    desk.act("referente-uno", &reject()).unwrap();
    let padre = desk.padre();
    assert_eq!((padre.gruppo.as_ref(), padre.titolare.as_ref()), (None, None));
    assert_eq!(padre.gruppo_precedente, padre.rigettato_da.first().cloned());
    assert!(padre.specialisti.is_empty() && padre.coinvolti.contains(&login("specialista-uno")));
    assert_eq!((padre.rigetti, padre.bounces()), (1, false));
}
