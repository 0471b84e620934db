//! The store and the spool on an embedded SQLite file.
//!
//! Knows: the file, its one writer, the spool's table. Must not know: what a message means, which worker reads it.

mod desk;
mod dialect;
mod errors;
mod file;
#[path = "../../store/queries/mod.rs"]
mod queries;
mod sets;
mod shelf;
mod spool;
mod store;
mod writer;

pub use file::on_disk;
pub use shelf::SqliteShelf;
pub use spool::Spool;
pub use store::{SqliteOptions, SqliteStore};

/// The engine, as the shared queries name it.
pub(crate) type Db = sqlx::Sqlite;
pub(crate) type Connection = sqlx::SqliteConnection;
