//! `cargo xtask bench`: what is measured stands with the tests; this finds the servers and runs it, optimised.

use anyhow::Result;

use crate::servers::Servers;
use crate::tools;

pub(crate) fn run(options: &[&str]) -> Result<()> {
    let servers = Servers::find_or_start()?;

    let mut bench = tools::cargo();
    bench
        .args(["bench", "--locked", "--package", "smista-tests", "--bench", "engine"])
        // As the image is built.
        .args(["--features", "smista/jemalloc", "--"])
        .args(options)
        .env("SQLX_OFFLINE", "true")
        .env("SMISTA_TEST_POSTGRES_URL", &servers.postgres_url)
        .env("SMISTA_TEST_AMQP_URL", &servers.amqp_url);
    tools::run(&mut bench)
}
