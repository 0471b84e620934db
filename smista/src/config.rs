//! Configuration: `smista.toml`, then environment (`SMISTA_…`), then flags. An unknown key is an error.

use std::collections::HashMap;
use std::ffi::OsString;
use std::net::SocketAddr;
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use config::{Config, Environment, File, FileFormat, Map, Value};
use serde::Deserialize;
use smista_domain::caso::ContactLimits;
use smista_intake::http::DoorConfig;
use smista_intake::lanes::LaneSettings;
use smista_queues::Queue;
use smista_queues::rabbitmq::is_amqp_url;
use smista_store_postgres::is_postgres_url;

/// Environment variables that belong to the tests and chores of the project, not to the program.
const NOT_OURS: [&str; 3] = ["SMISTA_TEST_", "SMISTA_PREPARE_", "SMISTA_CONFIG"];
/// Settings that may stand in a file of their own: the name of either in one layer replaces both of the layer before.
const SECRETS: [[&str; 2]; 2] = [["database_url", "database_url_file"], ["amqp_url", "amqp_url_file"]];

/// Everything that can be set. Each key may stand in `smista.toml` as it is, or in the environment as
/// `SMISTA_` and the key in capitals.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Settings {
    /// The folder of the embedded store.
    pub data: PathBuf,
    /// PostgreSQL; with `amqp_url` it makes the scaled-out set-up.
    pub database_url: Option<Secret>,
    /// A file that holds it.
    pub database_url_file: Option<PathBuf>,
    /// RabbitMQ.
    pub amqp_url: Option<Secret>,
    /// A file that holds it.
    pub amqp_url_file: Option<PathBuf>,
    /// What stands before every queue and exchange, so that installations can share a broker.
    pub queue_prefix: String,
    /// Where the HTTP door listens.
    pub listen: SocketAddr,
    /// Where this process, whatever its work, tells operations how it is; nowhere if left out. Port 0 takes a free one.
    pub ops_listen: Option<SocketAddr>,
    /// The name of this installation in its messages.
    pub source: String,
    /// `text` or `json`.
    pub log_format: LogFormat,
    /// Which log lines, as `tracing` filters.
    pub log: String,
    /// The most connections to PostgreSQL of one process.
    pub database_connections: u32,
    /// Messages due to be published above which consumers pause and the HTTP door refuses what changes something, until
    /// the broker catches up. Embedded it bounds nothing: a commit puts a message in its queue, so none waits to be
    /// published, and what waits to be worked on is the workers' own backlog. It would not shrink while they pause, and
    /// is no reason to turn citizens away.
    pub deepest_outbox: u64,
    /// Where spans are sent, as OTLP over HTTP (`http://collector:4318`); nowhere if left out.
    pub otlp_endpoint: Option<String>,
    /// How long a stop waits for what was begun, in seconds. Publishing and closing may take 5 more.
    pub grace_secs: u64,
    /// Requests that one client may make in a second at the HTTP door, on average.
    pub requests_per_second: NonZeroU32,
    /// Requests that it may make at once.
    pub burst: NonZeroU32,
    /// The largest body that the HTTP door reads, in bytes.
    pub max_body_bytes: usize,
    /// Tasks that apply what comes in at the HTTP door.
    pub lanes: usize,
    /// The most commands that one of them applies together.
    pub lane_batch: usize,
    /// Commands that may wait for them; past that callers are sent away.
    pub lane_waiting: usize,
    /// Lanes of a worker on each of its queues, instead of what the table of queues says: more where the servers are far
    /// away. Each takes a connection to the database while it works.
    pub worker_lanes: Option<NonZeroUsize>,
    /// The most messages that one of them handles together, instead of what the table says.
    pub worker_batch: Option<NonZeroUsize>,
    /// Failed attempts to tell an answer after which it is late (R19).
    pub contact_failures: u32,
    /// Days after which it is (R19).
    pub contact_days: u32,
}

/// A setting that must not be shown.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub(crate) struct Secret(String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("(secret)")
    }
}

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

impl Default for Settings {
    fn default() -> Self {
        let door = DoorConfig::default();
        Self {
            data: PathBuf::from("smista-data"),
            database_url: None,
            database_url_file: None,
            amqp_url: None,
            amqp_url_file: None,
            queue_prefix: "smista".to_owned(),
            listen: SocketAddr::from(([127, 0, 0, 1], 8055)),
            ops_listen: None,
            source: "smista".to_owned(),
            log_format: LogFormat::Text,
            log: "warn,smista=info".to_owned(),
            database_connections: 16,
            deepest_outbox: 100_000,
            otlp_endpoint: None,
            grace_secs: 25,
            requests_per_second: door.requests_per_second,
            burst: door.burst,
            max_body_bytes: door.max_body_bytes,
            lanes: door.lanes.lanes,
            lane_batch: door.lanes.batch,
            lane_waiting: door.lanes.waiting,
            worker_lanes: None,
            worker_batch: None,
            contact_failures: door.contact_limits.max_failures,
            contact_days: u32::try_from(door.contact_limits.max_days).unwrap_or(u32::MAX),
        }
    }
}

/// Which of the two set-ups the settings ask for.
pub(crate) enum SetUp {
    /// SQLite and its spool, in this folder.
    Embedded(PathBuf),
    /// PostgreSQL and RabbitMQ.
    Scaled {
        /// PostgreSQL.
        database_url: String,
        /// RabbitMQ.
        amqp_url: String,
    },
}

impl Settings {
    /// Reads the file (if none is named, `smista.toml` where it exists), the given environment, the given flags.
    pub(crate) fn read(
        file: Option<&Path>,
        environment: impl Iterator<Item = (OsString, OsString)>,
        flags: &[(&str, Option<String>)],
    ) -> anyhow::Result<Self> {
        let environment = ours(environment)?;
        let path = file.unwrap_or(Path::new("smista.toml"));
        let reading = || format!("reading the configuration ({} and SMISTA_…)", path.display());
        let file = File::from(path).format(FileFormat::Toml).required(file.is_some());
        let file = Config::builder().add_source(file).build();
        let mut file: Map<String, Value> = file.and_then(Config::try_deserialize).with_context(reading)?;
        for names in SECRETS {
            let is_set = |name: &&str| environment.contains_key(&format!("SMISTA_{}", name.to_uppercase()));
            if names.iter().any(is_set) {
                names.iter().for_each(|name| drop(file.remove(*name)));
            }
        }
        let mut builder = Config::builder();
        for (key, value) in file {
            builder = builder.set_default(key, value)?;
        }
        // Each value becomes what its setting is; a prefix of 007 is no number.
        builder = builder.add_source(Environment::with_prefix("SMISTA").source(Some(environment)));
        for (key, value) in flags {
            builder = builder.set_override_option(*key, value.clone())?;
        }
        let settings = builder.build().and_then(Config::try_deserialize::<Self>).with_context(reading)?;
        settings.check()?;
        Ok(settings)
    }

    /// What is wrong with the settings themselves, whichever set-up they are for.
    fn check(&self) -> anyhow::Result<()> {
        for (name, number) in [
            ("database_connections", usize::try_from(self.database_connections).unwrap_or(usize::MAX)),
            ("max_body_bytes", self.max_body_bytes),
            ("lanes", self.lanes),
            ("lane_batch", self.lane_batch),
            ("lane_waiting", self.lane_waiting),
        ] {
            if number == 0 {
                bail!("{name} is 0: nothing would ever pass");
            }
        }
        Ok(())
    }

    /// The HTTP door that the settings ask for.
    pub(crate) fn door(&self) -> DoorConfig {
        let door = DoorConfig::default();
        DoorConfig {
            lanes: LaneSettings {
                lanes: self.lanes,
                batch: self.lane_batch,
                waiting: self.lane_waiting,
                ..door.lanes
            },
            max_body_bytes: self.max_body_bytes,
            requests_per_second: self.requests_per_second,
            burst: self.burst,
            contact_limits: ContactLimits {
                max_failures: self.contact_failures,
                max_days: i64::from(self.contact_days),
            },
            ..door
        }
    }

    /// The queue as a worker of this process works it.
    pub(crate) fn worked(&self, queue: &Queue) -> Queue {
        Queue {
            lanes: self.worker_lanes.map_or(queue.lanes, NonZeroUsize::get),
            batch: self.worker_batch.map_or(queue.batch, NonZeroUsize::get),
            ..*queue
        }
    }

    /// Embedded unless both servers are named.
    pub(crate) fn set_up(&self) -> anyhow::Result<SetUp> {
        let database = secret(&self.database_url, self.database_url_file.as_deref(), "database_url")?;
        let amqp = secret(&self.amqp_url, self.amqp_url_file.as_deref(), "amqp_url")?;
        // What is wrong with a URL is not told: it would quote the password.
        if database.as_deref().is_some_and(|url| !is_postgres_url(url)) {
            bail!("database_url is no postgres:// URL");
        }
        if amqp.as_deref().is_some_and(|url| !is_amqp_url(url)) {
            bail!("amqp_url is no amqp:// or amqps:// URL");
        }
        match (database, amqp) {
            (None, None) => Ok(SetUp::Embedded(self.data.clone())),
            (Some(database_url), Some(amqp_url)) => Ok(SetUp::Scaled { database_url, amqp_url }),
            (Some(_), None) => {
                bail!("database_url is set and amqp_url is not: set both, or neither to run embedded")
            }
            (None, Some(_)) => {
                bail!("amqp_url is set and database_url is not: set both, or neither to run embedded")
            }
        }
    }
}

/// The variables that are settings. One of ours that is no text is an error; whatever others there are is nobody's business.
fn ours(environment: impl Iterator<Item = (OsString, OsString)>) -> anyhow::Result<HashMap<String, String>> {
    let mut ours = HashMap::new();
    for (key, value) in environment {
        let Some(key) = key.to_str().filter(|key| key.starts_with("SMISTA_")) else { continue };
        if NOT_OURS.iter().any(|other| key.starts_with(other)) || is_of_kubernetes(key, &value) {
            continue;
        }
        // The value may be a secret, so that it is not shown.
        let Ok(value) = value.into_string() else { bail!("{key} is no UTF-8 text") };
        ours.insert(key.to_owned(), value);
    }
    Ok(ours)
}

/// Whether Kubernetes made a variable, for a service that is called smista or smista-something: it tells every container
/// of the namespace where each service is.
fn is_of_kubernetes(key: &str, value: &OsString) -> bool {
    let protocol = |text: &str| {
        let protocol = text.split('_').next();
        protocol.is_some_and(|protocol| ["TCP", "UDP", "SCTP"].contains(&protocol))
    };
    let number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let of_a_port = |(_service, rest): (&str, &str)| {
        rest.split_once('_').is_some_and(|(port, rest)| number(port) && protocol(rest))
    };
    let address = || value.to_str().is_some_and(|value| value.contains("://"));
    key.ends_with("_SERVICE_HOST")
        || key.ends_with("_SERVICE_PORT")
        || key.contains("_SERVICE_PORT_")
        || (key.ends_with("_PORT") && address())
        || key.split_once("_PORT_").is_some_and(of_a_port)
}

/// A secret's value, from itself or from the file that holds it.
fn secret(value: &Option<Secret>, file: Option<&Path>, name: &str) -> anyhow::Result<Option<String>> {
    match (value, file) {
        (Some(_), Some(_)) => bail!("{name} and {name}_file are both set"),
        (Some(Secret(value)), None) => Ok(Some(value.clone())),
        (None, Some(file)) => {
            let text = std::fs::read_to_string(file)
                .with_context(|| format!("reading {name}_file {}", file.display()))?;
            Ok(Some(text.trim().to_owned()))
        }
        (None, None) => Ok(None),
    }
}

#[cfg(test)]
#[path = "config_tests.rs"]
mod tests;
