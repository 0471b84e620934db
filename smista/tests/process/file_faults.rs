//! The disk under the embedded system is full, or fails, or its process is killed between two writes: who was answered 201
//! finds the case, nobody finds it twice, and when the disk is well again the work goes on.

use std::path::{Path, PathBuf};
use std::thread;

use serde_json::Value;

use crate::file_audit::{FILE, audited, rested};
use crate::running::{contact, get, open_case, post, posted, try_exchange};
use crate::stopping::{embedded, token_and_address};
use crate::strace;

const HEADERS: &str = "Smista-Operatore: operatore.1\r\n";
/// Callers at once while the process is killed, and the calls of each.
const CALLERS: usize = 4;
const CALLS: usize = 25;

fn journal(folder: &Path) -> PathBuf {
    folder.join(format!("{FILE}-wal"))
}

/// Asks the door for a case until nobody is there any more; answers those that were accepted.
fn call_until_cut(address: &str, token: &str) -> Vec<String> {
    let mut accepted = Vec::new();
    for _call in 0..CALLS {
        let request = posted(address, token, "/v1/contacts", HEADERS, &contact());
        match try_exchange(address, &request) {
            Ok((201, answer)) => {
                // Cut in the middle it would be no answer.
                let Ok(answer) = serde_json::from_str::<Value>(&answer) else { break };
                accepted.push(answer["id"].as_str().expect("an id").to_owned());
            }
            Ok(_) | Err(_) => break,
        }
    }
    accepted
}

#[test]
fn killed_between_two_writes_of_a_commit_the_file_has_all_that_was_accepted() {
    if !strace::is_at_hand("killed between two writes of a commit the file has all that was accepted") {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let (mut accepted, mut asked) = (Vec::new(), 0);
    // The call itself is not made any more: at a write, a commit is half in the journal; at a sync, all of it.
    for (calls, nth) in [
        ("pwrite64", 1),
        ("pwrite64", 2),
        ("pwrite64", 9),
        ("pwrite64", 120),
        ("fsync,fdatasync", 1),
        ("fsync,fdatasync", 7),
    ] {
        let mut office = embedded(folder.path());
        let (token, address) = token_and_address(&mut office);
        let ending = format!("signal=KILL:when={nth}");
        let strace = strace::tampering(&office, &journal(folder.path()), calls, &ending);
        let heard: Vec<String> = thread::scope(|scope| {
            let callers: Vec<_> =
                (0..CALLERS).map(|_caller| scope.spawn(|| call_until_cut(&address, &token))).collect();
            callers.into_iter().flat_map(|caller| caller.join().expect("no panic")).collect()
        });
        strace.ended().expect("it ends");
        assert!(!office.ended().success(), "it was to be killed at {calls} {nth}");
        assert!(heard.len() < CALLERS * CALLS);
        accepted.extend(heard);
        asked += CALLERS * CALLS;
    }
    assert!(!accepted.is_empty());
    audited(folder.path(), &accepted, asked);
}

#[test]
fn while_the_disk_takes_nothing_nothing_is_accepted_and_afterwards_the_work_goes_on() {
    if !strace::is_at_hand("while the disk takes nothing nothing is accepted") {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let mut office = embedded(folder.path());
    let (token, address) = token_and_address(&mut office);
    let mut accepted = vec![open_case(&address, &token)];
    rested(&office);
    for (calls, error) in [("pwrite64", "ENOSPC"), ("pwrite64", "EIO"), ("fsync,fdatasync", "EIO")] {
        let ending = format!("error={error}");
        let strace = strace::tampering(&office, &journal(folder.path()), calls, &ending);
        for _try in 0..3 {
            let (status, answer) = post(&address, &token, "/v1/contacts", HEADERS, &contact());
            let problem: Value = serde_json::from_str(&answer).expect("a problem document");
            assert!(matches!(status, 500 | 503), "{error}: {status} {answer}");
            assert!(
                problem["type"].as_str().is_some_and(|kind| kind.starts_with("urn:smista:problem:")),
                "{answer}"
            );
        }
        // Reading needs no room.
        assert_eq!(get(&address, "/healthz").0, 200);
        strace.detach().expect("it lets go");
        accepted.push(open_case(&address, &token));
        rested(&office);
    }
    office.terminate();
    assert_eq!(office.ended().code(), Some(0));
    audited(folder.path(), &accepted, accepted.len());
}
