//! A time on the wall of some place as an instant, by the rule of the house: one that a clock change skips moves forward,
//! one that it repeats is the first of the two.

use chrono::{DateTime, Duration, LocalResult, NaiveDateTime, Offset, TimeZone, Utc};
use chrono_tz::Tz;

/// How far back to look for the offset before a gap. No clock change skips more than a day (Samoa, 2011).
const LONGEST_GAP_HOURS: i64 = 25;

/// The instant of this local time; none where the zone has no time near it.
pub(super) fn instant(local: NaiveDateTime, zone: Tz) -> Option<DateTime<Utc>> {
    match local.and_local_timezone(zone) {
        LocalResult::Single(at) | LocalResult::Ambiguous(at, _) => Some(at.to_utc()),
        // By the offset from before the gap: 02:30 that is skipped for an hour becomes 03:30.
        LocalResult::None => {
            let before = (1..=LONGEST_GAP_HOURS).find_map(|hours| {
                let earlier = local.checked_sub_signed(Duration::hours(hours))?;
                zone.offset_from_local_datetime(&earlier).earliest()
            })?;
            let utc = local.checked_sub_offset(before.fix())?;
            Some(utc.and_utc())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_skipped_time_moves_forward_and_a_repeated_one_is_the_first() {
        let told = |local: &str, zone: Tz| {
            let local = NaiveDateTime::parse_from_str(local, "%Y-%m-%d %H:%M").expect("a time");
            instant(local, zone).expect("an instant").format("%Y-%m-%d %H:%M").to_string()
        };
        let rome = chrono_tz::Europe::Rome;
        assert_eq!(told("2026-03-29 01:59", rome), "2026-03-29 00:59");
        assert_eq!(told("2026-03-29 02:30", rome), "2026-03-29 01:30", "03:30 by the new clock");
        assert_eq!(told("2026-03-29 03:00", rome), "2026-03-29 01:00");
        assert_eq!(told("2026-10-25 02:30", rome), "2026-10-25 00:30", "before the clock went back");
        assert_eq!(told("2026-10-25 03:00", rome), "2026-10-25 02:00");
        // A whole day that never was.
        assert_eq!(told("2011-12-30 12:00", chrono_tz::Pacific::Apia), "2011-12-30 22:00");
    }
}
