//! Configuration: `smista.toml`, then environment (`SMISTA_…`), then flags. An unknown key is an error.

use std::collections::HashMap;
use std::ffi::OsString;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use config::{Config, Environment, File, FileFormat, Map, Value};
use serde::Deserialize;
use smista_domain::caso::ContactLimits;
use smista_intake::http::DoorConfig;
use smista_intake::lanes::LaneSettings;
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
mod tests {
    use super::*;

    fn environment<const N: usize>(pairs: [(&str, &str); N]) -> impl Iterator<Item = (OsString, OsString)> {
        pairs.map(|(key, value)| (key.into(), value.into())).into_iter()
    }

    /// The settings of a file with this text, and of this environment.
    fn layers<const N: usize>(file: &str, pairs: [(&str, &str); N]) -> anyhow::Result<Settings> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("smista.toml");
        std::fs::write(&path, file).expect("written");
        Settings::read(Some(&path), environment(pairs), &[])
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
    fn a_value_is_what_its_setting_is_whatever_it_looks_like() {
        let settings = layers(
            "queue_prefix = \"acht\"",
            [("SMISTA_QUEUE_PREFIX", "007"), ("SMISTA_SOURCE", "true"), ("SMISTA_GRACE_SECS", "7")],
        )
        .expect("good settings");
        assert_eq!((settings.queue_prefix.as_str(), settings.source.as_str()), ("007", "true"));
        assert_eq!(settings.grace_secs, 7);
        assert!(layers("", [("SMISTA_GRACE_SECS", "soon")]).is_err());
        assert!(layers("", [("SMISTA_LANES", "0")]).is_err());
        assert!(layers("", [("SMISTA_BURST", "0")]).is_err());
    }

    #[test]
    fn a_secret_of_a_later_layer_replaces_the_one_before_however_either_is_given() {
        let (database, amqp) = ("postgres://smista@db/smista", "amqp://smista@mq/%2f");
        let file = "database_url_file = \"/nowhere\"\namqp_url = \"amqp://other@mq/%2f\"";
        let settings = layers(file, [("SMISTA_DATABASE_URL", database), ("SMISTA_AMQP_URL", amqp)]);
        let Ok(SetUp::Scaled { database_url, amqp_url }) = settings.expect("good settings").set_up() else {
            panic!("the file's secrets are not asked for");
        };
        assert_eq!((database_url.as_str(), amqp_url.as_str()), (database, amqp));
        let both = layers(
            "",
            [("SMISTA_DATABASE_URL", database), ("SMISTA_DATABASE_URL_FILE", "x"), ("SMISTA_AMQP_URL", amqp)],
        );
        assert!(both.expect("good settings").set_up().is_err(), "one layer says two things");
    }

    #[test]
    fn a_url_that_is_none_is_refused_without_being_shown() {
        let (database, amqp) = ("postgres://smista@db/smista", "amqp://smista@mq/%2f");
        for wrong in ["amqp://u:Pa55@mq:x/", "amqp//u:Pa55@mq", "http://u:Pa55@mq/"] {
            for (database, amqp) in [(wrong, amqp), (database, wrong)] {
                let set_up = layers("", [("SMISTA_DATABASE_URL", database), ("SMISTA_AMQP_URL", amqp)]);
                let refused = set_up.expect("good settings").set_up().err().expect("a refusal");
                let told = format!("{refused:#}");
                assert!(told.contains("_url is no ") && !told.contains("Pa55"), "{told}");
            }
        }
    }

    #[test]
    fn what_kubernetes_says_of_services_is_no_setting_and_a_misspelt_one_still_an_error() {
        layers(
            "",
            [
                ("SMISTA_SERVICE_HOST", "10.0.0.1"),
                ("SMISTA_SERVICE_PORT", "8055"),
                ("SMISTA_SERVICE_PORT_HTTP", "8055"),
                ("SMISTA_PORT", "tcp://10.0.0.1:8055"),
                ("SMISTA_PORT_8055_TCP", "tcp://10.0.0.1:8055"),
                ("SMISTA_PORT_8055_TCP_ADDR", "10.0.0.1"),
                ("SMISTA_API_PORT_8055_UDP_PROTO", "udp"),
            ],
        )
        .expect("none is a setting");
        for wrong in ["SMISTA_LISTEN_PORT", "SMISTA_PORT", "SMISTA_PORT_TCP", "SMISTA_SERVICE"] {
            assert!(layers("", [(wrong, "8055")]).is_err(), "{wrong}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn what_is_no_text_is_an_error_only_where_it_is_ours() {
        use std::os::unix::ffi::OsStringExt;

        let no_text = || OsString::from_vec(vec![0xff]);
        let read = |key: OsString| Settings::read(None, [(key, no_text())].into_iter(), &[]);
        assert!(read("PATH".into()).is_ok() && read(no_text()).is_ok());
        assert!(
            format!("{:#}", read("SMISTA_SOURCE".into()).expect_err("no text")).contains("SMISTA_SOURCE")
        );
    }

    #[test]
    fn the_door_is_as_it_was_unless_it_is_set_otherwise() {
        assert_eq!(Settings::default().door(), DoorConfig::default());
        let settings = layers(
            "contact_failures = 2\ncontact_days = 9\nlanes = 1",
            [("SMISTA_REQUESTS_PER_SECOND", "7"), ("SMISTA_BURST", "8"), ("SMISTA_MAX_BODY_BYTES", "9")],
        );
        let door = settings.expect("good settings").door();
        assert_eq!(door.contact_limits, ContactLimits { max_failures: 2, max_days: 9 });
        assert_eq!((door.requests_per_second.get(), door.burst.get()), (7, 8));
        assert_eq!((door.max_body_bytes, door.lanes.lanes), (9, 1));
    }

    #[test]
    fn one_server_alone_is_no_set_up_and_secrets_are_not_shown() {
        let half = Settings::read(None, environment([("SMISTA_DATABASE_URL", "postgres://secret")]), &[])
            .expect("good settings");
        assert!(half.set_up().is_err());
        assert!(!format!("{half:?}").contains("secret@") && !format!("{half:?}").contains("postgres://"));
    }
}
