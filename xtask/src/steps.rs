//! Announces steps, times them, and keeps the times for the end. Knows nothing of what a step does.

use std::time::{Duration, Instant};

use anyhow::Result;

#[derive(Default)]
pub(crate) struct Steps {
    taken: Vec<(&'static str, Duration)>,
}

impl Steps {
    /// Runs one step under its name. A failure is the caller's to hand on.
    pub(crate) fn run<T>(&mut self, name: &'static str, step: impl FnOnce() -> Result<T>) -> Result<T> {
        println!("==> {name}");
        let started = now();
        let outcome = step();
        self.taken.push((name, started.elapsed()));
        outcome
    }

    /// One line a step, in the order they were taken.
    pub(crate) fn timings(&self) -> String {
        let lines =
            self.taken.iter().map(|(name, taken)| format!("{:>8.1} s  {name}\n", taken.as_secs_f64()));
        lines.collect()
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "how long a step took is measured for a person, and decides nothing"
)]
fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_step_is_timed_too_and_its_failure_handed_on() {
        let mut steps = Steps::default();
        assert_eq!(steps.run("first", || Ok(7)).unwrap(), 7);
        assert!(steps.run::<()>("second", || anyhow::bail!("no")).is_err());
        let timings = steps.timings();
        let names: Vec<_> = timings.lines().filter_map(|line| line.split_whitespace().last()).collect();
        assert_eq!(names, ["first", "second"]);
    }
}
