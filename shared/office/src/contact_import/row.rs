//! A line of a CSV file, read by the names of its columns.

use std::collections::BTreeMap;

use csv::StringRecord;

use super::mapping::MappingError;

/// What may separate columns where it is no comma.
const OTHER_DELIMITERS: [char; 3] = [';', '\t', '|'];

/// Where each column stands, by its name without the blanks around it. Columns without a name may be any number.
pub(super) fn columns_by_name(header: &StringRecord) -> Result<BTreeMap<String, usize>, MappingError> {
    if header.len() == 1
        && let Some(found) = OTHER_DELIMITERS.into_iter().find(|other| header[0].contains(*other))
    {
        return Err(MappingError::OtherDelimiter(found));
    }
    let mut columns = BTreeMap::new();
    let mut twice = Vec::new();
    for (place, name) in header.iter().enumerate().filter(|(_, name)| !name.trim().is_empty()) {
        if columns.insert(name.trim().to_owned(), place).is_some() {
            twice.push(name.trim().to_owned());
        }
    }
    if twice.is_empty() { Ok(columns) } else { Err(MappingError::DuplicateColumns(twice)) }
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
