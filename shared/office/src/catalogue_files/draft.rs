//! The catalogue while it is being read: what was defined and where, what refers to what, what is wrong.

use std::collections::HashMap;

use smista_domain::catalogue::Catalogue;

use super::problem::{CatalogueFileError, Problem};
use super::references::Reference;

/// A place in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// Path relative to the folder.
    pub(super) file: String,
    /// Line, from 1.
    pub(super) line: usize,
}

/// Entries with mistakes are kept as far as their code could be read, so that what refers to them is not reported
/// too; with one mistake anywhere, nothing is handed out.
#[derive(Default)]
pub(super) struct Draft {
    pub(super) catalogue: Catalogue,
    defined: HashMap<(&'static str, String), Place>,
    references: Vec<(Place, Reference)>,
    errors: Vec<CatalogueFileError>,
}

impl Draft {
    /// Records where something is defined, or that it already was.
    pub(super) fn define(&mut self, kind: &'static str, code: String, place: Place) {
        let key = (kind, code);
        match self.defined.get(&key) {
            None => {
                self.defined.insert(key, place);
            }
            Some(first) => {
                let (first_file, first_line) = (first.file.clone(), first.line);
                self.report(place, Problem::Duplicate { code: key.1, first_file, first_line });
            }
        }
    }

    /// Records something to be checked once every file was read.
    pub(super) fn refer(&mut self, place: Place, reference: Reference) {
        self.references.push((place, reference));
    }

    /// Records a mistake.
    pub(super) fn report(&mut self, place: Place, problem: Problem) {
        self.errors.push(CatalogueFileError { file: place.file, line: place.line, problem });
    }

    /// Checks what could not be checked file by file.
    pub(super) fn finish(mut self) -> Result<Catalogue, Vec<CatalogueFileError>> {
        for (place, reference) in std::mem::take(&mut self.references) {
            if let Some(problem) = reference.problem_in(&self.catalogue) {
                self.report(place, problem);
            }
        }
        if self.errors.is_empty() && self.catalogue.enti.is_empty() {
            // An empty draft would retire everything in force, and is most likely the wrong folder.
            self.report(Place { file: ".".into(), line: 1 }, Problem::EmptyFolder);
        }
        self.errors.sort();
        self.errors.dedup();
        if self.errors.is_empty() { Ok(self.catalogue) } else { Err(self.errors) }
    }
}
