//! A connection that is opened when it is needed, and what goes wrong on it.
//!
//! Knows how far a failure reaches: the broker's refusal of one request ends the channel that made it, and nothing
//! else. Must not know what the connection is for.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use lapin::protocol::{AMQPErrorKind, AMQPHardError, AMQPSoftError};
use lapin::types::ShortString;
use lapin::{Channel, Connection, ConnectionProperties};
use tokio::sync::Mutex;

use super::RabbitSettings;
use crate::broker::BrokerError;

/// Connecting and every short exchange with the broker take no longer.
const PATIENCE: Duration = Duration::from_secs(15);
/// AMQP's "reply-success".
const GOODBYE: u16 = 200;

/// How often something went wrong: what was declared before the last time may be gone.
#[derive(Default)]
pub(super) struct Doubts(AtomicU64);

impl Doubts {
    pub(super) fn raise(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn so_far(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// How much of the way to the broker a failure takes with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Spoilt {
    Nothing,
    Channel,
    Connection,
}

/// A failure and how far it reaches.
#[derive(Debug)]
pub(super) struct Trouble {
    pub(super) error: BrokerError,
    pub(super) spoilt: Spoilt,
}

impl Trouble {
    /// The broker gave no answer: nobody knows what state the connection is in.
    pub(super) fn late(what: &str) -> Self {
        Self { error: BrokerError::Unavailable(what.to_owned()), spoilt: Spoilt::Connection }
    }

    pub(super) fn of_channel(what: &str) -> Self {
        Self { error: BrokerError::Unavailable(what.to_owned()), spoilt: Spoilt::Channel }
    }
}

impl From<Trouble> for BrokerError {
    fn from(trouble: Trouble) -> Self {
        trouble.error
    }
}

impl From<lapin::Error> for Trouble {
    fn from(error: lapin::Error) -> Self {
        let spoilt = if error.is_amqp_soft_error() { Spoilt::Channel } else { Spoilt::Connection };
        // A refusal stays what it is when the request is repeated. What is only not there can be declared again.
        let is_final = match error.kind() {
            lapin::ErrorKind::ProtocolError(refusal) => matches!(
                refusal.kind(),
                AMQPErrorKind::Soft(AMQPSoftError::ACCESSREFUSED | AMQPSoftError::PRECONDITIONFAILED)
                    | AMQPErrorKind::Hard(AMQPHardError::NOTALLOWED | AMQPHardError::INVALIDPATH)
            ),
            _ => false,
        };
        let text = error.to_string();
        let error = if is_final { BrokerError::Unsuitable(text) } else { BrokerError::Unavailable(text) };
        Self { error, spoilt }
    }
}

/// One connection. Whoever finds that it fails has it dropped, and the next use opens a new one.
pub(super) struct Link {
    url: String,
    name: String,
    connection: Mutex<Option<Arc<Connection>>>,
    status: RwLock<Option<lapin::ConnectionStatus>>,
    doubts: Arc<Doubts>,
}

impl Link {
    pub(super) fn new(settings: &RabbitSettings, purpose: &str, doubts: Arc<Doubts>) -> Self {
        let (connection, status) = (Mutex::default(), RwLock::default());
        Self { url: settings.url.clone(), name: settings.prefix.full(purpose), connection, status, doubts }
    }

    pub(super) async fn connection(&self) -> Result<Arc<Connection>, Trouble> {
        let mut slot = self.connection.lock().await;
        if let Some(connection) = slot.as_ref() {
            if connection.status().connected() {
                return Ok(connection.clone());
            }
            // The broker that answers next may be another one, or the same with nothing in it.
            self.doubts.raise();
        }
        let properties = ConnectionProperties::default().with_connection_name(self.name.clone().into());
        let connection = Arc::new(patiently(Connection::connect(&self.url, properties)).await?);
        *self.status.write().unwrap_or_else(PoisonError::into_inner) = Some(connection.status().clone());
        *slot = Some(connection.clone());
        Ok(connection)
    }

    pub(super) async fn channel(&self) -> Result<Channel, Trouble> {
        let connection = self.connection().await?;
        self.channel_on(&connection).await
    }

    pub(super) async fn channel_on(&self, connection: &Arc<Connection>) -> Result<Channel, Trouble> {
        match patiently(connection.create_channel()).await {
            Ok(channel) => Ok(channel),
            Err(trouble) => {
                self.discard(connection).await;
                Err(trouble)
            }
        }
    }

    /// The library keeps this flag from the broker's `connection.blocked` and `connection.unblocked`.
    pub(super) fn is_blocked(&self) -> bool {
        let status = self.status.read().unwrap_or_else(PoisonError::into_inner);
        status.as_ref().is_some_and(|status| status.connected() && status.blocked())
    }

    /// Ends a channel that failed, or the connection with it when the failure reaches so far.
    pub(super) async fn end(&self, connection: &Arc<Connection>, channel: &Channel, spoilt: Spoilt) {
        if spoilt > Spoilt::Nothing {
            self.doubts.raise();
        }
        if spoilt == Spoilt::Connection || !connection.status().connected() {
            self.discard(connection).await;
        } else {
            close(channel).await;
        }
    }

    /// Drops this connection for everybody, unless that has happened already. Waits for no goodbye: what does not
    /// answer may not answer that either.
    async fn discard(&self, failed: &Arc<Connection>) {
        let mut slot = self.connection.lock().await;
        if let Some(current) = slot.take_if(|current| Arc::ptr_eq(current, failed)) {
            let name = self.name.clone();
            tokio::spawn(async move { say_goodbye(&current, &name).await });
        }
    }

    pub(super) async fn disconnect(&self) {
        // In a statement of its own, so that nobody who wants a new connection waits for the old one's goodbye.
        let current = self.connection.lock().await.take();
        if let Some(connection) = current {
            say_goodbye(&connection, &self.name).await;
        }
    }
}

async fn say_goodbye(connection: &Connection, name: &str) {
    if let Err(trouble) = patiently(connection.close(GOODBYE, ShortString::default())).await {
        tracing::debug!(error = %trouble.error, connection = name, "the connection was gone already");
    }
}

pub(super) async fn close(channel: &Channel) {
    if let Err(trouble) = patiently(channel.close(GOODBYE, ShortString::default())).await {
        tracing::debug!(error = %trouble.error, "the channel was gone already");
    }
}

pub(super) async fn patiently<T>(exchange: impl Future<Output = lapin::Result<T>>) -> Result<T, Trouble> {
    match tokio::time::timeout(PATIENCE, exchange).await {
        Ok(answer) => Ok(answer?),
        Err(_elapsed) => Err(Trouble::late("it did not answer in time")),
    }
}

pub(super) fn short(name: String) -> Result<ShortString, Trouble> {
    ShortString::try_new(name).map_err(|_| Trouble {
        error: BrokerError::Unsuitable("a name of more than 255 bytes".to_owned()),
        spoilt: Spoilt::Nothing,
    })
}
