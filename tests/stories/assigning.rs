//! Cases that go to the second level, are rejected, and find their office (section 4.3).

use serde_json::json;
use smista_tests::catalogue::{ANNA, CARLO, RESIDENZA, RITA, TARI, TEO, tripletta};
use smista_tests::stories;

stories! {
    /// Proves 4.1-8, 4.3-1, 4.3-2, 4.3-5, 4.3-7.
    async fn a_reclamo_assigned_wrongly_is_rejected_and_finds_the_right_office(office: &TestOffice) {
        let caso = office
            .open(ANNA, json!({
                "motivo": "reclamo", "tripletta": tripletta(RESIDENZA), "canale": "telefono",
                "description": "La bolletta dei rifiuti è sbagliata.",
                "anagrafica": { "nome": "Gino", "cognome": "Prova", "telefono": "055 0000001" },
            }))
            .await
            .ok();
        office.settle().await;
        let id = caso.id();
        assert_eq!(office.case(ANNA, &id).await.text("/gruppo"), "firenze-anagrafe");
        assert!(office.inbox(CARLO, "firenze-anagrafe").await.contains(&id));

        office
            .command(CARLO, &id, "reject", json!({
                "causa": "errore_operatore", "note": "È materia dei tributi.", "tripletta_suggerita": tripletta(TARI),
            }))
            .await
            .ok();
        assert_eq!(office.case(RITA, &id).await.stato(), "rigettato");
        assert!(office.rejects(RITA).await.contains(&id));

        office.command(RITA, &id, "reassign", json!({ "tripletta": tripletta(TARI) })).await.ok();
        assert!(office.inbox(TEO, "firenze-tributi").await.contains(&id));
        assert!(!office.inbox(CARLO, "firenze-anagrafe").await.contains(&id));
    }
}
