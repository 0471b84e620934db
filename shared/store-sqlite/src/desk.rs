//! The Desk on SQLite: one savepoint within a turn of the writer.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use async_trait::async_trait;
use smista_domain::caso::Pratica;
use smista_domain::ids::{CasoId, CittadinoId};
use smista_queues::Clock;
use smista_store::{Asked, Claim, Committed, Desk, Dossier, IdempotencyKey, StoreError, Taken, WriteSet};

use crate::dialect;
use crate::queries::{accounts, catalogue, learning};
use crate::sets::{self, writes};
use crate::writer::Turn;

pub(crate) struct SqliteDesk {
    /// Undone when dropped.
    turn: Turn,
    bindings: Arc<HashMap<String, Vec<String>>>,
    clock: Clock,
    claimed: BTreeSet<IdempotencyKey>,
}

impl SqliteDesk {
    pub(crate) fn new(turn: Turn, bindings: Arc<HashMap<String, Vec<String>>>, clock: Clock) -> Self {
        Self { turn, bindings, clock, claimed: BTreeSet::new() }
    }
}

#[async_trait]
impl Desk for SqliteDesk {
    async fn take(&mut self, asked: &Asked) -> Result<Taken, StoreError> {
        let now = (self.clock)();
        let connection = self.turn.connection();
        let mut taken = Taken { revision: catalogue::revision(connection).await?, ..Taken::default() };
        let messages = asked.messages.iter().collect();
        let mut new = sets::enter_inbox(connection, &asked.worker, &messages, now).await?;
        // The first of two equal keys is the new one.
        taken.unseen = asked.messages.iter().map(|key| new.remove(key)).collect();
        for key in &asked.keys {
            let claim = dialect::claim_idempotency(connection, key, now).await?;
            if claim == Claim::New {
                self.claimed.insert(key.clone());
            }
            taken.claims.push(claim);
        }
        taken.opened = sets::opened_by(connection, &asked.openings).await?;
        for nome in &asked.clienti {
            if let Some(cliente) = accounts::cliente(connection, nome).await? {
                taken.delegations.insert(cliente.nome, cliente.delegation);
            }
        }
        Ok(taken)
    }

    async fn settle_deliveries(&mut self, spool_ids: &[i64]) -> Result<(), StoreError> {
        Ok(sets::settle(self.turn.connection(), spool_ids).await?)
    }

    async fn load_pratiche(&mut self, casi: &BTreeSet<CasoId>) -> Result<Vec<Pratica>, StoreError> {
        Ok(sets::pratiche(self.turn.connection(), casi).await?)
    }

    async fn dossiers(&mut self, casi: &BTreeSet<CasoId>) -> Result<Vec<Dossier>, StoreError> {
        Ok(sets::dossiers(self.turn.connection(), casi).await?)
    }

    async fn known_casi(&mut self, casi: &BTreeSet<CasoId>) -> Result<BTreeSet<CasoId>, StoreError> {
        let mut known = BTreeSet::new();
        for id in casi {
            if dialect::is_known_caso(self.turn.connection(), *id).await? {
                known.insert(*id);
            }
        }
        Ok(known)
    }

    async fn known_cittadini(
        &mut self,
        cittadini: &BTreeSet<CittadinoId>,
    ) -> Result<BTreeSet<CittadinoId>, StoreError> {
        let mut known = BTreeSet::new();
        for id in cittadini {
            if dialect::is_known_cittadino(self.turn.connection(), *id).await? {
                known.insert(*id);
            }
        }
        Ok(known)
    }

    async fn write(&mut self, set: &WriteSet) -> Result<(), StoreError> {
        let now = (self.clock)();
        let connection = self.turn.connection();
        writes::open_casi(connection, &set.opened).await?;
        writes::change_casi(connection, &set.changed).await?;
        let opened = set.opened.iter().map(|(caso, _)| caso);
        let changed = set.changed.iter().map(|(caso, _)| caso);
        writes::involve(connection, opened.chain(changed)).await?;
        writes::add_storia(connection, &set.storia).await?;
        writes::add_papers(connection, &set.papers).await?;
        writes::add_rigetti(connection, &set.rigetti).await?;
        writes::put_triage(connection, &set.triage).await?;
        for (key, answer) in &set.answers {
            dialect::answer(connection, key, answer).await?;
            self.claimed.remove(key);
        }
        learning::file_esigenze(connection, &set.esigenze).await?;
        Ok(writes::publish(connection, &set.outbox, &self.bindings, now).await?)
    }

    async fn commit(mut self: Box<Self>) -> Result<Committed, StoreError> {
        // A request that failed by our own fault has no answer to keep: its key is free for the next try.
        for key in &self.claimed {
            dialect::unclaim(self.turn.connection(), key).await?;
        }
        self.turn.commit().await?;
        Ok(Committed::default())
    }
}
