//! The one place that sorts errors of SQLite by what to do about them.

use std::sync::Arc;

use smista_store::StoreError;

pub(crate) fn sort(error: sqlx::Error) -> StoreError {
    match &error {
        sqlx::Error::Database(refused) => {
            let code = refused.code().and_then(|code| code.parse::<i32>().ok()).unwrap_or_default();
            // The low byte of an extended result code is the primary one.
            match code & 0xff {
                BUSY | LOCKED => StoreError::Unavailable(Box::new(error)),
                TOO_BIG | CONSTRAINT | MISMATCH => StoreError::Data(Box::new(error)),
                _ => StoreError::Failed(Box::new(error)),
            }
        }
        sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => {
            StoreError::Unavailable(Box::new(error))
        }
        sqlx::Error::Encode(_) => StoreError::Data(Box::new(error)),
        // The library's own words may quote the value, which may be personal: they go no further.
        sqlx::Error::ColumnDecode { index, .. } => {
            StoreError::Corrupt { what: "column", source: format!("column {index} has another type").into() }
        }
        sqlx::Error::Decode(_) => {
            StoreError::Corrupt { what: "column", source: "a value has another type".into() }
        }
        _ => StoreError::Failed(Box::new(error)),
    }
}

const BUSY: i32 = 5;
const LOCKED: i32 = 6;
const TOO_BIG: i32 = 18;
const CONSTRAINT: i32 = 19;
const MISMATCH: i32 = 20;

/// One failure, told to each of the desks that shared a COMMIT.
pub(crate) fn shared(error: &Arc<StoreError>) -> StoreError {
    if error.is_transient() {
        StoreError::Unavailable(Box::new(Arc::clone(error)))
    } else {
        StoreError::Failed(Box::new(Arc::clone(error)))
    }
}

/// The task that owns the write connection is gone: the process is ending.
pub(crate) fn writer_gone() -> StoreError {
    StoreError::Unavailable("the writer of the file has stopped".into())
}
