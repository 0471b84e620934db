//! The Desk on PostgreSQL: one transaction on one connection.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use smista_domain::caso::Pratica;
use smista_domain::ids::{CasoId, CittadinoId};
use smista_queues::Clock;
use smista_store::{
    Claim, Committed, Desk, IdempotencyKey, MessageKey, OpeningKey, OutboxId, OutboxMessage, StoreError,
    WriteSet,
};
use sqlx::{Postgres, Transaction};
use uuid::Uuid;

use crate::dialect::{self, claims, loads, publish, writes};
use crate::queries::{Fault, catalogue, learning};

pub(crate) struct PostgresDesk {
    /// Rolls back when dropped.
    transaction: Transaction<'static, Postgres>,
    clock: Clock,
    lease: Uuid,
    claimed: BTreeSet<IdempotencyKey>,
    to_publish: Vec<(OutboxId, OutboxMessage)>,
}

impl PostgresDesk {
    pub(crate) fn new(transaction: Transaction<'static, Postgres>, clock: Clock, lease: Uuid) -> Self {
        Self { transaction, clock, lease, claimed: BTreeSet::new(), to_publish: Vec::new() }
    }
}

#[async_trait]
impl Desk for PostgresDesk {
    async fn catalogue_revision(&mut self) -> Result<i64, StoreError> {
        // Two statements: the snapshot of one that waits for the lock would be from before the wait.
        dialect::hold_catalogue(&mut self.transaction).await?;
        Ok(catalogue::revision(&mut self.transaction).await?)
    }

    async fn take_unseen(&mut self, worker: &str, keys: &[MessageKey]) -> Result<Vec<bool>, StoreError> {
        let distinct: BTreeSet<&MessageKey> = keys.iter().collect();
        let now = (self.clock)();
        let mut new = claims::enter_inbox(&mut self.transaction, worker, &distinct, now).await?;
        // The first of two equal keys is the new one.
        Ok(keys.iter().map(|key| new.remove(key)).collect())
    }

    async fn claim_idempotency(&mut self, keys: &[IdempotencyKey]) -> Result<Vec<Claim>, StoreError> {
        let now = (self.clock)();
        let claims = claims::claim_idempotency(&mut self.transaction, keys, now).await?;
        let ours = keys.iter().zip(&claims).filter(|(_, claim)| **claim == Claim::New);
        self.claimed.extend(ours.map(|(key, _)| key.clone()));
        Ok(claims)
    }

    async fn settle_deliveries(&mut self, _spool_ids: &[i64]) -> Result<(), StoreError> {
        Ok(())
    }

    async fn load_pratiche(&mut self, casi: &BTreeSet<CasoId>) -> Result<Vec<Pratica>, StoreError> {
        Ok(loads::pratiche(&mut self.transaction, casi).await?)
    }

    async fn known_casi(&mut self, casi: &BTreeSet<CasoId>) -> Result<BTreeSet<CasoId>, StoreError> {
        Ok(loads::known_casi(&mut self.transaction, casi).await?)
    }

    async fn known_cittadini(
        &mut self,
        cittadini: &BTreeSet<CittadinoId>,
    ) -> Result<BTreeSet<CittadinoId>, StoreError> {
        Ok(loads::known_cittadini(&mut self.transaction, cittadini).await?)
    }

    async fn opened_casi(
        &mut self,
        openings: &BTreeSet<OpeningKey>,
    ) -> Result<BTreeMap<OpeningKey, CasoId>, StoreError> {
        Ok(loads::opened_casi(&mut self.transaction, openings).await?)
    }

    async fn write(&mut self, set: &WriteSet) -> Result<(), StoreError> {
        let connection = &mut *self.transaction;
        writes::open_casi(connection, &set.opened).await?;
        writes::change_casi(connection, &set.changed).await?;
        let opened = set.opened.iter().map(|(caso, _)| caso);
        let changed = set.changed.iter().map(|(caso, _)| caso);
        writes::involve(connection, opened.chain(changed)).await?;
        writes::add_storia(connection, &set.storia).await?;
        writes::add_papers(connection, &set.papers).await?;
        writes::add_rigetti(connection, &set.rigetti).await?;
        writes::put_triage(connection, &set.triage).await?;
        writes::answer(connection, &set.answers).await?;
        learning::file_esigenze(connection, &set.esigenze).await?;
        self.to_publish.extend(publish::insert(connection, &set.outbox, self.lease, (self.clock)()).await?);
        set.answers.iter().for_each(|(key, _)| {
            self.claimed.remove(key);
        });
        Ok(())
    }

    async fn commit(mut self: Box<Self>) -> Result<Committed, StoreError> {
        // A request that failed by our own fault has no answer to keep: its key is free for the next try.
        if !self.claimed.is_empty() {
            let unanswered: Vec<IdempotencyKey> = self.claimed.iter().cloned().collect();
            claims::unclaim(&mut self.transaction, &unanswered).await?;
        }
        self.transaction.commit().await.map_err(Fault::from)?;
        Ok(Committed { to_publish: self.to_publish })
    }
}
