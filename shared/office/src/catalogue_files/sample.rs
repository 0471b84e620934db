//! The sample catalogue, carried inside the binary so that the first start needs no files.

use std::collections::BTreeMap;

use smista_domain::catalogue::Catalogue;

use super::{CatalogueFileError, CatalogueFolder, CatalogueLimits, FileContents, catalogue_from};

macro_rules! sample_files {
    ($($path:literal),+ $(,)?) => {
        &[$(($path, include_str!(concat!("../../../../examples/catalogo/", $path)))),+]
    };
}

/// Path within `examples/catalogo` and text. A test holds the list to the folder.
const FILES: &[(&str, &str)] = sample_files![
    "operatori.toml",
];

/// The files of the sample catalogue, for whoever wants to write them to a folder and start from there.
pub fn sample_catalogue_files() -> &'static [(&'static str, &'static str)] {
    FILES
}

/// The sample catalogue as a draft of revision 0.
///
/// # Errors
/// None for the files as shipped, which a test reads; the type is that of any folder.
pub fn sample_catalogue() -> Result<Catalogue, Vec<CatalogueFileError>> {
    let contents = |path: &str, text: &str| {
        if path.ends_with(".toml") {
            FileContents::Toml(text.as_bytes().to_vec())
        } else {
            FileContents::Document { size_bytes: text.len() as u64 }
        }
    };
    let files: BTreeMap<_, _> =
        FILES.iter().map(|(path, text)| ((*path).to_owned(), contents(path, text))).collect();
    catalogue_from(&CatalogueFolder(files), &CatalogueLimits::default())
}
