//! A citizen calls: what becomes of each motivo (sections 3.1, 3.2, 4.1).

use serde_json::json;
use smista_tests::catalogue::{ANNA, MUSEI, RESIDENZA, tripletta};
use smista_tests::stories;

stories! {
    /// Proves 3.1-1, 4.1-1.
    async fn an_answered_information_is_closed_at_once(office: &TestOffice) {
        let caso = office
            .open(ANNA, json!({
                "motivo": "informazione", "tripletta": tripletta(RESIDENZA), "canale": "telefono",
                "description": "Chiede quando è aperto l'ufficio.",
                "answer": { "text": "Lunedì e giovedì, dalle 9 alle 13.", "canale": "telefono" },
            }))
            .await
            .ok();
        assert_eq!(caso.stato(), "risolto_primo_livello/comunicato");
        let seen = office.case(ANNA, &caso.id()).await.ok();
        assert_eq!(seen.text("/answer"), "Lunedì e giovedì, dalle 9 alle 13.");
        assert!(seen.text("/protocollo").starts_with("2026-"));
    }

    /// Proves 4.1-2.
    async fn what_a_base_service_cannot_answer_is_closed_for_missing_information(office: &TestOffice) {
        let caso = office
            .open(ANNA, json!({
                "motivo": "informazione", "tripletta": tripletta(MUSEI), "canale": "telefono",
                "description": "Chiede se si può fotografare.",
            }))
            .await
            .ok();
        assert_eq!(caso.stato(), "non_risolvibile_per_informazione_carente");
    }
}
