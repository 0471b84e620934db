//! What one case leaves behind on its journey: rows by table, messages by type, and about how many bytes each.
//!
//! The floor writes and publishes by this table, so it must be what smista does: [`check`] sends a few cases through the
//! real engine and compares. A change of the engine that makes it false fails the benchmark, not its ratio.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Result, bail};
use smista::system::{Database, System};
use smista_queues::Topology;
use smista_tests::Ears;
use smista_tests::ears::{ears, fact};

use crate::child::Job;
use crate::engine;

/// A part of the journey as the floor does it: one message in, rows, messages out.
pub(crate) struct Step {
    pub(crate) queue: &'static str,
    pub(crate) opens: bool,
    /// The state that the case has after it, if it changes it.
    pub(crate) stato: Option<&'static str>,
    pub(crate) gruppo: Option<&'static str>,
    pub(crate) papers: usize,
    pub(crate) rejects: bool,
    pub(crate) triages: bool,
    pub(crate) facts: &'static [&'static str],
}

impl Step {
    /// Rows inserted or changed for one case.
    pub(crate) fn rows(&self) -> usize {
        let flags = [self.opens || self.stato.is_some(), self.stato.is_some(), self.rejects, self.triages];
        1 + self.papers + self.facts.len() + flags.into_iter().filter(|flag| *flag).count()
    }
}

const STEP: Step = Step {
    queue: "intake",
    opens: false,
    stato: Some("assegnato"),
    gruppo: None,
    papers: 0,
    rejects: false,
    triages: false,
    facts: &[],
};

pub(crate) const OPEN: Step =
    Step { opens: true, papers: 2, facts: &["case.opened", "case.assigned", "case.state_changed"], ..STEP };
pub(crate) const ROUTE: Step =
    Step { queue: "assignment", gruppo: Some("firenze-tributi"), facts: &["case.routed"], ..STEP };
pub(crate) const REJECT: Step = Step {
    stato: Some("rigettato"),
    papers: 1,
    rejects: true,
    facts: &["case.accepted", "case.rejected", "case.state_changed"],
    ..STEP
};
pub(crate) const TRIAGE: Step = Step { queue: "rejections", stato: None, triages: true, ..STEP };
pub(crate) const REASSIGN: Step = Step {
    gruppo: Some("firenze-anagrafe"),
    facts: &["case.accepted", "case.reassigned", "case.state_changed"],
    ..STEP
};

pub(crate) const STEPS: [&Step; 5] = [&OPEN, &ROUTE, &REJECT, &TRIAGE, &REASSIGN];

/// Messages taken and messages published for one case.
pub(crate) const MESSAGES_A_CASE: u64 = {
    let (mut messages, mut step) = (0, 0);
    while step < STEPS.len() {
        messages += 1 + STEPS[step].facts.len() as u64;
        step += 1;
    }
    messages
};

/// Bytes of what is written, on average.
pub(crate) const CASE_BYTES: usize = 570;
pub(crate) const HISTORY_BYTES: usize = 250;
pub(crate) const PAPER_BYTES: usize = 100;
pub(crate) const FINDINGS_BYTES: usize = 400;
pub(crate) const FACT_BYTES: usize = 690;

/// How far the bytes above may be from what the engine writes.
const TOLERANCE: f64 = 0.15;

/// Who listens to everything that is published.
const TAP: Topology = Topology {
    queues: &[ears(
        "banco",
        &[
            fact("case.opened"),
            fact("case.assigned"),
            fact("case.routed"),
            fact("case.accepted"),
            fact("case.rejected"),
            fact("case.reassigned"),
            fact("case.state_changed"),
            fact("gap.raised"),
            fact("command.refused"),
        ],
    )],
};

/// Cases sent through to see what they leave.
const SAMPLE: usize = 50;

/// Compares the table above with what the engine does.
pub(crate) async fn check() -> Result<()> {
    let (system, database) = engine::scaled().await?;
    let servers = database.servers();
    let tap = Ears::open(servers.amqp_url, servers.queue_prefix, &TAP).await?;
    engine::journey(&system, Job { cases: SAMPLE, batch: 10, lanes: 2 }).await?;
    let seen = [rows(&system).await?, messages(&tap.bodies().await?)?].concat();
    tap.close().await?;
    system.delete_queues().await?;
    system.close().await;
    compare(&seen)
}

/// Something counted, and its mean bytes where they matter.
type Seen = (String, u64, Option<f64>);

async fn rows(system: &System) -> Result<Vec<Seen>> {
    let Database::Postgres(store) = system.database() else { bail!("the shape is that of PostgreSQL") };
    let mut seen = Vec::new();
    for (table, column) in [
        ("caso", Some("dettaglio::text")),
        ("caso_storia", Some("facts::text")),
        ("revisione", Some("contenuto::text")),
        ("rigetto", None),
        ("triage", Some("findings::text")),
        ("inbox", None),
        ("esigenza", None),
        ("outbox", None),
    ] {
        let length =
            column.map_or("null".to_owned(), |column| format!("avg(octet_length({column}))::float8"));
        let sql = format!("select count(*), {length} from {table}");
        let row: (i64, Option<f64>) =
            sqlx::query_as(sqlx::AssertSqlSafe(sql)).fetch_one(store.pool()).await?;
        seen.push((table.to_owned(), row.0.unsigned_abs(), row.1));
    }
    Ok(seen)
}

fn messages(bodies: &[Arc<[u8]>]) -> Result<Vec<Seen>> {
    let mut by_type = BTreeMap::<String, (u64, usize)>::new();
    for body in bodies {
        let fact: serde_json::Value = serde_json::from_slice(body)?;
        let counted = by_type.entry(fact["type"].as_str().unwrap_or_default().to_owned()).or_default();
        counted.0 += 1;
        counted.1 += body.len();
    }
    let bytes: usize = by_type.values().map(|(_, bytes)| bytes).sum();
    let count: u64 = by_type.values().map(|(count, _)| count).sum();
    let all = ("every message".to_owned(), count, Some(bytes as f64 / count as f64));
    Ok(by_type.into_iter().map(|(kind, (count, _))| (kind, count, None)).chain([all]).collect())
}

/// The rows and messages that the steps say, for one case.
fn expected() -> BTreeMap<String, (u64, Option<usize>)> {
    let mut expected = BTreeMap::new();
    let mut add = |name: &str, count: u64, bytes: Option<usize>| {
        let entry: &mut (u64, Option<usize>) = expected.entry(name.to_owned()).or_insert((0, bytes));
        entry.0 += count;
    };
    add("outbox", 0, None);
    add("esigenza", 0, None);
    for step in STEPS {
        add("inbox", 1, None);
        add("caso", u64::from(step.opens), Some(CASE_BYTES));
        add("caso_storia", u64::from(step.stato.is_some()), Some(HISTORY_BYTES));
        add("revisione", step.papers as u64, Some(PAPER_BYTES));
        add("rigetto", u64::from(step.rejects), None);
        add("triage", u64::from(step.triages), Some(FINDINGS_BYTES));
        for fact in step.facts {
            add(fact, 1, None);
            add("every message", 1, Some(FACT_BYTES));
        }
    }
    expected
}

fn compare(seen: &[Seen]) -> Result<()> {
    let mut expected = expected();
    let mut wrong = Vec::new();
    for (name, count, bytes) in seen {
        let (wanted, wanted_bytes) = expected.remove(name).unwrap_or_default();
        if *count != wanted * SAMPLE as u64 {
            wrong.push(format!("{name}: {count} for {SAMPLE} cases, the floor makes {wanted} for each"));
        }
        if let (Some(bytes), Some(wanted)) = (bytes, wanted_bytes)
            && (bytes / wanted as f64 - 1.0).abs() > TOLERANCE
        {
            wrong.push(format!("{name}: {bytes:.0} bytes on average, the floor writes {wanted}"));
        }
    }
    wrong.extend(
        expected.into_iter().filter(|(_, (count, _))| *count > 0).map(|(name, _)| format!("{name}: none")),
    );
    if wrong.is_empty() {
        return Ok(());
    }
    bail!("the floor does not do what the engine does; mend bench/shape.rs:\n  {}", wrong.join("\n  "))
}
