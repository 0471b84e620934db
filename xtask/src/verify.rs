//! `cargo xtask test`: the order of the steps, and what is said at the end. What each step does stands elsewhere.

use std::process::Command;

use anyhow::{Result, anyhow};

use crate::leftovers::Leftovers;
use crate::servers::Servers;
use crate::steps::Steps;
use crate::{clauses, prepare, simulate, tools};

pub(crate) fn everything() -> Result<()> {
    verify(|steps, servers| {
        steps.run("formatting", || tools::run(cargo(servers).args(["fmt", "--all", "--check"])))?;
        steps.run("SQL", || prepare::check_on(&servers.postgres_url))?;
        steps.run("lints", || {
            let lints = ["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"];
            tools::run(cargo(servers).args(lints))
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
    verify(cargo_test)
}

fn cargo_test(steps: &mut Steps, servers: &Servers) -> Result<()> {
    steps.run("tests", || tools::run(cargo(servers).args(["test", "--workspace", "--locked"])))
}

/// Servers first; leftovers are looked for whatever the steps between found, and the earliest failure is the answer.
fn verify(between: impl FnOnce(&mut Steps, &Servers) -> Result<()>) -> Result<()> {
    let mut steps = Steps::default();
    let servers = steps.run("servers", Servers::find_or_start)?;
    let before = Leftovers::standing(&servers)?;
    let checked = between(&mut steps, &servers);
    let clean = steps.run("leftovers", || Leftovers::standing(&servers)?.none_since(&before));
    let proved = steps.run("clauses", || clauses::survey(&tools::workspace_root()));
    print!("\n{}", steps.timings());
    let failures = [checked.err(), clean.err(), proved.as_ref().err().map(|error| anyhow!("{error:#}"))];
    let mut failures = failures.into_iter().flatten();
    let first = failures.next();
    for later in failures {
        eprintln!("error, besides: {later:#}");
    }
    if let Ok(survey) = proved {
        println!("{}", survey.in_short());
    }
    first.map_or(Ok(()), Err)
}

/// Queries are checked against what `.sqlx` holds, never against a database that happens to be named by the environment.
fn cargo(servers: &Servers) -> Command {
    let mut command = tools::cargo();
    command
        .env("SQLX_OFFLINE", "true")
        .env("SMISTA_TEST_POSTGRES_URL", &servers.postgres_url)
        .env("SMISTA_TEST_AMQP_URL", &servers.amqp_url);
    command
}
