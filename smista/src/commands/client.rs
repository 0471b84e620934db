//! `smista client …`: for whom a client may speak, over HTTP with any of its tokens and over AMQP as its user.

use std::process::ExitCode;

use serde_json::json;
use smista::system::System;
use smista_domain::ids::{EnteId, Login};
use smista_store::{Cliente, Delegation};

use super::{Misuse, NOTHING_FOUND};
use crate::cli::{ClientCommand, DelegationArgs};
use crate::output;

/// The roles that a delegation may name.
pub(super) const ROLES: [&str; 6] =
    ["primo_livello", "secondo_livello", "specialista", "gestione_rigetti", "ufficio", "operazioni"];

pub(super) async fn client(system: &System, command: ClientCommand, json: bool) -> anyhow::Result<ExitCode> {
    let store = &system.office.store;
    match command {
        ClientCommand::Set { client, delegation } => {
            let Some(delegation) = self::delegation(delegation)? else { return Err(names_nobody()) };
            let cliente = Cliente { nome: client, delegation };
            store.save_cliente(&cliente).await?;
            print(&cliente, json)?;
            Ok(ExitCode::SUCCESS)
        }
        ClientCommand::Show { client } => match store.cliente(&client).await? {
            Some(cliente) => {
                print(&cliente, json)?;
                Ok(ExitCode::SUCCESS)
            }
            None => {
                output::error_line(format_args!("no client {client}"));
                Ok(ExitCode::from(NOTHING_FOUND))
            }
        },
    }
}

/// The client whose token is to be made: as it is known, or, if it is new, as given.
///
/// A delegation belongs to the client and holds for all of its live tokens, so that a token which is made in place of
/// another must not change it on the way.
pub(super) async fn known_or_new(
    system: &System,
    nome: String,
    args: DelegationArgs,
) -> anyhow::Result<Cliente> {
    let given = delegation(args)?;
    let store = &system.office.store;
    match (store.cliente(&nome).await?, given) {
        (Some(known), None) => Ok(known),
        (Some(known), Some(given)) if in_order(known.delegation.clone()) == given => Ok(known),
        (Some(_), Some(_)) => Err(Misuse(format!(
            "{nome} may speak for others than these, with all of its tokens: `smista client set --client {nome} …` \
             changes that; without --operatore, --ruolo and --ente the token is for what it may do now"
        ))
        .into()),
        (None, Some(delegation)) => {
            let cliente = Cliente { nome, delegation };
            store.save_cliente(&cliente).await?;
            Ok(cliente)
        }
        (None, None) => Err(names_nobody()),
    }
}

/// The same whichever way it was said.
fn in_order(mut delegation: Delegation) -> Delegation {
    delegation.operatori.sort();
    delegation.ruoli.sort();
    if let Some(enti) = &mut delegation.enti {
        enti.sort();
    }
    delegation
}

fn names_nobody() -> anyhow::Error {
    Misuse("name the operators (--operatore) or roles (--ruolo) to speak for".to_owned()).into()
}

/// None if nothing is said of it.
fn delegation(args: DelegationArgs) -> anyhow::Result<Option<Delegation>> {
    let DelegationArgs { operatore, ruolo: ruoli, ente } = args;
    if operatore.is_empty() && ruoli.is_empty() {
        return if ente.is_empty() { Ok(None) } else { Err(names_nobody()) };
    }
    if let Some(unknown) = ruoli.iter().find(|ruolo| !ROLES.contains(&ruolo.as_str())) {
        return Err(Misuse(format!("{unknown} is no role; there are {}", ROLES.join(", "))).into());
    }
    let operatori: Result<Vec<Login>, _> = operatore.into_iter().map(Login::new).collect();
    let operatori = operatori.map_err(|error| Misuse(error.to_string()))?;
    let enti: Result<Vec<EnteId>, _> = ente.into_iter().map(EnteId::new).collect();
    let enti = enti.map_err(|error| Misuse(error.to_string()))?;
    let enti = Some(enti).filter(|enti| !enti.is_empty());
    Ok(Some(in_order(Delegation { operatori, ruoli, enti })))
}

fn print(Cliente { nome, delegation }: &Cliente, json: bool) -> anyhow::Result<()> {
    if json {
        return output::json(&json!({ "client": nome, "delegation": delegation }));
    }
    let texts = |ids: &[EnteId]| ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    let operatori: Vec<_> = delegation.operatori.iter().map(ToString::to_string).collect();
    let enti = delegation.enti.as_deref().map_or_else(|| "all".to_owned(), texts);
    let row = vec![nome.clone(), operatori.join(" "), delegation.ruoli.join(" "), enti];
    output::table(&["client", "operatori", "ruoli", "enti"], [row]);
    Ok(())
}
