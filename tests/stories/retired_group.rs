//! A group is retired under its cases, and none of them is left with nobody (row 20a).

use serde_json::json;
use smista_domain::catalogue::Catalogue;
use smista_domain::ids::GruppoId;
use smista_office::CatalogueImportError;
use smista_store::StoreError;
use smista_tests::catalogue::{ANNA, CARLO, CINZIA, RESIDENZA, RITA, TARI, UGO, tripletta};
use smista_tests::{TestOffice, stories};

use crate::bodies::{about, contact, fact, reclamo_resolved, resolution, told};

/// The catalogue without this group: the services that named it have none.
fn retire(catalogue: &mut Catalogue, gruppo: &str) {
    let gruppo = GruppoId::new(gruppo).expect("a code");
    catalogue.gruppi.remove(&gruppo);
    for servizio in catalogue.servizi.values_mut() {
        servizio.gruppo = servizio.gruppo.take().filter(|named| *named != gruppo);
    }
}

/// What an import of the catalogue without this group is refused for.
async fn refusal_to_retire(office: &TestOffice, gruppo: &str) -> CatalogueImportError {
    let mut catalogue = (*office.system.office.catalogue().await.expect("the catalogue")).clone();
    retire(&mut catalogue, gruppo);
    office.system.office.import_catalogue(&catalogue).await.expect_err("the group must stay")
}

stories! {
    /// Proves R9.
    async fn the_cases_of_a_retired_group_go_to_gestione_rigetti(office: &TestOffice) {
        let assigned = office.reclamo(ANNA, RESIDENZA).await;
        let figlio = office.open(ANNA, about("sollecito", &assigned, json!({}))).await.ok().id();
        let held = office.reclamo(ANNA, RESIDENZA).await;
        office.command(CARLO, &held, "suspend", json!({ "reason": "Indago." })).await.ok();
        let call = contact("informazione", RESIDENZA, json!({ "verifica": "disponibile" }));
        let transferred = office.open(ANNA, call).await.ok().id();
        let told_already = reclamo_resolved(office, "comunicato").await;
        let to_be_told = reclamo_resolved(office, "da_comunicare").await;
        let elsewhere = office.reclamo(ANNA, TARI).await;

        office.change_catalogue(|catalogue| retire(catalogue, "firenze-anagrafe")).await;
        office.settle().await;

        for caso in [&assigned, &held, &transferred] {
            let rejected = office.case(RITA, caso).await.ok();
            assert_eq!(rejected.stato(), "rigettato");
            assert_eq!(rejected.text("/gruppo"), "");
            assert_eq!(rejected.text("/gruppo_precedente"), "firenze-anagrafe");
            assert_eq!(rejected.text("/titolare"), "");
            let rows = office.history(RITA, caso).await;
            assert_eq!(fact(&rows, "rejected")["dal_sistema"], true);
            assert_eq!(rows.last().expect("a row")["by"], "assignment");
            office.case(UGO, caso).await.ok();
        }
        let desk = office.rejects(RITA).await;
        assert_eq!(desk.len(), 3, "a figlio is no line of its own");
        assert_eq!(office.case(ANNA, &figlio).await.stato(), "rigettato");
        // Whatever is not with the second level, or with another group, stays as it is.
        assert_eq!(office.case(ANNA, &told_already).await.stato(), "risolto_secondo_livello/comunicato");
        assert_eq!(office.call_back(ANNA).await, [to_be_told]);
        assert_eq!(office.case(ANNA, &elsewhere).await.text("/gruppo"), "firenze-tributi");

        // Nothing is lost: somebody else takes it.
        let reassigned = office.command(RITA, &held, "reassign", json!({ "tripletta": tripletta(TARI) })).await.ok();
        assert_eq!(reassigned.text("/gruppo"), "firenze-tributi");
    }

    /// Proves R9.
    async fn a_case_on_its_way_to_a_retired_group_finds_gestione_rigetti(office: &TestOffice) {
        let anagrafica = json!({ "nome": "Gino", "cognome": "Prova", "telefono": "055 0000001" });
        let call = contact("reclamo", RESIDENZA, json!({ "anagrafica": anagrafica }));
        let caso = office.open(ANNA, call).await.ok().id();
        office.change_catalogue(|catalogue| retire(catalogue, "firenze-anagrafe")).await;
        office.settle().await;
        assert_eq!(told(office, RITA, &caso).await, [
            "anna contact.open: - > assegnato",
            "assignment case.route: assegnato > rigettato",
        ]);
    }

    /// Proves R9.
    async fn a_call_transferred_to_nobody_finds_gestione_rigetti_even_if_a_group_comes_meanwhile(office: &TestOffice) {
        let there = (*office.system.office.catalogue().await.expect("the catalogue")).clone();
        office.change_catalogue(|catalogue| retire(catalogue, "firenze-anagrafe")).await;
        let call = contact("informazione", RESIDENZA, json!({ "verifica": "disponibile" }));
        let opened = office.open(ANNA, call).await.ok();
        assert_eq!(opened.stato(), "trasferito");
        assert_eq!(opened.text("/gruppo"), "");
        office.change_catalogue(|catalogue| *catalogue = there).await;
        office.settle().await;

        let caso = opened.id();
        assert_eq!(office.case(RITA, &caso).await.stato(), "rigettato");
        assert_eq!(office.rejects(RITA).await, [caso]);
    }

    /// Proves 6-5.
    async fn a_retired_group_promises_no_further_attempts(office: &TestOffice) {
        let caso = office.reclamo(ANNA, RESIDENZA).await;
        office.command(CARLO, &caso, "accept", json!({})).await.ok();
        office.change_catalogue(|catalogue| retire(catalogue, "firenze-anagrafe")).await;
        // The group's cases have not been taken from it yet.
        let untold = resolution("non_comunicato", &["non_risponde"]);
        office.command(CARLO, &caso, "resolve", untold).await.refused("group-retired");
        office.settle().await;
        assert_eq!(office.case(RITA, &caso).await.stato(), "rigettato");
    }

    /// Proves R21.
    async fn a_fallback_group_cannot_be_retired(office: &TestOffice) {
        let refused = refusal_to_retire(office, "firenze-urp").await;
        assert!(matches!(refused, CatalogueImportError::Refused(_)), "{refused:?}");
    }

    // Row 20a.
    async fn a_group_with_answers_left_to_tell_cannot_be_retired(office: &TestOffice) {
        let caso = reclamo_resolved(office, "non_comunicato").await;
        let refused = refusal_to_retire(office, "firenze-anagrafe").await;
        assert!(matches!(refused, CatalogueImportError::Store(StoreError::GroupInUse { .. })), "{refused:?}");
        assert_eq!(office.case(ANNA, &caso).await.stato(), "risolto_secondo_livello/non_comunicato");

        let told = json!({
            "tentativo": { "canale": "telefono", "direzione": "outbound", "esito": "raggiunto" },
            "attributo": "comunicato",
        });
        office.command(CARLO, &caso, "record-attempt", told).await.ok();
        office.change_catalogue(|catalogue| retire(catalogue, "firenze-anagrafe")).await;
        office.command(CINZIA, &caso, "resolve", resolution("comunicato", &[])).await.refused("not-in-this-state");
    }
}
