//! PostgreSQL dies, or finds no room.

use anyhow::Result;

use crate::{Fault, Scene};

pub(crate) const ALL: &[Fault] = &[
    Fault::of("PostgreSQL killed and started again", |scene| Box::pin(killed(scene))),
    Fault { needs_strace: true, ..Fault::of("PostgreSQL: disk full", |scene| Box::pin(full_disk(scene))) },
];

async fn killed(scene: &Scene<'_>) -> Result<()> {
    scene.grounds.kill_postgres()?;
    scene.grounds.start_postgres_again()?;
    scene.load.goes_on().await
}

/// What is to be committed cannot be written, and the server goes down for it; somebody makes room and starts it again.
async fn full_disk(scene: &Scene<'_>) -> Result<()> {
    let disk = scene.grounds.fill_disk_of_postgres()?;
    scene.load.is_held_up().await?;
    disk.detach()?;
    scene.grounds.start_postgres_again()?;
    scene.load.goes_on().await
}
