//! The floor: a program written for nothing but this job, against the same tables and queues. It takes the same messages,
//! writes the same rows in commits of the same size and publishes the same messages, and decides nothing.
//!
//! Its durability is that of the engine: quorum queues, persistent messages, confirms, synchronous commits. Batch k is
//! published while batch k + 1 is in its transaction, and its outbox rows are deleted in a later one.

mod amqp;
mod samples;
mod sql;
pub(crate) mod sqlite;

pub(crate) use amqp::Link;
pub(crate) use sql::facts;

use std::str::FromStr as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result};
use smista_tests::OwnDatabase;
use sqlx::PgPool;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use tokio::task::JoinHandle;

use crate::child::{Job, Measured};
use crate::engine;
use crate::job::Phase;
use crate::pace::{self, Latency, Settled};
use crate::shape::{MESSAGES_A_CASE, OPEN, REASSIGN, REJECT, ROUTE, Step, TRIAGE};
use crate::usage;

/// The steps of a phase, which run side by side.
fn steps(phase: Phase) -> &'static [&'static Step] {
    match phase {
        Phase::Open => &[&OPEN, &ROUTE],
        Phase::Reject => &[&REJECT, &TRIAGE],
        Phase::Reassign => &[&REASSIGN],
    }
}

/// Measures the floor on PostgreSQL and RabbitMQ.
pub(crate) async fn measure(job: Job) -> Result<Measured> {
    // The engine makes the tables and queues, so that they are the same, and fills the backlog.
    let (system, database) = engine::scaled().await?;
    let (pool, link) = connected(&database).await?;
    let numbers = Arc::new(AtomicU64::new(1));
    let settled = Arc::new(Settled::default());
    let (mut phases, mut cpu_seconds) = (Vec::new(), 0.0);
    for phase in Phase::ALL {
        let casi = if phase == Phase::Open { Vec::new() } else { sql::ids(&pool).await? };
        engine::fill(&system, phase, 0..job.cases, &casi).await?;
        let (began, cpu_before) = (engine::now(), usage::cpu_seconds()?);
        work(&pool, &link, &numbers, &settled, phase, job).await?;
        phases.push((phase.name().to_owned(), began.elapsed().as_secs_f64()));
        cpu_seconds += usage::cpu_seconds()? - cpu_before;
    }
    sql::check(&pool, job.cases).await?;
    link.close().await;
    pool.close().await;
    engine::cleared(&system).await?;
    let messages = job.cases as u64 * MESSAGES_A_CASE;
    Ok(Measured { cases: job.cases, phases, messages, cpu_seconds, peak_rss_mib: usage::peak_rss_mib()? })
}

/// How long one case takes at a steady rate.
pub(crate) async fn paced(job: Job, rate: u32) -> Result<Latency> {
    let (system, database) = engine::scaled().await?;
    let (pool, link) = connected(&database).await?;
    let (numbers, settled) = (Arc::new(AtomicU64::new(1)), Arc::new(Settled::default()));
    let working = work(&pool, &link, &numbers, &settled, Phase::Open, job);
    let (published, ()) = tokio::try_join!(pace::publish(&system, job.cases, rate), working)?;
    link.close().await;
    pool.close().await;
    engine::cleared(&system).await?;
    Ok(settled.since(&published))
}

/// Its own connections to the servers of an installation.
async fn connected(database: &OwnDatabase) -> Result<(PgPool, Arc<amqp::Link>)> {
    let servers = engine::servers_of(database);
    let server = PgConnectOptions::from_str(&servers.database_url)?;
    let pool = smista_store_postgres::with_sockets_set(PgPoolOptions::new(), &server)
        .max_connections(24)
        .test_before_acquire(false)
        .connect_with(server)
        .await?;
    let link = Arc::new(amqp::Link::open(&servers.amqp_url, servers.queue_prefix.clone()).await?);
    Ok((pool, link))
}

async fn work(
    pool: &PgPool,
    link: &Arc<amqp::Link>,
    numbers: &Arc<AtomicU64>,
    settled: &Arc<Settled>,
    phase: Phase,
    job: Job,
) -> Result<()> {
    let mut lanes = Vec::new();
    for step in steps(phase) {
        let left = Arc::new(AtomicU64::new(job.cases as u64));
        for _lane in 0..job.lanes {
            let reader = link.reader(step.queue, job.batch).await?;
            let lane = Lane {
                step,
                pool: pool.clone(),
                link: Arc::clone(link),
                numbers: Arc::clone(numbers),
                settled: Arc::clone(settled),
                left: Arc::clone(&left),
                batch: job.batch,
            };
            lanes.push(tokio::spawn(lane.run(reader)));
        }
    }
    for lane in lanes {
        lane.await.context("a lane of the floor")??;
    }
    Ok(())
}

struct Lane {
    step: &'static Step,
    pool: PgPool,
    link: Arc<amqp::Link>,
    numbers: Arc<AtomicU64>,
    /// When routings were settled.
    settled: Arc<Settled>,
    /// Messages of this step that nobody has handled yet.
    left: Arc<AtomicU64>,
    batch: usize,
}

type Publishing = JoinHandle<Result<Vec<i64>>>;

impl Lane {
    async fn run(self, mut reader: amqp::Reader) -> Result<()> {
        let publisher = Arc::new(self.link.publisher().await?);
        let mut publishing: Option<Publishing> = None;
        let mut published = Vec::new();
        while self.left.load(Ordering::Acquire) > 0 {
            let Some(taken) = reader.take(self.batch).await? else { continue };
            let commands = amqp::read(&taken)?;
            let mut transaction = self.pool.begin().await?;
            let facts = sql::write(&mut transaction, self.step, &commands, &self.numbers, &published).await?;
            transaction.commit().await?;
            reader.acknowledge(&taken).await?;
            if self.step.queue == ROUTE.queue {
                self.settled.note(taken.len());
            }
            published = match publishing.take() {
                Some(earlier) => earlier.await??,
                None => Vec::new(),
            };
            let publisher = Arc::clone(&publisher);
            publishing = Some(tokio::spawn(async move { publisher.publish(facts).await }));
            self.left.fetch_sub(taken.len() as u64, Ordering::AcqRel);
        }
        if let Some(last) = publishing {
            published.extend(last.await??);
        }
        sql::delete_published(&mut *self.pool.acquire().await?, &published).await
    }
}
