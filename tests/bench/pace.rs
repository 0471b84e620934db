//! How long a case takes when it does not wait for others: from the moment its command is published until its routing is
//! settled, at a steady rate that leaves the machine room.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Result;
use serde::{Deserialize, Serialize};
use smista::system::System;

use crate::engine;
use crate::job::Phase;

/// The instants at which messages were settled, in order.
#[derive(Default)]
pub(crate) struct Settled(Mutex<Vec<Instant>>);

/// Cases that go before those which are measured.
pub(crate) const WARM_UP: usize = 200;

/// Milliseconds from publishing to settling.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Latency {
    pub(crate) p50: f64,
    pub(crate) p99: f64,
}

impl Settled {
    pub(crate) fn note(&self, messages: usize) {
        let mut settled = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        settled.extend(std::iter::repeat_n(engine::now(), messages));
    }

    /// The first find nothing prepared, and are not counted.
    ///
    /// Messages are taken in turn, so the first to be published is taken for the first to be settled. Where two overtake
    /// each other the one is too short by what the other is too long.
    pub(crate) fn since(&self, published: &[Instant]) -> Latency {
        let settled = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut took: Vec<f64> = published
            .iter()
            .zip(settled.iter())
            .skip(WARM_UP)
            .map(|(from, to)| to.saturating_duration_since(*from).as_secs_f64() * 1000.0)
            .collect();
        took.sort_by(f64::total_cmp);
        let at = |share: f64| took.get((took.len() as f64 * share) as usize).copied().unwrap_or(f64::NAN);
        Latency { p50: at(0.5), p99: at(0.99) }
    }
}

/// Publishes openings at `rate` a second, `cases` of them; when each was given to the broker.
pub(crate) async fn publish(system: &System, cases: usize, rate: u32) -> Result<Vec<Instant>> {
    let mut beat = tokio::time::interval(Duration::from_secs(1) / rate);
    let mut published = Vec::with_capacity(cases);
    for number in 0..cases {
        beat.tick().await;
        published.push(engine::now());
        engine::give(system, &[engine::command(Phase::Open, number, None)]).await?;
    }
    Ok(published)
}
