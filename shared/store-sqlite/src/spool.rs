//! The broker on the store's own file: a table that is outbox and queue in one.
//!
//! What is in somebody's hands is known to this process alone, which owns the file, so that taking writes nothing.
//! After an unclean stop nobody knows what was in hand: what is found then is taken one at a time, in the whole
//! process, with its delivery committed first, and a message that keeps killing it ends in the parcheggio.

mod consumer;
mod hands;
pub(crate) mod statements;

use std::sync::{Arc, RwLock};

use async_trait::async_trait;
use smista_queues::{
    Broker, BrokerError, Clock, Consumer, Depth, Destination, Envelope, Exchange, NamePrefix, Outgoing,
    Published, ShelfError, Taking, Topology,
};
use smista_store::StoreError;

use crate::queries::{Answer, Fault};
use crate::shelf::SqliteShelf;
use crate::store::SqliteStore;
use consumer::{NoDeadLetters, SpoolConsumer};
use hands::Hands;

/// The spool of a store: one for each open file.
#[derive(Clone)]
pub struct Spool(Arc<Inner>);

pub(crate) struct Inner {
    store: SqliteStore,
    shelf: SqliteShelf,
    clock: Clock,
    topology: RwLock<Topology>,
    hands: Hands,
    /// Held from looking to taking: whoever looks then sees what others took, and never what they deleted since.
    looking: tokio::sync::Mutex<()>,
}

impl Spool {
    /// Opens the spool of a migrated store. `clock` is business time.
    ///
    /// The process should end by [`Broker::close`]: whatever else ends it counts as an unclean stop.
    pub async fn open(store: &SqliteStore, clock: Clock) -> Result<Self, StoreError> {
        let mut turn = store.turn().await?;
        let suspects_until = statements::open(turn.connection()).await?;
        turn.commit().await?;
        if let Some(newest) = suspects_until {
            tracing::warn!(
                newest,
                "the last stop was unclean: what is found in the spool is taken one at a time"
            );
        }
        Ok(Self(Arc::new(Inner {
            store: store.clone(),
            shelf: SqliteShelf::new(store, clock.clone()),
            clock,
            topology: RwLock::new(Topology { queues: &[] }),
            hands: Hands::new(suspects_until.unwrap_or(0)),
            looking: tokio::sync::Mutex::new(()),
        })))
    }
}

impl Inner {
    fn topology(&self) -> Topology {
        *self.topology.read().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Each message in its queues, or what is to be said of one that has none; all in one commit.
    async fn insert(&self, messages: &[Outgoing]) -> Answer<Vec<Published>> {
        let (topology, now) = (self.topology(), (self.clock)());
        let mut turn = self.store.turn().await?;
        let mut answers = Vec::with_capacity(messages.len());
        for message in messages {
            let queues = topology.route(&message.destination, &message.message_type);
            let unwanted = message.destination != Destination::Exchange(Exchange::Facts);
            answers.push(if queues.is_empty() && unwanted {
                Published::Unroutable
            } else {
                Published::Confirmed
            });
            // What cannot be read is carried too: its worker's runner parks it.
            let source = Envelope::parse(&message.body).map(|envelope| envelope.source).unwrap_or_default();
            for queue in queues {
                statements::insert(turn.connection(), queue, &source, message, now).await?;
            }
        }
        turn.commit().await?;
        Ok(answers)
    }

    async fn depths(&self) -> Answer<Vec<Depth>> {
        // Looks without waiting its turn: what is taken or deleted meanwhile may be counted or not.
        let in_hand = self.hands.all();
        let mut session = self.store.pool().acquire().await?;
        let counted = statements::depths(&mut session, (self.clock)(), &in_hand).await?;
        let waiting =
            |name: &str| counted.iter().find(|depth| depth.queue == name).map_or(0, |it| it.waiting);
        let declared = self.topology().queues.iter();
        Ok(declared
            .map(|queue| Depth { queue: queue.name.to_owned(), waiting: waiting(queue.name) })
            .collect())
    }

    async fn remember_and_close(&self) -> Answer<()> {
        let mut turn = self.store.turn().await?;
        for id in self.hands.end() {
            statements::mark_given_back(turn.connection(), id).await?;
        }
        statements::close(turn.connection()).await?;
        Ok(turn.commit().await?)
    }
}

#[async_trait]
impl Broker for Spool {
    async fn declare(&self, topology: &Topology) -> Result<(), BrokerError> {
        *self.0.topology.write().unwrap_or_else(std::sync::PoisonError::into_inner) = *topology;
        Ok(())
    }

    async fn publish(&self, messages: &[Outgoing]) -> Vec<Published> {
        if messages.is_empty() {
            return Vec::new();
        }
        match self.0.insert(messages).await {
            Ok(answers) => answers,
            // Its COMMIT may have reached the disk all the same.
            Err(fault) => vec![Published::Unknown(ShelfError::from(fault).to_string()); messages.len()],
        }
    }

    async fn consume(&self, queue: &str, taking: Taking) -> Result<Box<dyn Consumer>, BrokerError> {
        if queue == NamePrefix::DEAD {
            return Ok(Box::new(NoDeadLetters::new(taking)));
        }
        self.0.hands.check_open()?;
        let Some(queue) = self.0.topology().queue(queue) else {
            return Err(BrokerError::Unsuitable(format!("there is no queue {queue:?}")));
        };
        Ok(Box::new(SpoolConsumer::new(Arc::clone(&self.0), queue.name, taking)))
    }

    async fn depths(&self) -> Result<Vec<Depth>, BrokerError> {
        self.0.hands.check_open()?;
        self.0.depths().await.map_err(unavailable)
    }

    fn is_blocked(&self) -> bool {
        false
    }

    async fn close(&self) {
        if self.0.hands.check_open().is_err() {
            return;
        }
        if let Err(fault) = self.0.remember_and_close().await {
            let error = unavailable(fault);
            tracing::warn!(%error, "the spool could not be closed; the next start takes this for an unclean stop");
        }
    }
}

fn unavailable(fault: Fault) -> BrokerError {
    BrokerError::Unavailable(ShelfError::from(fault).to_string())
}
