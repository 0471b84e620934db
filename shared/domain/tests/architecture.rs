//! ARCHITECTURE.md shows the state diagram that the table of transitions gives. `UPDATE=1` rewrites it.

use std::path::Path;

use smista_domain::diagram::states_diagram;

const BEGIN: &str = "<!-- states:begin -->\n";
const END: &str = "<!-- states:end -->";

#[test]
fn the_diagram_in_architecture_md_is_the_tables() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../ARCHITECTURE.md");
    let text = std::fs::read_to_string(&path).expect("ARCHITECTURE.md at the root of the workspace");
    let (before, rest) = text.split_once(BEGIN).expect("the marker states:begin");
    let (written, after) = rest.split_once(END).expect("the marker states:end");
    let drawn = format!("```mermaid\n{}```\n", states_diagram());
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, format!("{before}{BEGIN}{drawn}{END}{after}"))
            .expect("a file that can be written");
        return;
    }
    assert!(written == drawn, "ARCHITECTURE.md shows another table; run this test with UPDATE=1\n{drawn}");
}
