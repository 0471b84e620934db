//! Telling a client of the broker why its command was refused, whether or not a case was concerned.
//!
//! Knows: the form of `command.refused`. Must not know: why anything is refused.

use smista_messages::facts::{COMMAND_REFUSED, CommandRefused};
use smista_messages::version::schema_of;
use smista_queues::Envelope;
use smista_store::{Asked, Exchange, MessageKey, OutboxMessage, StoreError, WriteSet};
use uuid::Uuid;

use crate::Office;
use crate::announce::to_publish;

/// The namespace of the ids of refusals.
const REFUSAL_NAMESPACE: Uuid = Uuid::from_u128(0x2b91_4c7e_0d35_5f6a_8e21_0550_5505_5066);

impl Office {
    /// The message that tells a client of a refusal. Its id follows from the verified client and the command's id, so
    /// that telling it twice repeats it.
    pub fn refusal_message(
        &self,
        cause: &MessageKey,
        refused: &CommandRefused,
        subject: Option<&str>,
        traceparent: Option<&str>,
    ) -> Option<OutboxMessage> {
        let name = format!("{}\n{}", cause.source, cause.id);
        let id = Uuid::new_v5(&REFUSAL_NAMESPACE, name.as_bytes()).to_string();
        let mut envelope =
            Envelope::new(id, self.source(), COMMAND_REFUSED, self.surroundings.now(), refused).ok()?;
        envelope.subject = subject.map(str::to_owned);
        envelope.dataschema = Some(schema_of(COMMAND_REFUSED));
        envelope.traceparent = traceparent.map(str::to_owned);
        to_publish(Exchange::Facts, &envelope)
    }

    /// Publishes a message for `worker` about one that never came to a decision, and nothing else, in one desk.
    /// Says whether the message that caused it was new.
    ///
    /// # Errors
    /// As of the desk; nothing was published then.
    pub async fn publish_only(
        &self,
        worker: &str,
        cause: &MessageKey,
        spool_row: Option<i64>,
        message: OutboxMessage,
    ) -> Result<bool, StoreError> {
        let mut desk = self.store.desk().await?;
        let asked = Asked { worker: worker.to_owned(), messages: vec![cause.clone()], ..Asked::default() };
        let is_new = desk.take(&asked).await?.unseen.first().copied().unwrap_or(false);
        if let Some(row) = spool_row {
            desk.settle_deliveries(&[row]).await?;
        }
        let outbox = if is_new { vec![message] } else { Vec::new() };
        desk.write(&WriteSet { outbox, ..WriteSet::default() }).await?;
        let committed = desk.commit().await?;
        self.publish(committed);
        Ok(is_new)
    }
}
