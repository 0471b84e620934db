//! The broker, its consumers, the shelf and the handlers, with faults and planted defects before the real ones.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use smista_queues::{
    BatchFailed, Broker, BrokerError, Consumer, Delivery, DeliveryRef, Depth, ErrorText, Handler, Outcome,
    Outgoing, Parked, ParkedId, ParkedMessage, Published, Received, Shelf, ShelfError, Taking, Topology,
    Wait,
};

use super::calls::Call;
use super::faults::{Defect, Fault, Faults};

/// Deliveries among which the next batch is drawn: order is not promised.
const DRAWN_FROM: usize = 12;
/// Tries after which no other is asked for, so that the ladder is never spent.
const MOST_TRIES: u32 = 3;

pub(crate) struct FaultyBroker {
    pub(crate) inner: Arc<dyn Broker>,
    pub(crate) faults: Arc<Faults>,
}

fn broker_away() -> BrokerError {
    BrokerError::Unavailable("the simulation says so".to_owned())
}

fn shelf_away() -> ShelfError {
    ShelfError::Unavailable("the simulation says so".to_owned())
}

#[async_trait]
impl Broker for FaultyBroker {
    async fn declare(&self, topology: &Topology) -> Result<(), BrokerError> {
        self.inner.declare(topology).await
    }

    async fn publish(&self, messages: &[Outgoing]) -> Vec<Published> {
        let publishes = async { Ok(self.inner.publish(messages).await) };
        match self.faults.call(Call::BrokerPublish, broker_away, publishes).await {
            Ok(fates) => fates,
            Err(error) => vec![Published::Unknown(error.to_string()); messages.len()],
        }
    }

    async fn consume(&self, queue: &str, taking: Taking) -> Result<Box<dyn Consumer>, BrokerError> {
        let consumes = self.inner.consume(queue, taking);
        let inner = self.faults.call(Call::BrokerConsume, broker_away, consumes).await?;
        Ok(Box::new(FaultyConsumer { inner, faults: Arc::clone(&self.faults) }))
    }

    async fn depths(&self) -> Result<Vec<Depth>, BrokerError> {
        self.inner.depths().await
    }

    fn is_blocked(&self) -> bool {
        self.inner.is_blocked()
    }

    async fn close(&self) {
        self.inner.close().await;
    }
}

struct FaultyConsumer {
    inner: Box<dyn Consumer>,
    faults: Arc<Faults>,
}

#[async_trait]
impl Consumer for FaultyConsumer {
    /// In any order; what was drawn from and not taken goes back when the consumer is closed.
    async fn take(&mut self, most: usize) -> Result<Vec<Delivery>, BrokerError> {
        let takes = self.inner.take(DRAWN_FROM.max(most));
        let mut taken = self.faults.call(Call::ConsumerTake, broker_away, takes).await?;
        self.faults.shuffle(&mut taken);
        taken.truncate(most);
        if self.faults.is(Defect::EarlyAcknowledgement) {
            let references: Vec<_> = taken.iter().map(|delivery| delivery.reference).collect();
            self.inner.acknowledge(&references).await?;
        }
        Ok(taken)
    }

    async fn acknowledge(&mut self, settled: &[DeliveryRef]) -> Result<(), BrokerError> {
        let acknowledges = self.inner.acknowledge(settled);
        self.faults.call(Call::ConsumerAcknowledge, broker_away, acknowledges).await
    }

    async fn cancel(&mut self) -> Result<(), BrokerError> {
        self.inner.cancel().await
    }

    async fn close(self: Box<Self>) {
        self.inner.close().await;
    }
}

pub(crate) struct FaultyShelf {
    pub(crate) inner: Arc<dyn Shelf>,
    pub(crate) faults: Arc<Faults>,
}

#[async_trait]
impl Shelf for FaultyShelf {
    async fn put(&self, waits: &[Wait], parked: &[Parked]) -> Result<(), ShelfError> {
        self.faults.call(Call::ShelfPut, shelf_away, self.inner.put(waits, parked)).await
    }

    async fn list_parked(
        &self,
        after: Option<ParkedId>,
        most: usize,
    ) -> Result<Vec<ParkedMessage>, ShelfError> {
        self.inner.list_parked(after, most).await
    }

    async fn find_parked(&self, id: ParkedId) -> Result<Option<ParkedMessage>, ShelfError> {
        self.inner.find_parked(id).await
    }

    async fn replay_parked(
        &self,
        id: ParkedId,
        message: &Outgoing,
        now: DateTime<Utc>,
    ) -> Result<bool, ShelfError> {
        self.inner.replay_parked(id, message, now).await
    }

    async fn drop_parked(&self, id: ParkedId) -> Result<bool, ShelfError> {
        self.inner.drop_parked(id).await
    }

    async fn is_ready(&self) -> bool {
        self.inner.is_ready().await
    }
}

pub(crate) struct FaultyHandler {
    pub(crate) inner: Arc<dyn Handler>,
    pub(crate) faults: Arc<Faults>,
}

#[async_trait]
impl Handler for FaultyHandler {
    async fn handle(&self, batch: &[Received]) -> Result<Vec<Outcome>, BatchFailed> {
        let may_wait = batch.iter().all(|received| received.attempt <= MOST_TRIES);
        if may_wait && self.faults.strikes(Fault::TryLater) {
            let again = || Outcome::Transient(ErrorText::new("the simulation says so"));
            return Ok(batch.iter().map(|_| again()).collect());
        }
        self.inner.handle(batch).await
    }
}
