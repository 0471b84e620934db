//! RabbitMQ dies, closes, forgets, blocks.

use anyhow::{Result, bail};
use smista_messages::topology::TOPOLOGY;

use crate::{Fault, Scene, audit};

pub(crate) const ALL: &[Fault] = &[
    Fault::of("RabbitMQ killed and started again", |scene| Box::pin(killed(scene))),
    Fault::of("RabbitMQ closes every connection", |scene| Box::pin(closed(scene))),
    Fault::of("RabbitMQ closes every channel for an error", |scene| Box::pin(channels(scene))),
    Fault::of("RabbitMQ: every queue deleted", |scene| Box::pin(deleted(scene))),
    Fault::of("RabbitMQ: memory alarm", |scene| Box::pin(alarm(scene))),
];

/// Times that something short is done again while the work goes on.
const TIMES: usize = 3;
/// Looks at whether the queues are there again; each takes a second.
const MOST_LOOKS: usize = 60;

async fn killed(scene: &Scene<'_>) -> Result<()> {
    scene.grounds.kill_rabbitmq()?;
    scene.grounds.start_rabbitmq_again()?;
    scene.load.goes_on().await
}

async fn closed(scene: &Scene<'_>) -> Result<()> {
    for _time in 0..TIMES {
        scene.grounds.ask_broker(&["close_all_connections", "un guasto"])?;
        scene.load.goes_on().await?;
    }
    Ok(())
}

/// Each channel is told what a client with a mistake would say: it acknowledges what it never got, for which the broker
/// closes it (`PRECONDITION_FAILED`).
async fn channels(scene: &Scene<'_>) -> Result<()> {
    let every = "[gen_server2:cast(C, {method, {'basic.ack', 999999999, false}, none, noflow}) || C <- rabbit_channel:list()].";
    for _time in 0..TIMES {
        scene.grounds.ask_broker(&["eval", every])?;
        scene.load.goes_on().await?;
    }
    Ok(())
}

/// Under their consumers, when nothing is in them: what was would be gone with them, as whoever deletes them wishes.
async fn deleted(scene: &Scene<'_>) -> Result<()> {
    scene.load.pause();
    audit::come_to_rest(scene.installation, || scene.load.asked()).await?;
    let prefix = scene.installation.database.queue_prefix();
    let names = || TOPOLOGY.queues.iter().map(|queue| prefix.full(queue.name));
    for name in names() {
        scene.grounds.ask_broker(&["delete_queue", &name])?;
    }
    for _look in 0..MOST_LOOKS {
        let there = scene.grounds.ask_broker(&["list_queues", "--no-table-headers", "name"])?;
        if names().all(|name| there.lines().any(|line| line == name)) {
            scene.load.go_on();
            return scene.load.goes_on().await;
        }
    }
    bail!("the queues are not declared again")
}

/// Whoever publishes is blocked, until the broker has room again; the door goes on taking calls.
async fn alarm(scene: &Scene<'_>) -> Result<()> {
    scene.grounds.ask_broker(&["set_vm_memory_high_watermark", "0.00001"])?;
    scene.load.goes_on().await?;
    scene.grounds.ask_broker(&["set_vm_memory_high_watermark", "0.4"])?;
    scene.load.goes_on().await
}
