//! The engine's benchmark: one job, in one run, on smista embedded, on smista scaled out, and on a floor that decides
//! nothing. Rates are for comparing within a run; machines differ.
//!
//! `cargo xtask bench` runs it; `--help` lists what can be chosen.

mod age;
mod bare;
mod child;
mod door;
mod engine;
mod far;
mod floor;
mod job;
mod pace;
mod report;
mod second;
mod shape;
mod usage;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};

use child::{Job, Measured, Subject};
use report::Runs;
use smista::system::{Servers, System};

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
    /// Measure memory too, with a small and a large backlog: some minutes more.
    #[arg(long)]
    memory: bool,
    /// Compare an installation that has carried a million messages with a fresh one: a quarter of an hour more.
    #[arg(long)]
    age: bool,
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
    /// Journeys of so many cases until their workers have taken so many messages, and then on this installation and fresh
    /// ones in turn, in this process; answers with JSON.
    #[command(hide = true)]
    Age {
        #[arg(long)]
        subject: Subject,
        #[command(flatten)]
        job: Job,
        #[arg(long)]
        messages: u64,
    },
    /// Cases opened over HTTP by so many callers at once, in this process; answers with JSON. By none: without HTTP.
    #[command(hide = true)]
    Door {
        #[arg(long)]
        subject: Subject,
        #[command(flatten)]
        job: Job,
        #[arg(long)]
        callers: usize,
    },
    /// Cases through servers that are so far away, in this process; answers with JSON.
    #[command(hide = true)]
    Far {
        #[command(flatten)]
        job: Job,
        /// Each way.
        #[arg(long)]
        microseconds: u64,
    },
    /// A backlog of openings worked by so many processes; answers with JSON.
    #[command(hide = true)]
    Backlog {
        #[arg(long)]
        subject: Subject,
        #[command(flatten)]
        job: Job,
        #[arg(long)]
        processes: usize,
    },
    /// Another process on the queues of the first.
    #[command(hide = true)]
    Second {
        #[arg(long)]
        database_url: String,
        #[arg(long)]
        amqp_url: String,
        #[arg(long)]
        prefix: String,
        #[command(flatten)]
        job: Job,
    },
    /// How long a case takes at a steady rate, in this process; answers with JSON.
    #[command(hide = true)]
    Pace {
        #[arg(long)]
        subject: Subject,
        #[command(flatten)]
        job: Job,
        /// Cases a second.
        #[arg(long)]
        rate: u32,
    },
}

const SUBJECTS: [Subject; 6] = [
    Subject::Embedded,
    Subject::Scaled,
    Subject::Floor,
    Subject::SqliteFloor,
    Subject::BarePublish,
    Subject::BareInsert,
];

/// Cases a second at which it is measured how long one takes, how many of them, and the most taken together: who waits for
/// nobody is not to wait for a batch to fill.
const PACE: u32 = 100;
const PACED_CASES: usize = 1_000 + pace::WARM_UP;
const PACED_BATCH: usize = 64;

/// How far the servers are away, in microseconds each way, and how many times as many lanes work there. The first goes
/// through the same proxy and takes no time.
const FAR: [(u64, usize); 5] = [(0, 1), (1_000, 1), (1_000, 4), (20_000, 1), (20_000, 4)];
const FAR_CASES: usize = 4_096;
/// Batches there, and of several processes on the same queues.
const SHARED_BATCH: usize = 64;
/// Processes on the same queues, and the lanes of each: what a second process adds, beside as many lanes in one.
const SHARED: [(usize, usize); 5] = [(1, 1), (2, 1), (1, 2), (1, 4), (2, 4)];

/// Backlogs whose memory is compared.
const BACKLOGS: [usize; 2] = [10_000, 200_000];

/// What an aged installation has carried.
const AGE: u64 = 1_000_000;

/// Callers at once at the HTTP door; none: the same without HTTP.
const CALLERS: [usize; 4] = [0, 1, 16, 128];

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let Some(what) = arguments.what else {
        runtime.block_on(shape::check())?;
        return everything(&arguments);
    };
    runtime.block_on(async {
        match what {
            What::Measure { subject, job } => answer(measure(subject, job).await?),
            What::Age { subject, job, messages } => answer(age::measure(subject, job, messages).await?),
            What::Door { subject, callers, .. } => {
                let serve = async |system: &System| door::measure(system, callers).await;
                answer(engine::on(subject, serve).await?)
            }
            What::Far { job, microseconds } => {
                let away = Duration::from_micros(microseconds);
                answer(engine::far(away, async |system| engine::journey(system, job).await).await?)
            }
            What::Backlog { subject, job, processes } => {
                let work = async |system: &System, servers: Option<&Servers>| {
                    engine::backlog(
                        system,
                        job,
                        second::Second::start_all(processes - 1, servers, job).await?,
                    )
                    .await
                };
                answer(engine::on_servers(subject, work).await?)
            }
            What::Second { database_url, amqp_url, prefix, job } => {
                second::run(database_url, amqp_url, &prefix, job).await
            }
            What::Pace { subject: Subject::Floor, job, rate } => answer(floor::paced(job, rate).await?),
            What::Pace { subject, job, rate } => {
                answer(engine::on(subject, async |system| engine::paced(system, job, rate).await).await?)
            }
        }
    })
}

/// What a measured process says to the one that started it.
fn answer(measured: impl serde::Serialize) -> Result<()> {
    say(&serde_json::to_string(&measured)?);
    Ok(())
}

async fn measure(subject: Subject, job: Job) -> Result<Measured> {
    match subject {
        Subject::Embedded | Subject::Scaled => {
            engine::on(subject, async |system| engine::journey(system, job).await).await
        }
        Subject::Floor => floor::measure(job).await,
        Subject::SqliteFloor => floor::sqlite::measure(job).await,
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
    for subject in subjects.iter().copied().filter(|subject| subject.has_a_pace()) {
        bar.set_message(format!("{} at {PACE} cases/s", subject.name()));
        for _repetition in 0..arguments.repetitions {
            let job = Job { cases: PACED_CASES, batch: PACED_BATCH, lanes: arguments.lanes };
            runs.add_latency(subject, child::pace(subject, job, PACE)?);
        }
    }
    for subject in subjects.iter().copied().filter(|subject| subject.has_a_door()) {
        for callers in CALLERS {
            bar.set_message(format!("{}, {callers} callers", subject.name()));
            for _repetition in 0..arguments.repetitions {
                let job = Job { cases: 0, batch: 1, lanes: arguments.lanes };
                runs.add_served(subject, callers, child::door(subject, job, callers)?);
            }
        }
    }
    if subjects.contains(&Subject::Scaled) {
        for _repetition in 0..arguments.repetitions {
            for (microseconds, times) in FAR {
                bar.set_message(format!("{microseconds} µs away"));
                let job = Job { cases: FAR_CASES, batch: SHARED_BATCH, lanes: arguments.lanes * times };
                runs.add_far(microseconds, job.lanes, child::far(job, microseconds)?.cases_per_second());
            }
            for (processes, lanes) in SHARED {
                bar.set_message(format!("{processes} processes of {lanes} lanes"));
                let job = Job { cases: arguments.cases, batch: SHARED_BATCH, lanes };
                runs.add_shared(
                    processes,
                    lanes,
                    child::backlog(Subject::Scaled, job, processes)?.cases_per_s,
                );
            }
        }
    }
    if arguments.memory {
        for subject in subjects.iter().copied().filter(|subject| subject.has_a_door()) {
            for cases in BACKLOGS {
                bar.set_message(format!("{} with a backlog of {cases}", subject.name()));
                let job = Job { cases, batch: SHARED_BATCH, lanes: arguments.lanes };
                runs.add_memory(subject, cases, child::backlog(subject, job, 1)?.peak_rss_mib);
            }
        }
    }
    // What was measured before is told whatever becomes of this.
    let aged = if arguments.age { age(arguments, &subjects, &bar, &mut runs) } else { Ok(()) };
    bar.finish_and_clear();
    say(&runs.table());
    let file = target_folder().join("bench.json");
    std::fs::write(&file, serde_json::to_vec_pretty(&runs.json())?)?;
    say(&format!("written: {}", file.display()));
    aged
}

fn age(arguments: &Arguments, subjects: &[Subject], bar: &ProgressBar, runs: &mut Runs) -> Result<()> {
    for subject in subjects.iter().copied().filter(|subject| subject.has_a_door()) {
        bar.set_message(format!("{} after {AGE} messages", subject.name()));
        let job = Job { cases: arguments.cases, batch: SHARED_BATCH, lanes: arguments.lanes };
        runs.add_aged(subject, child::age(subject, job, AGE)?);
    }
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
