//! Errors of the store, judged for the runner: the one place where workers learn what becomes of a batch that failed.

use smista_queues::{BatchFailed, ErrorText};
use smista_store::StoreError;

/// Whether the batch is worth trying again as it is, or holds a message that the store will never take.
pub fn batch_failed(error: &StoreError) -> BatchFailed {
    let text = ErrorText::chain(error);
    match error {
        // A full disk or a missing table is nobody's fault in the batch: it waits, and loses nothing.
        StoreError::Unavailable(_)
        | StoreError::Changed { .. }
        | StoreError::InUse { .. }
        | StoreError::Failed(_) => BatchFailed::TryAgain(text),
        StoreError::Data(_) | StoreError::GroupInUse { .. } | StoreError::Corrupt { .. } => {
            BatchFailed::OneByOne(text)
        }
    }
}

/// For what is read for every command alike, the catalogue above all: that it cannot be read is not to be laid at the
/// door of whichever message came first, or one unreadable row parks the whole backlog. The batch waits instead.
pub(crate) fn nobodys_fault(error: StoreError) -> StoreError {
    match error {
        StoreError::Corrupt { .. } => StoreError::Failed(Box::new(error)),
        StoreError::Unavailable(_)
        | StoreError::Data(_)
        | StoreError::Changed { .. }
        | StoreError::GroupInUse { .. }
        | StoreError::InUse { .. }
        | StoreError::Failed(_) => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lost_connection_burns_no_attempt_and_bad_data_is_looked_for_one_by_one() {
        let lost = StoreError::Unavailable("connection reset".into());
        assert!(matches!(batch_failed(&lost), BatchFailed::TryAgain(_)));
        let bad = StoreError::Data("a rule of the schema".into());
        assert!(matches!(batch_failed(&bad), BatchFailed::OneByOne(_)));
    }
}
