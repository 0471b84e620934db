//! `smista catalogue …`

use std::path::Path;
use std::process::ExitCode;

use serde_json::{Map, json};
use smista::system::System;
use smista_domain::catalogue::Catalogue;
use smista_domain::catalogue_change::{ChangeKind, plan_update};
use smista_domain::ids::Tripletta;
use smista_office::CatalogueImportError;
use smista_office::catalogue_files::{
    CatalogueFileError, CatalogueFolderError, CatalogueLimits, read_catalogue_folder,
};

use super::SOME_REFUSED;
use crate::cli::CatalogueCommand;
use crate::output;

pub(super) async fn catalogue(
    system: &System,
    command: CatalogueCommand,
    json: bool,
) -> anyhow::Result<ExitCode> {
    match command {
        CatalogueCommand::Import { dir, retire } => import(system, &dir, retire, json).await,
        CatalogueCommand::Show => show(system, json).await,
    }
}

async fn import(system: &System, dir: &Path, retire: bool, json: bool) -> anyhow::Result<ExitCode> {
    let draft = match read_catalogue_folder(dir, &CatalogueLimits::default()) {
        Ok(draft) => draft,
        Err(CatalogueFolderError::Invalid(errors)) => {
            let told = |error| format!("{error} ({})", CatalogueFileError::english(error));
            return refused(errors.iter().map(told).collect(), json);
        }
        Err(other) => return Err(other.into()),
    };
    if !retire {
        let missing = services_to_retire(system, &draft).await?;
        if !missing.is_empty() {
            // Those that an import of contacts created are in no folder.
            let left_out = |servizio: &Tripletta| {
                format!(
                    "{servizio} is in use and not in the folder: add it there, or retire it with --retire"
                )
            };
            return refused(missing.iter().map(left_out).collect(), json);
        }
    }
    match system.office.import_catalogue(&draft).await {
        Ok(change) => {
            let counts = change.counts();
            let revision = system.office.catalogue().await?.revision;
            if json {
                let changed: Map<_, _> =
                    counts.iter().map(|(kind, count)| (name(*kind).to_owned(), json!(count))).collect();
                output::json(&json!({ "revision": revision, "changed": changed }))?;
            } else {
                let changed: Vec<_> =
                    counts.iter().map(|(kind, count)| format!("{count} {}", name(*kind))).collect();
                let changed = if changed.is_empty() { "no change".to_owned() } else { changed.join(", ") };
                output::line(format_args!("catalogue at revision {revision}: {changed}"));
            }
            Ok(ExitCode::SUCCESS)
        }
        Err(CatalogueImportError::Refused(refusals)) => {
            refused(refusals.iter().map(ToString::to_string).collect(), json)
        }
        Err(CatalogueImportError::Store(error)) => Err(error.into()),
    }
}

/// Services that cases are opened for today and would not be any more. What the draft may not change at all is for the
/// import to say.
async fn services_to_retire(system: &System, draft: &Catalogue) -> anyhow::Result<Vec<Tripletta>> {
    let current = system.office.catalogue().await?;
    let planned = plan_update(&current, draft).unwrap_or_default();
    let retired = planned.servizi.into_iter().filter(|change| change.kind == ChangeKind::Retired);
    Ok(retired.map(|change| change.after.tripletta).collect())
}

/// Everything that is wrong, and that nothing was imported.
fn refused(why: Vec<String>, json: bool) -> anyhow::Result<ExitCode> {
    if json {
        output::json(&json!({ "refused": why }))?;
    } else {
        why.iter().for_each(output::error_line);
        output::error_line(format_args!("{} errors; nothing was imported", why.len()));
    }
    Ok(ExitCode::from(SOME_REFUSED))
}

fn name(kind: ChangeKind) -> &'static str {
    match kind {
        ChangeKind::Added => "added",
        ChangeKind::Updated => "updated",
        ChangeKind::Retired => "retired",
        ChangeKind::Restored => "restored",
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
        let counts: Map<_, _> =
            rows.into_iter().map(|(kind, count)| (kind.to_owned(), json!(count))).collect();
        output::json(&json!({ "revision": catalogue.revision, "count": counts }))?;
    } else {
        output::line(format_args!("revision {}", catalogue.revision));
        let row = |(kind, count): (&str, usize)| vec![kind.to_owned(), count.to_string()];
        output::table(&["kind", "count"], rows.into_iter().map(row));
    }
    Ok(ExitCode::SUCCESS)
}
