//! SIGTERM: what was begun is finished, what was committed is published, and the process ends well. What it had
//! prefetched and not begun is somebody else's.

use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;

use crate::running::{
    CATALOGUE, Running, Smista, between, code_and_words, counted, get, get_as, open_case, run, wait_until,
};
use crate::servers::OwnServers;

/// Cases opened before a stop.
const CASES: i64 = 30;

pub(crate) fn embedded(folder: &Path) -> Smista {
    let folder = folder.to_string_lossy();
    Smista::start(&["serve", "--data", &folder, "--listen", "127.0.0.1:0"], &[])
}

/// From the greeting of an embedded start.
pub(crate) fn token_and_address(office: &mut Smista) -> (String, String) {
    let address = between(&office.line_with("  API "), "http://", "/");
    let token = between(&office.line_with("  token "), "token", "(");
    office.line_with("Ctrl-C");
    (token, address)
}

/// The case finds its inbox, and no second time.
pub(crate) fn routed_once(address: &str, token: &str, caso: &str) {
    let history = || get_as(address, token, "operatore.1", &format!("/v1/cases/{caso}/history")).1;
    let routed = || history().matches("case.route").count();
    wait_until("the case in its inbox", || routed() > 0);
    assert_eq!(routed(), 1, "{}", history());
}

#[test]
fn the_embedded_system_stops_well_and_goes_on_where_it_stopped() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut office = embedded(folder.path());
    let (token, address) = token_and_address(&mut office);
    let cases: Vec<String> = (0..CASES).map(|_| open_case(&address, &token)).collect();
    office.terminate();
    office.line_with("stopped");
    assert_eq!(office.ended().code(), Some(0));

    let mut office = embedded(folder.path());
    let (_, address) = token_and_address(&mut office);
    // Whatever was left in the queues is worked off, each case once.
    let idle = "smista_queue_messages{queue=\"assignment\"} 0\n";
    office.wait_for("/metrics", |_, figures| figures.contains(idle));
    assert_eq!(get(&address, "/readyz").0, 200);
    for caso in &cases {
        routed_once(&address, &token, caso);
    }
    office.terminate();
    assert_eq!(office.ended().code(), Some(0));
    let counted = counted(&["--data", &folder.path().to_string_lossy()], &[]);
    assert_eq!(counted, [("assegnato".to_owned(), CASES.unsigned_abs())]);
    let parked = run(&["parked", "list", "--json", "--data", &folder.path().to_string_lossy()], &[]);
    assert_eq!(parked.trim(), "[]");
}

#[test]
fn a_door_that_stops_leaves_nothing_unpublished_and_a_worker_that_stops_loses_nothing() {
    let servers = OwnServers::create();
    let environment = servers.environment();
    run(&["migrate"], &environment);
    run(&["catalogue", "import", CATALOGUE], &environment);
    let made =
        run(&["token", "create", "--client", "prova", "--ruolo", "primo_livello", "--json"], &environment);
    let made: serde_json::Value = serde_json::from_str(&made).expect("JSON");
    let token = made["token"].as_str().expect("a token");

    let mut door = Smista::start(&["serve", "--listen", "127.0.0.1:0"], &environment);
    let address = between(&door.line_with("serving http://"), "serving http://", "/");
    for _ in 0..CASES {
        open_case(&address, token);
    }
    door.terminate();
    assert_eq!(door.ended().code(), Some(0));
    assert_eq!(servers.number("select count(*) from outbox"), 0, "left unpublished");

    let worker = Smista::start(&["work", "assignment"], &environment);
    // It is stopped as soon as it has begun.
    worker.wait_for("/metrics", |_, figures| figures.contains("smista_batch_messages_count"));
    worker.terminate();
    assert_eq!(worker.ended().code(), Some(0));
    assert_eq!(servers.number("select count(*) from outbox"), 0, "left unpublished");

    let _another = Smista::start(&["work", "assignment"], &environment);
    let in_an_inbox = || servers.number("select count(*) from caso where gruppo is not null") == CASES;
    wait_until("each case in its inbox", in_an_inbox);
    let routed = "select count(*) from caso_storia where command = 'case.route'";
    assert_eq!(servers.number(routed), CASES, "each case once");
    assert_eq!(servers.number("select count(*) from parcheggio"), 0);
}

/// A caller who never finishes its request.
fn slow_caller(address: &str, token: &str) -> TcpStream {
    let mut slow = TcpStream::connect(address).expect("somebody listens");
    let head = format!(
        "POST /v1/contacts HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\n\
         Smista-Operatore: operatore.1\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{{"
    );
    slow.write_all(head.as_bytes()).expect("sent");
    slow
}

/// Leaves a message in the spool: after an unclean stop the next start says that it found some.
fn leave_a_message(folder: &Path) {
    let data = folder.to_string_lossy();
    run(&["catalogue", "import", CATALOGUE, "--data", &data], &[]);
    let contact = serde_json::json!({ "source": "prova", "id": "1", "contact": {
        "motivo": "reclamo", "canale": "telefono", "description": "Nessuno risponde.",
        "tripletta": { "ente": "firenze", "macrostruttura": "anagrafe", "servizio": "variazione-residenza" },
        "anagrafica": { "nome": "Ada", "cognome": "Prova", "telefono": "055 0000001" },
    } });
    let file = folder.join("contact.jsonl");
    std::fs::write(&file, contact.to_string()).expect("written");
    let imported = run(&["import", &file.to_string_lossy(), "--json", "--data", &data], &[]);
    assert!(imported.contains("\"opened\": 1"), "{imported}");
}

/// What the next start says, of the last stop too.
fn next_start_says(folder: &Path) -> String {
    let folder = folder.to_string_lossy();
    let (code, said) = code_and_words(&["case", "count", "--by", "stato", "--data", &folder], &[]);
    assert_eq!(code, Some(0), "{said}");
    said
}

#[test]
fn one_signal_is_enough_although_a_caller_never_finishes_its_request() {
    let folder = tempfile::tempdir().expect("a folder");
    let environment = [("SMISTA_GRACE_SECS".to_owned(), "1".to_owned())];
    let data = folder.path().to_string_lossy();
    let mut office = Smista::start(&["serve", "--data", &data, "--listen", "127.0.0.1:0"], &environment);
    let (token, address) = token_and_address(&mut office);
    let _slow = slow_caller(&address, &token);
    // The connection behind it is served, so that it was taken too.
    assert_eq!(get(&address, "/healthz").0, 200);
    office.terminate();
    office.line_with("stopped");
    assert_eq!(office.ended().code(), Some(0));
}

#[test]
fn an_address_in_use_leaves_no_unclean_stop_behind() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().to_string_lossy();
    leave_a_message(folder.path());
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let taken = taken.local_addr().expect("an address").to_string();
    for asked in [["--listen", &taken, "--ops", "127.0.0.1:0"], ["--listen", "127.0.0.1:0", "--ops", &taken]]
    {
        let (code, said) = code_and_words(&[&["serve", "--data", &data], &asked[..]].concat(), &[]);
        assert_eq!(code, Some(1), "{said}");
        assert!(said.contains("listening on"), "{said}");
        assert!(!next_start_says(folder.path()).contains("unclean"));
    }
}

#[test]
fn an_import_that_is_interrupted_says_so_and_closes_its_store() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().to_string_lossy();
    leave_a_message(folder.path());
    let (contacts, rejects) = (folder.path().join("contacts.jsonl"), folder.path().join("rejects.csv"));
    assert!(Command::new("mkfifo").arg(&contacts).status().expect("mkfifo is everywhere").success());
    let (file, rejects) = (contacts.to_string_lossy(), rejects.to_string_lossy());
    let import = Running::start(&["import", &file, "--rejects", &rejects, "--data", &data]);
    // It can be opened once the import reads it, and the lines in it have no end.
    let mut writer = std::fs::File::options().write(true).open(&contacts).expect("a reader");
    import.terminate();
    while writer.write_all("{}\n".repeat(1_000).as_bytes()).is_ok() {}
    assert_eq!(import.ended().code(), Some(6));
    assert!(!next_start_says(folder.path()).contains("unclean"));
}

/// Shows that the test before would see an unclean stop.
#[test]
fn a_process_that_is_killed_leaves_an_unclean_stop_behind() {
    let folder = tempfile::tempdir().expect("a folder");
    leave_a_message(folder.path());
    let data = folder.path().to_string_lossy();
    let contacts = folder.path().join("contacts.jsonl");
    assert!(Command::new("mkfifo").arg(&contacts).status().expect("mkfifo is everywhere").success());
    let import = Running::start(&["import", &contacts.to_string_lossy(), "--data", &data]);
    let _writer = std::fs::File::options().write(true).open(&contacts).expect("a reader");
    drop(import);
    assert!(next_start_says(folder.path()).contains("unclean"));
}

#[test]
fn a_second_signal_ends_the_process_at_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut office = embedded(folder.path());
    let (token, address) = token_and_address(&mut office);
    office.wait_until_ready(true);
    // The first signal waits for its caller until the grace period is over.
    let _slow = slow_caller(&address, &token);
    office.wait_for("/healthz", |status, _| status == 200);
    office.terminate();
    office.wait_until_ready(false);
    office.terminate();
    assert_eq!(office.ended().code(), Some(1));
}
