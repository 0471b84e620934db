//! The broker on RabbitMQ 3.10 and later. The only file that names the AMQP library.
//!
//! Two connections, one to publish and one to consume, since a blocked publisher must not keep
//! acknowledgements from passing. The library's recovery stays off: after a channel error its consumers stay
//! silent for ever. Whatever fails takes its whole connection with it; the next use opens a new one.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use async_trait::async_trait;
use futures::{FutureExt, StreamExt};
use lapin::options::{
    BasicAckOptions, BasicCancelOptions, BasicConsumeOptions, BasicGetOptions, BasicPublishOptions,
    BasicQosOptions, ConfirmSelectOptions, ExchangeDeclareOptions, ExchangeDeleteOptions, QueueBindOptions,
    QueueDeclareOptions, QueueDeleteOptions,
};
use lapin::types::{AMQPValue, FieldTable, ShortString};
use lapin::{BasicProperties, Channel, Confirmation, Connection, ConnectionProperties, ExchangeKind};
use tokio::sync::{Mutex, Semaphore};

use crate::acknowledge::acknowledgements;
use crate::broker::{
    Broker, BrokerError, Consumer, Delivery, DeliveryRef, Depth, Outgoing, Published, Sender, Taking,
};
use crate::envelope::CONTENT_TYPE;
use crate::names::Destination;
use crate::names::{Exchange, NamePrefix};
use crate::topology::Topology;

/// How often the broker hands a message out before it makes it a dead letter. A small one would take innocent
/// messages along with a killer.
const DELIVERY_LIMIT: i64 = 50;
/// For the queue of dead letters, which has no further place to send to: past its limit it would lose them.
const DELIVERY_LIMIT_OF_THE_DEAD: i64 = 1_000_000;
/// Connecting and every short exchange with the broker take no longer.
const PATIENCE: Duration = Duration::from_secs(15);
/// AMQP's "reply-success".
const GOODBYE: u16 = 200;
const PERSISTENT: u8 = 2;
/// What is kept of foreign headers when a message is parked.
const MAX_HEADERS: usize = 16;
const MAX_HEADER_CHARS: usize = 256;

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
pub struct RabbitMq {
    settings: RabbitSettings,
    publishing: Link,
    consuming: Arc<Link>,
    /// The channel in confirm mode on the publishing connection.
    publisher: Mutex<Option<Channel>>,
    flight: Semaphore,
    queues: RwLock<Vec<&'static str>>,
}

impl RabbitMq {
    /// Connects nothing yet: the first use does.
    pub fn new(settings: RabbitSettings) -> Self {
        Self {
            publishing: Link::new(&settings, "publish"),
            consuming: Arc::new(Link::new(&settings, "consume")),
            publisher: Mutex::new(None),
            flight: Semaphore::new(usize::from(settings.in_flight.max(1))),
            queues: RwLock::new(Vec::new()),
            settings,
        }
    }

    /// Has [`Broker::depths`] count the queues of this topology, for whoever only looks and declares nothing.
    pub fn count_in(&self, topology: &Topology) {
        let names = topology.queues.iter().map(|queue| queue.name).chain([NamePrefix::DEAD]).collect();
        *self.queues.write().unwrap_or_else(PoisonError::into_inner) = names;
    }

    async fn publisher(&self) -> Result<(Arc<Connection>, Channel), BrokerError> {
        let connection = self.publishing.connection().await?;
        let mut slot = self.publisher.lock().await;
        if let Some(channel) = slot.as_ref().filter(|channel| channel.status().connected()) {
            return Ok((connection, channel.clone()));
        }
        let channel = patiently(connection.create_channel()).await?;
        patiently(channel.confirm_select(ConfirmSelectOptions::default())).await?;
        *slot = Some(channel.clone());
        Ok((connection, channel))
    }

    /// Publishes what the flight has room for and waits for every confirm.
    async fn publish_some(
        &self,
        messages: &[Outgoing],
        fates: &mut Vec<Published>,
    ) -> Result<(), BrokerError> {
        let (connection, channel) = self.publisher().await?;
        let own_user = ShortString::from(connection.status().username());
        let mut confirms = Vec::with_capacity(messages.len());
        for message in messages {
            let Ok((exchange, key, mandatory)) = self.address(message) else {
                confirms.push(None);
                continue;
            };
            let properties = BasicProperties::default()
                .with_content_type(CONTENT_TYPE.into())
                .with_delivery_mode(PERSISTENT)
                .with_user_id(own_user.clone());
            let options = BasicPublishOptions { mandatory, ..Default::default() };
            let sent = channel.basic_publish(exchange, key, options, &message.body, properties).await;
            confirms.push(Some(sent.map_err(|error| unavailable(&error))?));
        }
        for confirm in confirms {
            fates.push(match confirm {
                Some(confirm) => fate(confirm.await.map_err(|error| unavailable(&error))?),
                None => Published::Refused("its type or queue is no AMQP name".to_owned()),
            });
        }
        Ok(())
    }

    /// Exchange, routing key and whether a missing route is an error.
    fn address(&self, message: &Outgoing) -> Result<(ShortString, ShortString, bool), BrokerError> {
        Ok(match &message.destination {
            Destination::Exchange(exchange) => (
                short(self.settings.prefix.full(exchange.as_str()))?,
                short(message.message_type.clone())?,
                *exchange == Exchange::Commands,
            ),
            Destination::Queue(queue) => {
                (ShortString::default(), short(self.settings.prefix.full(queue))?, true)
            }
        })
    }

    /// Deletes the queues and exchanges of this installation with all that they hold: to take one down, and
    /// for tests.
    pub async fn delete_everything(&self, topology: &Topology) -> Result<(), BrokerError> {
        let channel = self.consuming.channel().await?;
        for name in topology.queues.iter().map(|queue| queue.name).chain([NamePrefix::DEAD]) {
            let name = short(self.settings.prefix.full(name))?;
            patiently(channel.queue_delete(name, QueueDeleteOptions::default())).await?;
        }
        for exchange in Exchange::ALL {
            let name = short(self.settings.prefix.full(exchange.as_str()))?;
            patiently(channel.exchange_delete(name, ExchangeDeleteOptions::default())).await?;
        }
        self.close().await;
        Ok(())
    }

    async fn declare_on(&self, channel: &Channel, topology: &Topology) -> Result<(), BrokerError> {
        let prefix = &self.settings.prefix;
        let durable = QueueDeclareOptions::durable();
        // First, since a dead letter with nowhere to go holds up its whole queue.
        let dead = short(prefix.full(NamePrefix::DEAD))?;
        let arguments = quorum_queue(DELIVERY_LIMIT_OF_THE_DEAD);
        patiently(channel.queue_declare(dead, durable, arguments)).await?;
        for exchange in Exchange::ALL {
            let name = short(prefix.full(exchange.as_str()))?;
            let options = ExchangeDeclareOptions { durable: true, ..Default::default() };
            let declared =
                channel.exchange_declare(name, ExchangeKind::Topic, options, FieldTable::default());
            patiently(declared).await?;
        }
        for queue in topology.queues {
            let name = short(prefix.full(queue.name))?;
            let arguments = dead_lettering(quorum_queue(DELIVERY_LIMIT), &prefix.full(NamePrefix::DEAD));
            patiently(channel.queue_declare(name.clone(), durable, arguments)).await?;
            for binding in queue.fed_by {
                let exchange = short(prefix.full(binding.exchange.as_str()))?;
                let key = short(binding.message_type.to_owned())?;
                let options = QueueBindOptions::default();
                let bound = channel.queue_bind(name.clone(), exchange, key, options, FieldTable::default());
                patiently(bound).await?;
            }
        }
        Ok(())
    }
}

#[async_trait]
impl Broker for RabbitMq {
    async fn declare(&self, topology: &Topology) -> Result<(), BrokerError> {
        topology.check()?;
        let channel = self.consuming.channel().await?;
        self.declare_on(&channel, topology).await?;
        self.count_in(topology);
        close(&channel).await;
        Ok(())
    }

    async fn publish(&self, messages: &[Outgoing]) -> Vec<Published> {
        let mut fates = Vec::with_capacity(messages.len());
        for some in messages.chunks(usize::from(self.settings.in_flight.max(1))) {
            let before = fates.len();
            let published = async {
                let _room = self.flight.acquire_many(u32::try_from(some.len()).unwrap_or(u32::MAX)).await;
                self.publish_some(some, &mut fates).await
            };
            let trouble = match tokio::time::timeout(self.settings.confirm_timeout, published).await {
                Ok(Ok(())) => continue,
                Ok(Err(error)) => error.to_string(),
                Err(_elapsed) => "the broker confirmed nothing in time".to_owned(),
            };
            self.publisher.lock().await.take();
            self.publishing.disconnect().await;
            fates.resize(before + some.len(), Published::Unknown(trouble));
        }
        fates
    }

    async fn consume(&self, queue: &str, taking: Taking) -> Result<Box<dyn Consumer>, BrokerError> {
        let connection = self.consuming.connection().await?;
        let channel = match patiently(connection.create_channel()).await {
            Ok(channel) => channel,
            Err(error) => {
                self.consuming.discard(&connection).await;
                return Err(error);
            }
        };
        let mut reader = Reader {
            queue: short(self.settings.prefix.full(queue))?,
            prefix: self.settings.prefix.clone(),
            own_user: connection.status().username(),
            link: self.consuming.clone(),
            connection,
            channel,
            failed: false,
            stream: None,
            prefetch: None,
            buffered: VecDeque::new(),
            outstanding: BTreeSet::new(),
            innocent: BTreeSet::new(),
            cancelled: false,
        };
        if let Taking::Subscribed { prefetch } = taking {
            // One at a time until one is settled: a message that kills its handler then counts only against itself.
            if let Err(error) = reader.subscribe(1).await {
                reader.failed = matches!(error, BrokerError::Unavailable(_));
                Box::new(reader).close().await;
                return Err(error);
            }
            reader.prefetch = Some(prefetch).filter(|prefetch| *prefetch > 1);
        }
        Ok(Box::new(reader))
    }

    async fn depths(&self) -> Result<Vec<Depth>, BrokerError> {
        let names = self.queues.read().unwrap_or_else(PoisonError::into_inner).clone();
        let channel = self.consuming.channel().await?;
        let mut depths = Vec::with_capacity(names.len());
        for name in names {
            let full = short(self.settings.prefix.full(name))?;
            let passive = QueueDeclareOptions::durable().passive();
            let queue = patiently(channel.queue_declare(full, passive, FieldTable::default())).await?;
            depths.push(Depth { queue: name.to_owned(), waiting: u64::from(queue.message_count()) });
        }
        close(&channel).await;
        Ok(depths)
    }

    fn is_blocked(&self) -> bool {
        self.publishing.is_blocked()
    }

    async fn close(&self) {
        self.publisher.lock().await.take();
        self.publishing.disconnect().await;
        self.consuming.disconnect().await;
    }
}

/// One connection, opened when it is needed and dropped as a whole when anything on it fails.
struct Link {
    url: String,
    name: String,
    connection: Mutex<Option<Arc<Connection>>>,
    status: RwLock<Option<lapin::ConnectionStatus>>,
}

impl Link {
    fn new(settings: &RabbitSettings, purpose: &str) -> Self {
        let name = settings.prefix.full(purpose);
        Self { url: settings.url.clone(), name, connection: Mutex::new(None), status: RwLock::new(None) }
    }

    async fn connection(&self) -> Result<Arc<Connection>, BrokerError> {
        let mut slot = self.connection.lock().await;
        if let Some(connection) = slot.as_ref().filter(|connection| connection.status().connected()) {
            return Ok(connection.clone());
        }
        let properties = ConnectionProperties::default().with_connection_name(self.name.clone().into());
        let connection = Arc::new(patiently(Connection::connect(&self.url, properties)).await?);
        *self.status.write().unwrap_or_else(PoisonError::into_inner) = Some(connection.status().clone());
        *slot = Some(connection.clone());
        Ok(connection)
    }

    async fn channel(&self) -> Result<Channel, BrokerError> {
        patiently(self.connection().await?.create_channel()).await
    }

    /// The library keeps this flag from the broker's `connection.blocked` and `connection.unblocked`.
    fn is_blocked(&self) -> bool {
        let status = self.status.read().unwrap_or_else(PoisonError::into_inner);
        status.as_ref().is_some_and(|status| status.connected() && status.blocked())
    }

    /// Drops this connection for everybody, unless that has happened already.
    async fn discard(&self, failed: &Arc<Connection>) {
        let current = self.connection.lock().await.clone();
        if current.is_some_and(|current| Arc::ptr_eq(&current, failed)) {
            self.disconnect().await;
        }
    }

    async fn disconnect(&self) {
        if let Some(connection) = self.connection.lock().await.take() {
            let goodbye = patiently(connection.close(GOODBYE, ShortString::default())).await;
            if let Err(error) = goodbye {
                tracing::debug!(%error, connection = self.name, "the connection was gone already");
            }
        }
    }
}

/// One consumer on a channel of its own.
struct Reader {
    link: Arc<Link>,
    connection: Arc<Connection>,
    channel: Channel,
    /// The broker did not answer or ended the channel: the connection goes with it.
    failed: bool,
    queue: ShortString,
    prefix: NamePrefix,
    own_user: String,
    /// Absent when taking on demand.
    stream: Option<lapin::Consumer>,
    /// The prefetch to widen to, while it is still 1.
    prefetch: Option<u16>,
    buffered: VecDeque<Delivery>,
    outstanding: BTreeSet<u64>,
    /// While the prefetch is 1: outstanding messages that were never handed out before.
    innocent: BTreeSet<u64>,
    cancelled: bool,
}

impl Reader {
    async fn subscribe(&mut self, prefetch: u16) -> Result<(), BrokerError> {
        // Per consumer: quorum queues know no other kind, and it holds for consumers started after it.
        patiently(self.channel.basic_qos(prefetch, BasicQosOptions::default())).await?;
        let options = BasicConsumeOptions::default();
        let tag = ShortString::default();
        let consumer = self.channel.basic_consume(self.queue.clone(), tag, options, FieldTable::default());
        self.stream = Some(patiently(consumer).await?);
        Ok(())
    }

    /// Ends the subscription and keeps what it had handed out already.
    async fn unsubscribe(&mut self) -> Result<(), BrokerError> {
        let Some(mut stream) = self.stream.take() else { return Ok(()) };
        patiently(self.channel.basic_cancel(stream.tag(), BasicCancelOptions::default())).await?;
        while let Some(message) = stream.next().await {
            self.keep(message.map_err(|error| unavailable(&error))?);
        }
        Ok(())
    }

    fn keep(&mut self, message: lapin::message::Delivery) {
        let tag = message.delivery_tag;
        self.outstanding.insert(tag);
        if self.prefetch.is_some() && !message.redelivered {
            self.innocent.insert(tag);
        }
        self.buffered.push_back(self.translate(message));
    }

    fn translate(&self, message: lapin::message::Delivery) -> Delivery {
        let none = BTreeMap::new();
        let headers = message.properties.headers().as_ref().map_or(&none, FieldTable::inner);
        let sender = match message.properties.user_id() {
            Some(user) if user.as_str() == self.own_user => Sender::Smista,
            Some(user) => Sender::Client(user.as_str().to_owned()),
            None => Sender::Unverified,
        };
        let died_in = headers.get("x-first-death-queue").and_then(text);
        Delivery {
            reference: DeliveryRef::AmqpTag(message.delivery_tag),
            sender,
            redelivered: message.redelivered,
            earlier_deliveries: headers.get("x-delivery-count").and_then(count).unwrap_or(0),
            died_in: died_in.and_then(|full| self.prefix.strip(&full).map(str::to_owned)),
            headers: worth_keeping(headers),
            body: message.data.into(),
        }
    }

    /// What has arrived and is not taken yet, up to `most`.
    fn ready(&mut self, most: usize) -> Result<Vec<Delivery>, BrokerError> {
        while self.buffered.len() < most {
            let arrived = self.stream.as_mut().and_then(|stream| stream.next().now_or_never());
            match arrived {
                Some(Some(message)) => self.keep(message.map_err(|error| unavailable(&error))?),
                Some(None) => {
                    return Err(BrokerError::Unavailable("the broker ended the consumer".to_owned()));
                }
                None => break,
            }
        }
        Ok(self.buffered.drain(..most.min(self.buffered.len())).collect())
    }

    async fn get(&mut self, most: usize) -> Result<Vec<Delivery>, BrokerError> {
        while self.buffered.len() < most {
            let got = self.channel.basic_get(self.queue.clone(), BasicGetOptions::default());
            match patiently(got).await? {
                Some(message) => self.keep(message.delivery),
                None => break,
            }
        }
        self.ready(most)
    }
}

#[async_trait]
impl Consumer for Reader {
    async fn take(&mut self, most: usize) -> Result<Vec<Delivery>, BrokerError> {
        let taken = self.take_some(most).await;
        self.failed |= taken.is_err();
        taken
    }

    async fn acknowledge(&mut self, settled: &[DeliveryRef]) -> Result<(), BrokerError> {
        let acknowledged = self.acknowledge_all(settled).await;
        self.failed |= acknowledged.is_err();
        acknowledged
    }

    async fn cancel(&mut self) -> Result<(), BrokerError> {
        self.cancelled = true;
        let cancelled = self.unsubscribe().await;
        self.failed |= cancelled.is_err();
        cancelled
    }

    async fn close(self: Box<Self>) {
        if self.failed {
            self.link.discard(&self.connection).await;
        } else {
            close(&self.channel).await;
        }
    }
}

impl Reader {
    async fn take_some(&mut self, most: usize) -> Result<Vec<Delivery>, BrokerError> {
        let most = most.max(1);
        if self.cancelled {
            return self.ready(most);
        }
        let Some(stream) = self.stream.as_mut() else { return self.get(most).await };
        if self.buffered.is_empty() {
            match stream.next().await {
                Some(message) => self.keep(message.map_err(|error| unavailable(&error))?),
                None => return Err(BrokerError::Unavailable("the broker ended the consumer".to_owned())),
            }
        }
        self.ready(most)
    }

    async fn acknowledge_all(&mut self, settled: &[DeliveryRef]) -> Result<(), BrokerError> {
        let tags: Vec<u64> = settled
            .iter()
            .filter_map(|reference| match reference {
                DeliveryRef::AmqpTag(tag) => Some(*tag),
                DeliveryRef::SpoolRow(_) => None,
            })
            .collect();
        for frame in acknowledgements(&mut self.outstanding, &tags) {
            let options = BasicAckOptions { multiple: frame.multiple };
            patiently(self.channel.basic_ack(frame.tag, options)).await?;
        }
        if !self.cancelled
            && tags.iter().any(|tag| self.innocent.contains(tag))
            && let Some(prefetch) = self.prefetch.take()
        {
            self.innocent.clear();
            self.unsubscribe().await?;
            self.subscribe(prefetch).await?;
        }
        Ok(())
    }
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

fn fate(confirmation: Confirmation) -> Published {
    match confirmation {
        Confirmation::Ack(None) => Published::Confirmed,
        Confirmation::Ack(Some(_)) | Confirmation::Nack(Some(_)) => Published::Unroutable,
        Confirmation::Nack(None) => Published::Refused("the queue takes no more".to_owned()),
        Confirmation::NotRequested => Published::Unknown("the channel gives no confirms".to_owned()),
    }
}

/// Text headers of the sender's own: `x-*` belong to the broker and grow with every hop.
fn worth_keeping(headers: &BTreeMap<ShortString, AMQPValue>) -> Vec<(String, String)> {
    let own = headers.iter().filter(|(name, _)| !name.as_str().starts_with("x-"));
    let texts = own.filter_map(|(name, value)| Some((name.as_str().to_owned(), text(value)?)));
    texts.take(MAX_HEADERS).collect()
}

fn text(value: &AMQPValue) -> Option<String> {
    let bytes = match value {
        AMQPValue::LongString(text) => text.as_bytes(),
        AMQPValue::ShortString(text) => text.as_str().as_bytes(),
        _ => return None,
    };
    let text = String::from_utf8_lossy(bytes);
    Some(text.chars().filter(|character| !character.is_control()).take(MAX_HEADER_CHARS).collect())
}

fn count(value: &AMQPValue) -> Option<u32> {
    match value {
        AMQPValue::LongLongInt(count) => u32::try_from(*count).ok(),
        AMQPValue::LongInt(count) => u32::try_from(*count).ok(),
        AMQPValue::LongUInt(count) => Some(*count),
        _ => None,
    }
}

fn short(name: String) -> Result<ShortString, BrokerError> {
    ShortString::try_new(name)
        .map_err(|_| BrokerError::Unsuitable("a name of more than 255 bytes".to_owned()))
}

async fn close(channel: &Channel) {
    if let Err(error) = patiently(channel.close(GOODBYE, ShortString::default())).await {
        tracing::debug!(%error, "the channel was gone already");
    }
}

async fn patiently<T>(exchange: impl Future<Output = lapin::Result<T>>) -> Result<T, BrokerError> {
    match tokio::time::timeout(PATIENCE, exchange).await {
        Ok(answer) => answer.map_err(|error| unavailable(&error)),
        Err(_elapsed) => Err(BrokerError::Unavailable("it did not answer in time".to_owned())),
    }
}

fn unavailable(error: &lapin::Error) -> BrokerError {
    // AMQP's own refusals (a queue declared otherwise, a login turned down) stay what they are when repeated.
    match error.kind() {
        lapin::ErrorKind::ProtocolError(refusal) if !error.can_be_recovered() => {
            BrokerError::Unsuitable(refusal.to_string())
        }
        _ => BrokerError::Unavailable(error.to_string()),
    }
}
