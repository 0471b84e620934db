//! `cargo xtask test`: the order of the steps, and what is said at the end. What each step does stands elsewhere.

use std::process::Command;

use anyhow::Result;

use crate::leftovers::Leftovers;
use crate::servers::Servers;
use crate::steps::Steps;
use crate::{clauses, prepare, simulate, tools};

pub(crate) fn everything() -> Result<()> {
    tools::require_component("fmt", "rustfmt")?;
    tools::require_component("clippy", "clippy")?;
    let mut steps = Steps::default();
    steps.run("formatting", || tools::run(tools::cargo().args(["fmt", "--all", "--check"])))?;
    verify(steps, |steps, servers| {
        // One build for both: what is linted expands its SQL on fresh databases.
        steps.run("SQL and lints", || {
            let lints = ["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"];
            prepare::check_while(&servers.postgres_url, cargo(servers).args(lints))
        })?;
        steps.run("documentation", || {
            let documentation = ["doc", "--workspace", "--no-deps", "--locked"];
            tools::run(cargo(servers).args(documentation).env("RUSTDOCFLAGS", "-D warnings"))
        })?;
        cargo_test(steps, servers)?;
        steps.run("simulation", || simulate::many(cargo(servers)))
    })
}

pub(crate) fn quickly() -> Result<()> {
    verify(Steps::default(), cargo_test)
}

fn cargo_test(steps: &mut Steps, servers: &Servers) -> Result<()> {
    // Without it the tests that look over a process's shoulder say that they were not run.
    if let Err(error) = tools::require("strace", "strace") {
        eprintln!("{error:#}");
    }
    steps.run("tests", || tools::run(cargo(servers).args(["test", "--workspace", "--locked"])))
}

/// What costs nothing comes first; leftovers are looked for whatever the steps between found, and the earliest failure is
/// the answer.
fn verify(mut steps: Steps, between: impl FnOnce(&mut Steps, &Servers) -> Result<()>) -> Result<()> {
    let survey = steps.run("clauses", || clauses::survey(&tools::workspace_root()))?;
    let servers = steps.run("servers", Servers::find_or_start_and_install)?;
    let before = Leftovers::standing(&servers)?;
    let checked = between(&mut steps, &servers);
    let clean = steps.run("leftovers", || Leftovers::standing(&servers)?.none_since(&before));
    print!("\n{}", steps.timings());
    if let (Err(_), Err(besides)) = (&checked, &clean) {
        eprintln!("error, besides: {besides:#}");
    }
    println!("{}", survey.in_short());
    checked.and(clean)
}

/// Queries are checked against what `.sqlx` holds, never against a database that happens to be named by the environment;
/// and what is simulated is not left to it either: `SEEDS=0` would play nothing and pass.
pub(crate) fn cargo(servers: &Servers) -> Command {
    let mut command = tools::cargo();
    command
        .env("SQLX_OFFLINE", "true")
        .env("SMISTA_TEST_POSTGRES_URL", &servers.postgres_url)
        .env("SMISTA_TEST_AMQP_URL", &servers.amqp_url)
        .env_remove("SEED")
        .env_remove("SEEDS");
    command
}
