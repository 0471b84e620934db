//! What only the SQLite store does: it owns its file, and what a desk publishes is in its queues at the commit.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use smista_store::{Exchange, OutboxMessage, Store, StoreError, WriteSet};
use smista_store_sqlite::{SqliteOptions, SqliteStore};
use sqlx::Row as _;

fn options() -> SqliteOptions {
    let to = |queues: &[&str]| queues.iter().map(|&queue| queue.to_owned()).collect();
    let bindings = HashMap::from([
        ("case.assigned".to_owned(), to(&["assignment", "audit"])),
        ("contact.open".to_owned(), to(&["intake"])),
    ]);
    let start: DateTime<Utc> = DateTime::from_timestamp(1_790_000_000, 123_456_000).expect("a time");
    SqliteOptions { bindings, clock: Arc::new(move || start) }
}

fn message(exchange: Exchange, message_type: &str) -> OutboxMessage {
    let (source, id) = ("smista".to_owned(), format!("{message_type}-1"));
    OutboxMessage { exchange, message_type: message_type.into(), source, id, body: b"{}"[..].into() }
}

async fn publish(store: &SqliteStore, outbox: Vec<OutboxMessage>) -> Result<(), StoreError> {
    let mut desk = store.desk().await?;
    desk.write(&WriteSet { outbox, ..WriteSet::default() }).await?;
    desk.commit().await.map(|committed| assert!(committed.to_publish.is_empty()))
}

async fn queues(store: &SqliteStore) -> Vec<(i64, String)> {
    let rows = sqlx::query("select id, queue from spool order by id").fetch_all(store.pool()).await;
    rows.expect("rows").iter().map(|row| (row.get(0), row.get(1))).collect()
}

async fn open(path: &Path) -> Result<SqliteStore, StoreError> {
    let store = SqliteStore::open(path, options()).await?;
    store.migrate().await?;
    Ok(store)
}

#[tokio::test]
async fn a_message_is_in_every_queue_bound_to_its_type_and_settling_removes_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(&folder.path().join("s.sqlite")).await.expect("opened");
    let wake = store.spool_notify();
    let woken = wake.notified();
    let fact = message(Exchange::Facts, "case.assigned");
    let nobodys = message(Exchange::Facts, "case.noted");
    publish(&store, vec![fact, nobodys, message(Exchange::Commands, "contact.open")])
        .await
        .expect("published");
    woken.await;
    let found = queues(&store).await;
    let names: Vec<_> = found.iter().map(|(_, queue)| queue.as_str()).collect();
    assert_eq!(names, ["assignment", "audit", "intake"]);
    let mut desk = store.desk().await.expect("a desk");
    desk.settle_deliveries(&[found[0].0, found[2].0]).await.expect("settled");
    assert_eq!(queues(&store).await.len(), 3, "only by the commit");
    desk.commit().await.expect("committed");
    assert_eq!(queues(&store).await, [found[1].clone()]);
}

#[tokio::test]
async fn a_command_that_no_queue_takes_is_refused_with_its_desk() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(&folder.path().join("s.sqlite")).await.expect("opened");
    let set = vec![message(Exchange::Commands, "contact.open"), message(Exchange::Commands, "unheard.of")];
    let refused = publish(&store, set).await;
    assert!(matches!(refused, Err(StoreError::Data(_))), "{refused:?}");
    assert_eq!(queues(&store).await, []);
}

#[tokio::test]
async fn readers_connect_while_a_desk_is_open() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(&folder.path().join("s.sqlite")).await.expect("opened");
    let mut desk = store.desk().await.expect("a desk");
    desk.settle_deliveries(&[1]).await.expect("the desk has the write lock");
    let mut held = Vec::new();
    for _ in 0..3 {
        held.push(store.pool().acquire().await.expect("a connection of its own"));
    }
    assert_eq!(held.len(), 3);
    desk.commit().await.expect("committed");
}

#[tokio::test]
async fn one_store_owns_the_file_and_leaves_it_to_the_next() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("s.sqlite");
    let first = open(&path).await.expect("opened");
    let second = open(&path).await.err().expect("refused");
    assert!(matches!(&second, StoreError::InUse { file } if file.ends_with("s.sqlite")), "{second}");
    publish(&first, vec![message(Exchange::Commands, "contact.open")]).await.expect("published");
    drop(first);
    let next = open(&path).await.expect("free again");
    assert_eq!(queues(&next).await.len(), 1);
}

#[tokio::test]
async fn a_scratch_store_is_used_like_any_other_and_leaves_nothing() {
    let store = SqliteStore::scratch(options()).await.expect("opened");
    store.migrate().await.expect("migrated");
    let mut desk = store.desk().await.expect("a desk");
    let outbox = vec![message(Exchange::Commands, "contact.open")];
    desk.write(&WriteSet { outbox, ..WriteSet::default() }).await.expect("written");
    assert_eq!(queues(&store).await, [], "reads go on, and see what is committed");
    desk.commit().await.expect("committed");
    assert_eq!(queues(&store).await.len(), 1);
    let row = sqlx::query("select file from pragma_database_list").fetch_one(store.pool()).await;
    let file: String = row.expect("a row").get(0);
    assert!(Path::new(&file).exists());
    drop(store);
    assert!(!Path::new(&file).exists());
}
