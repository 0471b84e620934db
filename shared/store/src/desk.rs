//! The Desk: one transaction that drops what was seen, loads the cases of a batch, and writes sets.

use async_trait::async_trait;
use smista_domain::caso::Pratica;
use smista_domain::ids::{CasoId, CittadinoId};
use std::collections::{BTreeMap, BTreeSet};

use crate::error::StoreError;
use crate::records::{
    CasoRow, EsigenzaRow, IdempotentAnswer, OpeningKey, OutboxId, OutboxMessage, PaperRow, RigettoRow,
    StoriaRow, TriageRow,
};

/// A unit of work. Dropping it undoes everything.
///
/// Call order: `catalogue_revision`, then the claims, then the loads, then `write`, then `commit`. Nothing else
/// may be awaited while a desk is open: no network, no sleep, no channel.
#[async_trait]
pub trait Desk: Send {
    /// The catalogue's revision, which cannot change until this desk ends.
    async fn catalogue_revision(&mut self) -> Result<i64, StoreError>;

    /// Enters messages in the inbox of `worker`; for each, in the order given, whether it was new. A message that
    /// occurs twice in `keys` is new once.
    async fn take_unseen(&mut self, worker: &str, keys: &[MessageKey]) -> Result<Vec<bool>, StoreError>;

    /// Claims idempotency keys; for each, in the order given, whether it is ours to answer or was answered before.
    /// The same key claimed by another open desk is waited for. No key may occur twice in `keys`.
    async fn claim_idempotency(&mut self, keys: &[IdempotencyKey]) -> Result<Vec<Claim>, StoreError>;

    /// Deliveries of the spool that this desk settles by its commit. Stores without a spool have nothing to do.
    async fn settle_deliveries(&mut self, spool_ids: &[i64]) -> Result<(), StoreError>;

    /// The pratiche that these cases belong to, padri locked in order of id until the desk ends, figli read after.
    /// Unknown ids are left out; two ids of one pratica give it once.
    async fn load_pratiche(&mut self, casi: &BTreeSet<CasoId>) -> Result<Vec<Pratica>, StoreError>;

    /// Which of these cases exist.
    async fn known_casi(&mut self, casi: &BTreeSet<CasoId>) -> Result<BTreeSet<CasoId>, StoreError>;

    /// Which of these citizens exist.
    async fn known_cittadini(
        &mut self,
        cittadini: &BTreeSet<CittadinoId>,
    ) -> Result<BTreeSet<CittadinoId>, StoreError>;

    /// Which of these openings made a case already.
    async fn opened_casi(
        &mut self,
        openings: &BTreeSet<OpeningKey>,
    ) -> Result<BTreeMap<OpeningKey, CasoId>, StoreError>;

    /// Writes everything, one statement a table where the engine can. Every changed case must still be at the
    /// version before, else [`StoreError::Changed`].
    async fn write(&mut self, set: &WriteSet) -> Result<(), StoreError>;

    /// Makes it last. The messages returned are to be published by the caller, in any order; on a store with a
    /// spool they are in their queues already and none are returned. After an error the outcome may be unknown: run
    /// the batch again, the inbox decides.
    async fn commit(self: Box<Self>) -> Result<Committed, StoreError>;
}

/// What names a message for ever: where it comes from and its id there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageKey {
    /// The verified sender.
    pub source: String,
    /// The id that the sender gave.
    pub id: String,
}

/// What names an idempotent request: the client's key, and what it came with.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct IdempotencyKey {
    /// The client.
    pub cliente: String,
    /// The key that the client chose.
    pub key: String,
    /// SHA-256 of method, path and body.
    pub request_digest: [u8; 32],
}

/// What became of a claim on an idempotency key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// Ours: an answer must be in the [`WriteSet`].
    New,
    /// The same request was answered before, like this.
    Answered(IdempotentAnswer),
    /// The key came with another request.
    OtherRequest,
}

/// Everything that a batch writes.
#[derive(Debug, Clone, Default)]
pub struct WriteSet {
    /// Cases opened.
    pub opened: Vec<(CasoRow, OpeningKey)>,
    /// Cases changed, each with the version that it had in the store.
    pub changed: Vec<(CasoRow, i64)>,
    /// History rows, one for each case and version.
    pub storia: Vec<StoriaRow>,
    /// Texts and personal data.
    pub papers: Vec<PaperRow>,
    /// Rejections, for what triage learns.
    pub rigetti: Vec<RigettoRow>,
    /// Knowledge gaps: merged with an open one of the same need, else filed (R11).
    pub esigenze: Vec<EsigenzaRow>,
    /// What triage found; replaces what it found before.
    pub triage: Vec<TriageRow>,
    /// Messages to publish.
    pub outbox: Vec<OutboxMessage>,
    /// Answers to the idempotency keys claimed by this desk.
    pub answers: Vec<(IdempotencyKey, IdempotentAnswer)>,
}

/// What a commit leaves to do.
#[derive(Debug, Default)]
pub struct Committed {
    /// Messages to publish now; a row is deleted once its message is confirmed.
    pub to_publish: Vec<(OutboxId, OutboxMessage)>,
}
