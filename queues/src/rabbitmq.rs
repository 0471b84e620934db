//! The broker on RabbitMQ 3.10 and later. Only this file's folder names the AMQP library.
//!
//! One connection to publish, since a blocked publisher must not keep acknowledgements from passing; one to declare;
//! and one for each queue that is consumed, since a message that the library cannot read ends the connection that it
//! comes in on. The library's recovery stays off: after a channel error its consumers stay silent for ever.

mod declarations;
mod link;
mod publishing;
mod reader;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;

use crate::broker::{Broker, BrokerError, Consumer, Depth, Outgoing, Published, Taking};
use crate::names::NamePrefix;
use crate::topology::Topology;
use declarations::Declarations;
use link::{Doubts, Link};
use publishing::Publishing;
use reader::Reader;

/// How to reach a broker.
#[derive(Clone)]
pub struct RabbitSettings {
    /// `amqp://` or `amqps://`, with user, password and virtual host. A secret: never logged.
    pub url: String,
    pub prefix: NamePrefix,
    /// How long a set of publishes may wait for its confirms; the broker gives none while it is blocked.
    pub confirm_timeout: Duration,
    /// The most messages published and not yet confirmed.
    pub in_flight: u16,
}

/// Whether a text is a URL that this broker can be reached by; what is wrong with one is not told, since it would quote the
/// password.
pub fn is_amqp_url(text: &str) -> bool {
    text.parse::<lapin::uri::AMQPUri>().is_ok()
}

/// The port [`Broker`] over AMQP 0-9-1.
///
/// What [`Broker::declare`] was last asked for is remembered, also when the broker could not be reached: it is declared
/// before the first use and again after every failure.
pub struct RabbitMq {
    settings: RabbitSettings,
    doubts: Arc<Doubts>,
    declarations: Arc<Declarations>,
    publishing: Publishing,
    consuming: Mutex<BTreeMap<String, Arc<Link>>>,
}

impl RabbitMq {
    /// Connects nothing yet: the first use does.
    pub fn new(settings: RabbitSettings) -> Self {
        let doubts = Arc::new(Doubts::default());
        let declarations = Arc::new(Declarations::new(&settings, Arc::clone(&doubts)));
        let publishing = Publishing::new(&settings, Arc::clone(&declarations), Arc::clone(&doubts));
        Self { settings, doubts, declarations, publishing, consuming: Mutex::default() }
    }

    /// Has [`Broker::depths`] count the queues of this topology, for whoever only looks and declares nothing.
    pub fn count_in(&self, topology: &Topology) {
        self.declarations.count_in(topology);
    }

    /// The connection on which this queue is consumed, whoever else is.
    fn link_to(&self, queue: &str) -> Arc<Link> {
        let mut links = self.consuming.lock().unwrap_or_else(PoisonError::into_inner);
        let new =
            || Arc::new(Link::new(&self.settings, &format!("consume.{queue}"), Arc::clone(&self.doubts)));
        Arc::clone(links.entry(queue.to_owned()).or_insert_with(new))
    }

    /// Deletes the queues and exchanges of this installation with all that they hold: to take one down, and
    /// for tests.
    pub async fn delete_everything(&self, topology: &Topology) -> Result<(), BrokerError> {
        self.declarations.delete_everything(topology).await?;
        self.close().await;
        Ok(())
    }
}

#[async_trait]
impl Broker for RabbitMq {
    async fn declare(&self, topology: &Topology) -> Result<(), BrokerError> {
        topology.check()?;
        self.declarations.remember(topology);
        Ok(self.declarations.renew().await?)
    }

    async fn publish(&self, messages: &[Outgoing]) -> Vec<Published> {
        self.publishing.publish(messages).await
    }

    async fn consume(&self, queue: &str, taking: Taking) -> Result<Box<dyn Consumer>, BrokerError> {
        let link = self.link_to(queue);
        let connection = link.connection().await?;
        match self.declarations.renew().await.map_err(BrokerError::from) {
            // Of this queue or of another: the consumer will find out.
            Err(BrokerError::Unsuitable(why)) => tracing::warn!(why, "not everything could be declared"),
            renewed => renewed?,
        }
        let reader = Reader::open(link, connection, &self.settings.prefix, queue, taking).await?;
        Ok(Box::new(reader))
    }

    async fn depths(&self) -> Result<Vec<Depth>, BrokerError> {
        self.declarations.depths().await
    }

    fn is_blocked(&self) -> bool {
        self.publishing.is_blocked()
    }

    async fn close(&self) {
        let links = std::mem::take(&mut *self.consuming.lock().unwrap_or_else(PoisonError::into_inner));
        let goodbyes = links.values().map(|link| link.disconnect());
        futures::future::join3(
            self.publishing.disconnect(),
            self.declarations.disconnect(),
            futures::future::join_all(goodbyes),
        )
        .await;
    }
}
