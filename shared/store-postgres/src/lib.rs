//! The store on PostgreSQL.
//!
//! Knows: locks, arrays, SQLSTATEs, sessions. Must not know: what a message means, which worker reads it.

mod desk;
mod dialect;
mod errors;
mod published;
#[path = "../../store/queries/mod.rs"]
mod queries;
mod shelf;
mod sockets;
mod store;
mod transaction;

pub use shelf::PostgresShelf;
pub use sockets::with_sockets_set;
pub use store::{PostgresOptions, PostgresStore, is_postgres_url};

/// The engine, as the shared queries name it.
pub(crate) type Db = sqlx::Postgres;
pub(crate) type Connection = sqlx::PgConnection;
