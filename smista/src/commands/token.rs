//! `smista token …`

use std::process::ExitCode;

use chrono::Duration;
use serde_json::json;
use smista::system::System;
use smista_domain::ids::Login;
use smista_intake::issue_token;
use smista_store::{ApiToken, Cliente, Delegation};

use super::{Misuse, NOTHING_FOUND};
use crate::cli::TokenCommand;
use crate::output;

/// The roles that a delegation may name.
const ROLES: [&str; 6] =
    ["primo_livello", "secondo_livello", "specialista", "gestione_rigetti", "ufficio", "operazioni"];

pub(super) async fn token(system: &System, command: TokenCommand, json: bool) -> anyhow::Result<ExitCode> {
    match command {
        TokenCommand::Create { client, operatore, ruolo, days } => {
            let delegation = delegation(operatore, ruolo)?;
            create(system, client, delegation, days, json).await
        }
        TokenCommand::List => list(system, json).await,
        TokenCommand::Revoke { prefix } => {
            let now = system.office.surroundings.now();
            let revoked = system.office.store.revoke_token(&prefix, now).await?;
            if !revoked {
                output::error_line(format_args!("no token {prefix}"));
                return Ok(ExitCode::from(NOTHING_FOUND));
            }
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn delegation(operatori: Vec<String>, ruoli: Vec<String>) -> anyhow::Result<Delegation> {
    if operatori.is_empty() && ruoli.is_empty() {
        return Err(
            Misuse("name the operators (--operatore) or roles (--ruolo) to speak for".to_owned()).into()
        );
    }
    if let Some(unknown) = ruoli.iter().find(|ruolo| !ROLES.contains(&ruolo.as_str())) {
        return Err(Misuse(format!("{unknown} is no role; there are {}", ROLES.join(", "))).into());
    }
    let operatori: Result<Vec<Login>, _> = operatori.into_iter().map(Login::new).collect();
    let operatori = operatori.map_err(|error| Misuse(error.to_string()))?;
    Ok(Delegation { operatori, ruoli, enti: None })
}

async fn create(
    system: &System,
    nome: String,
    delegation: Delegation,
    days: Option<i64>,
    json: bool,
) -> anyhow::Result<ExitCode> {
    let store = &system.office.store;
    store.save_cliente(&Cliente { nome: nome.clone(), delegation }).await?;
    let now = system.office.surroundings.now();
    let expires_at = days.map(|days| now + Duration::days(days));
    let issued = issue_token(&**store, &nome, now, expires_at).await?;
    if json {
        let stored = &issued.stored;
        output::json(
            &json!({ "token": issued.token, "prefix": stored.prefix, "expires_at": stored.expires_at }),
        )?;
    } else {
        output::line(&issued.token);
        output::error_line("Keep it safe: it is not shown again.");
    }
    Ok(ExitCode::SUCCESS)
}

async fn list(system: &System, json: bool) -> anyhow::Result<ExitCode> {
    let tokens = system.office.store.tokens().await?;
    let at =
        |time: Option<chrono::DateTime<chrono::Utc>>| time.map(|time| time.to_rfc3339()).unwrap_or_default();
    if json {
        let row = |token: &ApiToken| {
            json!({
                "prefix": token.prefix, "client": token.cliente, "created_at": token.created_at,
                "expires_at": token.expires_at, "last_used_at": token.last_used_at, "revoked_at": token.revoked_at,
            })
        };
        output::json(&tokens.iter().map(row).collect::<Vec<_>>())?;
    } else {
        let rows = tokens.iter().map(|token| {
            let (prefix, cliente) = (token.prefix.clone(), token.cliente.clone());
            let used = at(token.last_used_at);
            vec![
                prefix,
                cliente,
                token.created_at.to_rfc3339(),
                at(token.expires_at),
                used,
                at(token.revoked_at),
            ]
        });
        output::table(&["prefix", "client", "created", "expires", "last used", "revoked"], rows);
    }
    Ok(ExitCode::SUCCESS)
}
