use std::collections::{BTreeMap, BTreeSet};

use smista_domain::ids::{EnteId, GruppoId, MacrostrutturaId, ServizioId, Tripletta};
use smista_store::RejectionOutcome;

use super::{Candidate, Described, Evidence, Suggestion, candidates, rank};
use crate::catalogue_files::sample_catalogue;

fn service(code: &str) -> Tripletta {
    Tripletta {
        ente: EnteId::new("firenze").expect("a code"),
        macrostruttura: MacrostrutturaId::new("unit").expect("a code"),
        servizio: ServizioId::new(code).expect("a code"),
    }
}

fn gruppo(code: &str) -> GruppoId {
    GruppoId::new(code).expect("a code")
}

/// Three groups, each competent for the service of its own name.
fn three() -> Vec<Candidate> {
    let candidate = |code: &str| Candidate {
        gruppo: gruppo(code),
        servizi: BTreeMap::from([(service(code), Described::Scheda(format!("Scheda {code}")))]),
    };
    ["anagrafe", "strade", "verde"].map(candidate).to_vec()
}

fn groups(ranked: &[Suggestion]) -> Vec<&str> {
    ranked.iter().map(|suggestion| suggestion.gruppo.as_str()).collect()
}

fn outcome(code: &str, count: i64) -> RejectionOutcome {
    RejectionOutcome { tripletta: service(code), gruppo: gruppo(code), count }
}

/// Proves R12.
#[test]
fn a_proposal_outweighs_all_other_evidence_together_and_each_suggestion_says_why() {
    let evidence = Evidence {
        proposed: BTreeSet::from([service("verde")]),
        outcomes: vec![outcome("strade", 3)],
        like_sheets: vec![(service("strade"), 9.0), (service("anagrafe"), 3.0)],
        like_solved: vec![((gruppo("strade"), service("strade")), 9.0)],
        rejected_by: BTreeSet::new(),
    };
    let ranked = rank(&three(), &evidence);
    assert_eq!(groups(&ranked), ["verde", "strade", "anagrafe"]);
    assert_eq!(ranked[0].motivi, ["Proposto da chi ha rigettato il caso."]);
    assert_eq!(
        ranked[1].motivi,
        [
            "La descrizione somiglia alla scheda «Scheda strade».",
            "La descrizione somiglia a casi già risolti da questo gruppo.",
            "3 casi dello stesso servizio, rigettati per la stessa causa, sono stati risolti qui.",
        ]
    );
    assert_eq!(ranked[1].tripletta, service("strade"));
}

/// Proves R12.
#[test]
fn a_group_that_rejected_the_case_comes_last_and_says_so() {
    let evidence = Evidence {
        like_sheets: vec![(service("strade"), 9.0), (service("verde"), 1.0)],
        rejected_by: BTreeSet::from([gruppo("strade")]),
        ..Evidence::default()
    };
    let ranked = rank(&three(), &evidence);
    assert_eq!(groups(&ranked), ["verde", "strade"]);
    assert!(ranked[1].ha_rigettato);
    assert_eq!(ranked[1].motivi.last().map(String::as_str), Some("Ha già rigettato questo caso."));
}

#[test]
fn history_alone_suggests_and_the_commoner_outcome_comes_first() {
    let evidence =
        Evidence { outcomes: vec![outcome("anagrafe", 1), outcome("verde", 2)], ..Evidence::default() };
    assert_eq!(groups(&rank(&three(), &evidence)), ["verde", "anagrafe"]);
    let solved = vec![((gruppo("strade"), service("strade")), 1.0)];
    let evidence = Evidence { like_solved: solved, ..Evidence::default() };
    assert_eq!(groups(&rank(&three(), &evidence)), ["strade"]);
}

#[test]
fn a_service_that_is_no_longer_the_groups_speaks_for_the_group_but_is_not_suggested() {
    let moved = RejectionOutcome { tripletta: service("moved"), gruppo: gruppo("verde"), count: 1 };
    let ranked = rank(&three(), &Evidence { outcomes: vec![moved], ..Evidence::default() });
    assert_eq!(ranked[0].tripletta, service("verde"));
}

#[test]
fn without_evidence_nobody_is_suggested() {
    assert!(rank(&three(), &Evidence::default()).is_empty());
}

#[test]
fn candidates_are_the_groups_in_use_of_services_on_avanzato_of_every_ente() {
    let mut catalogue = sample_catalogue().expect("the sample is sound");
    let all = candidates(&catalogue);
    let enti: BTreeSet<&EnteId> =
        all.iter().flat_map(|one| one.servizi.keys()).map(|one| &one.ente).collect();
    assert_eq!(enti.len(), catalogue.enti.len());
    let retired = all[0].gruppo.clone();
    catalogue.gruppi.get_mut(&retired).expect("the group").retired = true;
    assert!(candidates(&catalogue).iter().all(|candidate| candidate.gruppo != retired));
}

/// Proves R12.
#[test]
fn a_service_without_a_sheet_in_use_is_called_by_its_name() {
    let mut catalogue = sample_catalogue().expect("the sample is sound");
    let (with_sheet, without) = {
        let mut served = catalogue.avanzato_with_gruppo().map(|(servizio, _)| servizio.clone());
        (served.next().expect("a service"), served.next().expect("another"))
    };
    let sheet = with_sheet.scheda.clone().expect("its sheet");
    catalogue.schede.get_mut(&sheet).expect("the sheet").retired = true;
    catalogue.servizi.get_mut(&without.tripletta).expect("the service").scheda = None;
    let all = candidates(&catalogue);
    for servizio in [with_sheet, without] {
        let evidence =
            Evidence { like_sheets: vec![(servizio.tripletta.clone(), 3.0)], ..Evidence::default() };
        let ranked = rank(&all, &evidence);
        assert_eq!(ranked[0].motivi, [format!("La descrizione somiglia al servizio «{}».", servizio.nome)]);
    }
}
