//! What the command line prints: tables and colours on a terminal, JSON where asked for. The only place that prints.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "this is the command line's voice")]

use comfy_table::presets::UTF8_HORIZONTAL_ONLY;
use comfy_table::{ContentArrangement, Table};
use serde::Serialize;
use std::io::IsTerminal;

/// Prints one line.
pub(crate) fn line(text: impl std::fmt::Display) {
    println!("{text}");
}

/// Prints one line where errors go.
pub(crate) fn error_line(text: impl std::fmt::Display) {
    eprintln!("{text}");
}

/// Prints a value as JSON.
pub(crate) fn json(value: &impl Serialize) -> anyhow::Result<()> {
    println!("{}", serde_json::to_string_pretty(value)?);
    Ok(())
}

/// Says why something was refused: to people where errors go, to programs as JSON.
pub(crate) fn refusal(why: impl std::fmt::Display, as_json: bool) -> anyhow::Result<()> {
    if as_json {
        return json(&serde_json::json!({ "refused": [why.to_string()] }));
    }
    error_line(why);
    Ok(())
}

/// Prints rows as a table on a terminal, separated by tabs elsewhere.
pub(crate) fn table(header: &[&str], rows: impl IntoIterator<Item = Vec<String>>) {
    if !std::io::stdout().is_terminal() {
        println!("{}", header.join("\t"));
        rows.into_iter().for_each(|row| println!("{}", row.join("\t")));
        return;
    }
    let mut table = Table::new();
    table.load_style(UTF8_HORIZONTAL_ONLY);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(header.to_vec());
    rows.into_iter().for_each(|row| {
        table.add_row(row);
    });
    println!("{table}");
}
