//! What must exist on the broker, declared before it is first used and again whenever it may be gone.
//!
//! A queue that somebody deleted, or a broker that was built anew, heals by itself: whatever fails raises a doubt, and
//! whoever starts after a doubt declares first.

use std::sync::{Arc, PoisonError, RwLock};

use lapin::options::{
    ExchangeDeclareOptions, ExchangeDeleteOptions, QueueBindOptions, QueueDeclareOptions, QueueDeleteOptions,
};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{Channel, ExchangeKind};
use tokio::sync::Mutex;

use super::RabbitSettings;
use super::link::{Doubts, Link, Spoilt, Trouble, close, patiently, short};
use crate::broker::{BrokerError, Depth, Outgoing};
use crate::names::{Exchange, NamePrefix};
use crate::topology::{Queue, Topology};

/// How often the broker hands a message out before it makes it a dead letter. A small one would take innocent
/// messages along with a killer.
const DELIVERY_LIMIT: i64 = 50;
/// For the queue of dead letters, which has no further place to send to: past its limit it would lose them.
const DELIVERY_LIMIT_OF_THE_DEAD: i64 = 1_000_000;

pub(super) struct Declarations {
    prefix: NamePrefix,
    link: Link,
    doubts: Arc<Doubts>,
    topology: RwLock<Option<Topology>>,
    /// What is counted where nothing is declared.
    counted: RwLock<Option<Topology>>,
    /// The doubts that there had been when all of it was last declared.
    declared: Mutex<Option<u64>>,
}

impl Declarations {
    pub(super) fn new(settings: &RabbitSettings, doubts: Arc<Doubts>) -> Self {
        Self {
            prefix: settings.prefix.clone(),
            link: Link::new(settings, "declare", Arc::clone(&doubts)),
            doubts,
            topology: RwLock::default(),
            counted: RwLock::default(),
            declared: Mutex::default(),
        }
    }

    pub(super) fn remember(&self, topology: &Topology) {
        *self.topology.write().unwrap_or_else(PoisonError::into_inner) = Some(*topology);
        self.doubts.raise();
    }

    pub(super) fn count_in(&self, topology: &Topology) {
        *self.counted.write().unwrap_or_else(PoisonError::into_inner) = Some(*topology);
    }

    fn topology(&self) -> Option<Topology> {
        *self.topology.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// What came back although the table has a queue for it: that queue is gone.
    pub(super) fn came_back(&self, message: &Outgoing) {
        let routed =
            |topology: Topology| !topology.route(&message.destination, &message.message_type).is_empty();
        if self.topology().is_some_and(routed) {
            self.doubts.raise();
        }
    }

    /// Declares what is remembered, unless nothing went wrong since that was last done.
    pub(super) async fn renew(&self) -> Result<(), Trouble> {
        let mut declared = self.declared.lock().await;
        // Before declaring, so that a doubt that is raised meanwhile has it done once more.
        let doubts = self.doubts.so_far();
        let Some(topology) = self.topology().filter(|_| *declared != Some(doubts)) else { return Ok(()) };
        self.declare(&topology).await?;
        *declared = Some(doubts);
        Ok(())
    }

    /// Every queue is tried, whatever the broker says about another: one that cannot be had keeps no other from work.
    async fn declare(&self, topology: &Topology) -> Result<(), Trouble> {
        let connection = self.link.connection().await?;
        let channel = self.link.channel_on(&connection).await?;
        let exchanges = self.declare_exchanges(&channel).await;
        self.link.end(&connection, &channel, spoilt_by(&exchanges)).await;
        exchanges?;
        let mut first_refusal = Ok(());
        for queue in topology.queues {
            let channel = self.link.channel_on(&connection).await?;
            let declared = self.declare_queue(&channel, queue).await;
            self.link.end(&connection, &channel, spoilt_by(&declared)).await;
            match declared {
                Err(trouble) if trouble.spoilt < Spoilt::Connection => {
                    first_refusal = first_refusal.and(Err(trouble));
                }
                other => other?,
            }
        }
        first_refusal
    }

    async fn declare_exchanges(&self, channel: &Channel) -> Result<(), Trouble> {
        // First, since a dead letter with nowhere to go holds up its whole queue.
        let dead = short(self.prefix.full(NamePrefix::DEAD))?;
        let arguments = quorum_queue(DELIVERY_LIMIT_OF_THE_DEAD);
        patiently(channel.queue_declare(dead, QueueDeclareOptions::durable(), arguments)).await?;
        for exchange in Exchange::ALL {
            let name = short(self.prefix.full(exchange.as_str()))?;
            let options = ExchangeDeclareOptions { durable: true, ..Default::default() };
            let declared =
                channel.exchange_declare(name, ExchangeKind::Topic, options, FieldTable::default());
            patiently(declared).await?;
        }
        Ok(())
    }

    async fn declare_queue(&self, channel: &Channel, queue: &Queue) -> Result<(), Trouble> {
        let name = short(self.prefix.full(queue.name))?;
        let arguments = dead_lettering(quorum_queue(DELIVERY_LIMIT), &self.prefix.full(NamePrefix::DEAD));
        patiently(channel.queue_declare(name.clone(), QueueDeclareOptions::durable(), arguments)).await?;
        for binding in queue.fed_by {
            let exchange = short(self.prefix.full(binding.exchange.as_str()))?;
            let key = short(binding.message_type.to_owned())?;
            let options = QueueBindOptions::default();
            let bound = channel.queue_bind(name.clone(), exchange, key, options, FieldTable::default());
            patiently(bound).await?;
        }
        Ok(())
    }

    pub(super) async fn depths(&self) -> Result<Vec<Depth>, BrokerError> {
        let only_counted = || *self.counted.read().unwrap_or_else(PoisonError::into_inner);
        let Some(topology) = self.topology().or_else(only_counted) else { return Ok(Vec::new()) };
        let connection = self.link.connection().await?;
        self.renew().await?;
        let channel = self.link.channel_on(&connection).await?;
        let depths = self.depths_on(&channel, &topology).await;
        self.link.end(&connection, &channel, spoilt_by(&depths)).await;
        Ok(depths?)
    }

    async fn depths_on(&self, channel: &Channel, topology: &Topology) -> Result<Vec<Depth>, Trouble> {
        let mut depths = Vec::with_capacity(topology.queues.len() + 1);
        for name in names(topology) {
            let full = short(self.prefix.full(name))?;
            let passive = QueueDeclareOptions::durable().passive();
            let queue = patiently(channel.queue_declare(full, passive, FieldTable::default())).await?;
            depths.push(Depth { queue: name.to_owned(), waiting: u64::from(queue.message_count()) });
        }
        Ok(depths)
    }

    pub(super) async fn delete_everything(&self, topology: &Topology) -> Result<(), BrokerError> {
        let channel = self.link.channel().await?;
        for name in names(topology) {
            let name = short(self.prefix.full(name))?;
            patiently(channel.queue_delete(name, QueueDeleteOptions::default())).await?;
        }
        for exchange in Exchange::ALL {
            let name = short(self.prefix.full(exchange.as_str()))?;
            patiently(channel.exchange_delete(name, ExchangeDeleteOptions::default())).await?;
        }
        self.doubts.raise();
        close(&channel).await;
        Ok(())
    }

    pub(super) async fn disconnect(&self) {
        self.link.disconnect().await;
    }
}

fn names(topology: &Topology) -> impl Iterator<Item = &'static str> {
    topology.queues.iter().map(|queue| queue.name).chain([NamePrefix::DEAD])
}

fn spoilt_by<T>(result: &Result<T, Trouble>) -> Spoilt {
    result.as_ref().map_or_else(|trouble| trouble.spoilt, |_| Spoilt::Nothing)
}

fn quorum_queue(delivery_limit: i64) -> FieldTable {
    // Said explicitly, since the defaults of 3.10 and 4.x differ.
    let mut arguments = FieldTable::default();
    arguments.insert("x-queue-type".into(), AMQPValue::LongString("quorum".into()));
    arguments.insert("x-delivery-limit".into(), AMQPValue::LongLongInt(delivery_limit));
    arguments.insert("x-overflow".into(), AMQPValue::LongString("reject-publish".into()));
    arguments
}

fn dead_lettering(mut arguments: FieldTable, target: &str) -> FieldTable {
    arguments.insert("x-dead-letter-exchange".into(), AMQPValue::LongString("".into()));
    arguments.insert("x-dead-letter-routing-key".into(), AMQPValue::LongString(target.into()));
    arguments.insert("x-dead-letter-strategy".into(), AMQPValue::LongString("at-least-once".into()));
    arguments
}
