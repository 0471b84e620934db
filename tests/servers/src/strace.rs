//! strace, attached to processes that run already: what they ask of the system is written down, or answered otherwise. Knows
//! no server and nothing of the product.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::thread;

use anyhow::{Context as _, Result, bail};

use crate::programs;

/// Attached until it is detached or dropped, or those that it is attached to have ended.
pub struct Strace(Child);

impl Strace {
    /// Attaches it to every thread of these processes and whatever they start; returns once it is.
    ///
    /// # Errors
    /// It is not installed, or one process may not look at another here.
    pub fn attach(processes: &[u32], arguments: &[&str]) -> Result<Self> {
        let mut command = Command::new("strace");
        command.arg("-f").args(arguments);
        for process in processes {
            command.args(["-p", &process.to_string()]);
        }
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
        let mut strace = Self(child.context("strace does not start")?);
        let mut voice = BufReader::new(strace.0.stderr.take().context("it has no voice")?);
        let mut said = String::new();
        voice.read_line(&mut said)?;
        // It goes on saying which threads begin and end.
        thread::spawn(move || voice.lines().map_while(Result::ok).for_each(drop));
        if !said.contains("attached") {
            bail!("strace is of no use here: {}", said.trim());
        }
        Ok(strace)
    }

    /// Tries it on somebody else's child, as a running system is.
    ///
    /// # Errors
    /// As [`Strace::attach`].
    pub fn can_attach() -> Result<()> {
        let mut other = Command::new("sleep").arg("60").spawn()?;
        let attached = Self::attach(&[other.id()], &[]).and_then(Self::detach);
        other.kill()?;
        other.wait()?;
        attached
    }

    /// The processes go on by themselves.
    ///
    /// # Errors
    /// It cannot be told.
    pub fn detach(mut self) -> Result<()> {
        programs::run(Command::new("kill").args(["-s", "INT", &self.0.id().to_string()]))?;
        self.0.wait()?;
        Ok(())
    }

    /// Waits until the processes have ended, and it with them.
    ///
    /// # Errors
    /// The system does not tell of its end.
    pub fn ended(mut self) -> Result<()> {
        self.0.wait()?;
        Ok(())
    }
}

impl Drop for Strace {
    fn drop(&mut self) {
        // One that has ended already needs no killing.
        let _ended = self.0.kill();
        let _reaped = self.0.wait();
    }
}
