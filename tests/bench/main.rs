//! The engine's benchmark: one job, in one run, on smista embedded, on smista scaled out, and on a floor that decides
//! nothing. Rates are for comparing within a run; machines differ.
//!
//! `cargo xtask bench` runs it; `--help` lists what can be chosen.

mod bare;
mod child;
mod engine;
mod floor;
mod job;
mod report;
mod shape;
mod usage;

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};

use child::{Job, Measured, Subject};
use report::Runs;

#[derive(Parser)]
#[command(about = "Measures the engine against a hand-tuned floor")]
struct Arguments {
    #[command(subcommand)]
    what: Option<What>,
    /// Repetitions, interleaved; the median counts.
    #[arg(long, default_value_t = 3)]
    repetitions: usize,
    /// Batch sizes.
    #[arg(long, value_delimiter = ',', default_values_t = [1, 64, 256])]
    batches: Vec<usize>,
    /// Cases in each run at batches of 64 and more; single messages are measured on an eighth of it.
    #[arg(long, default_value_t = 16_384)]
    cases: usize,
    /// Lanes for each queue.
    #[arg(long, default_value_t = 4)]
    lanes: usize,
    /// Which to measure.
    #[arg(long, value_delimiter = ',', default_values_t = SUBJECTS.map(|subject| subject.name().replace('_', "-")))]
    subjects: Vec<String>,
    /// Cargo passes it to every benchmark.
    #[arg(long, hide = true)]
    bench: bool,
}

#[derive(Subcommand)]
enum What {
    /// Measures one subject in this process, and answers with JSON.
    #[command(hide = true)]
    Measure {
        #[arg(long)]
        subject: Subject,
        #[command(flatten)]
        job: Job,
    },
}

const SUBJECTS: [Subject; 5] =
    [Subject::Embedded, Subject::Scaled, Subject::Floor, Subject::BarePublish, Subject::BareInsert];

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    match &arguments.what {
        Some(What::Measure { subject, job }) => {
            let measured = runtime.block_on(measure(*subject, *job))?;
            say(&serde_json::to_string(&measured)?);
            Ok(())
        }
        None => {
            runtime.block_on(shape::check())?;
            everything(&arguments)
        }
    }
}

async fn measure(subject: Subject, job: Job) -> Result<Measured> {
    match subject {
        Subject::Embedded => engine::embedded(job).await,
        Subject::Scaled => engine::scaled(job).await,
        Subject::Floor => floor::measure(job).await,
        Subject::BarePublish => bare::publish(job).await,
        Subject::BareInsert => bare::insert(job).await,
    }
}

/// All subjects at all batch sizes, one after another, as often as asked: what slows the machine for a while then slows
/// all of them.
fn everything(arguments: &Arguments) -> Result<()> {
    let subjects: Vec<Subject> = SUBJECTS
        .into_iter()
        .filter(|subject| arguments.subjects.contains(&subject.name().replace('_', "-")))
        .collect();
    let steps = arguments.repetitions * arguments.batches.len() * subjects.len();
    let bar = ProgressBar::new(steps as u64)
        .with_style(ProgressStyle::with_template("{bar:40} {pos}/{len} {msg}").context("a template")?);
    let mut runs = Runs::default();
    for _repetition in 0..arguments.repetitions {
        for batch in arguments.batches.iter().copied() {
            for subject in subjects.iter().copied() {
                bar.set_message(format!("{} at batches of {batch}", subject.name()));
                let cases = if batch == 1 { arguments.cases / 8 } else { arguments.cases };
                runs.add(
                    batch,
                    subject,
                    child::measure(subject, Job { cases, batch, lanes: arguments.lanes })?,
                );
                bar.inc(1);
            }
        }
    }
    bar.finish_and_clear();
    say(&runs.table());
    let file = target_folder().join("bench.json");
    std::fs::write(&file, serde_json::to_vec_pretty(&runs.json())?)?;
    say(&format!("written: {}", file.display()));
    Ok(())
}

/// The folder that cargo builds into.
fn target_folder() -> PathBuf {
    let named = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    named.unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../target"))
}

/// Where throw-away databases go that must lie on a real disk.
fn scratch_folder() -> PathBuf {
    target_folder()
}

#[expect(clippy::print_stdout, reason = "a benchmark tells people what it found")]
fn say(text: &str) {
    println!("{text}");
}
