//! Who may depend on whom: the house plan as a table. A dependency of a package's tests counts like any other between
//! packages of ours, and not at all for libraries, which a test may use without the package knowing them.

use super::tree::{Member, Tree};

struct Package {
    name: &'static str,
    may_use: &'static [&'static str],
    because: &'static str,
}

const PACKAGES: &[Package] = &[
    Package { name: "smista-domain", may_use: &[], because: "the office's rules rest on nothing of ours" },
    Package { name: "smista-queues", may_use: &[], because: "the queues know neither cases nor the store" },
    Package {
        name: "smista-messages",
        may_use: &["smista-domain", "smista-queues"],
        because: "a message is made of the domain's words, and the table of queues of the queues' types",
    },
    Package {
        name: "smista-store",
        may_use: &["smista-domain", "smista-queues"],
        because: "the port speaks of cases, and of waits and parked messages, never of an engine",
    },
    Package {
        name: "smista-store-postgres",
        may_use: &["smista-domain", "smista-queues", "smista-store"],
        because: "an engine implements the ports, and does not know the other engine",
    },
    Package {
        name: "smista-store-sqlite",
        may_use: &["smista-domain", "smista-queues", "smista-store"],
        because: "an engine implements the ports, and does not know the other engine",
    },
    Package {
        name: "smista-office",
        may_use: &["smista-domain", "smista-messages", "smista-queues", "smista-store"],
        because: "the application works on ports, not on engines or doors",
    },
    Package {
        name: "smista-handlers",
        may_use: &["smista-domain", "smista-messages", "smista-office", "smista-queues", "smista-store"],
        because: "a worker sees the application and the ports, not an engine or the door",
    },
    Package {
        name: "smista-intake",
        may_use: &["smista-domain", "smista-messages", "smista-office", "smista-queues", "smista-store"],
        because: "the door sees the application and the ports, not an engine or the workers",
    },
    Package {
        name: "smista-servers",
        may_use: &[],
        because: "a server is started without the product, which is tested on it",
    },
    Package {
        name: "smista",
        may_use: &[
            "smista-domain",
            "smista-handlers",
            "smista-intake",
            "smista-messages",
            "smista-office",
            "smista-queues",
            "smista-servers",
            "smista-store",
            "smista-store-postgres",
            "smista-store-sqlite",
        ],
        because: "the binary is the only place where all parts meet; the servers are for its tests",
    },
    Package {
        name: "smista-tests",
        may_use: &[
            "smista",
            "smista-domain",
            "smista-handlers",
            "smista-intake",
            "smista-messages",
            "smista-office",
            "smista-queues",
            "smista-servers",
            "smista-store",
            "smista-store-postgres",
            "smista-store-sqlite",
        ],
        because: "every story runs on both set-ups, and faults on servers of their own",
    },
    Package {
        name: "xtask",
        may_use: &["smista-servers"],
        because: "a chore must run while the product does not compile",
    },
];

/// What the domain must not know, for whatever it does is decided from values alone.
const IMPURE: &[&str] = &["tokio", "sqlx", "lapin", "axum", "serde_json", "rand", "tracing"];

/// Libraries that speak to a server, and the packages that may: elsewhere a port stands between.
const HOMES: &[(&str, &[&str])] = &[
    ("lapin", &["smista-queues", "smista-tests"]),
    ("sqlx", &["smista-store", "smista-store-postgres", "smista-store-sqlite", "smista-tests"]),
];

/// Other TLS providers than ring: two in one binary panic at start-up.
const OTHER_TLS: &[&str] = &["aws-lc-rs", "aws-lc-sys", "native-tls", "openssl", "openssl-sys"];

/// Reads the lock file, which holds whatever any package, feature or platform might bring in.
pub(crate) fn other_tls(lock_file: &str) -> Vec<String> {
    let locked = lock_file.lines().filter_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"'));
    let wrong = locked.filter(|name| OTHER_TLS.contains(name));
    wrong
        .map(|name| {
            format!("{name} is a second TLS provider: find with `cargo tree -i {name}` what brings it")
        })
        .collect()
}

pub(crate) fn not_allowed(members: &[Member]) -> Vec<String> {
    let ours = |name: &str| members.iter().any(|member| member.name == name);
    let mut complaints = Vec::new();
    for member in members {
        let Some(package) = PACKAGES.iter().find(|package| package.name == member.name) else {
            complaints.push(format!(
                "{} is a new package: say in {} what it may use, and why",
                member.name,
                file!()
            ));
            continue;
        };
        // A package may name itself, to switch one of its features on for its own tests.
        let wrong = member.dependencies.iter().filter(|used| ours(&used.name) && used.name != member.name);
        let wrong = wrong.filter(|used| !package.may_use.contains(&used.name.as_str()));
        complaints
            .extend(wrong.map(|used| format!("{} uses {}, but {}", member.name, used.name, package.because)));
    }
    complaints
}

pub(crate) fn not_at_home(members: &[Member]) -> Vec<String> {
    let mut complaints = Vec::new();
    for member in members {
        for used in member.dependencies.iter().filter(|used| !used.dev).map(|used| used.name.as_str()) {
            if member.name == "smista-domain" && IMPURE.contains(&used) {
                complaints.push(format!("{} uses {used}, but decides from values alone", member.name));
            }
            let home = HOMES.iter().find(|(library, _)| *library == used);
            if home.is_some_and(|(_, packages)| !packages.contains(&member.name.as_str())) {
                complaints.push(format!("{} uses {used}, which stands behind a port", member.name));
            }
        }
    }
    complaints
}

/// A package without these two lines would pass clippy by not being asked.
pub(crate) fn without_lints(tree: &Tree) -> Vec<String> {
    let manifests = tree.files().filter(|(path, _)| path.ends_with("/Cargo.toml"));
    let wrong = manifests.filter(|(_, text)| !text.contains("[lints]\nworkspace = true\n"));
    wrong.map(|(path, _)| format!("{path} does not take the workspace's lints")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::Dependency;

    fn member(name: &str, uses: &[(&str, bool)]) -> Member {
        let dependencies = uses.iter().map(|(name, dev)| Dependency { name: (*name).to_owned(), dev: *dev });
        Member { name: name.to_owned(), dependencies: dependencies.collect() }
    }

    #[test]
    fn an_edge_against_the_plan_is_refused_with_its_reason() {
        let members = [member("smista-queues", &[("smista-domain", false)]), member("smista-domain", &[])];
        let complaint = "smista-queues uses smista-domain, but the queues know neither cases nor the store";
        assert_eq!(not_allowed(&members), [complaint]);
    }

    #[test]
    fn an_edge_of_tests_counts_too() {
        let sqlite = member("smista-store-sqlite", &[("smista-store-postgres", true), ("proptest", true)]);
        assert_eq!(not_allowed(&[sqlite, member("smista-store-postgres", &[])]).len(), 1);
    }

    #[test]
    fn a_new_package_needs_a_row() {
        assert!(not_allowed(&[member("smista-couriers", &[])])[0].contains("is a new package"));
    }

    #[test]
    fn the_table_itself_has_no_circle() {
        let place = |name: &str| PACKAGES.iter().position(|package| package.name == name).expect("has a row");
        for package in PACKAGES {
            let later = package.may_use.iter().filter(|used| place(used) >= place(package.name));
            assert_eq!(later.count(), 0, "{} may use what comes after it in the table", package.name);
        }
    }

    #[test]
    fn the_domain_and_the_ports_keep_libraries_out() {
        let impure =
            [member("smista-domain", &[("serde_json", false), ("serde_json", true), ("chrono", false)])];
        assert_eq!(not_at_home(&impure).len(), 1);
        let homeless =
            [member("smista-handlers", &[("lapin", false)]), member("smista-queues", &[("sqlx", false)])];
        assert_eq!(not_at_home(&homeless).len(), 2);
        assert_eq!(not_at_home(&[member("smista-queues", &[("lapin", false)])]), Vec::<String>::new());
    }

    #[test]
    fn a_second_tls_provider_is_found_and_its_namesakes_are_not() {
        let lock_file = "[[package]]\nname = \"openssl-probe\"\n[[package]]\nname = \"native-tls\"\n";
        assert_eq!(other_tls(lock_file).len(), 1);
    }

    #[test]
    fn a_package_without_lints_is_found() {
        let tree = Tree::of(&[("Cargo.toml", "[workspace]\n"), ("queues/Cargo.toml", "[package]\n")]);
        assert_eq!(without_lints(&tree), ["queues/Cargo.toml does not take the workspace's lints"]);
        let tree = Tree::of(&[("queues/Cargo.toml", "[lints]\nworkspace = true\n\n[dependencies]\n")]);
        assert_eq!(without_lints(&tree), Vec::<String>::new());
    }
}
