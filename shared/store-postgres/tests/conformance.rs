//! The PostgreSQL store keeps what every store promises. Each test has a database of its own, dropped at its end.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use smista_domain::catalogue::Catalogue;
use smista_store::conformance::Fixture;
use smista_store::{Asked, Store};
use smista_store_postgres::{PostgresOptions, PostgresStore};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Executor as _, Row as _};
use uuid::Uuid;

struct OnServer {
    store: PostgresStore,
    _database: Database,
}

/// A database that is dropped when this is, after a panic as well.
struct Database {
    server: sqlx::postgres::PgConnectOptions,
    name: String,
}

fn server_url() -> String {
    std::env::var("SMISTA_TEST_POSTGRES_URL")
        .unwrap_or_else(|_unset| "postgres://postgres@127.0.0.1:5432/postgres".to_owned())
}

#[expect(clippy::print_stderr, reason = "a panic here would hide the one that failed the test")]
impl Drop for Database {
    fn drop(&mut self) {
        let drop = format!("drop database if exists {} with (force)", self.name);
        let server = self.server.clone();
        // A thread of its own: the test's runtime may be unwinding, and cannot be waited on from here.
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async {
                server.connect().await?.execute(AssertSqlSafe(drop)).await?;
                Ok::<_, Box<dyn std::error::Error + Send + Sync>>(())
            })
        });
        match dropping.join() {
            Ok(Ok(())) => {}
            other => eprintln!("{} was left behind: {other:?}", self.name),
        }
    }
}

async fn on_server() -> OnServer {
    #[expect(clippy::disallowed_methods, reason = "the name of a scratch database, which no test looks at")]
    let name = format!("smista_test_{}", Uuid::now_v7().simple());
    let server: sqlx::postgres::PgConnectOptions = server_url().parse().expect("a URL");
    let mut connection = server.connect().await.expect("a PostgreSQL server");
    connection.execute(AssertSqlSafe(format!("create database {name}"))).await.expect("created");
    let database = Database { server, name };
    let url = database.server.clone().database(&database.name).to_url_lossy();
    let start: DateTime<Utc> = DateTime::from_timestamp(1_790_000_000, 123_456_000).expect("a time");
    let options = PostgresOptions {
        max_connections: 4,
        acquire_timeout: Duration::from_secs(30),
        clock: Arc::new(move || start),
        lease: Uuid::from_u128(1),
    };
    let store = PostgresStore::connect(url.as_str(), options).await.expect("connected");
    store.migrate().await.expect("migrated");
    OnServer { store, _database: database }
}

#[async_trait]
impl Fixture for OnServer {
    fn store(&self) -> &dyn Store {
        &self.store
    }

    async fn number(&self, sql: &'static str) -> i64 {
        sqlx::query(sql).fetch_one(self.store.pool()).await.expect("a row").get(0)
    }

    async fn waiting_messages(&self) -> i64 {
        self.number("select count(*) from outbox").await
    }

    async fn admits(&self, sql: &'static str) -> bool {
        sqlx::query(sql).execute(self.store.pool()).await.is_ok()
    }
}

smista_store::conformance_suite!(on_server);

#[tokio::test]
async fn a_schema_that_a_newer_release_has_migrated_is_left_as_it_is() {
    let server = on_server().await;
    let of_a_newer_release =
        "insert into _sqlx_migrations (version, description, success, checksum, execution_time)
        values (99991231000000, 'to come', true, '', 0)";
    sqlx::query(of_a_newer_release).execute(server.store.pool()).await.expect("entered");
    server.store.migrate().await.expect("the release before still starts");
}

/// Desks are kept waiting for the commit of an import only, not while its rows are written.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn desks_go_on_while_a_catalogue_is_being_written() {
    let server = on_server().await;
    let store = server.store.clone();
    let mut holding_it_up = store.pool().begin().await.expect("begun");
    holding_it_up.execute("lock table ente in exclusive mode").await.expect("locked");
    let now = DateTime::from_timestamp(1_790_000_000, 0).expect("a time");
    let importing = {
        let store = store.clone();
        tokio::spawn(async move { store.replace_catalogue(0, &Catalogue::default(), &[], now).await })
    };
    let waits = "select count(*) from pg_locks where not granted and relation = 'ente'::regclass";
    while server.number(waits).await == 0 {
        tokio::task::yield_now().await;
    }
    let mut desk = store.desk().await.expect("a desk");
    assert_eq!(desk.take(&Asked::default()).await.expect("read").revision, 0, "the one before");
    desk.commit().await.expect("committed");
    holding_it_up.rollback().await.expect("let go");
    let (revision, _) = importing.await.expect("ended").expect("imported");
    assert_eq!(revision, 1);
}
