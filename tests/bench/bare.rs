//! Two bare loops, by which the floor is judged in its turn: confirmed publishing alone, and batched inserts alone, of as
//! many messages, rows and bytes as the journey has.

use std::str::FromStr as _;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result};
use smista::system::System;
use smista_tests::OwnDatabase;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use uuid::Uuid;

use crate::child::{Job, Measured};
use crate::engine;
use crate::shape::{FACT_BYTES, MESSAGES_A_CASE, STEPS};
use crate::usage;

const INSERT: &str = "insert into bare select id, clock_timestamp(), $2 from unnest($1::uuid[]) as new (id)";

/// Batches that each lane does of each step.
fn batches(job: Job) -> usize {
    job.cases / job.batch / job.lanes
}

fn measured(what: &str, job: Job, began: Instant, cpu_before: f64) -> Result<Measured> {
    let cases = batches(job) * job.batch * job.lanes;
    Ok(Measured {
        cases,
        phases: vec![(what.to_owned(), began.elapsed().as_secs_f64())],
        messages: cases as u64 * MESSAGES_A_CASE,
        cpu_seconds: usage::cpu_seconds()? - cpu_before,
        peak_rss_mib: usage::peak_rss_mib()?,
    })
}

async fn installation() -> Result<(OwnDatabase, System)> {
    #[expect(clippy::disallowed_methods, reason = "names of databases must never repeat")]
    let database = OwnDatabase::create(Uuid::now_v7());
    let system =
        System::scaled(engine::servers_of(&database), engine::surroundings(), "smista".to_owned()).await?;
    Ok((database, system))
}

/// As many lanes as the job has publish set after set, each confirmed before the next.
pub(crate) async fn publish(job: Job) -> Result<Measured> {
    let (database, system) = installation().await?;
    let servers = engine::servers_of(&database);
    let link = Arc::new(crate::floor::Link::open(&servers.amqp_url, servers.queue_prefix.clone()).await?);
    let (began, cpu_before) = (engine::now(), usage::cpu_seconds()?);
    let mut lanes = Vec::new();
    for _lane in 0..job.lanes {
        let (link, batch, batches) = (Arc::clone(&link), job.batch, batches(job));
        lanes.push(tokio::spawn(async move {
            let publisher = link.publisher().await?;
            for _batch in 0..batches {
                for step in STEPS.iter().filter(|step| !step.facts.is_empty()) {
                    publisher.publish(crate::floor::facts("case.assigned", batch * step.facts.len())).await?;
                }
            }
            anyhow::Ok(())
        }));
    }
    for lane in lanes {
        lane.await.context("a lane")??;
    }
    let measured = measured("publish", job, began, cpu_before)?;
    link.close().await;
    system.delete_queues().await?;
    system.close().await;
    Ok(measured)
}

/// As many lanes as the job has insert set after set, each in a commit of its own.
pub(crate) async fn insert(job: Job) -> Result<Measured> {
    let (database, system) = installation().await?;
    let servers = engine::servers_of(&database);
    let server = PgConnectOptions::from_str(&servers.database_url)?;
    let pool = smista_store_postgres::with_sockets_set(PgPoolOptions::new(), &server)
        .max_connections(24)
        .test_before_acquire(false)
        .connect_with(server)
        .await?;
    sqlx::query("create table bare (id uuid primary key, at timestamptz not null, body bytea not null)")
        .execute(&pool)
        .await?;
    let (began, cpu_before) = (engine::now(), usage::cpu_seconds()?);
    let mut lanes = Vec::new();
    for _lane in 0..job.lanes {
        let (pool, batch, batches) = (pool.clone(), job.batch, batches(job));
        lanes.push(tokio::spawn(async move {
            let body = vec![b'.'; FACT_BYTES / 2];
            for _batch in 0..batches {
                for step in STEPS {
                    #[expect(clippy::disallowed_methods, reason = "ids of throw-away rows")]
                    let ids: Vec<Uuid> = (0..batch * step.rows()).map(|_row| Uuid::now_v7()).collect();
                    sqlx::query(INSERT).bind(&ids).bind(&body).execute(&pool).await?;
                }
            }
            anyhow::Ok(())
        }));
    }
    for lane in lanes {
        lane.await.context("a lane")??;
    }
    let measured = measured("insert", job, began, cpu_before)?;
    pool.close().await;
    system.delete_queues().await?;
    system.close().await;
    Ok(measured)
}
