//! What lies in the file's queues, seen without taking anything: the ports show only what is due.

use std::collections::BTreeSet;

use smista_domain::ids::{CasoId, GruppoId};
use smista_messages::facts::GroupRetired;
use smista_queues::Envelope;
use smista_store_sqlite::SqliteStore;

/// Everything that waits in the spool, due or not.
#[derive(Default)]
pub(crate) struct Sight {
    /// Cases of which the queue `assignment` will hear.
    pub(crate) to_be_placed: BTreeSet<CasoId>,
    /// Groups of whose end it will hear.
    pub(crate) to_be_emptied: BTreeSet<GruppoId>,
    /// Ids of the commands that wait.
    pub(crate) commands: BTreeSet<String>,
    /// Ids of the commands that were handled.
    pub(crate) handled: BTreeSet<String>,
    /// Rows of the spool.
    pub(crate) waiting: usize,
}

impl Sight {
    pub(crate) async fn of(store: &SqliteStore) -> Self {
        let bodies: Vec<(String, Vec<u8>)> = sqlx::query_as("select queue, body from spool order by id")
            .fetch_all(store.pool())
            .await
            .expect("the spool");
        let handled: Vec<String> = sqlx::query_scalar("select id from inbox where worker = 'intake'")
            .fetch_all(store.pool())
            .await
            .expect("the inbox");
        let mut sight =
            Self { waiting: bodies.len(), handled: handled.into_iter().collect(), ..Self::default() };
        for (queue, body) in bodies {
            let envelope = Envelope::parse(&body).expect("an envelope");
            match (queue.as_str(), envelope.message_type.as_str()) {
                ("intake", _) => {
                    sight.commands.insert(envelope.id);
                }
                ("assignment", "group.retired") => {
                    let retired: GroupRetired = envelope.data().expect("its data");
                    sight.to_be_emptied.insert(retired.gruppo);
                }
                ("assignment", _) => {
                    let subject = envelope.subject.expect("a case");
                    sight.to_be_placed.insert(CasoId(subject.parse().expect("an id")));
                }
                _ => {}
            }
        }
        sight
    }
}
