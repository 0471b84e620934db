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

/// Times that all sessions are cut.
const CUTS: usize = 20;

async fn killed(scene: &Scene<'_>) -> Result<()> {
    scene.grounds.kill_postgres()?;
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
