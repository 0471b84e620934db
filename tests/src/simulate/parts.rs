//! The parts put together as the binary does embedded, with the decorators between them, a clock that only moves when it
//! is moved, and identifiers that follow from their number.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, TimeZone, Utc};
use fastrand::Rng;
use smista::register::{Worker, workers};
use smista_messages::topology::TOPOLOGY;
use smista_office::{Office, Surroundings};
use smista_queues::runner::{Runner, SessionEnded, Step};
use smista_queues::{Broker, Clock, Handler, Queue, Shelf};
use smista_store::{Cliente, Delegation, Store};
use smista_store_sqlite::{Spool, SqliteOptions, SqliteShelf, SqliteStore};
use uuid::{Builder, Uuid};

use super::faults::{Defect, Faults};
use super::queue_faults::{FaultyBroker, FaultyHandler, FaultyShelf};
use super::store_faults::FaultyStore;
use crate::catalogue::story_catalogue;

/// The client in whose name commands come; it may speak for everybody.
pub(crate) const CLIENT: &str = "simulazione";

/// One installation, whose process can die and start again.
pub(crate) struct Parts {
    pub(crate) store: SqliteStore,
    pub(crate) faults: Arc<Faults>,
    surroundings: Surroundings,
    clock: Arc<Mutex<DateTime<Utc>>>,
    pub(crate) process: Process,
}

/// What dies with a process.
pub(crate) struct Process {
    pub(crate) office: Arc<Office>,
    pub(crate) broker: Arc<dyn Broker>,
    pub(crate) shelf: Arc<dyn Shelf>,
    runner: Runner,
    workers: Vec<Worker>,
}

impl Parts {
    pub(crate) async fn start(rng: Rng, defect: Option<Defect>) -> Self {
        let monday = Utc.with_ymd_and_hms(2026, 11, 23, 8, 0, 0).single().expect("a time");
        let clock = Arc::new(Mutex::new(monday));
        let surroundings = surroundings(&clock);
        let options = SqliteOptions { bindings: bindings(), clock: clock_of(&surroundings) };
        let store = SqliteStore::scratch(options).await.expect("a scratch database");
        store.migrate().await.expect("the schema");
        let roles =
            ["primo_livello", "secondo_livello", "specialista", "gestione_rigetti", "ufficio", "operazioni"];
        let delegation = Delegation { ruoli: roles.map(str::to_owned).to_vec(), ..Delegation::default() };
        store.save_cliente(&Cliente { nome: CLIENT.to_owned(), delegation }).await.expect("a client");
        let faults = Arc::new(Faults::new(defect, rng));
        let process = Process::start(&store, &surroundings, &faults).await;
        process.office.import_catalogue(&story_catalogue()).await.expect("a sound catalogue");
        Self { store, faults, surroundings, clock, process }
    }

    /// The process dies, and another starts on the same file: an unclean stop.
    pub(crate) async fn crash(&mut self) {
        self.process = Process::start(&self.store, &self.surroundings, &self.faults).await;
        self.process.office.catalogue().await.expect("the catalogue");
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.surroundings.now()
    }

    pub(crate) fn advance(&self, by: TimeDelta) {
        *self.clock.lock().unwrap_or_else(PoisonError::into_inner) += by;
    }
}

impl Process {
    async fn start(store: &SqliteStore, surroundings: &Surroundings, faults: &Arc<Faults>) -> Self {
        let clock = clock_of(surroundings);
        let spool = Spool::open(store, Arc::clone(&clock)).await.expect("the spool");
        let broker: Arc<dyn Broker> =
            Arc::new(FaultyBroker { inner: Arc::new(spool), faults: Arc::clone(faults) });
        broker.declare(&TOPOLOGY).await.expect("the queues");
        let shelf = Arc::new(SqliteShelf::new(store, Arc::clone(&clock)));
        let shelf: Arc<dyn Shelf> = Arc::new(FaultyShelf { inner: shelf, faults: Arc::clone(faults) });
        let records = Arc::new(FaultyStore { inner: store.clone(), faults: Arc::clone(faults) });
        let published_by_the_commit = Arc::new(|_in_the_spool_already| {});
        let office = Office::new(records, surroundings.clone(), "smista".to_owned(), published_by_the_commit);
        let office = Arc::new(office);
        let mut workers = workers(&office);
        for worker in &mut workers {
            let inner = Arc::clone(&worker.handler);
            worker.handler = Arc::new(FaultyHandler { inner, faults: Arc::clone(faults) });
        }
        let runner = Runner::new(Arc::clone(&broker), Arc::clone(&shelf), clock, Arc::new(()));
        Self { office, broker, shelf, runner, workers }
    }

    /// How many queues are worked.
    pub(crate) fn queues(&self) -> usize {
        self.workers.len()
    }

    pub(crate) fn queue_name(&self, number: usize) -> &'static str {
        self.workers[number].queue.name
    }

    /// Has at most `most` deliveries of one queue handled and settled.
    pub(crate) async fn step(&self, number: usize, most: usize) -> Result<Step, SessionEnded> {
        let Worker { queue, handler } = &self.workers[number];
        let queue = Queue { batch: most, ..**queue };
        let handler: &dyn Handler = &**handler;
        self.runner.step(&queue, handler).await
    }
}

fn surroundings(clock: &Arc<Mutex<DateTime<Utc>>>) -> Surroundings {
    let read = |clock: &Mutex<DateTime<Utc>>| *clock.lock().unwrap_or_else(PoisonError::into_inner);
    let (hands, stamps, number) = (Arc::clone(clock), Arc::clone(clock), AtomicU64::new(0));
    let uuids = move || -> Uuid {
        let millis = u64::try_from(read(&stamps).timestamp_millis()).unwrap_or_default();
        let mut rest = [0; 10];
        rest[2..].copy_from_slice(&number.fetch_add(1, Ordering::Relaxed).to_be_bytes());
        Builder::from_unix_timestamp_millis(millis, &rest).into_uuid()
    };
    Surroundings::new(move || read(&hands), uuids)
}

fn clock_of(surroundings: &Surroundings) -> Clock {
    let surroundings = surroundings.clone();
    Arc::new(move || surroundings.now())
}

fn bindings() -> HashMap<String, Vec<String>> {
    let mut bindings: HashMap<String, Vec<String>> = HashMap::new();
    for queue in TOPOLOGY.queues {
        for binding in queue.fed_by {
            bindings.entry(binding.message_type.to_owned()).or_default().push(queue.name.to_owned());
        }
    }
    bindings
}
