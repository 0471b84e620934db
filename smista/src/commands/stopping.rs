//! How a process stops: the signal, and the one deadline that everything it still has to do shares.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use smista::system::System;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// What publishing what was committed, giving back what was taken and closing may take after the grace period.
const CLOSING: Duration = Duration::from_secs(5);

/// Asked for by Ctrl-C, by SIGTERM where there is such a thing, or by the process itself. Clones share everything.
#[derive(Clone)]
pub(super) struct Stop {
    asked: CancellationToken,
    at: Arc<OnceLock<Instant>>,
    grace: Duration,
}

impl Stop {
    /// Listens from now on. A second signal ends the process at once: what it was doing returns to its queues.
    pub(super) fn on_signal(grace_secs: u64) -> Self {
        let stop = Self::after(Duration::from_secs(grace_secs));
        let (signalled, mut signals) = (stop.clone(), Signals::listen());
        tokio::spawn(async move {
            signals.next().await;
            signalled.ask();
            signals.next().await;
            tracing::warn!("stopped at once by a second signal; what was under way returns to its queues");
            std::process::exit(1);
        });
        stop
    }

    fn after(grace: Duration) -> Self {
        Self { asked: CancellationToken::new(), at: Arc::new(OnceLock::new()), grace }
    }

    /// Begins the stop; the first to ask sets the deadline.
    pub(super) fn ask(&self) {
        self.at.get_or_init(Instant::now);
        self.asked.cancel();
    }

    /// For whoever ends by itself when told to.
    pub(super) fn token(&self) -> &CancellationToken {
        &self.asked
    }

    /// Resolves when the stop begins.
    pub(super) async fn begun(&self) {
        self.asked.cancelled().await;
    }

    /// Resolves when what had begun before the stop has had its time.
    pub(super) async fn out_of_grace(&self) {
        self.passed(self.grace).await;
    }

    /// Resolves when the process must be gone.
    pub(super) async fn out_of_time(&self) {
        self.passed(self.grace.saturating_add(CLOSING)).await;
    }

    /// Closes the system, and waits no longer for that than to the end of the stop.
    pub(super) async fn close(&self, system: &System) {
        self.ask();
        tokio::select! {
            biased;
            () = system.close() => {}
            () = self.out_of_time() => {
                tracing::warn!("stopping without having closed everything; what was under way returns to its queues");
            }
        }
    }

    async fn passed(&self, wait: Duration) {
        self.begun().await;
        if let Some(at) = self.at.get() {
            // One that is too far ahead to be told never comes.
            match at.checked_add(wait) {
                Some(deadline) => tokio::time::sleep_until(deadline).await,
                None => std::future::pending().await,
            }
        }
    }
}

/// The signals that ask a process to stop.
struct Signals {
    #[cfg(unix)]
    listening: Vec<tokio::signal::unix::Signal>,
}

impl Signals {
    #[cfg(unix)]
    fn listen() -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        let listen =
            |kind| signal(kind).inspect_err(|error| tracing::warn!(%error, "no such signal is heard"));
        let listening = [SignalKind::interrupt(), SignalKind::terminate()];
        Self { listening: listening.into_iter().filter_map(|kind| listen(kind).ok()).collect() }
    }

    #[cfg(not(unix))]
    fn listen() -> Self {
        Self {}
    }

    #[cfg(unix)]
    async fn next(&mut self) {
        if self.listening.is_empty() {
            std::future::pending::<()>().await;
        }
        let heard = self.listening.iter_mut().map(|signal| Box::pin(signal.recv()));
        futures::future::select_all(heard).await;
    }

    #[cfg(not(unix))]
    async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_deadline_is_that_of_the_first_who_asked_and_none_overflows() {
        let stop = Stop::after(Duration::ZERO);
        stop.ask();
        let first = stop.at.get().copied();
        stop.ask();
        assert_eq!(stop.at.get().copied(), first);
        stop.out_of_grace().await;
        let patient = Stop::after(Duration::MAX);
        patient.ask();
        tokio::select! {
            biased;
            () = patient.out_of_grace() => panic!("its time is never over"),
            () = tokio::task::yield_now() => {}
        }
    }
}
