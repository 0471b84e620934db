//! The simulation: many seeds in a sound office, then offices with a defect that must be found.
//!
//! `SEED=n` plays one seed and prints the hash of its trace; `SEEDS=n` says how many are played.

mod nth;
mod processors;

use std::collections::BTreeSet;

use smista_tests::simulate::{Defect, Played, Violation, every_row, play, row_name};

/// Seeds in a plain `cargo test`: enough to reach every row of the table.
const SEEDS: u64 = 80;
/// Seeds within which a planted defect must be found.
const FOUND_WITHIN: u64 = 2_000;

/// A number from the environment.
fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} must be a number, not {text:?}")))
}

fn play_alone(seed: u64, defect: Option<Defect>) -> Result<Played, Box<Violation>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(play(seed, defect))
}

/// Plays the seeds on all processors; the violation of the lowest seed if there is any.
fn play_all(seeds: std::ops::Range<u64>) -> Result<Vec<Played>, Box<Violation>> {
    let seeds: Vec<u64> = seeds.collect();
    let played = processors::on_all(&seeds, |seed| play_alone(*seed, None));
    let lowest = played.iter().filter_map(|played| played.as_ref().err()).min_by_key(|found| found.seed);
    match lowest.cloned() {
        Some(violation) => Err(violation),
        None => Ok(played.into_iter().flatten().collect()),
    }
}

#[test]
fn whatever_happens_the_office_keeps_its_promises() {
    if let Some(seed) = number("SEED") {
        let played = play_alone(seed, None).unwrap_or_else(|violation| panic!("{violation}"));
        println!("seed {seed}: {} steps, trace {}", played.steps, played.hash);
        return;
    }
    let seeds = number("SEEDS").unwrap_or(SEEDS);
    let played = play_all(0..seeds).unwrap_or_else(|violation| panic!("{violation}"));
    let reached: BTreeSet<usize> = played.iter().flat_map(|played| played.rows.iter().copied()).collect();
    let missed: Vec<String> = every_row().filter(|row| !reached.contains(row)).map(row_name).collect();
    println!("{seeds} seeds, {} rows of the table reached", reached.len());
    if seeds >= SEEDS {
        assert!(missed.is_empty(), "never reached: {missed:#?}");
    }
}

#[test]
fn a_seed_plays_the_same_again() {
    let played = |seed| play_alone(seed, None).unwrap_or_else(|violation| panic!("{violation}"));
    assert_eq!(played(7), played(7));
    assert_ne!(played(7).hash, played(8).hash);
}

/// The seed that shows it, and the promise that it broke.
#[track_caller]
#[expect(clippy::print_stdout, reason = "a test shows where it found the defect")]
fn find(defect: Defect) -> Box<Violation> {
    let found = (0..FOUND_WITHIN).find_map(|seed| play_alone(seed, Some(defect)).err());
    let found = found.unwrap_or_else(|| panic!("{defect:?} was not found within {FOUND_WITHIN} seeds"));
    println!("{defect:?}: {found}");
    found
}

#[test]
fn without_an_inbox_a_repeated_message_is_applied_twice() {
    // Many a seed sees sooner that a command was refused twice, for another reason each time.
    let twice = (0..FOUND_WITHIN).filter_map(|seed| play_alone(seed, Some(Defect::NoInbox)).err());
    assert!(twice.map(|found| found.what).any(|what| what.contains("told twice")));
}

#[test]
fn acknowledged_early_a_message_is_lost_with_its_process() {
    let what = find(Defect::EarlyAcknowledgement).what;
    assert!(what.contains("was lost") || what.contains("nobody will place it"), "{what}");
}

#[test]
fn without_a_version_check_what_was_decided_on_an_outdated_case_overwrites_a_change() {
    let what = find(Defect::NoVersionCheck).what;
    // What was told is of the row that was overwritten, so of the one that is there nothing was.
    let told = ["replay", "two contents", "commits", "never published"];
    assert!(told.iter().any(|told| what.contains(told)), "{what}");
}

#[test]
fn a_lost_outbox_row_leaves_a_change_that_nobody_hears_of() {
    let what = find(Defect::LostOutboxRow).what;
    assert!(what.contains("is in no queue"), "{what}");
}
