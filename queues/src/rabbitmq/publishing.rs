//! Publishing: sets of messages on one connection, each set on a channel that it has for itself.
//!
//! The library takes a message's confirm tag under one lock and queues its frames under another, so two who publish on
//! one channel at once may get each other's confirms. It also hands a message that came back to whichever tag is
//! confirmed next. So a channel is used by one set at a time, and what came back is known by what it is.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::future::maybe_done;
use lapin::message::BasicReturnMessage;
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions};
use lapin::types::ShortString;
use lapin::{BasicProperties, Channel, Confirmation, Connection};
use tokio::sync::Semaphore;

use super::RabbitSettings;
use super::declarations::Declarations;
use super::link::{Doubts, Link, Spoilt, Trouble, patiently, short};
use crate::broker::{BrokerError, Outgoing, Published};
use crate::envelope::CONTENT_TYPE;
use crate::names::{Destination, Exchange, NamePrefix};

const PERSISTENT: u8 = 2;

pub(super) struct Publishing {
    link: Link,
    prefix: NamePrefix,
    declarations: Arc<Declarations>,
    confirm_timeout: Duration,
    in_flight: usize,
    flight: Semaphore,
    /// Between two sets.
    idle: Mutex<Vec<Line>>,
}

/// A channel in confirm mode, all of whose confirms have come.
struct Line {
    connection: Arc<Connection>,
    channel: Channel,
}

/// Where a message goes and, for what comes back, which one it is. Two that agree in all of it have one fate.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Address {
    exchange: String,
    key: String,
    id: String,
}

impl Publishing {
    pub(super) fn new(
        settings: &RabbitSettings,
        declarations: Arc<Declarations>,
        doubts: Arc<Doubts>,
    ) -> Self {
        let in_flight = usize::from(settings.in_flight.max(1));
        Self {
            link: Link::new(settings, "publish", doubts),
            prefix: settings.prefix.clone(),
            declarations,
            confirm_timeout: settings.confirm_timeout,
            in_flight,
            flight: Semaphore::new(in_flight),
            idle: Mutex::default(),
        }
    }

    pub(super) async fn publish(&self, messages: &[Outgoing]) -> Vec<Published> {
        let mut fates = Vec::with_capacity(messages.len());
        for set in messages.chunks(self.in_flight) {
            fates.extend(self.publish_set(set).await);
        }
        fates
    }

    async fn publish_set(&self, set: &[Outgoing]) -> Vec<Published> {
        let room = self.flight.acquire_many(u32::try_from(set.len()).unwrap_or(u32::MAX));
        // Nothing is sent yet: whoever holds up the flight answers for the connection.
        let Ok(_room) = tokio::time::timeout(self.confirm_timeout, room).await else {
            return vec![Published::Refused("too many wait to be confirmed".to_owned()); set.len()];
        };
        let mut line = None;
        let published = async {
            let line = line.insert(self.line().await?);
            self.send(line, set).await
        };
        let answer = tokio::time::timeout(self.confirm_timeout, published).await;
        let trouble = match answer {
            Ok(Ok(fates)) => {
                self.idle.lock().unwrap_or_else(PoisonError::into_inner).extend(line);
                return fates;
            }
            Ok(Err(trouble)) => trouble,
            Err(_elapsed) => Trouble::late("the broker confirmed nothing in time"),
        };
        if let Some(line) = line {
            self.link.end(&line.connection, &line.channel, trouble.spoilt.max(Spoilt::Channel)).await;
        }
        vec![Published::Unknown(trouble.error.to_string()); set.len()]
    }

    async fn line(&self) -> Result<Line, Trouble> {
        let connection = self.link.connection().await?;
        match self.declarations.renew().await {
            // What is refused concerns some queue; the message that goes there will come back.
            Err(Trouble { error: BrokerError::Unsuitable(why), .. }) => {
                tracing::warn!(why, "not everything could be declared");
            }
            renewed => renewed?,
        }
        {
            let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
            idle.retain(|line| {
                Arc::ptr_eq(&line.connection, &connection) && line.channel.status().connected()
            });
            if let Some(line) = idle.pop() {
                return Ok(line);
            }
        }
        let channel = self.link.channel_on(&connection).await?;
        patiently(channel.confirm_select(ConfirmSelectOptions::default())).await?;
        Ok(Line { connection, channel })
    }

    /// Publishes all of the set and waits for every confirm; answers in its order.
    async fn send(&self, line: &Line, set: &[Outgoing]) -> Result<Vec<Published>, Trouble> {
        let own_user = ShortString::from(line.connection.status().username());
        let mut begun = Vec::with_capacity(set.len());
        for message in set {
            let Ok((exchange, key, id, mandatory)) = self.address(message) else {
                begun.push(None);
                continue;
            };
            let address =
                Address { exchange: exchange.to_string(), key: key.to_string(), id: id.to_string() };
            let properties = BasicProperties::default()
                .with_content_type(CONTENT_TYPE.into())
                .with_delivery_mode(PERSISTENT)
                .with_message_id(id)
                .with_user_id(own_user.clone());
            let options = BasicPublishOptions { mandatory, ..Default::default() };
            let sending = line.channel.basic_publish(exchange, key, options, &message.body, properties);
            let mut sending = Box::pin(maybe_done(sending));
            // The first poll takes the tag and queues the frames; the rest only waits until they are written. So
            // the frames of a set go out together, in few writes.
            let _whether_written = futures::poll!(sending.as_mut());
            begun.push(Some((address, sending)));
        }
        let mut sent = Vec::with_capacity(set.len());
        for begun in begun {
            let Some((address, mut sending)) = begun else {
                sent.push(None);
                continue;
            };
            sending.as_mut().await;
            let confirm = sending.as_mut().take_output();
            sent.push(Some((address, confirm.ok_or_else(|| Trouble::late("a publish gave no answer"))??)));
        }
        let mut confirmed = Vec::with_capacity(set.len());
        for sent in sent {
            confirmed.push(match sent {
                Some((address, confirm)) => Some((address, read(confirm.await?))),
                None => None,
            });
        }
        let fates = fates(confirmed);
        let unroutable = set.iter().zip(&fates).filter(|(_, fate)| **fate == Published::Unroutable);
        unroutable.for_each(|(message, _)| self.declarations.came_back(message));
        Ok(fates)
    }

    /// Exchange, routing key, message id, and whether a missing route is an error.
    fn address(&self, message: &Outgoing) -> Result<(ShortString, ShortString, ShortString, bool), Trouble> {
        let id = short(message.message_id.clone()).unwrap_or_default();
        Ok(match &message.destination {
            Destination::Exchange(exchange) => (
                short(self.prefix.full(exchange.as_str()))?,
                short(message.message_type.clone())?,
                id,
                *exchange == Exchange::Commands,
            ),
            Destination::Queue(queue) => (ShortString::default(), short(self.prefix.full(queue))?, id, true),
        })
    }

    pub(super) fn is_blocked(&self) -> bool {
        self.link.is_blocked()
    }

    pub(super) async fn disconnect(&self) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.link.disconnect().await;
    }
}

/// A confirm's own fate, and which message came back with it: that may be any of the set.
type Confirmed = (Published, Option<Address>);

fn read(confirmation: Confirmation) -> Confirmed {
    match confirmation {
        Confirmation::Ack(returned) => (Published::Confirmed, returned.map(address_of)),
        Confirmation::Nack(returned) => {
            (Published::Refused("the queue takes no more".to_owned()), returned.map(address_of))
        }
        Confirmation::NotRequested => (Published::Unknown("the channel gives no confirms".to_owned()), None),
    }
}

/// The fates of a set whose confirms have all come: what came back is told by its own address.
fn fates(confirmed: Vec<Option<(Address, Confirmed)>>) -> Vec<Published> {
    let came_back: BTreeSet<Address> =
        confirmed.iter().flatten().filter_map(|(_, (_, returned))| returned.clone()).collect();
    let fate = |confirmed| match confirmed {
        Some((address, _)) if came_back.contains(&address) => Published::Unroutable,
        Some((_, (fate, _))) => fate,
        None => Published::Refused("its type or queue is no AMQP name".to_owned()),
    };
    confirmed.into_iter().map(fate).collect()
}

fn address_of(returned: BasicReturnMessage) -> Address {
    let id = returned.properties.message_id().as_ref().map(ToString::to_string).unwrap_or_default();
    Address { exchange: returned.exchange.to_string(), key: returned.routing_key.to_string(), id }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The library gives what came back to whichever message is confirmed next.
    #[test]
    fn what_came_back_is_known_by_its_own_address_whoever_s_confirm_it_came_with() {
        let address = |key: &str, id: &str| Address {
            exchange: "smista.commands".to_owned(),
            key: key.to_owned(),
            id: id.to_owned(),
        };
        let confirmed = |key, id, returned| Some((address(key, id), (Published::Confirmed, returned)));
        let set = vec![
            confirmed("letter.write", "1", Some(address("letter.burn", "4"))),
            confirmed("letter.burn", "2", None),
            None,
            confirmed("letter.write", "4", Some(address("letter.burn", "2"))),
            confirmed("letter.burn", "4", None),
        ];
        let fates = fates(set);
        assert!(matches!(fates[2], Published::Refused(_)));
        let others = [&fates[0], &fates[1], &fates[3], &fates[4]];
        let (confirmed, unroutable) = (&Published::Confirmed, &Published::Unroutable);
        assert_eq!(others, [confirmed, unroutable, confirmed, unroutable]);
    }
}
