//! What must hold after every fault: what was acknowledged is there, once; the history is that of the cases; every fact was
//! heard; nothing is left over. What is counted is compared by [`Findings::of`], which asks nobody.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};
use serde_json::Value;
use smista_domain::apply::replay;
use smista_messages::facts::fact_id;
use smista_store::{CasoFilter, PageRequest};
use tokio::time::sleep;
use uuid::Uuid;

use crate::installation::Installation;
use crate::load::{Asked, NOTE, OPENING, number_in};

/// Looks at whether the office is quiet, in all two minutes.
const MOST_LOOKS: usize = 2_400;
const BETWEEN_LOOKS: Duration = Duration::from_millis(50);
const LOOKS_AFTER_STOPPING: usize = 10;
/// Times that the workers are set to what came back when they stopped.
const TIMES_GIVEN_BACK: usize = 5;
/// Longer than a history, and more than all cases of a run.
const WHOLE: i64 = 100_000;

/// One row of the table, and what is wrong if anything is.
#[derive(Debug, Default, Clone)]
pub(crate) struct Findings {
    pub(crate) attempted: usize,
    pub(crate) acknowledged: usize,
    /// Acknowledged, and not there.
    pub(crate) lost: usize,
    /// There more than once.
    pub(crate) applied_twice: usize,
    /// Facts that were heard more than once, each with the same bytes.
    pub(crate) published_twice: usize,
    /// From the end of the fault until nothing was left to do.
    pub(crate) recovered: Option<Duration>,
    pub(crate) wrong: Vec<String>,
}

/// What is in the records, and what was heard.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// How often the words of each request are there, by its number.
    pub(crate) words: BTreeMap<usize, usize>,
    pub(crate) cases: usize,
    pub(crate) history_rows: usize,
    /// Cases that are not what their history says.
    pub(crate) not_replayed: Vec<String>,
    /// Ids of the facts that the histories say were told.
    pub(crate) told: BTreeSet<Uuid>,
    /// Facts that were heard, each with how often.
    pub(crate) heard: BTreeMap<Uuid, usize>,
    /// Facts that were heard twice and not the same.
    pub(crate) heard_otherwise: Vec<Uuid>,
    /// What should be empty and is not: name and number.
    pub(crate) left: Vec<(String, u64)>,
}

impl Findings {
    /// The fault could not be tried to its end.
    pub(crate) fn failed(error: &anyhow::Error) -> Self {
        Self { wrong: vec![format!("{error:#}")], ..Self::default() }
    }

    /// Compares what was asked with what is there.
    pub(crate) fn of(asked: &Asked, seen: &Seen, recovered: Duration) -> Self {
        let mut wrong = seen.not_replayed.clone();
        let mut same = |what: &str, is: usize, should: usize| {
            if is != should {
                wrong.push(format!("{what}: {is}, not {should}"));
            }
        };
        same("cases", seen.cases, asked.openings);
        same("history rows", seen.history_rows, asked.history_rows());
        same("requests acknowledged", asked.acknowledged, asked.attempted);
        let heard: BTreeSet<Uuid> = seen.heard.keys().copied().collect();
        same("facts never heard", seen.told.difference(&heard).count(), 0);
        same("facts heard of nothing", heard.difference(&seen.told).count(), 0);
        same("facts heard twice and not the same", seen.heard_otherwise.len(), 0);
        seen.left.iter().for_each(|(what, left)| same(what, usize::try_from(*left).unwrap_or(usize::MAX), 0));
        let lost = asked.acknowledged.saturating_sub(seen.words.len());
        let applied_twice = seen.words.values().filter(|times| **times > 1).count();
        Self {
            attempted: asked.attempted,
            acknowledged: asked.acknowledged,
            lost,
            applied_twice,
            published_twice: seen.heard.values().filter(|times| **times > 1).count(),
            recovered: Some(recovered),
            wrong,
        }
    }

    /// Nothing lost, nothing twice, nothing else wrong.
    pub(crate) fn is_sound(&self) -> bool {
        self.lost == 0 && self.applied_twice == 0 && self.wrong.is_empty()
    }
}

/// Lets the office come to rest, stops it, and looks.
pub(crate) async fn audit(installation: &Installation, asked: &Asked) -> Result<Findings> {
    let began = now();
    let quiet = come_to_rest(installation, || *asked).await;
    let recovered = began.elapsed();
    installation.stop().await;
    // A queue does not count what is in somebody's hands, which comes back to it when they stop: what came twice, and is to
    // be known again by whoever takes it.
    let mut came_back = came_back(installation, asked).await?;
    for _time in 0..TIMES_GIVEN_BACK {
        if quiet.is_err() || came_back.is_empty() {
            break;
        }
        installation.work();
        come_to_rest(installation, || *asked).await?;
        installation.stop().await;
        came_back = self::came_back(installation, asked).await?;
    }
    let mut seen = records(installation).await.context("reading the records")?;
    seen.left = came_back;
    let heard = installation.ears.bodies().await.context("hearing the facts")?;
    hear(&mut seen, &heard)?;
    let mut findings = Findings::of(asked, &seen, recovered);
    if let Err(restless) = quiet {
        findings.wrong.push(format!("{restless:#}"));
        findings.recovered = None;
    }
    Ok(findings)
}

#[expect(clippy::disallowed_methods, reason = "a person is told how long it took; nothing depends on it")]
fn now() -> Instant {
    Instant::now()
}

/// Waits until everything that was asked is done, and nothing else is left to do but what is in somebody's hands.
pub(crate) async fn come_to_rest(installation: &Installation, asked: impl Fn() -> Asked) -> Result<()> {
    let mut last = Vec::new();
    for look in 1..=MOST_LOOKS {
        // What a process has leased and lost is for others when a minute is over by the database's clock, which is moved. What
        // is younger may be on its way.
        if look % 20 == 0 {
            let later = "update outbox set lease_until = lease_until - interval '1 minute' \
                where created_at < clock_timestamp() - interval '5 seconds'";
            sqlx::query(later).execute(installation.pool()).await.context("a later time")?;
        }
        last = left(installation, &asked()).await.unwrap_or_else(|error| vec![(format!("{error:#}"), 0)]);
        if last.is_empty() {
            return Ok(());
        }
        sleep(BETWEEN_LOOKS).await;
    }
    Err(anyhow!("it does not come to rest: {last:?}"))
}

/// What is left when everybody has stopped. A queue takes a moment to count what it was given back.
async fn came_back(installation: &Installation, asked: &Asked) -> Result<Vec<(String, u64)>> {
    for _look in 0..LOOKS_AFTER_STOPPING {
        let left = left(installation, asked).await.context("looking for what is left")?;
        if !left.is_empty() {
            return Ok(left);
        }
        sleep(BETWEEN_LOOKS).await;
    }
    Ok(Vec::new())
}

/// What is still to be done, by name: in tables that end empty, in the records, and in smista's own queues.
async fn left(installation: &Installation, asked: &Asked) -> Result<Vec<(String, u64)>> {
    let mut left = Vec::new();
    for (what, statement, done) in [
        ("rows of the outbox", "select count(*) from outbox", 0),
        ("parked", "select count(*) from parcheggio", 0),
        ("cases in no group", "select count(*) from caso where gruppo is null", 0),
        ("cases", "select count(*) from caso", asked.openings),
        ("history", "select count(*) from caso_storia", asked.history_rows()),
    ] {
        let count: i64 = sqlx::query_scalar(statement).fetch_one(installation.pool()).await?;
        left.push((what.to_owned(), count.abs_diff(done as i64)));
    }
    let depths = installation.system().broker.depths().await?;
    left.extend(depths.into_iter().map(|depth| (depth.queue, depth.waiting)));
    left.retain(|(_, count)| *count > 0);
    Ok(left)
}

/// Takes in what was told.
fn hear(seen: &mut Seen, bodies: &[Arc<[u8]>]) -> Result<()> {
    let mut first = BTreeMap::new();
    for body in bodies {
        let fact: Value = serde_json::from_slice(body)?;
        let id: Uuid = fact["id"].as_str().context("a fact without an id")?.parse()?;
        *seen.heard.entry(id).or_default() += 1;
        if *first.entry(id).or_insert(body) != body {
            seen.heard_otherwise.push(id);
        }
    }
    Ok(())
}

async fn records(installation: &Installation) -> Result<Seen> {
    let mut seen = Seen::default();
    let papers = sqlx::query_scalar("select contenuto::text from revisione");
    let papers: Vec<String> = papers.fetch_all(installation.pool()).await?;
    for paper in papers {
        for number in [number_in(OPENING, &paper), number_in(NOTE, &paper)].into_iter().flatten() {
            *seen.words.entry(number).or_default() += 1;
        }
    }
    let store = &installation.system().office.store;
    let all = PageRequest { after: None, limit: WHOLE };
    let casi = store.search(&CasoFilter::default(), &all).await?.rows;
    seen.cases = casi.len();
    for caso in casi {
        let id = caso.id;
        let entries = store.storia(id, 0, WHOLE).await?;
        let rows: Vec<_> = entries.iter().map(|entry| entry.row.clone()).collect();
        if replay(id, &rows).ok() != Some(caso) {
            seen.not_replayed.push(format!("the history of {id} does not replay to the case"));
        }
        seen.history_rows += entries.len();
        for entry in &entries {
            let changed = usize::from(entry.stato_before != Some(entry.stato_after));
            let facts = 0..entry.row.facts.len() + changed;
            seen.told.extend(facts.map(|index| fact_id(id, entry.row.versione, entry.row.at, index).0));
        }
    }
    Ok(seen)
}
