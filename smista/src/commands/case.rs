//! `smista case …`: looking at cases, without personal data.

use std::process::ExitCode;

use serde_json::json;
use smista::system::System;
use smista_domain::caso::Caso;
use smista_domain::ids::{CasoId, EnteId, GruppoId, Protocollo};
use smista_domain::stato::Stato;
use smista_store::{CasoFilter, PageRequest};

use super::{Misuse, NOTHING_FOUND};
use crate::cli::CaseCommand;
use crate::output;

/// The most history rows that `show` prints.
const HISTORY_ROWS: i64 = 1_000;

pub(super) async fn case(system: &System, command: CaseCommand, json: bool) -> anyhow::Result<ExitCode> {
    match command {
        CaseCommand::Show { case } => show(system, &case, json).await,
        CaseCommand::List { stato, ente, gruppo, limit } => {
            let misuse = |error: &dyn std::fmt::Display| Misuse(error.to_string());
            let filter = CasoFilter {
                stati: stato.map(|name| states_named(&name)).transpose()?.unwrap_or_default(),
                ente: ente.map(EnteId::new).transpose().map_err(|error| misuse(&error))?,
                gruppi: gruppo
                    .map(GruppoId::new)
                    .transpose()
                    .map_err(|error| misuse(&error))?
                    .into_iter()
                    .collect(),
                ..CasoFilter::default()
            };
            let page = system.office.store.search(&filter, &PageRequest { after: None, limit }).await?;
            print_cases(&page.rows, json)?;
            Ok(if page.rows.is_empty() { ExitCode::from(NOTHING_FOUND) } else { ExitCode::SUCCESS })
        }
        CaseCommand::Count { by } => {
            let counts = system.office.store.count(by.into()).await?;
            if json {
                output::json(&counts)?;
            } else {
                let row = |count: &smista_store::Counted| {
                    vec![
                        count.key.clone(),
                        count.attributo.clone().unwrap_or_default(),
                        count.count.to_string(),
                    ]
                };
                output::table(&["key", "attributo", "count"], counts.iter().map(row));
            }
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// `rigettato`, `risolto_secondo_livello` (with any attribute), `risolto_secondo_livello/da_comunicare`.
fn states_named(name: &str) -> anyhow::Result<Vec<Stato>> {
    let named = |stato: &Stato| stato.name() == name || stato.to_string() == name;
    let states: Vec<Stato> = Stato::ALL.into_iter().filter(named).collect();
    if states.is_empty() {
        let known: Vec<String> = Stato::ALL.iter().map(ToString::to_string).collect();
        return Err(Misuse(format!("{name} is no state; there are {}", known.join(", "))).into());
    }
    Ok(states)
}

async fn show(system: &System, name: &str, json: bool) -> anyhow::Result<ExitCode> {
    let store = &system.office.store;
    let caso = match (name.parse::<Protocollo>(), name.parse()) {
        (Ok(protocollo), _) => store.caso_by_protocollo(protocollo).await?,
        (_, Ok(id)) => store.caso(CasoId(id)).await?,
        _ => return Err(Misuse(format!("{name} is neither a protocol number nor an id")).into()),
    };
    let Some(caso) = caso else {
        output::error_line(format_args!("no case {name}"));
        return Ok(ExitCode::from(NOTHING_FOUND));
    };
    let storia = store.storia(caso.id, 0, HISTORY_ROWS).await?;
    if json {
        let history: Vec<_> = storia
            .iter()
            .map(|row| {
                json!({
                    "versione": row.row.versione, "at": row.row.at, "by": row.row.by, "command": row.command,
                    "before": row.stato_before, "after": row.stato_after, "facts": row.row.facts,
                })
            })
            .collect();
        output::json(&json!({ "case": caso, "history": history }))?;
    } else {
        print_cases(std::slice::from_ref(&caso), false)?;
        let rows = storia.iter().map(|row| {
            let before = row.stato_before.map_or_else(String::new, |stato| stato.to_string());
            let (versione, at) = (row.row.versione.to_string(), row.row.at.to_rfc3339());
            vec![
                versione,
                at,
                row.row.by.to_string(),
                row.command.clone(),
                before,
                row.stato_after.to_string(),
            ]
        });
        output::table(&["versione", "at", "by", "command", "before", "after"], rows);
    }
    Ok(ExitCode::SUCCESS)
}

fn print_cases(cases: &[Caso], json: bool) -> anyhow::Result<()> {
    if json {
        return output::json(&cases);
    }
    let text = |value: Option<&dyn std::fmt::Display>| value.map(ToString::to_string).unwrap_or_default();
    let rows = cases.iter().map(|caso| {
        vec![
            caso.protocollo.to_string(),
            caso.id.to_string(),
            text(caso.motivo.as_ref().map(|motivo| motivo as _)),
            text(caso.tripletta.as_ref().map(|tripletta| tripletta as _)),
            caso.stato.to_string(),
            text(caso.gruppo.as_ref().map(|gruppo| gruppo as _)),
            text(caso.titolare.as_ref().map(|titolare| titolare as _)),
            caso.opened_at.to_rfc3339(),
        ]
    });
    let header = ["protocollo", "id", "motivo", "tripletta", "stato", "gruppo", "titolare", "opened_at"];
    output::table(&header, rows);
    Ok(())
}
