//! What must be true of the file whatever was done to its process: nothing that was accepted is lost, nothing is there twice,
//! nothing waits, nothing is parked, and each history makes its case.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use smista_domain::apply::replay;
use smista_domain::ids::CasoId;
use smista_store::Store;
use smista_store_sqlite::{SqliteOptions, SqliteStore};
use uuid::Uuid;

use crate::running::{Smista, get, wait_until};
use crate::stopping::{embedded, token_and_address};

/// The name of the file in the data folder.
pub(crate) const FILE: &str = "smista.sqlite";
/// Longer than any history here.
const WHOLE: i64 = 1_000;

/// Starts the system once more, lets it finish what it finds, stops it, and looks into its file: every case that was
/// accepted is there, and no more than were asked for.
pub(crate) fn audited(folder: &Path, accepted: &[String], asked: usize) {
    let mut office = embedded(folder);
    let (_token, _address) = token_and_address(&mut office);
    rested(&office);
    office.terminate();
    assert_eq!(office.ended().code(), Some(0));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(looked_into(&folder.join(FILE), accepted, asked));
}

/// Waits until no queue holds anything.
pub(crate) fn rested(office: &Smista) {
    wait_until("empty queues", || {
        let figures = get(&office.ops, "/metrics").1;
        let depths = figures.lines().filter(|line| line.starts_with("smista_queue_messages{"));
        let depths: Vec<&str> = depths.collect();
        !depths.is_empty() && depths.iter().all(|line| line.ends_with(" 0"))
    });
}

async fn looked_into(file: &Path, accepted: &[String], asked: usize) {
    #[expect(clippy::disallowed_methods, reason = "nothing is decided by it here")]
    let clock = Arc::new(chrono::Utc::now);
    let store = SqliteStore::open(file, SqliteOptions { bindings: HashMap::new(), clock }).await;
    let store = store.expect("the file");
    let text = async |statement: &'static str| -> String {
        sqlx::query_scalar(statement).fetch_one(store.pool()).await.expect("a text")
    };
    let number = async |statement: &'static str| -> i64 {
        sqlx::query_scalar(statement).fetch_one(store.pool()).await.expect("a number")
    };
    assert_eq!(text("pragma integrity_check").await, "ok");
    assert_eq!(number("select count(*) from pragma_foreign_key_check").await, 0);
    assert_eq!(number("select count(*) from parcheggio").await, 0, "parked");
    assert_eq!(number("select count(*) from spool").await, 0, "left in the queues");

    let there: Vec<Uuid> =
        sqlx::query_scalar("select id from caso").fetch_all(store.pool()).await.expect("the cases");
    for id in accepted {
        assert!(there.iter().any(|case| case.to_string() == *id), "{id} was accepted and is lost");
    }
    assert!(there.len() <= asked, "{} cases of {asked} that were asked for", there.len());
    for id in there.into_iter().map(CasoId) {
        let rows = store.storia(id, 0, WHOLE).await.expect("a history");
        let commands: Vec<&str> = rows.iter().map(|entry| entry.command.as_str()).collect();
        assert_eq!(commands, ["contact.open", "case.route"], "opened once and routed once");
        let rows: Vec<_> = rows.into_iter().map(|entry| entry.row).collect();
        let case = store.caso(id).await.expect("the store").expect("the case");
        assert_eq!(replay(id, &rows).expect("a whole history"), case, "the history makes another case");
    }
}
