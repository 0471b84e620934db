//! The Desk on SQLite: one savepoint within a turn of the writer.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use async_trait::async_trait;
use smista_domain::caso::Pratica;
use smista_domain::ids::{CasoId, CittadinoId};
use smista_queues::Clock;
use smista_store::{Claim, Committed, Desk, IdempotencyKey, MessageKey, OpeningKey, StoreError, WriteSet};

use crate::dialect;
use crate::queries::{casi, catalogue, learning};
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
    async fn catalogue_revision(&mut self) -> Result<i64, StoreError> {
        Ok(catalogue::revision(self.turn.connection()).await?)
    }

    async fn take_unseen(&mut self, worker: &str, keys: &[MessageKey]) -> Result<Vec<bool>, StoreError> {
        let now = (self.clock)();
        let mut new = Vec::with_capacity(keys.len());
        for key in keys {
            new.push(dialect::enter_inbox(self.turn.connection(), worker, key, now).await?);
        }
        Ok(new)
    }

    async fn claim_idempotency(&mut self, keys: &[IdempotencyKey]) -> Result<Vec<Claim>, StoreError> {
        let now = (self.clock)();
        let mut claims = Vec::with_capacity(keys.len());
        for key in keys {
            let claim = dialect::claim_idempotency(self.turn.connection(), key, now).await?;
            if claim == Claim::New {
                self.claimed.insert(key.clone());
            }
            claims.push(claim);
        }
        Ok(claims)
    }

    async fn settle_deliveries(&mut self, spool_ids: &[i64]) -> Result<(), StoreError> {
        for id in spool_ids {
            dialect::settle(self.turn.connection(), *id).await?;
        }
        Ok(())
    }

    async fn load_pratiche(&mut self, casi: &BTreeSet<CasoId>) -> Result<Vec<Pratica>, StoreError> {
        let mut loaded = BTreeMap::<CasoId, Pratica>::new();
        for id in casi {
            if loaded.values().any(|pratica| pratica.caso(*id).is_some()) {
                continue;
            }
            if let Some(pratica) = casi::pratica(self.turn.connection(), *id).await? {
                loaded.insert(pratica.padre.id, pratica);
            }
        }
        Ok(loaded.into_values().collect())
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

    async fn opened_casi(
        &mut self,
        openings: &BTreeSet<OpeningKey>,
    ) -> Result<BTreeMap<OpeningKey, CasoId>, StoreError> {
        let mut opened = BTreeMap::new();
        for key in openings {
            if let Some(id) = dialect::opened_by(self.turn.connection(), key).await? {
                opened.insert(key.clone(), id);
            }
        }
        Ok(opened)
    }

    async fn write(&mut self, set: &WriteSet) -> Result<(), StoreError> {
        let now = (self.clock)();
        let connection = self.turn.connection();
        for (caso, key) in &set.opened {
            dialect::open_caso(connection, caso, key).await?;
            dialect::involve(connection, caso).await?;
        }
        for (caso, before) in &set.changed {
            dialect::change_caso(connection, caso, *before).await?;
            dialect::involve(connection, caso).await?;
        }
        for row in &set.storia {
            dialect::add_storia(connection, row).await?;
        }
        for row in &set.papers {
            dialect::add_paper(connection, row).await?;
        }
        for row in &set.rigetti {
            dialect::add_rigetto(connection, row).await?;
        }
        for row in &set.triage {
            dialect::put_triage(connection, row).await?;
        }
        for (key, answer) in &set.answers {
            dialect::answer(connection, key, answer).await?;
            self.claimed.remove(key);
        }
        learning::file_esigenze(connection, &set.esigenze).await?;
        for message in &set.outbox {
            dialect::publish(connection, message, &self.bindings, now).await?;
        }
        Ok(())
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
