//! The parts put together: a store, a broker, a shelf, the office on them, and the runner that works the queues.
//!
//! Two set-ups, one code path: embedded, where the spool is the broker, and scaled out, on PostgreSQL and RabbitMQ.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::middleware::from_fn;
use smista_intake::http::{Door, DoorConfig, Shown};
use smista_intake::lanes::RunningLanes;
use smista_messages::topology::TOPOLOGY;
use smista_office::{Office, Publish, Surroundings};
use smista_queues::rabbitmq::{RabbitMq, RabbitSettings};
use smista_queues::runner::Runner;
use smista_queues::{
    Broker, BrokerError, Clock, Gate, Jitter, NamePrefix, OutboxDepth, Publisher, Shelf, ShelfError, Sweeper,
};
use smista_store::{Store, StoreError};
use smista_store_postgres::{PostgresOptions, PostgresShelf, PostgresStore};
use smista_store_sqlite::{Spool, SqliteOptions, SqliteShelf, SqliteStore};
use tokio_util::sync::CancellationToken;

use crate::data_folder;
use crate::housekeeping::Housekeeping;
use crate::schema::check;
use crate::watch::{CountedBroker, Watch, count_request, waiting_to_be_published};

pub use crate::schema::Schema;

/// The name of the file in the data folder.
const FILE: &str = "smista.sqlite";
/// How long a claimed outbox row is its claimer's: longer than its publishing may take.
const LEASE: Duration = Duration::from_secs(60);
/// Outbox rows published together.
const PUBLISHED_TOGETHER: usize = 512;
/// How often the outbox is swept when nothing was found in it.
const SWEEP_PAUSE: Duration = Duration::from_secs(1);
/// How long a desk waits for a free connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);
/// How long RabbitMQ may take to confirm.
const CONFIRM_TIMEOUT: Duration = Duration::from_secs(20);
/// Messages published and not yet confirmed.
const IN_FLIGHT: u16 = 1_024;

/// Why the system did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data folder cannot be made.
    #[error("cannot make the data folder")]
    Folder(#[source] std::io::Error),
    /// The store.
    #[error("the store does not start")]
    Store(#[from] StoreError),
    /// The broker.
    #[error("the broker does not start")]
    Broker(#[from] BrokerError),
    /// The store was made by an older smista, or is empty.
    #[error("the schema of the store is older than this smista, or there is none yet: run `smista migrate`")]
    SchemaTooOld,
    /// The store was made by a newer smista.
    #[error("the schema of the store is newer than this smista: use the smista that made it, or a newer one")]
    SchemaTooNew,
}

/// Where the servers of the scaled-out set-up are.
pub struct Servers {
    /// PostgreSQL.
    pub database_url: String,
    /// The most connections to it.
    pub database_connections: u32,
    /// RabbitMQ.
    pub amqp_url: String,
    /// What stands before every name on it.
    pub queue_prefix: NamePrefix,
    /// Rows due in the outbox above which the doors take nothing more: the broker does not keep up.
    pub deepest_outbox: u64,
}

/// A running smista, without anybody at its doors yet.
pub struct System {
    /// The office.
    pub office: Arc<Office>,
    /// The queues.
    pub broker: Arc<dyn Broker>,
    /// Waits and parked messages.
    pub shelf: Arc<dyn Shelf>,
    /// Takes from the queues.
    pub runner: Runner,
    /// What this process is doing.
    pub watch: Arc<Watch>,
    engine: Engine,
}

/// The store as what it is, for whoever looks at the tables themselves.
pub enum Database<'system> {
    /// In a file.
    Sqlite(&'system SqliteStore),
    /// On a server.
    Postgres(&'system PostgresStore),
}

enum Engine {
    Embedded {
        store: SqliteStore,
    },
    Scaled {
        store: Arc<PostgresStore>,
        rabbit: Arc<RabbitMq>,
        sweeper: Sweeper,
        publisher: Publisher,
        /// Cancelled when the task behind the publisher is gone.
        publisher_ended: CancellationToken,
    },
}

impl System {
    /// Everything in one folder, which this process takes for itself.
    pub async fn embedded(
        folder: &Path,
        surroundings: Surroundings,
        source: String,
        schema: Schema,
    ) -> Result<Self, StartError> {
        let file = folder.join(FILE);
        data_folder::prepare(folder, &file).map_err(StartError::Folder)?;
        let store = SqliteStore::open(&file, sqlite_options(&surroundings)).await?;
        let applied = store.applied_migrations().await?;
        // Nobody else works with a file that is only now being made.
        if !applied.is_empty() || schema == Schema::BringUpToDate {
            check(schema, &SqliteStore::known_migrations(), &applied)?;
        }
        store.migrate().await?;
        Self::on_sqlite(store, surroundings, source).await
    }

    /// The same in a scratch file, gone with the value: for tests and simulations.
    pub async fn scratch(surroundings: Surroundings, source: String) -> Result<Self, StartError> {
        let store = SqliteStore::scratch(sqlite_options(&surroundings)).await?;
        store.migrate().await?;
        Self::on_sqlite(store, surroundings, source).await
    }

    async fn on_sqlite(
        store: SqliteStore,
        surroundings: Surroundings,
        source: String,
    ) -> Result<Self, StartError> {
        let clock = clock_of(&surroundings);
        let broker: Arc<dyn Broker> = Arc::new(Spool::open(&store, Arc::clone(&clock)).await?);
        broker.declare(&TOPOLOGY).await?;
        let shelf: Arc<dyn Shelf> = Arc::new(SqliteShelf::new(&store, Arc::clone(&clock)));
        // What a desk publishes is in its queues with the commit: there is nothing left to do.
        let publish: Publish = Arc::new(|_in_the_spool_already| {});
        let office = Office::new(Arc::new(store.clone()), surroundings, source, publish);
        let watch = Arc::new(Watch::default());
        let runner = Runner::new(Arc::clone(&broker), Arc::clone(&shelf), clock, Arc::clone(&watch) as _);
        Ok(Self {
            office: Arc::new(office),
            broker,
            shelf,
            runner,
            watch,
            engine: Engine::Embedded { store },
        })
    }

    /// PostgreSQL and RabbitMQ, shared with any number of other processes; the schema up to date, the queues declared.
    pub async fn scaled(
        servers: Servers,
        surroundings: Surroundings,
        source: String,
    ) -> Result<Self, StartError> {
        let system = Self::on_servers(servers, surroundings, source, Schema::BringUpToDate).await?;
        system.declare().await?;
        Ok(system)
    }

    /// The same without the broker: what needs it connects to it, and declares the queues first.
    pub async fn on_servers(
        servers: Servers,
        surroundings: Surroundings,
        source: String,
        schema: Schema,
    ) -> Result<Self, StartError> {
        let clock = clock_of(&surroundings);
        let options = PostgresOptions {
            max_connections: servers.database_connections,
            acquire_timeout: ACQUIRE_TIMEOUT,
            clock: Arc::clone(&clock),
            lease: surroundings.fresh_uuid(),
        };
        let store = Arc::new(PostgresStore::connect(&servers.database_url, options).await?);
        let (known, mut applied) = (PostgresStore::known_migrations(), store.applied_migrations().await?);
        // What a newer release has added is made so that the one before it, such as this, can work on.
        applied.retain(|version| known.contains(version));
        check(schema, &known, &applied)?;
        if schema == Schema::BringUpToDate {
            store.migrate().await?;
        }
        let rabbit = Arc::new(RabbitMq::new(RabbitSettings {
            url: servers.amqp_url,
            prefix: servers.queue_prefix,
            confirm_timeout: CONFIRM_TIMEOUT,
            in_flight: IN_FLIGHT,
        }));
        rabbit.count_in(&TOPOLOGY);
        let shelf = Arc::new(PostgresShelf::new(&store, Arc::clone(&clock), servers.deepest_outbox));
        let counted: Arc<dyn Broker> = Arc::new(CountedBroker(Arc::clone(&rabbit) as _));
        let sweeper = || Sweeper {
            outbox: Arc::clone(&shelf) as _,
            broker: Arc::clone(&counted),
            clock: Arc::clone(&clock),
            lease: LEASE,
            batch: PUBLISHED_TOGETHER,
        };
        let (publisher, publishing) = Publisher::new(sweeper());
        // It ends with the last publisher; `close` flushes it before. That it is gone is told even if it panics.
        let publisher_ended = CancellationToken::new();
        let tells = publisher_ended.clone().drop_guard();
        tokio::spawn(async move {
            publishing.run(&CancellationToken::new()).await;
            drop(tells);
        });
        let publish: Publish = {
            let (shelf, publisher) = (Arc::clone(&shelf), publisher.clone());
            Arc::new(move |committed| publisher.hand_over(shelf.outbox_rows(committed)))
        };
        let sweeper = sweeper();
        let office = Office::new(Arc::clone(&store) as Arc<dyn Store>, surroundings, source, publish);
        let broker: Arc<dyn Broker> = Arc::clone(&rabbit) as _;
        let shelf: Arc<dyn Shelf> = shelf;
        let watch = Arc::new(Watch::default());
        let runner =
            Runner::new(Arc::clone(&broker), Arc::clone(&shelf), Arc::clone(&clock), Arc::clone(&watch) as _)
                .with_jitter(jitter_of(&office.surroundings))
                .with_publisher(publisher.clone());
        let engine = Engine::Scaled { store, rabbit, sweeper, publisher, publisher_ended };
        Ok(Self { office: Arc::new(office), broker, shelf, runner, watch, engine })
    }

    /// Makes the queues, where they are not there yet.
    ///
    /// # Errors
    /// [`BrokerError::Unavailable`] when the broker is not there, which may pass.
    pub async fn declare(&self) -> Result<(), BrokerError> {
        self.broker.declare(&TOPOLOGY).await
    }

    /// What publishes this process's commits at once; none embedded, where a commit publishes.
    pub fn publisher(&self) -> Option<&Publisher> {
        match &self.engine {
            Engine::Embedded { .. } => None,
            Engine::Scaled { publisher, .. } => Some(publisher),
        }
    }

    /// Whether everything is in one folder.
    pub fn is_embedded(&self) -> bool {
        matches!(self.engine, Engine::Embedded { .. })
    }

    /// The database, past the store: for checks of what is kept, not for work.
    pub fn database(&self) -> Database<'_> {
        match &self.engine {
            Engine::Embedded { store } => Database::Sqlite(store),
            Engine::Scaled { store, .. } => Database::Postgres(store),
        }
    }

    /// Whether more may be taken on, asked by whoever adds work other than from a queue.
    pub fn gate(&self) -> Gate {
        Gate::new(Arc::clone(&self.shelf), clock_of(&self.office.surroundings))
    }

    /// The HTTP door. Once the lanes are closed they finish what they hold.
    pub fn door(&self, config: DoorConfig, shown: Shown) -> (Router, RunningLanes) {
        let (door, lanes) = Door::new(Arc::clone(&self.office), self.gate(), config, shown);
        (smista_intake::http::router(door).layer(from_fn(count_request)), lanes)
    }

    /// Publishes what is due, until `stop`; embedded there is nothing to publish. Ends before the stop only by a bug, also
    /// when what publishes at once is gone.
    pub async fn run_publishing(&self, stop: &CancellationToken) {
        match &self.engine {
            Engine::Embedded { .. } => stop.cancelled().await,
            Engine::Scaled { sweeper, publisher_ended, .. } => {
                let sweeping = CancellationToken::new();
                let swept = sweeper.run(&sweeping, SWEEP_PAUSE);
                tokio::pin!(swept);
                // Only the waiting is cut short, never a turn of the sweeper.
                tokio::select! {
                    () = &mut swept => return,
                    () = publisher_ended.cancelled() => {}
                    () = stop.cancelled() => {}
                }
                sweeping.cancel();
                swept.await;
            }
        }
    }

    /// What keeps the store in order.
    pub fn housekeeping(&self) -> Housekeeping {
        Housekeeping::new(Arc::clone(&self.office.store), clock_of(&self.office.surroundings))
    }

    /// Publishes everything that is due now, once; says whether there was anything.
    pub async fn publish_due(&self) -> Result<bool, ShelfError> {
        match &self.engine {
            Engine::Embedded { .. } => Ok(false),
            Engine::Scaled { sweeper, publisher, .. } => {
                publisher.flush().await;
                Ok(sweeper.step().await?.claimed > 0)
            }
        }
    }

    /// How much waits to be published; none embedded, where the spool is the outbox.
    pub async fn outbox_depth(&self) -> Result<Option<OutboxDepth>, ShelfError> {
        match &self.engine {
            Engine::Embedded { .. } => Ok(None),
            Engine::Scaled { sweeper, .. } => {
                sweeper.outbox.depth(self.office.surroundings.now()).await.map(Some)
            }
        }
    }

    /// Counts what waits. To be called now and then.
    pub async fn count_what_waits(&self) {
        let now = self.office.surroundings.now();
        let queues = self.broker.depths().await.map_err(|error| error.to_string());
        let outbox = self.outbox_depth().await.map_err(|error| error.to_string());
        self.watch.counted("queues", queues.map(|depths| self.watch.waiting(depths, now)));
        let outbox = outbox.map(|depth| depth.map_or((), |depth| waiting_to_be_published(depth, now)));
        self.watch.counted("outbox", outbox);
    }

    /// Removes the queues and exchanges of this installation from the broker, with all that they hold.
    pub async fn delete_queues(&self) -> Result<(), BrokerError> {
        match &self.engine {
            Engine::Embedded { .. } => Ok(()),
            Engine::Scaled { rabbit, .. } => rabbit.delete_everything(&TOPOLOGY).await,
        }
    }

    /// Publishes what was committed, gives back what was taken, and closes every connection.
    pub async fn close(&self) {
        if let Engine::Scaled { publisher, .. } = &self.engine {
            publisher.flush().await;
        }
        self.broker.close().await;
        if let Engine::Scaled { store, .. } = &self.engine {
            store.close().await;
        }
    }
}

fn clock_of(surroundings: &Surroundings) -> Clock {
    let surroundings = surroundings.clone();
    Arc::new(move || surroundings.now())
}

/// A number from 0 to 1, from what is random in a fresh identifier: the last of its bits.
fn jitter_of(surroundings: &Surroundings) -> Jitter {
    let surroundings = surroundings.clone();
    Arc::new(move || {
        let [.., high, low] = surroundings.fresh_uuid().into_bytes();
        f64::from(u16::from_be_bytes([high, low])) / f64::from(u16::MAX)
    })
}

/// The spool's routing is the table of queues, by message type.
fn sqlite_options(surroundings: &Surroundings) -> SqliteOptions {
    let mut bindings: HashMap<String, Vec<String>> = HashMap::new();
    for queue in TOPOLOGY.queues {
        for binding in queue.fed_by {
            bindings.entry(binding.message_type.to_owned()).or_default().push(queue.name.to_owned());
        }
    }
    SqliteOptions { bindings, clock: clock_of(surroundings) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The spool routes what a desk publishes by type alone, what is published by hand by exchange and type.
    #[test]
    fn no_type_stands_on_two_exchanges_so_that_both_routers_agree() {
        let bindings = || TOPOLOGY.queues.iter().flat_map(|queue| queue.fed_by);
        for one in bindings() {
            let elsewhere = bindings()
                .any(|other| other.message_type == one.message_type && other.exchange != one.exchange);
            assert!(!elsewhere, "{}", one.message_type);
        }
    }
}
