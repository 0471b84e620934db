//! Links that are cut, slow or silent.

use std::num::NonZeroU32;
use std::time::Duration;

use anyhow::Result;
use smista_tests::proxy::{Link, Proxy};

use crate::{Fault, Scene};

pub(crate) const ALL: &[Fault] = &[
    Fault { name: "link to RabbitMQ cut 10 times", strike: |scene| Box::pin(cut(scene)) },
    Fault { name: "link to RabbitMQ half open", strike: |scene| Box::pin(half_open_to_rabbitmq(scene)) },
    Fault {
        name: "link to RabbitMQ slow",
        strike: |scene| Box::pin(slow(scene, &scene.grounds.to_rabbitmq)),
    },
    Fault { name: "link to PostgreSQL half open", strike: |scene| Box::pin(half_open_to_postgres(scene)) },
    Fault {
        name: "link to PostgreSQL slow",
        strike: |scene| Box::pin(slow(scene, &scene.grounds.to_postgres)),
    },
];

/// Times that all connections are cut.
const CUTS: usize = 10;
/// 20 ms each way, and as much as an old line carries.
const SLOW: Link =
    Link { delay: Duration::from_millis(20), throttle: NonZeroU32::new(256 * 1024), silent: false };

async fn cut(scene: &Scene<'_>) -> Result<()> {
    for _cut in 0..CUTS {
        scene.grounds.to_rabbitmq.cut();
        scene.load.a_little().await?;
    }
    scene.load.goes_on().await
}

/// Long enough for whatever is under way to be lost.
const SILENCE: Duration = Duration::from_secs(2);

/// What is sent is lost, and nobody is told; connections that were open stay so and dead, and only new ones work.
async fn half_open(link: &Proxy) {
    link.set(Link { silent: true, ..Link::default() });
    tokio::time::sleep(SILENCE).await;
    link.set(Link::default());
}

/// The heartbeats of both ends find it out.
async fn half_open_to_rabbitmq(scene: &Scene<'_>) -> Result<()> {
    half_open(&scene.grounds.to_rabbitmq).await;
    scene.load.goes_on().await
}

/// The system's time-outs on the socket find it out, which a link on one machine cannot show: here the link itself ends
/// what was silent.
async fn half_open_to_postgres(scene: &Scene<'_>) -> Result<()> {
    half_open(&scene.grounds.to_postgres).await;
    scene.grounds.to_postgres.cut();
    scene.load.goes_on().await
}

async fn slow(scene: &Scene<'_>, link: &Proxy) -> Result<()> {
    link.set(SLOW);
    scene.load.goes_on().await?;
    link.set(Link::default());
    scene.load.goes_on().await
}
