//! `cargo xtask prepare`: what the SQL macros must know to compile without a database, taken from two fresh ones.
//!
//! Both store crates are built with the URLs that their `sqlx.toml` name pointing at databases that their own
//! migrations made; while the macros expand, they write one file a query into the folder that `SQLX_OFFLINE_DIR` names.
//! Both engines name the file of a shared query alike, hence each crate's build script names a folder of its own below
//! [`FOLDER_VARIABLE`]. The whole workspace is built, because a store crate alone would have its dependencies compiled
//! once more with other features.

mod scratch;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use anyhow::{Context as _, Result, bail};

use crate::{servers, tools};

/// Read by the build script of each store crate.
const FOLDER_VARIABLE: &str = "SMISTA_PREPARE_DIR";

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

/// Replaces both folders `.sqlx`, once the workspace has compiled.
pub(crate) fn write() -> Result<()> {
    let (url, _server) = servers::find_or_start_postgres()?;
    for (store, queries) in capture_both(&tools::workspace_root(), &url, &mut check_workspace())? {
        let folder = store.committed(&tools::workspace_root());
        replace(&folder, &queries).with_context(|| format!("cannot write {}", folder.display()))?;
        println!("{}/.sqlx: {} queries", store.folder, queries.len());
    }
    Ok(())
}

pub(crate) fn check() -> Result<()> {
    let (url, _server) = servers::find_or_start_postgres()?;
    check_while(&url, &mut check_workspace())
}

/// Runs a build that compiles both store crates; fails when it does, or when what is committed differs from what fresh
/// databases say to it.
pub(crate) fn check_while(postgres_url: &str, build: &mut Command) -> Result<()> {
    let mut differences = Vec::new();
    for (store, fresh) in capture_both(&tools::workspace_root(), postgres_url, build)? {
        let committed = read(&store.committed(&tools::workspace_root()))?;
        differences
            .extend(differing(&committed, &fresh).map(|file| format!("{}/.sqlx/{file}", store.folder)));
    }
    if !differences.is_empty() {
        bail!("out of date, run `cargo xtask prepare`: {}", differences.join(", "));
    }
    Ok(())
}

fn check_workspace() -> Command {
    let mut check = tools::cargo();
    check.args(["check", "--quiet", "--workspace", "--all-targets", "--locked"]);
    check
}

fn capture_both(
    workspace: &Path,
    postgres_url: &str,
    build: &mut Command,
) -> Result<[(StoreCrate, Queries); 2]> {
    let work = tools::target_dir().join("prepare");
    // Both folders of migrations are looked for first, so that neither is missed after minutes of compiling.
    let [for_postgres, for_sqlite] =
        [POSTGRES, SQLITE].map(|store| scratch::migrations(&workspace.join(store.folder)));
    let (for_postgres, for_sqlite) = (for_postgres?, for_sqlite?);
    let database = scratch::Postgres::create(postgres_url, &for_postgres)?;
    let file = scratch::Sqlite::create(&work, &for_sqlite)?;
    POSTGRES.make_ready(workspace, &work)?;
    SQLITE.make_ready(workspace, &work)?;
    build.env(FOLDER_VARIABLE, &work).env_remove("SQLX_OFFLINE");
    build.env(POSTGRES.url_variable, database.url()).env(SQLITE.url_variable, file.url());
    tools::run(build)?;
    Ok([(POSTGRES, POSTGRES.captured(&work)?), (SQLITE, SQLITE.captured(&work)?)])
}

impl StoreCrate {
    /// Empties the folder that the macros write into, which they do not create, and makes them expand again.
    fn make_ready(&self, workspace: &Path, work: &Path) -> Result<()> {
        replace(&work.join(self.package), &Queries::new())?;
        let library = workspace.join(self.folder).join("src/lib.rs");
        touch(&library).with_context(|| format!("cannot touch {}", library.display()))
    }

    fn captured(&self, work: &Path) -> Result<Queries> {
        let queries = read(&work.join(self.package))?;
        if queries.is_empty() {
            let (package, url, folder) = (self.package, self.url_variable, FOLDER_VARIABLE);
            bail!("building {package} wrote no query: does its sqlx.toml name {url}, its build.rs {folder}?");
        }
        Ok(queries)
    }

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
