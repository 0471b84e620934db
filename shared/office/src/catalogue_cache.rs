//! The catalogue in memory, at the revision that a desk says is current.

use std::sync::{Arc, PoisonError, RwLock};

use smista_domain::catalogue::Catalogue;
use smista_store::{Store, StoreError};

/// The newest catalogue that this process has read.
#[derive(Default)]
pub struct CatalogueCache {
    newest: RwLock<Arc<Catalogue>>,
}

impl CatalogueCache {
    /// The catalogue as last read, perhaps behind the store. Good enough to search the sheets, not to decide.
    pub fn newest(&self) -> Arc<Catalogue> {
        self.newest.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The catalogue of this revision, if it is the one in memory.
    pub fn at(&self, revision: i64) -> Option<Arc<Catalogue>> {
        Some(self.newest()).filter(|catalogue| catalogue.revision == revision)
    }

    /// Reads the catalogue anew. Never called while a desk is open: it takes a connection of its own.
    pub async fn refresh(&self, store: &dyn Store) -> Result<Arc<Catalogue>, StoreError> {
        let read = Arc::new(store.catalogue().await?);
        let mut newest = self.newest.write().unwrap_or_else(PoisonError::into_inner);
        if read.revision >= newest.revision {
            *newest = Arc::clone(&read);
        }
        Ok(read)
    }
}
