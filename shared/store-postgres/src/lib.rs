//! The store on PostgreSQL.
//!
//! Knows: locks, arrays, SQLSTATEs, sessions. Must not know: what a message means, which worker reads it.

mod desk;
mod dialect;
mod errors;
mod no_delay;
mod published;
#[path = "../../store/queries/mod.rs"]
mod queries;
mod shelf;
mod store;
mod transaction;

pub use no_delay::without_delay;
pub use shelf::PostgresShelf;
pub use store::{PostgresOptions, PostgresStore, is_postgres_url};

/// The engine, as the shared queries name it.
pub(crate) type Db = sqlx::Postgres;
pub(crate) type Connection = sqlx::PgConnection;
