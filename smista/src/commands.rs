//! One file for each command of the command line, and what they have in common.

mod case;
mod catalogue;
mod client;
mod import;
mod parked;
mod queues;
mod serve;
mod stopping;
mod supervised;
mod token;
mod trying;
mod watched;
mod work;

use std::process::ExitCode;

use anyhow::Context;
use smista::system::{Schema, Servers, System};
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
use crate::output;
use stopping::Stop;

/// Some of the input was refused.
const SOME_REFUSED: u8 = 3;
/// Nothing was found.
const NOTHING_FOUND: u8 = 4;
/// The data folder is in use.
const IN_USE: u8 = 5;
/// Ended before its end: by a signal, or at a file that cannot be read on.
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
    // What still runs has had its time.
    runtime.shutdown_background();
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
    Settings::read(cli.global.config.as_deref(), std::env::vars_os(), &flags)
}

async fn dispatch(cli: Cli, settings: Settings) -> anyhow::Result<ExitCode> {
    let json = cli.global.json;
    match cli.command.unwrap_or(Command::Serve { listen: None, ops: None }) {
        Command::Health => watched::health(&settings).await,
        Command::Serve { .. } => serve::serve(&settings).await,
        Command::Work { queues, .. } => work::work(&settings, &queues).await,
        other => look_or_change(&settings, other, json).await,
    }
}

/// The commands that end by themselves. A signal ends them sooner, and well: the store is closed in any case.
async fn look_or_change(settings: &Settings, command: Command, json: bool) -> anyhow::Result<ExitCode> {
    let stop = Stop::on_signal(settings.grace_secs);
    let schema = if matches!(command, Command::Migrate) { Schema::BringUpToDate } else { Schema::MustFit };
    let ends_by_itself = matches!(command, Command::Import(_));
    let system = open(settings, schema).await?;
    let interrupted = async {
        stop.begun().await;
        if ends_by_itself {
            std::future::pending::<()>().await;
        }
    };
    let done = tokio::select! {
        biased;
        done = do_command(&system, command, json, &stop) => done,
        () = interrupted => {
            output::error_line("smista: interrupted");
            Ok(ExitCode::from(ENDED_EARLY))
        }
    };
    stop.close(&system).await;
    done
}

async fn do_command(system: &System, command: Command, json: bool, stop: &Stop) -> anyhow::Result<ExitCode> {
    match command {
        Command::Migrate => {
            system.declare().await?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Catalogue(command) => catalogue::catalogue(system, command, json).await,
        Command::Token(command) => token::token(system, command, json).await,
        Command::Client(command) => client::client(system, command, json).await,
        Command::Import(args) => import::import(system, &args, json, stop.token()).await,
        Command::Case(command) => case::case(system, command, json).await,
        Command::Queues => queues::queues(system, json).await,
        Command::Parked(command) => parked::parked(system, command, json).await,
        Command::Health | Command::Serve { .. } | Command::Work { .. } => Ok(ExitCode::SUCCESS),
    }
}

/// Opens the set-up that the settings ask for. Speaks to the database alone: what needs the broker goes to it by itself.
async fn open(settings: &Settings, schema: Schema) -> anyhow::Result<System> {
    let source = settings.source.clone();
    let system = match settings.set_up().map_err(|error| Misuse(format!("{error:#}")))? {
        SetUp::Embedded(folder) => System::embedded(&folder, surroundings(), source, schema).await,
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
            System::on_servers(servers, surroundings(), source, schema).await
        }
    };
    system.context("starting")
}

/// The real clock and real identifiers: the one place where the program reaches for them.
fn surroundings() -> Surroundings {
    #[expect(clippy::disallowed_methods, reason = "here the clock and the ids are handed in")]
    Surroundings::new(chrono::Utc::now, uuid::Uuid::now_v7)
}

/// What is asked for, and of the AMQP library only errors: it warns of a message that comes back with the whole message,
/// which may hold personal data. Whoever names the library takes what it says.
fn log_filter(asked: &str) -> String {
    // What nothing at all stands for.
    let asked = if asked.trim().is_empty() { "error" } else { asked };
    let names_it = asked.split(',').any(|directive| directive.trim_start().starts_with("lapin"));
    if names_it { asked.to_owned() } else { format!("{asked},lapin=error") }
}

fn begin_logging(settings: &Settings, runtime: &Handle) -> anyhow::Result<Option<Telemetry>> {
    let filter = EnvFilter::try_new(log_filter(&settings.log));
    let filter = filter.map_err(|error| Misuse(format!("log: {error}")))?;
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

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().expect("no panic").write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    /// What is logged with this setting when the library and the program say something.
    fn logged(asked: &str) -> String {
        let lines = Lines::default();
        let into = lines.clone();
        let filter = EnvFilter::try_new(log_filter(asked)).expect("a filter");
        let layer = tracing_subscriber::fmt::layer().with_writer(move || into.clone()).with_filter(filter);
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            tracing::warn!(target: "lapin::channel", "Server returned us a message: Ada");
            tracing::error!(target: "lapin::channel", "broken");
            tracing::warn!(target: "smista", "ours");
        });
        let bytes = lines.0.lock().expect("no panic").clone();
        String::from_utf8(bytes).expect("text")
    }

    #[test]
    fn the_library_may_not_log_what_messages_hold_unless_it_is_asked_for_by_name() {
        for asked in ["warn,smista=info", "trace", "debug,smista_queues=trace", ""] {
            let logged = logged(asked);
            assert!(!logged.contains("Ada"), "{asked}: {logged}");
            assert!(logged.contains("broken"), "{asked}: {logged}");
        }
        assert!(logged("warn").contains("ours"));
        assert!(logged("info,lapin=warn").contains("Ada"));
    }
}
