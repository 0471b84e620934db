//! `smista token …`

use std::process::ExitCode;

use chrono::TimeDelta;
use serde_json::json;
use smista::system::System;
use smista_intake::issue_token;
use smista_store::ApiToken;

use super::NOTHING_FOUND;
use super::client::known_or_new;
use crate::cli::{DelegationArgs, TokenCommand};
use crate::output;

pub(super) async fn token(system: &System, command: TokenCommand, json: bool) -> anyhow::Result<ExitCode> {
    match command {
        TokenCommand::Create { client, delegation, days } => {
            create(system, client, delegation, days, json).await
        }
        TokenCommand::List => list(system, json).await,
        TokenCommand::Revoke { prefix } => {
            let now = system.office.surroundings.now();
            let revoked = system.office.store.revoke_token(&prefix, now).await?;
            if json {
                output::json(&json!({ "prefix": prefix, "revoked": revoked }))?;
            } else if !revoked {
                output::error_line(format_args!("no token {prefix}"));
            }
            Ok(if revoked { ExitCode::SUCCESS } else { ExitCode::from(NOTHING_FOUND) })
        }
    }
}

async fn create(
    system: &System,
    client: String,
    delegation: DelegationArgs,
    days: Option<u32>,
    json: bool,
) -> anyhow::Result<ExitCode> {
    let cliente = known_or_new(system, client, delegation).await?;
    let now = system.office.surroundings.now();
    let expires_at = days.map(|days| now + TimeDelta::days(i64::from(days)));
    let issued = issue_token(&*system.office.store, &cliente.nome, now, expires_at).await?;
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
