//! What the two private servers share: a folder of their own, a free port, waiting until they answer, and the end.

use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use crate::programs;

/// How often a starting server is asked, how often a killed one is started again, and how long between: a server that does not
/// answer is given up after half a minute.
const QUESTIONS: u32 = 150;
const TRIES: u32 = 20;
const BETWEEN_QUESTIONS: Duration = Duration::from_millis(200);

/// A folder that goes away with its server. It stands among the temporary files, not in `target`, because PostgreSQL
/// refuses to run as root and the account it runs under may not be able to reach the workspace.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn create(server: &str) -> Result<Self> {
        let path = std::env::temp_dir().join(format!("smista-{server}-{}", std::process::id()));
        // Nobody else has our process id: what stands there is of a run that was killed.
        if path.exists() {
            std::fs::remove_dir_all(&path).with_context(|| format!("cannot remove {}", path.display()))?;
        }
        std::fs::create_dir(&path).with_context(|| format!("cannot create {}", path.display()))?;
        Ok(Self(path))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            eprintln!("cannot remove {}: {error}", self.0.display());
        }
    }
}

/// A port that nobody listens on at this moment.
pub(crate) fn free_port() -> Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

/// Asks until the server answers; gives up when it has ended or asked for too long.
pub(crate) fn wait_until(child: &mut Child, log: &Path, answers: impl Fn() -> Result<()>) -> Result<()> {
    for _ in 0..QUESTIONS {
        if answers().is_ok() {
            return Ok(());
        }
        if let Some(status) = child.try_wait()? {
            bail!("the private server ended at once ({status}): {}", tail(log));
        }
        std::thread::sleep(BETWEEN_QUESTIONS);
    }
    bail!("the private server does not answer: {}", tail(log))
}

/// SIGKILL: nothing is said, and nothing is written any more.
pub(crate) fn kill(process: u32) -> Result<()> {
    programs::run(Command::new("kill").args(["-s", "KILL", &process.to_string()]))
}

/// Tries so often that whatever a killed server has left behind is gone.
pub(crate) fn patiently(mut starts: impl FnMut() -> Result<()>) -> Result<()> {
    let mut failed = None;
    for _ in 0..TRIES {
        match starts() {
            Ok(()) => return Ok(()),
            Err(error) => failed = Some(error),
        }
        std::thread::sleep(BETWEEN_QUESTIONS);
    }
    Err(failed.context("no try was made")?)
}

/// Asks a server to end and waits until it has. One that has ended already is not asked: its number may be another's.
pub(crate) fn stop(child: &mut Child, signal: &str) {
    if child.try_wait().is_ok_and(|ended| ended.is_some()) {
        return;
    }
    let asked = programs::run(Command::new("kill").args(["-s", signal, &child.id().to_string()]));
    if asked.and_then(|()| Ok(child.wait()?)).is_err() {
        eprintln!("a private server (process {}) could not be stopped", child.id());
    }
}

fn tail(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().rev().take(10).collect();
    lines.into_iter().rev().collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_killed_run_left_is_no_hindrance() {
        let left = Folder::create("nothing").unwrap();
        std::fs::write(left.path().join("log"), "").unwrap();
        std::mem::forget(left);
        let folder = Folder::create("nothing").unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
