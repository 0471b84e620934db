//! One installation for one fault: its own database and queues, a process at the door, another at the queues, and
//! somebody who hears every fact.

use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Result;
use axum::Router;
use smista::register::workers;
use smista::system::{Database, Servers, System};
use smista_intake::http::{DoorConfig, Shown};
use smista_intake::issue_token;
use smista_intake::lanes::RunningLanes;
use smista_office::Surroundings;
use smista_queues::{RabbitMq, RabbitSettings, Topology};
use smista_servers::address::with_local_port;
use smista_store::{Cliente, Delegation};
use smista_tests::catalogue::story_catalogue;
use smista_tests::ears::{ears, fact};
use smista_tests::{DEEPEST_OUTBOX, Ears, OwnDatabase};
use sqlx::PgPool;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use crate::grounds::Grounds;

/// The client in whose name everybody calls.
pub(crate) const CLIENT: &str = "guasti";
/// Seconds after which two ends of a connection that hear nothing of each other know that it is dead: a few, so that a silent
/// link is found out within a test.
const HEARTBEAT: u32 = 2;
/// How long a publisher of the test's own waits for the broker.
const PATIENCE: Duration = Duration::from_secs(5);

/// The facts that the load leads to.
const LISTENING: Topology = Topology {
    queues: &[ears(
        "orecchie",
        &[
            fact("case.opened"),
            fact("case.assigned"),
            fact("case.state_changed"),
            fact("case.routed"),
            fact("case.noted"),
        ],
    )],
};

pub(crate) struct Installation {
    pub(crate) database: OwnDatabase,
    amqp_url: String,
    /// Takes calls.
    door: Process,
    /// Works the queues.
    work: Process,
    pub(crate) router: Router,
    lanes: RunningLanes,
    pub(crate) token: String,
    /// Hears every fact.
    pub(crate) ears: Ears,
}

/// What `smista work` or `smista serve` runs, in this process.
struct Process {
    system: Arc<System>,
    /// Of what runs now.
    stop: Mutex<CancellationToken>,
    tasks: TaskTracker,
}

fn surroundings() -> Surroundings {
    #[expect(clippy::disallowed_methods, reason = "servers and links are of the real clock")]
    Surroundings::new(chrono::Utc::now, Uuid::now_v7)
}

impl Installation {
    pub(crate) async fn open(grounds: &Grounds) -> Result<Self> {
        #[expect(clippy::disallowed_methods, reason = "names of test databases must never repeat")]
        let database = OwnDatabase::create_on(grounds.postgres_url(), Uuid::now_v7());
        let database_url = with_local_port(&database.url(), grounds.to_postgres.port())?;
        let amqp_url = with_local_port(&grounds.amqp_url(), grounds.to_rabbitmq.port())?;
        let servers = || Servers {
            database_url: database_url.clone(),
            database_connections: 12,
            amqp_url: format!("{amqp_url}?heartbeat={HEARTBEAT}"),
            queue_prefix: database.queue_prefix(),
            deepest_outbox: DEEPEST_OUTBOX,
        };
        let door = Process::start(servers()).await?;
        let ears = Ears::open(grounds.amqp_url(), database.queue_prefix(), &LISTENING).await?;
        let token = furnish(&door.system).await?;
        let busy = const { NonZeroU32::new(1_000_000).expect("not zero") };
        let config = DoorConfig { requests_per_second: busy, burst: busy, ..DoorConfig::default() };
        let (router, lanes) = door.system.door(config, Shown::default());
        let work = Process::start(servers()).await?;
        let amqp_url = grounds.amqp_url();
        let opened = Self { database, amqp_url, door, work, router, lanes, token, ears };
        opened.work();
        grounds.remember_queues()?;
        Ok(opened)
    }

    /// The store, for whoever looks at what is kept.
    pub(crate) fn system(&self) -> &System {
        &self.door.system
    }

    /// The tables.
    pub(crate) fn pool(&self) -> &PgPool {
        match self.door.system.database() {
            Database::Postgres(store) => store.pool(),
            Database::Sqlite(_) => unreachable!("these faults are of servers"),
        }
    }

    /// Somebody else at the broker, who reaches it without a fault.
    pub(crate) fn outside(&self) -> RabbitMq {
        RabbitMq::new(RabbitSettings {
            url: self.amqp_url.clone(),
            prefix: self.database.queue_prefix(),
            confirm_timeout: PATIENCE,
            in_flight: 64,
        })
    }

    /// Both processes are at it, until they are stopped.
    pub(crate) fn work(&self) {
        for process in [&self.door, &self.work] {
            *process.stop.lock().unwrap_or_else(PoisonError::into_inner) = CancellationToken::new();
        }
        self.door.publish();
        self.work.publish();
        self.work.work();
    }

    /// Nobody works any more, and what they held is back where it was.
    pub(crate) async fn stop(&self) {
        for process in [&self.work, &self.door] {
            process.told_to_stop().cancel();
            process.tasks.close();
            process.tasks.wait().await;
            process.system.broker.close().await;
        }
    }

    pub(crate) async fn clear_away(self) -> Result<()> {
        self.stop().await;
        drop(self.router);
        self.lanes.close();
        self.lanes.finished().await;
        self.ears.close().await?;
        self.door.system.delete_queues().await?;
        self.door.system.close().await;
        self.work.system.close().await;
        Ok(())
    }
}

impl Process {
    async fn start(servers: Servers) -> Result<Self> {
        let system = Arc::new(System::scaled(servers, surroundings(), "smista".to_owned()).await?);
        Ok(Self { system, stop: Mutex::default(), tasks: TaskTracker::new() })
    }

    /// By which this process is told.
    fn told_to_stop(&self) -> CancellationToken {
        self.stop.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn spawn<F>(&self, runs: impl FnOnce(Arc<System>, CancellationToken) -> F) -> JoinHandle<()>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.tasks.spawn(runs(Arc::clone(&self.system), self.told_to_stop()))
    }

    fn publish(&self) {
        self.spawn(|system, stop| async move { system.run_publishing(&stop).await });
    }

    fn work(&self) {
        for worker in workers(&self.system.office) {
            self.spawn(|system, stop| async move {
                system.runner.run(worker.queue, worker.handler, &stop).await;
            });
        }
        self.spawn(|system, stop| async move { system.runner.run_dead_letters(&stop).await });
    }
}

/// A catalogue, the client that gives the commands, and its token.
async fn furnish(system: &System) -> Result<String> {
    system.office.import_catalogue(&story_catalogue()).await?;
    let ruoli = ["primo_livello", "secondo_livello"].map(str::to_owned).to_vec();
    let client =
        Cliente { nome: CLIENT.to_owned(), delegation: Delegation { ruoli, ..Delegation::default() } };
    system.office.store.save_cliente(&client).await?;
    Ok(issue_token(&*system.office.store, CLIENT, system.office.surroundings.now(), None).await?.token)
}
