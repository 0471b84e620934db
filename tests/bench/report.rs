//! Medians of several runs, as a table for people and as JSON for whoever compares.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use crate::age::Aged;
use crate::child::{Measured, Subject};
use crate::door::Served;
use crate::pace::Latency;

/// Every run of every subject, by batch size.
#[derive(Default)]
pub(crate) struct Runs {
    runs: BTreeMap<(usize, Subject), Vec<Measured>>,
    latencies: BTreeMap<Subject, Vec<Latency>>,
    /// By subject and callers at once.
    served: BTreeMap<(Subject, usize), Vec<Served>>,
    /// Cases a second by how far the servers are, in microseconds, and how many lanes work.
    far: BTreeMap<(u64, usize), Vec<f64>>,
    /// Openings a second by processes on the same queues and the lanes of each.
    shared: BTreeMap<(usize, usize), Vec<f64>>,
    /// Peak memory in MiB by the backlog.
    memory: BTreeMap<(Subject, usize), f64>,
    aged: BTreeMap<Subject, Aged>,
}

impl Runs {
    pub(crate) fn add(&mut self, batch: usize, subject: Subject, measured: Measured) {
        self.runs.entry((batch, subject)).or_default().push(measured);
    }

    pub(crate) fn add_latency(&mut self, subject: Subject, latency: Latency) {
        self.latencies.entry(subject).or_default().push(latency);
    }

    pub(crate) fn add_served(&mut self, subject: Subject, callers: usize, served: Served) {
        self.served.entry((subject, callers)).or_default().push(served);
    }

    pub(crate) fn add_far(&mut self, microseconds: u64, lanes: usize, cases_per_s: f64) {
        self.far.entry((microseconds, lanes)).or_default().push(cases_per_s);
    }

    pub(crate) fn add_shared(&mut self, processes: usize, lanes: usize, cases_per_s: f64) {
        self.shared.entry((processes, lanes)).or_default().push(cases_per_s);
    }

    pub(crate) fn add_memory(&mut self, subject: Subject, backlog: usize, peak_rss_mib: f64) {
        self.memory.insert((subject, backlog), peak_rss_mib);
    }

    pub(crate) fn add_aged(&mut self, subject: Subject, aged: Aged) {
        self.aged.insert(subject, aged);
    }

    /// What stands beside the batches, each with where it stands in the JSON: subject, figure, and what it is by.
    fn besides(&self) -> Vec<([String; 3], f64)> {
        let place =
            |subject: Subject, figure: &str, by: String| [subject.name().to_owned(), figure.to_owned(), by];
        let rate = |runs: &Vec<f64>| middle(runs, |rate| *rate).unwrap_or(f64::NAN);
        let far = self.far.iter().map(|((away, lanes), runs)| {
            let by = format!("{away} us, {lanes} lanes");
            (place(Subject::Scaled, "cases_per_s_by_distance", by), rate(runs))
        });
        let shared = self.shared.iter().map(|((processes, lanes), runs)| {
            let by = format!("{processes} of {lanes} lanes");
            (place(Subject::Scaled, "cases_opened_per_s_by_processes", by), rate(runs))
        });
        let memory = self.memory.iter().map(|((subject, backlog), mib)| {
            (place(*subject, "peak_rss_mb_by_backlog", backlog.to_string()), *mib)
        });
        let aged = self.aged.iter().flat_map(|(subject, aged)| {
            [("fresh", &aged.fresh), ("aged", &aged.aged)]
                .map(|(age, runs)| (place(*subject, "cases_per_s_by_age", age.to_owned()), rate(runs)))
        });
        let bytes = self.aged.iter().flat_map(|(subject, aged)| {
            let [before, after] = aged.bytes.map(|bytes| bytes as f64 / (1 << 20) as f64);
            [("before the purge", before), ("after it and more cases", after)]
                .map(|(when, mib)| (place(*subject, "inbox_mb", when.to_owned()), mib))
        });
        far.chain(shared).chain(memory).chain(aged).chain(bytes).collect()
    }

    fn latency(&self, subject: Subject) -> Option<Latency> {
        let runs = self.latencies.get(&subject)?;
        Some(Latency { p50: middle(runs, |run| run.p50)?, p99: middle(runs, |run| run.p99)? })
    }

    fn served(&self, subject: Subject, callers: usize) -> Option<Served> {
        let runs = self.served.get(&(subject, callers))?;
        Some(Served { cases_per_s: middle(runs, |run| run.cases_per_s)?, p50: middle(runs, |run| run.p50)? })
    }

    fn median(&self, batch: usize, subject: Subject, figure: impl Fn(&Measured) -> f64) -> Option<f64> {
        middle(self.runs.get(&(batch, subject))?, figure)
    }

    fn batches(&self) -> Vec<usize> {
        let mut batches: Vec<usize> = self.runs.keys().map(|(batch, _)| *batch).collect();
        batches.dedup();
        batches
    }

    /// Its rate over that of another at the same batch size.
    fn ratio(&self, batch: usize, subject: Subject, to: Subject) -> Option<f64> {
        let rate = |subject| self.median(batch, subject, Measured::cases_per_second);
        Some(rate(subject)? / rate(to)?)
    }

    /// The floor's time over that of the slower bare loop: how honest a floor it is.
    fn floor_over_bare(&self, batch: usize) -> Option<f64> {
        let seconds =
            |subject| self.median(batch, subject, |measured| measured.seconds() / measured.cases as f64);
        Some(seconds(Subject::Floor)? / seconds(Subject::BarePublish)?.max(seconds(Subject::BareInsert)?))
    }

    pub(crate) fn table(&self) -> String {
        let mut table = String::new();
        for batch in self.batches() {
            _ = writeln!(table, "\nbatches of {batch}");
            for ((_, subject), measured) in
                self.runs.range((batch, Subject::Embedded)..=(batch, Subject::BareInsert))
            {
                let figure =
                    |figure: fn(&Measured) -> f64| self.median(batch, *subject, figure).unwrap_or_default();
                let rate = figure(Measured::cases_per_second);
                _ = writeln!(
                    table,
                    "  {:<14} {rate:>8.0} cases/s {:>9.0} messages/s {:>7.3} CPU s per 1,000 {:>6.0} MiB   ({} runs)",
                    subject.name(),
                    figure(|measured| measured.messages as f64 / measured.seconds()),
                    figure(Measured::cpu_seconds_per_1000),
                    figure(|measured| measured.peak_rss_mib),
                    measured.len(),
                );
                if let Some(last) = measured.last() {
                    for (phase, seconds) in &last.phases {
                        _ = writeln!(table, "      {phase:<20} {:>8.0} cases/s", last.cases as f64 / seconds);
                    }
                }
            }
            if let Some(ratio) = self.ratio(batch, Subject::Scaled, Subject::Floor) {
                _ = writeln!(table, "  scaled / floor: {ratio:.3}");
            }
            if let Some(ratio) = self.ratio(batch, Subject::Embedded, Subject::SqliteFloor) {
                _ = writeln!(table, "  embedded / floor on SQLite: {ratio:.3}");
            }
            if let Some(over) = self.floor_over_bare(batch) {
                _ = writeln!(table, "  floor's time / slower bare loop's: {over:.2}");
            }
        }
        for subject in self.latencies.keys() {
            if let Some(Latency { p50, p99 }) = self.latency(*subject) {
                let name = subject.name();
                _ = writeln!(table, "\n{name} at 100 cases/s: p50 {p50:.1} ms, p99 {p99:.1} ms");
            }
        }
        let besides = self.besides();
        for (place, value) in &besides {
            let first = besides.iter().find(|(other, _)| other[..2] == place[..2]);
            let over = value / first.map_or(f64::NAN, |(_, first)| *first);
            _ = writeln!(table, "{}: {value:.0} ({over:.2} of the first)", place.join(" "));
        }
        for (subject, callers) in self.served.keys() {
            if let Some(Served { cases_per_s, p50 }) = self.served(*subject, *callers) {
                let name = subject.name();
                _ = writeln!(
                    table,
                    "{name}, {callers} HTTP callers: {cases_per_s:.0} cases/s, p50 {p50:.2} ms"
                );
            }
        }
        table
    }

    /// The figures of the largest batch stand at the top; all of them under `batches`.
    pub(crate) fn json(&self) -> Value {
        let mut batches = Map::new();
        for batch in self.batches() {
            batches.insert(batch.to_string(), self.of_batch(batch));
        }
        let mut all = match self.batches().last() {
            Some(largest) => self.of_batch(*largest),
            None => json!({}),
        };
        all["batches"] = Value::Object(batches);
        for ([subject, figure, by], value) in self.besides() {
            all[subject][figure][by] = json!(value);
        }
        for (subject, aged) in &self.aged {
            all[subject.name()]["age"] = json!(aged);
        }
        all
    }

    fn of_batch(&self, batch: usize) -> Value {
        let mut figures = Map::new();
        for (_, subject) in self.runs.keys().filter(|(of, _)| *of == batch) {
            let mut of_subject = json!({
                "cases_per_s": self.median(batch, *subject, Measured::cases_per_second),
                "messages_per_s": self.median(batch, *subject, |measured| measured.messages as f64 / measured.seconds()),
                "cpu_s_per_1000": self.median(batch, *subject, Measured::cpu_seconds_per_1000),
                "peak_rss_mb": self.median(batch, *subject, |measured| measured.peak_rss_mib),
            });
            if *subject == Subject::Embedded {
                of_subject["ratio_to_floor"] =
                    json!(self.ratio(batch, Subject::Embedded, Subject::SqliteFloor));
            }
            if *subject == Subject::Scaled {
                of_subject["ratio_to_floor"] = json!(self.ratio(batch, Subject::Scaled, Subject::Floor));
            }
            if *subject == Subject::Floor {
                of_subject["time_over_bare"] = json!(self.floor_over_bare(batch));
            }
            if let Some(latency) = self.latency(*subject) {
                of_subject["latency_ms"] = json!(latency);
            }
            for (_, callers) in self.served.keys().filter(|(of, _)| of == subject) {
                of_subject["http"][callers.to_string()] = json!(self.served(*subject, *callers));
            }
            figures.insert(subject.name().to_owned(), of_subject);
        }
        Value::Object(figures)
    }
}

/// The median of a figure of several runs.
fn middle<T>(runs: &[T], figure: impl Fn(&T) -> f64) -> Option<f64> {
    let mut figures: Vec<f64> = runs.iter().map(figure).collect();
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied()
}
