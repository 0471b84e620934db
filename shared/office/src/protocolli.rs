//! Protocol numbers, reserved in blocks so that desks need not queue for a counter row.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, Datelike, TimeDelta, Utc};
use chrono_tz::Europe::Rome;
use smista_domain::ids::Protocollo;
use smista_store::{Store, StoreError};

/// Numbers that an idle process reserves at once. Those it does not use are gaps, which are allowed.
const SMALLEST_BLOCK: i64 = 50;
/// Under load, a reservation is a commit for this many cases.
const LARGEST_BLOCK: i64 = 1_024;
/// A block used up sooner than this was too small; one that lasted ten times as long, too large.
const LASTS: TimeDelta = TimeDelta::seconds(5);

/// The numbers reserved by this process and not given out yet.
#[derive(Default)]
pub(crate) struct Protocolli {
    reserved: Mutex<Reserved>,
}

#[derive(Default)]
struct Reserved {
    anno: i32,
    /// Lowest first, as reserved.
    blocks: VecDeque<Range<i64>>,
    /// How many were asked for at the last reservation, and when.
    last: Option<(i64, DateTime<Utc>)>,
}

impl Protocolli {
    /// As many numbers of the year that it is in Italy now, lowest first.
    pub(crate) async fn take(
        &self,
        store: &dyn Store,
        count: usize,
        now: DateTime<Utc>,
    ) -> Result<Vec<Protocollo>, StoreError> {
        let anno = now.with_timezone(&Rome).year();
        let (mut numbers, size) = self.with(|reserved| {
            let numbers = reserved.take(anno, count);
            let missing = i64::try_from(count - numbers.len()).unwrap_or(LARGEST_BLOCK);
            let size = if missing == 0 { 0 } else { reserved.next_size(missing, now) };
            (numbers, size)
        });
        if size > 0 {
            // Nobody waits for this: another lane that finds nothing left reserves for itself.
            let first = store.reserve_protocolli(anno, size).await?;
            let missing = i64::try_from(count - numbers.len()).unwrap_or(size);
            numbers.extend(first..first + missing);
            self.with(|reserved| reserved.put_back(anno, first + missing..first + size));
        }
        numbers.sort_unstable();
        Ok(numbers.into_iter().map(|numero| Protocollo { anno, numero }).collect())
    }

    fn with<T>(&self, then: impl FnOnce(&mut Reserved) -> T) -> T {
        then(&mut self.reserved.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Reserved {
    fn take(&mut self, anno: i32, count: usize) -> Vec<i64> {
        if self.anno != anno {
            self.blocks.clear();
            self.anno = anno;
        }
        let numbers = self.blocks.iter_mut().flatten().take(count).collect();
        self.blocks.retain(|block| !block.is_empty());
        numbers
    }

    fn put_back(&mut self, anno: i32, rest: Range<i64>) {
        if self.anno == anno && !rest.is_empty() {
            self.blocks.push_back(rest);
        }
    }

    fn next_size(&mut self, missing: i64, now: DateTime<Utc>) -> i64 {
        let size = match self.last {
            None => SMALLEST_BLOCK,
            Some((size, at)) if now - at < LASTS => size * 2,
            Some((size, at)) if now - at < LASTS * 10 => size,
            Some(_) => SMALLEST_BLOCK,
        };
        let size = size.clamp(SMALLEST_BLOCK, LARGEST_BLOCK);
        self.last = Some((size, now));
        size.max(missing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).expect("a time")
    }

    #[test]
    fn a_block_grows_while_numbers_go_fast_and_shrinks_when_they_do_not() {
        let mut reserved = Reserved::default();
        let busy: Vec<i64> = (0..7).map(|second| reserved.next_size(1, at(second))).collect();
        assert_eq!(busy, [50, 100, 200, 400, 800, 1_024, 1_024]);
        assert_eq!(reserved.next_size(1, at(26)), 1_024, "it lasted as long as it should");
        assert_eq!(reserved.next_size(1, at(1_000)), 50);
        assert_eq!(reserved.next_size(2_000, at(1_001)), 2_000, "never less than what is needed");
    }

    #[test]
    fn what_was_put_back_is_given_out_first_and_never_in_another_year() {
        let mut reserved = Reserved::default();
        assert!(reserved.take(2026, 1).is_empty());
        reserved.put_back(2026, 3..5);
        reserved.put_back(2026, 9..11);
        assert_eq!(reserved.take(2026, 3), [3, 4, 9]);
        assert!(reserved.take(2027, 3).is_empty());
        reserved.put_back(2026, 11..12);
        assert!(reserved.take(2027, 1).is_empty(), "a reservation of the old year that came late");
    }
}
