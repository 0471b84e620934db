//! A disk without room, for one server and nobody else: strace answers its writes instead of the system.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::thread;

use anyhow::{Context, Result, bail};

/// Its writes fail until this is ended.
pub(crate) struct FullDisk(Child);

impl FullDisk {
    /// For these processes and whatever they start; returns when they feel it.
    pub(crate) fn of(processes: &[u32]) -> Result<Self> {
        let mut strace = Command::new("strace");
        strace.args(["-f", "-e", "trace=pwrite64", "-e", "inject=pwrite64:error=ENOSPC", "-o", "/dev/null"]);
        for process in processes {
            strace.args(["-p", &process.to_string()]);
        }
        strace.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = strace.spawn().context("strace does not start")?;
        let mut voice = BufReader::new(child.stderr.take().context("its voice")?);
        let mut said = String::new();
        voice.read_line(&mut said)?;
        // It goes on saying which processes begin and end.
        thread::spawn(move || voice.lines().map_while(Result::ok).for_each(drop));
        let disk = Self(child);
        if !said.contains("attached") {
            bail!("strace is of no use here: {}", said.trim());
        }
        Ok(disk)
    }

    /// Whether this machine has strace, and lets one process look at another.
    pub(crate) fn can_be_played() -> Result<()> {
        let mut other = Command::new("sleep").arg("60").spawn()?;
        let played = Self::of(&[other.id()]).map(drop);
        other.kill()?;
        other.wait()?;
        played
    }
}

impl Drop for FullDisk {
    fn drop(&mut self) {
        // Asked to end, it lets go of whatever it holds.
        let asked = Command::new("kill").arg(self.0.id().to_string()).status();
        drop(asked.and_then(|_| self.0.wait()));
    }
}
