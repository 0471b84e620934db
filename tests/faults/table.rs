//! The report: one row for each fault, over all of its runs.

use std::fmt;

use crate::audit::Findings;

#[derive(Default)]
pub(crate) struct Table {
    /// In the order of their first run.
    rows: Vec<(&'static str, Vec<Findings>)>,
}

impl Table {
    pub(crate) fn add(&mut self, fault: &'static str, findings: Findings) {
        match self.rows.iter_mut().find(|(name, _)| *name == fault) {
            Some((_, runs)) => runs.push(findings),
            None => self.rows.push((fault, vec![findings])),
        }
    }

    pub(crate) fn is_sound(&self) -> bool {
        self.rows.iter().flat_map(|(_, runs)| runs).all(Findings::is_sound)
    }
}

const HEADINGS: [&str; 7] =
    ["fault", "attempted", "acknowledged", "lost", "applied twice", "published twice", "recovered"];

impl fmt::Display for Table {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "| {} |", HEADINGS.join(" | "))?;
        writeln!(out, "| --- |{}", " ---: |".repeat(HEADINGS.len() - 1))?;
        for (fault, runs) in &self.rows {
            let sum = |figure: fn(&Findings) -> usize| runs.iter().map(figure).sum::<usize>();
            let recovered = runs.iter().filter(|run| run.recovered.is_some()).count();
            let figures = [
                sum(|run| run.attempted),
                sum(|run| run.acknowledged),
                sum(|run| run.lost),
                sum(|run| run.applied_twice),
                sum(|run| run.published_twice),
            ];
            let figures = figures.map(|figure| figure.to_string()).join(" | ");
            writeln!(out, "| {fault} | {figures} | {recovered} of {} |", runs.len())?;
        }
        for (fault, runs) in &self.rows {
            for wrong in runs.iter().flat_map(|run| &run.wrong) {
                writeln!(out, "{fault}: {wrong}")?;
            }
        }
        Ok(())
    }
}

/// One run, as it ends.
pub(crate) fn line(fault: &str, found: &Findings) -> String {
    let Findings { attempted, acknowledged, lost, applied_twice, published_twice, recovered, wrong } = found;
    let recovered = recovered.map_or("not".to_owned(), |after| format!("after {:.1} s", after.as_secs_f64()));
    format!(
        "{fault}: attempted {attempted}, acknowledged {acknowledged}, lost {lost}, applied twice {applied_twice}, \
         published twice {published_twice}, recovered {recovered}{}",
        wrong.iter().map(|wrong| format!("\n    {wrong}")).collect::<String>()
    )
}
