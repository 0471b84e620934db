//! `smista import`: contacts from a file, streamed, interruptible, never doubled.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use smista::system::System;
use smista_office::contact_import::{
    ContactLine, Mapping, Progress, Reject, create_unseen_services, csv_lines, import as import_lines,
    json_lines, read_mapping, unseen_services,
};
use tokio_util::sync::CancellationToken;

use super::SOME_REFUSED;
use crate::cli::ImportArgs;
use crate::output;

pub(super) async fn import(system: &System, args: &ImportArgs, json: bool) -> anyhow::Result<ExitCode> {
    let open = || File::open(&args.file).with_context(|| format!("opening {}", args.file.display()));
    system.office.catalogue().await?;
    let mapping =
        args.map.as_ref().map(|map| read_mapping(map).with_context(|| format!("reading {}", map.display())));
    let mapping = mapping.transpose()?;
    let lines: Box<dyn Iterator<Item = ContactLine> + '_> = match &mapping {
        Some(mapping) => {
            create_services(system, open()?, mapping).await?;
            Box::new(csv_lines(open()?, mapping)?)
        }
        None => Box::new(json_lines(open()?)),
    };
    let rejects_file = args.rejects.clone().unwrap_or_else(|| rejects_beside(&args.file));
    let progress = run(system, lines, &rejects_file).await?;
    if json {
        output::json(&json!({
            "lines": progress.lines, "opened": progress.opened, "known": progress.known,
            "rejected": progress.rejected, "rejects_file": rejects_file,
        }))?;
    } else {
        output::line(summary(&progress));
        if progress.rejected > 0 {
            output::line(format_args!("refused lines, with reasons: {}", rejects_file.display()));
        }
    }
    Ok(if progress.rejected > 0 { ExitCode::from(SOME_REFUSED) } else { ExitCode::SUCCESS })
}

/// A catalogue change of its own, before the first contact.
async fn create_services(system: &System, file: File, mapping: &Mapping) -> anyhow::Result<()> {
    if !mapping.servizio.create_unseen {
        return Ok(());
    }
    let unseen = unseen_services(file, mapping, &system.office)?;
    if !unseen.is_empty() {
        let revision = create_unseen_services(&system.office, mapping, &unseen).await?;
        output::error_line(format_args!("{} new services, catalogue at revision {revision}", unseen.len()));
    }
    Ok(())
}

async fn run(
    system: &System,
    lines: impl Iterator<Item = ContactLine>,
    rejects_file: &Path,
) -> anyhow::Result<Progress> {
    let stop = stop_on_ctrl_c();
    let mut rejects = Rejects { file: rejects_file, writer: None };
    let mut failed = None;
    let bar = ProgressBar::new_spinner()
        .with_style(ProgressStyle::with_template("{spinner} {elapsed_precise} {msg}")?);
    let progress = import_lines(&system.office, &system.gate(), &stop, lines, |progress, refused| {
        bar.set_message(summary(progress));
        bar.tick();
        failed = rejects.write(refused).err();
        failed.is_none()
    })
    .await?;
    bar.finish_and_clear();
    match failed {
        Some(error) => Err(error).context("writing the rejects file"),
        None => Ok(progress),
    }
}

/// The first Ctrl-C ends the import after the batch under way; what is in stays in.
fn stop_on_ctrl_c() -> CancellationToken {
    let stop = CancellationToken::new();
    let pressed = stop.clone();
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            pressed.cancel();
        }
    });
    stop
}

fn summary(progress: &Progress) -> String {
    let Progress { lines, opened, known, rejected } = progress;
    format!("{lines} lines: {opened} opened, {known} known already, {rejected} refused")
}

fn rejects_beside(file: &Path) -> PathBuf {
    let mut name = file.file_name().unwrap_or_default().to_owned();
    name.push(".rejects.csv");
    PathBuf::from(name)
}

/// The file of refused lines, made with the first of them.
struct Rejects<'a> {
    file: &'a Path,
    writer: Option<csv::Writer<File>>,
}

impl Rejects<'_> {
    fn write(&mut self, rejects: &[Reject]) -> anyhow::Result<()> {
        if rejects.is_empty() {
            return Ok(());
        }
        if self.writer.is_none() {
            let mut writer = csv::Writer::from_path(self.file)?;
            writer.write_record(["line", "reason"])?;
            self.writer = Some(writer);
        }
        let Some(writer) = &mut self.writer else { return Ok(()) };
        for reject in rejects {
            writer.write_record([&reject.line.to_string(), &reject.reason])?;
        }
        Ok(writer.flush()?)
    }
}
