//! Reads the expectation files. Refuses what it does not understand.

use std::collections::BTreeSet;

/// A file: the names of its columns, and its lines by column.
pub(crate) struct Tsv {
    pub(crate) columns: Vec<String>,
    pub(crate) lines: Vec<Vec<String>>,
}

/// Reads one of the files in `tests/expectations`.
pub(crate) fn read(file: &str) -> Tsv {
    let path = format!("{}/tests/expectations/{file}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let mut rows = text
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| line.split('\t').map(str::to_owned).collect::<Vec<_>>());
    let columns = rows.next().unwrap_or_default();
    let lines: Vec<_> = rows.collect();
    for line in &lines {
        assert_eq!(line.len(), columns.len(), "{file}: {line:?}");
    }
    Tsv { columns, lines }
}

impl Tsv {
    /// The value of a line in a named column.
    pub(crate) fn value<'a>(&self, line: &'a [String], column: &str) -> &'a str {
        let index = self.columns.iter().position(|name| name == column);
        let index = index.unwrap_or_else(|| panic!("no column {column}"));
        &line[index]
    }

    /// Fails when two lines agree in their first columns.
    pub(crate) fn assert_distinct(&self, first_columns: usize) {
        let keys: BTreeSet<_> = self.lines.iter().map(|line| &line[..first_columns]).collect();
        assert_eq!(keys.len(), self.lines.len(), "a line is there twice");
    }
}
