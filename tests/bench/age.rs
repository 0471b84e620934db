//! An installation that has carried a million messages, beside a fresh one: the rate of both, and what the purge leaves.

use std::path::Path;

use anyhow::{Context, Result, bail};
use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use smista::system::System;
use smista_servers::postgres::{Disk, Private};
use smista_store::{Expired, Purged};
use smista_tests::OwnDatabase;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, PgConnection};

use crate::child::{Job, Measured, Subject};
use crate::engine::{self, Journeys};
use crate::shape::STEPS;

/// Journeys on both in turn, when the one has aged.
const REPETITIONS: usize = 4;
/// Cases of the first journey of a fresh one.
const WARM_UP: usize = 1_024;

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
    /// Bytes in use before and after the purge: of the inbox, embedded of the whole file.
    pub(crate) bytes: [u64; 2],
}

/// Journeys of `job.cases` until so many messages have been taken; then the comparison and the purge.
pub(crate) async fn measure(subject: Subject, job: Job, messages: u64) -> Result<Aged> {
    match subject {
        Subject::Embedded => {
            let (system, folder) = engine::embedded().await?;
            let fresh_one = async || engine::on(subject, async |system| fresh(system, job).await).await;
            let file = folder.path().join("smista.sqlite");
            age(&system, job, messages, fresh_one, async || bytes_in_use(&file).await).await
        }
        Subject::Scaled => {
            // Of its own: what keeps tables small is the server's autovacuum, which one that serves tests may do without.
            let postgres = Private::start(Disk::WaitedFor)?;
            let install =
                async || engine::installed(OwnDatabase::create_on(postgres.url(), engine::fresh_id())).await;
            let (system, database) = install().await?;
            let fresh_one = async || {
                let (system, _database) = install().await?;
                let measured = fresh(&system, job).await;
                engine::cleared(&system).await?;
                measured
            };
            age(&system, job, messages, fresh_one, async || bytes_of_inbox(&database.url()).await).await
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
    for repetition in 0..REPETITIONS {
        // By turns the first.
        if repetition % 2 == 1 {
            fresh.push(fresh_one().await?.cases_per_second());
        }
        aged.push(journeys.next(job).await?.cases_per_second());
        if repetition % 2 == 0 {
            fresh.push(fresh_one().await?.cases_per_second());
        }
    }
    let before = bytes().await?;
    let purged = purge(system).await?;
    let after = bytes().await?;
    engine::cleared(system).await?;
    Ok(Aged { messages: carried, ageing, aged, fresh, purged: purged.inbox, bytes: [before, after] })
}

/// A journey on an installation that has known only one, so that nothing is done there for the first time.
async fn fresh(system: &System, job: Job) -> Result<Measured> {
    let mut journeys = Journeys::begin(system).await?;
    journeys.next(Job { cases: WARM_UP, ..job }).await?;
    journeys.next(job).await
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

/// What is not free in the file, cases and all.
async fn bytes_in_use(file: &Path) -> Result<u64> {
    let mut connection = SqliteConnectOptions::new().filename(file).read_only(true).connect().await?;
    let used = "select (page_count - freelist_count) * page_size \
        from pragma_page_count, pragma_freelist_count, pragma_page_size";
    let bytes: i64 = sqlx::query_scalar(used).fetch_one(&mut connection).await?;
    bytes.try_into().context("a size is not below nothing")
}

/// What the purge bounds, once it is vacuumed. The outbox is empty but for what is under way; its table is as large as what
/// autovacuum lets pile up between two visits.
async fn bytes_of_inbox(url: &str) -> Result<u64> {
    let mut connection = PgConnection::connect(url).await?;
    sqlx::query("vacuum inbox").execute(&mut connection).await?;
    let bytes: i64 =
        sqlx::query_scalar("select pg_total_relation_size('inbox')").fetch_one(&mut connection).await?;
    bytes.try_into().context("a size is not below nothing")
}
