//! The shelf and the outbox on PostgreSQL against their suites. Each case has a database of its own.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use smista_queues::shelf_contract::{ShelfAndOutbox, ShelfBench, ShelvedStore, at, run_outbox, run_shelf};
use smista_queues::{Exchange, Outbox, Shelf};
use smista_store::{Committed, OutboxId, OutboxMessage, Store, WriteSet};
use smista_store_postgres::{PostgresOptions, PostgresShelf, PostgresStore};
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Executor as _};
use uuid::Uuid;

const LEASE: Duration = Duration::from_secs(3600);
const DEEPEST: u64 = 100;

/// The databases of one test.
struct Server {
    options: PgConnectOptions,
    run: String,
    databases: Mutex<Vec<String>>,
}

impl Server {
    fn new() -> Arc<Self> {
        let url = std::env::var("SMISTA_TEST_POSTGRES_URL")
            .unwrap_or_else(|_unset| "postgres://postgres@127.0.0.1:5432/postgres".to_owned());
        #[expect(clippy::disallowed_methods, reason = "two runs at once must not share names")]
        let run = format!("smista_test_shelf_{}", Uuid::now_v7().simple());
        Arc::new(Self { options: url.parse().expect("a URL"), run, databases: Mutex::default() })
    }

    async fn admin(&self, statement: String) {
        let mut connection = self.options.connect().await.expect("a PostgreSQL server");
        connection.execute(AssertSqlSafe(statement)).await.expect("done");
    }

    async fn open(&self, deepest: u64) -> (PostgresStore, PostgresShelf) {
        let name = {
            let mut databases = self.databases.lock().expect("not poisoned");
            let name = format!("{}_{}", self.run, databases.len());
            databases.push(name.clone());
            name
        };
        self.admin(format!("create database {name}")).await;
        let url = self.options.clone().database(&name).to_url_lossy();
        let options = PostgresOptions {
            max_connections: 4,
            acquire_timeout: Duration::from_secs(30),
            clock: Arc::new(|| at(0)),
            lease: Uuid::from_u128(7),
        };
        let store = PostgresStore::connect(url.as_str(), options).await.expect("connected");
        store.migrate().await.expect("migrated");
        let shelf = PostgresShelf::new(&store, Arc::new(|| at(0)), deepest);
        (store, shelf)
    }
}

/// Runs a case and drops its databases, whether it held or not.
async fn on_a_server<F: Future<Output = ()> + Send + 'static>(case: impl FnOnce(Arc<Server>) -> F) {
    let server = Server::new();
    let outcome = tokio::spawn(case(server.clone())).await;
    let databases = std::mem::take(&mut *server.databases.lock().expect("not poisoned"));
    for name in databases {
        server.admin(format!("drop database {name} with (force)")).await;
    }
    outcome.expect("the case holds");
}

struct Shelved(PostgresShelf);

#[async_trait]
impl ShelvedStore for Shelved {
    fn shelf(&self) -> &dyn Shelf {
        &self.0
    }

    async fn take_due(&self, now: DateTime<Utc>) -> Vec<Arc<[u8]>> {
        let rows = self.0.claim_due(now, LEASE, 100).await.expect("claims");
        let keys: Vec<_> = rows.iter().map(|row| row.key).collect();
        self.0.delete_published(&keys).await.expect("deletes");
        rows.into_iter().map(|row| row.message.body).collect()
    }
}

struct Shelves(Arc<Server>);

#[async_trait]
impl ShelfBench for Shelves {
    async fn open(&self) -> Box<dyn ShelvedStore> {
        Box::new(Shelved(self.0.open(DEEPEST).await.1))
    }
}

#[tokio::test]
async fn the_shelf_keeps_the_contract() {
    on_a_server(|server| async move { run_shelf(&Shelves(server)).await }).await;
}

#[tokio::test]
async fn the_outbox_keeps_the_contract() {
    on_a_server(|server| async move {
        let open = || async { Arc::new(server.open(DEEPEST).await.1) as Arc<dyn ShelfAndOutbox> };
        run_outbox(open).await;
    })
    .await;
}

fn fact(id: &str) -> OutboxMessage {
    OutboxMessage {
        exchange: smista_store::Exchange::Facts,
        message_type: "case.opened".to_owned(),
        source: "smista".to_owned(),
        id: id.to_owned(),
        body: b"{}"[..].into(),
    }
}

async fn commit(store: &PostgresStore, messages: Vec<OutboxMessage>) -> Committed {
    let mut desk = store.desk().await.expect("a desk");
    desk.write(&WriteSet { outbox: messages, ..WriteSet::default() }).await.expect("writes");
    desk.commit().await.expect("commits")
}

/// What a desk commits belongs to its process: nobody sweeps it, and the process can delete it.
#[tokio::test]
async fn rows_are_born_leased_to_the_process_that_committed_them() {
    on_a_server(|server| async move {
        let (store, shelf) = server.open(DEEPEST).await;
        let committed = commit(&store, vec![fact("1"), fact("2")]).await;
        let first: OutboxId = committed.to_publish[0].0;
        let rows = shelf.outbox_rows(committed);
        assert_eq!(rows[0].key.row, first.0);
        assert_eq!(rows[0].message.destination, smista_queues::Destination::Exchange(Exchange::Facts));
        assert_eq!(rows[1].message.message_id, "2");
        assert!(shelf.claim_due(at(10), LEASE, 10).await.expect("claims").is_empty());
        let keys: Vec<_> = rows.iter().map(|row| row.key).collect();
        shelf.delete_published(&keys).await.expect("deletes");
        assert_eq!(shelf.depth(at(10)).await.expect("answers").due, 0);
    })
    .await;
}

#[tokio::test]
async fn a_store_whose_outbox_is_too_deep_or_that_does_not_answer_is_not_ready() {
    on_a_server(|server| async move {
        let (store, shelf) = server.open(1).await;
        commit(&store, vec![fact("1")]).await;
        assert!(shelf.is_ready().await);
        commit(&store, vec![fact("2")]).await;
        assert!(!shelf.is_ready().await);
        store.close().await;
        assert!(!shelf.is_ready().await);
    })
    .await;
}
