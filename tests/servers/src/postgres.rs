//! PostgreSQL: is it there, and how a private cluster starts, is killed, and ends. A private one trusts whoever reaches its
//! port on loopback, and holds nothing of value.

use std::fs::File;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command};

use anyhow::{Context as _, Result};

use crate::private::{self, Folder};
use crate::programs::{self, Needs};

/// Where a developer's server usually is.
pub const USUAL: &str = "postgres://postgres@127.0.0.1:5432/postgres";

/// A query is answered there.
pub fn answers(url: &str) -> Result<()> {
    let Some(psql) = programs::find("psql", &installed()) else {
        return Err(Needs("`psql` missing. Install it: apt-get install postgresql-client".to_owned()).into());
    };
    let mut command = Command::new(psql);
    command.args(["-X", "-w", "-A", "-t", "-c", "select 1", "-d", url]).env("PGCONNECT_TIMEOUT", "5");
    programs::read(&mut command).map(drop).context("PostgreSQL does not answer")
}

/// Its programs are there.
pub fn is_installed() -> bool {
    programs::find("initdb", &installed()).is_some()
}

/// Debian keeps the server's programs off the `PATH`, in a folder for each version; the newest comes first.
fn installed() -> Vec<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut versions: Vec<(u32, PathBuf)> = versions
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .collect();
    versions.sort_by_key(|(version, _)| std::cmp::Reverse(*version));
    versions.into_iter().map(|(_, programs)| programs).collect()
}

/// Whether a commit waits until it is on the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disk {
    /// As in production: what is measured or killed.
    WaitedFor,
    /// Faster, for tests that do neither.
    Ignored,
}

/// A cluster of this process's own, gone with the value.
pub struct Private {
    child: Child,
    port: u16,
    disk: Disk,
    folder: Folder,
}

impl Private {
    /// Makes a cluster, and starts it.
    ///
    /// # Errors
    /// A program is missing, or it does not answer within half a minute; the end of its log is told.
    pub fn start(disk: Disk) -> Result<Self> {
        let folder = Folder::create("postgres")?;
        let account = account()?;
        if let Some((user, group)) = account {
            chown(folder.path(), Some(user), Some(group)).context("cannot hand the folder to its account")?;
        }
        let mut initdb = program("initdb", account)?;
        initdb.current_dir(folder.path());
        initdb.args([
            "--no-sync",
            "--auth=trust",
            "--username=postgres",
            "--encoding=UTF8",
            "--locale=C",
            "-D",
        ]);
        programs::read(initdb.arg(data(&folder))).context("cannot create a private cluster")?;
        let port = private::free_port()?;
        let child = server(&folder, port, disk)?;
        let mut private = Self { child, port, disk, folder };
        private.wait_until_it_answers()?;
        Ok(private)
    }

    /// A database of it in which others may be created.
    pub fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    /// Where it listens, on loopback.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The postmaster and its children.
    ///
    /// # Errors
    /// The system does not tell which processes there are.
    pub fn processes(&self) -> Result<Vec<u32>> {
        let postmaster = self.child.id().to_string();
        let children = std::fs::read_to_string(format!("/proc/{postmaster}/task/{postmaster}/children"))?;
        let children = children.split_whitespace().map(|child| Ok(child.parse()?));
        std::iter::once(Ok(self.child.id())).chain(children).collect()
    }

    /// SIGKILL to the postmaster. Its sessions end when they see that it is gone.
    pub fn kill(&mut self) -> Result<()> {
        private::kill(self.child.id())?;
        self.child.wait()?;
        Ok(())
    }

    /// Starts it again on what is on the disk, after [`Private::kill`] or an end of its own; if it is alive, waits until it
    /// answers.
    ///
    /// # Errors
    /// As [`Private::start`].
    pub fn start_again(&mut self) -> Result<()> {
        // A postmaster gives up at once while sessions of the one before it still hold their memory.
        private::patiently(|| {
            if self.child.try_wait()?.is_none() {
                return self.wait_until_it_answers();
            }
            self.child = server(&self.folder, self.port, self.disk)?;
            self.wait_until_it_answers()
        })
    }

    fn wait_until_it_answers(&mut self) -> Result<()> {
        let url = self.url();
        private::wait_until(&mut self.child, &log(&self.folder), || answers(&url))
    }
}

impl Drop for Private {
    fn drop(&mut self) {
        // A "fast" shutdown: connections that are still open are closed.
        private::stop(&mut self.child, "INT");
    }
}

fn data(folder: &Folder) -> PathBuf {
    folder.path().join("data")
}

fn log(folder: &Folder) -> PathBuf {
    folder.path().join("log")
}

fn server(folder: &Folder, port: u16, disk: Disk) -> Result<Child> {
    let mut server = program("postgres", account()?)?;
    server.current_dir(folder.path());
    server.arg("-D").arg(data(folder)).args(["-p", &port.to_string(), "-c", "listen_addresses=127.0.0.1"]);
    server.args(["-c", "unix_socket_directories=", "-c", "max_connections=300"]);
    if disk == Disk::Ignored {
        server.args(["-c", "fsync=off"]);
    }
    let written = File::options().create(true).append(true).open(log(folder))?;
    Ok(server.stdout(written.try_clone()?).stderr(written).spawn()?)
}

/// The user and group to run under: PostgreSQL refuses to run as root, and its package brings an account.
fn account() -> Result<Option<(u32, u32)>> {
    if !programs::is_root() {
        return Ok(None);
    }
    let id = |what: &str| -> Result<u32> {
        Ok(programs::read(Command::new("id").args([what, "postgres"]))?.trim().parse()?)
    };
    Ok(Some((id("-u")?, id("-g")?)))
}

fn program(name: &str, account: Option<(u32, u32)>) -> Result<Command> {
    let path = programs::find(name, &installed()).with_context(|| format!("`{name}` is not installed"))?;
    let mut command = Command::new(path);
    if let Some((user, group)) = account {
        command.uid(user).gid(group);
    }
    Ok(command)
}
