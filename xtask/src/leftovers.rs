//! What test runs may leave behind: databases, queues, exchanges and files named as ours. Knows the names' prefixes;
//! must not remove anything, since what it finds may belong to a run that is still going on.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::servers::Servers;
use crate::servers::address::Address;
use crate::tools;

/// Databases of the tests and of `cargo xtask prepare`; `_` is a wildcard of LIKE, hence the escape.
const DATABASES: &str = r"select datname from pg_database where datname like 'smista\_test\_%' or datname like 'smista\_prepare\_%'";
/// Queues, exchanges and files.
const PREFIX: &str = "smista-test-";
/// The folders of databases that were to be gone with their test.
const SCRATCH_PREFIX: &str = "smista-scratch-";
/// Where Linux keeps files in memory.
const IN_MEMORY: &str = "/dev/shm";

/// One line for each thing found, as it is shown to a person.
pub(crate) struct Leftovers(BTreeSet<String>);

impl Leftovers {
    pub(crate) fn standing(servers: &Servers) -> Result<Self> {
        let mut found = BTreeSet::new();
        let databases = databases(&servers.postgres_url).context("cannot list the databases")?;
        found.extend(databases.iter().map(|name| format!("database {name}")));
        for kind in ["queue", "exchange"] {
            let names =
                on_broker(servers, kind).with_context(|| format!("cannot list each {kind} of the broker"))?;
            found.extend(ours(&names).map(|name| format!("{kind} {name}")));
        }
        found.extend(files()?.into_iter().map(|name| format!("file {name}")));
        Ok(Self(found))
    }

    /// Fails when something stands that did not before. What an earlier run left is shown, not held against this one.
    pub(crate) fn none_since(&self, before: &Self) -> Result<()> {
        for old in self.0.intersection(&before.0) {
            println!("left by an earlier run: {old}");
        }
        let new: Vec<&str> = self.0.difference(&before.0).map(String::as_str).collect();
        if !new.is_empty() {
            bail!("this run left behind: {}", new.join(", "));
        }
        Ok(())
    }
}

fn databases(url: &str) -> Result<Vec<String>> {
    let psql = tools::require("psql", "postgresql-client")?;
    let listed = tools::read(Command::new(psql).args(["-X", "-A", "-t", "-c", DATABASES, "-d", url]))?;
    Ok(listed.lines().map(str::to_owned).collect())
}

/// The broker's own tool lists them: AMQP cannot. It reaches a node of this machine, not one behind a URL elsewhere.
fn on_broker(servers: &Servers, kind: &str) -> Result<String> {
    let address = Address::of(&servers.amqp_url)?;
    if !address.is_loopback() {
        println!("not checked: each {kind} at {}, since rabbitmqctl reaches only this machine", address.host);
        return Ok(String::new());
    }
    let mut command = servers.rabbitmqctl()?;
    command.args(["-q", &format!("list_{kind}s"), "--no-table-headers", "-p", address.vhost(), "name"]);
    tools::read(&mut command)
}

fn ours(names: &str) -> impl Iterator<Item = &str> {
    names.lines().map(str::trim).filter(|name| name.starts_with(PREFIX))
}

fn files() -> Result<Vec<String>> {
    let mut found = Vec::new();
    for folder in [std::env::temp_dir(), PathBuf::from(IN_MEMORY)] {
        if !folder.is_dir() {
            continue;
        }
        for entry in
            std::fs::read_dir(&folder).with_context(|| format!("cannot list {}", folder.display()))?
        {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if [PREFIX, SCRATCH_PREFIX].iter().any(|prefix| name.starts_with(prefix)) {
                found.push(entry.path().display().to_string());
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leftovers(names: &[&str]) -> Leftovers {
        Leftovers(names.iter().map(|name| (*name).to_owned()).collect())
    }

    #[test]
    fn only_what_is_named_as_ours_counts() {
        let listed = "amq.topic\nsmista-test-17.intake\nsmista.facts\n  smista-test-18.dead \n";
        assert_eq!(ours(listed).collect::<Vec<_>>(), ["smista-test-17.intake", "smista-test-18.dead"]);
    }

    #[test]
    fn what_an_earlier_run_left_is_not_held_against_this_one() {
        let before = leftovers(&["database smista_test_1"]);
        leftovers(&["database smista_test_1"]).none_since(&before).unwrap();
        leftovers(&[]).none_since(&before).unwrap();
    }

    #[test]
    fn what_this_run_left_fails_it_by_name() {
        let before = leftovers(&["database smista_test_1"]);
        let after = leftovers(&["database smista_test_1", "queue smista-test-2.intake"]);
        let complaint = after.none_since(&before).unwrap_err().to_string();
        assert!(complaint.contains("queue smista-test-2.intake"), "{complaint}");
        assert!(!complaint.contains("smista_test_1"), "{complaint}");
    }
}
