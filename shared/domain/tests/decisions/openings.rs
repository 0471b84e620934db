//! What an opening must and must not bring, beside what its row is chosen by.

use smista_domain::anagrafica::{DatoPersonale, Luogo};
use smista_domain::attore::Attore;
use smista_domain::catalogue::Profilo;
use smista_domain::command::{Cancellation, Command, Opening, TransferFailed};
use smista_domain::decide::{Cited, routing_command};
use smista_domain::fact::{Campo, Fact};
use smista_domain::ids::CittadinoId;
use smista_domain::motivo::{
    CanaleOutbound, EsitoTentativo, EsitoTrasferimento, Motivo, MotivoAnnullamento, VerificaDisponibilita,
};
use smista_domain::refusal::{Refusal, Why};
use smista_domain::stato::{Attributo, Stato};
use smista_domain::text::NomeEsterno;

use crate::desk::{Desk, answer, attempt, opening};
use crate::world::{at, caso_id, gruppo, testo, tripletta};

fn reclamo() -> Opening {
    opening(Motivo::Reclamo, "firenze/anagrafe")
}

fn outcome(opening: &Opening) -> Option<Refusal> {
    Desk::new().open(opening).err()
}

fn not_admitted(field: &'static str, why: Why) -> Option<Refusal> {
    Some(Refusal::NotAdmitted { field, why })
}

#[test]
fn what_an_opening_cites_exists() {
    let cittadino = Some(CittadinoId(uuid::Uuid::from_u128(7)));
    let of_somebody = Opening { cittadino, ..reclamo() };
    let follow_up = Opening { seguito_di: Some(caso_id(8)), ..reclamo() };
    assert_eq!(outcome(&of_somebody), not_admitted("cittadino", Why::UnknownCittadino));
    assert_eq!(outcome(&follow_up), not_admitted("seguito_di", Why::UnknownCaso));
    let mut desk = Desk::new();
    desk.cited = Cited { seguito_di: true, cittadino: true };
    desk.open(&Opening { seguito_di: Some(caso_id(8)), ..of_somebody }).unwrap();
    assert_eq!((desk.padre().seguito_di, desk.padre().cittadino), (Some(caso_id(8)), cittadino));
    let unknown = Refusal::UnknownTripletta { tripletta: tripletta("firenze/boh") };
    assert_eq!(outcome(&opening(Motivo::Reclamo, "firenze/boh")), Some(unknown));
}

#[test]
fn new_work_names_only_what_is_in_use() {
    let retirements: [fn(&mut Desk); 3] = [
        |desk| desk.catalogue.enti.values_mut().for_each(|ente| ente.retired = true),
        |desk| desk.catalogue.macrostrutture.values_mut().for_each(|unit| unit.retired = true),
        |desk| desk.catalogue.servizi.values_mut().for_each(|servizio| servizio.retired = true),
    ];
    for retire in retirements {
        let mut desk = Desk::new();
        retire(&mut desk);
        let unknown = Refusal::UnknownTripletta { tripletta: tripletta("firenze/anagrafe") };
        assert_eq!(desk.open(&reclamo()), Err(unknown));
    }
}

#[test]
fn a_contact_took_place_in_the_past() {
    let at_minute = |minute| Opening { opened_at: Some(at(minute)), ..reclamo() };
    assert_eq!(outcome(&at_minute(2)), not_admitted("opened_at", Why::InTheFuture));
    assert_eq!(outcome(&at_minute(1)), None);
    let on = |time: &str| Opening { opened_at: Some(time.parse().unwrap()), ..reclamo() };
    assert_eq!(outcome(&on("-20000-01-01T00:00:00Z")), not_admitted("opened_at", Why::TooLongAgo));
    assert_eq!(outcome(&on("1899-12-31T23:59:59Z")), not_admitted("opened_at", Why::TooLongAgo));
    assert_eq!(outcome(&on("1900-01-01T00:00:00Z")), None);
    let mut desk = Desk::new();
    desk.open(&at_minute(-100)).unwrap();
    assert_eq!((desk.padre().opened_at, desk.padre().stato_since), (at(-100), at(1)));
}

#[test]
fn only_an_import_keeps_the_name_that_a_channel_had() {
    let canale_origine = Some(NomeEsterno::new("Call").expect("a name"));
    let named = Opening { canale_origine, ..reclamo() };
    assert_eq!(outcome(&named), not_admitted("canale_origine", Why::OnlyFromImport));
    let import = Attore::import();
    assert_eq!(Desk::new().open_as(&import, &named).err(), None);
}

#[test]
fn each_motivo_refuses_what_is_not_its_own() {
    let told = answer(Attributo::Comunicato, CanaleOutbound::Telefono, vec![]);
    let told_late =
        answer(Attributo::Comunicato, CanaleOutbound::Telefono, vec![attempt(EsitoTentativo::Raggiunto)]);
    let checked = Some(VerificaDisponibilita::Disponibile);
    let informazione = |servizio| opening(Motivo::Informazione, servizio);
    let lamentela = || opening(Motivo::Lamentela, "firenze/verde");
    for (given, expected) in [
        (Opening { answer: Some(told.clone()), ..reclamo() }, not_admitted("answer", Why::OtherMotivo)),
        (Opening { verifica: checked, ..reclamo() }, not_admitted("verifica", Why::OtherMotivo)),
        (Opening { padre: Some(caso_id(1)), ..reclamo() }, not_admitted("padre", Why::OtherMotivo)),
        (
            Opening { verifica: checked, ..informazione("firenze/verde") },
            not_admitted("verifica", Why::NoSecondLevel),
        ),
        (
            Opening { answer: Some(told.clone()), ..informazione("firenze/anagrafe") },
            not_admitted("verifica", Why::OtherMotivo),
        ),
        (Opening { answer: Some(told), ..lamentela() }, None),
        (
            Opening { answer: Some(told_late), ..lamentela() },
            not_admitted("answer.attributo", Why::NotThisAttribute),
        ),
        (Opening { verifica: checked, ..lamentela() }, not_admitted("verifica", Why::OtherMotivo)),
        (
            Opening { description: None, ..lamentela() },
            Some(Refusal::Missing { field: "description", clause: "3-2" }),
        ),
        (
            Opening { tripletta: None, ..lamentela() },
            Some(Refusal::Missing { field: "tripletta", clause: "3-3" }),
        ),
        (Opening { motivo: None, ..lamentela() }, Some(Refusal::Missing { field: "motivo", clause: "3-2" })),
        (
            opening(Motivo::Prenotazione, "firenze/anagrafe"),
            Some(Refusal::MotivoNotHandled { motivo: Motivo::Prenotazione }),
        ),
    ] {
        assert_eq!(outcome(&given), expected, "{given:?}");
    }
}

#[test]
fn a_segnalazione_keeps_its_place_among_the_papers() {
    let place = |latitudine| Luogo {
        indirizzo: DatoPersonale::new("Via Roma 1").unwrap(),
        latitudine: Some(latitudine),
        longitudine: Some(11.0),
    };
    let there = |latitudine| Opening {
        place: Some(place(latitudine)),
        ..opening(Motivo::Segnalazione, "firenze/verde")
    };
    assert_eq!(outcome(&there(91.0)), not_admitted("place", Why::NotOnTheGlobe));
    let decision = Desk::new().open(&there(43.0)).unwrap();
    let campi: Vec<_> = decision.changes[0].papers.iter().map(|paper| paper.campo).collect();
    assert_eq!(campi, [Campo::Descrizione, Campo::Anagrafica, Campo::Luogo]);
}

#[test]
fn a_transfer_nobody_is_competent_for_is_to_be_routed() {
    let verifica = Some(VerificaDisponibilita::Disponibile);
    let mut desk = Desk::new();
    desk.open(&Opening { verifica, ..opening(Motivo::Informazione, "firenze/nuovo") }).unwrap();
    assert_eq!((desk.padre().stato, desk.padre().gruppo.clone()), (Stato::Trasferito, None));
    let command = smista_domain::decide::routing_command(desk.padre(), &desk.catalogue).unwrap();
    desk.act("sistema", &command.expect("a rejection")).unwrap();
    assert_eq!(desk.padre().stato, Stato::Rigettato);
}

#[test]
fn a_failed_transfer_to_nobody_is_announced_to_be_routed() {
    let verifica = Some(VerificaDisponibilita::Disponibile);
    let failed = Command::TransferFailed(TransferFailed { esito: EsitoTrasferimento::NonRiuscito });
    let ended = Fact::TransferFailed { esito: EsitoTrasferimento::NonRiuscito };
    for (servizio, expected) in
        [("firenze/nuovo", vec![ended.clone(), Fact::Assigned]), ("firenze/anagrafe", vec![ended.clone()])]
    {
        let mut desk = Desk::new();
        desk.open(&Opening { verifica, ..opening(Motivo::Informazione, servizio) }).unwrap();
        let decision = desk.act("primo-uno", &failed).unwrap();
        assert_eq!(decision.changes[0].facts, expected, "{servizio}");
    }

    // The race that the announcement is for: the rejection was prepared while the case was Trasferito.
    let mut desk = Desk::new();
    desk.open(&Opening { verifica, ..opening(Motivo::Informazione, "firenze/nuovo") }).unwrap();
    let prepared = routing_command(desk.padre(), &desk.catalogue).unwrap().expect("a rejection");
    let servizio = desk.catalogue.servizi.get_mut(&tripletta("firenze/nuovo")).unwrap();
    servizio.gruppo = Some(gruppo("firenze-tributi"));
    desk.act("primo-uno", &failed).unwrap();
    let competent = Refusal::HasCompetentGroup { gruppo: gruppo("firenze-tributi") };
    assert_eq!(desk.act("sistema", &prepared), Err(competent));
    desk.act("sistema", &Command::Route).unwrap();
    assert_eq!(desk.padre().gruppo, Some(gruppo("firenze-tributi")));
}

#[test]
fn what_is_cancelled_at_once_brings_nothing_else() {
    let cancelled = |given: Opening| {
        let annullamento = Some(smista_domain::command::Cancellation {
            motivo: MotivoAnnullamento::Errore,
            note: Some(testo("una nota")),
        });
        Opening { annullamento, ..given }
    };
    let told = answer(Attributo::Comunicato, CanaleOutbound::Telefono, vec![]);
    for (given, field) in [
        (Opening { answer: Some(told), ..reclamo() }, "answer"),
        (Opening { padre: Some(caso_id(1)), ..reclamo() }, "padre"),
        (Opening { verifica: Some(VerificaDisponibilita::Disponibile), ..reclamo() }, "verifica"),
    ] {
        assert_eq!(outcome(&cancelled(given)), not_admitted(field, Why::OtherMotivo));
    }
    let decision = Desk::new().open(&cancelled(reclamo())).unwrap();
    assert_eq!(decision.changes[0].papers.last().map(|paper| paper.campo), Some(Campo::Nota));
}

#[test]
fn an_opening_keeps_the_profile_the_check_the_reason_and_the_group() {
    let avanzato = Some(Profilo::Avanzato);
    let opened = |given: &Opening| {
        let mut desk = Desk::new();
        let decision = desk.open(given).unwrap();
        match decision.changes[0].facts.first() {
            Some(Fact::Opened(opened)) => (**opened).clone(),
            other => panic!("{other:?}"),
        }
    };
    let told = answer(Attributo::Comunicato, CanaleOutbound::Telefono, vec![]);
    let informazione = || opening(Motivo::Informazione, "firenze/anagrafe");
    let answered = opened(&Opening { answer: Some(told), verifica: None, ..informazione() });
    assert_eq!(answered.profilo, avanzato);
    let unanswered = opened(&informazione());
    assert_eq!((unanswered.profilo, unanswered.verifica), (avanzato, informazione().verifica));
    assert_eq!(opened(&opening(Motivo::Lamentela, "firenze/anagrafe")).profilo, avanzato);
    let segnalazione = opened(&opening(Motivo::Segnalazione, "firenze/anagrafe"));
    assert_eq!((segnalazione.profilo, segnalazione.gruppo), (avanzato, Some(gruppo("firenze-anagrafe"))));
    let motivo = MotivoAnnullamento::Errore;
    let cancelled = Opening { annullamento: Some(Cancellation { motivo, note: None }), ..reclamo() };
    let cancelled = opened(&cancelled);
    assert_eq!((cancelled.profilo, cancelled.annullamento), (avanzato, Some(motivo)));
}
