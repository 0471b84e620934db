//! A queue of somebody outside that gets every fact, and keeps it while the broker is dead.

use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::Value;
use smista_queues::{
    Binding, Broker, Exchange, Kind, NamePrefix, Queue, RabbitMq, RabbitSettings, Taking, Topology,
};
use uuid::Uuid;

use crate::audit::Seen;

/// The facts that the load leads to.
const LISTENING: Topology = Topology {
    queues: &[Queue {
        name: "orecchie",
        kind: Kind::Decide,
        fed_by: &[
            fact("case.opened"),
            fact("case.assigned"),
            fact("case.state_changed"),
            fact("case.routed"),
            fact("case.noted"),
        ],
        waits: &[],
        lanes: 1,
        batch: 256,
    }],
};

const fn fact(message_type: &'static str) -> Binding {
    Binding { exchange: Exchange::Facts, message_type }
}

pub(crate) struct Ears(RabbitMq);

impl Ears {
    pub(crate) async fn open(url: &str, prefix: NamePrefix) -> Result<Self> {
        let rabbit = RabbitMq::new(RabbitSettings {
            url: url.to_owned(),
            prefix,
            confirm_timeout: Duration::from_secs(5),
            in_flight: 1,
        });
        rabbit.declare(&LISTENING).await?;
        Ok(Self(rabbit))
    }

    /// Takes in whatever was told.
    pub(crate) async fn hear(&self, seen: &mut Seen) -> Result<()> {
        let mut queue = self.0.consume(LISTENING.queues[0].name, Taking::OnDemand).await?;
        let mut first = std::collections::HashMap::new();
        loop {
            let taken = queue.take(256).await?;
            if taken.is_empty() {
                break;
            }
            for delivery in &taken {
                let fact: Value = serde_json::from_slice(&delivery.body)?;
                let id: Uuid = fact["id"].as_str().context("a fact without an id")?.parse()?;
                *seen.heard.entry(id).or_default() += 1;
                if first.entry(id).or_insert_with(|| delivery.body.clone()) != &delivery.body {
                    seen.heard_otherwise.push(id);
                }
            }
            let settled: Vec<_> = taken.iter().map(|delivery| delivery.reference).collect();
            queue.acknowledge(&settled).await?;
        }
        queue.close().await;
        Ok(())
    }

    pub(crate) async fn close(&self) -> Result<()> {
        // The exchanges are smista's, and go with it.
        Ok(self.0.delete_everything(&LISTENING).await?)
    }
}
