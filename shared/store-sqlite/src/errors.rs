//! The one place that sorts errors of SQLite by what to do about them.

use std::sync::Arc;

use smista_store::StoreError;

pub(crate) fn sort(error: sqlx::Error) -> StoreError {
    match &error {
        sqlx::Error::Database(refused) => {
            let code = refused.code().and_then(|code| code.parse::<i32>().ok()).unwrap_or_default();
            match kind(code) {
                Kind::Passing => StoreError::Unavailable(Box::new(error)),
                Kind::OfTheData => StoreError::Data(Box::new(error)),
                Kind::Lasting => StoreError::Failed(Box::new(error)),
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

#[derive(Debug, PartialEq, Eq)]
enum Kind {
    Passing,
    OfTheData,
    /// A full disk, an error of the disk, a damaged file: waits for a person, and is nobody's fault in a batch.
    Lasting,
}

fn kind(code: i32) -> Kind {
    // The low byte of an extended result code is the primary one.
    match code & 0xff {
        BUSY | LOCKED => Kind::Passing,
        TOO_BIG | CONSTRAINT | MISMATCH => Kind::OfTheData,
        _ => Kind::Lasting,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_commit_fails_with_is_never_laid_at_the_door_of_the_data() {
        const BUSY_SNAPSHOT: i32 = 5 | (2 << 8);
        const IOERR_FSYNC: i32 = 10 | (4 << 8);
        const FULL: i32 = 13;
        assert_eq!(kind(BUSY_SNAPSHOT), Kind::Passing);
        assert_eq!(kind(IOERR_FSYNC), Kind::Lasting);
        assert_eq!(kind(FULL), Kind::Lasting);
        let of_one = Arc::new(StoreError::Data("a rule that is checked at the commit".into()));
        assert!(
            matches!(shared(&of_one), StoreError::Failed(_)),
            "nobody knows whose of those that shared it"
        );
    }

    #[test]
    fn a_broken_rule_is_the_datas_fault() {
        const CONSTRAINT_UNIQUE: i32 = 19 | (8 << 8);
        assert_eq!(kind(CONSTRAINT_UNIQUE), Kind::OfTheData);
    }
}
