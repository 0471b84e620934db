//! What every long-running process does for whoever watches it: figures, and a door for operations where one is asked for.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use metrics_exporter_prometheus::PrometheusHandle;
use smista::ops::{self, Ops};
use smista::serving::{self, Patience};
use smista::system::System;
use smista::watch::Watch;
use smista_intake::http::Shown;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::supervised::Supervised;
use crate::config::Settings;
use crate::output;

/// How often what waits is counted.
const ROUND: Duration = Duration::from_secs(5);

/// The operations door before it opens: its address is taken, so that nothing else needs closing if it cannot be.
pub(super) struct Watching(Option<TcpListener>);

/// The watching of one process; it goes on while the process stops, so that one can see it stop.
pub(super) struct Watched {
    ops: Ops,
    figures: PrometheusHandle,
    watch: Arc<Watch>,
    tasks: Supervised,
}

impl Watching {
    /// Starts to count what waits, and opens the operations door where the settings ask for one.
    pub(super) fn begin(
        self,
        system: &Arc<System>,
        figures: PrometheusHandle,
        queues: &[&'static str],
    ) -> Watched {
        let ops = Ops::new(Arc::clone(system), figures.clone(), queues);
        let mut tasks = Supervised::default();
        if let Some(listener) = self.0 {
            let (router, never) = (ops::router(ops.clone()), CancellationToken::new());
            tasks.spawn("the operations door", async move {
                serving::serve(listener, router, Patience::default(), never, std::future::pending()).await;
            });
        }
        tasks.spawn("counting", count_now_and_then(Arc::clone(system), figures.clone()));
        Watched { ops, figures, watch: Arc::clone(&system.watch), tasks }
    }
}

impl Watched {
    /// Takes the address of the operations door where the settings ask for one.
    pub(super) async fn listen(settings: &Settings) -> anyhow::Result<Watching> {
        let Some(asked) = settings.ops_listen else { return Ok(Watching(None)) };
        let listener = TcpListener::bind(asked).await;
        let listener = listener.with_context(|| format!("listening on {asked} for operations"))?;
        output::line(format_args!("smista: operations at http://{}/status", listener.local_addr()?));
        Ok(Watching(Some(listener)))
    }

    /// Resolves when a part of it has ended, which none should.
    pub(super) async fn one_ended(&mut self) {
        self.tasks.one_ended().await;
    }

    /// What the HTTP door shows of it.
    pub(super) fn shown(&self) -> Shown {
        let (figures, ops) = (self.figures.clone(), self.ops.clone());
        Shown {
            metrics: Some(Arc::new(move || figures.render())),
            status: Some(Arc::new(move || ops.status())),
            observer: Some(Arc::clone(&self.watch) as _),
        }
    }
}

async fn count_now_and_then(system: Arc<System>, figures: PrometheusHandle) {
    loop {
        system.count_what_waits().await;
        figures.run_upkeep();
        tokio::time::sleep(ROUND).await;
    }
}

/// `smista health`: whether the process of these settings is ready. It is asked at its operations door, if it has one.
pub(super) async fn health(settings: &Settings) -> anyhow::Result<ExitCode> {
    let mut address = settings.ops_listen.unwrap_or(settings.listen);
    if address.ip().is_unspecified() {
        address.set_ip(std::net::Ipv4Addr::LOCALHOST.into());
    }
    let asked = tokio::task::spawn_blocking(move || -> std::io::Result<String> {
        let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(3))?;
        stream.set_read_timeout(Some(Duration::from_secs(3)))?;
        write!(stream, "GET /readyz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    });
    let answer = asked.await?.with_context(|| format!("no answer from {address}"))?;
    Ok(if answer.starts_with("HTTP/1.1 200") { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
