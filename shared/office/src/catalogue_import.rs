//! Replacing the catalogue: the new one is stored whole, and groups that it retires are announced, so that their
//! cases go to Gestione Rigetti (row 20a).

use smista_domain::catalogue::Catalogue;
use smista_domain::catalogue_change::{CatalogueChange, UpdateRefusal, plan_update};
use smista_domain::ids::GruppoId;
use smista_messages::facts::{GROUP_RETIRED, GroupRetired};
use smista_messages::version::schema_of;
use smista_queues::Envelope;
use smista_store::{Exchange, OutboxMessage, StoreError};

use crate::Office;
use crate::announce::to_publish;

/// Why a catalogue was not imported.
#[derive(Debug, thiserror::Error)]
pub enum CatalogueImportError {
    /// What it would change is not admitted.
    #[error("the catalogue cannot be changed this way")]
    Refused(Vec<UpdateRefusal>),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Office {
    /// Makes `draft` the catalogue: what it lacks is retired, never deleted. Returns what changed; nothing is
    /// written when nothing did.
    ///
    /// # Errors
    /// [`CatalogueImportError::Refused`] for a change that is not admitted; [`StoreError::GroupInUse`] when a
    /// group to be retired still has answers to tell (row 20a); [`StoreError::Changed`] when somebody else
    /// changed the catalogue meanwhile.
    pub async fn import_catalogue(&self, draft: &Catalogue) -> Result<CatalogueChange, CatalogueImportError> {
        let current = self.catalogue().await?;
        let change = plan_update(&current, draft).map_err(CatalogueImportError::Refused)?;
        if !change.is_empty() {
            self.replace_catalogue(current.revision, &change.applied_to(&current)).await?;
        }
        Ok(change)
    }

    /// Stores a catalogue in the place of the one at `expected_revision`, and announces the groups it retires.
    pub(crate) async fn replace_catalogue(
        &self,
        expected_revision: i64,
        new: &Catalogue,
    ) -> Result<i64, StoreError> {
        let now = self.surroundings.now();
        let current = self.cached_catalogue();
        let retired = new.gruppi.values().filter(|gruppo| {
            let was_active = current.gruppi.get(&gruppo.id).is_some_and(|before| !before.retired);
            gruppo.retired && was_active
        });
        let messages: Vec<OutboxMessage> =
            retired.filter_map(|gruppo| self.group_retired(&gruppo.id, expected_revision + 1)).collect();
        let (revision, committed) =
            self.store.replace_catalogue(expected_revision, new, &messages, now).await?;
        self.publish(committed);
        // It lasts already: who decides next reads it anew.
        if let Err(error) = self.catalogue().await {
            tracing::warn!(%error, revision, "the new catalogue could not be read at once");
        }
        Ok(revision)
    }

    fn group_retired(&self, gruppo: &GruppoId, revision: i64) -> Option<OutboxMessage> {
        let id = format!("{gruppo}/{revision}");
        let data = GroupRetired { gruppo: gruppo.clone() };
        let now = self.surroundings.now();
        let mut envelope = Envelope::new(id, self.source(), GROUP_RETIRED, now, &data).ok()?;
        envelope.dataschema = Some(schema_of(GROUP_RETIRED));
        to_publish(Exchange::Facts, &envelope)
    }
}
