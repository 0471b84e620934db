//! The times that a command may give: the office's own, neither to come nor older than any record of it.

use chrono::{DateTime, Datelike as _, Utc};

use crate::refusal::{Refusal, Why};

/// No contact is older. Far beyond it, the stores disagree on what a time can be.
const FIRST_YEAR: i32 = 1900;

/// Refuses a time to come, or one that can only be a slip of the pen.
pub(super) fn check_time(
    field: &'static str,
    given: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Result<(), Refusal> {
    match given {
        Some(at) if at > now => Err(Refusal::NotAdmitted { field, why: Why::InTheFuture }),
        Some(at) if at.year() < FIRST_YEAR => Err(Refusal::NotAdmitted { field, why: Why::TooLongAgo }),
        Some(_) | None => Ok(()),
    }
}
