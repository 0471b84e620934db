//! `smista work`: workers on some queues, until told to stop.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use smista::metrics;
use smista::register::{Worker, workers};
use smista::system::{Schema, System};
use smista_messages::topology::TOPOLOGY;
use smista_queues::{BrokerError, Handler, Queue};

use super::stopping::Stop;
use super::supervised::Supervised;
use super::watched::Watched;
use super::{Misuse, open};
use crate::config::Settings;

pub(super) async fn work(settings: &Settings, queues: &[String]) -> anyhow::Result<ExitCode> {
    if let Some(unknown) = queues.iter().find(|name| TOPOLOGY.queue(name).is_none()) {
        let known: Vec<_> = TOPOLOGY.queues.iter().map(|queue| queue.name).collect();
        return Err(Misuse(format!("{unknown} is no queue; there are {}", known.join(", "))).into());
    }
    let figures = metrics::begin()?;
    let stop = Stop::on_signal(settings.grace_secs);
    let watching = Watched::listen(settings).await?;
    let system = Arc::new(open(settings, Schema::BringUpToDate).await?);
    let mut chosen = Workers::all(&system, settings);
    chosen.0.retain(|(queue, _)| queues.is_empty() || queues.iter().any(|name| name == queue.name));
    let declared = declare(&system).await;
    let mut watched = watching.begin(&system, figures, &chosen.queues());
    let worked = match declared {
        Ok(()) => Ok(work_on(&system, chosen, &mut watched, &stop).await),
        Err(error) => Err(error),
    };
    stop.close(&system).await;
    worked
}

async fn work_on(system: &Arc<System>, chosen: Workers, watched: &mut Watched, stop: &Stop) -> ExitCode {
    tracing::info!(queues = ?chosen.queues(), "working");
    let mut working = chosen.start(system, stop);
    let died = tokio::select! {
        biased;
        () = stop.begun() => false,
        () = working.one_ended() => true,
        () = watched.one_ended() => true,
    };
    stop.ask();
    system.watch.stop();
    working.finish(stop).await;
    ended(died)
}

/// The exit code of a process that has stopped, because it was told to or because a part of it died.
pub(super) fn ended(died: bool) -> ExitCode {
    if died { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// The workers that a process is to run.
pub(super) struct Workers(Vec<(Queue, Arc<dyn Handler>)>);

impl Workers {
    pub(super) fn all(system: &System, settings: &Settings) -> Self {
        let worked = |Worker { queue, handler }| (settings.worked(queue), handler);
        Self(workers(&system.office).into_iter().map(worked).collect())
    }

    pub(super) fn none() -> Self {
        Self(Vec::new())
    }

    /// The queues that they read.
    pub(super) fn queues(&self) -> Vec<&'static str> {
        self.0.iter().map(|(queue, _)| queue.name).collect()
    }

    /// Starts them, and what every process with a store does: publishing, parking dead letters, and removing what has had
    /// its time.
    pub(super) fn start(self, system: &Arc<System>, stop: &Stop) -> Supervised {
        let mut tasks = Supervised::default();
        for (queue, handler) in self.0 {
            let (system, stop) = (Arc::clone(system), stop.token().clone());
            tasks.spawn(queue.name, async move {
                system.runner.run(&queue, handler, &stop).await;
            });
        }
        let (publishing, told) = (Arc::clone(system), stop.token().clone());
        tasks.spawn("publishing", async move { publishing.run_publishing(&told).await });
        let (parking, told) = (Arc::clone(system), stop.token().clone());
        tasks.spawn("dead letters", async move { parking.runner.run_dead_letters(&told).await });
        let (housekeeping, told) = (system.housekeeping(), stop.token().clone());
        tasks.spawn("housekeeping", async move { housekeeping.run(&told).await });
        tasks
    }
}

/// Declares the queues. On a broker that is not there yet they are declared by whoever reaches it first.
pub(super) async fn declare(system: &System) -> anyhow::Result<()> {
    match system.declare().await {
        Ok(()) => Ok(()),
        Err(error @ BrokerError::Unavailable(_)) => {
            tracing::warn!(%error, "the queues are not declared yet");
            Ok(())
        }
        Err(error) => Err(error).context("declaring the queues"),
    }
}
