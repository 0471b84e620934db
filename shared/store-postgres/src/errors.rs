//! The one place that sorts errors of PostgreSQL and of the way there by what to do about them.

use smista_store::StoreError;

pub(crate) fn sort(error: sqlx::Error) -> StoreError {
    match &error {
        sqlx::Error::Database(refused) => match refused.code().as_deref() {
            Some(code) if is_passing(code) => StoreError::Unavailable(Box::new(error)),
            Some(code) if is_of_the_data(code) => StoreError::Data(Box::new(error)),
            _ => StoreError::Failed(Box::new(error)),
        },
        sqlx::Error::Io(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed
        | sqlx::Error::BeginFailed => StoreError::Unavailable(Box::new(error)),
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

/// Whether a SQLSTATE tells of the moment and not of the statement.
fn is_passing(code: &str) -> bool {
    match code {
        // Lock not available, query cancelled by a time-out.
        "55P03" | "57014" => true,
        // A server that has just become a standby, or is not yet the primary: the next connection finds the primary.
        "25006" => true,
        // The server goes down, crashed, is starting; the session was idle in its transaction for too long.
        "57P01" | "57P02" | "57P03" | "57P05" | "25P03" => true,
        // Connection exceptions; transactions rolled back: serialization failure, deadlock, completion unknown; out of
        // connections or memory.
        code => code.starts_with("08") || code.starts_with("40") || code == "53300" || code == "53200",
    }
}

/// Data exception, integrity constraint violation, a limit of the program exceeded, such as a row too large for an index.
fn is_of_the_data(code: &str) -> bool {
    ["22", "23", "54"].iter().any(|class| code.starts_with(class))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_by_itself_is_told_from_what_does_not() {
        let passing = [
            "40001", "40P01", "55P03", "57014", "57P01", "25P03", "08006", "53300", "40000", "40003", "25006",
        ];
        assert!(passing.iter().all(|code| is_passing(code)));
        let lasting = ["23505", "22P05", "42P01", "53100", "28P01"];
        assert!(lasting.iter().all(|code| !is_passing(code)));
    }

    #[test]
    fn what_the_data_is_to_blame_for_is_told_from_what_it_is_not() {
        assert!(["22P05", "23505", "54000"].iter().all(|code| is_of_the_data(code)));
        assert!(["42P01", "53100", "40001", "25006"].iter().all(|code| !is_of_the_data(code)));
    }

    #[test]
    fn a_lost_connection_may_be_tried_again() {
        let lost = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
        assert!(sort(sqlx::Error::Io(lost)).is_transient());
        assert!(sort(sqlx::Error::PoolTimedOut).is_transient());
        assert!(!sort(sqlx::Error::RowNotFound).is_transient());
    }
}
