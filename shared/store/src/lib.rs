//! The store port: the [`Desk`], a unit of work that loads and writes sets, and what is read beside it.
//!
//! Knows: the records of the process. Must not know: SQL, an engine, a queue server, HTTP.
//! Two engines implement it, and one suite says what both must do.

#[cfg(feature = "conformance")]
pub mod conformance;
mod desk;
mod error;
mod purge;
mod reading;
mod records;

pub use desk::{Asked, Claim, Committed, Desk, IdempotencyKey, MessageKey, Taken, WriteSet};
pub use error::StoreError;
pub use purge::{Expired, PURGE_CHUNK, Purged};
pub use reading::{
    CasoFilter, CountBy, Counted, Cursor, Dossier, LearnedOutcome, Page, PageRequest, RejectionOutcome,
    SolvedText,
};
pub use records::{
    ApiToken, CasoRow, Cittadino, Cliente, Delegation, EsigenzaRow, Exchange, IdempotentAnswer, OpeningKey,
    OutboxId, OutboxMessage, PaperRow, RigettoRow, StoriaRow, TriageRow,
};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use smista_domain::anagrafica::{Email, Telefono};
use smista_domain::caso::{Caso, Pratica};
use smista_domain::catalogue::Catalogue;
use smista_domain::ids::{CasoId, CittadinoId, GruppoId, Protocollo};

/// The records of one installation.
///
/// Everything that changes cases goes through a [`Desk`]; the other methods read, or write what no case
/// depends on. All of them may fail with [`StoreError::Unavailable`], which is worth another try.
#[async_trait]
pub trait Store: Send + Sync {
    /// Opens a unit of work: one transaction. It ends by [`Desk::commit`], or undone by being dropped.
    async fn desk(&self) -> Result<Box<dyn Desk>, StoreError>;

    /// Reserves `count` protocol numbers of a year, in a short transaction of its own; returns the first.
    async fn reserve_protocolli(&self, anno: i32, count: i64) -> Result<i64, StoreError>;

    /// The revision that the catalogue stands at: one row, for whoever holds a catalogue and asks whether it is still the
    /// newest. A case is decided by that of [`Desk::take`], which stays true.
    async fn catalogue_revision(&self) -> Result<i64, StoreError>;

    /// The catalogue at its newest revision, read in one snapshot.
    async fn catalogue(&self) -> Result<Catalogue, StoreError>;

    /// Replaces the catalogue by `new`, if it still stands at `expected_revision`; stores the next revision and
    /// returns it. Waits for open desks and holds up new ones, so that no case is routed in between. The
    /// messages are published with it. Refuses ([`StoreError::GroupInUse`]) when a group retired by `new` has
    /// cases in Risolto II livello / Non Comunicato (row 20a).
    async fn replace_catalogue(
        &self,
        expected_revision: i64,
        new: &Catalogue,
        outbox: &[OutboxMessage],
        now: DateTime<Utc>,
    ) -> Result<(i64, Committed), StoreError>;

    /// A case.
    async fn caso(&self, id: CasoId) -> Result<Option<Caso>, StoreError>;

    /// A case, by the number that the citizen heard.
    async fn caso_by_protocollo(&self, protocollo: Protocollo) -> Result<Option<Caso>, StoreError>;

    /// The padre of this case, or the case itself, with all figli; not locked.
    async fn pratica(&self, id: CasoId) -> Result<Option<Pratica>, StoreError>;

    /// The history of a case from the version after `after`, oldest first, at most `limit` rows.
    async fn storia(&self, id: CasoId, after: i64, limit: i64) -> Result<Vec<StoriaRow>, StoreError>;

    /// The texts and personal data of a case, oldest first, erased ones left out.
    async fn papers(&self, id: CasoId) -> Result<Vec<PaperRow>, StoreError>;

    /// Cases that match, oldest contact first.
    async fn search(&self, filter: &CasoFilter, page: &PageRequest) -> Result<Page<Caso>, StoreError>;

    /// How many cases there are by one key, largest count first.
    async fn count(&self, by: CountBy) -> Result<Vec<Counted>, StoreError>;

    /// What triage found about a case, newest version first (R12).
    async fn triage(&self, id: CasoId) -> Result<Option<TriageRow>, StoreError>;

    /// Where cases that were rejected stand now, by the service and cause of their rejections: with which service and group,
    /// how often, the commonest first. Only cases that the second level has since resolved count, each once.
    async fn rejection_outcomes(&self) -> Result<Vec<LearnedOutcome>, StoreError>;

    /// The descriptions of the newest cases that the second level resolved, at most `per_group` for each group.
    async fn solved_texts(&self, per_group: i64) -> Result<Vec<SolvedText>, StoreError>;

    /// Adds a citizen to the register (R24), unless there is one with the same id, who stays as they are; whether it did.
    async fn add_cittadino(&self, cittadino: &Cittadino) -> Result<bool, StoreError>;

    /// A citizen of the register.
    async fn cittadino(&self, id: CittadinoId) -> Result<Option<Cittadino>, StoreError>;

    /// Citizens of the register with this telephone or this email, whatever its capitals; oldest first, at most 50.
    async fn find_cittadini(
        &self,
        telefono: Option<&Telefono>,
        email: Option<&Email>,
    ) -> Result<Vec<Cittadino>, StoreError>;

    /// Adds a client, or changes its delegation.
    async fn save_cliente(&self, cliente: &Cliente) -> Result<(), StoreError>;

    /// A client by name; over AMQP the name is the user that the broker verified.
    async fn cliente(&self, nome: &str) -> Result<Option<Cliente>, StoreError>;

    /// Adds a token; its client exists.
    async fn save_token(&self, token: &ApiToken) -> Result<(), StoreError>;

    /// The token with this SHA-256 digest, with its client.
    async fn token_by_digest(&self, digest: &[u8; 32]) -> Result<Option<(ApiToken, Cliente)>, StoreError>;

    /// All tokens, oldest first.
    async fn tokens(&self) -> Result<Vec<ApiToken>, StoreError>;

    /// Notes that a token was used.
    async fn touch_token(&self, prefix: &str, at: DateTime<Utc>) -> Result<(), StoreError>;

    /// Ends a token; says whether there was one.
    async fn revoke_token(&self, prefix: &str, at: DateTime<Utc>) -> Result<bool, StoreError>;

    /// Groups that have cases in this catalogue-relevant situation: Risolto II livello / Non Comunicato (row 20a).
    async fn groups_with_untold_answers(&self) -> Result<Vec<GruppoId>, StoreError>;

    /// Removes what has had its time, the oldest first, at most [`PURGE_CHUNK`] rows of each table, in one transaction.
    /// Any number of processes may do it at once.
    async fn purge(&self, expired: &Expired) -> Result<Purged, StoreError>;

    /// Whether the store answers.
    async fn ping(&self) -> Result<(), StoreError>;
}
