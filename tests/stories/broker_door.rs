//! The same commands over the broker: CloudEvents on the commands exchange, through the same decisions.
//!
//! Whom the broker vouches for is proved with the queues. Here smista's own user speaks, naming the verified client as it
//! does when it republishes a wait.

use std::sync::Arc;

use serde_json::{Value, json};
use smista_queues::{Destination, Exchange, Outgoing, Published};
use smista_store::{Cliente, Delegation};
use smista_tests::catalogue::{ANNA, CARLO, MUSEI, OLGA, RESIDENZA, RITA};
use smista_tests::{TestOffice, stories};

use crate::bodies::{contact, fact, gino, merged, rejection, told};

/// A client of the broker that may speak for the first and second level.
pub(crate) const CRM: &str = "crm";

pub(crate) async fn introduce_the_client(office: &TestOffice) {
    let ruoli = vec!["primo_livello".to_owned(), "secondo_livello".to_owned()];
    let client = Cliente { nome: CRM.to_owned(), delegation: Delegation { ruoli, ..Delegation::default() } };
    office.system.office.store.save_cliente(&client).await.expect("a client");
}

/// A command as it travels, from the client.
pub(crate) fn message(id: &str, kind: &str, operatore: &str, data: Value) -> Value {
    json!({
        "specversion": "1.0", "id": id, "source": "//crm.example/firenze", "type": kind,
        "time": "2026-11-23T08:00:00Z", "datacontenttype": "application/json",
        "operatore": operatore, "cliente": CRM, "data": data,
    })
}

/// The same, about a case.
pub(crate) fn on_case(caso: &str, id: &str, kind: &str, operatore: &str, data: Value) -> Value {
    merged(message(id, kind, operatore, data), json!({ "subject": caso }))
}

pub(crate) async fn publish_bytes(office: &TestOffice, kind: &str, body: &[u8]) {
    let message = Outgoing {
        destination: Destination::Exchange(Exchange::Commands),
        message_type: kind.to_owned(),
        message_id: "dal-racconto".to_owned(),
        body: Arc::from(body),
    };
    assert_eq!(office.system.broker.publish(&[message]).await, [Published::Confirmed]);
}

/// Publishes messages and lets the office work until it is quiet.
pub(crate) async fn publish(office: &TestOffice, messages: &[Value]) {
    for message in messages {
        let kind = message["type"].as_str().expect("a type");
        publish_bytes(office, kind, message.to_string().as_bytes()).await;
    }
    office.settle().await;
}

/// What clients heard of refusals, where anybody can listen; the office must have parked nothing.
pub(crate) async fn refusals(office: &TestOffice) -> Option<Vec<Value>> {
    assert_eq!(office.parked().await, 0, "a refused command is done, not parked");
    let ears = office.listen().await?;
    Some(ears.heard("command.refused").await)
}

pub(crate) async fn cases(office: &TestOffice) -> Vec<String> {
    smista_tests::office::ids(&office.post(ANNA, "/v1/cases/search", json!({})).await.ok())
}

pub(crate) fn reclamo(servizio: &str) -> Value {
    contact("reclamo", servizio, json!({ "anagrafica": gino() }))
}

stories! {
    async fn a_case_is_opened_and_worked_over_the_broker(office: &TestOffice) {
        introduce_the_client(office).await;
        office.listen().await;
        publish(office, &[message("1", "contact.open", ANNA, reclamo(RESIDENZA))]).await;
        let opened = cases(office).await;
        let [caso] = opened.as_slice() else { panic!("one case, not {opened:?}") };
        assert_eq!(office.inbox(CARLO, "firenze-anagrafe").await, [caso.as_str()]);
        publish(office, &[on_case(caso, "2", "case.reject", CARLO, rejection())]).await;

        assert_eq!(office.rejects(RITA).await, [caso.as_str()]);
        assert_eq!(told(office, RITA, caso).await, [
            "anna contact.open: - > assegnato",
            "assignment case.route: assegnato > assegnato",
            "carlo case.reject: assegnato > rigettato",
        ]);
        // Whoever listens hears of the opening, about that case, and of nothing personal.
        if let Some(ears) = office.listen().await {
            let heard = ears.heard("case.opened").await;
            assert_eq!(heard.len(), 1);
            assert_eq!(heard[0]["subject"], json!(caso));
            assert_eq!(heard[0]["sequence"], 1);
            assert!(!heard[0].to_string().contains("Gino"), "{}", heard[0]);
        }
        assert_eq!(refusals(office).await.unwrap_or_default(), Vec::<Value>::new());
    }

    async fn the_same_message_twice_is_one_case(office: &TestOffice) {
        introduce_the_client(office).await;
        let opening = message("1", "contact.open", ANNA, reclamo(RESIDENZA));
        publish(office, &[opening.clone(), opening.clone()]).await;
        publish(office, std::slice::from_ref(&opening)).await;
        let opened = cases(office).await;
        let [caso] = opened.as_slice() else { panic!("one case, not {opened:?}") };

        let note = on_case(caso, "2", "case.note", ANNA, json!({ "text": "Richiama domani." }));
        publish(office, &[note.clone(), note]).await;
        assert_eq!(office.case(ANNA, caso).await.list("/notes").len(), 1);
        assert_eq!(office.parked().await, 0);

        // Another id is another contact, whatever it says.
        publish(office, &[message("3", "contact.open", ANNA, reclamo(RESIDENZA))]).await;
        assert_eq!(cases(office).await.len(), 2);
    }

    async fn a_refused_command_is_told_to_its_client_and_not_parked(office: &TestOffice) {
        introduce_the_client(office).await;
        office.listen().await;
        let caso = office.reclamo(ANNA, RESIDENZA).await;
        let before = office.history(ANNA, &caso).await;
        let refused = [
            message("1", "contact.open", ANNA, reclamo(MUSEI)),
            on_case(&caso, "2", "case.reject", ANNA, rejection()),
            on_case(&caso, "3", "case.reject", CARLO, json!({ "causa": "SEGRETO", "note": "Boh." })),
            message("4", "case.accept", CARLO, json!({})),
        ];
        publish(office, &refused).await;
        assert_eq!(office.history(ANNA, &caso).await, before);
        assert_eq!(cases(office).await, [caso.as_str()]);

        // Told once, however often the command comes.
        publish(office, &refused).await;
        let Some(heard) = refusals(office).await else { return };
        assert_eq!(heard.len(), 4);
        for (id, command, code, clause) in [
            ("1", "contact.open", "motivo-not-on-this-profile", json!("R2")),
            ("2", "case.reject", "not-your-role", json!("R14")),
            ("3", "case.reject", "malformed", Value::Null),
            ("4", "case.accept", "malformed", Value::Null),
        ] {
            let data = heard.iter().map(|fact| &fact["data"]).find(|data| data["command_id"] == id);
            let data = data.unwrap_or_else(|| panic!("nothing about {id} in {heard:?}"));
            assert_eq!(data["command"], command);
            assert_eq!(data["command_source"], "//crm.example/firenze");
            assert_eq!(data["problem"]["type"], format!("urn:smista:problem:{code}"));
            assert_eq!(data["problem"]["clause"], clause);
        }
        assert!(!json!(heard).to_string().contains("SEGRETO"));
    }

    async fn a_client_of_the_broker_speaks_only_for_its_operators(office: &TestOffice) {
        introduce_the_client(office).await;
        office.listen().await;
        let by = |id: &str, operatore: &str| message(id, "contact.open", operatore, reclamo(RESIDENZA));
        let stranger = merged(by("3", ANNA), json!({ "cliente": "uno-qualunque" }));
        let mut nobody = by("4", ANNA);
        nobody.as_object_mut().expect("an object").remove("operatore");
        let mut unvouched = by("5", ANNA);
        unvouched.as_object_mut().expect("an object").remove("cliente");
        publish(office, &[by("1", OLGA), by("2", "nessuno"), stranger, nobody, unvouched]).await;

        assert!(cases(office).await.is_empty());
        let Some(heard) = refusals(office).await else { return };
        let code = |id: &str| {
            let told = heard.iter().map(|fact| &fact["data"]).find(|data| data["command_id"] == id);
            told.and_then(|data| data["problem"]["type"].as_str()).unwrap_or_default().to_owned()
        };
        for (id, expected) in [
            ("1", "operator-not-delegated"),
            ("2", "operator-not-delegated"),
            ("3", "client-unknown"),
            ("4", "operator-not-named"),
            ("5", "client-unknown"),
        ] {
            assert_eq!(code(id), format!("urn:smista:problem:{expected}"), "message {id}");
        }
    }

    async fn what_cannot_be_read_is_parked_whole_and_the_rest_goes_on(office: &TestOffice) {
        introduce_the_client(office).await;
        let good = message("1", "contact.open", ANNA, reclamo(RESIDENZA)).to_string();
        let unreadable: [Vec<u8>; 4] = [
            b"Pronto? Chi parla?".to_vec(),
            good.as_bytes()[..good.len() - 1].to_vec(),
            vec![0xff, 0xfe, 0x00],
            format!("{{\"data\":{}{}}}", "[".repeat(40), "]".repeat(40)).into_bytes(),
        ];
        for body in &unreadable {
            publish_bytes(office, "contact.open", body).await;
        }
        publish_bytes(office, "contact.open", good.as_bytes()).await;
        office.settle().await;

        assert_eq!(cases(office).await.len(), 1);
        let parked = office.system.shelf.list_parked(None, 100).await.expect("parked messages");
        let mut bodies: Vec<Vec<u8>> = parked.iter().map(|message| message.parked.body.to_vec()).collect();
        let mut expected = unreadable.to_vec();
        bodies.sort();
        expected.sort();
        assert_eq!(bodies, expected);
        assert!(parked.iter().all(|message| message.parked.queue == "intake"));
        assert!(parked.iter().all(|message| !message.parked.reason.to_string().is_empty()));
        office.leaves_parked(unreadable.len());
    }

    async fn both_doors_come_to_the_same_decision(office: &TestOffice) {
        introduce_the_client(office).await;
        let caso = office.reclamo(ANNA, RESIDENZA).await;
        publish(office, &[on_case(&caso, "1", "case.accept", CARLO, json!({}))]).await;
        office.command(CARLO, &caso, "accept", json!({})).await.refused("held-by-you").by_clause("2-5");
        let rows = office.history(ANNA, &caso).await;
        assert_eq!(fact(&rows, "accepted")["titolare"], "carlo");
    }
}
