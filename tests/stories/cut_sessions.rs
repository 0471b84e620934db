//! Every session with PostgreSQL is ended again and again while callers and workers are at it, as by a server that is restarted:
//! whoever was answered finds the case, and what was asked once is there once.

use axum::http::Method;
use chrono::TimeDelta;
use futures::future::{join, join_all};
use smista::register::workers;
use smista::system::Database;
use smista_queues::Step;
use smista_tests::catalogue::{ANNA, RESIDENZA};
use smista_tests::{TestOffice, scaled_stories};
use sqlx::{Connection, PgConnection};

use crate::broker_door::{introduce_the_client, message, publish_bytes, reclamo};

const MESSAGES: usize = 60;
const CALLERS: usize = 8;
const CALLS: usize = 8;
/// Times that all sessions are ended.
const CUTS: usize = 15;

/// Whoever is at a queue of this office goes on until nothing is in it, whatever fails.
async fn work_through(office: &TestOffice) -> usize {
    let mut failures = 0;
    for worker in workers(&office.system.office) {
        loop {
            match office.system.runner.step(worker.queue, &*worker.handler).await {
                Ok(Step::Idle) => break,
                Ok(Step::Settled(_)) => {}
                Err(_given_back) => failures += 1,
            }
        }
    }
    failures
}

/// The ids of the cases that callers were told of.
async fn call(office: &TestOffice, caller: usize) -> Vec<String> {
    let mut accepted = Vec::new();
    for call in 0..CALLS {
        let key = format!("{caller}-{call}");
        // A front end tries again with its key, and is told of the same case.
        loop {
            let headers = [("idempotency-key", key.as_str())];
            let answer =
                office.call(ANNA, Method::POST, "/v1/contacts", &headers, Some(reclamo(RESIDENZA))).await;
            match answer.status {
                201 => break accepted.push(answer.id()),
                // The door takes a store that did not answer for away until the clock says that a second has passed.
                500 | 503 => office.advance(TimeDelta::seconds(1)),
                status => panic!("{status} {}", answer.body),
            }
        }
    }
    accepted
}

/// Ends all sessions of the office; answers how many that were.
async fn cut(other: &mut PgConnection) -> i64 {
    let all = "select count(pg_terminate_backend(pid)) from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid()";
    sqlx::query_scalar(all).fetch_one(other).await.expect("a number")
}

scaled_stories! {
    async fn sessions_that_end_again_and_again_lose_nothing_and_double_nothing(office: &TestOffice) {
        introduce_the_client(office).await;
        for number in 0..MESSAGES {
            let opening = message(&number.to_string(), "contact.open", ANNA, reclamo(RESIDENZA)).to_string();
            publish_bytes(office, "contact.open", opening.as_bytes()).await;
        }
        let Database::Postgres(store) = office.system.database() else { panic!("this story is of PostgreSQL") };
        let options = store.pool().connect_options();
        let mut other = PgConnection::connect_with(&options).await.expect("a session of somebody else");
        let cutting = async {
            let mut ended = 0;
            for _cut in 0..CUTS {
                ended += cut(&mut other).await;
                // As much happens in between as there is room for.
                for _turn in 0..200 {
                    tokio::task::yield_now().await;
                }
            }
            ended
        };
        let calling = join_all((0..CALLERS).map(|caller| call(office, caller)));
        let ((accepted, _failures), ended) = join(join(calling, work_through(office)), cutting).await;
        assert!(ended > 0, "nothing was cut");
        other.close().await.expect("closed");
        work_through(office).await;
        // Whatever a cut process leaves behind is for others when its lease is over.
        let later = sqlx::query("update outbox set lease_until = lease_until - interval '1 minute'");
        later.execute(store.pool()).await.expect("a later time");
        office.settle().await;

        let there: Vec<(uuid::Uuid, i64, i64)> = sqlx::query_as(
            "select caso_id, count(*), count(*) filter (where command = 'case.route') from caso_storia group by caso_id",
        )
        .fetch_all(store.pool())
        .await
        .expect("the histories");
        assert_eq!(there.len(), MESSAGES + CALLERS * CALLS);
        assert!(there.iter().all(|(_, rows, routed)| (*rows, *routed) == (2, 1)), "{there:?}");
        for id in accepted.iter().flatten() {
            assert!(there.iter().any(|(case, ..)| case.to_string() == *id), "{id} was accepted and is lost");
        }
        assert_eq!(office.parked().await, 0);
    }
}
