//! The application: load, decide, turn facts into sets. HTTP, handlers and import all call it.
//!
//! Knows: which records a decision needs and what it writes. Must not know: SQL, an engine, HTTP, how queues work.

mod announce;
mod batch;
mod catalogue_cache;
pub mod catalogue_files;
mod catalogue_import;
pub mod contact_import;
mod delegation;
mod judge;
mod protocolli;
pub mod reading;
mod refuse;
pub mod sheet_search;
mod surroundings;
pub mod text_ranking;
pub mod triage;

use std::sync::Arc;

use smista_domain::catalogue::Catalogue;
use smista_store::{Committed, Store, StoreError};

pub use batch::{Applied, Incoming, Outcome, Render, Rendered, Request, Who};
pub use catalogue_cache::CatalogueCache;
pub use catalogue_import::CatalogueImportError;
pub use delegation::{NoOperator, operator_for};
pub use judge::batch_failed;
pub use surroundings::Surroundings;

use protocolli::Protocolli;

/// Takes what a commit leaves to publish. Must not block: nobody waits for publishing.
pub type Publish = Arc<dyn Fn(Committed) + Send + Sync>;

/// The office: the store, the catalogue as last read, the clock, and where messages go.
pub struct Office {
    /// The records.
    pub store: Arc<dyn Store>,
    /// Time and identifiers.
    pub surroundings: Surroundings,
    /// The `source` of the facts that this installation publishes.
    source: String,
    catalogue: CatalogueCache,
    protocolli: Protocolli,
    publish: Publish,
}

impl Office {
    /// An office on a store. `source` names the installation in its messages.
    pub fn new(store: Arc<dyn Store>, surroundings: Surroundings, source: String, publish: Publish) -> Self {
        Self {
            store,
            surroundings,
            source,
            catalogue: CatalogueCache::default(),
            protocolli: Protocolli::default(),
            publish,
        }
    }

    /// Applies a batch of commands for `worker` in one transaction; one outcome for each, in order.
    ///
    /// # Errors
    /// Only what no command is to blame for, such as a lost connection: the same batch may be tried again.
    pub async fn apply(&self, worker: &str, commands: &[Incoming]) -> Result<Vec<Outcome>, StoreError> {
        batch::apply(self, worker, commands).await
    }

    /// The catalogue, read anew if the store has a newer one.
    pub async fn catalogue(&self) -> Result<Arc<Catalogue>, StoreError> {
        self.catalogue.current(&*self.store).await
    }

    /// The catalogue as this process last read it.
    pub fn cached_catalogue(&self) -> Arc<Catalogue> {
        self.catalogue.newest()
    }

    /// The name of this installation in its messages.
    pub fn source(&self) -> &str {
        &self.source
    }

    fn publish(&self, committed: Committed) {
        (self.publish)(committed);
    }
}
