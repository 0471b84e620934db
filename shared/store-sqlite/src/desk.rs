//! The Desk on SQLite: one savepoint within a turn of the writer.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use async_trait::async_trait;
use smista_domain::caso::Pratica;
use smista_domain::ids::{CasoId, CittadinoId};
use smista_queues::Clock;
use smista_store::{Asked, Claim, Committed, Desk, Dossier, IdempotencyKey, StoreError, Taken, WriteSet};

use crate::dialect;
use crate::queries::{accounts, casi, catalogue, learning};
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
        for key in &asked.messages {
            taken.unseen.push(dialect::enter_inbox(connection, &asked.worker, key, now).await?);
        }
        for key in &asked.keys {
            let claim = dialect::claim_idempotency(connection, key, now).await?;
            if claim == Claim::New {
                self.claimed.insert(key.clone());
            }
            taken.claims.push(claim);
        }
        for key in &asked.openings {
            if let Some(id) = dialect::opened_by(connection, key).await? {
                taken.opened.insert(key.clone(), id);
            }
        }
        for nome in &asked.clienti {
            if let Some(cliente) = accounts::cliente(connection, nome).await? {
                taken.delegations.insert(cliente.nome, cliente.delegation);
            }
        }
        Ok(taken)
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

    async fn dossiers(&mut self, casi: &BTreeSet<CasoId>) -> Result<Vec<Dossier>, StoreError> {
        let mut dossiers = Vec::with_capacity(casi.len());
        for id in casi {
            dossiers.extend(dialect::dossier(self.turn.connection(), *id).await?);
        }
        Ok(dossiers)
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
