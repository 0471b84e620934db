//! Every refusal says what it is, in both languages, and distinctly.

use std::collections::BTreeSet;

use crate::catalogue::Profilo;
use crate::command::CommandKind;
use crate::ids::{EnteId, GruppoId, Login, MacrostrutturaId, ServizioId, Tripletta};
use crate::motivo::Motivo;
use crate::refusal::{PadreWhy, ReassignWhy, Refusal, Why};
use crate::stato::{AttributoSecondoLivello, Stato};
use crate::text::TextError;

const WHYS: [Why; 20] = [
    Why::OtherMotivo,
    Why::OnlyOnTheTelephone,
    Why::NoSecondLevel,
    Why::OnlyOffLine,
    Why::NotThisAttribute,
    Why::OnlyOnceAccepted,
    Why::NoFailedAttempt,
    Why::ContradictsTheAttempt,
    Why::OnlyFromImport,
    Why::Sms,
    Why::OnlyOutbound,
    Why::InboundIsReached,
    Why::PadresOwn,
    Why::UnknownCaso,
    Why::UnknownCittadino,
    Why::InTheFuture,
    Why::TooLongAgo,
    Why::NotOnTheGlobe,
    Why::OnlyOfASegnalazioneByItsReferents,
    Why::Empty,
];

const PADRE_WHYS: [PadreWhy; 6] = [
    PadreWhy::Unknown,
    PadreWhy::IsFiglio,
    PadreWhy::NotAPadre,
    PadreWhy::NeverWithSecondLevel,
    PadreWhy::Final,
    PadreWhy::TellTheAnswer,
];

/// One of each kind.
fn one_of_each() -> Result<Vec<Refusal>, TextError> {
    let gruppo = GruppoId::new("firenze-anagrafe")?;
    let tripletta = Tripletta {
        ente: EnteId::new("firenze")?,
        macrostruttura: MacrostrutturaId::new("servizi-demografici")?,
        servizio: ServizioId::new("carta-identita")?,
    };
    let (stato, command) = (Stato::Sospeso, CommandKind::Reassign);
    Ok(vec![
        Refusal::Hidden,
        Refusal::State { stato, command },
        Refusal::Figlio { command },
        Refusal::Role { ruolo: "secondo_livello", command },
        Refusal::NotYourGroup { gruppo: Some(gruppo.clone()) },
        Refusal::HeldBy { titolare: Login::new("anna.neri")? },
        Refusal::HeldByNobody,
        Refusal::HeldByYou,
        Refusal::Profile { profilo: Profilo::Base, motivo: Motivo::Reclamo },
        Refusal::MotivoNotHandled { motivo: Motivo::Prenotazione },
        Refusal::UnknownTripletta { tripletta },
        Refusal::Missing { field: "description", clause: "3-2" },
        Refusal::NotAdmitted { field: "answer.canale", why: Why::Sms },
        Refusal::Anagrafica { missing: vec!["cognome"] },
        Refusal::Padre { why: PadreWhy::Final },
        Refusal::NoContactBack,
        Refusal::GroupRetired { gruppo: gruppo.clone() },
        Refusal::InboundEmail,
        Refusal::AlreadyAccepted,
        Refusal::HasCompetentGroup { gruppo },
        Refusal::NotASpecialist { specialista: Login::new("anna.neri")? },
        Refusal::Reassignment { why: ReassignWhy::NoteNeeded },
        Refusal::CancelReason { stato, reclamo: true },
        Refusal::Conflict { expected: 3, actual: 4 },
    ])
}

/// Every sentence there is: one for each kind, and one for each reason within a kind.
fn every_sentence() -> Result<Vec<Refusal>, TextError> {
    let told = Stato::RisoltoSecondoLivello(AttributoSecondoLivello::DaComunicare);
    let competent = GruppoId::new("firenze-tributi")?;
    let mut refusals = one_of_each()?;
    refusals.retain(|refusal| {
        !matches!(refusal, Refusal::NotAdmitted { .. } | Refusal::Padre { .. } | Refusal::Reassignment { .. })
    });
    refusals.push(Refusal::NotYourGroup { gruppo: None });
    refusals.push(Refusal::CancelReason { stato: told, reclamo: true });
    refusals.push(Refusal::CancelReason { stato: Stato::Sospeso, reclamo: false });
    refusals.extend(WHYS.map(|why| Refusal::NotAdmitted { field: "answer", why }));
    refusals.extend(PADRE_WHYS.map(|why| Refusal::Padre { why }));
    let reasons = [
        ReassignWhy::NotAvanzato,
        ReassignWhy::NoCompetentGroup,
        ReassignWhy::UnknownGroup,
        ReassignWhy::OtherEnte,
        ReassignWhy::NotCompetent,
        ReassignWhy::FallbackNotNeeded { competent },
        ReassignWhy::NoteNeeded,
    ];
    refusals.extend(reasons.map(|why| Refusal::Reassignment { why }));
    Ok(refusals)
}

#[test]
fn each_kind_has_a_code_of_its_own() -> Result<(), TextError> {
    let refusals = one_of_each()?;
    let codes: BTreeSet<_> = refusals.iter().map(Refusal::code).collect();
    assert_eq!(codes.len(), refusals.len());
    let kebab = |code: &str| code.bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
    assert!(codes.iter().all(|code| !code.is_empty() && kebab(code)), "{codes:?}");
    Ok(())
}

#[test]
fn each_reason_has_a_sentence_of_its_own_in_both_languages() -> Result<(), TextError> {
    let refusals = every_sentence()?;
    let italian: BTreeSet<_> = refusals.iter().map(Refusal::italian).collect();
    let english: BTreeSet<_> = refusals.iter().map(Refusal::english).collect();
    assert_eq!(italian.len(), refusals.len());
    assert_eq!(english.len(), refusals.len());
    assert_eq!(italian.intersection(&english).count(), 0);
    let is_sentence =
        |text: &&String| text.ends_with('.') && text.chars().next().is_some_and(|c| !c.is_lowercase());
    assert!(italian.iter().all(|text| is_sentence(&text)), "{italian:#?}");
    assert!(english.iter().all(|text| is_sentence(&text)), "{english:#?}");
    Ok(())
}

#[test]
fn each_reason_names_a_clause() -> Result<(), TextError> {
    for refusal in every_sentence()? {
        let clause = refusal.clause();
        let reading = clause.strip_prefix('R').is_some_and(|n| n.parse::<u8>().is_ok());
        let numbered = clause.split_once('-').is_some_and(|(_, n)| n.parse::<u8>().is_ok());
        assert!(reading || numbered, "{refusal:?} names {clause}");
    }
    Ok(())
}

#[test]
fn a_refused_state_names_state_command_and_reason() {
    let stato = Stato::RisoltoSecondoLivello(AttributoSecondoLivello::DaComunicare);
    let refusal = Refusal::State { stato, command: CommandKind::Accept };
    let text = refusal.italian();
    assert!(
        text.contains("Risolto II livello / Da Comunicare") && text.contains("prendere in carico"),
        "{text}"
    );
    assert_eq!(refusal.clause(), "6-1");
    assert_eq!(Refusal::State { stato: Stato::Annullato, command: CommandKind::Accept }.clause(), "R17");
}

#[test]
fn a_refused_motivo_lists_those_that_the_service_admits() {
    let refusal = Refusal::Profile { profilo: Profilo::Base, motivo: Motivo::Reclamo };
    assert_eq!(
        refusal.italian(),
        "Il motivo «Reclamo» non è ammesso per un servizio con profilo base. I motivi ammessi sono: Informazione, \
         Lamentela, Segnalazione."
    );
    assert_eq!(refusal.field(), Some("motivo"));
}

#[test]
fn a_hidden_case_answers_as_one_that_does_not_exist() {
    assert_eq!(Refusal::Hidden.code(), "not-found");
    assert_eq!(Refusal::Hidden.italian(), "Il caso richiesto non esiste.");
    assert_eq!(Refusal::Hidden.to_string(), "There is no such case.");
    assert_eq!(Refusal::Hidden.field(), None);
}

#[test]
fn every_command_and_motivo_has_a_name_of_its_own() {
    for name_of in [CommandKind::in_italian, CommandKind::in_english] {
        let commands: BTreeSet<_> = CommandKind::ON_A_CASE.into_iter().map(name_of).collect();
        assert_eq!(commands.len(), CommandKind::ON_A_CASE.len());
    }
    let motivi: BTreeSet<_> = Motivo::ALL.iter().map(|motivo| motivo.in_italian()).collect();
    assert_eq!(motivi.len(), Motivo::ALL.len());
    assert_eq!(CommandKind::Accept.in_italian(), "prendere in carico");
}

#[test]
fn a_refused_role_is_called_as_the_office_calls_it() {
    for (ruolo, called) in [
        ("secondo_livello", "«II livello»"),
        ("gestione_rigetti", "«Gestione Rigetti»"),
        ("altro", "«altro»"),
    ] {
        let text = Refusal::Role { ruolo, command: CommandKind::Accept }.italian();
        assert!(text.contains(called), "{text}");
    }
}

#[test]
fn a_reassignment_refused_names_the_field_to_change() -> Result<(), TextError> {
    let competent = GruppoId::new("firenze-tributi")?;
    for (why, field) in [
        (ReassignWhy::NotAvanzato, "tripletta"),
        (ReassignWhy::OtherEnte, "gruppo"),
        (ReassignWhy::FallbackNotNeeded { competent }, "gruppo"),
        (ReassignWhy::NoteNeeded, "note"),
    ] {
        assert_eq!(Refusal::Reassignment { why }.field(), Some(field));
    }
    Ok(())
}
