//! The Desk on PostgreSQL: one transaction on one connection.

use std::collections::BTreeSet;

use async_trait::async_trait;
use smista_domain::caso::Pratica;
use smista_domain::ids::{CasoId, CittadinoId};
use smista_queues::Clock;
use smista_store::{
    Asked, Claim, Committed, Desk, Dossier, IdempotencyKey, OutboxId, OutboxMessage, StoreError, Taken,
    WriteSet,
};
use uuid::Uuid;

use crate::dialect::{loads, seldom, taking, writes};
use crate::published::{Deleting, Published};
use crate::queries::learning;
use crate::transaction::OpenTransaction;

pub(crate) struct PostgresDesk {
    /// Undone when dropped.
    transaction: OpenTransaction,
    clock: Clock,
    lease: Uuid,
    published: Published,
    /// What this desk deletes of it.
    deleting: Option<Deleting>,
    claimed: BTreeSet<IdempotencyKey>,
    to_publish: Vec<(OutboxId, OutboxMessage)>,
}

impl PostgresDesk {
    pub(crate) fn new(transaction: OpenTransaction, clock: Clock, lease: Uuid, published: Published) -> Self {
        Self {
            transaction,
            clock,
            lease,
            published,
            deleting: None,
            claimed: BTreeSet::new(),
            to_publish: Vec::new(),
        }
    }
}

#[async_trait]
impl Desk for PostgresDesk {
    async fn take(&mut self, asked: &Asked) -> Result<Taken, StoreError> {
        let taken = taking::take(self.transaction.connection(), asked, (self.clock)()).await?;
        let ours = asked.keys.iter().zip(&taken.claims).filter(|(_, claim)| **claim == Claim::New);
        self.claimed.extend(ours.map(|(key, _)| key.clone()));
        Ok(taken)
    }

    async fn settle_deliveries(&mut self, _spool_ids: &[i64]) -> Result<(), StoreError> {
        Ok(())
    }

    async fn load_pratiche(&mut self, casi: &BTreeSet<CasoId>) -> Result<Vec<Pratica>, StoreError> {
        Ok(loads::pratiche(self.transaction.connection(), casi).await?)
    }

    async fn dossiers(&mut self, casi: &BTreeSet<CasoId>) -> Result<Vec<Dossier>, StoreError> {
        Ok(loads::dossiers(self.transaction.connection(), casi).await?)
    }

    async fn known_casi(&mut self, casi: &BTreeSet<CasoId>) -> Result<BTreeSet<CasoId>, StoreError> {
        Ok(loads::known_casi(self.transaction.connection(), casi).await?)
    }

    async fn known_cittadini(
        &mut self,
        cittadini: &BTreeSet<CittadinoId>,
    ) -> Result<BTreeSet<CittadinoId>, StoreError> {
        Ok(loads::known_cittadini(self.transaction.connection(), cittadini).await?)
    }

    async fn write(&mut self, set: &WriteSet) -> Result<(), StoreError> {
        let deleting = self.deleting.get_or_insert_with(|| self.published.take());
        let connection = self.transaction.connection();
        if !writes::is_empty(set) || !deleting.rows().is_empty() {
            let besides =
                writes::Besides { published: deleting.rows(), lease: self.lease, now: (self.clock)() };
            let rows = writes::write(connection, set, &besides).await?;
            self.to_publish.extend(rows.into_iter().zip(set.outbox.iter().cloned()));
        }
        seldom::add_rigetti(connection, &set.rigetti).await?;
        seldom::put_triage(connection, &set.triage).await?;
        learning::file_esigenze(connection, &set.esigenze).await?;
        set.answers.iter().for_each(|(key, _)| {
            self.claimed.remove(key);
        });
        Ok(())
    }

    async fn commit(mut self: Box<Self>) -> Result<Committed, StoreError> {
        // A request that failed by our own fault has no answer to keep: its key is free for the next try.
        if !self.claimed.is_empty() {
            let unanswered: Vec<IdempotencyKey> = self.claimed.iter().cloned().collect();
            taking::unclaim(self.transaction.connection(), &unanswered).await?;
        }
        self.transaction.commit().await?;
        if let Some(deleting) = self.deleting {
            deleting.done();
        }
        Ok(Committed { to_publish: self.to_publish })
    }
}
