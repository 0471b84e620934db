//! `cargo xtask faults [--runs N] [WORD…]`: every fault so many times in a row, and a table at the end. Those of servers and
//! networks tell their own rows; those of processes, files and messages are tests, each of which audits what it did.

use std::fmt::Write as _;

use anyhow::{Result, bail};
use smista_servers::programs::Needs;

use crate::servers::Servers;
use crate::tools;
use crate::verify::cargo;

/// In a row: what is lost once in a few times shows.
const RUNS: usize = 10;

/// Faults that are tests, by the file that they stand in: package, target, file.
const TESTS: &[(&str, &str, &str)] = &[
    ("smista", "process", "killed::"),
    ("smista", "process", "killed_at_each_step::"),
    ("smista", "process", "file_faults::"),
    ("smista", "process", "file_harmed::"),
    ("smista", "process", "synced::"),
    ("smista", "process", "deep_headers::"),
    ("smista-tests", "stories", "poison::"),
    ("smista-tests", "stories", "out_of_turn::"),
    ("smista-tests", "stories", "late_messages::"),
    ("smista-tests", "stories", "clock_jumps::"),
    ("smista-tests", "stories", "crowd::"),
    ("smista-tests", "stories", "postgres_faults::"),
    ("smista-tests", "stories", "cut_sessions::"),
    ("smista-tests", "stories", "unknown_outcome::"),
];

pub(crate) fn run(options: &[&str]) -> Result<()> {
    let usage = || Needs("usage: cargo xtask faults [--runs N] [WORD…]".to_owned());
    let (runs, words) = chosen(options).ok_or_else(usage)?;
    let servers = Servers::find_or_start_and_install()?;
    let wanted = |name: &str| words.is_empty() || words.iter().any(|word| name.contains(word));
    let (mut table, mut failed) = (String::new(), Vec::new());
    for (package, target, file) in TESTS.iter().filter(|(_, _, file)| wanted(file)) {
        let test = ["test", "--locked", "--workspace", "--test", target, "--", file];
        let passes = |_run: &usize| tools::run(cargo(&servers).args(test)).is_ok();
        let passed = (0..runs).filter(passes).count();
        _ = writeln!(table, "| {package} {target} {} | {passed} of {runs} |", file.trim_end_matches("::"));
        failed.extend((passed < runs).then_some(*file));
    }
    let mut of_servers = cargo(&servers);
    of_servers.args(["test", "--locked", "--workspace", "--test", "faults", "--"]);
    of_servers.args(["--runs", &runs.to_string()]).args(&words);
    let of_servers = tools::run(&mut of_servers);
    println!("\n| tests of | passed |\n| --- | ---: |\n{table}");
    if !failed.is_empty() {
        bail!("failed: {}", failed.join(", "));
    }
    of_servers
}

/// How often, and which.
fn chosen<'a>(options: &[&'a str]) -> Option<(usize, Vec<&'a str>)> {
    let (runs, words) = match options {
        ["--runs", number, words @ ..] => (number.parse().ok().filter(|number| *number > 0)?, words),
        words => (RUNS, words),
    };
    words.iter().all(|word| !word.starts_with('-')).then(|| (runs, words.to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_often_comes_first_and_then_words() {
        assert_eq!(chosen(&[]), Some((RUNS, vec![])));
        assert_eq!(chosen(&["--runs", "2", "killed"]), Some((2, vec!["killed"])));
        assert_eq!(chosen(&["--runs", "0"]), None);
        assert_eq!(chosen(&["killed", "--runs"]), None);
    }

    #[test]
    fn every_file_of_tests_is_there() {
        let root = tools::workspace_root();
        for (package, target, file) in TESTS {
            let folder = if *package == "smista" { "smista/tests" } else { "tests" };
            let path = root.join(folder).join(target).join(file.replace("::", ".rs"));
            assert!(path.is_file(), "{}", path.display());
        }
    }
}
