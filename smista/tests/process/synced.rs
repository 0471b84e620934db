//! Embedded, whoever is told that a case is open can pull the plug: the disk has it before the answer is sent.

use std::path::Path;

use crate::file_audit::{FILE, rested};
use crate::running::open_case;
use crate::stopping::{embedded, token_and_address};
use crate::strace;

const CASES: usize = 5;

/// Where in the report something stands.
fn next(lines: &[&str], from: usize, what: &str, is_it: impl Fn(&str) -> bool) -> usize {
    let found = lines[from..].iter().position(|line| is_it(line));
    from + found.unwrap_or_else(|| panic!("no {what} after line {from} of:\n{}", lines.join("\n")))
}

/// The line on which a call that begins on this one has returned: others may have been written down meanwhile.
fn returned(lines: &[&str], call: usize) -> usize {
    if !lines[call].contains("<unfinished") {
        return call;
    }
    let thread = lines[call].split_whitespace().next().expect("a thread");
    next(lines, call + 1, "return", |line| line.starts_with(thread) && line.contains("resumed>"))
}

/// The message that follows from the case is in its queue with the same commit, and so is the taking of the one that was
/// handled: there is no other acknowledgement. So one order is all there is to see.
fn each_answer_follows_its_sync(report: &str, journal: &Path) {
    let journal = journal.to_string_lossy();
    let lines: Vec<&str> = report.lines().collect();
    let is_answer = |line: &str| line.contains("HTTP/1.1 201");
    let mut from = 0;
    for _case in 0..CASES {
        let asked = next(&lines, from, "request", |line| line.contains("POST /v1/contacts"));
        let answered = next(&lines, asked, "answer", is_answer);
        // Nobody else writes by then, so that the first to write down anything is the case.
        let written =
            next(&lines, asked, "write", |line| line.contains("pwrite64(") && line.contains(&*journal));
        let synced = next(&lines, written, "sync", |line| line.contains("sync(") && line.contains(&*journal));
        let on_disk = returned(&lines, synced);
        assert!(lines[on_disk].trim_end().ends_with("= 0"), "{}", lines[on_disk]);
        assert!(
            on_disk < answered,
            "answered before the disk had it:\n{}",
            lines[asked..=on_disk].join("\n")
        );
        from = answered + 1;
    }
}

#[test]
fn the_answer_is_sent_after_the_disk_has_the_case() {
    if !strace::is_at_hand("the answer is sent after the disk has the case") {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let report = folder.path().join("calls");
    let mut office = embedded(folder.path());
    let (token, address) = token_and_address(&mut office);
    // The first contact reserves numbers and marks the token as used.
    open_case(&address, &token);
    rested(&office);
    let calls = "recvfrom,read,write,writev,sendto,sendmsg,pwrite64,fsync,fdatasync";
    let strace = strace::watching(&office, calls, &report);
    for _case in 0..CASES {
        open_case(&address, &token);
        rested(&office);
    }
    strace.detach().expect("it lets go");
    office.terminate();
    assert_eq!(office.ended().code(), Some(0));
    let report = std::fs::read_to_string(&report).expect("the report");
    each_answer_follows_its_sync(&report, &folder.path().join(format!("{FILE}-wal")));
}
