//! The layers of the configuration, and what is refused in them.

use smista_messages::topology::TOPOLOGY;

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
    Settings::read(None, environment([("SMISTA_TEST_POSTGRES_URL", "x")]), &[]).expect("not a key of ours");
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
    assert!(format!("{:#}", read("SMISTA_SOURCE".into()).expect_err("no text")).contains("SMISTA_SOURCE"));
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
fn workers_take_as_the_table_says_unless_it_is_set_otherwise() {
    let queue = TOPOLOGY.queues[0];
    let as_it_was = Settings::default().worked(&queue);
    assert_eq!((as_it_was.lanes, as_it_was.batch), (queue.lanes, queue.batch));
    let settings = layers("worker_lanes = 16", [("SMISTA_WORKER_BATCH", "64")]).expect("good settings");
    let set = settings.worked(&queue);
    assert_eq!((set.name, set.lanes, set.batch), (queue.name, 16, 64));
    assert!(layers("worker_lanes = 0", []).is_err(), "nothing would ever pass");
}

#[test]
fn one_server_alone_is_no_set_up_and_secrets_are_not_shown() {
    let half = Settings::read(None, environment([("SMISTA_DATABASE_URL", "postgres://secret")]), &[])
        .expect("good settings");
    assert!(half.set_up().is_err());
    assert!(!format!("{half:?}").contains("secret@") && !format!("{half:?}").contains("postgres://"));
}
