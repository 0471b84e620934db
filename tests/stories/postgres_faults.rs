//! PostgreSQL refuses, cuts or forgets in the middle of the work: whoever was told of a case finds it, each command is applied
//! once, and nobody's message is parked for what is nobody's fault.

use serde_json::json;
use smista::register::workers;
use smista::system::Database;
use smista_messages::topology::INTAKE;
use smista_queues::Step;
use smista_tests::catalogue::{ANNA, RESIDENZA};
use smista_tests::{Answer, TestOffice, scaled_stories};
use sqlx::{AssertSqlSafe, Connection, PgConnection, PgPool};

use crate::broker_door::{cases, introduce_the_client, message, on_case, publish_bytes, reclamo};

/// Commands handled together.
const BATCH: usize = 5;
/// Batches that may fail before a fault that ends after some of them has to be over.
const MOST_FAILURES: usize = 20;

fn pool(office: &TestOffice) -> &PgPool {
    match office.system.database() {
        Database::Postgres(store) => store.pool(),
        Database::Sqlite(_) => panic!("these stories are of PostgreSQL"),
    }
}

async fn run(office: &TestOffice, statement: &str) {
    sqlx::raw_sql(AssertSqlSafe(statement.to_owned())).execute(pool(office)).await.expect("a statement");
}

/// From now on so many transactions that write history end in this, a statement of PL/pgSQL. What a sequence counts is not
/// undone with them.
async fn arm(office: &TestOffice, ending: &str, times: u32) {
    let trigger = format!(
        "create sequence if not exists guasti;
        alter sequence guasti restart;
        create or replace function guasto() returns trigger language plpgsql as $$
        begin if nextval('guasti') <= {times} then {ending}; end if; return null; end $$;
        create or replace trigger guasto after insert on caso_storia for each statement execute function guasto();"
    );
    run(office, &trigger).await;
}

fn raised(sqlstate: &str) -> String {
    format!("raise exception 'un guasto' using errcode = '{sqlstate}'")
}

const CUT: &str = "perform pg_terminate_backend(pg_backend_pid())";

/// Lets the workers go on through the failures, until nothing waits; answers how many there were.
async fn settle_through(office: &TestOffice) -> usize {
    let mut failures = 0;
    loop {
        let mut worked = false;
        for worker in workers(&office.system.office) {
            match office.system.runner.step(worker.queue, &*worker.handler).await {
                Ok(step) => worked |= step != Step::Idle,
                Err(_given_back) => {
                    worked = true;
                    failures += 1;
                    assert!(failures <= MOST_FAILURES, "the fault does not end");
                }
            }
        }
        // What fails itself goes back to its queue, and is no reason to think that all is done.
        if !worked && office.system.publish_due().await.is_ok_and(|published| !published) {
            office.settle().await;
            return failures;
        }
    }
}

async fn ask(office: &TestOffice) {
    introduce_the_client(office).await;
    for number in 0..BATCH {
        let opening = message(&number.to_string(), "contact.open", ANNA, reclamo(RESIDENZA)).to_string();
        publish_bytes(office, "contact.open", opening.as_bytes()).await;
    }
}

async fn at_the_door(office: &TestOffice) -> Answer {
    office.open(ANNA, reclamo(RESIDENZA)).await
}

/// So many cases, each opened once and routed once, and nothing left over.
async fn once_each(office: &TestOffice, expected: usize) {
    let there = cases(office).await;
    assert_eq!(there.len(), expected);
    for caso in &there {
        let rows = office.history(ANNA, caso).await;
        let commands: Vec<&str> = rows.iter().filter_map(|row| row["command"].as_str()).collect();
        assert_eq!(commands, ["contact.open", "case.route"]);
    }
    assert_eq!(office.parked().await, 0);
    let left: i64 =
        sqlx::query_scalar("select count(*) from outbox").fetch_one(pool(office)).await.expect("a number");
    assert_eq!(left, 0, "in the outbox");
}

/// A fault that passes, of which workers and callers need not even hear.
async fn passes(office: &TestOffice, ending: &str) {
    arm(office, ending, 2).await;
    ask(office).await;
    assert_eq!(settle_through(office).await, 2);
    once_each(office, BATCH).await;
    arm(office, ending, 2).await;
    at_the_door(office).await.ok();
    settle_through(office).await;
    once_each(office, BATCH + 1).await;
}

scaled_stories! {
    async fn a_serialization_failure_is_tried_again_and_burns_nothing(office: &TestOffice) {
        passes(office, &raised("40001")).await;
    }

    async fn a_statement_that_took_too_long_is_tried_again_and_burns_nothing(office: &TestOffice) {
        passes(office, &raised("57014")).await;
    }

    async fn a_connection_cut_in_mid_transaction_is_opened_again_and_nothing_is_there_twice(office: &TestOffice) {
        passes(office, CUT).await;
    }

    /// At the commit itself, before it is one: constraints that wait for it are checked then.
    async fn a_connection_cut_at_the_commit_leaves_nothing_and_the_work_is_done_again(office: &TestOffice) {
        arm(office, CUT, 0).await;
        run(office, "drop trigger guasto on caso_storia;
            create constraint trigger guasto after insert on caso_storia deferrable initially deferred
            for each row execute function guasto()").await;
        let times = |times: u32| format!("create or replace function guasto() returns trigger language plpgsql as $$
            begin if nextval('guasti') <= {times} then {CUT}; end if; return null; end $$; alter sequence guasti restart");
        run(office, &times(1)).await;
        ask(office).await;
        assert_eq!(settle_through(office).await, 1);
        once_each(office, BATCH).await;
        run(office, &times(1)).await;
        at_the_door(office).await.ok();
        settle_through(office).await;
        once_each(office, BATCH + 1).await;
    }

    /// It does not pass by itself: callers are told that it is not their fault, and messages wait in their queue.
    async fn while_the_disk_is_full_nothing_is_accepted_and_no_message_is_parked(office: &TestOffice) {
        arm(office, &raised("53100"), 1_000_000).await;
        ask(office).await;
        let intake = workers(&office.system.office).into_iter().find(|worker| worker.queue.name == INTAKE);
        let intake = intake.expect("the worker");
        for _try in 0..3 {
            office.system.runner.step(intake.queue, &*intake.handler).await.expect_err("given back");
            let answer = at_the_door(office).await;
            assert!(matches!(answer.status, 500 | 503), "{} {}", answer.status, answer.body);
        }
        assert_eq!((cases(office).await.len(), office.parked().await), (0, 0));

        run(office, "drop trigger guasto on caso_storia").await;
        at_the_door(office).await.ok();
        settle_through(office).await;
        once_each(office, BATCH + 1).await;
    }

    async fn while_every_session_is_taken_messages_wait_in_their_queue(office: &TestOffice) {
        ask(office).await;
        let sessions = pool(office).options().get_max_connections();
        let mut taken = Vec::new();
        for _session in 0..sessions {
            taken.push(pool(office).acquire().await.expect("a session"));
        }
        let intake = workers(&office.system.office).into_iter().find(|worker| worker.queue.name == INTAKE);
        let intake = intake.expect("the worker");
        let ended = office.system.runner.step(intake.queue, &*intake.handler).await;
        ended.expect_err("no session, no work");
        drop(taken);
        settle_through(office).await;
        once_each(office, BATCH).await;
    }

    /// A real one: somebody outside locks two cases the other way round, and is the more patient.
    async fn of_two_in_each_others_way_smista_gives_in_and_comes_again(office: &TestOffice) {
        introduce_the_client(office).await;
        let mut casi = [office.reclamo(ANNA, RESIDENZA).await, office.reclamo(ANNA, RESIDENZA).await];
        casi.sort();
        let other = pool(office).connect_options();
        let mut other = PgConnection::connect_with(&other).await.expect("a session of somebody else");
        sqlx::raw_sql("set deadlock_timeout = '1h'; set lock_timeout = 0; begin").execute(&mut other).await.expect("begun");
        let lock = async |session: &mut PgConnection, caso: &str| {
            let lock = "select 1 from caso where id = cast($1 as uuid) for update";
            sqlx::query(lock).bind(caso).execute(session).await.expect("the lock");
        };
        lock(&mut other, &casi[1]).await;
        for (number, caso) in casi.iter().enumerate() {
            let note = on_case(caso, &number.to_string(), "case.note", ANNA, json!({ "text": "Richiama." }));
            publish_bytes(office, "case.note", note.to_string().as_bytes()).await;
        }
        let intake = workers(&office.system.office).into_iter().find(|worker| worker.queue.name == INTAKE);
        let intake = intake.expect("the worker");
        let step = office.system.runner.step(intake.queue, &*intake.handler);
        let in_the_way = async {
            // Until smista waits for the second case, and so holds the first.
            let waits = "select exists (select 1 from pg_locks l join pg_stat_activity a using (pid)
                where not l.granted and a.datname = current_database())";
            while !sqlx::query_scalar::<_, bool>(waits).fetch_one(pool(office)).await.expect("the locks") {}
            lock(&mut other, &casi[0]).await;
            sqlx::raw_sql("rollback").execute(&mut other).await.expect("ended");
        };
        let (step, ()) = futures::future::join(step, in_the_way).await;
        let ended = step.expect_err("it gave in").to_string();
        assert!(ended.contains("deadlock detected"), "{ended}");
        other.close().await.expect("closed");
        settle_through(office).await;
        for caso in &casi {
            assert_eq!(office.case(ANNA, caso).await.ok().list("/notes").len(), 1);
        }
        assert_eq!(office.parked().await, 0);
    }
}
