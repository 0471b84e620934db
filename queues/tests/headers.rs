//! Messages whose AMQP headers no library of a sender's would write: the broker takes them, and so must smista.
//!
//! Needs RabbitMQ: `SMISTA_TEST_AMQP_URL`, by default the local one as guest.

mod raw_amqp;

use std::sync::Arc;
use std::time::Duration;

use smista_queues::contract::TOPOLOGY;
use smista_queues::{Broker, Delivery, NamePrefix, RabbitMq, RabbitSettings, Taking};

use raw_amqp::{Sender, Table};

/// Deeper than any program writes. At some hundreds more the AMQP library, unoptimised, runs out of its stack.
const LEVELS: usize = 100;

/// Sends messages of these headers, and takes what arrives.
async fn carried(broker: &RabbitMq, queue: &str, headers: &[(&str, Table)]) -> Vec<Delivery> {
    broker.declare(&TOPOLOGY).await.expect("declares");
    let mut sender = Sender::connect(&raw_amqp::url());
    for (body, headers) in headers {
        sender.publish(queue, headers, body.as_bytes());
    }
    let mut consumer = broker.consume("letters", Taking::OnDemand).await.expect("consumes");
    let taken = consumer.take(headers.len() + 1).await.expect("takes");
    consumer.close().await;
    taken
}

#[tokio::test]
async fn headers_of_odd_bytes_and_depth_keep_nothing_from_its_reader() {
    #[expect(clippy::disallowed_methods, reason = "two runs at once must not share names")]
    let run = uuid::Uuid::now_v7();
    let prefix = NamePrefix::new(&format!("smista-test-{}-headers", run.simple())).expect("a prefix");
    let queue = prefix.full("letters");
    let url = raw_amqp::url();
    let settings = RabbitSettings { url, prefix, confirm_timeout: Duration::from_secs(30), in_flight: 8 };
    let broker = Arc::new(RabbitMq::new(settings));
    let at_work = Arc::clone(&broker);
    let case = tokio::spawn(async move {
        let sent = [
            ("nul", Table::of(b"a\0b", &Table::text(b"c\0d\xff"))),
            ("lists", Table::nested_lists(LEVELS)),
            ("tables", Table::nested_tables(LEVELS)),
            ("good", Table::of(b"a", &Table::text(b"b"))),
        ];
        let taken = carried(&at_work, &queue, &sent).await;
        let bodies: Vec<&[u8]> = taken.iter().map(|delivery| &*delivery.body).collect();
        assert_eq!(bodies, [&b"nul"[..], b"lists", b"tables", b"good"]);
        let kept = |name: &str, text: &str| vec![(name.to_owned(), text.to_owned())];
        let headers: Vec<_> = taken.into_iter().map(|delivery| delivery.headers).collect();
        assert_eq!(headers, [kept("ab", "cd\u{fffd}"), Vec::new(), Vec::new(), kept("a", "b")]);
    });
    let outcome = case.await;
    broker.delete_everything(&TOPOLOGY).await.expect("deletes");
    outcome.expect("the case holds");
}
