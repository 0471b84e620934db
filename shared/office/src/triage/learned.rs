//! What the centre has learned from its cases (R12), read anew once a minute: it changes slowly, and only suggests.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use smista_domain::ids::Tripletta;
use smista_domain::motivo::CausaRigetto;
use smista_store::{LearnedOutcome, RejectionOutcome, StoreError};
use tokio::sync::Mutex;

use super::evidence::SolvedTexts;
use crate::Office;
use crate::judge::nobodys_fault;

/// Solved cases read for each group: enough to know a group's language.
const SOLVED_PER_GROUP: i64 = 20;
/// For so long what was read is good enough.
const HOLDS: TimeDelta = TimeDelta::minutes(1);

/// The lessons of one moment.
pub(super) struct Learned {
    pub(super) solved: SolvedTexts,
    outcomes: BTreeMap<(Tripletta, CausaRigetto), Vec<RejectionOutcome>>,
}

/// The lessons as last read.
#[derive(Default)]
pub(super) struct Lessons {
    /// Held by the one that reads; the others wait for what it reads.
    last: Mutex<Option<(DateTime<Utc>, Arc<Learned>)>>,
}

impl Learned {
    fn new(solved: SolvedTexts, outcomes: Vec<LearnedOutcome>) -> Self {
        let mut by_rejection: BTreeMap<_, Vec<RejectionOutcome>> = BTreeMap::new();
        for LearnedOutcome { rejected, causa, outcome } in outcomes {
            by_rejection.entry((rejected, causa)).or_default().push(outcome);
        }
        Self { solved, outcomes: by_rejection }
    }

    /// Where cases ended up that were rejected for this service and cause.
    pub(super) fn outcomes(&self, tripletta: &Tripletta, causa: CausaRigetto) -> Vec<RejectionOutcome> {
        self.outcomes.get(&(tripletta.clone(), causa)).cloned().unwrap_or_default()
    }
}

impl Lessons {
    /// Those of at most a minute ago. Never called while a desk is open.
    pub(super) async fn current(&self, office: &Office) -> Result<Arc<Learned>, StoreError> {
        let mut last = self.last.lock().await;
        let now = office.surroundings.now();
        if let Some((at, learned)) = &*last
            && (TimeDelta::zero()..HOLDS).contains(&now.signed_duration_since(*at))
        {
            return Ok(Arc::clone(learned));
        }
        let solved = office.store.solved_texts(SOLVED_PER_GROUP).await.map_err(nobodys_fault)?;
        let outcomes = office.store.rejection_outcomes().await.map_err(nobodys_fault)?;
        let learned = Arc::new(Learned::new(SolvedTexts::new(solved), outcomes));
        *last = Some((now, Arc::clone(&learned)));
        Ok(learned)
    }
}
