//! `smista import`: contacts from a file, streamed, interruptible, never doubled.

use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use smista::system::System;
use smista_office::contact_import::{
    ContactLine, Ended, Mapping, Progress, Reject, UnreadableFile, create_unseen_services, csv_lines,
    import as import_lines, json_lines, read_mapping, unseen_services,
};
use tokio_util::sync::CancellationToken;

use super::{ENDED_EARLY, SOME_REFUSED};
use crate::cli::ImportArgs;
use crate::output;

/// `stop` ends the import after the batch under way; what is in stays in.
pub(super) async fn import(
    system: &System,
    args: &ImportArgs,
    json: bool,
    stop: &CancellationToken,
) -> anyhow::Result<ExitCode> {
    let open = || File::open(&args.file).with_context(|| format!("opening {}", args.file.display()));
    system.office.catalogue().await?;
    let mapping =
        args.map.as_ref().map(|map| read_mapping(map).with_context(|| format!("reading {}", map.display())));
    let mapping = mapping.transpose()?;
    let lines: Lines<'_> = match &mapping {
        Some(mapping) => {
            // That the header fits is known before anything changes.
            let lines = csv_lines(open()?, mapping)?;
            create_services(system, open()?, mapping).await?;
            Box::new(lines)
        }
        None => Box::new(json_lines(open()?)),
    };
    let mut rejects =
        Rejects { wanted: args.rejects.clone().unwrap_or_else(|| rejects_beside(&args.file)), made: None };
    let (progress, ended) = run(system, lines, &mut rejects, stop).await?;
    let rejects_file = rejects.made.as_ref().map(|(path, _)| path);
    if json {
        let ended = match ended {
            Ended::WholeFile => "whole_file",
            Ended::Stopped => "stopped",
            Ended::Unreadable(_) => "unreadable",
        };
        output::json(&json!({
            "lines": progress.lines, "opened": progress.opened, "known": progress.known,
            "rejected": progress.rejected, "rejects_file": rejects_file, "ended": ended,
        }))?;
    } else {
        output::line(summary(&progress));
        if let Some(file) = rejects_file {
            output::line(format_args!("refused lines, with reasons: {}", file.display()));
        }
    }
    Ok(match ended {
        Ended::WholeFile if progress.rejected > 0 => ExitCode::from(SOME_REFUSED),
        Ended::WholeFile => ExitCode::SUCCESS,
        Ended::Stopped => {
            output::error_line("stopped before the end of the file; the same command goes on from there");
            ExitCode::from(ENDED_EARLY)
        }
        Ended::Unreadable(error) => {
            output::error_line(format_args!("{:#}", anyhow::Error::from(error)));
            ExitCode::from(ENDED_EARLY)
        }
    })
}

type Lines<'m> = Box<dyn Iterator<Item = Result<ContactLine, UnreadableFile>> + 'm>;

/// A catalogue change of its own, before the first contact.
async fn create_services(system: &System, file: File, mapping: &Mapping) -> anyhow::Result<()> {
    if !mapping.servizio.create_unseen {
        return Ok(());
    }
    let unseen = unseen_services(file, mapping, &system.office.cached_catalogue())?;
    if !unseen.is_empty() {
        let revision = create_unseen_services(&system.office, mapping, &unseen).await?;
        output::error_line(format_args!("{} new services, catalogue at revision {revision}", unseen.len()));
    }
    Ok(())
}

async fn run(
    system: &System,
    lines: Lines<'_>,
    rejects: &mut Rejects,
    stop: &CancellationToken,
) -> anyhow::Result<(Progress, Ended)> {
    let mut failed = None;
    let bar = ProgressBar::new_spinner()
        .with_style(ProgressStyle::with_template("{spinner} {elapsed_precise} {msg}")?);
    let done = import_lines(&system.office, &system.gate(), stop, lines, |progress, refused| {
        bar.set_message(summary(progress));
        bar.tick();
        failed = rejects.write(refused).err();
        failed.is_none()
    })
    .await?;
    bar.finish_and_clear();
    match failed {
        Some(error) => Err(error).context("writing the rejects file"),
        None => Ok(done),
    }
}

fn summary(progress: &Progress) -> String {
    let Progress { lines, opened, known, rejected } = progress;
    format!("{lines} lines: {opened} opened, {known} known already, {rejected} refused")
}

fn rejects_beside(file: &Path) -> PathBuf {
    let mut name = file.file_name().unwrap_or_default().to_owned();
    name.push(".rejects.csv");
    file.with_file_name(name)
}

/// The file of refused lines, made with the first of them. What an earlier import wrote stays: the next file is numbered.
struct Rejects {
    wanted: PathBuf,
    made: Option<(PathBuf, csv::Writer<File>)>,
}

impl Rejects {
    fn write(&mut self, rejects: &[Reject]) -> anyhow::Result<()> {
        if rejects.is_empty() {
            return Ok(());
        }
        if self.made.is_none() {
            let (path, file) = create_new(&self.wanted)?;
            let mut writer = csv::Writer::from_writer(file);
            writer.write_record(["line", "reason"])?;
            self.made = Some((path, writer));
        }
        let Some((_, writer)) = &mut self.made else { return Ok(()) };
        for reject in rejects {
            writer.write_record([&reject.line.to_string(), &reject.reason])?;
        }
        Ok(writer.flush()?)
    }
}

/// A file that was not there: of this name, or the first of `NAME.2.csv`, `NAME.3.csv` and so on.
fn create_new(wanted: &Path) -> anyhow::Result<(PathBuf, File)> {
    let numbered = (2..).map(|number| {
        let extension = wanted.extension().unwrap_or_default().to_string_lossy();
        wanted.with_extension(format!("{number}.{extension}").trim_end_matches('.'))
    });
    for path in std::iter::once(wanted.to_owned()).chain(numbered) {
        match File::create_new(&path) {
            Ok(file) => return Ok((path, file)),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error).with_context(|| format!("creating {}", path.display())),
        }
    }
    anyhow::bail!("no name is free beside {}", wanted.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refused_lines_stand_beside_the_file_and_a_second_import_keeps_those_of_the_first() {
        let folder = tempfile::tempdir().expect("a folder");
        let wanted = rejects_beside(&folder.path().join("richieste.csv"));
        assert_eq!(wanted, folder.path().join("richieste.csv.rejects.csv"));
        for (line, name) in [
            (2, "richieste.csv.rejects.csv"),
            (3, "richieste.csv.rejects.2.csv"),
            (4, "richieste.csv.rejects.3.csv"),
        ] {
            let mut rejects = Rejects { wanted: wanted.clone(), made: None };
            rejects.write(&[]).expect("nothing to write");
            rejects.write(&[Reject { line, reason: "perché".to_owned() }]).expect("written");
            let written = std::fs::read_to_string(folder.path().join(name)).expect("its own file");
            assert_eq!(written, format!("line,reason\n{line},perché\n"));
        }
    }
}
