//! `cargo xtask simulate`: `SEED=n` plays one seed and prints the hash of its trace, `SEEDS=n` so many from 0 on. What a
//! seed plays stands with the tests; this only runs them.

use std::process::Command;

use anyhow::Result;

use crate::tools;

/// The test that plays sound offices; the others plant defects.
const SOUND: &str = "whatever_happens_the_office_keeps_its_promises";
/// Seeds that a change must pass. A plain `cargo test` plays fewer.
const MANY: u32 = 2_000;

/// What the environment asks for: SEED and SEEDS are handed on as they are.
pub(crate) fn run() -> Result<()> {
    play(tools::cargo().env("SQLX_OFFLINE", "true"))
}

/// As many seeds as a change must pass.
pub(crate) fn many(mut cargo: Command) -> Result<()> {
    play(cargo.env("SEEDS", MANY.to_string()))
}

fn play(cargo: &mut Command) -> Result<()> {
    // The workspace, not the package: alone it would be compiled once more, with other features of its dependencies.
    let simulation = ["test", "--locked", "--workspace", "--test", "simulate"];
    tools::run(cargo.args(simulation).args(["--", "--nocapture", SOUND]))
}
