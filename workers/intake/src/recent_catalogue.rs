//! The catalogue that the doors look operators and services up in: at most so old, without a read for each request.
//!
//! Commands are decided on the catalogue of their own transaction; this one only says who may come in and what is
//! listed.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use smista_domain::catalogue::Catalogue;
use smista_office::Office;
use smista_store::StoreError;
use tokio::sync::Mutex;

/// When a door last asked the store for the catalogue's revision.
pub(crate) struct RecentCatalogue {
    max_age: TimeDelta,
    /// Held by the one that asks: the others wait, rather than ask too.
    asked_at: Mutex<Option<DateTime<Utc>>>,
}

impl RecentCatalogue {
    /// `max_age` zero asks for every request.
    pub(crate) fn new(max_age: TimeDelta) -> Self {
        Self { max_age, asked_at: Mutex::new(None) }
    }

    /// The catalogue; the store is asked whether there is a newer one when it was not asked lately.
    pub(crate) async fn get(&self, office: &Office) -> Result<Arc<Catalogue>, StoreError> {
        let now = office.surroundings.now();
        let mut asked_at = self.asked_at.lock().await;
        if asked_at.is_some_and(|asked_at| now.signed_duration_since(asked_at) < self.max_age) {
            return Ok(office.cached_catalogue());
        }
        let catalogue = office.catalogue().await?;
        *asked_at = Some(now);
        Ok(catalogue)
    }
}
