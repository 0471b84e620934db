//! Two databases that live as long as one build, each made by its crate's migrations. Applies SQL files with the
//! engines' own command lines, so that the macros' view of a schema does not rest on the code that they compile.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::tools;
use smista_servers::address::with_database;

/// The `.sql` files of a crate's `migrations`, in the order of their names.
pub(super) fn migrations(store: &Path) -> Result<Vec<PathBuf>> {
    let folder = store.join("migrations");
    let entries =
        fs::read_dir(&folder).with_context(|| format!("no migrations: cannot list {}", folder.display()))?;
    let files = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    let mut files: Vec<_> =
        files.into_iter().filter(|file| file.extension().is_some_and(|it| it == "sql")).collect();
    if files.is_empty() {
        bail!("no migrations: {} holds no .sql file", folder.display());
    }
    files.sort();
    Ok(files)
}

pub(super) struct Postgres {
    server: String,
    name: String,
    url: String,
}

impl Postgres {
    pub(super) fn create(server: &str, migrations: &[PathBuf]) -> Result<Self> {
        let name = format!("smista_prepare_{}", std::process::id());
        let scratch = Self { server: server.to_owned(), url: with_database(server, &name)?, name };
        tools::read(psql(server)?.args(["-c", &format!("create database {}", scratch.name)]))?;
        for file in migrations {
            let mut command = psql(&scratch.url)?;
            if !outside_a_transaction(file)? {
                command.arg("--single-transaction");
            }
            tools::read(command.arg("-f").arg(file))
                .with_context(|| format!("cannot apply {}", file.display()))?;
        }
        Ok(scratch)
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let drop = format!("drop database if exists {} with (force)", self.name);
        let dropped = psql(&self.server).and_then(|mut psql| tools::read(psql.args(["-c", &drop])));
        if let Err(error) = dropped {
            eprintln!("cannot drop the scratch database {}: {error:#}", self.name);
        }
    }
}

fn psql(url: &str) -> Result<Command> {
    let mut command = Command::new(tools::require("psql", "postgresql-client")?);
    command.args(["-X", "-w", "-q", "-v", "ON_ERROR_STOP=1", "-d", url]);
    Ok(command)
}

/// sqlx's own mark, on the first line of a migration that must not run in a transaction.
fn outside_a_transaction(file: &Path) -> Result<bool> {
    Ok(fs::read_to_string(file)?.starts_with("-- no-transaction"))
}

pub(super) struct Sqlite {
    file: PathBuf,
}

impl Sqlite {
    pub(super) fn create(folder: &Path, migrations: &[PathBuf]) -> Result<Self> {
        fs::create_dir_all(folder)?;
        let scratch = Self { file: folder.join(format!("scratch-{}.sqlite", std::process::id())) };
        let sqlite = tools::require("sqlite3", "sqlite3")?;
        for migration in migrations {
            let mut command = Command::new(&sqlite);
            command.arg("-bail").arg("-batch").arg(&scratch.file).stdin(File::open(migration)?);
            let applied = command.output().context("cannot start sqlite3")?;
            if !applied.status.success() {
                let complaint = String::from_utf8_lossy(&applied.stderr).trim().to_owned();
                bail!("cannot apply {}: {complaint}", migration.display());
            }
        }
        Ok(scratch)
    }

    pub(super) fn url(&self) -> String {
        format!("sqlite://{}", self.file.display())
    }
}

impl Drop for Sqlite {
    fn drop(&mut self) {
        for ending in ["", "-wal", "-shm"] {
            let mut name = self.file.clone().into_os_string();
            name.push(ending);
            // The two besides the database itself exist only while a connection is open.
            if Path::new(&name).exists() && fs::remove_file(&name).is_err() {
                eprintln!("cannot remove {}", Path::new(&name).display());
            }
        }
    }
}
