//! The lists that people work from: a group's inbox and its Segnalazioni, the rejects desk, the misrouted Segnalazioni,
//! the call-back list, a citizen's earlier cases.

use std::collections::BTreeMap;

use serde::Serialize;
use smista_domain::anagrafica::{Email, Telefono};
use smista_domain::attore::Attore;
use smista_domain::caso::ContactLimits;
use smista_domain::catalogue::Ruolo;
use smista_domain::ids::{CasoId, GruppoId};
use smista_domain::motivo::Motivo;
use smista_domain::stato::Stato;
use smista_domain::transitions::CALL_BACK;
use smista_store::{CasoFilter, Cursor, Page, PageRequest, StoreError};

use super::{CaseSummary, search};
use crate::Office;

/// How many cases of a citizen, or figli of a page, are read at a time.
const READ_TOGETHER: i64 = 200;

/// A line of a desk: a case with its open figli, which are never lines of their own (R1).
#[derive(Debug, Clone, Serialize)]
pub struct DeskEntry {
    /// The case.
    #[serde(flatten)]
    pub caso: CaseSummary,
    /// Its open Solleciti and Notifiche, oldest first.
    pub figli: Vec<CaseSummary>,
    /// Somebody urges an answer.
    pub sollecitato: bool,
    /// The citizen has added or changed something (R15).
    pub notificato: bool,
}

/// The Segnalazioni that a group received, newest first (4.1-6): nothing is owed for them, so no inbox holds them. None
/// when the group does not exist or is not this actor's to see.
pub async fn segnalazioni(
    office: &Office,
    attore: &Attore,
    limits: ContactLimits,
    gruppo: &GruppoId,
    page: &PageRequest,
) -> Result<Option<Page<CaseSummary>>, StoreError> {
    if !may_look_into(office, attore, gruppo) {
        return Ok(None);
    }
    let filter = CasoFilter {
        stati: vec![Stato::AssegnatoRisolto],
        gruppi: vec![gruppo.clone()],
        newest_first: true,
        ..CasoFilter::default()
    };
    search(office, attore, limits, filter, page).await.map(Some)
}

/// The Segnalazioni that a referent has found misrouted, until the first level has opened a case that cites them (R17).
pub async fn misrouted(
    office: &Office,
    attore: &Attore,
    limits: ContactLimits,
    page: &PageRequest,
) -> Result<Page<CaseSummary>, StoreError> {
    search(office, attore, limits, CasoFilter { misrouted: true, ..CasoFilter::default() }, page).await
}

/// The open cases of a group (4.3-2); none when the group does not exist or is not this actor's to see.
pub async fn inbox(
    office: &Office,
    attore: &Attore,
    limits: ContactLimits,
    gruppo: &GruppoId,
    page: &PageRequest,
) -> Result<Option<Page<DeskEntry>>, StoreError> {
    if !may_look_into(office, attore, gruppo) {
        return Ok(None);
    }
    let filter = CasoFilter { stati: open_states(), gruppi: vec![gruppo.clone()], ..CasoFilter::default() };
    desk(office, attore, limits, filter, page).await.map(Some)
}

fn may_look_into(office: &Office, attore: &Attore, gruppo: &GruppoId) -> bool {
    office.cached_catalogue().gruppi.get(gruppo).is_some_and(|gruppo| match &attore.ruolo {
        Ruolo::PrimoLivello | Ruolo::GestioneRigetti | Ruolo::Operazioni | Ruolo::Sistema => true,
        Ruolo::SecondoLivello { ente } => gruppo.ente == *ente,
        Ruolo::Specialista { .. } | Ruolo::Ufficio => false,
    })
}

/// What waits for Gestione Rigetti (4.3-5).
pub async fn rejects(
    office: &Office,
    attore: &Attore,
    limits: ContactLimits,
    page: &PageRequest,
) -> Result<Page<DeskEntry>, StoreError> {
    let filter = CasoFilter { stati: vec![Stato::Rigettato], ..CasoFilter::default() };
    desk(office, attore, limits, filter, page).await
}

/// The citizens whom the first level is to tell an answer (6-7, row 19).
pub async fn call_back(
    office: &Office,
    attore: &Attore,
    limits: ContactLimits,
    page: &PageRequest,
) -> Result<Page<DeskEntry>, StoreError> {
    let filter = CasoFilter { stati: CALL_BACK.to_vec(), ..CasoFilter::default() };
    desk(office, attore, limits, filter, page).await
}

/// The cases of the citizen who is reached at this number or address, now or earlier (3-1), newest first: the page
/// begins after its cursor, with what is older. Those of the citizens whom the register knows by them count too (R24).
pub async fn earlier_cases(
    office: &Office,
    attore: &Attore,
    limits: ContactLimits,
    telefono: Option<&Telefono>,
    email: Option<&Email>,
    page: &PageRequest,
) -> Result<Page<CaseSummary>, StoreError> {
    let mut filters = Vec::new();
    if let Some(telefono) = telefono {
        filters.push(CasoFilter { telefono: Some(telefono.clone()), ..CasoFilter::default() });
    }
    if let Some(email) = email {
        filters.push(CasoFilter { email: Some(email.clone()), ..CasoFilter::default() });
    }
    let citizens =
        if filters.is_empty() { Vec::new() } else { office.store.find_cittadini(telefono, email).await? };
    let of_register = citizens
        .into_iter()
        .map(|citizen| CasoFilter { cittadino: Some(citizen.id), ..CasoFilter::default() });
    filters.extend(of_register);

    let mut found: BTreeMap<CasoId, CaseSummary> = BTreeMap::new();
    for filter in filters {
        let mut part = PageRequest { after: None, limit: READ_TOGETHER };
        loop {
            let read = search(office, attore, limits, filter.clone(), &part).await?;
            found.extend(read.rows.into_iter().map(|caso| (caso.id, caso)));
            match read.next {
                Some(next) => part.after = Some(next),
                None => break,
            }
        }
    }
    Ok(page_of_newest(found.into_values(), page))
}

/// The page of these cases, newest first. A citizen has few enough of them to put in order here.
fn page_of_newest(cases: impl Iterator<Item = CaseSummary>, page: &PageRequest) -> Page<CaseSummary> {
    let is_older = |caso: &CaseSummary| {
        page.after.is_none_or(|after| (caso.opened_at, caso.id) < (after.opened_at, after.id))
    };
    let mut rows: Vec<CaseSummary> = cases.filter(is_older).collect();
    rows.sort_by_key(|caso| std::cmp::Reverse((caso.opened_at, caso.id)));
    let asked = usize::try_from(page.limit).unwrap_or(usize::MAX);
    let more = rows.len() > asked;
    rows.truncate(asked);
    let next = rows.last().filter(|_| more).map(|caso| Cursor { opened_at: caso.opened_at, id: caso.id });
    Page { rows, next }
}

/// Padri that match, each with its open figli.
async fn desk(
    office: &Office,
    attore: &Attore,
    limits: ContactLimits,
    filter: CasoFilter,
    page: &PageRequest,
) -> Result<Page<DeskEntry>, StoreError> {
    let filter = CasoFilter { only_padri: true, ..filter };
    let found = search(office, attore, limits, filter, page).await?;
    let padri = found.rows.iter().map(|caso| caso.id).collect();
    let mut figli = open_figli(office, attore, limits, padri).await?;
    let rows = found.rows.into_iter().map(|caso| {
        let figli = figli.remove(&caso.id).unwrap_or_default();
        let has = |motivo| figli.iter().any(|figlio: &CaseSummary| figlio.motivo == Some(motivo));
        let (sollecitato, notificato) = (has(Motivo::Sollecito), has(Motivo::NotificaPerInformazione));
        DeskEntry { caso, figli, sollecitato, notificato }
    });
    Ok(Page { rows: rows.collect(), next: found.next })
}

/// The open figli of these padri, oldest first, read together.
async fn open_figli(
    office: &Office,
    attore: &Attore,
    limits: ContactLimits,
    padri: Vec<CasoId>,
) -> Result<BTreeMap<CasoId, Vec<CaseSummary>>, StoreError> {
    let mut of_padre: BTreeMap<CasoId, Vec<CaseSummary>> = BTreeMap::new();
    if padri.is_empty() {
        return Ok(of_padre);
    }
    let filter = CasoFilter { padri, stati: open_states(), ..CasoFilter::default() };
    let mut part = PageRequest { after: None, limit: READ_TOGETHER };
    loop {
        let read = search(office, attore, limits, filter.clone(), &part).await?;
        for figlio in read.rows {
            of_padre.entry(figlio.padre.unwrap_or(figlio.id)).or_default().push(figlio);
        }
        match read.next {
            Some(next) => part.after = Some(next),
            None => return Ok(of_padre),
        }
    }
}

fn open_states() -> Vec<Stato> {
    Stato::ALL.into_iter().filter(|stato| !stato.is_final()).collect()
}
