//! Whoever takes commands waits while the broker does not keep up with what they cause.

use chrono::Duration;
use serde_json::json;
use smista_domain::ids::GruppoId;
use smista_messages::facts::{GROUP_RETIRED, GroupRetired};
use smista_messages::topology::ASSIGNMENT;
use smista_office::contact_import::{Ended, Progress, import, json_lines};
use smista_queues::{DeliveryRef, Envelope, Wait};
use smista_tests::catalogue::{ANNA, RESIDENZA};
use smista_tests::{DEEPEST_OUTBOX, TestOffice, scaled_stories, stories};
use tokio_util::sync::CancellationToken;

use crate::bodies::{contact, gino};

/// Messages that ask for nothing, due by now and not published: one more than a process may have of them.
async fn lay_aside_too_many(office: &TestOffice) {
    let retired = GroupRetired { gruppo: GruppoId::new("firenze-anagrafe").expect("a code") };
    let wait = |number: u64| {
        let id = format!("rimasto-{number}");
        let envelope = Envelope::new(&id, "smista", GROUP_RETIRED, office.now(), &retired).expect("JSON");
        Wait {
            delivery: DeliveryRef::AmqpTag(number),
            queue: ASSIGNMENT.to_owned(),
            source: "smista".to_owned(),
            message_id: id,
            message_type: GROUP_RETIRED.to_owned(),
            due_at: office.now(),
            attempt: 1,
            body: envelope.encode().expect("an envelope"),
            reason: None,
        }
    };
    let waits: Vec<Wait> = (0..=DEEPEST_OUTBOX).map(wait).collect();
    office.system.shelf.put(&waits, &[]).await.expect("on the shelf");
}

stories! {
    async fn a_door_that_could_not_publish_takes_nothing_on_and_lets_everybody_read(office: &TestOffice) {
        let caso = office.reclamo(ANNA, RESIDENZA).await;
        let another = contact("reclamo", RESIDENZA, json!({ "anagrafica": gino() }));
        lay_aside_too_many(office).await;
        office.advance(Duration::seconds(2));

        if office.system.is_embedded() {
            // There they are in their queue already: a backlog of the workers, and no reason to send citizens away.
            office.open(ANNA, another.clone()).await.ok();
            return;
        }
        let refused = office.open(ANNA, another.clone()).await.refused("backlog");
        assert_eq!((refused.status, refused.header("retry-after")), (503, Some("5")));
        assert!(refused.text("/detail").contains("nulla è stato registrato"), "{}", refused.body);
        let note = json!({ "text": "Ha richiamato." });
        office.command(ANNA, &caso, "note", note.clone()).await.refused("backlog");
        assert_eq!(office.case(ANNA, &caso).await.ok().number("/versione"), 2, "opened and routed");

        office.settle().await;
        office.advance(Duration::seconds(2));
        office.open(ANNA, another).await.ok();
        office.command(ANNA, &caso, "note", note).await.ok();
        assert_eq!(office.post(ANNA, "/v1/cases/search", json!({})).await.ok().list("/rows").len(), 2);
    }
}

scaled_stories! {
    async fn an_import_waits_too_and_goes_on_where_it_was(office: &TestOffice) {
        lay_aside_too_many(office).await;
        office.advance(Duration::seconds(2));
        let contact = contact("reclamo", RESIDENZA, json!({ "anagrafica": gino() }));
        let file = json!({ "source": "crm", "id": "1", "contact": contact }).to_string();
        let gate = office.system.gate();
        let import = async |stop: &CancellationToken| {
            let lines = json_lines(file.as_bytes());
            import(&office.system.office, &gate, stop, lines, |_progress, refused| refused.is_empty()).await
        };

        let stop = CancellationToken::new();
        let (waited, ()) = tokio::join!(import(&stop), async { stop.cancel() });
        let (progress, ended) = waited.expect("the store answers");
        assert_eq!((progress, matches!(ended, Ended::Stopped)), (Progress::default(), true));

        office.settle().await;
        office.advance(Duration::seconds(2));
        let (progress, ended) = import(&CancellationToken::new()).await.expect("the store answers");
        assert_eq!((progress.lines, progress.opened), (1, 1));
        assert!(matches!(ended, Ended::WholeFile), "nothing is left of the file");
    }
}
