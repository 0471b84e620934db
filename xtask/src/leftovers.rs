//! What test runs may leave behind: databases, queues, exchanges and files named as ours. Knows the names' prefixes;
//! must not remove anything, since what it finds may belong to a run that is still going on.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use smista_servers::address::Address;

use crate::servers::Servers;
use crate::tools;

/// Databases of the tests and of `cargo xtask prepare`; `_` is a wildcard of LIKE, hence the escape.
const DATABASES: &str = r"select datname from pg_database where datname like 'smista\_test\_%' or datname like 'smista\_prepare\_%'";
/// Queues, exchanges and files.
const PREFIX: &str = "smista-test-";
/// The folders of databases that were to be gone with their test.
const SCRATCH_PREFIX: &str = "smista-scratch-";
/// Where Linux keeps files in memory.
const IN_MEMORY: &str = "/dev/shm";

pub(crate) struct Leftovers {
    /// One line for each thing found, as it is shown to a person.
    found: BTreeSet<String>,
    broker_told: bool,
}

impl Leftovers {
    pub(crate) fn standing(servers: &Servers) -> Result<Self> {
        let mut found = BTreeSet::new();
        let databases = databases(&servers.postgres_url).context("cannot list the databases")?;
        found.extend(databases.iter().map(|name| format!("database {name}")));
        let mut broker_told = true;
        for kind in ["queue", "exchange"] {
            match on_broker(servers, kind)
                .with_context(|| format!("cannot list each {kind} of the broker"))?
            {
                Ok(names) => found.extend(ours(&names).map(|name| format!("{kind} {name}"))),
                Err(NotTold(why)) => {
                    println!("not checked: what is left of each {kind}, since {why}");
                    broker_told = false;
                }
            }
        }
        found.extend(files()?.into_iter().map(|name| format!("file {name}")));
        Ok(Self { found, broker_told })
    }

    /// Fails when something stands that did not before. What an earlier run left is shown, not held against this one. A
    /// broker that told its names before must tell them again.
    pub(crate) fn none_since(&self, before: &Self) -> Result<()> {
        if before.broker_told && !self.broker_told {
            bail!("the broker no longer tells which queues and exchanges it has");
        }
        for old in self.found.intersection(&before.found) {
            println!("left by an earlier run: {old}");
        }
        let new: Vec<&str> = self.found.difference(&before.found).map(String::as_str).collect();
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

/// Why a broker that we found, and did not start, keeps its names to itself.
struct NotTold(String);

/// The broker's own tool lists them: AMQP cannot. It reaches a node of this machine, not one behind a URL elsewhere nor one
/// in a container, and a system's node only as its own account. A private node must tell.
fn on_broker(servers: &Servers, kind: &str) -> Result<Result<String, NotTold>> {
    let address = Address::of(&servers.amqp_url)?;
    if !address.is_loopback() {
        return Ok(Err(NotTold(format!("rabbitmqctl reaches only this machine, not {}", address.host))));
    }
    let mut rabbitmqctl = match servers.private_rabbitmqctl() {
        Some(private) => private?,
        None => match tools::find("rabbitmqctl", &[]) {
            Some(program) => Command::new(program),
            None => return Ok(Err(NotTold("rabbitmqctl is not on the PATH".to_owned()))),
        },
    };
    rabbitmqctl.args(["-q", &format!("list_{kind}s"), "--no-table-headers", "-p", address.vhost(), "name"]);
    match tools::read(&mut rabbitmqctl) {
        Ok(names) => Ok(Ok(names)),
        Err(error) if servers.private_rabbitmqctl().is_some() => Err(error),
        Err(error) => Ok(Err(NotTold(format!("rabbitmqctl does not reach the broker: {error:#}")))),
    }
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
        Leftovers { found: names.iter().map(|name| (*name).to_owned()).collect(), broker_told: true }
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

    #[test]
    fn a_broker_that_told_nothing_before_may_go_on_so_but_one_that_did_may_not() {
        let silent = || Leftovers { broker_told: false, ..leftovers(&[]) };
        silent().none_since(&silent()).unwrap();
        assert!(silent().none_since(&leftovers(&[])).is_err());
    }
}
