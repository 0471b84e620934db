//! The file: how connections are set, and the lock by which one process owns it.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use smista_store::StoreError;
use sqlx::sqlite::{SqliteAutoVacuum, SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use tempfile::TempDir;

/// The journal is cut back to this size after a checkpoint, in bytes.
const JOURNAL_SIZE_LIMIT: &str = "67108864";
/// The journal is brought into the file at this many pages of 4 KiB, which one commit in so many pays for. At the usual
/// thousand, a page that several commits in a row change is written to the file by every few of them.
const CHECKPOINT_PAGES: &str = "8192";

/// How long a connection waits for another's lock.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Takes the file for this process, until the returned handle is dropped.
pub(crate) fn own(path: &Path) -> Result<File, StoreError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let name = PathBuf::from(name);
    let failed = |error: std::io::Error| StoreError::Failed(Box::new(error));
    let lock = File::options().create(true).truncate(false).write(true).open(&name).map_err(failed)?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(StoreError::InUse { file: path.display().to_string() }),
        Err(TryLockError::Error(error)) => Err(failed(error)),
    }
}

/// For a connection that only reads. It must set nothing that lasts in the file: `auto_vacuum` writes even where it
/// changes nothing, so a reader that connected while a desk was open would wait for it in vain.
pub(crate) fn only_reading(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new().filename(path).busy_timeout(BUSY_TIMEOUT).pragma("query_only", "on")
}

/// How the writer opens the file.
///
/// How it is vacuumed is settled when it is made, and is not said again: that would write in a file that may be another
/// version's, and is to be left alone.
pub fn on_disk(path: &Path) -> SqliteConnectOptions {
    let options = SqliteConnectOptions::new().filename(path);
    let is_new = path.metadata().map_or(true, |file| file.len() == 0);
    let options = if is_new { options.auto_vacuum(SqliteAutoVacuum::Incremental) } else { options };
    options
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT)
        .pragma("journal_size_limit", JOURNAL_SIZE_LIMIT)
        .pragma("wal_autocheckpoint", CHECKPOINT_PAGES)
}

/// The same without waiting for the disk: what is in it is lost with the machine, and was to be thrown away.
pub(crate) fn to_throw_away(path: &Path) -> SqliteConnectOptions {
    on_disk(path).synchronous(SqliteSynchronous::Off)
}

/// Where such a file lies: in memory on Linux, else in the folder for temporary files.
pub(crate) fn folder_to_throw_away() -> std::io::Result<TempDir> {
    const IN_MEMORY: &str = "/dev/shm";
    let mut named = tempfile::Builder::new();
    named.prefix("smista-scratch-");
    named.tempdir_in(IN_MEMORY).or_else(|_not_there_or_full| named.tempdir())
}
