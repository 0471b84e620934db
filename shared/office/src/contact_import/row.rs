//! A line of a CSV file, read by the names of its columns.

use std::collections::BTreeMap;

use csv::StringRecord;

/// Where each column stands, by its name without the blanks around it.
pub(super) fn columns_by_name(header: &StringRecord) -> BTreeMap<String, usize> {
    header.iter().enumerate().map(|(place, name)| (name.trim().to_owned(), place)).collect()
}

/// A line and the names of its columns.
pub(super) struct Row<'a> {
    pub(super) header: &'a BTreeMap<String, usize>,
    pub(super) record: &'a StringRecord,
}

impl Row<'_> {
    /// What stands in a column, without the blanks around it; empty where there is none.
    pub(super) fn value(&self, column: &str) -> &str {
        self.header.get(column).and_then(|place| self.record.get(*place)).unwrap_or("").trim()
    }

    /// Whether every column named has the value that it is named with.
    pub(super) fn holds(&self, conditions: &BTreeMap<String, String>) -> bool {
        conditions.iter().all(|(column, value)| self.value(column) == value)
    }
}
