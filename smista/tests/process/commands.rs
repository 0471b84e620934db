//! Commands that end by themselves: what they refuse, what they need, what they answer to programs.

use serde_json::Value;

use crate::running::{CATALOGUE, Smista, answered, code_and_words, run};
use crate::servers::OwnServers;
use crate::stopping::{embedded, token_and_address};

fn json(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

#[test]
fn looking_changes_no_schema_and_needs_no_broker() {
    let servers = OwnServers::create();
    let mut environment = servers.environment();
    let list = ["case", "list", "--json"];
    let (code, said) = code_and_words(&list, &environment);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("smista migrate"), "{said}");
    assert_eq!(servers.number("select count(*) from pg_tables where schemaname = 'public'"), 0);

    run(&["migrate"], &environment);
    // Nobody listens there.
    environment.push(("SMISTA_AMQP_URL".to_owned(), "amqp://guest:guest@127.0.0.1:1/%2f".to_owned()));
    assert_eq!(run(&["parked", "list", "--json"], &environment).trim(), "[]");
    assert_eq!(code_and_words(&list, &environment).0, Some(4));

    // A newer release has migrated, and this one is still at work.
    servers.run(
        "insert into _sqlx_migrations select version + 1, description, installed_on, success, checksum, execution_time
        from _sqlx_migrations order by version desc limit 1",
    );
    assert_eq!(code_and_words(&list, &environment).0, Some(4));
    let door = Smista::start(&["serve", "--listen", "127.0.0.1:0"], &environment);
    door.wait_until_ready(true);
    door.terminate();
    assert_eq!(door.ended().code(), Some(0));
}

#[test]
fn a_door_starts_without_the_broker() {
    let servers = OwnServers::create();
    let mut environment = servers.environment();
    run(&["migrate"], &environment);
    environment.push(("SMISTA_AMQP_URL".to_owned(), "amqp://guest:guest@127.0.0.1:1/%2f".to_owned()));
    let mut door = Smista::start(&["serve", "--listen", "127.0.0.1:0"], &environment);
    door.line_with("serving http://");
    door.wait_until_ready(true);
    door.wait_for("/metrics", |_, figures| figures.contains("smista_uncounted_total{what=\"queues\"}"));
    door.terminate();
    assert_eq!(door.ended().code(), Some(0));
}

#[test]
fn a_url_that_is_none_is_wrong_use_and_is_not_shown() {
    let environment = |database: &str, amqp: &str| {
        [
            ("SMISTA_DATABASE_URL".to_owned(), database.to_owned()),
            ("SMISTA_AMQP_URL".to_owned(), amqp.to_owned()),
        ]
    };
    for (database, amqp) in
        [("postgres://db/smista", "amqp://u:Pa55@mq:x/"), ("mysql://u:Pa55@db/smista", "amqp://mq/%2f")]
    {
        let (code, said) = code_and_words(&["case", "list"], &environment(database, amqp));
        assert_eq!(code, Some(2), "{said}");
        assert!(!said.contains("Pa55"), "{said}");
    }
}

#[test]
fn a_new_token_for_a_known_client_changes_nothing_of_what_it_may_do() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().to_string_lossy();
    let smista = |arguments: &str| {
        let arguments: Vec<_> = arguments.split(' ').chain(["--json", "--data", &data]).collect();
        code_and_words(&arguments, &[])
    };
    let may = || json(&smista("client show --client crm").1)["delegation"].clone();

    assert_eq!(smista("token create --client crm").0, Some(2), "a new client speaks for somebody");
    assert_eq!(smista("token create --client crm --ente firenze").0, Some(2));
    assert_eq!(
        smista("token create --client crm --ruolo secondo_livello --ruolo primo_livello --ente firenze").0,
        Some(0)
    );
    let first = may();
    assert_eq!(first["enti"], serde_json::json!(["firenze"]));
    for same in ["", " --ruolo primo_livello --ruolo secondo_livello --ente firenze"] {
        assert_eq!(smista(&format!("token create --client crm --days 30{same}")).0, Some(0));
    }
    for other in
        [" --ruolo primo_livello", " --ruolo primo_livello --ruolo secondo_livello", " --operatore op.1"]
    {
        let (code, said) = smista(&format!("token create --client crm{other}"));
        assert_eq!(code, Some(2), "{said}");
        assert!(said.contains("smista client set"), "{said}");
    }
    assert_eq!(may(), first);
    assert_eq!(smista("client set --client crm --ruolo ufficio").0, Some(0));
    assert_eq!(may(), serde_json::json!({ "operatori": [], "ruoli": ["ufficio"] }));
    assert_eq!(smista("client show --client nobody").0, Some(4));
}

#[test]
fn a_token_lives_for_some_days_or_without_end_and_never_for_less_than_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().to_string_lossy();
    for days in ["0", "-1", "36501", "99999999999999"] {
        let days = format!("--days={days}");
        let create = ["token", "create", "--client", "crm", "--ruolo", "ufficio", &days, "--data", &data];
        let (code, said) = code_and_words(&create, &[]);
        assert_eq!(code, Some(2), "{said}");
    }
}

#[test]
fn the_token_to_try_it_with_ends_and_ends_with_the_sample() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().to_string_lossy();
    let tokens = || json(&run(&["token", "list", "--json", "--data", &data], &[]));
    let start = || {
        let mut office = embedded(folder.path());
        let (token, _) = token_and_address(&mut office);
        office.terminate();
        assert_eq!(office.ended().code(), Some(0));
        token
    };
    let first = start();
    let made = tokens();
    assert!(made[0]["expires_at"].is_string(), "{made}");
    assert_eq!(start(), first, "it is kept while it holds");

    run(&["token", "revoke", made[0]["prefix"].as_str().expect("text"), "--data", &data], &[]);
    let second = start();
    assert_ne!(second, first, "a revoked one is of no use");
    std::fs::write(folder.path().join("token-di-prova"), "smista_00000000_unknown").expect("written");
    assert_ne!(start(), second, "nor one that the store does not know");

    // Somebody's own operators.
    let own = folder.path().join("catalogo");
    copy_folder(CATALOGUE.as_ref(), &own);
    let operators = own.join("operatori.toml");
    let text = std::fs::read_to_string(&operators).expect("operators");
    std::fs::write(&operators, text.replace("\"operatore.1\"", "\"rossi\"")).expect("written");
    run(&["catalogue", "import", &own.to_string_lossy(), "--data", &data], &[]);
    let mut office = embedded(folder.path());
    office.line_with("  docs ");
    assert!(office.line_with("").contains("Ctrl-C"), "no token is printed");
    office.terminate();
    assert_eq!(office.ended().code(), Some(0));
    assert!(!folder.path().join("token-di-prova").exists());
}

fn copy_folder(from: &std::path::Path, to: &std::path::Path) {
    std::fs::create_dir_all(to).expect("made");
    for entry in std::fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect("copied");
        }
    }
}

#[cfg(unix)]
#[test]
fn nobody_else_may_look_into_the_data_folder() {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("smista-data");
    run(&["catalogue", "show", "--data", &data.to_string_lossy()], &[]);
    let mode = data.metadata().expect("it is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
}

#[test]
fn a_program_reads_every_answer_refusals_included() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().to_string_lossy();
    let smista = |arguments: &str| {
        let arguments: Vec<_> = arguments.split(' ').chain(["--json", "--data", &data]).collect();
        let (code, said) = answered(&arguments, &[]);
        (code, json(&said))
    };
    let (code, imported) = smista(&format!("catalogue import {CATALOGUE}"));
    assert_eq!((code, &imported["revision"]), (Some(0), &Value::from(1)));
    assert!(imported["changed"]["added"].as_u64() > Some(100), "{imported}");
    let (code, imported) = smista(&format!("catalogue import {CATALOGUE}"));
    assert_eq!((code, imported), (Some(0), serde_json::json!({ "revision": 1, "changed": {} })));
    let (code, refused) = smista(&format!("catalogue import {CATALOGUE}/../city-requests"));
    assert_eq!(code, Some(3));
    assert!(refused["refused"][0].is_string(), "{refused}");

    let (code, dropped) = smista("parked drop 7");
    assert_eq!((code, dropped), (Some(4), serde_json::json!({ "id": 7, "dropped": false })));
    let (code, replayed) = smista("parked replay 7");
    assert_eq!((code, replayed), (Some(4), serde_json::json!({ "id": 7, "replayed": false })));

    let token = smista("token create --client crm --ruolo ufficio").1;
    let prefix = token["prefix"].as_str().expect("text");
    for (code, prefix, revoked) in [(0, prefix, true), (4, "smista_nobody", false)] {
        let expected = serde_json::json!({ "prefix": prefix, "revoked": revoked });
        assert_eq!(smista(&format!("token revoke {prefix}")), (Some(code), expected));
    }
}

#[test]
fn the_table_of_queues_shows_what_the_broker_gave_up_on() {
    let servers = OwnServers::create();
    run(&["migrate"], &servers.environment());
    let queues = json(&run(&["queues", "--json"], &servers.environment()));
    let row = |name: &str| queues.as_array().expect("rows").iter().find(|row| row["queue"] == name).cloned();
    assert_eq!(row("dead"), Some(serde_json::json!({ "queue": "dead", "waiting": 0 })));
    assert_eq!(row("intake").expect("a row")["waiting"], 0);
    run(&["queues"], &servers.environment());
}

#[test]
fn health_fails_when_nobody_answers() {
    let nobody = [("SMISTA_LISTEN".to_owned(), "127.0.0.1:1".to_owned())];
    assert_eq!(code_and_words(&["health"], &nobody).0, Some(1));
}
