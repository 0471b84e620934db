//! What the words mean (section 2): who acts, what a case is, padre and figlio, contacts. Presa in carico is
//! told in `holding`.

use chrono::{DateTime, Duration, Utc};
use serde_json::{Value, json};
use smista_domain::ids::Login;
use smista_tests::catalogue::{ANNA, BENE, CARLO, EMMA, MUSEI, RESIDENZA, RITA, SPINA, TARI, tripletta};
use smista_tests::stories;

use crate::bodies::{
    about, answer, attempt, call_to_citizen, contact, fact, facts, gino, merged, notes, reclamo_resolved,
    rejection, resolution, texts, told, unanswered,
};

/// When each row of a history says that it happened.
fn times(rows: &[Value]) -> Vec<DateTime<Utc>> {
    let at = |row: &Value| row.get("at").and_then(Value::as_str).and_then(|at| at.parse().ok());
    rows.iter().map(|row| at(row).expect("a time")).collect()
}

stories! {
    /// Proves 2-1.
    async fn history_says_who_when_what_and_the_state_before_and_after(office: &TestOffice) {
        let opened_at = office.now();
        let caso = office.reclamo(ANNA, RESIDENZA).await;
        office.advance(Duration::minutes(7));
        let rejected_at = office.now();
        office.command(CARLO, &caso, "reject", rejection()).await.ok();
        office.settle().await;
        office.advance(Duration::hours(2));
        let reassigned_at = office.now();
        office.command(RITA, &caso, "reassign", json!({ "tripletta": tripletta(TARI) })).await.ok();
        office.settle().await;

        let rows = office.history(ANNA, &caso).await;
        assert_eq!(told(office, ANNA, &caso).await, [
            "anna contact.open: - > assegnato",
            // The system acts under a name of its own.
            "assignment case.route: assegnato > assegnato",
            "carlo case.reject: assegnato > rigettato",
            "rita case.reassign: rigettato > assegnato",
        ]);
        assert_eq!(times(&rows), [opened_at, opened_at, rejected_at, reassigned_at]);
        assert_eq!(facts(&rows), [
            "opened", "assigned", "routed", "accepted", "rejected", "accepted", "reassigned",
        ]);
    }

    /// Proves 2-1.
    async fn nobody_acts_without_a_login_that_the_system_knows(office: &TestOffice) {
        let caso = office.reclamo(ANNA, RESIDENZA).await;
        let history = office.history(ANNA, &caso).await;
        let call = contact("lamentela", RESIDENZA, json!({}));

        office.open("nessuno", call.clone()).await.refused("operator-not-delegated");
        office.command("nessuno", &caso, "note", json!({ "text": "Nota." })).await.refused("operator-not-delegated");
        // The name of a system actor is nobody's login.
        office.command("assignment", &caso, "accept", json!({})).await.refused("operator-not-delegated");

        office.open(BENE, call.clone()).await.ok();
        let bene = Login::new(BENE).expect("a login");
        office
            .change_catalogue(|catalogue| catalogue.operatori.get_mut(&bene).expect("at work").retired = true)
            .await;
        office.open(BENE, call).await.refused("operator-not-delegated");
        office.command(BENE, &caso, "note", json!({ "text": "Nota." })).await.refused("operator-not-delegated");
        assert_eq!(office.history(ANNA, &caso).await, history);
    }

    /// Proves 2-2.
    async fn a_case_records_the_request_and_everything_said_about_it(office: &TestOffice) {
        let caso = office.open(ANNA, call_of_one_who_would_not_wait()).await.ok().id();
        office.settle().await;
        office.command(ANNA, &caso, "note", json!({ "text": "È reperibile la mattina." })).await.ok();
        let asked = json!({ "specialista": SPINA, "note": "Può verificare?" });
        office.command(CARLO, &caso, "involve", asked).await.ok();
        office.command(SPINA, &caso, "contribute", json!({ "text": "La pratica è conclusa." })).await.ok();
        office.command(CARLO, &caso, "suspend", json!({ "reason": "Si attende l'archivio." })).await.ok();
        office.command(CARLO, &caso, "resolve", resolution("da_comunicare", &[])).await.ok();
        office.command(BENE, &caso, "record-attempt", attempt("non_risponde", "da_comunicare")).await.ok();
        let calls_herself = json!({ "canale": "telefono", "direzione": "inbound", "esito": "raggiunto" });
        let told_now = json!({ "tentativo": calls_herself, "attributo": "comunicato", "note": "Ha richiamato lei." });
        office.command(ANNA, &caso, "record-attempt", told_now).await.ok();
        office.settle().await;

        let case = office.case(ANNA, &caso).await.ok();
        assert_eq!(case.text("/description"), "Chiede se il cambio di residenza è concluso.");
        assert_eq!(case.text("/answer"), "La pratica è pronta.");
        assert_eq!(notes(&case), [
            "anna: È reperibile la mattina.",
            "carlo: Può verificare?",
            "spina: La pratica è conclusa.",
            "carlo: Si attende l'archivio.",
            "anna: Ha richiamato lei.",
        ]);
        assert_eq!(told(office, CARLO, &caso).await, [
            "anna contact.open: - > assegnato",
            "assignment case.route: assegnato > assegnato",
            "anna case.note: assegnato > assegnato",
            "carlo case.involve: assegnato > assegnato",
            "spina case.contribute: assegnato > assegnato",
            "carlo case.suspend: assegnato > sospeso",
            "carlo case.resolve: sospeso > risolto_secondo_livello/da_comunicare",
            "bene case.record_attempt: risolto_secondo_livello/da_comunicare > risolto_secondo_livello/da_comunicare",
            "anna case.record_attempt: risolto_secondo_livello/da_comunicare > risolto_secondo_livello/comunicato",
        ]);
        let opened = fact(&office.history(ANNA, &caso).await, "opened");
        assert_eq!((opened["canale"].clone(), opened["verifica"].clone()), (json!("telefono"), json!("attesa_rifiutata")));
    }

    /// Proves 2-3.
    async fn only_what_can_go_to_the_second_level_is_a_padre(office: &TestOffice) {
        let reclamo = office.reclamo(ANNA, RESIDENZA).await;
        let informazione = office.open(ANNA, unanswered(RESIDENZA)).await.ok().id();
        office.settle().await;
        for padre in [&reclamo, &informazione] {
            assert_eq!(office.open(ANNA, about("sollecito", padre, json!({}))).await.ok().stato(), "assegnato");
        }

        let gino = json!({ "anagrafica": gino() });
        for motivo in ["lamentela", "segnalazione"] {
            let other = office.open(ANNA, contact(motivo, RESIDENZA, gino.clone())).await.ok().id();
            let refused = office.open(ANNA, about("sollecito", &other, json!({}))).await;
            refused.refused("padre-not-admitted").by_clause("2-3");
        }

        // An Informazione is a padre on avanzato: on base nobody of the second level ever has it.
        let on_base = office.open(ANNA, contact("informazione", MUSEI, json!({}))).await.ok().id();
        for motivo in ["sollecito", "informazione_su_case"] {
            let more = json!({ "identificazione": "documento" });
            let refused = office.open(ANNA, about(motivo, &on_base, more)).await;
            refused.refused("motivo-not-on-this-profile").by_clause("R2");
        }
        assert!(office.case(ANNA, &on_base).await.ok().list("/figli").is_empty());
    }

    /// Proves 2-4.
    async fn a_figlio_hangs_on_one_padre_and_is_never_a_padre(office: &TestOffice) {
        let padre = office.reclamo(ANNA, RESIDENZA).await;
        let identified = json!({ "identificazione": "numero_chiamante" });
        let adds = json!({ "notifica": { "tipo": "integrazione" } });
        let mut figli = Vec::new();
        for (motivo, more) in [
            ("sollecito", json!({})), ("sollecito", json!({})),
            ("notifica_per_informazione", adds.clone()), ("informazione_su_case", identified.clone()),
        ] {
            let figlio = office.open(ANNA, about(motivo, &padre, more)).await.ok();
            assert_eq!(figlio.text("/padre"), padre);
            figli.push(figlio.id());
        }
        office.settle().await;
        let case = office.case(ANNA, &padre).await.ok();
        assert_eq!(texts(&case.list("/figli")), figli);
        assert_eq!(case.text("/padre"), "");

        let refused = |answer: smista_tests::Answer, clause| {
            answer.refused("padre-not-admitted").by_clause(clause);
        };
        for figlio in &figli {
            refused(office.open(ANNA, about("sollecito", figlio, json!({}))).await, "2-4");
        }
        let unknown = "01900000-0000-7000-8000-000000000000";
        refused(office.open(ANNA, about("sollecito", unknown, json!({}))).await, "2-4");
        let answered = json!({ "answer": answer("telefono", "comunicato", &[]) });
        let never_assigned = office.open(ANNA, contact("informazione", RESIDENZA, answered)).await.ok().id();
        refused(office.open(ANNA, about("informazione_su_case", &never_assigned, identified.clone())).await, "2-4");
        let no_padre = contact("sollecito", RESIDENZA, json!({}));
        office.open(ANNA, no_padre).await.refused("missing-field").by_clause("2-4");

        // Final: to be asked about, no longer to be urged or changed.
        office.command(CARLO, &padre, "resolve", resolution("comunicato", &[])).await.ok();
        refused(office.open(ANNA, about("sollecito", &padre, json!({}))).await, "R15");
        refused(office.open(ANNA, about("notifica_per_informazione", &padre, adds)).await, "R15");
        office.open(ANNA, about("informazione_su_case", &padre, identified)).await.ok();
    }

    /// Proves 2-6, 3.3-1.
    async fn a_contact_has_a_direction_and_one_of_the_channels_and_fax_is_none(office: &TestOffice) {
        let answered = |canale: &str, more: Value| {
            let call = contact("informazione", MUSEI, json!({ "canale": canale }));
            merged(call, more)
        };
        let by_phone = json!({ "answer": answer("telefono", "comunicato", &[]) });
        let by_email = json!({ "answer": answer("email", "non_comunicato", &["non_risponde"]) });
        let on_line = office.open(ANNA, answered("telefono", by_phone.clone())).await.ok();
        let off_line = office.open(EMMA, answered("email", by_email)).await.ok();
        assert_eq!([on_line.text("/canale"), on_line.text("/canale_risposta")], ["telefono"; 2]);
        assert_eq!([off_line.text("/canale"), off_line.text("/canale_risposta")], ["email"; 2]);
        for canale in ["fax", "sms", "posta"] {
            let refused = office.open(EMMA, answered(canale, by_phone.clone())).await.refused("malformed");
            assert_eq!((refused.status, refused.text("/field")), (400, "canale".to_owned()), "{canale}");
        }
        // A call is transferred while it lasts; a letter cannot be.
        let transfer = contact("informazione", RESIDENZA, json!({ "canale": "email", "verifica": "disponibile" }));
        office.open(EMMA, transfer).await.refused("field-not-admitted").by_clause("4.2-1");

        // Outbound, sms is known, and yet moves no case (R16); fax is not even known.
        let by = |canale: &str| answered("telefono", json!({ "answer": answer(canale, "comunicato", &[]) }));
        office.open(ANNA, by("sms")).await.refused("field-not-admitted").by_clause("R16");
        office.open(ANNA, by("fax")).await.refused("malformed");

        let to_tell = reclamo_resolved(office, "da_comunicare").await;
        for (direzione, canale) in [("outbound", "fax"), ("sideways", "telefono")] {
            let tentativo = json!({ "canale": canale, "direzione": direzione, "esito": "non_risponde" });
            let body = json!({ "tentativo": tentativo, "attributo": "da_comunicare" });
            office.command(ANNA, &to_tell, "record-attempt", body).await.refused("malformed");
        }
        for (direzione, esito, attributo) in
            [("outbound", "occupato", "da_comunicare"), ("inbound", "raggiunto", "comunicato")]
        {
            let tentativo = merged(call_to_citizen(esito), json!({ "direzione": direzione }));
            let body = json!({ "tentativo": tentativo, "attributo": attributo });
            office.command(ANNA, &to_tell, "record-attempt", body).await.ok();
        }
        let rows = office.history(ANNA, &to_tell).await;
        let attempts = rows.iter().flat_map(|row| row["facts"].as_array().cloned().unwrap_or_default());
        let directions: Vec<Value> = attempts.filter_map(|fact| fact.pointer("/tentativo/direzione").cloned()).collect();
        assert_eq!(directions, ["outbound", "inbound"]);
    }
}

/// An Informazione whose caller would not wait for the second level.
fn call_of_one_who_would_not_wait() -> Value {
    contact(
        "informazione",
        RESIDENZA,
        json!({
            "description": "Chiede se il cambio di residenza è concluso.", "verifica": "attesa_rifiutata",
            "anagrafica": gino(),
        }),
    )
}
