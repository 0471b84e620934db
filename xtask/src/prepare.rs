//! `cargo xtask prepare`: what the SQL macros must know to compile without a database, taken from two fresh ones.
//!
//! Each store crate is built alone, with the URL that its `sqlx.toml` names pointing at a database that its own
//! migrations made; while its macros expand, they write one file a query into the folder that `SQLX_OFFLINE_DIR` names.
//! One crate at a time, because both engines name the file of a shared query alike. Only the library is built: a test
//! that wants SQL of its own uses the functions of sqlx, not the macros.

mod scratch;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context as _, Result, bail};

use crate::{servers, tools};

struct StoreCrate {
    package: &'static str,
    /// Relative to the workspace.
    folder: &'static str,
    /// `[common] database-url-var` of the crate's `sqlx.toml`.
    url_variable: &'static str,
}

const POSTGRES: StoreCrate = StoreCrate {
    package: "smista-store-postgres",
    folder: "shared/store-postgres",
    url_variable: "SMISTA_PREPARE_POSTGRES_URL",
};

const SQLITE: StoreCrate = StoreCrate {
    package: "smista-store-sqlite",
    folder: "shared/store-sqlite",
    url_variable: "SMISTA_PREPARE_SQLITE_URL",
};

/// What one crate's macros wrote: file name and content.
type Queries = BTreeMap<String, Vec<u8>>;

/// Replaces both folders `.sqlx`, once both crates have compiled.
pub(crate) fn write() -> Result<()> {
    let (url, _server) = servers::find_or_start_postgres()?;
    for (store, queries) in capture_both(&tools::workspace_root(), &url)? {
        let folder = store.committed(&tools::workspace_root());
        replace(&folder, &queries).with_context(|| format!("cannot write {}", folder.display()))?;
        println!("{}/.sqlx: {} queries", store.folder, queries.len());
    }
    Ok(())
}

pub(crate) fn check() -> Result<()> {
    let (url, _server) = servers::find_or_start_postgres()?;
    check_on(&url)
}

/// Fails when what is committed differs from what fresh databases say.
pub(crate) fn check_on(postgres_url: &str) -> Result<()> {
    let mut differences = Vec::new();
    for (store, fresh) in capture_both(&tools::workspace_root(), postgres_url)? {
        let committed = read(&store.committed(&tools::workspace_root()))?;
        differences
            .extend(differing(&committed, &fresh).map(|file| format!("{}/.sqlx/{file}", store.folder)));
    }
    if !differences.is_empty() {
        bail!("out of date, run `cargo xtask prepare`: {}", differences.join(", "));
    }
    Ok(())
}

fn capture_both(workspace: &Path, postgres_url: &str) -> Result<[(StoreCrate, Queries); 2]> {
    let work = tools::target_dir().join("prepare");
    // Both folders of migrations are looked for first, so that neither is missed after minutes of compiling.
    let [for_postgres, for_sqlite] =
        [POSTGRES, SQLITE].map(|store| scratch::migrations(&workspace.join(store.folder)));
    let (for_postgres, for_sqlite) = (for_postgres?, for_sqlite?);
    let database = scratch::Postgres::create(postgres_url, &for_postgres)?;
    let on_postgres = capture(workspace, &POSTGRES, database.url(), &work)?;
    drop(database);
    let file = scratch::Sqlite::create(&work, &for_sqlite)?;
    let on_sqlite = capture(workspace, &SQLITE, &file.url(), &work)?;
    Ok([(POSTGRES, on_postgres), (SQLITE, on_sqlite)])
}

fn capture(workspace: &Path, store: &StoreCrate, url: &str, work: &Path) -> Result<Queries> {
    // The macros write into a folder, and do not create it.
    let folder = work.join(store.package);
    replace(&folder, &Queries::new())?;
    let library = workspace.join(store.folder).join("src/lib.rs");
    touch(&library).with_context(|| format!("cannot touch {}", library.display()))?;
    let mut check = tools::cargo();
    check.current_dir(workspace).args(["check", "--quiet", "--locked", "--lib", "-p", store.package]);
    check.env("SQLX_OFFLINE_DIR", &folder).env(store.url_variable, url).env_remove("SQLX_OFFLINE");
    tools::run(&mut check)?;
    let queries = read(&folder)?;
    if queries.is_empty() {
        bail!("building {} wrote no query: does its sqlx.toml name {}?", store.package, store.url_variable);
    }
    Ok(queries)
}

impl StoreCrate {
    fn committed(&self, workspace: &Path) -> PathBuf {
        workspace.join(self.folder).join(".sqlx")
    }
}

/// Makes cargo build the crate again, and so expand its macros, though nothing in it has changed.
fn touch(file: &Path) -> Result<()> {
    Ok(File::options().write(true).open(file)?.set_modified(now())?)
}

#[expect(
    clippy::disallowed_methods,
    reason = "the time of a file, for cargo to compare; no rule of ours reads it"
)]
fn now() -> SystemTime {
    SystemTime::now()
}

/// What a folder holds; one that is missing holds nothing.
fn read(folder: &Path) -> Result<Queries> {
    let mut queries = Queries::new();
    if !folder.exists() {
        return Ok(queries);
    }
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        queries.insert(entry.file_name().to_string_lossy().into_owned(), fs::read(entry.path())?);
    }
    Ok(queries)
}

fn replace(folder: &Path, queries: &Queries) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir_all(folder)?;
    for (name, content) in queries {
        fs::write(folder.join(name), content)?;
    }
    Ok(())
}

fn differing<'a>(committed: &'a Queries, fresh: &'a Queries) -> impl Iterator<Item = &'a String> {
    let names: std::collections::BTreeSet<&String> = committed.keys().chain(fresh.keys()).collect();
    names.into_iter().filter(|name| committed.get(*name) != fresh.get(*name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queries(of: &[(&str, &str)]) -> Queries {
        of.iter().map(|(name, content)| ((*name).to_owned(), content.as_bytes().to_vec())).collect()
    }

    #[test]
    fn a_changed_a_missing_and_a_superfluous_file_differ() {
        let committed = queries(&[("same", "1"), ("changed", "1"), ("superfluous", "1")]);
        let fresh = queries(&[("same", "1"), ("changed", "2"), ("missing", "1")]);
        assert_eq!(differing(&committed, &fresh).collect::<Vec<_>>(), ["changed", "missing", "superfluous"]);
    }
}
