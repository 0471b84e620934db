//! Room on the stacks of threads that are not ours.
//!
//! The AMQP library reads headers that hold each other by recursion, on a thread of its own with a stack of the usual size, and
//! any client may send a frame that is full of them: 128 KiB, 26,000 levels. It would overflow, which ends the process, and the
//! next one that the message is handed to. How large stacks are the standard library reads from the environment, so the
//! program begins anew with it said there. That takes addresses, and no memory until it is used.

/// Of the standard library: bytes for each thread of which nobody says otherwise.
const VARIABLE: &str = "RUST_MIN_STACK";
/// Twice what is enough for such a frame where nothing is optimised; half of that is not.
const BYTES: &str = "268435456";

/// Begins the program anew, as the same process, where the size of stacks is not said yet. Goes on as it is where it cannot.
#[cfg(unix)]
pub(crate) fn make_room() {
    use std::os::unix::process::CommandExt;
    use std::process::Command;

    if std::env::var_os(VARIABLE).is_some() {
        return;
    }
    let mut arguments = std::env::args_os();
    if let (Ok(program), Some(name)) = (std::env::current_exe(), arguments.next()) {
        // It returns only when nothing came of it.
        let _error = Command::new(program).arg0(name).args(arguments).env(VARIABLE, BYTES).exec();
    }
}

#[cfg(not(unix))]
pub(crate) fn make_room() {}
