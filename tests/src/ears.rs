//! Somebody outside who binds a queue to the facts, as a CRM would, and gets them also when he was away. Knows RabbitMQ only:
//! the spool has no outside.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use smista_queues::{
    Binding, Broker, BrokerError, Exchange, Kind, NamePrefix, Queue, RabbitMq, RabbitSettings, Taking,
    Topology,
};

/// Taken together.
const BATCH: usize = 256;

/// A listener to these facts, deaf to what was published before it came.
pub struct Ears {
    rabbit: RabbitMq,
    listening: &'static Topology,
}

/// A queue of a listener's own, for a topology of nothing else.
pub const fn ears(name: &'static str, facts: &'static [Binding]) -> Queue {
    Queue { name, kind: Kind::Decide, fed_by: facts, waits: &[], lanes: 1, batch: BATCH }
}

/// Facts of this type.
pub const fn fact(message_type: &'static str) -> Binding {
    Binding { exchange: Exchange::Facts, message_type }
}

impl Ears {
    /// `listening` has one queue, the listener's.
    ///
    /// # Errors
    /// The broker is not there, or will not make the queue.
    pub async fn open(
        url: String,
        prefix: NamePrefix,
        listening: &'static Topology,
    ) -> Result<Self, BrokerError> {
        let confirm_timeout = Duration::from_secs(20);
        let rabbit = RabbitMq::new(RabbitSettings { url, prefix, confirm_timeout, in_flight: 1 });
        rabbit.declare(listening).await?;
        Ok(Self { rabbit, listening })
    }

    /// The facts that were published since the last time somebody asked, as they travel.
    ///
    /// # Errors
    /// The broker is not there.
    pub async fn bodies(&self) -> Result<Vec<Arc<[u8]>>, BrokerError> {
        let mut queue = self.rabbit.consume(self.listening.queues[0].name, Taking::OnDemand).await?;
        let mut bodies = Vec::new();
        loop {
            let taken = queue.take(BATCH).await?;
            if taken.is_empty() {
                break;
            }
            let settled: Vec<_> = taken.iter().map(|delivery| delivery.reference).collect();
            bodies.extend(taken.into_iter().map(|delivery| delivery.body));
            queue.acknowledge(&settled).await?;
        }
        queue.close().await;
        Ok(bodies)
    }

    /// Those of this type. Facts of other types that came with them are forgotten.
    pub async fn heard(&self, message_type: &str) -> Vec<Value> {
        let bodies = self.bodies().await.expect("what waits");
        let facts = bodies.iter().filter_map(|body| serde_json::from_slice(body).ok());
        facts.filter(|fact: &Value| fact["type"] == message_type).collect()
    }

    /// The broker forgets the listener, the exchanges and the queue of dead letters. Whoever goes on declares them anew.
    ///
    /// # Errors
    /// The broker is not there.
    pub async fn close(&self) -> Result<(), BrokerError> {
        self.rabbit.delete_everything(self.listening).await
    }
}
