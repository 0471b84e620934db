//! `smista serve`: the HTTP door; embedded, every worker too.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use smista::metrics;
use smista::serving::{self, Patience};
use smista::system::{Schema, System};
use tokio::net::TcpListener;

use super::stopping::Stop;
use super::watched::Watched;
use super::work::{Workers, declare, ended};
use super::{open, trying};
use crate::config::{SetUp, Settings};
use crate::output;

pub(super) async fn serve(settings: &Settings) -> anyhow::Result<ExitCode> {
    let figures = metrics::begin()?;
    let stop = Stop::on_signal(settings.grace_secs);
    // Before the store: an address in use is no reason to leave one behind that was not closed.
    let listener = listen(settings).await?;
    let watching = Watched::listen(settings).await?;
    let system = Arc::new(open(settings, Schema::BringUpToDate).await?);
    let chosen = if system.is_embedded() { Workers::all(&system, settings) } else { Workers::none() };
    let declared = declare(&system).await;
    let mut watched = watching.begin(&system, figures, &chosen.queues());
    let served = match declared {
        Ok(()) => serve_on(listener, settings, &system, chosen, &mut watched, &stop).await,
        Err(error) => Err(error),
    };
    stop.close(&system).await;
    if served.is_ok() {
        output::line("smista: stopped");
    }
    served
}

async fn listen(settings: &Settings) -> anyhow::Result<TcpListener> {
    let listener = TcpListener::bind(settings.listen).await;
    listener.with_context(|| format!("listening on {}", settings.listen))
}

async fn serve_on(
    listener: TcpListener,
    settings: &Settings,
    system: &Arc<System>,
    chosen: Workers,
    watched: &mut Watched,
    stop: &Stop,
) -> anyhow::Result<ExitCode> {
    let address = listener.local_addr()?.to_string();
    let (router, mut lanes) = system.door(settings.door(), watched.shown());
    greet(system, settings, &address).await?;
    let mut working = chosen.start(system, stop);
    let (token, over) = (stop.token().clone(), stop.clone());
    let mut serving = tokio::spawn(async move {
        serving::serve(listener, router, Patience::default(), token, over.out_of_grace()).await
    });
    let died = tokio::select! {
        biased;
        () = stop.begun() => false,
        () = working.one_ended() => true,
        () = watched.one_ended() => true,
        () = lanes.one_ended() => {
            tracing::error!("a lane of the HTTP door has ended before its time");
            true
        }
        _ended = &mut serving => {
            tracing::error!("the HTTP door has ended before its time");
            true
        }
    };
    stop.ask();
    system.watch.stop();
    // Callers and workers share the same time; what callers have sent is applied before the store is closed.
    let callers = async {
        if !serving.is_finished() && serving.await.is_ok_and(|cut| cut > 0) {
            tracing::warn!("stopping with requests under way");
        }
        lanes.close();
        let finished = lanes.finished();
        tokio::pin!(finished);
        tokio::select! {
            biased;
            () = &mut finished => {}
            () = stop.out_of_time() => tracing::warn!("stopping with commands under way"),
        }
    };
    tokio::join!(callers, working.finish(stop));
    Ok(ended(died))
}

/// Says where everything is; on a first embedded start, loads the sample catalogue and makes a token to try it with.
async fn greet(system: &System, settings: &Settings, address: &str) -> anyhow::Result<()> {
    let SetUp::Embedded(folder) = settings.set_up()? else {
        output::line(format_args!(
            "smista: scaled out, serving http://{address}/v1 (docs: http://{address}/docs)"
        ));
        return Ok(());
    };
    let token = trying::token(system, &folder).await?;
    output::line(format_args!("smista {}: embedded (SQLite and its spool)", env!("CARGO_PKG_VERSION")));
    output::line(format_args!("  data    {}", folder.canonicalize().unwrap_or(folder).display()));
    output::line(format_args!("  API     http://{address}/v1"));
    output::line(format_args!("  docs    http://{address}/docs"));
    if let Some(token) = token {
        output::line(format_args!(
            "  token   {token}  (to try it with: speaks for every operator of the sample, for 30 days)"
        ));
        trying::print_lines(system, address, &token).await?;
    }
    output::line("Ctrl-C stops it; the next start goes on where this one stopped.");
    Ok(())
}
