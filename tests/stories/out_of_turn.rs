//! Messages that come in another order than they were sent, a day after, or from somebody whom the case is no business of:
//! each is decided on the case as it is now, and its sender hears of a refusal.

use chrono::Duration;
use serde_json::{Value, json};
use smista_domain::ids::{CasoId, Login};
use smista_messages::facts::CaseFact;
use smista_queues::{Envelope, Exchange};
use smista_tests::catalogue::{ANNA, CARLO, RESIDENZA, SARA, TEO};
use smista_tests::{TestOffice, stories};

use crate::bodies::rejection;
use crate::broker_door::{introduce_the_client, on_case, publish, refusals};

/// What Carlo sends about a case: in every order the last word is that it is not his.
fn sent(caso: &str, kind: &str) -> Value {
    let data = match kind {
        "case.suspend" => json!({ "reason": "Si attende l'archivio." }),
        "case.reject" => rejection(),
        _ => json!({}),
    };
    on_case(caso, &format!("{kind}/{caso}"), kind, CARLO, data)
}

const KINDS: [&str; 3] = ["case.accept", "case.suspend", "case.reject"];
const ORDERS: [[usize; 3]; 6] = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];

/// The versions of a history are whole, whatever was refused between them.
async fn history_is_whole(office: &TestOffice, caso: &str) -> usize {
    let rows = office.history(ANNA, caso).await;
    let versions: Vec<i64> = rows.iter().filter_map(|row| row["versione"].as_i64()).collect();
    assert!(versions.iter().copied().eq(1..=rows.len() as i64), "{versions:?}");
    rows.len()
}

stories! {
    async fn in_whatever_order_commands_arrive_each_is_applied_or_refused_once(office: &TestOffice) {
        introduce_the_client(office).await;
        office.listen().await;
        let (mut messages, mut casi) = (Vec::new(), Vec::new());
        for order in ORDERS {
            let caso = office.reclamo(ANNA, RESIDENZA).await;
            messages.extend(order.map(|place| sent(&caso, KINDS[place])));
            casi.push(caso);
        }
        publish(office, &messages).await;
        // Once more, the other way round.
        messages.reverse();
        publish(office, &messages).await;

        let mut applied = 0;
        for caso in &casi {
            assert_eq!(office.case(ANNA, caso).await.stato(), "rigettato");
            applied += history_is_whole(office, caso).await - 2;
        }
        let Some(heard) = refusals(office).await else { return };
        assert_eq!(applied + heard.len(), messages.len());
    }

    async fn a_command_a_day_late_is_applied_once(office: &TestOffice) {
        introduce_the_client(office).await;
        let caso = office.reclamo(ANNA, RESIDENZA).await;
        let mut late = on_case(&caso, "1", "case.note", ANNA, json!({ "text": "Richiama domani." }));
        late["time"] = office.now().to_rfc3339().into();
        for _day in 0..2 {
            office.advance(Duration::days(1));
            publish(office, std::slice::from_ref(&late)).await;
            office.system.housekeeping().round().await.expect("a round");
        }
        assert_eq!(office.case(ANNA, &caso).await.ok().list("/notes").len(), 1);
        assert_eq!((history_is_whole(office, &caso).await, office.parked().await), (3, 0));
    }

    async fn a_fact_a_day_late_finds_a_case_that_has_moved_on_and_leaves_it(office: &TestOffice) {
        let caso = office.reclamo(ANNA, RESIDENZA).await;
        let id = CasoId(caso.parse().expect("an id"));
        let then = office.system.office.store.caso(id).await.expect("the store").expect("the case");
        let fact = CaseFact::about(&then, &Login::new(ANNA).expect("a login"), None);
        let told = |id: &str, kind: &str| Envelope::new(id, "smista", kind, office.now(), &fact).expect("JSON");
        let facts = [told("in-ritardo", "case.assigned"), told("anche-questo", "case.rejected")];
        office.command(CARLO, &caso, "reject", rejection()).await.ok();
        office.settle().await;
        let (before, rows) = (office.case(ANNA, &caso).await.body, history_is_whole(office, &caso).await);
        office.advance(Duration::days(1));
        for fact in facts.iter().chain(&facts) {
            office.publish(Exchange::Facts, fact).await;
        }
        office.settle().await;
        assert_eq!(office.case(ANNA, &caso).await.body, before);
        assert_eq!((history_is_whole(office, &caso).await, office.parked().await), (rows, 0));
    }

    async fn whom_a_case_is_no_business_of_changes_nothing_of_it(office: &TestOffice) {
        introduce_the_client(office).await;
        office.listen().await;
        let caso = office.reclamo(ANNA, RESIDENZA).await;
        let accept = |id: &str, login: &str| on_case(&caso, id, "case.accept", login, json!({}));
        // Of another role, of another group, of another Ente; and one who may, in the same batch.
        publish(office, &[accept("1", ANNA), accept("2", TEO), accept("3", SARA), accept("4", CARLO)]).await;
        assert_eq!(office.case(ANNA, &caso).await.text("/titolare"), CARLO);
        assert_eq!(history_is_whole(office, &caso).await, 3);
        let Some(mut heard) = refusals(office).await else { return };
        heard.sort_by_key(|fact| fact["data"]["command_id"].to_string());
        let codes: Vec<&str> = heard.iter().filter_map(|fact| fact["data"]["problem"]["type"].as_str()).collect();
        assert_eq!(codes, ["not-your-role", "not-your-group", "not-found"].map(|code| format!("urn:smista:problem:{code}")));
    }
}
