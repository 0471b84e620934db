//! `smista catalogue …`

use std::path::Path;
use std::process::ExitCode;

use serde_json::json;
use smista::system::System;
use smista_office::CatalogueImportError;
use smista_office::catalogue_files::{CatalogueFolderError, CatalogueLimits, read_catalogue_folder};

use super::SOME_REFUSED;
use crate::cli::CatalogueCommand;
use crate::output;

pub(super) async fn catalogue(
    system: &System,
    command: CatalogueCommand,
    json: bool,
) -> anyhow::Result<ExitCode> {
    match command {
        CatalogueCommand::Import { dir } => import(system, &dir, json).await,
        CatalogueCommand::Show => show(system, json).await,
    }
}

async fn import(system: &System, dir: &Path, json: bool) -> anyhow::Result<ExitCode> {
    let draft = match read_catalogue_folder(dir, &CatalogueLimits::default()) {
        Ok(draft) => draft,
        Err(CatalogueFolderError::Invalid(errors)) => {
            for error in &errors {
                output::error_line(format_args!("{error} ({})", error.english()));
            }
            output::error_line(format_args!("{} errors; nothing was imported", errors.len()));
            return Ok(ExitCode::from(SOME_REFUSED));
        }
        Err(other) => return Err(other.into()),
    };
    match system.office.import_catalogue(&draft).await {
        Ok(change) => {
            let counts = change.counts();
            let revision = system.office.catalogue().await?.revision;
            if json {
                output::json(&json!({ "revision": revision, "changed": format!("{counts:?}") }))?;
            } else {
                output::line(format_args!("catalogue at revision {revision}: {counts:?}"));
            }
            Ok(ExitCode::SUCCESS)
        }
        Err(CatalogueImportError::Refused(refusals)) => {
            refusals.iter().for_each(output::error_line);
            output::error_line("nothing was imported");
            Ok(ExitCode::from(SOME_REFUSED))
        }
        Err(CatalogueImportError::Store(error)) => Err(error.into()),
    }
}

async fn show(system: &System, json: bool) -> anyhow::Result<ExitCode> {
    let catalogue = system.office.catalogue().await?;
    let rows = [
        ("enti", catalogue.enti.len()),
        ("macrostrutture", catalogue.macrostrutture.len()),
        ("servizi", catalogue.servizi.len()),
        ("gruppi", catalogue.gruppi.len()),
        ("operatori", catalogue.operatori.len()),
        ("schede", catalogue.schede.len()),
        ("documenti", catalogue.documenti.len()),
    ];
    if json {
        let counts: serde_json::Map<_, _> =
            rows.into_iter().map(|(kind, count)| (kind.to_owned(), json!(count))).collect();
        output::json(&json!({ "revision": catalogue.revision, "count": counts }))?;
    } else {
        output::line(format_args!("revision {}", catalogue.revision));
        let row = |(kind, count): (&str, usize)| vec![kind.to_owned(), count.to_string()];
        output::table(&["kind", "count"], rows.into_iter().map(row));
    }
    Ok(ExitCode::SUCCESS)
}
