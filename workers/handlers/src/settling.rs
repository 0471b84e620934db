//! What became of a command, in the runner's words: the one place where workers judge the office's outcomes.

use serde::de::DeserializeOwned;
use smista_messages::version;
use smista_office::Outcome as Applied;
use smista_queues::{DeliveryRef, Envelope, ErrorText, Outcome, Received};
use smista_store::MessageKey;

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
        Applied::NoOperator(why) => Outcome::NothingToDo(format!("refused: {why:?}")),
        Applied::Panicked => Outcome::Permanent(ErrorText::new("deciding it panicked")),
        Applied::Failed(error) => Outcome::Permanent(ErrorText::chain(&**error)),
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

/// The data of a message. What is of a version that is not known here, or does not fit its type, will not fit later either.
pub(crate) fn data<T: DeserializeOwned>(envelope: &Envelope) -> Result<T, Outcome> {
    if !version::is_known(&envelope.message_type, envelope.dataschema.as_deref()) {
        return Err(Outcome::Permanent(ErrorText::new("its data is of a version that is not known here")));
    }
    envelope.data().map_err(|error| Outcome::Permanent(ErrorText::chain(&error)))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use smista_domain::refusal::Refusal;
    use smista_store::StoreError;

    use super::*;

    #[test]
    fn what_is_refused_or_seen_before_asks_for_nothing_and_what_breaks_is_for_a_person() {
        assert!(matches!(settled(&Applied::Refused(Refusal::Hidden)), Outcome::NothingToDo(_)));
        assert!(matches!(settled(&Applied::SeenBefore), Outcome::NothingToDo(_)));
        assert!(matches!(settled(&Applied::Panicked), Outcome::Permanent(_)));
        let bad = StoreError::Data("a rule of the schema".into());
        assert!(matches!(settled(&Applied::Failed(Arc::new(bad))), Outcome::Permanent(_)));
    }
}
