//! `cargo xtask simulate`: `SEED=n` plays one seed and prints the hash of its trace, `SEEDS=n` so many from 0 on. What a
//! seed plays stands with the tests; this only runs them.

use anyhow::Result;

use crate::tools;

/// The test that plays sound offices; the others plant defects.
const SOUND: &str = "whatever_happens_the_office_keeps_its_promises";

pub(crate) fn run() -> Result<()> {
    let mut cargo = tools::cargo();
    // SEED and SEEDS are handed on as they are.
    cargo
        .args([
            "test",
            "--locked",
            "--package",
            "smista-tests",
            "--test",
            "simulate",
            "--",
            "--nocapture",
            SOUND,
        ])
        .env("SQLX_OFFLINE", "true");
    tools::run(&mut cargo)
}
