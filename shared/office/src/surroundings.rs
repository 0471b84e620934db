//! What the office is given from outside: the time and fresh identifiers. Tests and simulations give their own.

use std::sync::Arc;

use chrono::{DateTime, SubsecRound, Utc};
use uuid::Uuid;

/// Business time and identifiers, handed in.
#[derive(Clone)]
pub struct Surroundings {
    clock: Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>,
    uuids: Arc<dyn Fn() -> Uuid + Send + Sync>,
}

impl Surroundings {
    /// A clock, and a source of UUIDs that sort by time (version 7).
    pub fn new(
        clock: impl Fn() -> DateTime<Utc> + Send + Sync + 'static,
        uuids: impl Fn() -> Uuid + Send + Sync + 'static,
    ) -> Self {
        Self { clock: Arc::new(clock), uuids: Arc::new(uuids) }
    }

    /// Now, in whole microseconds: what both engines keep exactly.
    pub fn now(&self) -> DateTime<Utc> {
        (self.clock)().trunc_subsecs(6)
    }

    /// An identifier that was never given before.
    pub fn fresh_uuid(&self) -> Uuid {
        (self.uuids)()
    }
}
