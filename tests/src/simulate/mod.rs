//! A simulation: the real office, its stores, queues, runner and workers, one step at a time, by a seed.
//!
//! Knows how one seed is played and what a violation is. Randomness, time and identifiers all come from the seed, so
//! that it plays the same again; [`Played::hash`] shows that it did.

mod calls;
mod coverage;
mod faults;
mod invariants;
mod journal;
mod parts;
mod queue_faults;
mod requests;
mod sight;
mod steps;
mod store_faults;
mod wishes;

pub use calls::{Call, Failure, Way};
pub use coverage::{every_row, row_name};
pub use faults::Defect;

use std::collections::{BTreeMap, BTreeSet};

use fastrand::Rng;

use parts::Parts;
use steps::Simulation;

/// Steps that each seed plays before the office is left to come to rest.
pub const STEPS: usize = 200;

/// What one seed came to, when nothing was wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Played {
    /// SHA-256 over everything that was done and committed, in hexadecimal.
    pub hash: String,
    /// The rows of the table of transitions that were reached, by their place in it.
    pub rows: BTreeSet<usize>,
    /// Steps played, those of coming to rest included.
    pub steps: usize,
}

/// A promise that was not kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The seed that shows it again.
    pub seed: u64,
    /// After which step.
    pub step: usize,
    /// Which promise, and about what.
    pub what: String,
    /// What was done last, oldest first.
    pub last_steps: Vec<String>,
}

impl std::fmt::Display for Violation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "seed {} after step {}: {}", self.seed, self.step, self.what)?;
        self.last_steps.iter().try_for_each(|line| writeln!(f, "    {line}"))
    }
}

/// What became of a story in which nothing fails, or one call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// How often each call was made.
    pub calls: BTreeMap<Call, usize>,
    /// Whether the call that was to fail did.
    pub struck: bool,
    pub played: Played,
}

/// Plays the first steps of a seed as a story in which nothing fails, or one call of a port does.
///
/// # Errors
/// The first promise that was not kept.
pub async fn tell(
    seed: u64,
    steps: usize,
    failure: Option<Failure>,
    defect: Option<Defect>,
) -> Result<Told, Box<Violation>> {
    let mut rng = Rng::with_seed(seed);
    let parts = Parts::start(rng.fork(), defect).await;
    parts.faults.plan(failure);
    let mut simulation = Simulation::new(parts, rng);
    if let Err(what) = simulation.play(steps).await {
        return Err(Box::new(simulation.violation(seed, format!("{failure:?}: {what}"))));
    }
    let played = simulation.played();
    Ok(simulation.parts.faults.calls(|calls| Told {
        calls: std::mem::take(&mut calls.made),
        struck: failure.is_some() && !calls.is_still_to_come(),
        played,
    }))
}

/// Plays one seed, in an office that is sound or has one defect planted in it.
///
/// # Errors
/// The first promise that was not kept.
pub async fn play(seed: u64, defect: Option<Defect>) -> Result<Played, Box<Violation>> {
    let mut rng = Rng::with_seed(seed);
    let parts = Parts::start(rng.fork(), defect).await;
    let mut simulation = Simulation::new(parts, rng);
    match simulation.play(STEPS).await {
        Ok(()) => Ok(simulation.played()),
        Err(what) => Err(Box::new(simulation.violation(seed, what))),
    }
}
