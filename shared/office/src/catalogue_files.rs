//! The catalogue as a folder of TOML files, written by people, read as a whole or not at all.
//!
//! Knows: the file format, its rules and where in a file each rule is broken. Must not know: the store, nor what a
//! draft changes in the catalogue in force ([`smista_domain::catalogue_change`] decides that).
//!
//! A folder holds any number of `*.toml` files at any depth; each may define things of every kind. Files of other
//! kinds are documents, and count only when a `[[documenti]]` names them.
//!
//! ```toml
//! ente = "firenze"                 # the Ente that everything below belongs to
//!
//! [[enti]]                         # codice, nome, gruppo_di_ripiego?
//! [[macrostrutture]]               # codice, nome, parte_di?
//! [[servizi]]                      # macrostruttura, codice, nome, profilo, gruppo?, scheda?, contact_back?,
//!                                  # numero_trasferimento?, agenda?
//! [[gruppi]]                       # codice, nome, email?, membri?
//! [[documenti]]                    # codice, titolo, file (beside this one), media_type
//! [[schede]]                       # codice, titolo, sms?, documenti?, [[schede.sezioni]], [[schede.risposte_standard]]
//! [[operatori]]                    # login, nome, ruolo, ente?, email_inbound?
//! ```

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use smista_domain::catalogue::Catalogue;

mod context;
mod draft;
mod entries;
mod fields;
mod problem;
mod references;
mod sample;
mod sheets;
#[cfg(test)]
mod suggestions_corpus_tests;
#[cfg(test)]
mod tests;

pub use problem::{CatalogueFileError, Problem};
pub use sample::{sample_catalogue, sample_catalogue_files};

/// What a folder holds: contents by path relative to it, with `/` between the parts.
#[derive(Debug, Clone, Default)]
pub struct CatalogueFolder(pub BTreeMap<String, FileContents>);

/// One file of the folder.
#[derive(Debug, Clone)]
pub enum FileContents {
    /// A part of the catalogue, not yet known to be UTF-8.
    Toml(Vec<u8>),
    /// A document, of which only the size counts here.
    Document {
        /// Its size.
        size_bytes: u64,
    },
}

/// What the couriers can carry; the files are held to it when they are imported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CatalogueLimits {
    /// Messages that an SMS section may take on the wire (clause 4.5-3, R8).
    pub max_sms_parts: usize,
    /// The largest document that may be attached (clause 4.4-3).
    pub max_document_bytes: u64,
}

impl Default for CatalogueLimits {
    fn default() -> Self {
        Self { max_sms_parts: 1, max_document_bytes: 5 * 1024 * 1024 }
    }
}

/// Why a folder gave no catalogue.
#[derive(Debug, thiserror::Error)]
pub enum CatalogueFolderError {
    /// The folder or a file in it could not be read.
    #[error("lettura di {} non riuscita", path.display())]
    Unreadable {
        /// What was being read.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// Everything that is wrong with the files, by file and line.
    #[error("il catalogo contiene {} errori", .0.len())]
    Invalid(Vec<CatalogueFileError>),
}

/// Reads a folder into a draft of revision 0. Blocking: meant for the command line.
///
/// # Errors
/// [`CatalogueFolderError`]: the disk's, or every mistake in the files.
pub fn read_catalogue_folder(
    folder: &Path,
    limits: &CatalogueLimits,
) -> Result<Catalogue, CatalogueFolderError> {
    let mut files = BTreeMap::new();
    collect(folder, "", &mut files)?;
    catalogue_from(&CatalogueFolder(files), limits).map_err(CatalogueFolderError::Invalid)
}

/// Reads a folder's contents into a draft of revision 0. Pure.
///
/// # Errors
/// Every mistake in the files, sorted by file and line. Nothing of a faulty folder is returned.
pub fn catalogue_from(
    folder: &CatalogueFolder,
    limits: &CatalogueLimits,
) -> Result<Catalogue, Vec<CatalogueFileError>> {
    let mut draft = draft::Draft::default();
    for (path, contents) in &folder.0 {
        if let FileContents::Toml(bytes) = contents {
            entries::read_file(path, bytes, folder, limits, &mut draft);
        }
    }
    draft.finish()
}

/// Walks the folder, without following symbolic links and without hidden files.
fn collect(
    folder: &Path,
    prefix: &str,
    files: &mut BTreeMap<String, FileContents>,
) -> Result<(), CatalogueFolderError> {
    let unreadable = |path: &Path| {
        let path = path.to_owned();
        move |source| CatalogueFolderError::Unreadable { path, source }
    };
    for entry in std::fs::read_dir(folder).map_err(unreadable(folder))? {
        let entry = entry.map_err(unreadable(folder))?;
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        let kind = entry.file_type().map_err(unreadable(&path))?;
        if name.starts_with('.') {
            continue;
        } else if kind.is_dir() {
            collect(&path, &format!("{prefix}{name}/"), files)?;
        } else if kind.is_file() {
            let contents = if name.ends_with(".toml") {
                FileContents::Toml(std::fs::read(&path).map_err(unreadable(&path))?)
            } else {
                FileContents::Document { size_bytes: entry.metadata().map_err(unreadable(&path))?.len() }
            };
            files.insert(format!("{prefix}{name}"), contents);
        }
    }
    Ok(())
}
