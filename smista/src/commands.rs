//! One file for each command of the command line, and what they have in common.

mod case;
mod catalogue;
mod import;
mod parked;
mod queues;
mod serve;
mod token;
mod watched;
mod work;

use std::process::ExitCode;

use anyhow::Context;
use smista::system::{Servers, System};
use smista::telemetry::Telemetry;
use smista_office::Surroundings;
use smista_queues::NamePrefix;
use smista_store::StoreError;
use tokio::runtime::Handle;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

use crate::cli::{Cli, Command};
use crate::config::{LogFormat, SetUp, Settings};

/// Some of the input was refused.
const SOME_REFUSED: u8 = 3;
/// Nothing was found.
const NOTHING_FOUND: u8 = 4;
/// The data folder is in use.
const IN_USE: u8 = 5;
/// An import ended before its file did.
const ENDED_EARLY: u8 = 6;

/// Wrong use or wrong configuration.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Misuse(String);

/// Does what the command line says.
pub(crate) fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    let settings = settings(&cli).map_err(|error| Misuse(format!("{error:#}")))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let telemetry = begin_logging(&settings, runtime.handle())?;
    let done = runtime.block_on(dispatch(cli, settings));
    if let Some(telemetry) = telemetry {
        telemetry.end();
    }
    done
}

/// The exit code of a failure, as the help lists them.
pub(crate) fn exit_code_of(error: &anyhow::Error) -> ExitCode {
    if error.downcast_ref::<Misuse>().is_some() {
        ExitCode::from(2)
    } else if error.chain().any(is_in_use) {
        ExitCode::from(IN_USE)
    } else {
        ExitCode::FAILURE
    }
}

fn is_in_use(error: &(dyn std::error::Error + 'static)) -> bool {
    matches!(error.downcast_ref(), Some(StoreError::InUse { .. }))
}

fn settings(cli: &Cli) -> anyhow::Result<Settings> {
    let (listen, ops) = match &cli.command {
        Some(Command::Serve { listen, ops }) => (listen.clone(), ops.clone()),
        Some(Command::Work { ops, .. }) => (None, ops.clone()),
        _ => (None, None),
    };
    let data = cli.global.data.as_ref().map(|data| data.to_string_lossy().into_owned());
    let flags = [("listen", listen), ("ops_listen", ops), ("data", data)];
    Settings::read(cli.global.config.as_deref(), std::env::vars(), &flags)
}

async fn dispatch(cli: Cli, settings: Settings) -> anyhow::Result<ExitCode> {
    let json = cli.global.json;
    match cli.command.unwrap_or(Command::Serve { listen: None, ops: None }) {
        Command::Health => watched::health(&settings).await,
        Command::Serve { .. } => serve::serve(&settings).await,
        Command::Work { queues, .. } => work::work(&settings, &queues).await,
        other => {
            let system = open(&settings).await?;
            let done = match other {
                Command::Migrate => Ok(ExitCode::SUCCESS),
                Command::Catalogue(command) => catalogue::catalogue(&system, command, json).await,
                Command::Token(command) => token::token(&system, command, json).await,
                Command::Import(args) => import::import(&system, &args, json).await,
                Command::Case(command) => case::case(&system, command, json).await,
                Command::Queues => queues::queues(&system, json).await,
                Command::Parked(command) => parked::parked(&system, command, json).await,
                Command::Health | Command::Serve { .. } | Command::Work { .. } => Ok(ExitCode::SUCCESS),
            };
            system.close().await;
            done
        }
    }
}

/// Opens the set-up that the settings ask for, its schema up to date and its queues declared.
async fn open(settings: &Settings) -> anyhow::Result<System> {
    let system = match settings.set_up().map_err(|error| Misuse(format!("{error:#}")))? {
        SetUp::Embedded(folder) => System::embedded(&folder, surroundings(), settings.source.clone()).await,
        SetUp::Scaled { database_url, amqp_url } => {
            let queue_prefix = NamePrefix::new(&settings.queue_prefix)
                .map_err(|error| Misuse(format!("queue_prefix: {error}")))?;
            let servers = Servers {
                database_url,
                database_connections: settings.database_connections,
                amqp_url,
                queue_prefix,
                deepest_outbox: settings.deepest_outbox,
            };
            System::scaled(servers, surroundings(), settings.source.clone()).await
        }
    };
    system.context("starting")
}

/// The real clock and real identifiers: the one place where the program reaches for them.
fn surroundings() -> Surroundings {
    #[expect(clippy::disallowed_methods, reason = "here the clock and the ids are handed in")]
    Surroundings::new(chrono::Utc::now, uuid::Uuid::now_v7)
}

fn begin_logging(settings: &Settings, runtime: &Handle) -> anyhow::Result<Option<Telemetry>> {
    let filter = EnvFilter::try_new(&settings.log).map_err(|error| Misuse(format!("log: {error}")))?;
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let lines = match settings.log_format {
        LogFormat::Text => lines.boxed(),
        LogFormat::Json => lines.json().boxed(),
    };
    let exported = settings.otlp_endpoint.as_deref();
    let telemetry = exported.map(|endpoint| Telemetry::begin(endpoint, &settings.source, runtime.clone()));
    let telemetry = telemetry.transpose().map_err(|error| Misuse(format!("{error:#}")))?;
    tracing_subscriber::registry()
        .with(lines.with_filter(filter))
        .with(telemetry.as_ref().map(Telemetry::layer))
        .init();
    Ok(telemetry)
}
