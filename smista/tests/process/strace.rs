//! A process of ours under the eyes, and in the hands, of strace: what it asks of the system, in which order, and what the
//! system answers instead.

use std::io::Write;
use std::path::Path;

use smista_servers::strace::Strace;

use crate::running::Smista;

/// Whether this machine has it, and lets one process look at another. Where not, says so, for a test that cannot be run
/// is none that has passed.
pub(crate) fn is_at_hand(test: &str) -> bool {
    let Err(why) = Strace::can_attach() else { return true };
    // Past the macros, whose words are kept back where a test does not fail.
    let told = format!("NOT RUN, AND SO NOT PROVED: {test}: {why:#}\n");
    std::io::stderr().write_all(told.as_bytes()).expect("somebody listens");
    false
}

/// From now on every one of these calls that touches `file` ends so: `error=ENOSPC`, `signal=KILL:when=3`.
pub(crate) fn tampering(smista: &Smista, file: &Path, calls: &str, ending: &str) -> Strace {
    let file = file.to_string_lossy();
    let inject = format!("inject={calls}:{ending}");
    Strace::attach(&[smista.id()], &["-P", &file, "-e", &inject, "-o", "/dev/null"]).expect("it attaches")
}

/// From now on these calls are written down in `report`, with the files that they concern.
pub(crate) fn watching(smista: &Smista, calls: &str, report: &Path) -> Strace {
    let (trace, report) = (format!("trace={calls}"), report.to_string_lossy());
    Strace::attach(&[smista.id()], &["-y", "-s", "64", "-e", &trace, "-o", &report]).expect("it attaches")
}
