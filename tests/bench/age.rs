//! An installation that has carried a million messages, beside a fresh one: the rate of both, and what the purge leaves.

use std::path::Path;

use anyhow::{Context, Result, bail};
use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use smista::system::System;
use smista_servers::postgres::{Disk, Private};
use smista_store::{Expired, Purged};
use smista_tests::OwnDatabase;
use sqlx::{Connection as _, PgConnection};

use crate::child::{Job, Measured, Subject};
use crate::engine::{self, Journeys};
use crate::shape::STEPS;

/// Journeys on both in turn, when the one has aged.
const REPETITIONS: usize = 3;

/// What age does to an installation.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Aged {
    /// Messages that its workers had taken.
    pub(crate) messages: u64,
    /// Cases a second while it aged, one journey after the other.
    pub(crate) ageing: Vec<f64>,
    /// Cases a second afterwards, and of fresh installations in turn with it.
    pub(crate) aged: Vec<f64>,
    pub(crate) fresh: Vec<f64>,
    /// Rows that the purge took from the inbox.
    pub(crate) purged: u64,
    /// Bytes of the inbox, embedded of the whole file: before the purge, and after the purge and another journey.
    pub(crate) bytes: [u64; 2],
}

/// Journeys of `job.cases` until so many messages have been taken; then the comparison and the purge.
pub(crate) async fn measure(subject: Subject, job: Job, messages: u64) -> Result<Aged> {
    match subject {
        Subject::Embedded => {
            let (system, folder) = engine::embedded().await?;
            let fresh = async || engine::on(subject, async |system| engine::journey(system, job).await).await;
            // The file is all there is; its cases are in it too.
            age(&system, job, messages, fresh, async || bytes_below(folder.path())).await
        }
        Subject::Scaled => {
            // Of its own: what keeps tables small is the server's autovacuum, which one that serves tests may do without.
            let postgres = Private::start(Disk::WaitedFor)?;
            let install =
                async || engine::installed(OwnDatabase::create_on(postgres.url(), engine::fresh_id())).await;
            let (system, database) = install().await?;
            let fresh = async || {
                let (system, _database) = install().await?;
                let measured = engine::journey(&system, job).await;
                engine::cleared(&system).await?;
                measured
            };
            age(&system, job, messages, fresh, async || bytes_of_inbox(&database.url()).await).await
        }
        _ => bail!("only smista itself ages, not {}", subject.name()),
    }
}

async fn age(
    system: &System,
    job: Job,
    messages: u64,
    fresh_one: impl AsyncFn() -> Result<Measured>,
    bytes: impl AsyncFn() -> Result<u64>,
) -> Result<Aged> {
    let mut journeys = Journeys::begin(system).await?;
    let (mut carried, mut ageing) = (0, Vec::new());
    while carried < messages {
        ageing.push(journeys.next(job).await?.cases_per_second());
        carried += (job.cases * STEPS.len()) as u64;
    }
    let (mut aged, mut fresh) = (Vec::new(), Vec::new());
    for _repetition in 0..REPETITIONS {
        aged.push(journeys.next(job).await?.cases_per_second());
        fresh.push(fresh_one().await?.cases_per_second());
    }
    let before = bytes().await?;
    let purged = purge(system).await?;
    journeys.next(job).await?;
    let after = bytes().await?;
    engine::cleared(system).await?;
    Ok(Aged { messages: carried, ageing, aged, fresh, purged: purged.inbox, bytes: [before, after] })
}

/// As if everything that is there had had its time.
async fn purge(system: &System) -> Result<Purged> {
    let all = system.office.surroundings.now() + TimeDelta::days(1);
    let expired = Expired { inbox_before: all, idempotency_before: all, parked_before: all };
    let mut gone = Purged::default();
    loop {
        let chunk = system.office.store.purge(&expired).await?;
        gone += chunk;
        if !chunk.is_full() {
            return Ok(gone);
        }
    }
}

fn bytes_below(folder: &Path) -> Result<u64> {
    std::fs::read_dir(folder)?.map(|entry| Ok(entry?.metadata()?.len())).sum()
}

/// What the purge bounds. The outbox is empty but for what is under way; its table is as large as what autovacuum lets pile up
/// between two visits.
async fn bytes_of_inbox(url: &str) -> Result<u64> {
    let mut connection = PgConnection::connect(url).await?;
    let bytes: i64 =
        sqlx::query_scalar("select pg_total_relation_size('inbox')").fetch_one(&mut connection).await?;
    bytes.try_into().context("a size is not below nothing")
}
