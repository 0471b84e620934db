//! Messages that come after their time: what was applied long ago is not applied again, and a person decides about the rest.

use chrono::Duration;
use serde_json::{Value, json};
use smista::housekeeping::Round;
use smista_queues::ParkedMessage;
use smista_tests::catalogue::{ANNA, RESIDENZA};
use smista_tests::{TestOffice, stories};

use crate::broker_door::{CRM, introduce_the_client, publish};

/// A note on a case, of this moment.
fn note(office: &TestOffice, caso: &str, id: &str) -> Value {
    json!({
        "specversion": "1.0", "id": id, "source": "//crm.example/firenze", "type": "case.note", "subject": caso,
        "time": office.now().to_rfc3339(), "datacontenttype": "application/json",
        "operatore": ANNA, "cliente": CRM, "data": { "text": "Richiama domani." },
    })
}

async fn notes(office: &TestOffice, caso: &str) -> usize {
    office.case(ANNA, caso).await.ok().list("/notes").len()
}

async fn parked(office: &TestOffice) -> Vec<ParkedMessage> {
    office.system.shelf.list_parked(None, 100).await.expect("parked messages")
}

async fn tidy(office: &TestOffice) -> Round {
    let round = office.system.housekeeping().round().await;
    round.expect("a round")
}

stories! {
    async fn a_command_a_month_late_is_parked_and_not_applied_twice(office: &TestOffice) {
        introduce_the_client(office).await;
        let caso = office.reclamo(ANNA, RESIDENZA).await;
        let said = note(office, &caso, "1");
        publish(office, std::slice::from_ref(&said)).await;
        assert_eq!(notes(office, &caso).await, 1);

        office.advance(Duration::days(30));
        assert_eq!(tidy(office).await.purged.inbox, 0, "what may still be taken is remembered");
        publish(office, std::slice::from_ref(&said)).await;
        assert_eq!((notes(office, &caso).await, office.parked().await), (1, 0), "it was seen before");

        office.advance(Duration::days(1));
        assert!(tidy(office).await.purged.inbox > 0, "the inbox forgets it");
        publish(office, &[said]).await;
        assert_eq!(notes(office, &caso).await, 1);
        let parked = parked(office).await;
        let [late] = parked.as_slice() else { panic!("one, not {}", parked.len()) };
        assert_eq!(late.parked.message_id.as_deref(), Some("1"));
        assert!(late.parked.reason.as_str().contains("more than 30 days ago"), "{}", late.parked.reason);
        office.leaves_parked(1);
    }

    async fn an_operator_replays_a_late_command_and_it_is_handled_once(office: &TestOffice) {
        introduce_the_client(office).await;
        let caso = office.reclamo(ANNA, RESIDENZA).await;
        let lost = note(office, &caso, "1");
        office.advance(Duration::days(40));
        publish(office, &[lost]).await;
        assert_eq!(notes(office, &caso).await, 0);

        let late = parked(office).await.remove(0);
        let again = late.replay(office.now()).expect("a message of a client that the broker vouched for");
        assert!(office.system.shelf.replay_parked(late.id, &again, office.now()).await.expect("replayed"));
        office.settle().await;
        assert_eq!((notes(office, &caso).await, office.parked().await), (1, 0));

        // It may arrive twice all the same, like any message.
        office.system.broker.publish(&[again]).await;
        office.settle().await;
        assert_eq!((notes(office, &caso).await, office.parked().await), (1, 0));
    }

    async fn a_command_from_the_future_is_parked(office: &TestOffice) {
        introduce_the_client(office).await;
        let caso = office.reclamo(ANNA, RESIDENZA).await;
        office.advance(Duration::days(2));
        let early = note(office, &caso, "1");
        office.advance(-Duration::days(2));
        publish(office, &[early]).await;
        assert_eq!((notes(office, &caso).await, office.parked().await), (0, 1));
        office.leaves_parked(1);
    }

    async fn parked_messages_and_kept_answers_expire(office: &TestOffice) {
        let caso = office.reclamo(ANNA, RESIDENZA).await;
        let key = [("idempotency-key", "1")];
        let path = format!("/v1/cases/{caso}/note");
        let say = async || {
            let body = json!({ "text": "Richiama domani." });
            office.call(ANNA, axum::http::Method::POST, &path, &key, Some(body)).await.ok()
        };
        say().await;
        say().await;
        assert_eq!(notes(office, &caso).await, 1);
        let mut unreadable = note(office, &caso, "1");
        unreadable["time"] = json!("yesterday");
        publish(office, &[unreadable]).await;
        assert_eq!(office.parked().await, 1);

        office.advance(Duration::days(8));
        assert_eq!(tidy(office).await.purged.idempotency, 1);
        say().await;
        assert_eq!(notes(office, &caso).await, 2, "a request of another week is another request");
        assert_eq!(office.parked().await, 1);
        office.advance(Duration::days(90));
        assert_eq!(tidy(office).await.purged.parked, 1);
        assert_eq!(office.parked().await, 0);
    }
}
