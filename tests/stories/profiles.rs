//! What a service's profile admits, and when it is read (section 3.2, R2, R20).

use serde_json::{Value, json};
use smista_domain::catalogue::Profilo;
use smista_tests::catalogue::{
    ANNA, BUCHE, CARLO, MUSEI, ORFANO, RESIDENZA, RESIDENZA_SCANDICCI, RITA, TARI, TEO, tripletta,
};
use smista_tests::{TestOffice, stories};

use crate::bodies::{about, answer, contact, gino, merged, rejection, resolution, texts, unanswered};

/// Every motivo, each with what a contact of it must bring along.
fn every_motivo() -> [(&'static str, Value); 8] {
    [
        ("informazione", json!({ "answer": answer("telefono", "comunicato", &[]) })),
        ("lamentela", json!({})),
        ("segnalazione", json!({})),
        ("reclamo", json!({})),
        ("informazione_su_case", json!({ "identificazione": "documento" })),
        ("sollecito", json!({})),
        ("notifica_per_informazione", json!({ "notifica": { "tipo": "integrazione" } })),
        ("prenotazione", json!({})),
    ]
}

/// A contact of this motivo with this service, about this earlier case where the motivo is about one.
fn contact_of(motivo: &str, more: Value, servizio: &str, padre: &str) -> Value {
    match motivo {
        "informazione_su_case" | "sollecito" | "notifica_per_informazione" => about(motivo, padre, more),
        _ => contact(motivo, servizio, merged(json!({ "anagrafica": gino() }), more)),
    }
}

/// The profile of a service and the motivi that it admits, as the catalogue shows them to the first level.
async fn shown(office: &TestOffice, servizio: &str) -> (String, Vec<String>) {
    let wanted = json!(tripletta(servizio));
    let path = format!("/v1/catalogue/enti/{}/servizi", tripletta(servizio).ente);
    let rows = office.get(ANNA, &path).await.ok().list("/rows");
    let row = rows.into_iter().find(|row| row["tripletta"] == wanted).expect("a service of the catalogue");
    let motivi = texts(row["motivi"].as_array().expect("a list"));
    (row["profilo"].as_str().expect("a profile").to_owned(), motivi)
}

/// The Ente chooses another profile for its service.
async fn choose(office: &TestOffice, servizio: &str, profilo: Profilo) {
    let tripletta = tripletta(servizio);
    office
        .change_catalogue(|catalogue| {
            catalogue.servizi.get_mut(&tripletta).expect("offered").profilo = profilo
        })
        .await;
}

stories! {
    /// Proves 3.2-1.
    async fn each_service_has_the_profile_that_its_ente_chose(office: &TestOffice) {
        for (servizio, profilo) in [
            (RESIDENZA, "avanzato"), (TARI, "avanzato"), (ORFANO, "avanzato"), (RESIDENZA_SCANDICCI, "avanzato"),
            (MUSEI, "base"), (BUCHE, "base"),
        ] {
            assert_eq!(shown(office, servizio).await.0, profilo, "{servizio}");
        }
        let reclamo = |servizio| contact("reclamo", servizio, json!({ "anagrafica": gino() }));
        office.open(ANNA, reclamo(TARI)).await.ok();
        office.open(ANNA, reclamo(BUCHE)).await.refused("motivo-not-on-this-profile");

        choose(office, TARI, Profilo::Base).await;
        choose(office, BUCHE, Profilo::Avanzato).await;
        assert_eq!([shown(office, TARI).await.0, shown(office, BUCHE).await.0], ["base", "avanzato"]);
        office.open(ANNA, reclamo(TARI)).await.refused("motivo-not-on-this-profile");
        office.open(ANNA, reclamo(BUCHE)).await.ok();
        office.open(ANNA, reclamo(RESIDENZA)).await.ok();
    }

    /// Proves 3.2-3.
    async fn on_avanzato_the_second_level_takes_specialist_requests_and_reclami(office: &TestOffice) {
        let request = office.open(ANNA, unanswered(RESIDENZA)).await.ok().id();
        let reclamo = office.reclamo(ANNA, RESIDENZA).await;
        assert_eq!(office.inbox(CARLO, "firenze-anagrafe").await, [request.clone(), reclamo.clone()]);
        for caso in [&request, &reclamo] {
            assert_eq!(office.command(CARLO, caso, "accept", json!({})).await.ok().text("/titolare"), CARLO);
        }

        // A service on base has no second level to take them, at the opening or later.
        let unsolved = office.open(ANNA, contact("informazione", BUCHE, json!({}))).await.ok();
        assert_eq!(unsolved.stato(), "non_risolvibile_per_informazione_carente");
        office.open(ANNA, unanswered(BUCHE)).await.refused("field-not-admitted").by_clause("3.2-2");
        office.command(CARLO, &reclamo, "reject", rejection()).await.ok();
        let to_base = json!({ "tripletta": tripletta(BUCHE) });
        let refused = office.command(RITA, &reclamo, "reassign", to_base).await;
        assert_eq!(refused.refused("reassignment-not-possible").by_clause("3.2-3").text("/field"), "tripletta");
        assert_eq!(office.case(ANNA, &reclamo).await.stato(), "rigettato");
    }

    /// Proves 3.2-4, R2.
    async fn base_admits_informazione_lamentela_and_segnalazione_alone(office: &TestOffice) {
        let admitted = ["informazione", "lamentela", "segnalazione"];
        assert_eq!(shown(office, MUSEI).await.1, ["informazione", "lamentela", "segnalazione"]);
        let unsolved = office.open(ANNA, contact("informazione", MUSEI, json!({}))).await.ok().id();
        for (motivo, more) in every_motivo() {
            let opened = office.open(ANNA, contact_of(motivo, more, MUSEI, &unsolved)).await;
            if admitted.contains(&motivo) {
                opened.ok();
                continue;
            }
            let refused = opened.refused("motivo-not-on-this-profile").by_clause("R2");
            assert_eq!((refused.status, refused.text("/field")), (422, "motivo".to_owned()), "{motivo}");
            for other in ["Informazione", "Lamentela", "Segnalazione"] {
                assert!(refused.text("/detail").contains(other), "{motivo}: {}", refused.body);
            }
        }
    }

    /// Proves R2.
    async fn the_profile_is_looked_at_before_anything_else_that_is_wrong(office: &TestOffice) {
        let hopeless = contact("reclamo", MUSEI, json!({ "description": null, "verifica": "disponibile" }));
        office.open(ANNA, hopeless.clone()).await.refused("motivo-not-on-this-profile").by_clause("R2");
        let on_avanzato = merged(hopeless, json!({ "tripletta": tripletta(RESIDENZA) }));
        office.open(ANNA, on_avanzato).await.refused("missing-field").by_clause("3-2");
    }

    /// Proves 3.2-5.
    async fn avanzato_admits_all_eight_motivi(office: &TestOffice) {
        let padre = office.reclamo(ANNA, RESIDENZA).await;
        let mut all: Vec<&str> = every_motivo().iter().map(|(motivo, _)| *motivo).collect();
        let (_, mut listed) = shown(office, RESIDENZA).await;
        all.sort_unstable();
        listed.sort_unstable();
        assert_eq!(listed, all);
        for (motivo, more) in every_motivo() {
            let opened = office.open(ANNA, contact_of(motivo, more, RESIDENZA, &padre)).await;
            match motivo {
                // The profile admits it; agendas are not there yet.
                "prenotazione" => drop(opened.refused("motivo-not-handled").by_clause("3.1-8")),
                _ => assert_eq!(opened.ok().text("/motivo"), motivo),
            }
        }
    }

    /// Proves R20.
    async fn the_profile_is_read_at_the_opening_and_at_a_reassignment_not_in_between(office: &TestOffice) {
        let goes_on = office.reclamo(ANNA, TARI).await;
        let rejected = office.reclamo(ANNA, TARI).await;
        office.command(TEO, &rejected, "reject", rejection()).await.ok();
        choose(office, TARI, Profilo::Base).await;

        // What was opened on avanzato is worked to its end, and its figli with it.
        office.open(ANNA, about("sollecito", &goes_on, json!({}))).await.ok();
        office.command(TEO, &goes_on, "suspend", json!({ "reason": "Si attende l'archivio." })).await.ok();
        let resolved = office.command(TEO, &goes_on, "resolve", resolution("comunicato", &[])).await.ok();
        assert_eq!(resolved.stato(), "risolto_secondo_livello/comunicato");

        let back = json!({ "note": "La materia è Vostra." });
        let refused = office.command(RITA, &rejected, "reassign", back.clone()).await;
        refused.refused("reassignment-not-possible").by_clause("3.2-3");
        choose(office, TARI, Profilo::Avanzato).await;
        assert_eq!(office.command(RITA, &rejected, "reassign", back).await.ok().stato(), "assegnato");

        let other_service = about("sollecito", &rejected, json!({ "tripletta": tripletta(RESIDENZA) }));
        office.open(ANNA, other_service).await.refused("field-not-admitted").by_clause("R20");
    }
}
