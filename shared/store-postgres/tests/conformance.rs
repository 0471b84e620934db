//! The PostgreSQL store keeps what every store promises. Each test has a database of its own, dropped at its end.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use smista_store::Store;
use smista_store::conformance::Fixture;
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
