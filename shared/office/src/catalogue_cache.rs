//! The catalogue in memory, at the revision that a desk says is current.

use std::sync::{Arc, PoisonError, RwLock};

use smista_domain::catalogue::Catalogue;
use smista_store::{Store, StoreError};
use tokio::sync::Mutex;

use crate::judge::nobodys_fault;

/// The newest catalogue that this process has read.
#[derive(Default)]
pub struct CatalogueCache {
    newest: RwLock<Arc<Catalogue>>,
    /// Held by the one that reads: a catalogue is large, and everybody notices at once that there is a new one.
    reading: Mutex<()>,
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

    /// The store's catalogue, read only if its revision is not the one in memory. Never called while a desk is open: it
    /// takes a connection of its own. That it cannot be read is nobody's fault.
    pub async fn current(&self, store: &dyn Store) -> Result<Arc<Catalogue>, StoreError> {
        let revision = store.catalogue_revision().await.map_err(nobodys_fault)?;
        self.at_or_read(revision, || store.catalogue()).await.map_err(nobodys_fault)
    }

    /// The catalogue of this revision from memory, or what `read` gives. Who finds somebody reading waits for it.
    async fn at_or_read<Reading>(
        &self,
        revision: i64,
        read: impl FnOnce() -> Reading,
    ) -> Result<Arc<Catalogue>, StoreError>
    where
        Reading: Future<Output = Result<Catalogue, StoreError>>,
    {
        if let Some(known) = self.at(revision) {
            return Ok(known);
        }
        let _only_reader = self.reading.lock().await;
        if let Some(known) = self.at(revision) {
            return Ok(known);
        }
        let read = Arc::new(read().await?);
        *self.newest.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&read);
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};

    use super::*;

    #[tokio::test]
    async fn a_catalogue_is_read_once_for_all_who_ask_and_again_when_its_revision_moves() {
        let cache = CatalogueCache::default();
        let reads = AtomicI64::new(0);
        let ask = |revision: i64| {
            cache.at_or_read(revision, || async {
                tokio::task::yield_now().await;
                reads.fetch_add(1, Ordering::Relaxed);
                Ok(Catalogue { revision: 7, ..Catalogue::default() })
            })
        };
        let (one, other, third) = tokio::join!(ask(7), ask(7), ask(7));
        for got in [one, other, third, ask(7).await] {
            assert_eq!(got.expect("a catalogue").revision, 7);
        }
        assert_eq!(reads.load(Ordering::Relaxed), 1, "one read for them all");
        ask(8).await.expect("a catalogue");
        assert_eq!(reads.load(Ordering::Relaxed), 2);
    }
}
