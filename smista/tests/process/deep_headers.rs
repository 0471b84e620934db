//! A message whose headers hold each other by the ten thousand, which any client may send: it is parked, and no process dies of it.

#[path = "../../../queues/tests/raw_amqp/mod.rs"]
mod raw_amqp;

use raw_amqp::{Sender, Table};

use crate::running::{Smista, run, wait_until};
use crate::servers::OwnServers;

#[test]
fn headers_as_deep_as_a_frame_holds_are_parked_and_nobody_dies_of_them() {
    let servers = OwnServers::create();
    let environment = servers.environment();
    run(&["migrate"], &environment);
    let worker = Smista::start(&["work", "intake"], &environment);
    worker.wait_until_ready(true);
    let mut sender = Sender::connect(&raw_amqp::url());
    let odd = Table::of(b"a\0b", &Table::text(b"c\0d\xff"));
    for headers in [Table::nested_lists(26_000), Table::nested_tables(13_000), odd] {
        sender.publish(&servers.queue("intake"), &headers, b"{}");
    }
    wait_until("each parked", || servers.number("select count(*) from parcheggio") == 3);
    worker.terminate();
    assert_eq!(worker.ended().code(), Some(0));
}
