//! A process of ours under the eyes, and in the hands, of strace: what it asks of the system, in which order, and what the
//! system answers instead.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;

use crate::running::Smista;

/// strace, attached to every thread of a process until it is detached.
pub(crate) struct Strace(Child);

impl Strace {
    /// Whether this machine has it, and lets one process look at another. Where not, says so, for a test that cannot be run
    /// is none that has passed.
    pub(crate) fn is_at_hand(test: &str) -> bool {
        // Somebody else's child, as a running system is.
        let mut other = Command::new("sleep").arg("60").spawn().expect("sleep is everywhere");
        let attached = Self::to(other.id(), &[]).map(Self::detach);
        other.kill().expect("it was alive");
        other.wait().expect("it ends");
        match attached {
            Ok(()) => true,
            Err(why) => {
                // Past the macros, whose words are kept back where a test does not fail.
                let told = format!("NOT RUN, AND SO NOT PROVED: {test}: strace is of no use here: {why}\n");
                std::io::stderr().write_all(told.as_bytes()).expect("somebody listens");
                false
            }
        }
    }

    /// From now on every one of these calls that touches `file` ends so: `error=ENOSPC`, `signal=KILL:when=3`.
    pub(crate) fn tampering(smista: &Smista, file: &Path, calls: &str, ending: &str) -> Self {
        let file = file.to_string_lossy();
        let inject = format!("inject={calls}:{ending}");
        Self::to(smista.id(), &["-P", &file, "-e", &inject, "-o", "/dev/null"]).expect("it attaches")
    }

    /// From now on these calls are written down in `report`, with the files that they concern.
    pub(crate) fn watching(smista: &Smista, calls: &str, report: &Path) -> Self {
        let (trace, report) = (format!("trace={calls}"), report.to_string_lossy());
        Self::to(smista.id(), &["-y", "-s", "64", "-e", &trace, "-o", &report]).expect("it attaches")
    }

    /// Returns once it is attached.
    fn to(process: u32, arguments: &[&str]) -> Result<Self, String> {
        let mut command = Command::new("strace");
        command.args(["-f", "-p", &process.to_string()]).args(arguments);
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
        let mut strace = Self(child.map_err(|error| error.to_string())?);
        let mut voice = BufReader::new(strace.0.stderr.take().expect("its voice"));
        let mut said = String::new();
        voice.read_line(&mut said).map_err(|error| error.to_string())?;
        // It goes on saying which threads begin and end.
        thread::spawn(move || voice.lines().map_while(Result::ok).for_each(drop));
        if said.contains("attached") { Ok(strace) } else { Err(said.trim().to_owned()) }
    }

    /// The process goes on by itself.
    pub(crate) fn detach(mut self) {
        let sent = Command::new("kill").args(["-INT", &self.0.id().to_string()]).status();
        assert!(sent.expect("kill is everywhere").success());
        self.0.wait().expect("it ends");
    }

    /// Waits until the process has ended, and it with it.
    pub(crate) fn ended(mut self) {
        self.0.wait().expect("it ends");
    }
}

impl Drop for Strace {
    fn drop(&mut self) {
        // One that has ended already needs no killing.
        let _ended = self.0.kill();
        let _reaped = self.0.wait();
    }
}
