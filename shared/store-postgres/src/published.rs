//! Outbox rows that the broker has confirmed, until a transaction that commits anyway takes them along.

use std::sync::{Arc, Mutex, PoisonError};

use smista_queues::OutboxKey;

/// The rows of this process. Losing them loses nothing: their leases end, and they are published again.
#[derive(Clone, Default)]
pub(crate) struct Published(Arc<Mutex<Vec<OutboxKey>>>);

/// Rows that a transaction deletes. Dropped before it is done, they are noted again.
pub(crate) struct Deleting {
    rows: Vec<OutboxKey>,
    noted: Published,
}

impl Published {
    pub(crate) fn add(&self, rows: Vec<OutboxKey>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(rows);
    }

    pub(crate) fn take(&self) -> Deleting {
        let rows = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        Deleting { rows, noted: self.clone() }
    }
}

impl Deleting {
    pub(crate) fn rows(&self) -> &[OutboxKey] {
        &self.rows
    }

    pub(crate) fn done(mut self) {
        self.rows.clear();
    }
}

impl Drop for Deleting {
    fn drop(&mut self) {
        if !self.rows.is_empty() {
            self.noted.add(std::mem::take(&mut self.rows));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_a_transaction_that_did_not_commit_are_noted_again() {
        let (published, lease) = (Published::default(), uuid::Uuid::nil());
        let rows = [1, 2].map(|row| OutboxKey { row, lease });
        published.add(rows.to_vec());
        drop(published.take());
        let deleting = published.take();
        assert_eq!(deleting.rows(), rows);
        deleting.done();
        assert!(published.take().rows().is_empty());
    }
}
