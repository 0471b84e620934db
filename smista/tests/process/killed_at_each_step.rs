//! A process is killed at each step of a message's life, and another goes on: nothing is lost and nothing is applied twice.
//! What is published twice is the same fact.

use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitStatus, Stdio};

use lapin::options::{BasicGetOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::FieldTable;
use lapin::{Connection, ConnectionProperties};
use serde_json::Value;

use crate::running::{
    CATALOGUE, Smista, between, command, contact, counted, post, posted, run, try_exchange, wait_until,
};
use crate::servers::OwnServers;
use crate::stopping::{routed_once, token_and_address};

/// Cases in the queue before each worker that is killed.
const CASES: i64 = 20;
const SIGKILL: i32 = 9;
/// The facts of a case until it is in its inbox.
const FACTS: [&str; 4] = ["case.opened", "case.assigned", "case.state_changed", "case.routed"];
/// The steps of a worker, and at which passing it is killed. A first batch is one message.
const OF_A_WORKER: [&str; 6] = [
    "after-receive:2",
    "after-inbox:2",
    "before-commit:2",
    "after-commit:2",
    "after-publish:1",
    "before-acknowledge:2",
];
/// The steps of a call.
const OF_A_DOOR: [&str; 4] = ["after-inbox:1", "before-commit:1", "after-commit:1", "before-answer:1"];

fn fail_point(step: &str, signal: &str) -> (String, String) {
    (smista_queues::fail_point::VARIABLE.to_owned(), format!("{step}:{signal}"))
}

fn was_killed(step: &str, ended: ExitStatus) {
    assert_eq!(ended.signal(), Some(SIGKILL), "{step} was never passed");
}

fn key(name: &str) -> String {
    format!("Smista-Operatore: operatore.1\r\nIdempotency-Key: {}\r\n", name.replace(':', "-"))
}

/// An installation with a client; its token.
fn installation(environment: &[(String, String)]) -> String {
    run(&["migrate"], environment);
    run(&["catalogue", "import", CATALOGUE], environment);
    let made = ["token", "create", "--client", "prova", "--ruolo", "primo_livello", "--json"];
    let made: Value = serde_json::from_str(&run(&made, environment)).expect("JSON");
    made["token"].as_str().expect("a token").to_owned()
}

fn door(environment: &[(String, String)]) -> (Smista, String) {
    let mut door = Smista::start(&["serve", "--listen", "127.0.0.1:0"], environment);
    let address = between(&door.line_with("serving http://"), "http://", "/");
    (door, address)
}

/// Somebody who has listened to the facts from the beginning.
struct Ears {
    queue: String,
    runtime: tokio::runtime::Runtime,
    connection: Connection,
}

impl Ears {
    fn open(servers: &OwnServers) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.expect("a runtime");
        let (queue, exchange) = (servers.queue("ears"), servers.queue("facts"));
        let amqp =
            servers.environment().into_iter().find(|(key, _)| key == "SMISTA_AMQP_URL").expect("a broker");
        let connection = runtime.block_on(async {
            let connection =
                Connection::connect(&amqp.1, ConnectionProperties::default()).await.expect("connected");
            let channel = connection.create_channel().await.expect("a channel");
            let options = QueueDeclareOptions { exclusive: true, ..QueueDeclareOptions::default() };
            let declared = channel.queue_declare(queue.as_str().into(), options, FieldTable::default()).await;
            declared.expect("declared");
            for fact in FACTS {
                let (options, none) = (QueueBindOptions::default(), FieldTable::default());
                let bound = channel.queue_bind(
                    queue.as_str().into(),
                    exchange.as_str().into(),
                    fact.into(),
                    options,
                    none,
                );
                bound.await.expect("bound");
            }
            connection
        });
        Self { queue, runtime, connection }
    }

    /// How often each fact came, by its id, and its bytes, which must be the same each time.
    fn heard(&self) -> BTreeMap<String, usize> {
        let mut heard: BTreeMap<String, (usize, Value)> = BTreeMap::new();
        self.runtime.block_on(async {
            let channel = self.connection.create_channel().await.expect("a channel");
            let options = BasicGetOptions { no_ack: true };
            while let Some(message) =
                channel.basic_get(self.queue.as_str().into(), options).await.expect("asked")
            {
                let fact: Value = serde_json::from_slice(&message.delivery.data).expect("JSON");
                let id = fact["id"].as_str().expect("an id").to_owned();
                let (times, first) = heard.entry(id).or_insert_with(|| (0, fact.clone()));
                assert_eq!(*first, fact, "published twice, and not the same");
                *times += 1;
            }
        });
        heard.into_iter().map(|(id, (times, _))| (id, times)).collect()
    }
}

/// Every case once, with each of its versions once, in its inbox; nothing waits and nothing is parked.
fn audit(step: &str, servers: &OwnServers, cases: i64) {
    let counts = [
        ("cases", "select count(*) from caso where gruppo is not null", cases),
        ("history", "select count(*) from caso_storia", 2 * cases),
        ("versions", "select sum(versione) from caso", 2 * cases),
        ("inbox", "select count(*) from inbox where worker = 'assignment'", cases),
        ("parked", "select count(*) from parcheggio", 0),
        ("outbox", "select count(*) from outbox", 0),
    ];
    for (what, statement, expected) in counts {
        assert_eq!(servers.number(statement), expected, "{what} after {step}");
    }
}

/// What the dead process leased is for others when a minute is over by the database's clock.
fn the_leases_run_out(servers: &OwnServers) {
    servers.run("update outbox set lease_until = lease_until - interval '1 minute'");
}

/// A worker that lives works until all cases are in their inboxes and nothing is left to publish.
fn a_worker_goes_on(servers: &OwnServers, cases: i64) {
    the_leases_run_out(servers);
    let worker = Smista::start(&["work", "assignment"], &servers.environment());
    wait_until("every case in its inbox, and told", || {
        let routed = servers.number("select count(*) from caso where gruppo is not null");
        routed == cases && servers.number("select count(*) from outbox") == 0
    });
    // What was handed out and not acknowledged comes back, and is found to be done.
    worker.wait_for("/metrics", |_, figures| {
        figures.contains("smista_queue_messages{queue=\"assignment\"} 0\n")
    });
    worker.terminate();
    assert_eq!(worker.ended().code(), Some(0));
}

#[test]
fn whichever_step_a_worker_is_killed_at_another_goes_on() {
    let servers = OwnServers::create();
    let environment = servers.environment();
    let token = installation(&environment);
    let (door, address) = door(&environment);
    let ears = Ears::open(&servers);
    let mut cases = 0;
    for step in OF_A_WORKER {
        for number in 0..CASES {
            let headers = key(&format!("{step}-{number}"));
            assert_eq!(post(&address, &token, "/v1/contacts", &headers, &contact()).0, 201);
        }
        cases += CASES;
        let killed = [environment.clone(), vec![fail_point(step, "KILL")]].concat();
        let mut worker =
            command(&["work", "assignment"], &killed).stdout(Stdio::null()).spawn().expect("it starts");
        was_killed(step, worker.wait().expect("it ends"));
        a_worker_goes_on(&servers, cases);
        audit(step, &servers, cases);
    }
    let heard = ears.heard();
    assert_eq!(heard.len() as i64, cases * FACTS.len() as i64, "each fact, and no other");
    let twice = heard.values().filter(|times| **times > 1).count();
    println!("attempted {cases}, acknowledged {cases}, lost 0, applied twice 0, published twice {twice}");
    assert!(twice > 0, "killed after publishing, a worker has published what another publishes again");
    door.terminate();
    assert_eq!(door.ended().code(), Some(0));
}

/// The process exists and does nothing.
fn is_stopped(process: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).expect("a process");
    stat.rsplit_once(") ").is_some_and(|(_, state)| state.starts_with('T'))
}

#[test]
fn a_worker_that_wakes_after_its_lease_has_ended_harms_nothing() {
    let servers = OwnServers::create();
    let environment = servers.environment();
    let token = installation(&environment);
    let (door, address) = door(&environment);
    let ears = Ears::open(&servers);
    for number in 0..CASES {
        let headers = key(&number.to_string());
        assert_eq!(post(&address, &token, "/v1/contacts", &headers, &contact()).0, 201);
    }
    wait_until("the openings told", || servers.number("select count(*) from outbox") == 0);
    let stopped = [environment.clone(), vec![fail_point("after-commit:2", "STOP")]].concat();
    let worker = Smista::start(&["work", "assignment"], &stopped);
    wait_until("the worker stopped", || is_stopped(worker.id()));
    // What it has committed and not published, the door publishes instead of it.
    assert!(servers.number("select count(*) from outbox") > 0, "nothing is in its hand");
    the_leases_run_out(&servers);
    wait_until("its hand empty", || servers.number("select count(*) from outbox") == 0);
    let woken = Command::new("kill").args(["-s", "CONT", &worker.id().to_string()]).status();
    assert!(woken.expect("kill is everywhere").success());
    wait_until("every case in its inbox, and told", || {
        let routed = servers.number("select count(*) from caso where gruppo is not null");
        routed == CASES && servers.number("select count(*) from outbox") == 0
    });
    worker.wait_for("/metrics", |_, figures| {
        figures.contains("smista_queue_messages{queue=\"assignment\"} 0\n")
    });
    worker.terminate();
    assert_eq!(worker.ended().code(), Some(0));
    audit("the worker woke", &servers, CASES);
    let heard = ears.heard();
    assert_eq!(heard.len() as i64, CASES * FACTS.len() as i64, "each fact, and no other");
    assert!(heard.values().any(|times| *times == 2), "what it had in hand it publishes again");
    door.terminate();
    assert_eq!(door.ended().code(), Some(0));
}

#[test]
fn whichever_step_a_door_is_killed_at_the_call_made_again_opens_one_case() {
    let servers = OwnServers::create();
    let environment = servers.environment();
    let token = installation(&environment);
    for (step, cases) in OF_A_DOOR.into_iter().zip(1..) {
        let killed = [environment.clone(), vec![fail_point(step, "KILL")]].concat();
        let (dying, address) = door(&killed);
        let call = posted(&address, &token, "/v1/contacts", &key(step), &contact());
        let answer = try_exchange(&address, &call);
        assert!(answer.as_ref().map_or(true, |(status, _)| *status == 0), "{step}: {answer:?}");
        was_killed(step, dying.ended());

        let (door, address) = door(&environment);
        let again = || post(&address, &token, "/v1/contacts", &key(step), &contact());
        let answered = again();
        assert_eq!(answered.0, 201, "{step}: {}", answered.1);
        assert_eq!(again(), answered, "{step}");
        door.terminate();
        assert_eq!(door.ended().code(), Some(0));
        a_worker_goes_on(&servers, cases);
        audit(step, &servers, cases);
    }
}

/// Embedded, one process is the door and every worker.
#[test]
fn whichever_step_the_whole_system_is_killed_at_the_next_one_goes_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().to_string_lossy().into_owned();
    let start = |environment: &[(String, String)]| {
        Smista::start(&["serve", "--data", &data, "--listen", "127.0.0.1:0"], environment)
    };
    let steps = ["after-receive:1", "before-acknowledge:1"];
    let steps: Vec<&str> = OF_A_DOOR.into_iter().chain(steps).collect();
    for step in &steps {
        let mut dying = start(&[fail_point(step, "KILL")]);
        let (token, address) = token_and_address(&mut dying);
        // Killed at a step of a worker, it may have answered.
        let _answered =
            try_exchange(&address, &posted(&address, &token, "/v1/contacts", &key(step), &contact()));
        was_killed(step, dying.ended());

        let mut office = start(&[]);
        let (token, address) = token_and_address(&mut office);
        let (status, answer) = post(&address, &token, "/v1/contacts", &key(step), &contact());
        assert_eq!(status, 201, "{step}: {answer}");
        let answer: Value = serde_json::from_str(&answer).expect("JSON");
        routed_once(&address, &token, answer["id"].as_str().expect("an id"));
        office.terminate();
        assert_eq!(office.ended().code(), Some(0));
    }
    assert_eq!(counted(&["--data", &data], &[]), [("assegnato".to_owned(), steps.len() as u64)]);
    assert_eq!(run(&["parked", "list", "--json", "--data", &data], &[]).trim(), "[]");
}
