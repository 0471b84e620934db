//! The store port and its desk, with faults and planted defects between the office and the real ones.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use smista_domain::anagrafica::{Email, Telefono};
use smista_domain::caso::{Caso, Pratica};
use smista_domain::catalogue::Catalogue;
use smista_domain::ids::{CasoId, CittadinoId, GruppoId, Protocollo};
use smista_store::{
    ApiToken, Asked, CasoFilter, Cittadino, Cliente, Committed, CountBy, Counted, Desk, Dossier, Expired,
    LearnedOutcome, OutboxMessage, Page, PageRequest, PaperRow, Purged, SolvedText, Store, StoreError,
    StoriaRow, Taken, TriageRow, WriteSet,
};
use smista_store_sqlite::SqliteStore;

use super::calls::Call;
use super::faults::{Defect, Fault, Faults};

/// One commit in so many loses a message, where that defect is planted.
const LOSES_ONE_IN: usize = 10;

pub(crate) struct FaultyStore {
    pub(crate) inner: SqliteStore,
    pub(crate) faults: Arc<Faults>,
}

fn away() -> StoreError {
    StoreError::Unavailable("the simulation says so".into())
}

#[async_trait]
impl Store for FaultyStore {
    async fn desk(&self) -> Result<Box<dyn Desk>, StoreError> {
        let inner = self.faults.call(Call::Desk, away, self.inner.desk()).await?;
        Ok(Box::new(FaultyDesk { inner, faults: Arc::clone(&self.faults), written: WriteSet::default() }))
    }

    async fn reserve_protocolli(&self, anno: i32, count: i64) -> Result<i64, StoreError> {
        self.faults.call(Call::ReserveProtocolli, away, self.inner.reserve_protocolli(anno, count)).await
    }

    async fn catalogue_revision(&self) -> Result<i64, StoreError> {
        self.faults.call(Call::CatalogueRevision, away, self.inner.catalogue_revision()).await
    }

    async fn catalogue(&self) -> Result<Catalogue, StoreError> {
        self.faults.call(Call::Catalogue, away, self.inner.catalogue()).await
    }

    async fn replace_catalogue(
        &self,
        expected_revision: i64,
        new: &Catalogue,
        outbox: &[OutboxMessage],
        now: DateTime<Utc>,
    ) -> Result<(i64, Committed), StoreError> {
        let replaces = async {
            let replaced = self.inner.replace_catalogue(expected_revision, new, outbox, now).await?;
            self.faults.journal(|journal| outbox.iter().for_each(|message| journal.sent(message)));
            Ok(replaced)
        };
        self.faults.call(Call::ReplaceCatalogue, away, replaces).await
    }

    async fn caso(&self, id: CasoId) -> Result<Option<Caso>, StoreError> {
        self.inner.caso(id).await
    }

    async fn caso_by_protocollo(&self, protocollo: Protocollo) -> Result<Option<Caso>, StoreError> {
        self.inner.caso_by_protocollo(protocollo).await
    }

    async fn pratica(&self, id: CasoId) -> Result<Option<Pratica>, StoreError> {
        self.inner.pratica(id).await
    }

    async fn storia(&self, id: CasoId, after: i64, limit: i64) -> Result<Vec<StoriaRow>, StoreError> {
        self.inner.storia(id, after, limit).await
    }

    async fn papers(&self, id: CasoId) -> Result<Vec<PaperRow>, StoreError> {
        self.inner.papers(id).await
    }

    async fn search(&self, filter: &CasoFilter, page: &PageRequest) -> Result<Page<Caso>, StoreError> {
        self.faults.call(Call::Search, away, self.inner.search(filter, page)).await
    }

    async fn count(&self, by: CountBy) -> Result<Vec<Counted>, StoreError> {
        self.inner.count(by).await
    }

    async fn triage(&self, id: CasoId) -> Result<Option<TriageRow>, StoreError> {
        self.inner.triage(id).await
    }

    async fn rejection_outcomes(&self) -> Result<Vec<LearnedOutcome>, StoreError> {
        self.faults.call(Call::RejectionOutcomes, away, self.inner.rejection_outcomes()).await
    }

    async fn solved_texts(&self, per_group: i64) -> Result<Vec<SolvedText>, StoreError> {
        self.faults.call(Call::SolvedTexts, away, self.inner.solved_texts(per_group)).await
    }

    async fn add_cittadino(&self, cittadino: &Cittadino) -> Result<bool, StoreError> {
        self.inner.add_cittadino(cittadino).await
    }

    async fn cittadino(&self, id: CittadinoId) -> Result<Option<Cittadino>, StoreError> {
        self.inner.cittadino(id).await
    }

    async fn find_cittadini(
        &self,
        telefono: Option<&Telefono>,
        email: Option<&Email>,
    ) -> Result<Vec<Cittadino>, StoreError> {
        self.inner.find_cittadini(telefono, email).await
    }

    async fn save_cliente(&self, cliente: &Cliente) -> Result<(), StoreError> {
        self.inner.save_cliente(cliente).await
    }

    async fn cliente(&self, nome: &str) -> Result<Option<Cliente>, StoreError> {
        self.faults.call(Call::Cliente, away, self.inner.cliente(nome)).await
    }

    async fn save_token(&self, token: &ApiToken) -> Result<(), StoreError> {
        self.inner.save_token(token).await
    }

    async fn token_by_digest(&self, digest: &[u8; 32]) -> Result<Option<(ApiToken, Cliente)>, StoreError> {
        self.inner.token_by_digest(digest).await
    }

    async fn tokens(&self) -> Result<Vec<ApiToken>, StoreError> {
        self.inner.tokens().await
    }

    async fn touch_token(&self, prefix: &str, at: DateTime<Utc>) -> Result<(), StoreError> {
        self.inner.touch_token(prefix, at).await
    }

    async fn revoke_token(&self, prefix: &str, at: DateTime<Utc>) -> Result<bool, StoreError> {
        self.inner.revoke_token(prefix, at).await
    }

    async fn groups_with_untold_answers(&self) -> Result<Vec<GruppoId>, StoreError> {
        self.inner.groups_with_untold_answers().await
    }

    async fn purge(&self, expired: &Expired) -> Result<Purged, StoreError> {
        self.inner.purge(expired).await
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.inner.ping().await
    }
}

struct FaultyDesk {
    inner: Box<dyn Desk>,
    faults: Arc<Faults>,
    /// What the office wrote.
    written: WriteSet,
}

impl FaultyDesk {
    /// The pratica as desks saw it before, once they have seen its padre change. That a figlio was opened is not such
    /// a change: only the lock tells of it, not the version.
    fn outdated(&self, now: &Pratica) -> Option<Pratica> {
        let earlier = |pratica: &&Pratica| pratica.padre.versione < now.padre.versione;
        self.faults.journal(|journal| journal.pratiche.get(&now.padre.id)?.iter().rfind(earlier).cloned())
    }

    fn remember(&self, pratica: &Pratica) {
        self.faults.journal(|journal| {
            let seen = journal.pratiche.entry(pratica.padre.id).or_default();
            if seen.last() != Some(pratica) {
                seen.push(pratica.clone());
            }
        });
    }

    /// The set as a store writes it that numbers each change after what it finds, whatever the change was decided on.
    async fn numbered_anew(&mut self, mut set: WriteSet) -> Result<WriteSet, StoreError> {
        let ids: BTreeSet<CasoId> = set.changed.iter().map(|(caso, _)| caso.id).collect();
        let stored = self.inner.load_pratiche(&ids).await?;
        let version = |id| stored.iter().find_map(|pratica| pratica.caso(id)).map(|caso| caso.versione);
        for (caso, before) in &mut set.changed {
            let Some(found) = version(caso.id) else { continue };
            let later = found - *before;
            *before = found;
            caso.versione += later;
            set.storia.iter_mut().filter(|row| row.caso == caso.id).for_each(|row| row.row.versione += later);
            set.papers.iter_mut().filter(|row| row.caso == caso.id).for_each(|row| row.versione += later);
            set.rigetti.iter_mut().filter(|row| row.caso == caso.id).for_each(|row| row.versione += later);
        }
        Ok(set)
    }
}

#[async_trait]
impl Desk for FaultyDesk {
    async fn take(&mut self, asked: &Asked) -> Result<Taken, StoreError> {
        let mut taken = self.faults.call(Call::DeskTake, away, self.inner.take(asked)).await?;
        if self.faults.is(Defect::NoInbox) {
            taken.unseen = vec![true; asked.messages.len()];
        }
        Ok(taken)
    }

    async fn settle_deliveries(&mut self, spool_ids: &[i64]) -> Result<(), StoreError> {
        let settles = self.inner.settle_deliveries(spool_ids);
        self.faults.call(Call::DeskSettleDeliveries, away, settles).await
    }

    async fn load_pratiche(&mut self, casi: &BTreeSet<CasoId>) -> Result<Vec<Pratica>, StoreError> {
        let loads = self.inner.load_pratiche(casi);
        let mut pratiche = self.faults.call(Call::DeskLoadPratiche, away, loads).await?;
        for pratica in &mut pratiche {
            self.remember(pratica);
            if self.faults.strikes(Fault::StaleRead)
                && let Some(outdated) = self.outdated(pratica)
            {
                *pratica = outdated;
            }
        }
        Ok(pratiche)
    }

    async fn known_casi(&mut self, casi: &BTreeSet<CasoId>) -> Result<BTreeSet<CasoId>, StoreError> {
        self.faults.call(Call::DeskKnownCasi, away, self.inner.known_casi(casi)).await
    }

    async fn known_cittadini(
        &mut self,
        cittadini: &BTreeSet<CittadinoId>,
    ) -> Result<BTreeSet<CittadinoId>, StoreError> {
        self.faults.call(Call::DeskKnownCittadini, away, self.inner.known_cittadini(cittadini)).await
    }

    async fn dossiers(&mut self, casi: &BTreeSet<CasoId>) -> Result<Vec<Dossier>, StoreError> {
        self.faults.call(Call::DeskDossiers, away, self.inner.dossiers(casi)).await
    }

    async fn write(&mut self, set: &WriteSet) -> Result<(), StoreError> {
        let mut set = set.clone();
        if self.faults.is(Defect::NoVersionCheck) {
            set = self.numbered_anew(set).await?;
        }
        // What the office meant to be written: the journal does not know of a lost message.
        self.written = set.clone();
        if self.faults.is(Defect::LostOutboxRow)
            && !set.outbox.is_empty()
            && self.faults.below(LOSES_ONE_IN) == 0
        {
            set.outbox.remove(self.faults.below(set.outbox.len()));
        }
        self.faults.call(Call::DeskWrite, away, self.inner.write(&set)).await
    }

    async fn commit(self: Box<Self>) -> Result<Committed, StoreError> {
        let Self { inner, faults, written } = *self;
        let commits = async {
            let committed = inner.commit().await?;
            faults.journal(|journal| journal.committed(&written));
            Ok(committed)
        };
        faults.call(Call::DeskCommit, away, commits).await
    }
}
