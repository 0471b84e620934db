//! Protocol numbers, reserved in blocks so that desks need not queue for a counter row.

use chrono::{DateTime, Datelike, Utc};
use chrono_tz::Europe::Rome;
use smista_domain::ids::Protocollo;
use smista_store::{Store, StoreError};
use tokio::sync::Mutex;

/// Numbers that a process reserves at once. Those it does not use are gaps, which are allowed.
const BLOCK: i64 = 50;

/// The numbers reserved by this process and not given out yet.
#[derive(Default)]
pub(crate) struct Protocolli {
    reserved: Mutex<Reserved>,
}

#[derive(Default)]
struct Reserved {
    anno: i32,
    next: i64,
    end: i64,
}

impl Protocolli {
    /// As many numbers of the year that it is in Italy now.
    pub(crate) async fn take(
        &self,
        store: &dyn Store,
        count: usize,
        now: DateTime<Utc>,
    ) -> Result<Vec<Protocollo>, StoreError> {
        let anno = now.with_timezone(&Rome).year();
        let mut reserved = self.reserved.lock().await;
        let mut taken = Vec::with_capacity(count);
        while taken.len() < count {
            if reserved.anno != anno || reserved.next == reserved.end {
                let still_needed = i64::try_from(count - taken.len()).unwrap_or(BLOCK);
                let size = still_needed.max(BLOCK);
                let first = store.reserve_protocolli(anno, size).await?;
                *reserved = Reserved { anno, next: first, end: first + size };
            }
            taken.push(Protocollo { anno, numero: reserved.next });
            reserved.next += 1;
        }
        Ok(taken)
    }
}
