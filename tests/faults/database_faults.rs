//! PostgreSQL dies, or ends its sessions.

use anyhow::Result;

use crate::{Fault, Scene};

pub(crate) const ALL: &[Fault] = &[
    Fault { name: "PostgreSQL killed and started again", strike: |scene| Box::pin(killed(scene)) },
    Fault {
        name: "PostgreSQL: every session cut in the middle, 20 times",
        strike: |scene| Box::pin(cut(scene)),
    },
];

/// Needs strace.
pub(crate) const FULL_DISK: Fault =
    Fault { name: "PostgreSQL: disk full", strike: |scene| Box::pin(full_disk(scene)) };

/// Times that all sessions are cut.
const CUTS: usize = 20;

async fn killed(scene: &Scene<'_>) -> Result<()> {
    scene.grounds.kill_postgres()?;
    scene.grounds.start_postgres_again()?;
    scene.load.goes_on().await
}

/// What is to be committed cannot be written, and the server goes down for it; somebody makes room and starts it again.
async fn full_disk(scene: &Scene<'_>) -> Result<()> {
    let disk = scene.grounds.fill_disk_of_postgres()?;
    scene.load.is_held_up().await?;
    drop(disk);
    scene.grounds.start_postgres_again()?;
    scene.load.goes_on().await
}

async fn cut(scene: &Scene<'_>) -> Result<()> {
    for _cut in 0..CUTS {
        scene.grounds.to_postgres.cut();
        scene.load.a_little().await?;
    }
    scene.load.goes_on().await
}
