//! Figli: what they take from their padre, and what a Notifica does to it (R1, R15, 3.1-7).

use serde::Deserialize as _;
use serde::de::value::MapDeserializer;
use smista_domain::anagrafica::Anagrafica;
use smista_domain::command::{Command, Notifica, Opening, WithReason};
use smista_domain::fact::{Campo, Fact};
use smista_domain::motivo::{CausaRigetto, ModoIdentificazione, Motivo, MotivoAnnullamento};
use smista_domain::refusal::{PadreWhy, Refusal, Why};
use smista_domain::stato::{Attributo, Stato};

use crate::desk::{Desk, note, opening, reassign, reject};
use crate::world::{caso_id, gruppo, testo, tripletta};

fn sollecito() -> Opening {
    Opening { tripletta: None, ..opening(Motivo::Sollecito, "firenze/anagrafe") }
}

fn notifica(notifica: Notifica) -> Opening {
    Opening {
        tripletta: None,
        notifica: Some(notifica),
        ..opening(Motivo::NotificaPerInformazione, "firenze/anagrafe")
    }
}

#[test]
fn a_figlio_follows_from_the_padres_next_change_and_names_it() {
    let mut desk = Desk::with_reclamo("firenze/anagrafe");
    desk.open(&sollecito()).unwrap();
    desk.act("referente-uno", &Command::Accept).unwrap();
    assert_eq!(desk.figlio().versione, 1, "who holds the padre is no change to follow");
    let rejection = Command::Reject(smista_domain::command::Rejection {
        causa: CausaRigetto::ResponsabileNonIndividuabile,
        note: testo("una nota"),
        tripletta_suggerita: None,
    });
    let decision = desk.act("referente-uno", &rejection).unwrap();
    let [_, followed] = decision.changes.as_slice() else { panic!("the padre and its figlio") };
    let [Fact::Followed(followed)] = followed.facts.as_slice() else { panic!("it followed") };
    assert_eq!(
        (followed.cambiamento.as_str(), followed.padre_versione),
        ("case.rejected", desk.padre().versione)
    );
    let figlio = desk.figlio();
    assert_eq!((figlio.stato, figlio.gruppo.clone()), (Stato::Rigettato, None));
    assert_eq!(figlio.gruppo_precedente, Some(gruppo("firenze-anagrafe")));
    desk.act("rigetti-uno", &reassign(Some("pistoia/scuola"), None, false)).unwrap();
    let figlio = desk.figlio();
    assert_eq!((figlio.stato, figlio.gruppo.clone()), (Stato::Assegnato, Some(gruppo("pistoia-scuola"))));
    assert_eq!(figlio.tripletta, desk.padre().tripletta);
    assert_eq!(figlio.gruppo_precedente, Some(gruppo("firenze-anagrafe")));
    assert_eq!(
        figlio.enti_precedenti,
        [smista_domain::caso::EntePrecedente { ente: crate::world::ente("firenze"), fino_a_versione: 2 }]
    );
}

#[test]
fn a_figlio_that_stays_in_its_group_has_left_none() {
    let mut desk = Desk::with_reclamo("firenze/anagrafe");
    desk.open(&sollecito()).unwrap();
    desk.act("referente-uno", &Command::Suspend(WithReason { reason: testo("una nota") })).unwrap();
    assert_eq!((desk.figlio().stato, desk.figlio().gruppo_precedente.clone()), (Stato::Sospeso, None));
}

#[test]
fn a_closed_figlio_follows_no_more() {
    let mut desk = Desk::with_reclamo("firenze/anagrafe");
    desk.open(&sollecito()).unwrap();
    desk.act_on(caso_id(2), "primo-uno", &Command::Detach(WithReason { reason: testo("padre sbagliato") }))
        .unwrap();
    let padre = desk.padre().clone();
    desk.act("referente-uno", &reject()).unwrap();
    assert_eq!((desk.figlio().stato, desk.figlio().versione), (Stato::Annullato, 2));
    assert_eq!(padre.versione + 1, desk.padre().versione);
}

#[test]
fn a_closed_figlio_goes_with_its_padre_to_another_ente_and_stays_what_it_is() {
    let mut desk = Desk::with_reclamo("firenze/anagrafe");
    desk.open(&sollecito()).unwrap();
    desk.act_on(caso_id(2), "primo-uno", &Command::Detach(WithReason { reason: testo("padre sbagliato") }))
        .unwrap();
    let asked = Opening {
        tripletta: None,
        identificazione: Some(ModoIdentificazione::Documento),
        ..opening(Motivo::InformazioneSuCase, "firenze/anagrafe")
    };
    desk.open(&asked).unwrap();
    desk.act("referente-uno", &reject()).unwrap();
    let before = desk.pratica.clone().unwrap();
    desk.act("rigetti-uno", &reassign(Some("firenze/tributi"), None, false)).unwrap();
    let within_the_ente = desk.pratica.as_ref().unwrap();
    assert_eq!(
        within_the_ente.figli, before.figli,
        "another service of the same Ente is no matter of theirs"
    );
    desk.act("referente-tributi", &reject()).unwrap();

    let decision = desk.act("rigetti-uno", &reassign(Some("pistoia/scuola"), None, false)).unwrap();
    let after = desk.pratica.as_ref().unwrap();
    for (before, after) in before.figli.iter().zip(&after.figli) {
        let ente = crate::world::ente("firenze");
        let left = smista_domain::caso::EntePrecedente { ente, fino_a_versione: before.versione };
        assert_eq!(after.enti_precedenti, [left]);
        assert_eq!(after.tripletta, Some(tripletta("pistoia/scuola")));
        assert_eq!(
            (after.stato, after.stato_since, &after.gruppo),
            (before.stato, before.stato_since, &before.gruppo)
        );
        let change = decision.changes.iter().find(|change| change.caso == after.id).expect("a change of it");
        let [Fact::Followed(followed)] = change.facts.as_slice() else { panic!("it followed") };
        assert_eq!(followed.cambiamento, "case.reassigned");
    }
}

#[test]
fn a_figlio_takes_only_a_note() {
    let mut desk = Desk::with_reclamo("firenze/anagrafe");
    desk.open(&sollecito()).unwrap();
    assert!(desk.act_on(caso_id(2), "primo-uno", &note()).is_ok());
    let command = smista_domain::command::CommandKind::Accept;
    assert_eq!(desk.act_on(caso_id(2), "referente-uno", &Command::Accept), Err(Refusal::Figlio { command }));
    assert_eq!(routing_of_the_figlio(&desk), None);
}

fn routing_of_the_figlio(desk: &Desk) -> Option<Command> {
    smista_domain::decide::routing_command(desk.figlio(), &desk.catalogue).expect("a text that fits")
}

#[test]
fn each_notifica_reaches_the_padre() {
    let nome = Some(smista_domain::anagrafica::DatoPersonale::new("Anna").unwrap());
    let changed = Notifica::Anagrafica { anagrafica: Anagrafica { nome, ..Anagrafica::default() } };
    for (kind, fact, campo) in [
        (changed, "case.anagrafica_corrected", Some(Campo::Anagrafica)),
        (Notifica::Integrazione {}, "case.noted", Some(Campo::Nota)),
        (Notifica::Ritiro {}, "case.cancelled", None),
    ] {
        let mut desk = Desk::with_reclamo("firenze/anagrafe");
        let decision = desk.open(&notifica(kind)).unwrap();
        let of_padre =
            decision.changes.iter().find(|change| change.caso == caso_id(1)).expect("a change of the padre");
        assert_eq!(of_padre.facts.iter().map(Fact::message_type).collect::<Vec<_>>(), [fact]);
        assert_eq!(of_padre.papers.first().map(|paper| paper.campo), campo);
    }
}

#[test]
fn a_withdrawal_takes_the_other_figli_along() {
    let mut desk = Desk::with_reclamo("firenze/anagrafe");
    desk.open(&sollecito()).unwrap();
    let withdrawal = desk.open(&notifica(Notifica::Ritiro {})).unwrap();
    let [Fact::Opened(opened)] = withdrawal.changes[0].facts.as_slice() else { panic!("the Notifica") };
    assert_eq!(opened.annullamento, Some(MotivoAnnullamento::RitiratoDalCittadino));
    let pratica = desk.pratica.as_ref().unwrap();
    assert!(pratica.casi().all(|caso| caso.stato == Stato::Annullato));
}

#[test]
fn an_opening_says_why_a_padre_does_not_admit_it() {
    let refused = |why| Err(Refusal::Padre { why });
    let mut desk = Desk::with_resolved(Attributo::DaComunicare);
    assert_eq!(desk.open(&sollecito()), refused(PadreWhy::TellTheAnswer));
    let mut desk = Desk::with_resolved(Attributo::Comunicato);
    assert_eq!(desk.open(&sollecito()), refused(PadreWhy::Final));
    let mut desk = Desk::new();
    assert_eq!(desk.open(&sollecito()), refused(PadreWhy::Unknown));
    desk.open(&opening(Motivo::Lamentela, "firenze/anagrafe")).unwrap();
    assert_eq!(desk.open(&sollecito()), refused(PadreWhy::NotAPadre));
    let mut desk = Desk::with_reclamo("firenze/anagrafe");
    desk.open(&sollecito()).unwrap();
    assert_eq!(desk.open(&Opening { padre: Some(caso_id(2)), ..sollecito() }), refused(PadreWhy::IsFiglio));
}

#[test]
fn a_figlio_brings_what_its_motivo_asks_for() {
    let refused = |field, why| Err(Refusal::NotAdmitted { field, why });
    let mut desk = Desk::with_reclamo("firenze/anagrafe");
    let elsewhere =
        Opening { tripletta: opening(Motivo::Reclamo, "firenze/tributi").tripletta, ..sollecito() };
    assert_eq!(desk.open(&elsewhere), refused("tripletta", Why::PadresOwn));
    let with_notifica = Opening { notifica: Some(Notifica::Integrazione {}), ..sollecito() };
    assert_eq!(desk.open(&with_notifica), refused("notifica", Why::OtherMotivo));
    let nothing = Notifica::Anagrafica { anagrafica: Anagrafica::default() };
    assert_eq!(desk.open(&notifica(nothing)), refused("notifica.anagrafica", Why::Empty));
    let missing = |field, clause| Err(Refusal::Missing { field, clause });
    let silent = Opening { notifica: None, ..notifica(Notifica::Integrazione {}) };
    assert_eq!(desk.open(&silent), missing("notifica", "3.1-7"));
    assert_eq!(desk.open(&Opening { description: None, ..sollecito() }), missing("description", "3-2"));
    assert!(
        desk.open(&opening(Motivo::Sollecito, "firenze/anagrafe")).is_ok(),
        "the padre's own service may be named"
    );
}

#[test]
fn a_notifica_says_nothing_that_its_kind_has_no_place_for() {
    let read = |tipo: &str, more: Option<(&str, &str)>| {
        let fields = std::iter::once(("tipo", tipo)).chain(more);
        Notifica::deserialize(MapDeserializer::<_, serde::de::value::Error>::new(fields))
    };
    assert_eq!(read("ritiro", None), Ok(Notifica::Ritiro {}));
    assert_eq!(read("integrazione", None), Ok(Notifica::Integrazione {}));
    for tipo in ["ritiro", "integrazione"] {
        assert!(read(tipo, Some(("anagrafica", "Gino"))).is_err(), "{tipo}");
    }
}
