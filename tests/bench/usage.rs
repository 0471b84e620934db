//! What a process used, as Linux counts it.

use anyhow::{Context, Result};

/// Clock ticks a second, as `/proc` counts on Linux.
const TICKS_PER_SECOND: f64 = 100.0;

/// CPU seconds of this process so far, user and system.
pub(crate) fn cpu_seconds() -> Result<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").context("this benchmark needs Linux's /proc")?;
    // The name, in parentheses, may hold spaces: fields are counted from behind it.
    let (_, fields) = stat.rsplit_once(')').context("/proc/self/stat without a name")?;
    let fields: Vec<&str> = fields.split_whitespace().collect();
    let ticks = |index: usize| -> Result<f64> { Ok(fields.get(index).context("a field")?.parse::<f64>()?) };
    // Fields 14 and 15 of proc(5), of which the first two stand before the parenthesis.
    Ok((ticks(11)? + ticks(12)?) / TICKS_PER_SECOND)
}

/// The most memory that this process ever held, in MiB.
pub(crate) fn peak_rss_mib() -> Result<f64> {
    let status =
        std::fs::read_to_string("/proc/self/status").context("this benchmark needs Linux's /proc")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("VmHWM")?;
    let kib: f64 = line.split_whitespace().next().context("a number")?.parse()?;
    Ok(kib / 1024.0)
}
