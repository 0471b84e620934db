//! The port `Handler`: what a worker is to the runner. It gets a batch and answers one outcome per message.

use async_trait::async_trait;

use crate::broker::DeliveryRef;
use crate::envelope::Envelope;
use crate::outcome::{ErrorText, Outcome};

/// A worker's code. Never acknowledges; may be called again with messages that it has handled before.
#[async_trait]
pub trait Handler: Send + Sync {
    /// Answers one outcome for each message, in the order of the batch, once their effects are committed.
    async fn handle(&self, batch: &[Received]) -> Result<Vec<Outcome>, BatchFailed>;
}

/// A decoded message whose sender the broker has verified.
#[derive(Debug, Clone)]
pub struct Received {
    pub delivery: DeliveryRef,
    pub envelope: Envelope,
    pub client: Client,
    /// 1 at the first try. [`Outcome::Later`] keeps it, [`Outcome::Transient`] adds one.
    pub attempt: u32,
    pub redelivered: bool,
}

/// For whom a message is handled: the verified client, never one that the message merely claims.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Client {
    /// Smista itself: facts, and commands that smista gives itself.
    Smista,
    /// A user of the broker, by name; its delegation bounds what it may ask.
    Named(String),
}

/// The batch as a whole failed; nothing of it is committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BatchFailed {
    /// One of its messages may be to blame (constraint or data error): handle them one by one. From a batch
    /// of one it parks the message.
    OneByOne(ErrorText),
    /// Nobody in it is to blame (lost connection, deadlock, time-out, a COMMIT of unknown outcome): the same
    /// batch is tried again after a pause and burns no attempt.
    TryAgain(ErrorText),
}

impl Client {
    /// As the extension `cliente` carries it; smista itself is not named.
    pub(crate) fn as_extension(&self) -> Option<String> {
        match self {
            Client::Smista => None,
            Client::Named(name) => Some(name.clone()),
        }
    }

    /// As stores keep it: `smista` or `cliente:NAME`, so that no client can take smista's name.
    pub fn to_text(&self) -> String {
        match self {
            Client::Smista => "smista".to_owned(),
            Client::Named(name) => format!("cliente:{name}"),
        }
    }

    /// The client that [`Client::to_text`] wrote.
    pub fn from_text(text: &str) -> Option<Self> {
        match text.strip_prefix("cliente:") {
            Some(name) => Some(Client::Named(name.to_owned())),
            None => (text == "smista").then_some(Client::Smista),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_survives_its_text_form_whatever_its_name() {
        for client in [Client::Smista, Client::Named("smista".to_owned()), Client::Named(String::new())] {
            assert_eq!(Client::from_text(&client.to_text()), Some(client));
        }
        assert_eq!(Client::from_text("anybody"), None);
    }
}
