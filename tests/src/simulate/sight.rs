//! What lies in the file's queues, seen without taking anything: the ports show only what is due.

use std::collections::{BTreeMap, BTreeSet};

use smista_domain::ids::{CasoId, GruppoId};
use smista_messages::facts::GroupRetired;
use smista_queues::Envelope;
use smista_store_sqlite::SqliteStore;

/// Everything that waits in the spool, due or not, and what the intake has handled. Each row is read once, when it is
/// new: most of a simulation would else be spent on reading again what did not change.
#[derive(Default)]
pub(crate) struct Sight {
    waiting: BTreeMap<i64, Waiting>,
    /// By queue and id, what waits.
    queued: BTreeMap<i64, (String, String)>,
    /// Ids of the commands that were handled.
    handled: BTreeSet<String>,
    newest_spool_row: i64,
    newest_inbox_row: i64,
}

/// What a row of the spool promises.
enum Waiting {
    /// A command waits.
    Command {
        id: String,
    },
    /// The queue `assignment` will hear of this case.
    ToBePlaced(CasoId),
    /// It will hear of the end of this group.
    ToBeEmptied(GruppoId),
    Other,
}

impl Sight {
    /// Looks again.
    pub(crate) async fn look(&mut self, store: &SqliteStore) {
        let rows: Vec<(i64, String, Option<Vec<u8>>)> =
            sqlx::query_as("select id, queue, case when id > $1 then body end from spool order by id")
                .bind(self.newest_spool_row)
                .fetch_all(store.pool())
                .await
                .expect("the spool");
        let there: BTreeSet<i64> = rows.iter().map(|(id, ..)| *id).collect();
        self.waiting.retain(|id, _| there.contains(id));
        self.queued.retain(|id, _| there.contains(id));
        for (id, queue, body) in rows {
            if let Some(body) = body {
                let envelope = Envelope::parse(&body).expect("an envelope");
                self.queued.insert(id, (queue.clone(), envelope.id.clone()));
                self.waiting.insert(id, waiting(&queue, envelope));
                self.newest_spool_row = id;
            }
        }
        let handled: Vec<(i64, String)> = sqlx::query_as(
            "select rowid, id from inbox where rowid > $1 and worker = 'intake' order by rowid",
        )
        .bind(self.newest_inbox_row)
        .fetch_all(store.pool())
        .await
        .expect("the inbox");
        for (row, id) in handled {
            self.newest_inbox_row = row;
            self.handled.insert(id);
        }
    }

    /// Rows of the spool.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Whether a message of this id waits in this queue.
    pub(crate) fn holds(&self, queue: &str, id: &str) -> bool {
        self.queued.values().any(|(other, waiting)| other == queue && waiting == id)
    }

    /// Whether the case has a place, or will be given one, as far as the queue `assignment` is concerned.
    pub(crate) fn will_hear_of(&self, caso: CasoId, gruppo: Option<&GruppoId>) -> bool {
        self.waiting.values().any(|waiting| match waiting {
            Waiting::ToBePlaced(other) => *other == caso,
            Waiting::ToBeEmptied(other) => Some(other) == gruppo,
            Waiting::Command { .. } | Waiting::Other => false,
        })
    }

    /// A command among these that neither waits nor was handled.
    pub(crate) fn lost<'a>(&'a self, sent: &'a BTreeSet<String>) -> Option<&'a String> {
        let mut unhandled = sent.difference(&self.handled).peekable();
        unhandled.peek()?;
        let waiting: BTreeSet<&String> = self
            .waiting
            .values()
            .filter_map(|waiting| match waiting {
                Waiting::Command { id } => Some(id),
                Waiting::ToBePlaced(_) | Waiting::ToBeEmptied(_) | Waiting::Other => None,
            })
            .collect();
        unhandled.find(|id| !waiting.contains(id))
    }
}

fn waiting(queue: &str, envelope: Envelope) -> Waiting {
    match (queue, envelope.message_type.as_str()) {
        ("intake", _) => Waiting::Command { id: envelope.id },
        ("assignment", "group.retired") => {
            let retired: GroupRetired = envelope.data().expect("its data");
            Waiting::ToBeEmptied(retired.gruppo)
        }
        ("assignment", _) => {
            let subject = envelope.subject.expect("a case");
            Waiting::ToBePlaced(CasoId(subject.parse().expect("an id")))
        }
        _ => Waiting::Other,
    }
}
