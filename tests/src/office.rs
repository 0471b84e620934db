//! The office of a story: the real system, driven by hand until it is quiet.

use std::num::NonZeroU32;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request};
use chrono::{DateTime, Duration, TimeZone, Utc};
use futures::FutureExt;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use smista::register::{Worker, workers};
use smista::system::{Servers, System};
use smista_domain::catalogue::Catalogue;
use smista_intake::http::{DoorConfig, Shown};
use smista_intake::issue_token;
use smista_intake::lanes::RunningLanes;
use smista_messages::topology::TOPOLOGY;
use smista_office::Surroundings;
use smista_queues::runner::Step;
use smista_queues::{Destination, Envelope, Exchange, Outgoing, Topology};
use smista_store::{Cliente, Delegation};
use tokio::sync::OnceCell;
use tower::ServiceExt;
use tracing_subscriber::filter::LevelFilter;
use uuid::Uuid;

use crate::answer::Answer;
use crate::catalogue::story_catalogue;
use crate::contract;
use crate::databases::OwnDatabase;
use crate::ears::{Ears, ears, fact};

/// The facts that a story can listen to.
const LISTENING: Topology =
    Topology { queues: &[ears("ascolto", &[fact("command.refused"), fact("case.opened")])] };

/// Which of the two set-ups a story runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SetUp {
    /// A scratch SQLite file, and its spool.
    Embedded,
    /// PostgreSQL and RabbitMQ.
    Scaled,
}

/// The office of one story.
pub struct TestOffice {
    /// The system itself, for what the doors do not show.
    pub system: System,
    router: Router,
    lanes: RunningLanes,
    workers: Vec<Worker>,
    clock: Arc<Mutex<DateTime<Utc>>>,
    token: String,
    ears: OnceCell<Ears>,
    /// Messages that the story leaves parked, because it is about that.
    leaves_parked: AtomicUsize,
    /// Dropped with the office.
    database: Option<OwnDatabase>,
}

/// Rounds after which a story that does not come to rest has gone wrong.
const MAX_ROUNDS: usize = 200;
/// The client in whose name stories call: it may speak for everybody.
const CLIENT: &str = "racconto";

/// A story may make more calls in a moment than a front end, and must see a changed catalogue at once.
fn door_config() -> DoorConfig {
    let busy = const { NonZeroU32::new(1_000_000).expect("not zero") };
    DoorConfig {
        requests_per_second: busy,
        burst: busy,
        catalogue_max_age: Duration::zero(),
        ..DoorConfig::default()
    }
}

impl TestOffice {
    /// Tells one story in an office of its own, and clears it away, also when the story fails.
    pub async fn tell<S>(set_up: SetUp, story: S)
    where
        S: for<'a> FnOnce(&'a TestOffice) -> Pin<Box<dyn Future<Output = ()> + 'a>>,
    {
        let office = Self::open_on(set_up).await;
        let told = async {
            story(&office).await;
            office.ends_well().await;
        };
        let told = std::panic::AssertUnwindSafe(told).catch_unwind().await;
        office.clear_away().await;
        if let Err(panic) = told {
            std::panic::resume_unwind(panic);
        }
    }

    async fn open_on(set_up: SetUp) -> Self {
        // What went wrong inside is told with the story that fails; other stories may have set this up already.
        let _set_before =
            tracing_subscriber::fmt().with_test_writer().with_max_level(LevelFilter::WARN).try_init();
        // Stories begin on a Monday in November, at nine in Florence.
        let monday = Utc.with_ymd_and_hms(2026, 11, 23, 8, 0, 0).single().expect("a time");
        let clock = Arc::new(Mutex::new(monday));
        let hands = Arc::clone(&clock);
        #[expect(clippy::disallowed_methods, reason = "ids of stories need not repeat")]
        let surroundings =
            Surroundings::new(move || *hands.lock().unwrap_or_else(PoisonError::into_inner), Uuid::now_v7);
        let (system, database) = match set_up {
            SetUp::Embedded => (System::scratch(surroundings, "smista".to_owned()).await, None),
            SetUp::Scaled => {
                #[expect(clippy::disallowed_methods, reason = "names of test databases must never repeat")]
                let id = Uuid::now_v7();
                let database = OwnDatabase::create(id);
                (System::scaled(database.servers(), surroundings, "smista".to_owned()).await, Some(database))
            }
        };
        let system = system.expect("the system starts");
        system.office.import_catalogue(&story_catalogue()).await.expect("a sound catalogue");
        let roles =
            ["primo_livello", "secondo_livello", "specialista", "gestione_rigetti", "ufficio", "operazioni"];
        let delegation = Delegation { ruoli: roles.map(str::to_owned).to_vec(), ..Delegation::default() };
        let store = &system.office.store;
        store.save_cliente(&Cliente { nome: CLIENT.to_owned(), delegation }).await.expect("a client");
        let token = issue_token(&**store, CLIENT, monday, None).await.expect("a token").token;
        let (router, lanes) = system.door(door_config(), Shown::default());
        let workers = workers(&system.office);
        let (ears, leaves_parked) = (OnceCell::new(), AtomicUsize::new(0));
        Self { router, lanes, workers, clock, token, database, ears, leaves_parked, system }
    }

    /// One more process of this installation, with a door of its own; embedded there is only one. The story closes
    /// it, and keeps its lanes until then.
    pub async fn another_process(&self) -> Option<(System, Router, RunningLanes)> {
        Some(self.process_on(self.servers()?).await)
    }

    /// Where the servers of this installation are; embedded there are none.
    pub fn servers(&self) -> Option<Servers> {
        Some(self.database.as_ref()?.servers())
    }

    /// One more process of this installation, which reaches the servers its own way.
    pub async fn process_on(&self, servers: Servers) -> (System, Router, RunningLanes) {
        let surroundings = self.system.office.surroundings.clone();
        let system =
            System::scaled(servers, surroundings, "smista".to_owned()).await.expect("the system starts");
        let (router, lanes) = system.door(door_config(), Shown::default());
        (system, router, lanes)
    }

    /// Somebody who listens to facts from now on; embedded nobody outside can.
    pub async fn listen(&self) -> Option<&Ears> {
        let servers = self.servers()?;
        let open = || async {
            let opened = Ears::open(servers.amqp_url, servers.queue_prefix, &LISTENING).await;
            opened.expect("a queue of the listener's own")
        };
        Some(self.ears.get_or_init(open).await)
    }

    /// Whatever a story was about, no worker gives up on what the story left it to do.
    async fn ends_well(&self) {
        self.settle().await;
        let parked = self.system.shelf.list_parked(None, 1_000).await.expect("parked messages");
        let why: Vec<String> = parked.iter().map(|parked| parked.parked.reason.to_string()).collect();
        assert_eq!(why.len(), self.leaves_parked.load(Ordering::Relaxed), "parked: {why:?}");
    }

    /// The story is about messages that nobody could settle, and leaves so many of them parked.
    pub fn leaves_parked(&self, messages: usize) {
        self.leaves_parked.store(messages, Ordering::Relaxed);
    }

    async fn clear_away(self) {
        if let Some(ears) = self.ears.get() {
            ears.close().await.expect("the broker forgets the listener");
        }
        drop(self.router);
        self.lanes.finished().await;
        self.system.delete_queues().await.expect("the broker forgets the story");
        self.system.close().await;
        drop(self.database);
    }

    /// What time it is in the story.
    pub fn now(&self) -> DateTime<Utc> {
        *self.clock.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Moves the clock.
    pub fn advance(&self, by: Duration) {
        *self.clock.lock().unwrap_or_else(PoisonError::into_inner) += by;
    }

    /// Lets every worker do what waits for it, until nothing does.
    pub async fn settle(&self) {
        for _round in 0..MAX_ROUNDS {
            let mut worked = self.system.publish_due().await.expect("publishing");
            for worker in &self.workers {
                let step = self.system.runner.step(worker.queue, &*worker.handler).await;
                worked |= step.expect("a step") != Step::Idle;
            }
            let waiting: u64 = self.waiting().await;
            if !worked && waiting == 0 {
                return;
            }
        }
        panic!("the office does not come to rest");
    }

    async fn waiting(&self) -> u64 {
        let depths = self.system.broker.depths().await.expect("depths");
        let ours = |name: &str| TOPOLOGY.queue(name).is_some();
        depths.iter().filter(|depth| ours(&depth.queue)).map(|depth| depth.waiting).sum()
    }

    /// How many messages are parked.
    pub async fn parked(&self) -> usize {
        self.system.shelf.list_parked(None, 1_000).await.expect("parked messages").len()
    }

    /// Replaces the catalogue by a changed copy of it.
    pub async fn change_catalogue(&self, change: impl FnOnce(&mut Catalogue)) {
        let mut catalogue = (*self.system.office.catalogue().await.expect("the catalogue")).clone();
        change(&mut catalogue);
        self.system.office.import_catalogue(&catalogue).await.expect("a sound catalogue");
    }

    /// Calls the door in the name of an operator.
    pub async fn call(
        &self,
        login: &str,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<Value>,
    ) -> Answer {
        let bytes = body.map(|body| body.to_string()).unwrap_or_default();
        self.send(self.request(login, method, path, headers, bytes)).await
    }

    /// A request in the name of an operator, as `call` sends it.
    pub fn request(
        &self,
        login: &str,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Request<Body> {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", format!("Bearer {}", self.token))
            .header("smista-operatore", login)
            .header("content-type", "application/json");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(body.into()).expect("a request")
    }

    /// Sends the door what a story has put together by hand.
    pub async fn send(&self, request: Request<Body>) -> Answer {
        send_to(self.router.clone(), request).await
    }

    /// `GET`.
    pub async fn get(&self, login: &str, path: &str) -> Answer {
        self.call(login, Method::GET, path, &[], None).await
    }

    /// `POST`.
    pub async fn post(&self, login: &str, path: &str, body: Value) -> Answer {
        self.call(login, Method::POST, path, &[], Some(body)).await
    }

    /// Opens a contact.
    pub async fn open(&self, login: &str, contact: Value) -> Answer {
        self.post(login, "/v1/contacts", contact).await
    }

    /// Gives a command to a case, for the version that it has now.
    pub async fn command(&self, login: &str, caso: &str, command: &str, body: Value) -> Answer {
        let id = smista_domain::ids::CasoId(caso.parse().expect("the id of a case"));
        let versione =
            self.system.office.store.caso(id).await.expect("the store").map_or(0, |caso| caso.versione);
        let tag = format!("\"{versione}\"");
        let path = format!("/v1/cases/{caso}/{command}");
        self.call(login, Method::POST, &path, &[("if-match", &tag)], Some(body)).await
    }

    /// A case, as this operator sees it.
    pub async fn case(&self, login: &str, caso: &str) -> Answer {
        self.get(login, &format!("/v1/cases/{caso}")).await
    }

    /// What happened to a case, as this operator sees it: the entries.
    pub async fn history(&self, login: &str, caso: &str) -> Vec<Value> {
        self.get(login, &format!("/v1/cases/{caso}/history")).await.ok().list("/rows")
    }

    /// The ids in a group's inbox.
    pub async fn inbox(&self, login: &str, gruppo: &str) -> Vec<String> {
        ids(&self.get(login, &format!("/v1/groups/{gruppo}/inbox")).await.ok())
    }

    /// The ids on the desk of Gestione Rigetti.
    pub async fn rejects(&self, login: &str) -> Vec<String> {
        ids(&self.get(login, "/v1/desks/rejects").await.ok())
    }

    /// The ids on the call-back list.
    pub async fn call_back(&self, login: &str) -> Vec<String> {
        ids(&self.get(login, "/v1/desks/call-back").await.ok())
    }

    /// A Reclamo about this service, opened by the first level and settled.
    pub async fn reclamo(&self, login: &str, tripletta: &str) -> String {
        let opened = self
            .open(
                login,
                json!({
                    "motivo": "reclamo", "tripletta": crate::catalogue::tripletta(tripletta), "canale": "telefono",
                    "description": "Nessuno ha risposto alla mia domanda.",
                    "anagrafica": { "nome": "Gino", "cognome": "Prova", "telefono": "055 0000001" },
                }),
            )
            .await
            .ok();
        self.settle().await;
        opened.id()
    }

    /// Publishes a message as smista's own user would.
    pub async fn publish(&self, exchange: Exchange, envelope: &Envelope) {
        let message = Outgoing {
            destination: Destination::Exchange(exchange),
            message_type: envelope.message_type.clone(),
            message_id: envelope.id.clone(),
            body: envelope.encode().expect("an envelope"),
        };
        self.system.broker.publish(&[message]).await;
    }
}

/// What this door answers, which is what `/openapi.json` says that it may.
pub async fn send_to(router: Router, request: Request<Body>) -> Answer {
    let (method, path) = (request.method().to_string(), request.uri().path().to_owned());
    let Ok(response) = router.oneshot(request).await;
    let status = response.status().as_u16();
    let text = |value: &axum::http::HeaderValue| value.to_str().unwrap_or_default().to_owned();
    let headers = response.headers().iter().map(|(name, value)| (name.to_string(), text(value))).collect();
    let bytes = response.into_body().collect().await.expect("a body").to_bytes();
    let body =
        if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes).unwrap_or(Value::Null) };
    let answer = Answer { status, headers, body };
    contract::check(&method, &path, &answer);
    answer
}

/// The ids of a list's rows.
pub fn ids(answer: &Answer) -> Vec<String> {
    let id = |row: &Value| {
        row.pointer("/id").or(row.pointer("/case/id")).and_then(Value::as_str).map(str::to_owned)
    };
    answer.list("/rows").iter().filter_map(id).collect()
}
