//! RabbitMQ against the suite of every broker, and what only RabbitMQ does.
//!
//! Needs a server: `SMISTA_TEST_AMQP_URL`, by default the local one as guest. Each run has name prefixes of
//! its own and deletes what it declared.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use smista_queues::contract::{Bench, TOPOLOGY, run_all};
use smista_queues::{Broker, NamePrefix, RabbitMq, RabbitSettings};

struct RabbitBench {
    run: String,
    installations: Mutex<BTreeSet<String>>,
}

impl RabbitBench {
    fn new() -> Self {
        #[expect(clippy::disallowed_methods, reason = "two runs at once must not share names")]
        let run = uuid::Uuid::now_v7();
        Self { run: format!("test-{}", run.simple()), installations: Mutex::default() }
    }

    fn prefix(&self, installation: &str) -> NamePrefix {
        NamePrefix::new(&format!("{}-{installation}", self.run)).expect("a prefix")
    }

    async fn clean_up(self) {
        let installations = self.installations.into_inner().expect("not poisoned");
        for installation in &installations {
            broker(NamePrefix::new(&format!("{}-{installation}", self.run)).expect("a prefix"))
                .delete_everything(&TOPOLOGY)
                .await
                .expect("deletes");
        }
    }
}

fn broker(prefix: NamePrefix) -> RabbitMq {
    let url = std::env::var("SMISTA_TEST_AMQP_URL")
        .unwrap_or_else(|_| "amqp://guest:guest@127.0.0.1:5672/%2f".to_owned());
    RabbitMq::new(RabbitSettings { url, prefix, confirm_timeout: Duration::from_secs(30), in_flight: 4 })
}

#[async_trait]
impl Bench for RabbitBench {
    async fn open(&self, installation: &str) -> Arc<dyn Broker> {
        self.installations.lock().expect("not poisoned").insert(installation.to_owned());
        Arc::new(broker(self.prefix(installation)))
    }
}

#[tokio::test]
async fn rabbitmq_keeps_the_contract() {
    let bench = Arc::new(RabbitBench::new());
    let suite = tokio::spawn({
        let bench = bench.clone();
        async move { run_all(bench.as_ref()).await }
    });
    let kept = suite.await;
    Arc::into_inner(bench).expect("the suite has ended").clean_up().await;
    kept.expect("every case of the suite holds");
}
