//! Somebody outside who binds a queue to the facts, as a CRM would. Knows RabbitMQ only: the spool has no outside.

use std::time::Duration;

use serde_json::Value;
use smista::system::Servers;
use smista_queues::{Binding, Broker, Exchange, Kind, Queue, RabbitMq, RabbitSettings, Taking, Topology};

/// The listener's queue, and the facts that it hears.
const LISTENING: Topology = Topology {
    queues: &[Queue {
        name: "ascolto",
        kind: Kind::Decide,
        fed_by: &[
            Binding { exchange: Exchange::Facts, message_type: "command.refused" },
            Binding { exchange: Exchange::Facts, message_type: "case.opened" },
        ],
        waits: &[],
        lanes: 1,
        batch: 100,
    }],
};

/// A listener, deaf to what was published before it came.
pub struct Ears {
    rabbit: RabbitMq,
}

impl Ears {
    pub(crate) async fn open(servers: Servers) -> Self {
        let rabbit = RabbitMq::new(RabbitSettings {
            url: servers.amqp_url,
            prefix: servers.queue_prefix,
            confirm_timeout: Duration::from_secs(20),
            in_flight: 1,
        });
        rabbit.declare(&LISTENING).await.expect("a queue of the listener's own");
        Self { rabbit }
    }

    /// The facts of this type that were published since the last time somebody asked, as they travel. Facts of other
    /// types that came with them are forgotten.
    pub async fn heard(&self, message_type: &str) -> Vec<Value> {
        let mut queue =
            self.rabbit.consume(LISTENING.queues[0].name, Taking::OnDemand).await.expect("the queue");
        let mut heard = Vec::new();
        loop {
            let taken = queue.take(100).await.expect("what waits");
            if taken.is_empty() {
                break;
            }
            let settled: Vec<_> = taken.iter().map(|delivery| delivery.reference).collect();
            heard.extend(taken.iter().filter_map(|delivery| serde_json::from_slice(&delivery.body).ok()));
            queue.acknowledge(&settled).await.expect("an acknowledgement");
        }
        queue.close().await;
        heard.retain(|fact: &Value| fact.get("type").and_then(Value::as_str) == Some(message_type));
        heard
    }

    pub(crate) async fn close(&self) {
        self.rabbit.delete_everything(&LISTENING).await.expect("the broker forgets the listener");
    }
}
