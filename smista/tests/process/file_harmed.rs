//! A file that this program cannot work with: it says so, ends with the code that the help lists, and leaves the file as it is.

use std::fs;
use std::os::unix::fs::FileExt;
use std::path::Path;

use serde_json::Value;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, Executor as _, SqliteConnection};

use crate::file_audit::{FILE, audited, rested};
use crate::running::{contact, get, gives_up, open_case, post};
use crate::stopping::{embedded, token_and_address};

const CASES: usize = 20;
const PAGE: u64 = 4096;
const HEADERS: &str = "Smista-Operatore: operatore.1\r\n";

/// A folder whose system has been at work, and has stopped.
fn with_cases(folder: &Path) -> Vec<String> {
    let mut office = embedded(folder);
    let (token, address) = token_and_address(&mut office);
    let cases = (0..CASES).map(|_| open_case(&address, &token)).collect();
    rested(&office);
    office.terminate();
    assert_eq!(office.ended().code(), Some(0));
    // A page that is still in the journal would be read from there, whatever the file says.
    let emptied = "pragma wal_checkpoint(truncate)";
    foreign(&folder.join(FILE), async |file| file.execute(emptied).await.map(drop))
        .expect("an empty journal");
    cases
}

/// Another program with the file.
fn foreign<T>(file: &Path, work: impl AsyncFnOnce(&mut SqliteConnection) -> T) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let mut connection = SqliteConnectOptions::new().filename(file).connect().await.expect("connected");
        let done = work(&mut connection).await;
        connection.close().await.expect("closed");
        done
    })
}

/// The commands that work with the file: each ends with 1, says `why`, and changes nothing.
fn refused_and_untouched(folder: &Path, why: &str) {
    let (file, data) = (folder.join(FILE), folder.to_string_lossy());
    let before = fs::read(&file).expect("the file");
    for command in [&["serve", "--listen", "127.0.0.1:0"][..], &["case", "list"], &["migrate"], &["work"]] {
        let (code, said) = gives_up(&[command, &["--data", &data]].concat());
        assert_eq!(code, Some(1), "{command:?}: {said}");
        assert!(said.contains(why), "{command:?}: {said}");
        assert!(!said.contains("panicked"), "{command:?}: {said}");
        assert!(fs::read(&file).expect("the file") == before, "{command:?} changed the file");
    }
}

#[test]
fn a_file_of_a_newer_version_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join(FILE);
    let cases = with_cases(folder.path());
    let newer =
        "insert into _sqlx_migrations select version + 1, description, installed_on, success, checksum,
        execution_time from _sqlx_migrations order by version desc limit 1";
    foreign(&file, async |file| file.execute(newer).await.map(drop)).expect("a migration from the future");
    refused_and_untouched(folder.path(), "newer than this smista");

    let older = "delete from _sqlx_migrations where version = (select max(version) from _sqlx_migrations)";
    foreign(&file, async |file| file.execute(older).await.map(drop)).expect("back to the present");
    audited(folder.path(), &cases, CASES);
}

#[test]
fn a_file_with_another_head_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join(FILE);
    let cases = with_cases(folder.path());
    let whole = fs::read(&file).expect("the file");
    let opened = fs::File::options().write(true).open(&file).expect("the file");
    opened.write_all_at(b"Non e' un archivio di smista", 0).expect("written");
    refused_and_untouched(folder.path(), "not a database");

    fs::write(&file, whole).expect("brought back");
    audited(folder.path(), &cases, CASES);
}

#[test]
fn a_damaged_page_is_told_and_nothing_is_made_worse() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join(FILE);
    let mut cases = with_cases(folder.path());
    let root = "select rootpage from sqlite_master where name = 'caso'";
    let root: i64 = foreign(&file, async |file| sqlx::query_scalar(root).fetch_one(file).await)
        .expect("the page of the cases");
    let place = (root.unsigned_abs() - 1) * PAGE;
    let opened = fs::File::options().read(true).write(true).open(&file).expect("the file");
    let mut page = [0; PAGE as usize];
    opened.read_exact_at(&mut page, place).expect("a page");
    opened.write_all_at(&[0xA5; PAGE as usize], place).expect("written");

    let data = folder.path().to_string_lossy();
    let (code, said) = gives_up(&["case", "list", "--data", &data]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("malformed"), "{said}");

    // The door opens: there is more in the file than cases. Of these it reads none and takes none.
    let mut office = embedded(folder.path());
    let (token, address) = token_and_address(&mut office);
    for _try in 0..3 {
        let (status, answer) = post(&address, &token, "/v1/contacts", HEADERS, &contact());
        assert_eq!(status, 500, "{answer}");
        let problem: Value = serde_json::from_str(&answer).expect("a problem document");
        assert!(
            problem["type"].as_str().is_some_and(|kind| kind.starts_with("urn:smista:problem:")),
            "{answer}"
        );
        assert!(!answer.contains("malformed"), "what the disk says is no caller's business: {answer}");
    }
    assert_eq!(get(&address, "/healthz").0, 200);
    office.terminate();
    assert_eq!(office.ended().code(), Some(0));

    let opened = fs::File::options().write(true).open(&file).expect("the file");
    opened.write_all_at(&page, place).expect("brought back");
    let mut office = embedded(folder.path());
    let (token, address) = token_and_address(&mut office);
    cases.push(open_case(&address, &token));
    office.terminate();
    assert_eq!(office.ended().code(), Some(0));
    audited(folder.path(), &cases, CASES + 1);
}

#[test]
fn while_another_program_holds_the_files_lock_callers_are_asked_to_come_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join(FILE);
    let mut office = embedded(folder.path());
    let (token, address) = token_and_address(&mut office);
    let mut cases = vec![open_case(&address, &token)];
    rested(&office);
    let accepted = foreign(&file, async |file| {
        file.execute("begin immediate").await.expect("the lock");
        let (status, answer) = post(&address, &token, "/v1/contacts", HEADERS, &contact());
        assert_eq!(status, 503, "{answer}");
        // Reading goes on.
        assert_eq!(get(&address, "/healthz").0, 200);
        file.execute("rollback").await.expect("the lock is given up");
        open_case(&address, &token)
    });
    cases.push(accepted);
    office.terminate();
    assert_eq!(office.ended().code(), Some(0));

    // At the start it is said as well, and nothing is done.
    foreign(&file, async |held| {
        held.execute("begin exclusive").await.expect("the lock");
        let data = folder.path().to_string_lossy();
        let (code, said) = gives_up(&["serve", "--data", &data, "--listen", "127.0.0.1:0"]);
        assert_eq!(code, Some(1), "{said}");
        assert!(said.contains("database is locked"), "{said}");
        held.execute("rollback").await.expect("the lock is given up");
    });
    audited(folder.path(), &cases, cases.len());
}
