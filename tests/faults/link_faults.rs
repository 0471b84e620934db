//! Links that are cut, slow or silent.

use std::num::NonZeroU32;
use std::time::Duration;

use anyhow::Result;
use smista_tests::proxy::{Link, Proxy};

use crate::{Fault, Scene};

pub(crate) const ALL: &[Fault] = &[
    Fault::of("link to RabbitMQ cut 10 times", |scene| Box::pin(cut(scene, &scene.grounds.to_rabbitmq, 10))),
    Fault::of("link to RabbitMQ half open", |scene| Box::pin(half_open_to_rabbitmq(scene))),
    Fault::of("link to RabbitMQ slow", |scene| Box::pin(slow(scene, &scene.grounds.to_rabbitmq))),
    Fault::of("link to PostgreSQL cut 20 times", |scene| {
        Box::pin(cut(scene, &scene.grounds.to_postgres, 20))
    }),
    Fault::of("link to PostgreSQL half open", |scene| Box::pin(half_open_to_postgres(scene))),
    Fault::of("link to PostgreSQL slow", |scene| Box::pin(slow(scene, &scene.grounds.to_postgres))),
];

/// 20 ms each way, and as much as an old line carries.
const SLOW: Link =
    Link { delay: Duration::from_millis(20), throttle: NonZeroU32::new(256 * 1024), silent: false };

/// Long enough for whatever is under way to be lost.
const SILENCE: Duration = Duration::from_secs(2);

/// Every connection, in the middle of whatever it is at.
async fn cut(scene: &Scene<'_>, link: &Proxy, times: usize) -> Result<()> {
    for _time in 0..times {
        link.cut();
        scene.load.a_little().await?;
    }
    scene.load.goes_on().await
}

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
