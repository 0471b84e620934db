//! Configuration: `smista.toml`, then environment (`SMISTA_…`), then flags. An unknown key is an error.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use config::{Config, Environment, File, FileFormat};
use serde::Deserialize;

/// Environment variables that belong to the tests and chores of the project, not to the program.
const NOT_OURS: [&str; 3] = ["SMISTA_TEST_", "SMISTA_PREPARE_", "SMISTA_CONFIG"];

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
    /// How long a stop waits for what was begun, in seconds.
    pub grace_secs: u64,
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
        environment: impl Iterator<Item = (String, String)>,
        flags: &[(&str, Option<String>)],
    ) -> anyhow::Result<Self> {
        let ours =
            |key: &str| key.starts_with("SMISTA_") && !NOT_OURS.iter().any(|other| key.starts_with(other));
        let environment: HashMap<_, _> = environment.filter(|(key, _)| ours(key)).collect();
        let path = file.unwrap_or(Path::new("smista.toml"));
        let file = File::from(path).format(FileFormat::Toml).required(file.is_some());
        let mut builder = Config::builder()
            .add_source(file)
            .add_source(Environment::with_prefix("SMISTA").try_parsing(true).source(Some(environment)));
        for (key, value) in flags {
            builder = builder.set_override_option(*key, value.clone())?;
        }
        let settings = builder.build().and_then(Config::try_deserialize::<Self>);
        settings.with_context(|| format!("reading the configuration ({} and SMISTA_…)", path.display()))
    }

    /// Embedded unless both servers are named.
    pub(crate) fn set_up(&self) -> anyhow::Result<SetUp> {
        let database = secret(&self.database_url, self.database_url_file.as_deref(), "database_url")?;
        let amqp = secret(&self.amqp_url, self.amqp_url_file.as_deref(), "amqp_url")?;
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
mod tests {
    use super::*;

    fn environment<const N: usize>(pairs: [(&str, &str); N]) -> impl Iterator<Item = (String, String)> {
        pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).into_iter()
    }

    #[test]
    fn flags_go_before_the_environment_and_the_environment_before_the_defaults() {
        let settings = Settings::read(
            None,
            environment([("SMISTA_LISTEN", "127.0.0.1:1"), ("SMISTA_SOURCE", "prova")]),
            &[("listen", Some("127.0.0.1:2".to_owned())), ("data", None)],
        )
        .expect("good settings");
        assert_eq!(settings.listen.port(), 2);
        assert_eq!(settings.source, "prova");
        assert_eq!(settings.data, PathBuf::from("smista-data"));
    }

    #[test]
    fn an_unknown_key_is_an_error_and_the_tests_own_variables_are_not_keys() {
        let wrong = Settings::read(None, environment([("SMISTA_LISTN", "127.0.0.1:1")]), &[]);
        assert!(format!("{:#}", wrong.expect_err("a misspelt key")).contains("listn"));
        Settings::read(None, environment([("SMISTA_TEST_POSTGRES_URL", "x")]), &[])
            .expect("not a key of ours");
    }

    #[test]
    fn one_server_alone_is_no_set_up_and_secrets_are_not_shown() {
        let half = Settings::read(None, environment([("SMISTA_DATABASE_URL", "postgres://secret")]), &[])
            .expect("good settings");
        assert!(half.set_up().is_err());
        assert!(!format!("{half:?}").contains("secret@") && !format!("{half:?}").contains("postgres://"));
    }
}
