//! Faults of servers and networks, under load: a private PostgreSQL and a private RabbitMQ, killed by process id, and links
//! that are slow, silent or cut. Each fault ends with the same audit, and one row of the table that is printed at the end.
//!
//! `cargo xtask faults` runs it ten times; a word chooses the faults whose names have it.

mod audit;
mod broker_faults;
mod database_faults;
mod grounds;
mod installation;
mod link_faults;
mod load;
mod table;

use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;
use smista_servers::strace::Strace;
use tracing_subscriber::filter::EnvFilter;

use audit::Findings;
use grounds::Grounds;
use installation::Installation;
use load::Load;

#[derive(Parser)]
#[command(about = "Faults of servers and networks, under load")]
struct Arguments {
    /// Only faults with one of these words in their names.
    words: Vec<String>,
    /// How often each is run.
    #[arg(long, default_value_t = 1)]
    runs: usize,
    /// Names the faults and runs none.
    #[arg(long)]
    list: bool,
}

/// Something that goes wrong while callers and workers are at it.
#[derive(Clone, Copy)]
struct Fault {
    name: &'static str,
    /// It is played by strace, which not every machine has or allows.
    needs_strace: bool,
    /// What happens; when it returns, everything is as before, or will be by itself.
    strike: Strike,
}

impl Fault {
    const fn of(name: &'static str, strike: Strike) -> Self {
        Self { name, needs_strace: false, strike }
    }
}

type Strike = for<'a> fn(&'a Scene<'a>) -> Striking<'a>;
type Striking<'a> = futures::future::LocalBoxFuture<'a, anyhow::Result<()>>;

/// What a fault can reach.
struct Scene<'a> {
    grounds: &'a Grounds,
    installation: &'a Installation,
    load: &'a Load,
}

/// Nothing goes wrong: what the others are compared with, and nothing may be published twice.
const NONE: Fault = Fault::of("none", |scene| Box::pin(async { scene.load.goes_on().await }));

fn main() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::parse();
    let every = [&[NONE], broker_faults::ALL, database_faults::ALL, link_faults::ALL].concat();
    let chosen = |fault: &&Fault| {
        arguments.words.is_empty() || arguments.words.iter().any(|word| fault.name.contains(word.as_str()))
    };
    let mut faults: Vec<&Fault> = every.iter().filter(chosen).collect();
    if arguments.list {
        faults.iter().for_each(|fault| say(fault.name));
        return Ok(ExitCode::SUCCESS);
    }
    if let Err(why) = Strace::can_attach() {
        for fault in faults.extract_if(.., |fault| fault.needs_strace) {
            say(&format!("NOT RUN, AND SO NOT PROVED: {}: {why:#}", fault.name));
        }
    }
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::try_from_default_env().unwrap_or_else(|_unset| EnvFilter::new("off")))
        .with_writer(std::io::stderr)
        .init();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build()?;
    runtime.block_on(run(&faults, arguments.runs))
}

async fn run(faults: &[&Fault], runs: usize) -> anyhow::Result<ExitCode> {
    let grounds = Grounds::prepare()?;
    let mut table = table::Table::default();
    for _run in 0..runs {
        for fault in faults {
            let findings = one(&grounds, fault).await.unwrap_or_else(|error| Findings::failed(&error));
            say(&table::line(fault.name, &findings));
            table.add(fault.name, findings);
        }
    }
    say(&table.to_string());
    Ok(if table.is_sound() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn one(grounds: &Grounds, fault: &Fault) -> anyhow::Result<Findings> {
    let installation = Installation::open(grounds).await?;
    let load = Load::begin(&installation);
    let scene = Scene { grounds, installation: &installation, load: &load };
    let struck = match load.goes_on().await {
        Ok(()) => (fault.strike)(&scene).await,
        Err(error) => Err(error),
    };
    grounds.all_is_well_again()?;
    let asked = load.end(struck.is_ok()).await;
    let findings = match struck {
        Ok(()) => audit::audit(&installation, &asked).await.context("at the audit"),
        Err(error) => Err(error),
    };
    installation.clear_away().await.context("clearing away")?;
    let mut findings = findings?;
    if fault.name == NONE.name && findings.published_twice > 0 {
        findings.wrong.push("facts were published twice, and nothing went wrong".to_owned());
    }
    Ok(findings)
}

#[expect(clippy::print_stdout, reason = "a report is for people")]
fn say(text: &str) {
    println!("{text}");
}
