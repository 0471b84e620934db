//! README.md shows the table of figures that the code has. `UPDATE=1` rewrites it.

use std::path::Path;

use smista::metrics::figures_table;

const BEGIN: &str = "<!-- figures:begin -->\n";
const END: &str = "<!-- figures:end -->";

#[test]
fn the_figures_in_the_readme_are_those_of_the_code() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md");
    let text = std::fs::read_to_string(&path).expect("README.md at the root of the workspace");
    let (before, rest) = text.split_once(BEGIN).expect("the marker figures:begin");
    let (written, after) = rest.split_once(END).expect("the marker figures:end");
    let table = figures_table();
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, format!("{before}{BEGIN}{table}{END}{after}"))
            .expect("a file that can be written");
        return;
    }
    assert!(written == table, "README.md shows other figures; run this test with UPDATE=1\n{table}");
}
