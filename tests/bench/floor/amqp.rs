//! The floor's hand on RabbitMQ: batches taken without waiting for more, publishes of a batch under way together.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use futures::{FutureExt, StreamExt, future::try_join_all};
use lapin::message::Delivery;
use lapin::options::{
    BasicAckOptions, BasicConsumeOptions, BasicPublishOptions, BasicQosOptions, ConfirmSelectOptions,
};
use lapin::types::{FieldTable, ShortString};
use lapin::{BasicProperties, Channel, Confirmation, Connection, ConnectionProperties};
use serde::Deserialize;
use smista_queues::NamePrefix;
use uuid::Uuid;

/// How often a lane that has nothing looks whether its step is over.
const LOOK_UP: Duration = Duration::from_millis(20);

/// One connection to publish, one to consume.
pub(crate) struct Link {
    publishing: Connection,
    consuming: Connection,
    prefix: NamePrefix,
}

/// A fact to publish, and the outbox row that it is in.
pub(crate) struct Fact {
    pub(crate) row: i64,
    pub(crate) kind: &'static str,
    pub(crate) body: Vec<u8>,
}

/// What the floor reads of a message.
#[derive(Debug, Deserialize)]
pub(crate) struct Command {
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) subject: Option<Uuid>,
}

impl Link {
    pub(crate) async fn open(url: &str, prefix: NamePrefix) -> Result<Self> {
        let publishing = Connection::connect(url, ConnectionProperties::default()).await?;
        let consuming = Connection::connect(url, ConnectionProperties::default()).await?;
        Ok(Self { publishing, consuming, prefix })
    }

    pub(crate) async fn reader(&self, queue: &str, batch: usize) -> Result<Reader> {
        let channel = self.consuming.create_channel().await?;
        let prefetch = u16::try_from(batch * 2).unwrap_or(u16::MAX);
        channel.basic_qos(prefetch, BasicQosOptions::default()).await?;
        let queue = ShortString::from(self.prefix.full(queue));
        let options = BasicConsumeOptions::default();
        let stream =
            channel.basic_consume(queue, ShortString::default(), options, FieldTable::default()).await?;
        Ok(Reader { channel, stream })
    }

    pub(crate) async fn publisher(&self) -> Result<Publisher> {
        let channel = self.publishing.create_channel().await?;
        channel.confirm_select(ConfirmSelectOptions::default()).await?;
        let exchange = ShortString::from(self.prefix.full("facts"));
        let properties = BasicProperties::default()
            .with_content_type("application/cloudevents+json".into())
            .with_delivery_mode(2)
            .with_user_id(ShortString::from(self.publishing.status().username()));
        Ok(Publisher { channel, exchange, properties })
    }

    pub(crate) async fn close(&self) {
        for connection in [&self.publishing, &self.consuming] {
            // At the end of a measurement it does not matter how a connection ends.
            let _closed = connection.close(200, ShortString::default()).await;
        }
    }
}

pub(crate) struct Reader {
    channel: Channel,
    stream: lapin::Consumer,
}

impl Reader {
    /// What is there, up to a batch; nothing when nothing came for a moment.
    pub(crate) async fn take(&mut self, most: usize) -> Result<Option<Vec<Delivery>>> {
        let Ok(first) = tokio::time::timeout(LOOK_UP, self.stream.next()).await else { return Ok(None) };
        let mut taken = vec![first.context("the consumer ended")??];
        while taken.len() < most {
            match self.stream.next().now_or_never() {
                Some(next) => taken.push(next.context("the consumer ended")??),
                None => break,
            }
        }
        Ok(Some(taken))
    }

    pub(crate) async fn acknowledge(&self, taken: &[Delivery]) -> Result<()> {
        let last = taken.last().context("a batch")?.delivery_tag;
        Ok(self.channel.basic_ack(last, BasicAckOptions { multiple: true }).await?)
    }
}

pub(crate) fn read(taken: &[Delivery]) -> Result<Vec<Command>> {
    taken.iter().map(|delivery| Ok(serde_json::from_slice(&delivery.data)?)).collect()
}

pub(crate) struct Publisher {
    channel: Channel,
    exchange: ShortString,
    properties: BasicProperties,
}

impl Publisher {
    /// Publishes all, awaits all confirms; the outbox rows that may be deleted now.
    pub(crate) async fn publish(&self, facts: Vec<Fact>) -> Result<Vec<i64>> {
        let sent = facts.iter().map(|fact| {
            let (exchange, key) = (self.exchange.clone(), ShortString::from(fact.kind));
            let options = BasicPublishOptions::default();
            self.channel.basic_publish(exchange, key, options, &fact.body, self.properties.clone())
        });
        let confirms = try_join_all(try_join_all(sent).await?).await?;
        ensure!(confirms.iter().all(|confirm| matches!(confirm, Confirmation::Ack(None))), "not confirmed");
        Ok(facts.into_iter().map(|fact| fact.row).collect())
    }
}
