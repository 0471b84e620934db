//! What the first start prints to paste works as it is printed.

use serde_json::Value;

use crate::running::{between, exchange, wait_until};
use crate::stopping::embedded;

/// Sends what this line tells curl to send: URL, headers and body, and nothing else.
fn paste(line: &str) -> (u16, Value) {
    let words = words(line);
    assert_eq!(words[..2], ["curl", "-sS"], "{line}");
    let url = words[2].strip_prefix("http://").expect("a URL");
    let (address, path) = url.split_once('/').expect("a path");
    let with = |flag: &str| -> Vec<String> {
        words.windows(2).filter(|pair| pair[0] == flag).map(|pair| pair[1].clone()).collect()
    };
    let body = with("-d").concat();
    let method = if body.is_empty() { "GET" } else { "POST" };
    let headers: String = with("-H").iter().map(|header| format!("{header}\r\n")).collect();
    let head = format!("{method} /{path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{headers}");
    let (status, answer) = exchange(address, &format!("{head}Content-Length: {}\r\n\r\n{body}", body.len()));
    (status, serde_json::from_str(&answer).expect("JSON"))
}

/// The words of a line as a shell takes them, quotes and all.
fn words(line: &str) -> Vec<String> {
    let parts: Vec<&str> = line.split('\'').collect();
    assert!(parts.len() % 2 == 1, "a quote is left open: {line}");
    let word = |(index, part): (usize, &&str)| -> Vec<String> {
        if index % 2 == 1 {
            vec![(*part).to_owned()]
        } else {
            part.split_whitespace().map(str::to_owned).collect()
        }
    };
    parts.iter().enumerate().flat_map(word).collect()
}

#[test]
fn the_lines_of_the_greeting_open_a_case_and_show_it_in_its_inbox() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut office = embedded(folder.path());
    let (opens, shows) = (office.line_with("curl "), office.line_with("curl "));
    assert_eq!(between(&opens, "curl -sS http://", "/"), between(&shows, "curl -sS http://", "/"));
    let (status, opened) = paste(&opens);
    assert_eq!(status, 201, "{opened}");
    wait_until("the case in the inbox", || {
        let (status, inbox) = paste(&shows);
        assert_eq!(status, 200, "{inbox}");
        inbox["rows"]
            .as_array()
            .expect("rows")
            .iter()
            .any(|row| row["id"] == opened["id"] || row["case"]["id"] == opened["id"])
    });
    office.terminate();
    assert_eq!(office.ended().code(), Some(0));
}
