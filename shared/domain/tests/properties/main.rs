//! Random offices: whatever is asked, in whatever order, by whomever, the invariants hold.

mod invariants;
mod office;
mod steps;
#[path = "../support/world.rs"]
mod world;

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, TestRunner};
use smista_domain::transitions::{From, TRANSITIONS};

use crate::office::Office;
use crate::steps::steps;

proptest! {
    #![proptest_config(Config { cases: 400, failure_persistence: None, ..Config::default() })]

    #[test]
    fn the_invariants_hold_whatever_happens(steps in steps(3)) {
        let mut office = Office::new();
        steps.iter().for_each(|step| office.take(step));
    }
}

/// The property above would hold of an office in which nothing happens; in this one everything does.
#[test]
fn the_random_steps_reach_every_row_on_a_case() {
    let mut runner = TestRunner::deterministic();
    let mut reached = BTreeSet::new();
    let on_a_case: BTreeSet<&str> =
        TRANSITIONS.iter().filter(|row| row.from != From::New).map(|row| row.row).collect();
    for _office in 0..1_000 {
        let steps = steps(1).new_tree(&mut runner).expect("steps").current();
        let mut office = Office::new();
        steps.iter().for_each(|step| office.take(step));
        reached.extend(office.rows);
        if reached == on_a_case {
            return;
        }
    }
    let missed: Vec<_> = on_a_case.difference(&reached).collect();
    panic!("never reached: {missed:?}");
}
