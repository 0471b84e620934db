//! Something worked out from the catalogue, kept until the catalogue's revision moves.

use std::sync::{Arc, Mutex, PoisonError};

use smista_domain::catalogue::Catalogue;

/// The newest of what was worked out from a catalogue.
pub struct PerRevision<T> {
    build: fn(&Catalogue) -> T,
    kept: Mutex<Option<(i64, Arc<T>)>>,
}

impl<T> PerRevision<T> {
    /// Nothing yet.
    pub fn new(build: fn(&Catalogue) -> T) -> Self {
        Self { build, kept: Mutex::new(None) }
    }

    /// What belongs to this catalogue, worked out if it is not the one kept. Others wait meanwhile, rather than
    /// working it out once more each.
    pub fn get(&self, catalogue: &Catalogue) -> Arc<T> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        match kept.as_ref() {
            Some((revision, built)) if *revision == catalogue.revision => Arc::clone(built),
            Some(_) | None => {
                let built = Arc::new((self.build)(catalogue));
                *kept = Some((catalogue.revision, Arc::clone(&built)));
                built
            }
        }
    }
}
