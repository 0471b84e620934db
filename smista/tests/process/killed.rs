//! A process that is killed loses nothing that was accepted and doubles nothing that is done again.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::running::{CATALOGUE, command, counted, get, open_case, run, run_to_any_end, wait_until};
use crate::servers::OwnServers;
use crate::stopping::{embedded, routed_once, token_and_address};

const REQUESTS: &str = include_str!("data/city-requests.csv");
const MAPPING: &str = include_str!("../../../examples/city-requests/mapping.toml");
/// Requests in the file.
const LINES: u64 = 300;
/// Requests that the killed import is given: more than it commits at once, less than the file.
const BEFORE_THE_KILL: usize = 280;
/// Requests that an import commits at once.
const AT_ONCE: i64 = 256;
/// Cases opened before a kill.
const CASES: usize = 10;

fn import(file: &Path, map: &Path, rejects: &Path) -> Vec<String> {
    let [file, map, rejects] = [file, map, rejects].map(|path| path.to_string_lossy().into_owned());
    ["import", &file, "--map", &map, "--rejects", &rejects, "--json"].map(str::to_owned).to_vec()
}

/// One request for each service of the file, behind the head of it.
fn one_of_each_service() -> String {
    let mut seen = std::collections::BTreeSet::new();
    let service = |line: &&str| line.split(',').skip(3).take(2).collect::<Vec<_>>().join(",");
    let new = REQUESTS.lines().filter(|line| seen.insert(service(line)));
    new.map(|line| format!("{line}\n")).collect()
}

#[test]
fn an_import_killed_half_way_is_run_again_and_nothing_is_there_twice() {
    let servers = OwnServers::create();
    let environment = servers.environment();
    let folder = tempfile::tempdir().expect("a folder");
    let written = |name: &str, text: &str| -> PathBuf {
        let file = folder.path().join(name);
        std::fs::write(&file, text).expect("written");
        file
    };
    let (map, rejects) = (written("mapping.toml", MAPPING), folder.path().join("refused.csv"));
    let in_the_store = || servers.number("select count(*) from caso");
    let imported = |file: &Path| -> (Option<i32>, Value) {
        let arguments = import(file, &map, &rejects);
        let ran = run_to_any_end(&arguments.iter().map(String::as_str).collect::<Vec<_>>(), &environment);
        (ran.status.code(), serde_json::from_slice(&ran.stdout).expect("JSON"))
    };
    run(&["migrate"], &environment);
    run(&["catalogue", "import", CATALOGUE], &environment);

    // A first try, which makes the services known.
    let (code, tried) = imported(&written("try.csv", &one_of_each_service()));
    assert_eq!((code, tried["rejected"].as_u64()), (Some(0), Some(0)), "{tried}");
    let known = in_the_store();
    assert_eq!(Some(known), tried["opened"].as_i64());

    // Through a pipe, whose end the import waits for in the middle of the file.
    let pipe = folder.path().join("pipe.csv");
    assert!(Command::new("mkfifo").arg(&pipe).status().expect("mkfifo is everywhere").success());
    let without_services =
        written("once.toml", &MAPPING.replace("create_unseen = true", "create_unseen = false"));
    let mut giving = std::fs::File::options().read(true).write(true).open(&pipe).expect("the pipe");
    let arguments = import(&pipe, &without_services, &rejects);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let mut half = command(&arguments, &environment).stdout(Stdio::null()).spawn().expect("it starts");
    for line in REQUESTS.lines().take(1 + BEFORE_THE_KILL) {
        writeln!(giving, "{line}").expect("given");
    }
    let after_a_batch = AT_ONCE + missing_from(AT_ONCE, &one_of_each_service());
    wait_until("the first batch in the store", || {
        assert_eq!(half.try_wait().expect("a process"), None, "it ended by itself");
        in_the_store() == after_a_batch
    });
    half.kill().expect("it was alive");
    half.wait().expect("it ends");
    assert_eq!(in_the_store(), after_a_batch, "half of it");

    let whole = written("whole.csv", REQUESTS);
    let (code, again) = imported(&whole);
    assert_eq!((code, again["lines"].as_u64(), again["rejected"].as_u64()), (Some(0), Some(LINES), Some(0)));
    assert_eq!(again["known"].as_i64(), Some(after_a_batch), "{again}");
    let all = counted(&[], &environment);
    assert_eq!(all.iter().map(|(_, count)| count).sum::<u64>(), LINES, "{all:?}");
    let cancelled = REQUESTS.lines().filter(|line| line.contains(",Cancelled,")).count();
    assert!(all.contains(&("annullato".to_owned(), cancelled as u64)), "{all:?}");

    // A third time, with a line that is no request.
    let (code, third) =
        imported(&written("third.csv", &format!("{REQUESTS}1-1,yesterday,,BOS,Other,Closed,Call,N,,,\n")));
    assert_eq!(code, Some(3), "some of it was refused");
    assert_eq!(
        (third["opened"].as_u64(), third["known"].as_u64(), third["rejected"].as_u64()),
        (Some(0), Some(LINES), Some(1))
    );
    assert_eq!(counted(&[], &environment), all);
    let refused = std::fs::read_to_string(&rejects).expect("the refused lines");
    let refused: Vec<&str> = refused.lines().collect();
    assert!(refused.len() == 2 && refused[1].starts_with("302,"), "{refused:?}");
}

/// Requests of this file that are not among the first `lines` of the whole.
fn missing_from(lines: i64, file: &str) -> i64 {
    let first = REQUESTS.lines().skip(1).zip(0..lines).map(|(line, _)| line);
    let first: std::collections::BTreeSet<&str> = first.collect();
    file.lines().skip(1).map(|line| i64::from(!first.contains(line))).sum()
}

#[test]
fn a_killed_system_finds_its_cases_again_and_each_goes_to_its_inbox_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut office = embedded(folder.path());
    let (token, address) = token_and_address(&mut office);
    let cases: Vec<String> = (0..CASES).map(|_| open_case(&address, &token)).collect();
    office.kill();

    let mut office = embedded(folder.path());
    let (token, address) = token_and_address(&mut office);
    for caso in &cases {
        routed_once(&address, &token, caso);
    }
    assert_eq!(get(&address, "/readyz").0, 200);
    office.terminate();
    assert_eq!(office.ended().code(), Some(0));
    let data = folder.path().to_string_lossy();
    assert_eq!(counted(&["--data", &data], &[]), [("assegnato".to_owned(), CASES as u64)]);
    assert_eq!(run(&["parked", "list", "--json", "--data", &data], &[]).trim(), "[]");
}
