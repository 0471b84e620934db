//! What the readers of all kinds of entries share.

use smista_domain::ids::EnteId;

use super::draft::Draft;
use super::fields::Fields;
use super::problem::Problem;
use super::{CatalogueFolder, CatalogueLimits};

/// Names and titles, in characters.
pub(super) const NAME_LIMIT: usize = 200;

/// What an entry may need besides its own table.
#[derive(Clone, Copy)]
pub(super) struct Context<'a> {
    /// The Ente at the head of the file.
    pub(super) ente: Option<&'a EnteId>,
    /// The file, relative to the folder.
    pub(super) path: &'a str,
    pub(super) folder: &'a CatalogueFolder,
    pub(super) limits: &'a CatalogueLimits,
}

/// The entry's name or title; empty when the file has none, which is reported elsewhere.
pub(super) fn name(fields: &mut Fields<'_>, key: &'static str, draft: &mut Draft) -> String {
    fields.text(key, NAME_LIMIT, draft).map(|(text, _)| text).unwrap_or_default()
}

/// The Ente at the head of the file, which this kind of entry cannot do without.
pub(super) fn ente_of_file(fields: &Fields<'_>, context: Context<'_>, draft: &mut Draft) -> Option<EnteId> {
    if context.ente.is_none() {
        draft.report(fields.place.clone(), Problem::NoEnte);
    }
    context.ente.cloned()
}
