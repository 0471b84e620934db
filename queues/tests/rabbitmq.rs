//! RabbitMQ against the suite of every broker, and what only RabbitMQ does.
//!
//! Needs a server: `SMISTA_TEST_AMQP_URL`, by default the local one as guest. Each run has name prefixes of
//! its own and deletes what it declared.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use chrono::DateTime;
use smista_queues::contract::{Bench, TOPOLOGY, run_all};
use smista_queues::{
    Broker, BrokerError, Consumer, Destination, Envelope, Exchange, NamePrefix, Outgoing, Published,
    RabbitMq, RabbitSettings, Sender, Taking,
};

struct RabbitBench {
    run: String,
    installations: Mutex<BTreeSet<String>>,
}

impl RabbitBench {
    fn new() -> Self {
        #[expect(clippy::disallowed_methods, reason = "two runs at once must not share names")]
        let run = uuid::Uuid::now_v7();
        Self { run: format!("smista-test-{}", run.simple()), installations: Mutex::default() }
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

fn url() -> String {
    std::env::var("SMISTA_TEST_AMQP_URL")
        .unwrap_or_else(|_| "amqp://guest:guest@127.0.0.1:5672/%2f".to_owned())
}

fn settings(prefix: NamePrefix) -> RabbitSettings {
    RabbitSettings { url: url(), prefix, confirm_timeout: Duration::from_secs(30), in_flight: 1024 }
}

fn broker(prefix: NamePrefix) -> RabbitMq {
    RabbitMq::new(settings(prefix))
}

#[async_trait]
impl Bench for RabbitBench {
    async fn open(&self, installation: &str) -> Arc<dyn Broker> {
        self.installations.lock().expect("not poisoned").insert(installation.to_owned());
        Arc::new(broker(self.prefix(installation)))
    }
}

/// Runs a case and cleans up after it, whether it held or not.
async fn on_a_bench<F: Future<Output = ()> + Send + 'static>(case: impl FnOnce(Arc<RabbitBench>) -> F) {
    let bench = Arc::new(RabbitBench::new());
    let outcome = tokio::spawn(case(bench.clone())).await;
    Arc::into_inner(bench).expect("the case has ended").clean_up().await;
    outcome.expect("the case holds");
}

#[tokio::test]
async fn rabbitmq_keeps_the_contract() {
    on_a_bench(|bench| async move { run_all(bench.as_ref()).await }).await;
}

fn letter(id: &str) -> Outgoing {
    let envelope = Envelope::new(id, "test", "letter.write", DateTime::UNIX_EPOCH, &()).expect("JSON");
    Outgoing {
        destination: Destination::Exchange(Exchange::Commands),
        message_type: "letter.write".to_owned(),
        message_id: id.to_owned(),
        body: envelope.encode().expect("JSON"),
    }
}

async fn subscribed(broker: &dyn Broker, prefetch: u16) -> Box<dyn Consumer> {
    broker.consume("letters", Taking::Subscribed { prefetch }).await.expect("consumes")
}

/// The broker checks the user-id that we set, so that our own messages are known as ours.
#[tokio::test]
async fn our_own_messages_come_back_as_verified() {
    on_a_bench(|bench| async move {
        let broker = bench.open("sender").await;
        broker.declare(&TOPOLOGY).await.expect("declares");
        assert_eq!(broker.publish(&[letter("1")]).await, [Published::Confirmed]);
        let taken = subscribed(broker.as_ref(), 1).await.take(1).await.expect("takes");
        assert_eq!(taken[0].sender, Sender::Smista);
        broker.close().await;
    })
    .await;
}

/// More messages than may be in flight at once are still confirmed, each.
#[tokio::test]
async fn publishing_is_bounded_and_complete() {
    on_a_bench(|bench| async move {
        bench.open("flight").await;
        let broker = RabbitMq::new(RabbitSettings { in_flight: 4, ..settings(bench.prefix("flight")) });
        broker.declare(&TOPOLOGY).await.expect("declares");
        let messages: Vec<_> = (0..30).map(|number| letter(&number.to_string())).collect();
        let (first, second) =
            futures::future::join(broker.publish(&messages), broker.publish(&messages)).await;
        assert!(first.iter().chain(&second).all(|fate| *fate == Published::Confirmed));
        assert_eq!((first.len(), second.len()), (30, 30));
        broker.close().await;
    })
    .await;
}

/// A consumer holds one message until it has settled one that was never out before.
#[tokio::test]
async fn the_prefetch_is_one_until_an_innocent_message_is_settled() {
    on_a_bench(|bench| async move {
        let broker = bench.open("prefetch").await;
        broker.declare(&TOPOLOGY).await.expect("declares");
        let messages: Vec<_> = (0..9).map(|number| letter(&number.to_string())).collect();
        broker.publish(&messages).await;
        let mut consumer = subscribed(broker.as_ref(), 8).await;
        let first = consumer.take(8).await.expect("takes");
        assert_eq!(first.len(), 1);
        assert_eq!(waiting(broker.as_ref(), "letters").await, 8);
        consumer.acknowledge(&[first[0].reference]).await.expect("acknowledges");
        let mut held = Vec::new();
        while held.len() < 8 {
            held.extend(consumer.take(8).await.expect("takes"));
        }
        consumer.close().await;
        broker.close().await;
    })
    .await;
}

/// A lost connection ends the consumer with an error, never in silence; the next session has everything.
#[tokio::test]
async fn after_a_lost_connection_a_new_session_goes_on() {
    on_a_bench(|bench| async move {
        let broker = bench.open("session").await;
        broker.declare(&TOPOLOGY).await.expect("declares");
        broker.publish(&[letter("1")]).await;
        let mut consumer = subscribed(broker.as_ref(), 8).await;
        assert_eq!(consumer.take(1).await.expect("takes").len(), 1);
        broker.close().await;
        assert!(matches!(consumer.take(1).await, Err(BrokerError::Unavailable(_))));
        consumer.close().await;
        let mut again = subscribed(broker.as_ref(), 8).await;
        let taken = again.take(1).await.expect("takes");
        assert!(taken[0].redelivered);
        again.acknowledge(&[taken[0].reference]).await.expect("acknowledges");
        assert_eq!(broker.publish(&[letter("2")]).await, [Published::Confirmed]);
        broker.close().await;
    })
    .await;
}

/// A message that kills its handler each time ends among the dead letters, named after its queue, and takes
/// no innocent one with it.
#[tokio::test]
async fn a_killer_becomes_a_dead_letter_and_the_innocent_stay() {
    on_a_bench(|bench| async move {
        let broker = bench.open("killer").await;
        broker.declare(&TOPOLOGY).await.expect("declares");
        let killer = letter("killer");
        broker.publish(&[killer.clone(), letter("a"), letter("b")]).await;
        let mut dead_letters =
            broker.consume("dead", Taking::Subscribed { prefetch: 8 }).await.expect("consumes");
        let (mut innocent, mut killed) = (0, 0);
        let dead = loop {
            let mut consumer = subscribed(broker.as_ref(), 8).await;
            tokio::select! {
                dead = dead_letters.take(8) => break dead.expect("takes"),
                taken = consumer.take(1) => {
                    let taken = taken.expect("takes");
                    if taken[0].body == killer.body {
                        killed += 1;
                    } else {
                        innocent += 1;
                        consumer.acknowledge(&[taken[0].reference]).await.expect("acknowledges");
                    }
                }
            }
            consumer.close().await;
        };
        assert_eq!(killed, 51, "the first time and fifty more");
        let mut rest = subscribed(broker.as_ref(), 8).await;
        while innocent < 2 {
            for delivery in rest.take(8).await.expect("takes") {
                assert_ne!(delivery.body, killer.body);
                innocent += 1;
                rest.acknowledge(&[delivery.reference]).await.expect("acknowledges");
            }
        }
        rest.close().await;
        assert_eq!(innocent, 2);
        assert_eq!(dead.len(), 1);
        assert_eq!(dead[0].body, killer.body);
        assert_eq!(dead[0].died_in.as_deref(), Some("letters"));
        assert!(dead[0].headers.is_empty(), "{:?}", dead[0].headers);
        broker.close().await;
    })
    .await;
}

/// The broker as somebody else sees it, past our own code.
async fn outsider() -> (lapin::Connection, lapin::Channel) {
    let connection = lapin::Connection::connect(&url(), lapin::ConnectionProperties::default()).await;
    let connection = connection.expect("connects");
    let channel = connection.create_channel().await.expect("a channel");
    (connection, channel)
}

fn written(id: &str) -> Outgoing {
    Outgoing {
        destination: Destination::Exchange(Exchange::Facts),
        message_type: "letter.written".to_owned(),
        ..letter(id)
    }
}

/// A queue that somebody deletes ends the sessions on it, and on no other; the next session finds it declared anew, with
/// its bindings, although nobody asked for that.
#[tokio::test]
async fn a_deleted_queue_disturbs_no_other_and_comes_back() {
    on_a_bench(|bench| async move {
        let broker = bench.open("deleted").await;
        broker.declare(&TOPOLOGY).await.expect("declares");
        let mut doomed = subscribed(broker.as_ref(), 8).await;
        let mut other =
            broker.consume("archive", Taking::Subscribed { prefetch: 8 }).await.expect("consumes");
        broker.publish(&[written("1")]).await;
        assert_eq!(other.take(8).await.expect("takes").len(), 1);
        let (_connection, channel) = outsider().await;
        let name = bench.prefix("deleted").full("letters");
        channel.queue_delete(name.into(), Default::default()).await.expect("deletes");
        while doomed.take(8).await.is_ok() {}
        doomed.close().await;

        let mut again = subscribed(broker.as_ref(), 8).await;
        assert_eq!(broker.publish(&[letter("2"), written("3")]).await, vec![Published::Confirmed; 2]);
        let first = again.take(1).await.expect("takes");
        again.acknowledge(&[first[0].reference]).await.expect("acknowledges");
        assert_eq!(again.take(1).await.expect("takes").len(), 1);
        again.close().await;
        // Still the session that began before.
        other.acknowledge(&[]).await.expect("is at work");
        other.close().await;
        broker.close().await;
    })
    .await;
}

/// What comes back although the table has a queue for it is published again into a queue that is there again.
#[tokio::test]
async fn a_publisher_that_finds_a_queue_gone_has_it_declared() {
    on_a_bench(|bench| async move {
        let broker = bench.open("gone").await;
        broker.declare(&TOPOLOGY).await.expect("declares");
        assert_eq!(broker.publish(&[letter("1")]).await, [Published::Confirmed]);
        let (_connection, channel) = outsider().await;
        let name = bench.prefix("gone").full("letters");
        channel.queue_delete(name.into(), Default::default()).await.expect("deletes");
        assert_eq!(broker.publish(&[letter("2")]).await, [Published::Unroutable]);
        assert_eq!(broker.publish(&[letter("2")]).await, [Published::Confirmed]);
        broker.close().await;
    })
    .await;
}

/// A queue that exists with other arguments cannot be had however often one asks; the others are declared all the same.
#[tokio::test]
async fn a_queue_that_is_otherwise_than_wanted_is_unsuitable_and_keeps_no_other_from_work() {
    on_a_bench(|bench| async move {
        let broker = bench.open("otherwise").await;
        let (_connection, channel) = outsider().await;
        let name = bench.prefix("otherwise").full("letters");
        channel.queue_declare(name.into(), Default::default(), Default::default()).await.expect("declares");
        let declared = broker.declare(&TOPOLOGY).await;
        assert!(matches!(declared, Err(BrokerError::Unsuitable(_))), "{declared:?}");
        let mut other =
            broker.consume("archive", Taking::Subscribed { prefetch: 8 }).await.expect("consumes");
        assert_eq!(broker.publish(&[written("1")]).await, [Published::Confirmed]);
        assert_eq!(other.take(8).await.expect("takes").len(), 1);
        other.close().await;
        broker.close().await;
    })
    .await;
}

/// A process may start before its broker: what it wanted declared is declared once the broker answers.
#[tokio::test]
async fn what_could_not_be_declared_is_remembered_until_the_broker_is_there() {
    on_a_bench(|bench| async move {
        bench.open("early").await;
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let door = listener.local_addr().expect("an address");
        drop(listener);
        let server = server_of(&url());
        let through_the_door = url().replace(&server, &door.to_string());
        let broker =
            RabbitMq::new(RabbitSettings { url: through_the_door, ..settings(bench.prefix("early")) });
        let declared = broker.declare(&TOPOLOGY).await;
        assert!(matches!(declared, Err(BrokerError::Unavailable(_))), "{declared:?}");
        assert!(matches!(broker.publish(&[letter("1")]).await[..], [Published::Unknown(_)]));

        let listener = tokio::net::TcpListener::bind(door).await.expect("the same port");
        let doorkeeper = tokio::spawn(async move {
            loop {
                let (mut inside, _) = listener.accept().await.expect("a guest");
                let mut outside = tokio::net::TcpStream::connect(&server).await.expect("the server");
                tokio::spawn(async move { tokio::io::copy_bidirectional(&mut inside, &mut outside).await });
            }
        });
        assert_eq!(broker.publish(&[letter("1")]).await, [Published::Confirmed]);
        let taken = subscribed(&broker, 1).await.take(1).await.expect("takes");
        assert_eq!(taken.len(), 1);
        broker.close().await;
        doorkeeper.abort();
    })
    .await;
}

fn server_of(url: &str) -> String {
    let after = url.rsplit_once('@').expect("a URL with a user").1;
    after.split('/').next().expect("a host and a port").to_owned()
}

async fn waiting(broker: &dyn Broker, queue: &str) -> u64 {
    let depths = broker.depths().await.expect("answers");
    depths.iter().find(|depth| depth.queue == queue).expect("declared").waiting
}
