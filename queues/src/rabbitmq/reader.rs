//! One consumer of one queue, on a channel of its own.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use async_trait::async_trait;
use futures::{FutureExt, StreamExt};
use lapin::options::{
    BasicAckOptions, BasicCancelOptions, BasicConsumeOptions, BasicGetOptions, BasicQosOptions,
};
use lapin::types::{AMQPValue, FieldTable, ShortString};
use lapin::{Channel, Connection};

use super::link::{Link, Spoilt, Trouble, patiently, short};
use crate::acknowledge::acknowledgements;
use crate::broker::{BrokerError, Consumer, Delivery, DeliveryRef, Sender, Taking};
use crate::names::NamePrefix;

/// What is kept of foreign headers when a message is parked.
const MAX_HEADERS: usize = 16;
const MAX_HEADER_CHARS: usize = 256;

/// One consumer on a channel of its own.
pub(super) struct Reader {
    link: Arc<Link>,
    connection: Arc<Connection>,
    channel: Channel,
    /// By the worst failure so far.
    spoilt: Spoilt,
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
    pub(super) async fn open(
        link: Arc<Link>,
        connection: Arc<Connection>,
        prefix: &NamePrefix,
        queue: &str,
        taking: Taking,
    ) -> Result<Self, BrokerError> {
        let queue = short(prefix.full(queue))?;
        let channel = link.channel_on(&connection).await?;
        let mut reader = Self {
            queue,
            prefix: prefix.clone(),
            own_user: connection.status().username(),
            link,
            connection,
            channel,
            spoilt: Spoilt::Nothing,
            stream: None,
            prefetch: None,
            buffered: VecDeque::new(),
            outstanding: BTreeSet::new(),
            innocent: BTreeSet::new(),
            cancelled: false,
        };
        if let Taking::Subscribed { prefetch } = taking {
            // One at a time until one is settled: a message that kills its handler then counts only against itself.
            if let Err(trouble) = reader.subscribe(1).await {
                reader.link.end(&reader.connection, &reader.channel, trouble.spoilt).await;
                return Err(trouble.error);
            }
            reader.prefetch = Some(prefetch).filter(|prefetch| *prefetch > 1);
        }
        Ok(reader)
    }

    async fn subscribe(&mut self, prefetch: u16) -> Result<(), Trouble> {
        // Per consumer: quorum queues know no other kind, and it holds for consumers started after it.
        patiently(self.channel.basic_qos(prefetch, BasicQosOptions::default())).await?;
        let options = BasicConsumeOptions::default();
        let tag = ShortString::default();
        let consumer = self.channel.basic_consume(self.queue.clone(), tag, options, FieldTable::default());
        self.stream = Some(patiently(consumer).await?);
        Ok(())
    }

    /// Ends the subscription and keeps what it had handed out already.
    async fn unsubscribe(&mut self) -> Result<(), Trouble> {
        let Some(mut stream) = self.stream.take() else { return Ok(()) };
        patiently(self.channel.basic_cancel(stream.tag(), BasicCancelOptions::default())).await?;
        while let Some(message) = stream.next().await {
            self.keep(message?);
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
    fn ready(&mut self, most: usize) -> Result<Vec<Delivery>, Trouble> {
        while self.buffered.len() < most {
            let arrived = self.stream.as_mut().and_then(|stream| stream.next().now_or_never());
            match arrived {
                Some(Some(message)) => self.keep(message?),
                Some(None) => {
                    return Err(Trouble::of_channel("the broker ended the consumer"));
                }
                None => break,
            }
        }
        Ok(self.buffered.drain(..most.min(self.buffered.len())).collect())
    }

    async fn get(&mut self, most: usize) -> Result<Vec<Delivery>, Trouble> {
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
        self.judged(taken)
    }

    async fn acknowledge(&mut self, settled: &[DeliveryRef]) -> Result<(), BrokerError> {
        let acknowledged = self.acknowledge_all(settled).await;
        self.judged(acknowledged)
    }

    async fn cancel(&mut self) -> Result<(), BrokerError> {
        self.cancelled = true;
        let cancelled = self.unsubscribe().await;
        self.judged(cancelled)
    }

    async fn close(self: Box<Self>) {
        self.link.end(&self.connection, &self.channel, self.spoilt).await;
    }
}

impl Reader {
    fn judged<T>(&mut self, answer: Result<T, Trouble>) -> Result<T, BrokerError> {
        answer.map_err(|trouble| {
            self.spoilt = self.spoilt.max(trouble.spoilt);
            trouble.error
        })
    }

    async fn take_some(&mut self, most: usize) -> Result<Vec<Delivery>, Trouble> {
        let most = most.max(1);
        if self.cancelled {
            return self.ready(most);
        }
        let Some(stream) = self.stream.as_mut() else { return self.get(most).await };
        if self.buffered.is_empty() {
            match stream.next().await {
                Some(message) => self.keep(message?),
                None => return Err(Trouble::of_channel("the broker ended the consumer")),
            }
        }
        self.ready(most)
    }

    async fn acknowledge_all(&mut self, settled: &[DeliveryRef]) -> Result<(), Trouble> {
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

/// Text headers of the sender's own: `x-*` belong to the broker and grow with every hop.
fn worth_keeping(headers: &BTreeMap<ShortString, AMQPValue>) -> Vec<(String, String)> {
    let own = headers.iter().filter(|(name, _)| !name.as_str().starts_with("x-"));
    let texts = own.filter_map(|(name, value)| Some((storable(name.as_str()), text(value)?)));
    texts.take(MAX_HEADERS).collect()
}

fn text(value: &AMQPValue) -> Option<String> {
    let bytes = match value {
        AMQPValue::LongString(text) => text.as_bytes(),
        AMQPValue::ShortString(text) => text.as_str().as_bytes(),
        _ => return None,
    };
    Some(storable(&String::from_utf8_lossy(bytes)))
}

/// Not every store takes every character: U+0000 is in no text and no JSON of PostgreSQL's.
fn storable(text: &str) -> String {
    text.chars().filter(|character| !character.is_control()).take(MAX_HEADER_CHARS).collect()
}

fn count(value: &AMQPValue) -> Option<u32> {
    match value {
        AMQPValue::LongLongInt(count) => u32::try_from(*count).ok(),
        AMQPValue::LongInt(count) => u32::try_from(*count).ok(),
        AMQPValue::LongUInt(count) => Some(*count),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_kept_in_characters_that_every_store_takes() {
        let value = |text: &str| AMQPValue::LongString(text.into());
        let headers = BTreeMap::from([
            (ShortString::from("a\0b\u{7}"), value("c\0d\n")),
            (ShortString::from("x-death"), value("the broker's")),
            (ShortString::from("number"), AMQPValue::LongInt(1)),
        ]);
        assert_eq!(worth_keeping(&headers), [("ab".to_owned(), "cd".to_owned())]);
    }
}
