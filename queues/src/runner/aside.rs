//! Laying messages aside when the store does not take one of them: the others must not wait for it, and it must not
//! come back for ever.

use super::Runner;
use crate::envelope::Envelope;
use crate::handler::Client;
use crate::outcome::ErrorText;
use crate::shelf::{Parked, ShelfError, Wait};

impl Runner {
    /// Writes all waits and parked messages; answers what was written in the end.
    ///
    /// All in one transaction. When the store does not take that, each by itself, and what it still does not take is
    /// parked as nothing but its bytes and the reason.
    pub(super) async fn lay_aside(
        &self,
        waits: Vec<Wait>,
        parked: Vec<Parked>,
    ) -> Result<(Vec<Wait>, Vec<Parked>), ShelfError> {
        match self.shelf.put(&waits, &parked).await {
            Ok(()) => return Ok((waits, parked)),
            Err(ShelfError::Data(reason)) => tracing::warn!(reason, "messages are laid aside one by one"),
            Err(error @ ShelfError::Unavailable(_)) => return Err(error),
        }
        let (mut waiting, mut set_aside) = (Vec::new(), Vec::new());
        for wait in waits {
            match self.shelf.put(std::slice::from_ref(&wait), &[]).await {
                Ok(()) => waiting.push(wait),
                Err(ShelfError::Data(reason)) => {
                    set_aside.push(self.park_bare(instead_of(wait, (self.clock)()), &reason).await?);
                }
                Err(error @ ShelfError::Unavailable(_)) => return Err(error),
            }
        }
        for message in parked {
            match self.shelf.put(&[], std::slice::from_ref(&message)).await {
                Ok(()) => set_aside.push(message),
                Err(ShelfError::Data(reason)) => set_aside.push(self.park_bare(message, &reason).await?),
                Err(error @ ShelfError::Unavailable(_)) => return Err(error),
            }
        }
        Ok((waiting, set_aside))
    }

    async fn park_bare(&self, message: Parked, refusal: &str) -> Result<Parked, ShelfError> {
        let message = bare(message, refusal);
        self.shelf.put(&[], std::slice::from_ref(&message)).await?;
        Ok(message)
    }
}

/// Nothing that a sender wrote but the bytes themselves: any of it may be what the store does not take.
fn bare(message: Parked, refusal: &str) -> Parked {
    let reason = format!("{} ({refusal})", message.reason);
    let reason = ErrorText::new(reason.chars().filter(|it| !it.is_control()).collect::<String>());
    Parked { source: None, message_id: None, message_type: None, headers: Vec::new(), reason, ..message }
}

/// A wait that cannot be kept, as a parked message.
fn instead_of(wait: Wait, now: chrono::DateTime<chrono::Utc>) -> Parked {
    let ours = Envelope::parse_from_smista(&wait.body).ok();
    Parked {
        delivery: wait.delivery,
        queue: wait.queue,
        source: Some(wait.source),
        message_id: Some(wait.message_id),
        message_type: Some(wait.message_type),
        body: wait.body,
        headers: Vec::new(),
        client: ours.map(|envelope| envelope.cliente.map_or(Client::Smista, Client::Named)),
        reason: wait.reason.unwrap_or_else(|| ErrorText::new("it was to wait")),
        attempt: wait.attempt,
        parked_at: now,
    }
}
