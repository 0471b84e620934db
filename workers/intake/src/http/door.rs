//! What every request shares: the office, the lanes before it, limits, and what the binary wants shown.

use std::num::NonZeroU32;
use std::sync::Arc;

use chrono::TimeDelta;
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use smista_domain::caso::ContactLimits;
use smista_domain::catalogue::Catalogue;
use smista_office::Office;
use smista_office::sheet_search::SheetSearch;
use smista_office::text_ranking::PerRevision;
use smista_queues::{Gate, Observer};

use super::door_problem::DoorProblem;
use super::token_lookup::TokenLookups;
use crate::lanes::{LaneSettings, Lanes, Observed, RunningLanes};
use crate::recent_catalogue::RecentCatalogue;

/// How the door is set up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DoorConfig {
    /// The lanes that commands go through.
    pub lanes: LaneSettings,
    /// The largest body, in bytes.
    pub max_body_bytes: usize,
    /// Requests that a client may make in a second, on average.
    pub requests_per_second: NonZeroU32,
    /// Requests that it may make at once.
    pub burst: NonZeroU32,
    /// How old the catalogue may be that callers are looked up in; zero reads it for each request.
    pub catalogue_max_age: TimeDelta,
    /// When an answer still to be told is late (R19).
    pub contact_limits: ContactLimits,
}

impl Default for DoorConfig {
    /// 64 KiB, 200 requests a second in bursts of 400, a catalogue at most 2 seconds old.
    fn default() -> Self {
        Self {
            lanes: LaneSettings::default(),
            max_body_bytes: 64 * 1024,
            requests_per_second: const { NonZeroU32::new(200).expect("not zero") },
            burst: const { NonZeroU32::new(400).expect("not zero") },
            catalogue_max_age: TimeDelta::seconds(2),
            contact_limits: ContactLimits::default(),
        }
    }
}

/// What the binary adds to the pages that need no token, and who hears what the door does.
#[derive(Clone, Default)]
pub struct Shown {
    /// The text of `/metrics` (Prometheus); without it there is no such page.
    pub metrics: Option<Arc<dyn Fn() -> String + Send + Sync>>,
    /// More members of the object at `/status`.
    pub status: Option<Arc<dyn Fn() -> serde_json::Map<String, serde_json::Value> + Send + Sync>>,
    /// Hears of requests and of the lanes' batches.
    pub observer: Option<Arc<dyn Observer>>,
}

/// The state of the router. Clones share everything.
#[derive(Clone)]
pub struct Door {
    pub(crate) shared: Arc<Shared>,
}

pub(crate) struct Shared {
    pub(crate) office: Arc<Office>,
    pub(crate) lanes: Lanes,
    pub(crate) config: DoorConfig,
    pub(crate) shown: Shown,
    pub(crate) sheets: PerRevision<SheetSearch>,
    pub(crate) tokens: TokenLookups,
    gate: Gate,
    limiter: DefaultKeyedRateLimiter<String>,
    catalogue: RecentCatalogue,
}

impl Door {
    /// A door to an office, shut to writing while `gate` is; starts its lanes on the current runtime. To stop:
    /// [`RunningLanes::close`], then await [`RunningLanes::finished`].
    pub fn new(office: Arc<Office>, gate: Gate, config: DoorConfig, shown: Shown) -> (Self, RunningLanes) {
        let observer = shown.observer.clone().unwrap_or_else(|| Arc::new(()));
        let apply = Arc::new(Observed { office: Arc::clone(&office), observer });
        let (lanes, running) = Lanes::start(apply, config.lanes);
        let limiter =
            RateLimiter::keyed(Quota::per_second(config.requests_per_second).allow_burst(config.burst));
        let catalogue = RecentCatalogue::new(config.catalogue_max_age);
        let sheets = PerRevision::new(SheetSearch::new);
        let tokens = TokenLookups::default();
        let shared = Shared { office, lanes, config, shown, sheets, tokens, gate, limiter, catalogue };
        (Self { shared: Arc::new(shared) }, running)
    }

    pub(crate) fn office(&self) -> &Office {
        &self.shared.office
    }

    pub(crate) fn limits(&self) -> ContactLimits {
        self.shared.config.contact_limits
    }

    pub(crate) async fn catalogue(&self) -> Result<Arc<Catalogue>, DoorProblem> {
        Ok(self.shared.catalogue.get(&self.shared.office).await?)
    }

    /// Whether what changes something is let in: not while too much waits to be published.
    pub(crate) async fn takes_writes(&self) -> Result<(), DoorProblem> {
        if self.shared.gate.is_open().await { Ok(()) } else { Err(DoorProblem::Backlog) }
    }

    /// Counts a request of a client against its quota.
    pub(crate) fn count_request(&self, cliente: &str) -> Result<(), DoorProblem> {
        let refused = self.shared.limiter.check_key(&cliente.to_owned()).is_err();
        // A second is what a full bucket needs to take requests again at any rate.
        if refused { Err(DoorProblem::RateLimited(1)) } else { Ok(()) }
    }
}
