//! How old a message may be when it is taken. A worker knows by its inbox what it has handled before, and an inbox is not
//! kept for ever: what is older than that might be applied twice, so it is parked and a person decides.
//!
//! Knows instants. Must not know who keeps the inbox, or how.

use chrono::{DateTime, TimeDelta, Utc};

/// From this age on a message is parked, unless smista itself put it back in its queue since.
pub const OLDEST_TAKEN: TimeDelta = TimeDelta::days(30);
/// How far a sender's clock may be ahead of ours. Without a limit a message from the far future would never grow old.
pub const CLOCK_LEEWAY: TimeDelta = TimeDelta::hours(1);
/// How long an inbox must remember at least: as long as anything that it has seen may still be taken.
pub const INBOX_RETENTION: TimeDelta = match OLDEST_TAKEN.checked_add(&CLOCK_LEEWAY) {
    Some(sum) => sum,
    None => panic!("a month and an hour can be added"),
};

/// Why a message is not taken at this time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Untimely {
    #[error("it is of {0}, more than 30 days ago: whether it was handled before is not known any more")]
    TooOld(DateTime<Utc>),
    #[error("it is of {0}, which is still to come by our clock")]
    FromTheFuture(DateTime<Utc>),
}

/// Whether a message of this instant may be taken `now`.
pub(crate) fn check(of: DateTime<Utc>, now: DateTime<Utc>) -> Result<(), Untimely> {
    let age = now.signed_duration_since(of);
    if age > OLDEST_TAKEN {
        Err(Untimely::TooOld(of))
    } else if age < -CLOCK_LEEWAY {
        Err(Untimely::FromTheFuture(of))
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_taken_for_thirty_days_and_from_a_clock_an_hour_ahead() {
        let now = DateTime::UNIX_EPOCH;
        let second = TimeDelta::seconds(1);
        for taken in [OLDEST_TAKEN, TimeDelta::zero(), -CLOCK_LEEWAY] {
            assert_eq!(check(now - taken, now), Ok(()));
        }
        let (old, early) = (now - OLDEST_TAKEN - second, now + CLOCK_LEEWAY + second);
        assert_eq!(check(old, now), Err(Untimely::TooOld(old)));
        assert_eq!(check(early, now), Err(Untimely::FromTheFuture(early)));
        assert!(Untimely::TooOld(old).to_string().contains(&format!("{} days", OLDEST_TAKEN.num_days())));
    }

    /// Whoever took a message has its inbox row until nobody takes it any more, whatever its sender's clock said.
    #[test]
    fn the_inbox_outlives_every_message_that_it_has_seen() {
        let received = DateTime::UNIX_EPOCH;
        for ahead in [-OLDEST_TAKEN, TimeDelta::zero(), CLOCK_LEEWAY] {
            let of = received + ahead;
            assert_eq!(check(of, received), Ok(()));
            let forgotten = received + INBOX_RETENTION + TimeDelta::microseconds(1);
            assert_eq!(check(of, forgotten), Err(Untimely::TooOld(of)));
        }
    }

    #[test]
    fn dates_at_the_ends_of_the_calendar_are_untimely_and_harmless() {
        let now = DateTime::UNIX_EPOCH;
        assert!(check(DateTime::<Utc>::MIN_UTC, now).is_err());
        assert!(check(DateTime::<Utc>::MAX_UTC, now).is_err());
    }
}
