//! What the first embedded start gives to try the system with: a sample catalogue, a token, and lines to paste.
//!
//! The token speaks for every operator, so it is there only while all operators are the sample's, and not for ever.

use std::io::Write;
use std::path::Path;

use anyhow::Context;
use chrono::TimeDelta;
use smista::system::System;
use smista_domain::catalogue::{Catalogue, Profilo, Ruolo, Servizio};
use smista_intake::{issue_token, live_token};
use smista_office::catalogue_files::sample_catalogue;
use smista_store::{Cliente, Delegation};

use crate::output;

/// The client that the printed token belongs to.
const CLIENT: &str = "prova";
/// Where the embedded set-up keeps that token, readable by its owner only.
const TOKEN_FILE: &str = "token-di-prova";
/// How long it holds; a start after that makes another.
const LIFE: TimeDelta = TimeDelta::days(30);
/// The service of the sample catalogue that the printed contact is about.
const SERVICE: &str = "variazione-residenza";

/// Loads the sample where there is no catalogue yet, and answers the token to try it with. Once operators of somebody's own
/// are in the catalogue there is none, and the one that was printed before has ended.
pub(super) async fn token(system: &System, folder: &Path) -> anyhow::Result<Option<String>> {
    let sample = sample_catalogue().map_err(|errors| anyhow::anyhow!("{errors:?}"))?;
    if system.office.catalogue().await?.revision == 0 {
        system.office.import_catalogue(&sample).await?;
    }
    let file = folder.join(TOKEN_FILE);
    let kept = std::fs::read_to_string(&file).ok().map(|token| token.trim().to_owned());
    let store = &*system.office.store;
    let now = system.office.surroundings.now();
    let live = match &kept {
        Some(token) => live_token(store, token, now).await?,
        None => None,
    };
    let catalogue = system.office.catalogue().await?;
    let of_the_sample = is_of_the_sample(&catalogue, &sample);
    match (kept, live) {
        (Some(token), Some(live)) if of_the_sample && live.expires_at.is_some() => return Ok(Some(token)),
        // One of an earlier release that would never end, or one that has outlived the sample.
        (_, Some(live)) => {
            store.revoke_token(&live.prefix, now).await?;
        }
        (_, None) => {}
    }
    if of_the_sample {
        return new_token(system, &file).await.map(Some);
    }
    match std::fs::remove_file(&file) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("removing {}", file.display()))
        }
        _removed_or_not_there => Ok(None),
    }
}

/// Whether every body and operator is one of the sample's, of this release or of another.
fn is_of_the_sample(catalogue: &Catalogue, sample: &Catalogue) -> bool {
    let enti = catalogue.enti.keys().all(|ente| sample.enti.contains_key(ente));
    enti && catalogue.operatori.keys().all(|login| sample.operatori.contains_key(login))
}

async fn new_token(system: &System, file: &Path) -> anyhow::Result<String> {
    let ruoli = super::client::ROLES.map(str::to_owned).to_vec();
    let delegation = Delegation { ruoli, ..Delegation::default() };
    let store = &*system.office.store;
    store.save_cliente(&Cliente { nome: CLIENT.to_owned(), delegation }).await?;
    let now = system.office.surroundings.now();
    let issued = issue_token(store, CLIENT, now, Some(now + LIFE)).await?;
    let mut options = std::fs::File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut kept = options.open(file).with_context(|| format!("writing {}", file.display()))?;
    kept.write_all(issued.token.as_bytes())?;
    Ok(issued.token)
}

/// Prints two lines to paste: a contact, and the inbox in which its case shows up.
pub(super) async fn print_lines(system: &System, address: &str, token: &str) -> anyhow::Result<()> {
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
        .max_by_key(|servizio| servizio.tripletta.servizio.as_str() == SERVICE);
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
    Ok(())
}
