//! The connection to PostgreSQL is cut exactly between a COMMIT and its answer: nobody knows whether it lasts. It does, here;
//! smista asks the inbox and the keys instead of guessing, and does nothing twice.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::http::Method;
use serde_json::{Value, json};
use smista::register::workers;
use smista::system::{Database, Servers, System};
use smista_messages::topology::INTAKE;
use smista_tests::catalogue::{ANNA, CARLO, RESIDENZA};
use smista_tests::office::send_to;
use smista_tests::{Answer, TestOffice, scaled_stories};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::broker_door::{cases, introduce_the_client, message, on_case, publish_bytes, reclamo};

/// Between a process and PostgreSQL: of a connection that is to be cut the next COMMIT gets through, and its answer does not.
struct Relay {
    address: SocketAddr,
    to_cut: Arc<AtomicUsize>,
    accepting: JoinHandle<()>,
}

impl Relay {
    async fn to(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let to_cut = Arc::new(AtomicUsize::new(0));
        let cutting = Arc::clone(&to_cut);
        let accepting = tokio::spawn(async move {
            loop {
                let (client, _) = listener.accept().await.expect("a client");
                let server = TcpStream::connect(&server).await.expect("the server");
                tokio::spawn(carry(client, server, Arc::clone(&cutting)));
            }
        });
        Self { address, to_cut, accepting }
    }

    /// So many of the next COMMITs.
    fn cut(&self, commits: usize) {
        self.to_cut.store(commits, Ordering::SeqCst);
    }

    fn all_were_cut(&self) {
        assert_eq!(self.to_cut.load(Ordering::SeqCst), 0, "a COMMIT was to be cut and never came");
    }
}

/// Until one of the two ends, or is cut.
async fn carry(mut client: TcpStream, mut server: TcpStream, to_cut: Arc<AtomicUsize>) {
    let (mut said, mut answered) = (vec![0; 64 * 1024], vec![0; 64 * 1024]);
    loop {
        let sent = tokio::select! {
            read = client.read(&mut said) => {
                let Ok(read @ 1..) = read else { return };
                let commits = said[..read].windows(6).any(|word| word.eq_ignore_ascii_case(b"COMMIT"));
                let cut = commits && to_cut.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok();
                let sent = server.write_all(&said[..read]).await;
                if cut {
                    // What is answered is done.
                    let _answered = server.read(&mut answered).await;
                    return;
                }
                sent
            }
            read = server.read(&mut answered) => {
                let Ok(read @ 1..) = read else { return };
                client.write_all(&answered[..read]).await
            }
        };
        if sent.is_err() {
            return;
        }
    }
}

/// A process of this office behind a relay, until the story ends it.
struct Behind {
    relay: Relay,
    system: System,
    router: Router,
    lanes: smista_intake::lanes::RunningLanes,
}

impl Behind {
    async fn a_relay(office: &TestOffice) -> Self {
        let servers = office.servers().expect("a set-up with servers");
        let (before, rest) = servers.database_url.rsplit_once('@').expect("a URL with a user");
        let (server, database) = rest.split_once('/').expect("a URL with a database");
        let relay = Relay::to(server.to_owned()).await;
        // In clear, so that the relay can read it.
        let database_url = format!("{before}@{}/{database}?sslmode=disable", relay.address);
        let (system, router, lanes) = office.process_on(Servers { database_url, ..servers }).await;
        let behind = Self { relay, system, router, lanes };
        // Numbers are reserved and the token is marked as used, which are commits too.
        behind.call(office, ANNA, "/v1/contacts", &[], reclamo(RESIDENZA)).await.ok();
        behind
    }

    async fn call(
        &self,
        office: &TestOffice,
        login: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Value,
    ) -> Answer {
        send_to(self.router.clone(), office.request(login, Method::POST, path, headers, body.to_string()))
            .await
    }

    async fn ended(self) {
        drop(self.router);
        self.lanes.finished().await;
        self.system.close().await;
        self.relay.accepting.abort();
    }
}

/// What was committed is leased to the process that did, which does not know it and publishes nothing: it is for others when
/// a minute is over by the database's clock.
async fn the_leases_run_out(office: &TestOffice) {
    let Database::Postgres(store) = office.system.database() else {
        panic!("there are no leases in a spool")
    };
    let later = sqlx::query("update outbox set lease_until = lease_until - interval '1 minute'");
    later.execute(store.pool()).await.expect("a later time");
}

/// The commands of a case, in the order of its history.
async fn commands(office: &TestOffice, caso: &str) -> Vec<String> {
    let rows = office.history(ANNA, caso).await;
    rows.iter().filter_map(|row| row["command"].as_str()).map(str::to_owned).collect()
}

scaled_stories! {
    async fn messages_whose_commit_has_no_answer_are_found_in_the_inbox(office: &TestOffice) {
        introduce_the_client(office).await;
        let behind = Behind::a_relay(office).await;
        office.settle().await;
        let caso = cases(office).await.remove(0);
        for id in ["1", "2", "3"] {
            let note = on_case(&caso, id, "case.note", ANNA, json!({ "text": id })).to_string();
            publish_bytes(office, "case.note", note.as_bytes()).await;
            let opening = message(&format!("o-{id}"), "contact.open", ANNA, reclamo(RESIDENZA)).to_string();
            publish_bytes(office, "contact.open", opening.as_bytes()).await;
        }
        let intake = workers(&behind.system.office).into_iter().find(|worker| worker.queue.name == INTAKE);
        let intake = intake.expect("the worker");
        behind.relay.cut(1);
        behind.system.runner.step(intake.queue, &*intake.handler).await.expect_err("the outcome is not known");
        behind.relay.all_were_cut();
        assert_eq!(cases(office).await.len(), 4, "it lasts");

        behind.ended().await;
        the_leases_run_out(office).await;
        office.settle().await;
        assert_eq!(commands(office, &caso).await, ["contact.open", "case.route", "case.note", "case.note", "case.note"]);
        let there = cases(office).await;
        assert_eq!(there.len(), 4);
        for other in there.iter().filter(|other| **other != caso) {
            assert_eq!(commands(office, other).await, ["contact.open", "case.route"]);
        }
        assert_eq!(office.parked().await, 0);
    }

    async fn calls_whose_commit_has_no_answer_are_answered_and_applied_once(office: &TestOffice) {
        let behind = Behind::a_relay(office).await;
        office.settle().await;
        let caso = cases(office).await.remove(0);
        behind.relay.cut(1);
        let opened = behind.call(office, ANNA, "/v1/contacts", &[], reclamo(RESIDENZA)).await.ok();
        behind.relay.all_were_cut();
        assert_eq!(opened.status, 201);

        behind.relay.cut(1);
        let note = json!({ "text": "Ha richiamato." });
        behind.call(office, ANNA, &format!("/v1/cases/{caso}/note"), &[], note).await.ok();
        behind.relay.all_were_cut();

        // And the answer to the second try as well.
        behind.relay.cut(2);
        let tag = [("if-match", "\"3\"")];
        behind.call(office, CARLO, &format!("/v1/cases/{caso}/accept"), &tag, json!({})).await.ok();
        behind.relay.all_were_cut();
        behind.ended().await;
        the_leases_run_out(office).await;
        office.settle().await;
        assert_eq!(cases(office).await.len(), 2);
        assert_eq!(commands(office, &opened.id()).await, ["contact.open", "case.route"]);
        assert_eq!(commands(office, &caso).await, ["contact.open", "case.route", "case.note", "case.accept"]);
        assert_eq!(office.parked().await, 0);
    }
}
