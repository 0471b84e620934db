//! `smista serve`: the HTTP door; embedded, every worker too.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use smista::metrics;
use smista::system::System;
use smista_domain::catalogue::{Profilo, Ruolo, Servizio};
use smista_intake::http::DoorConfig;
use smista_intake::issue_token;
use smista_office::catalogue_files::sample_catalogue;
use smista_store::{Cliente, Delegation};
use tokio::net::TcpListener;

use super::open;
use super::watched::Watched;
use super::work::{finish, start_workers, stop_on_signal};
use crate::config::{SetUp, Settings};
use crate::output;

/// The client that the printed token belongs to.
const TRY_CLIENT: &str = "prova";
/// Where the embedded set-up keeps that token, readable by its owner only.
const TRY_TOKEN_FILE: &str = "token-di-prova";
/// The service of the sample catalogue that the printed contact is about.
const TRY_SERVICE: &str = "variazione-residenza";

pub(super) async fn serve(settings: &Settings) -> anyhow::Result<ExitCode> {
    let figures = metrics::begin()?;
    let system = Arc::new(open(settings).await?);
    let listener = TcpListener::bind(settings.listen).await;
    let listener = listener.with_context(|| format!("listening on {}", settings.listen))?;
    let address = listener.local_addr()?;
    let stop = stop_on_signal();
    let workers = start_workers(&system, |_worker| system.is_embedded(), &stop);
    let watched = Watched::begin(settings, &system, figures, &workers.queues).await?;
    let (router, lanes) = system.door(DoorConfig::default(), watched.shown());
    greet(&system, settings, &address.to_string()).await?;

    let stopping = stop.clone();
    let served =
        axum::serve(listener, router).with_graceful_shutdown(async move { stopping.cancelled().await });
    // A caller who never finishes a request must not keep the rest from stopping cleanly.
    let out_of_patience = async {
        stop.cancelled().await;
        tokio::time::sleep(Duration::from_secs(settings.grace_secs)).await;
    };
    tokio::select! {
        ended = served.into_future() => ended?,
        () = out_of_patience => tracing::warn!("stopping with requests under way"),
    }
    lanes.finished().await;
    stop.cancel();
    finish(&workers.tasks, settings.grace_secs).await;
    system.close().await;
    watched.end();
    output::line("smista: stopped");
    Ok(ExitCode::SUCCESS)
}

/// Says where everything is; on a first embedded start, loads the sample catalogue and makes a token to try it with.
async fn greet(system: &System, settings: &Settings, address: &str) -> anyhow::Result<()> {
    let SetUp::Embedded(folder) = settings.set_up()? else {
        output::line(format_args!(
            "smista: scaled out, serving http://{address}/v1 (docs: http://{address}/docs)"
        ));
        return Ok(());
    };
    if system.office.catalogue().await?.revision == 0 {
        let sample = sample_catalogue().map_err(|errors| anyhow::anyhow!("{errors:?}"))?;
        system.office.import_catalogue(&sample).await?;
    }
    let token = try_token(system, &folder).await?;
    output::line(format_args!("smista {}: embedded (SQLite and its spool)", env!("CARGO_PKG_VERSION")));
    output::line(format_args!("  data    {}", folder.canonicalize().unwrap_or(folder).display()));
    output::line(format_args!("  API     http://{address}/v1"));
    output::line(format_args!("  docs    http://{address}/docs"));
    output::line(format_args!("  token   {token}  (to try it with: speaks for every operator)"));
    try_it(system, address, &token).await
}

/// The token of the last start, or a new one.
async fn try_token(system: &System, folder: &Path) -> anyhow::Result<String> {
    let file = folder.join(TRY_TOKEN_FILE);
    if let Ok(token) = std::fs::read_to_string(&file) {
        return Ok(token.trim().to_owned());
    }
    let roles =
        ["primo_livello", "secondo_livello", "specialista", "gestione_rigetti", "ufficio", "operazioni"];
    let delegation = Delegation { ruoli: roles.map(str::to_owned).to_vec(), ..Delegation::default() };
    let store = &system.office.store;
    store.save_cliente(&Cliente { nome: TRY_CLIENT.to_owned(), delegation }).await?;
    let issued = issue_token(&**store, TRY_CLIENT, system.office.surroundings.now(), None).await?;
    let mut options = std::fs::File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut kept = options.open(&file).with_context(|| format!("writing {}", file.display()))?;
    kept.write_all(issued.token.as_bytes())?;
    Ok(issued.token)
}

/// Two lines to paste: a contact, and the inbox in which its case shows up.
async fn try_it(system: &System, address: &str, token: &str) -> anyhow::Result<()> {
    let catalogue = system.office.catalogue().await?;
    let able = |servizio: &&Servizio| {
        let active = catalogue.active_servizio(&servizio.tripletta).is_some();
        active
            && servizio.profilo == Profilo::Avanzato
            && catalogue.competent_gruppo(&servizio.tripletta).is_some()
    };
    let servizio = catalogue
        .servizi
        .values()
        .filter(able)
        .max_by_key(|servizio| servizio.tripletta.servizio.as_str() == TRY_SERVICE);
    let operator = catalogue.operatori.values().find(|one| one.ruolo == Ruolo::PrimoLivello && !one.retired);
    let (Some(servizio), Some(operator)) = (servizio, operator) else { return Ok(()) };
    let Some(gruppo) = catalogue.competent_gruppo(&servizio.tripletta) else { return Ok(()) };
    let body = serde_json::json!({
        "motivo": "reclamo", "canale": "telefono", "tripletta": servizio.tripletta,
        "description": "Ho presentato la domanda due mesi fa e nessuno mi ha risposto.",
        "anagrafica": { "nome": "Ada", "cognome": "Prova", "telefono": "055 0000001" },
    });
    let login = &operator.login;
    let headers = format!("-H 'Authorization: Bearer {token}' -H 'Smista-Operatore: {login}'");
    output::line("\nOpen a case, then find it in the inbox of its group:\n");
    output::line(format_args!(
        "curl -sS http://{address}/v1/contacts {headers} -H 'Content-Type: application/json' -d '{body}'\n"
    ));
    output::line(format_args!("curl -sS http://{address}/v1/groups/{}/inbox {headers}\n", gruppo.id));
    output::line("Ctrl-C stops it; the next start goes on where this one stopped.");
    Ok(())
}
