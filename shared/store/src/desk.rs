//! The Desk: one transaction that drops what was seen, loads the cases of a batch, and writes sets.

use async_trait::async_trait;
use smista_domain::caso::Pratica;
use smista_domain::ids::{CasoId, CittadinoId};
use std::collections::{BTreeMap, BTreeSet};

use crate::error::StoreError;
use crate::reading::Dossier;
use crate::records::{
    CasoRow, Delegation, EsigenzaRow, IdempotentAnswer, OpeningKey, OutboxId, OutboxMessage, PaperRow,
    RigettoRow, StoriaRow, TriageRow,
};

/// A unit of work. Dropping it undoes everything.
///
/// Call order: `take`, then the loads, then `write`, then `commit`. Nothing else
/// may be awaited while a desk is open: no network, no sleep, no channel.
#[async_trait]
pub trait Desk: Send {
    /// Enters what a batch came with, and reads what deciding it begins with: one round trip where there is a network. The
    /// catalogue's revision cannot change until this desk ends. A key claimed by another open desk is waited for.
    async fn take(&mut self, asked: &Asked) -> Result<Taken, StoreError>;

    /// Deliveries of the spool that this desk settles by its commit. Stores without a spool have nothing to do.
    async fn settle_deliveries(&mut self, spool_ids: &[i64]) -> Result<(), StoreError>;

    /// The pratiche that these cases belong to, padri locked in order of id until the desk ends, figli read after.
    /// Unknown ids are left out; two ids of one pratica give it once.
    async fn load_pratiche(&mut self, casi: &BTreeSet<CasoId>) -> Result<Vec<Pratica>, StoreError>;

    /// These cases with their history and descriptions, none of them locked, in no order. Unknown ids are left out.
    async fn dossiers(&mut self, casi: &BTreeSet<CasoId>) -> Result<Vec<Dossier>, StoreError>;

    /// Which of these cases exist.
    async fn known_casi(&mut self, casi: &BTreeSet<CasoId>) -> Result<BTreeSet<CasoId>, StoreError>;

    /// Which of these citizens exist.
    async fn known_cittadini(
        &mut self,
        cittadini: &BTreeSet<CittadinoId>,
    ) -> Result<BTreeSet<CittadinoId>, StoreError>;

    /// Writes everything, in as few statements as the engine can. Every changed case must still be at the
    /// version before, else [`StoreError::Changed`].
    async fn write(&mut self, set: &WriteSet) -> Result<(), StoreError>;

    /// Makes it last. The messages returned are to be published by the caller, in any order; on a store with a
    /// spool they are in their queues already and none are returned. After an error the outcome may be unknown: run
    /// the batch again, the inbox decides.
    async fn commit(self: Box<Self>) -> Result<Committed, StoreError>;
}

/// What a batch comes with. What it has none of is left empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked {
    /// Whose inbox the messages are entered in.
    pub worker: String,
    /// Messages to enter.
    pub messages: Vec<MessageKey>,
    /// Idempotency keys to claim. None may occur twice.
    pub keys: Vec<IdempotencyKey>,
    /// Openings that may have made a case already.
    pub openings: BTreeSet<OpeningKey>,
    /// Clients whose delegation is asked for.
    pub clienti: BTreeSet<String>,
}

/// How the records stand towards what a batch came with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Taken {
    /// The catalogue's revision.
    pub revision: i64,
    /// For each message, in the order asked, whether it was new. One that occurs twice is new once.
    pub unseen: Vec<bool>,
    /// For each key, in the order asked, whether it is ours to answer or was answered before.
    pub claims: Vec<Claim>,
    /// Those of the openings that made a case.
    pub opened: BTreeMap<OpeningKey, CasoId>,
    /// Those of the clients that are known.
    pub delegations: BTreeMap<String, Delegation>,
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
