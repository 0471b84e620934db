//! PostgreSQL: is it there, and how a private cluster starts and ends. A private one trusts whoever reaches its port on
//! loopback, holds nothing of value, and does not wait for the disk.

use std::fs::File;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command};

use anyhow::{Context as _, Result};

use super::private::{self, Folder};
use crate::failure::Needs;
use crate::tools;

/// Where a developer's server usually is.
pub(super) const USUAL: &str = "postgres://postgres@127.0.0.1:5432/postgres";

/// A query is answered there.
pub(super) fn answers(url: &str) -> Result<()> {
    let Some(psql) = tools::find("psql", &installed()) else {
        return Err(Needs("`psql` missing. Install it: apt-get install postgresql-client".to_owned()).into());
    };
    let mut command = Command::new(psql);
    command.args(["-X", "-w", "-A", "-t", "-c", "select 1", "-d", url]).env("PGCONNECT_TIMEOUT", "5");
    tools::read(&mut command).map(drop).context("PostgreSQL does not answer")
}

pub(super) fn is_installed() -> bool {
    tools::find("initdb", &installed()).is_some()
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

pub(crate) struct Private {
    child: Child,
    port: u16,
    _folder: Folder,
}

impl Private {
    pub(super) fn start() -> Result<Self> {
        let folder = Folder::create("postgres")?;
        let account = account()?;
        if let Some((user, group)) = account {
            chown(folder.path(), Some(user), Some(group)).context("cannot hand the folder to its account")?;
        }
        let (data, log) = (folder.path().join("data"), folder.path().join("log"));
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
        tools::read(initdb.arg(&data)).context("cannot create a private cluster")?;

        let port = private::free_port()?;
        let mut server = program("postgres", account)?;
        server.current_dir(folder.path());
        server.arg("-D").arg(&data).args(["-p", &port.to_string(), "-c", "listen_addresses=127.0.0.1"]);
        server.args(["-c", "unix_socket_directories=", "-c", "fsync=off", "-c", "max_connections=300"]);
        let written = File::create(&log)?;
        let child = server.stdout(written.try_clone()?).stderr(written).spawn()?;
        let mut private = Self { child, port, _folder: folder };
        let url = private.url();
        private::wait_until(&mut private.child, &log, || answers(&url))?;
        Ok(private)
    }

    pub(super) fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }
}

impl Drop for Private {
    fn drop(&mut self) {
        // A "fast" shutdown: connections that are still open are closed.
        private::stop(&mut self.child, "INT");
    }
}

/// The user and group to run under: PostgreSQL refuses to run as root, and its package brings an account.
fn account() -> Result<Option<(u32, u32)>> {
    if !tools::is_root() {
        return Ok(None);
    }
    let id = |what: &str| -> Result<u32> {
        Ok(tools::read(Command::new("id").args([what, "postgres"]))?.trim().parse()?)
    };
    Ok(Some((id("-u")?, id("-g")?)))
}

fn program(name: &str, account: Option<(u32, u32)>) -> Result<Command> {
    let path = tools::find(name, &installed()).with_context(|| format!("`{name}` is not installed"))?;
    let mut command = Command::new(path);
    if let Some((user, group)) = account {
        command.uid(user).gid(group);
    }
    Ok(command)
}
