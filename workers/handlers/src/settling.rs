//! What became of a command, in the runner's words: the one place where workers judge the office's outcomes.

use smista_office::Outcome as Applied;
use smista_queues::{BatchFailed, DeliveryRef, Envelope, ErrorText, Outcome, Received};
use smista_store::{MessageKey, StoreError};

/// A system actor's command that is refused asks for nothing any more: the case has moved on meanwhile.
pub(crate) fn settled(outcome: &Applied) -> Outcome {
    match outcome {
        Applied::Applied(_) => Outcome::Done,
        Applied::OpenedBefore(_) => Outcome::NothingToDo("opened before".to_owned()),
        Applied::SeenBefore => Outcome::NothingToDo("seen before".to_owned()),
        Applied::Answered(_) | Applied::KeyOfOtherRequest => {
            Outcome::NothingToDo("answered before".to_owned())
        }
        Applied::Refused(refusal) => Outcome::NothingToDo(format!("refused: {refusal:?}")),
        Applied::Panicked => Outcome::Permanent(ErrorText::new("deciding it panicked")),
        Applied::Failed(error) => Outcome::Permanent(ErrorText::chain(&**error)),
    }
}

/// Whether the batch is worth trying again as it is, or holds a message that the store will never take.
pub(crate) fn batch_failed(error: &StoreError) -> BatchFailed {
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

/// What names this message for ever.
pub(crate) fn message_key(envelope: &Envelope) -> MessageKey {
    MessageKey { source: envelope.source.clone(), id: envelope.id.clone() }
}

/// The spool row to settle in the worker's own transaction, on a set-up that has a spool.
pub(crate) fn spool_row(received: &Received) -> Option<i64> {
    match received.delivery {
        DeliveryRef::SpoolRow(row) => Some(row),
        DeliveryRef::AmqpTag(_) => None,
    }
}

/// Data that does not fit its message type will not fit later either.
pub(crate) fn undecodable(error: &serde_json::Error) -> Outcome {
    Outcome::Permanent(ErrorText::chain(error))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use smista_domain::refusal::Refusal;

    use super::*;

    fn data_error() -> StoreError {
        StoreError::Data("a rule of the schema".into())
    }

    #[test]
    fn what_is_refused_or_seen_before_asks_for_nothing_and_what_breaks_is_for_a_person() {
        assert!(matches!(settled(&Applied::Refused(Refusal::Hidden)), Outcome::NothingToDo(_)));
        assert!(matches!(settled(&Applied::SeenBefore), Outcome::NothingToDo(_)));
        assert!(matches!(settled(&Applied::Panicked), Outcome::Permanent(_)));
        assert!(matches!(settled(&Applied::Failed(Arc::new(data_error()))), Outcome::Permanent(_)));
    }

    #[test]
    fn a_lost_connection_burns_no_attempt_and_bad_data_is_looked_for_one_by_one() {
        let lost = StoreError::Unavailable("connection reset".into());
        assert!(matches!(batch_failed(&lost), BatchFailed::TryAgain(_)));
        assert!(matches!(batch_failed(&data_error()), BatchFailed::OneByOne(_)));
    }
}
