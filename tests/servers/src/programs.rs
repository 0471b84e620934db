//! Running other programs: to the end, on our own terminal or into a string; and where they stand.

use std::ffi::OsStr;
use std::fmt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result};

/// Something is missing that this program cannot provide; the text says exactly what to do.
#[derive(Debug)]
pub struct Needs(pub String);

impl fmt::Display for Needs {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl std::error::Error for Needs {}

/// A program that we ran ended badly; its own output has already said why.
#[derive(Debug)]
pub struct Ended {
    /// Its words.
    pub command: String,
    /// Its exit code; `None` when a signal ended it.
    pub code: Option<i32>,
}

impl fmt::Display for Ended {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.code {
            Some(code) => write!(out, "`{}` ended with exit code {code}", self.command),
            None => write!(out, "`{}` was ended by a signal", self.command),
        }
    }
}

impl std::error::Error for Ended {}

/// Runs to the end, output on our own terminal.
pub fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("cannot start {}", words(command)))?;
    if status.success() {
        return Ok(());
    }
    Err(Ended { command: words(command), code: status.code() }.into())
}

/// Runs to the end and answers what it printed; what it complained of becomes the error.
pub fn read(command: &mut Command) -> Result<String> {
    let output =
        command.stdin(Stdio::null()).output().with_context(|| format!("cannot start {}", words(command)))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let complaint = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(anyhow::Error::new(Ended { command: words(command), code: output.status.code() }).context(complaint))
}

fn words(command: &Command) -> String {
    let words: Vec<_> = std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(OsStr::to_string_lossy)
        .collect();
    words.join(" ")
}

/// Where a program stands: on the `PATH`, else in one of the folders named.
pub fn find(program: &str, elsewhere: &[PathBuf]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path: Vec<PathBuf> = std::env::split_paths(&path).collect();
    on_path.iter().chain(elsewhere).map(|folder| folder.join(program)).find(|file| file.is_file())
}

/// We may install packages, and must not run PostgreSQL.
pub fn is_root() -> bool {
    read(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0")
}
