//! What can go wrong in a store, sorted by what to do about it.

/// An error of a store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A lost connection, a time-out, a deadlock or a serialization failure: the same again may succeed.
    #[error("the store is not available for the moment")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The data broke a rule of the schema (SQLSTATE classes 22 and 23): the same again fails again.
    #[error("the store refused the data")]
    Data(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A row was not as it was when it was read: somebody else was quicker.
    #[error("{table} changed underneath: {expected} rows expected, {actual} found")]
    Changed {
        /// The table.
        table: &'static str,
        /// Rows that should have changed.
        expected: u64,
        /// Rows that did.
        actual: u64,
    },
    /// A group cannot be retired while citizens wait to be told its answers (row 20a).
    #[error("groups with answers still to be told cannot be retired: {groups:?}")]
    GroupInUse {
        /// Their codes.
        groups: Vec<String>,
    },
    /// The file belongs to another process while that runs.
    #[error("{file} is in use by another process")]
    InUse {
        /// The file.
        file: String,
    },
    /// What is stored makes no sense to this version of the program.
    #[error("stored {what} cannot be read")]
    Corrupt {
        /// What was read.
        what: &'static str,
        /// Why it makes no sense.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Anything else: a missing table, a full disk, a file of a newer version.
    #[error("the store failed")]
    Failed(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl StoreError {
    /// Whether the same again may succeed without anybody doing anything.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unavailable(_) => true,
            Self::Data(_)
            | Self::Changed { .. }
            | Self::GroupInUse { .. }
            | Self::InUse { .. }
            | Self::Corrupt { .. }
            | Self::Failed(_) => false,
        }
    }
}
