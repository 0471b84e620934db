//! Names what the macros of sqlx read behind cargo's back. Without this a changed schema still says "Finished".
//! While `cargo xtask prepare` builds both stores at once, the macros of each write into a folder of its own.

use std::path::Path;

/// Set by `cargo xtask prepare`.
const PREPARE_FOLDER: &str = "SMISTA_PREPARE_DIR";

fn main() {
    for path in ["migrations", ".sqlx", "sqlx.toml"] {
        println!("cargo::rerun-if-changed={path}");
    }
    for variable in [PREPARE_FOLDER, "SMISTA_PREPARE_SQLITE_URL", "SQLX_OFFLINE"] {
        println!("cargo::rerun-if-env-changed={variable}");
    }
    if let Some(folder) = std::env::var_os(PREPARE_FOLDER) {
        let folder = Path::new(&folder).join(env!("CARGO_PKG_NAME"));
        println!("cargo::rustc-env=SQLX_OFFLINE_DIR={}", folder.display());
    }
}
