//! A store that knows one token and three operators, and is away for everything else; a gate as open as a test wants it.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use smista_domain::anagrafica::{Email, Telefono};
use smista_domain::caso::{Caso, Pratica};
use smista_domain::catalogue::{Catalogue, Operatore, Ruolo};
use smista_domain::ids::{CasoId, CittadinoId, EnteId, GruppoId, Login, Protocollo};
use smista_office::{Office, Surroundings};
use smista_queues::{Gate, Outgoing, Parked, ParkedId, ParkedMessage, Shelf, ShelfError, Wait};
use smista_store::*;

use crate::http::{Door, DoorConfig, Shown};
use crate::lanes::RunningLanes;
use crate::token::digest_if_token;

/// The token of the client that speaks for the first level, and the second of Firenze.
pub(super) const TOKEN: &str = "smista_00000000_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// A door to such a store.
pub(super) fn door_away(config: DoorConfig) -> (Door, RunningLanes) {
    door_behind(gate(true), config)
}

/// A door to such a store, behind a gate.
pub(super) fn door_behind(gate: Gate, config: DoorConfig) -> (Door, RunningLanes) {
    let surroundings = Surroundings::new(|| DateTime::UNIX_EPOCH, || uuid::Uuid::from_u128(1));
    let office = Office::new(Arc::new(Away), surroundings, "prova".to_owned(), Arc::new(drop));
    Door::new(Arc::new(office), gate, config, Shown::default())
}

/// A gate that is open for ever, or shut.
pub(super) fn gate(open: bool) -> Gate {
    Gate::new(Arc::new(Shelves { ready: open }), Arc::new(|| DateTime::UNIX_EPOCH))
}

struct Shelves {
    ready: bool,
}

fn no_shelf() -> ShelfError {
    ShelfError::Unavailable("the door lays nothing on a shelf".to_owned())
}

#[async_trait]
impl Shelf for Shelves {
    async fn put(&self, _waits: &[Wait], _parked: &[Parked]) -> Result<(), ShelfError> {
        Err(no_shelf())
    }

    async fn list_parked(
        &self,
        _after: Option<ParkedId>,
        _most: usize,
    ) -> Result<Vec<ParkedMessage>, ShelfError> {
        Err(no_shelf())
    }

    async fn find_parked(&self, _id: ParkedId) -> Result<Option<ParkedMessage>, ShelfError> {
        Err(no_shelf())
    }

    async fn replay_parked(
        &self,
        _id: ParkedId,
        _message: &Outgoing,
        _now: DateTime<Utc>,
    ) -> Result<bool, ShelfError> {
        Err(no_shelf())
    }

    async fn drop_parked(&self, _id: ParkedId) -> Result<bool, ShelfError> {
        Err(no_shelf())
    }

    async fn is_ready(&self) -> bool {
        self.ready
    }
}

struct Away;

fn away() -> StoreError {
    StoreError::Unavailable("away".into())
}

fn ente(code: &str) -> EnteId {
    EnteId::new(code).expect("a code")
}

#[async_trait]
impl Store for Away {
    async fn catalogue_revision(&self) -> Result<i64, StoreError> {
        Ok(self.catalogue().await?.revision)
    }

    async fn catalogue(&self) -> Result<Catalogue, StoreError> {
        let people = [
            ("anna", Ruolo::PrimoLivello),
            ("bruno", Ruolo::SecondoLivello { ente: ente("firenze") }),
            ("carla", Ruolo::SecondoLivello { ente: ente("scandicci") }),
        ];
        let operatori = people.map(|(name, ruolo)| {
            let login = Login::new(name).expect("a login");
            let nome = name.to_owned();
            (login.clone(), Operatore { login, nome, ruolo, email_inbound: false, retired: false })
        });
        Ok(Catalogue { revision: 1, operatori: operatori.into(), ..Catalogue::default() })
    }

    async fn token_by_digest(&self, digest: &[u8; 32]) -> Result<Option<(ApiToken, Cliente)>, StoreError> {
        let known = digest_if_token(TOKEN).expect("a token");
        let token = ApiToken {
            prefix: "smista_00000000".to_owned(),
            digest: known,
            cliente: "crm".to_owned(),
            created_at: DateTime::UNIX_EPOCH,
            expires_at: None,
            last_used_at: None,
            revoked_at: None,
        };
        let ruoli = vec!["primo_livello".to_owned(), "secondo_livello".to_owned()];
        let delegation = Delegation { operatori: Vec::new(), ruoli, enti: Some(vec![ente("firenze")]) };
        Ok((*digest == known).then(|| (token, Cliente { nome: "crm".to_owned(), delegation })))
    }

    async fn desk(&self) -> Result<Box<dyn Desk>, StoreError> {
        Err(away())
    }

    async fn reserve_protocolli(&self, _anno: i32, _count: i64) -> Result<i64, StoreError> {
        Err(away())
    }

    async fn replace_catalogue(
        &self,
        _expected: i64,
        _new: &Catalogue,
        _outbox: &[OutboxMessage],
        _now: DateTime<Utc>,
    ) -> Result<(i64, Committed), StoreError> {
        Err(away())
    }

    async fn caso(&self, _id: CasoId) -> Result<Option<Caso>, StoreError> {
        Err(away())
    }

    async fn caso_by_protocollo(&self, _protocollo: Protocollo) -> Result<Option<Caso>, StoreError> {
        Err(away())
    }

    async fn pratica(&self, _id: CasoId) -> Result<Option<Pratica>, StoreError> {
        Err(away())
    }

    async fn storia(&self, _id: CasoId, _after: i64, _limit: i64) -> Result<Vec<StoriaRow>, StoreError> {
        Err(away())
    }

    async fn papers(&self, _id: CasoId) -> Result<Vec<PaperRow>, StoreError> {
        Err(away())
    }

    async fn search(&self, _filter: &CasoFilter, _page: &PageRequest) -> Result<Page<Caso>, StoreError> {
        Err(away())
    }

    async fn count(&self, _by: CountBy) -> Result<Vec<Counted>, StoreError> {
        Err(away())
    }

    async fn triage(&self, _id: CasoId) -> Result<Option<TriageRow>, StoreError> {
        Err(away())
    }

    async fn rejection_outcomes(&self) -> Result<Vec<LearnedOutcome>, StoreError> {
        Err(away())
    }

    async fn solved_texts(&self, _per_group: i64) -> Result<Vec<SolvedText>, StoreError> {
        Err(away())
    }

    async fn add_cittadino(&self, _cittadino: &Cittadino) -> Result<bool, StoreError> {
        Err(away())
    }

    async fn cittadino(&self, _id: CittadinoId) -> Result<Option<Cittadino>, StoreError> {
        Err(away())
    }

    async fn find_cittadini(
        &self,
        _telefono: Option<&Telefono>,
        _email: Option<&Email>,
    ) -> Result<Vec<Cittadino>, StoreError> {
        Err(away())
    }

    async fn save_cliente(&self, _cliente: &Cliente) -> Result<(), StoreError> {
        Err(away())
    }

    async fn cliente(&self, _nome: &str) -> Result<Option<Cliente>, StoreError> {
        Err(away())
    }

    async fn save_token(&self, _token: &ApiToken) -> Result<(), StoreError> {
        Err(away())
    }

    async fn tokens(&self) -> Result<Vec<ApiToken>, StoreError> {
        Err(away())
    }

    async fn touch_token(&self, _prefix: &str, _at: DateTime<Utc>) -> Result<(), StoreError> {
        Err(away())
    }

    async fn revoke_token(&self, _prefix: &str, _at: DateTime<Utc>) -> Result<bool, StoreError> {
        Err(away())
    }

    async fn groups_with_untold_answers(&self) -> Result<Vec<GruppoId>, StoreError> {
        Err(away())
    }

    async fn purge(&self, _expired: &Expired) -> Result<Purged, StoreError> {
        Err(away())
    }

    async fn ping(&self) -> Result<(), StoreError> {
        Err(away())
    }
}
