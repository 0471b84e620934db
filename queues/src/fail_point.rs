//! Steps of a message's life at which a test has the process killed.
//!
//! There is nothing here unless the feature `fail-points` is on, which only the tests of the binary ask for. The crate
//! `fail` knows no such end of a process, and would bring more than this to do it.

/// What a test says: `STEP:TIMES`. At that passing of that step the process is killed, as by a power cut.
#[cfg(feature = "fail-points")]
pub const VARIABLE: &str = "FAIL_POINT";

/// The step is passed, or is the last thing that this process does.
#[cfg(not(feature = "fail-points"))]
#[inline(always)]
pub fn pass(_step: &str) {}

/// The step is passed, or is the last thing that this process does.
#[cfg(feature = "fail-points")]
pub fn pass(step: &str) {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicUsize, Ordering};

    static ASKED: OnceLock<Option<(String, usize)>> = OnceLock::new();
    static PASSED: AtomicUsize = AtomicUsize::new(0);

    let asked = ASKED.get_or_init(|| {
        let asked = std::env::var(VARIABLE).ok()?;
        let (step, times) = asked.split_once(':').expect("STEP:TIMES");
        Some((step.to_owned(), times.parse().expect("a number of times")))
    });
    let Some((_, times)) = asked.as_ref().filter(|(asked, _)| asked == step) else { return };
    if PASSED.fetch_add(1, Ordering::SeqCst) + 1 == *times {
        let killed =
            std::process::Command::new("kill").args(["-KILL", &std::process::id().to_string()]).status();
        unreachable!("a process outlived its end: {killed:?}");
    }
}
