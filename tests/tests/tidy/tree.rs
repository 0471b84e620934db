//! The workspace as the rules see it: text files by path, packages by name. The only part of these tests that reads a
//! disk or starts a program.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Built, generated or personal; none of it is committed.
const NOT_OURS: &[&str] = &[".git", "target", "smista-data", "mutants.out", "mutants.out.old"];

/// Paths relative to the workspace, with `/` between their parts, in order.
pub(crate) struct Tree(pub(crate) Vec<(String, String)>);

impl Tree {
    /// Every file of the workspace that is text.
    pub(crate) fn read() -> Self {
        let (root, mut found) = (root(), Vec::new());
        collect(&root, &root, &mut found);
        found.sort();
        assert!(!found.is_empty(), "no file under {}", root.display());
        Self(found)
    }

    #[cfg(test)]
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        Self(files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect())
    }

    pub(crate) fn files(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(path, text)| (path.as_str(), text.as_str()))
    }

    pub(crate) fn rust(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files()
            .filter(|(path, _)| Path::new(path).extension().is_some_and(|extension| extension == "rs"))
    }
}

fn root() -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().expect("tests is a folder of the workspace").to_owned()
}

/// What a text would have to contain to name this very checkout. Directly below `/`, where a container may put it, its
/// name is a word of any path, such as `/src`.
pub(crate) fn places_of_this_machine() -> Vec<String> {
    let root = root();
    let is_telling = root.components().count() > 2;
    is_telling.then(|| root.display().to_string()).into_iter().collect()
}

fn collect(root: &Path, folder: &Path, found: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(folder).expect("a folder of the workspace can be listed") {
        let path = entry.expect("a folder of the workspace can be listed").path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if NOT_OURS.contains(&name.as_ref()) {
            continue;
        }
        if path.is_dir() {
            collect(root, &path, found);
        } else if let Ok(text) = std::fs::read_to_string(&path) {
            let relative = path.strip_prefix(root).expect("found below the root");
            found.push((relative.to_string_lossy().replace('\\', "/"), text));
        }
    }
}

pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) dependencies: Vec<Dependency>,
}

pub(crate) struct Dependency {
    pub(crate) name: String,
    /// Used by the package's own tests alone.
    pub(crate) dev: bool,
}

/// The packages of the workspace with all that they declare, whatever the feature or platform.
pub(crate) fn members() -> Vec<Member> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut metadata = Command::new(cargo);
    metadata.args(["metadata", "--no-deps", "--format-version", "1"]).current_dir(root());
    let output = metadata.output().expect("cargo can be started");
    assert!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).expect("cargo metadata is JSON");
    list(&metadata["packages"]).iter().map(member).collect()
}

fn member(package: &serde_json::Value) -> Member {
    let dependencies = list(&package["dependencies"])
        .iter()
        .map(|dependency| Dependency { name: text(&dependency["name"]), dev: dependency["kind"] == "dev" });
    Member { name: text(&package["name"]), dependencies: dependencies.collect() }
}

fn list(value: &serde_json::Value) -> &[serde_json::Value] {
    value.as_array().expect("cargo metadata lists packages and dependencies")
}

fn text(value: &serde_json::Value) -> String {
    value.as_str().expect("cargo metadata names packages and dependencies").to_owned()
}
