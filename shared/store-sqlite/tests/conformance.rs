//! The SQLite store keeps what every store promises, on a file.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use smista_store::Store;
use smista_store::conformance::Fixture;
use smista_store_sqlite::{SqliteOptions, SqliteStore};
use sqlx::Row as _;

struct OnFile {
    store: SqliteStore,
    file: PathBuf,
    _folder: tempfile::TempDir,
}

async fn on_file() -> OnFile {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("smista.sqlite");
    let store = SqliteStore::open(&file, options()).await.expect("opened");
    store.migrate().await.expect("migrated");
    OnFile { store, file, _folder: folder }
}

fn options() -> SqliteOptions {
    let bindings = HashMap::from([("case.opened".to_owned(), vec!["assignment".to_owned()])]);
    let start: DateTime<Utc> = DateTime::from_timestamp(1_790_000_000, 123_456_000).expect("a time");
    SqliteOptions { bindings, clock: Arc::new(move || start) }
}

#[async_trait]
impl Fixture for OnFile {
    fn store(&self) -> &dyn Store {
        &self.store
    }

    async fn number(&self, sql: &'static str) -> i64 {
        sqlx::query(sql).fetch_one(self.store.pool()).await.expect("a row").get(0)
    }

    async fn waiting_messages(&self) -> i64 {
        self.number("select count(*) from spool").await
    }

    async fn admits(&self, sql: &'static str) -> bool {
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&self.file);
        let mut connection = sqlx::ConnectOptions::connect(&options).await.expect("connected");
        sqlx::query(sql).execute(&mut connection).await.is_ok()
    }
}

smista_store::conformance_suite!(on_file);

#[tokio::test]
async fn a_file_of_a_newer_version_is_refused_in_plain_words_and_left_as_it_was() {
    let on = on_file().await;
    let of_a_newer_version =
        "insert into _sqlx_migrations (version, description, success, checksum, execution_time)
        values (99991231000000, 'to come', true, x'', 0)";
    assert!(on.admits(of_a_newer_version).await);
    let refused = on.store.migrate().await.expect_err("refused");
    let why = std::error::Error::source(&refused).map(ToString::to_string).unwrap_or_default();
    assert!(why.contains("newer version"), "{why}");
    assert_eq!(on.number("select count(*) from _sqlx_migrations where version = 99991231000000").await, 1);
    on.store.ping().await.expect("answers");
}
