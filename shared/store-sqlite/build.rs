//! Names what the macros of sqlx read behind cargo's back. Without this a changed schema still says "Finished".

fn main() {
    for path in ["migrations", ".sqlx", "sqlx.toml"] {
        println!("cargo::rerun-if-changed={path}");
    }
    for variable in ["SMISTA_PREPARE_SQLITE_URL", "SQLX_OFFLINE"] {
        println!("cargo::rerun-if-env-changed={variable}");
    }
}
