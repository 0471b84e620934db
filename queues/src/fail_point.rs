//! Steps of a message's life at which a test has the process killed or stopped.
//!
//! There is nothing here unless the feature `fail-points` is on, which only the tests of the binary ask for. The crate
//! `fail` knows no such end of a process, and would bring more than this to do it.

/// What a test says: `STEP:TIMES:SIGNAL`. At that passing of that step the process gets the signal: KILL, as by a power cut,
/// or STOP, after which it goes on when it is told to.
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

    static ASKED: OnceLock<Option<(String, usize, String)>> = OnceLock::new();
    static PASSED: AtomicUsize = AtomicUsize::new(0);

    let asked = ASKED.get_or_init(|| {
        let asked = std::env::var(VARIABLE).ok()?;
        let mut parts = asked.split(':').map(str::to_owned);
        let (step, times, signal) = (parts.next()?, parts.next()?, parts.next()?);
        Some((step, times.parse().expect("a number of times"), signal))
    });
    let Some((_, times, signal)) = asked.as_ref().filter(|(asked, ..)| asked == step) else { return };
    if PASSED.fetch_add(1, Ordering::SeqCst) + 1 == *times {
        let this = std::process::id().to_string();
        let sent = std::process::Command::new("kill").args(["-s", signal, &this]).status();
        assert!(signal != "KILL", "a process outlived its end: {sent:?}");
    }
}
