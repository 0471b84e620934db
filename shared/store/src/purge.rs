//! What leaves the store when it has had its time.

use chrono::{DateTime, Utc};

/// The most rows of a table that one call of [`Store::purge`](crate::Store::purge) removes: its transaction stays short.
pub const PURGE_CHUNK: u64 = 1_000;

/// From before which instants rows may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expired {
    /// What workers have seen, by when they received it.
    pub inbox_before: DateTime<Utc>,
    /// Answers kept for repeated requests, by when they were given.
    pub idempotency_before: DateTime<Utc>,
    /// Parked messages, by when they were parked.
    pub parked_before: DateTime<Utc>,
}

/// How many rows went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Purged {
    /// Of the inbox.
    pub inbox: u64,
    /// Answers to repeated requests.
    pub idempotency: u64,
    /// Parked messages.
    pub parked: u64,
}

impl Purged {
    /// Whether a table gave as much as one call may take, so that another call may find more.
    pub fn is_full(&self) -> bool {
        self.inbox.max(self.idempotency).max(self.parked) >= PURGE_CHUNK
    }
}

impl std::ops::AddAssign for Purged {
    fn add_assign(&mut self, more: Self) {
        self.inbox += more.inbox;
        self.idempotency += more.idempotency;
        self.parked += more.parked;
    }
}
