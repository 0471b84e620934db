//! The catalogue that the doors look operators and services up in: at most so old, without a read for each request.
//!
//! Commands are decided on the catalogue of their own transaction; this one only says who may come in and what is
//! listed.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use smista_domain::catalogue::Catalogue;
use smista_office::Office;
use smista_store::StoreError;

/// When the catalogue was last read for a door.
pub(crate) struct RecentCatalogue {
    max_age: TimeDelta,
    read_at: Mutex<Option<DateTime<Utc>>>,
}

impl RecentCatalogue {
    /// `max_age` zero reads it for every request.
    pub(crate) fn new(max_age: TimeDelta) -> Self {
        Self { max_age, read_at: Mutex::new(None) }
    }

    /// The catalogue, read anew when the last reading is too old.
    pub(crate) async fn get(&self, office: &Office) -> Result<Arc<Catalogue>, StoreError> {
        let now = office.surroundings.now();
        let read_at = *self.read_at.lock().unwrap_or_else(PoisonError::into_inner);
        if read_at.is_some_and(|read_at| now.signed_duration_since(read_at) < self.max_age) {
            return Ok(office.cached_catalogue());
        }
        let catalogue = office.catalogue().await?;
        *self.read_at.lock().unwrap_or_else(PoisonError::into_inner) = Some(now);
        Ok(catalogue)
    }
}
