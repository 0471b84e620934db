//! Something worked out from the catalogue, kept until the catalogue's revision moves.

use std::panic::resume_unwind;
use std::sync::{Arc, Mutex, PoisonError};

use smista_domain::catalogue::Catalogue;

/// The newest of what was worked out from a catalogue.
pub struct PerRevision<T> {
    build: fn(&Catalogue) -> T,
    kept: Mutex<Option<(i64, Arc<T>)>>,
    /// Held by the one that works it out.
    building: tokio::sync::Mutex<()>,
}

impl<T: Send + Sync + 'static> PerRevision<T> {
    /// Nothing yet.
    pub fn new(build: fn(&Catalogue) -> T) -> Self {
        Self { build, kept: Mutex::new(None), building: tokio::sync::Mutex::new(()) }
    }

    /// What belongs to this catalogue, worked out if it is not the one kept, on a thread that may take its time. Others
    /// wait meanwhile, without holding up a thread, rather than working it out once more each.
    pub async fn get(&self, catalogue: &Arc<Catalogue>) -> Arc<T> {
        if let Some(kept) = self.kept_at(catalogue.revision) {
            return kept;
        }
        let _only_builder = self.building.lock().await;
        if let Some(kept) = self.kept_at(catalogue.revision) {
            return kept;
        }
        let (build, of) = (self.build, Arc::clone(catalogue));
        let built = match tokio::task::spawn_blocking(move || build(&of)).await {
            Ok(built) => Arc::new(built),
            Err(ended) => match ended.try_into_panic() {
                Ok(panic) => resume_unwind(panic),
                // The process is stopping, and starts nothing more beside what runs.
                Err(_stopping) => Arc::new(build(catalogue)),
            },
        };
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        *kept = Some((catalogue.revision, Arc::clone(&built)));
        built
    }

    fn kept_at(&self, revision: i64) -> Option<Arc<T>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.as_ref().filter(|(of, _)| *of == revision).map(|(_, built)| Arc::clone(built))
    }
}
