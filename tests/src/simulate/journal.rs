//! What has been committed so far, as the ports saw it: the trace, and what the invariants ask about.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};
use smista_domain::caso::Pratica;
use smista_domain::ids::CasoId;
use smista_messages::facts::{COMMAND_REFUSED, CommandRefused};
use smista_queues::Envelope;
use smista_store::{OpeningKey, OutboxMessage, WriteSet};

/// Steps told with a violation.
const LAST: usize = 25;

#[derive(Default)]
pub(crate) struct Journal {
    hash: Sha256,
    last: Vec<String>,
    /// Cases in the order in which they were opened.
    pub(crate) casi: Vec<CasoId>,
    /// History rows, by case and version, committed since the invariants last looked.
    pub(crate) written: Vec<(CasoId, i64)>,
    /// The case of each opening key.
    pub(crate) openings: BTreeMap<OpeningKey, CasoId>,
    /// Digest of each message by source and id.
    pub(crate) published: BTreeMap<(String, String), [u8; 32]>,
    /// Ids of the commands that were refused by a message.
    pub(crate) refused: BTreeSet<String>,
    /// Facts that some worker listens to.
    pub(crate) facts: Vec<OutboxMessage>,
    /// Promises that were broken in a commit.
    pub(crate) broken: Vec<String>,
    /// By padre, the pratica as desks saw it, newest last.
    pub(crate) pratiche: BTreeMap<CasoId, Vec<Pratica>>,
}

impl Journal {
    pub(crate) fn tell(&mut self, line: String) {
        self.hash.update(line.as_bytes());
        self.hash.update(b"\n");
        if self.last.len() == LAST {
            self.last.remove(0);
        }
        self.last.push(line);
    }

    pub(crate) fn last(&self) -> Vec<String> {
        self.last.clone()
    }

    pub(crate) fn hash(&self) -> String {
        self.hash.clone().finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// A set that lasts.
    pub(crate) fn committed(&mut self, set: &WriteSet) {
        for (caso, key) in &set.opened {
            self.casi.push(caso.id);
            if let Some(other) = self.openings.insert(key.clone(), caso.id) {
                self.broken.push(format!("{key:?} opened {other} and {}", caso.id));
            }
        }
        for row in &set.storia {
            self.written.push((row.caso, row.row.versione));
            self.tell(format!(
                "  {} v{} {} by {}: {}, {:?}",
                row.caso, row.row.versione, row.command, row.row.by, row.stato_after, row.row.facts
            ));
        }
        for row in &set.triage {
            self.tell(format!("  triage of {} v{}: {}", row.caso, row.versione, row.findings));
        }
        set.outbox.iter().for_each(|message| self.sent(message));
    }

    /// A message that its commit published.
    pub(crate) fn sent(&mut self, message: &OutboxMessage) {
        let digest: [u8; 32] = Sha256::digest(&message.body).into();
        let named = (message.source.clone(), message.id.clone());
        if self.published.insert(named, digest).is_some_and(|before| before != digest) {
            self.broken
                .push(format!("{} {} was published with two contents", message.message_type, message.id));
        }
        let hex: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        self.tell(format!("  {} {} {hex}", message.message_type, message.id));
        if message.message_type == COMMAND_REFUSED {
            let envelope = Envelope::parse(&message.body).expect("an envelope");
            let refused: CommandRefused = envelope.data().expect("its data");
            self.refused.insert(refused.command_id);
        }
        if matches!(message.message_type.as_str(), "case.assigned" | "case.rejected" | "group.retired") {
            self.facts.push(message.clone());
        }
    }
}
