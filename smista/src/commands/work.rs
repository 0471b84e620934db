//! `smista work`: workers on some queues, until told to stop.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use smista::metrics;
use smista::register::{Worker, workers};
use smista::system::System;
use smista_messages::topology::TOPOLOGY;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::watched::Watched;
use super::{Misuse, open};
use crate::config::Settings;

pub(super) async fn work(settings: &Settings, queues: &[String]) -> anyhow::Result<ExitCode> {
    if let Some(unknown) = queues.iter().find(|name| TOPOLOGY.queue(name).is_none()) {
        let known: Vec<_> = TOPOLOGY.queues.iter().map(|queue| queue.name).collect();
        return Err(Misuse(format!("{unknown} is no queue; there are {}", known.join(", "))).into());
    }
    let figures = metrics::begin()?;
    let system = Arc::new(open(settings).await?);
    let stop = stop_on_signal();
    let chosen = |worker: &Worker| queues.is_empty() || queues.iter().any(|name| name == worker.queue.name);
    let workers = start_workers(&system, chosen, &stop);
    let watched = Watched::begin(settings, &system, figures, &workers.queues).await?;
    tracing::info!(queues = ?workers.queues, "working");
    stop.cancelled().await;
    finish(&workers.tasks, settings.grace_secs).await;
    system.close().await;
    watched.end();
    Ok(ExitCode::SUCCESS)
}

/// The workers of this process.
pub(super) struct Working {
    /// They end after the stop, when what was begun is done.
    pub(super) tasks: TaskTracker,
    /// The queues that they read.
    pub(super) queues: Vec<&'static str>,
}

/// Starts the chosen workers, and what every process with a store does: publishing, parking dead letters, and removing
/// what has had its time.
pub(super) fn start_workers(
    system: &Arc<System>,
    chosen: impl Fn(&Worker) -> bool,
    stop: &CancellationToken,
) -> Working {
    let (tasks, mut queues) = (TaskTracker::new(), Vec::new());
    for worker in workers(&system.office).into_iter().filter(|worker| chosen(worker)) {
        queues.push(worker.queue.name);
        let (system, stop) = (Arc::clone(system), stop.clone());
        tasks.spawn(async move { system.runner.run(worker.queue, &*worker.handler, &stop).await });
    }
    let (publishing, publishing_stop) = (Arc::clone(system), stop.clone());
    tasks.spawn(async move { publishing.run_publishing(&publishing_stop).await });
    let (parking, parking_stop) = (Arc::clone(system), stop.clone());
    tasks.spawn(async move { parking.runner.run_dead_letters(&parking_stop).await });
    let (housekeeping, housekeeping_stop) = (system.housekeeping(), stop.clone());
    tasks.spawn(async move { housekeeping.run(&housekeeping_stop).await });
    tasks.close();
    Working { tasks, queues }
}

/// Waits for what was begun; what is not done after the grace period returns to its queue.
pub(super) async fn finish(tasks: &TaskTracker, grace_secs: u64) {
    if tokio::time::timeout(Duration::from_secs(grace_secs), tasks.wait()).await.is_err() {
        tracing::warn!(grace_secs, "stopping with work under way; it returns to its queues");
    }
}

/// Cancelled by Ctrl-C, and by SIGTERM where there is such a thing. A second one ends the process at once: what it was
/// doing returns to its queues.
pub(super) fn stop_on_signal() -> CancellationToken {
    let stop = CancellationToken::new();
    let signalled = stop.clone();
    tokio::spawn(async move {
        let mut signals = Signals::listen();
        signals.next().await;
        signalled.cancel();
        signals.next().await;
        tracing::warn!("stopped at once by a second signal; what was under way returns to its queues");
        std::process::exit(1);
    });
    stop
}

/// The signals that ask a process to stop.
struct Signals {
    #[cfg(unix)]
    terminate: Option<tokio::signal::unix::Signal>,
}

impl Signals {
    fn listen() -> Self {
        Self {
            #[cfg(unix)]
            terminate: tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()).ok(),
        }
    }

    async fn next(&mut self) {
        let terminated = async {
            #[cfg(unix)]
            if let Some(signals) = &mut self.terminate {
                signals.recv().await;
                return;
            }
            std::future::pending::<()>().await;
        };
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            () = terminated => {}
        }
    }
}
