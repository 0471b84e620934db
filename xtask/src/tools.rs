//! Running other programs, and getting them from Debian where that is possible. Knows no chore.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;
use smista_servers::programs::{Needs, is_root};
pub(crate) use smista_servers::programs::{find, read, run};

/// The folder of the workspace's `Cargo.toml`.
pub(crate) fn workspace_root() -> PathBuf {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().expect("xtask is a folder of the workspace").to_owned()
}

/// The folder that cargo builds in, where files of ours may stand that nobody commits.
pub(crate) fn target_dir() -> PathBuf {
    let chosen = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    workspace_root().join(chosen.unwrap_or_else(|| "target".into()))
}

/// The cargo that runs us, in the workspace's root.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(workspace_root());
    command
}

/// Makes sure that the toolchain has one of its optional parts, before minutes of compiling show that it does not.
pub(crate) fn require_component(subcommand: &str, component: &str) -> Result<()> {
    if read(cargo().args([subcommand, "--version"])).is_ok() {
        return Ok(());
    }
    let advice = format!("`cargo {subcommand}` missing. Install it: rustup component add {component}");
    Err(Needs(advice).into())
}

/// Makes sure that a program is there, from its Debian package where we may install one.
pub(crate) fn require(program: &str, package: &str) -> Result<PathBuf> {
    if find(program, &[]).is_none() {
        install(&[package])?;
    }
    let missing = || Needs(format!("`{program}` is still not on the PATH after installing {package}"));
    Ok(find(program, &[]).ok_or_else(missing)?)
}

/// Installs Debian packages; where we cannot, says what to install.
pub(crate) fn install(packages: &[&str]) -> Result<()> {
    let list = packages.join(" ");
    if find("apt-get", &[]).is_none() || !is_root() {
        let advice = format!("{list} missing. Install it, for example: sudo apt-get install -y {list}");
        return Err(Needs(advice).into());
    }
    println!("installing {list}");
    let apt = |arguments: &[&str]| {
        run(Command::new("apt-get").args(arguments).env("DEBIAN_FRONTEND", "noninteractive"))
    };
    apt(&["update", "-qq"])?;
    let mut arguments = vec!["install", "-y", "-qq", "--no-install-recommends"];
    arguments.extend(packages);
    apt(&arguments)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::{NEEDS_YOU, exit_code};

    #[test]
    fn a_part_that_the_toolchain_lacks_is_named_with_how_to_get_it() {
        let error = require_component("no-such-part", "no-such-component").unwrap_err();
        assert!(error.to_string().ends_with("rustup component add no-such-component"), "{error}");
        assert_eq!(exit_code(&error), NEEDS_YOU);
    }
}
