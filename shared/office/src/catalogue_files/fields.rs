//! Takes typed fields out of a TOML table, reporting what is missing, mistyped or not foreseen, each with its line.
//!
//! serde would stop at the first mistake of a file; whoever corrects a catalogue wants them all at once.

use std::collections::BTreeSet;

use smista_domain::text::TextError;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::draft::{Draft, Place};
use super::problem::{Problem, Wanted};

/// A file's path and where its lines start, to turn a byte offset into a line.
pub(super) struct Source<'a> {
    path: &'a str,
    line_starts: Vec<usize>,
}

impl<'a> Source<'a> {
    pub(super) fn new(path: &'a str, text: &[u8]) -> Self {
        let after_breaks = text.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1);
        Self { path, line_starts: std::iter::once(0).chain(after_breaks).collect() }
    }

    /// The place of a byte offset.
    pub(super) fn place(&self, offset: usize) -> Place {
        let line = self.line_starts.partition_point(|start| *start <= offset);
        Place { file: self.path.to_owned(), line }
    }
}

/// A table being read. Every key asked for is known; [`Fields::finish`] reports the others.
pub(super) struct Fields<'a> {
    source: &'a Source<'a>,
    table: &'a DeTable<'a>,
    /// Where the table starts, to report what is missing.
    pub(super) place: Place,
    known: BTreeSet<&'static str>,
}

impl<'a> Fields<'a> {
    pub(super) fn new(source: &'a Source<'a>, table: &'a DeTable<'a>, offset: usize) -> Self {
        Self { source, table, place: source.place(offset), known: BTreeSet::new() }
    }

    /// Reports the keys that are missing among those that must be there.
    pub(super) fn require(&self, keys: &[&'static str], draft: &mut Draft) {
        for key in keys.iter().filter(|key| !self.table.contains_key(**key)) {
            draft.report(self.place.clone(), Problem::MissingKey(key));
        }
    }

    /// A text, trimmed, and where it stands; `None` when it is missing or, which is then reported, not fit to keep.
    pub(super) fn text(
        &mut self,
        key: &'static str,
        limit: usize,
        draft: &mut Draft,
    ) -> Option<(String, Place)> {
        let value = self.value(key)?;
        let place = self.source.place(value.span().start);
        let Some(text) = value.get_ref().as_str() else {
            draft.report(place, Problem::WrongType { key: key.into(), wanted: Wanted::Text });
            return None;
        };
        match fit_to_keep(text.trim(), limit) {
            Ok(text) => Some((text, place)),
            Err(reason) => {
                draft.report(place, Problem::bad_text(key, &reason));
                None
            }
        }
    }

    /// A code and where it stands; `None` as for a text.
    pub(super) fn code<C: TryFrom<String, Error = TextError>>(
        &mut self,
        key: &'static str,
        draft: &mut Draft,
    ) -> Option<(C, Place)> {
        let value = self.value(key)?;
        as_code(self.source, key, value, Wanted::Text, draft)
    }

    /// A list of codes, each once; none when the key is missing.
    pub(super) fn codes<C: TryFrom<String, Error = TextError> + Clone + Ord + ToString>(
        &mut self,
        key: &'static str,
        draft: &mut Draft,
    ) -> Vec<(C, Place)> {
        let Some(value) = self.value(key) else { return Vec::new() };
        let Some(values) = value.get_ref().as_array() else {
            let place = self.source.place(value.span().start);
            draft.report(place, Problem::WrongType { key: key.into(), wanted: Wanted::Texts });
            return Vec::new();
        };
        let mut seen = BTreeSet::new();
        let mut codes = Vec::new();
        for value in values.iter() {
            let Some((code, place)) = as_code::<C>(self.source, key, value, Wanted::Texts, draft) else {
                continue;
            };
            if seen.insert(code.clone()) {
                codes.push((code, place));
            } else {
                draft.report(place, Problem::Repeated { code: code.to_string() });
            }
        }
        codes
    }

    /// A flag and where it stands; `None` when the key is missing.
    pub(super) fn flag(&mut self, key: &'static str, draft: &mut Draft) -> Option<(bool, Place)> {
        let value = self.value(key)?;
        let place = self.source.place(value.span().start);
        let flag = value.get_ref().as_bool();
        if flag.is_none() {
            draft.report(place.clone(), Problem::WrongType { key: key.into(), wanted: Wanted::Flag });
        }
        flag.map(|flag| (flag, place))
    }

    /// The tables written as `[[key]]`, in order.
    pub(super) fn tables(&mut self, key: &'static str, draft: &mut Draft) -> Vec<Fields<'a>> {
        let Some(value) = self.value(key) else { return Vec::new() };
        let wrong_type = || Problem::WrongType { key: key.into(), wanted: Wanted::Tables };
        let Some(values) = value.get_ref().as_array() else {
            draft.report(self.source.place(value.span().start), wrong_type());
            return Vec::new();
        };
        let mut tables = Vec::new();
        for value in values.iter() {
            match value.get_ref().as_table() {
                Some(table) => tables.push(Fields::new(self.source, table, value.span().start)),
                None => draft.report(self.source.place(value.span().start), wrong_type()),
            }
        }
        tables
    }

    /// Reports the keys that nobody asked for.
    pub(super) fn finish(self, draft: &mut Draft) {
        for key in self.table.keys().filter(|key| !self.known.contains(key.get_ref().as_ref())) {
            draft.report(self.source.place(key.span().start), Problem::UnknownKey(key.get_ref().to_string()));
        }
    }

    fn value(&mut self, key: &'static str) -> Option<&'a Spanned<DeValue<'a>>> {
        self.known.insert(key);
        self.table.get(key)
    }
}

fn as_code<C: TryFrom<String, Error = TextError>>(
    source: &Source<'_>,
    key: &'static str,
    value: &Spanned<DeValue<'_>>,
    wanted: Wanted,
    draft: &mut Draft,
) -> Option<(C, Place)> {
    let place = source.place(value.span().start);
    let Some(text) = value.get_ref().as_str() else {
        draft.report(place, Problem::WrongType { key: key.into(), wanted });
        return None;
    };
    match C::try_from(text.to_owned()) {
        Ok(code) => Some((code, place)),
        Err(reason) => {
            draft.report(place, Problem::bad_text(key, &reason));
            None
        }
    }
}

fn fit_to_keep(text: &str, limit: usize) -> Result<String, TextError> {
    let chars = text.chars().count();
    if text.is_empty() {
        Err(TextError::Empty)
    } else if text.contains('\0') {
        Err(TextError::Null)
    } else if chars > limit {
        Err(TextError::TooLong { chars, limit })
    } else {
        Ok(text.to_owned())
    }
}
