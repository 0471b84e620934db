//! Batches on a stand-in for the store, which shows what no real one does on demand.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use smista_domain::anagrafica::{Email, Telefono};
use smista_domain::caso::{Caso, Pratica};
use smista_domain::catalogue::{Catalogue, Ente, Macrostruttura, Operatore, Profilo, Ruolo, Servizio};
use smista_domain::ids::{CasoId, CittadinoId, GruppoId, Login, Protocollo, Tripletta};
use smista_store::{
    ApiToken, Asked, CasoFilter, Cittadino, Claim, Cliente, Committed, CountBy, Counted, Delegation, Desk,
    Dossier, Expired, LearnedOutcome, OpeningKey, OutboxMessage, Page, PageRequest, PaperRow, Purged,
    SolvedText, Store, StoreError, StoriaRow, Taken, TriageRow, WriteSet,
};
use uuid::Uuid;

use super::{Incoming, Outcome, Request, Who};
use crate::{Office, Surroundings};

#[tokio::test]
async fn who_comes_first_gets_the_lowest_number() {
    let office = office(StandIn::default());
    let outcomes =
        office.apply("intake", &[opening("a"), opening("b"), opening("c")]).await.expect("applied");
    let numbers = outcomes.iter().map(|outcome| match outcome {
        Outcome::Applied(applied) => applied.caso.protocollo.numero,
        other => panic!("{other:?}"),
    });
    assert_eq!(numbers.collect::<Vec<_>>(), [1, 2, 3]);
}

#[tokio::test]
async fn a_catalogue_that_cannot_be_read_is_no_commands_fault() {
    let office = office(StandIn { unreadable: true, ..StandIn::default() });
    let failed = office.apply("intake", &[opening("a"), opening("b")]).await.expect_err("not applied");
    assert!(matches!(failed, StoreError::Failed(_)), "{failed:?}");
    assert!(matches!(crate::batch_failed(&failed), smista_queues::BatchFailed::TryAgain(_)));
}

#[tokio::test]
async fn data_that_the_store_refuses_harms_its_own_command_only() {
    let store = StandIn { refused: Some("c".to_owned()), ..StandIn::default() };
    let desks = Arc::clone(&store.desks);
    let office = office(store);
    let ids = ["a", "b", "c", "d", "e", "f", "g", "h"];
    let outcomes = office.apply("intake", &ids.map(opening)).await.expect("applied");
    for (id, outcome) in ids.iter().zip(&outcomes) {
        match outcome {
            Outcome::Applied(_) => assert_ne!(*id, "c"),
            Outcome::Failed(_) => assert_eq!(*id, "c"),
            other => panic!("{id}: {other:?}"),
        }
    }
    // One for all, two for each halving, and the opening's second try; one more to learn the catalogue.
    assert_eq!(*desks.lock().expect("counted"), 1 + 1 + 2 * 3 + 1);
}

fn office(store: StandIn) -> Office {
    let next = Mutex::new(0_u128);
    let uuids = move || {
        let mut next = next.lock().expect("an id");
        *next += 1;
        Uuid::from_u128(*next)
    };
    let now = DateTime::from_timestamp(1_790_000_000, 0).expect("a time");
    Office::new(
        Arc::new(store),
        Surroundings::new(move || now, uuids),
        "smista".into(),
        Arc::new(|_committed| ()),
    )
}

fn json<T: serde::de::DeserializeOwned>(value: serde_json::Value) -> T {
    serde_json::from_value(value).expect("valid")
}

fn musei() -> Tripletta {
    json(serde_json::json!({ "ente": "firenze", "macrostruttura": "cultura", "servizio": "musei" }))
}

fn opening(id: &str) -> Incoming {
    let opening = json(serde_json::json!({
        "motivo": "lamentela", "tripletta": musei(), "canale": "telefono",
        "description": "Troppa coda all'ingresso."
    }));
    let delegation =
        Delegation { operatori: Vec::new(), ruoli: vec!["primo_livello".to_owned()], enti: None };
    Incoming {
        who: Who::Client { named: Some("anna".to_owned()), delegation: Arc::new(delegation) },
        request: Request::Open { opening, key: OpeningKey { source: "crm".into(), id: id.into() } },
        expected_version: None,
        message: None,
        idempotency: None,
        spool_row: None,
        traceparent: None,
        render: None,
    }
}

fn catalogue() -> Catalogue {
    let Tripletta { ente, macrostruttura, .. } = musei();
    let body = Ente { id: ente.clone(), nome: "Firenze".into(), gruppo_di_ripiego: None, retired: false };
    let unit = Macrostruttura {
        ente: ente.clone(),
        id: macrostruttura.clone(),
        nome: "Cultura".into(),
        parent: None,
        retired: false,
    };
    let servizio = Servizio {
        tripletta: musei(),
        nome: "Musei".into(),
        profilo: Profilo::Base,
        contact_back: false,
        gruppo: None,
        numero_trasferimento: None,
        agenda: false,
        scheda: None,
        retired: false,
    };
    let login = Login::new("anna").expect("a login");
    let anna = Operatore {
        login: login.clone(),
        nome: "Anna".into(),
        ruolo: Ruolo::PrimoLivello,
        email_inbound: false,
        retired: false,
    };
    Catalogue {
        revision: 1,
        enti: [(ente.clone(), body)].into(),
        macrostrutture: [((ente, macrostruttura), unit)].into(),
        servizi: [(musei(), servizio)].into(),
        operatori: [(login, anna)].into(),
        ..Catalogue::default()
    }
}

#[derive(Default)]
struct StandIn {
    /// Whether a row of the catalogue makes no sense.
    unreadable: bool,
    /// The opening whose data breaks a rule.
    refused: Option<String>,
    desks: Arc<Mutex<usize>>,
    protocolli: Mutex<i64>,
}

struct StandInDesk {
    refused: Option<String>,
}

fn not_asked() -> StoreError {
    StoreError::Failed("no batch asks for this".into())
}

#[async_trait]
impl Desk for StandInDesk {
    async fn take(&mut self, asked: &Asked) -> Result<Taken, StoreError> {
        let unseen = vec![true; asked.messages.len()];
        let claims = vec![Claim::New; asked.keys.len()];
        Ok(Taken { revision: 1, unseen, claims, ..Taken::default() })
    }

    async fn settle_deliveries(&mut self, _spool_ids: &[i64]) -> Result<(), StoreError> {
        Ok(())
    }

    async fn load_pratiche(&mut self, _casi: &BTreeSet<CasoId>) -> Result<Vec<Pratica>, StoreError> {
        Ok(Vec::new())
    }

    async fn dossiers(&mut self, _casi: &BTreeSet<CasoId>) -> Result<Vec<Dossier>, StoreError> {
        Ok(Vec::new())
    }

    async fn known_casi(&mut self, _casi: &BTreeSet<CasoId>) -> Result<BTreeSet<CasoId>, StoreError> {
        Ok(BTreeSet::new())
    }

    async fn known_cittadini(
        &mut self,
        _cittadini: &BTreeSet<CittadinoId>,
    ) -> Result<BTreeSet<CittadinoId>, StoreError> {
        Ok(BTreeSet::new())
    }

    async fn write(&mut self, set: &WriteSet) -> Result<(), StoreError> {
        let is_refused = |(_, key): &(Caso, OpeningKey)| Some(&key.id) == self.refused.as_ref();
        if set.opened.iter().any(is_refused) { Err(StoreError::Data("too long".into())) } else { Ok(()) }
    }

    async fn commit(self: Box<Self>) -> Result<Committed, StoreError> {
        Ok(Committed::default())
    }
}

#[async_trait]
impl Store for StandIn {
    async fn desk(&self) -> Result<Box<dyn Desk>, StoreError> {
        *self.desks.lock().expect("counted") += 1;
        Ok(Box::new(StandInDesk { refused: self.refused.clone() }))
    }

    async fn reserve_protocolli(&self, _anno: i32, count: i64) -> Result<i64, StoreError> {
        let mut last = self.protocolli.lock().expect("counted");
        let first = *last + 1;
        *last += count;
        Ok(first)
    }

    async fn catalogue_revision(&self) -> Result<i64, StoreError> {
        Ok(1)
    }

    async fn catalogue(&self) -> Result<Catalogue, StoreError> {
        match self.unreadable {
            true => Err(StoreError::Corrupt { what: "profilo", source: "unknown name".into() }),
            false => Ok(catalogue()),
        }
    }

    async fn replace_catalogue(
        &self,
        _expected: i64,
        _new: &Catalogue,
        _outbox: &[OutboxMessage],
        _now: DateTime<Utc>,
    ) -> Result<(i64, Committed), StoreError> {
        Err(not_asked())
    }

    async fn caso(&self, _id: CasoId) -> Result<Option<Caso>, StoreError> {
        Err(not_asked())
    }

    async fn caso_by_protocollo(&self, _protocollo: Protocollo) -> Result<Option<Caso>, StoreError> {
        Err(not_asked())
    }

    async fn pratica(&self, _id: CasoId) -> Result<Option<Pratica>, StoreError> {
        Err(not_asked())
    }

    async fn storia(&self, _id: CasoId, _after: i64, _limit: i64) -> Result<Vec<StoriaRow>, StoreError> {
        Err(not_asked())
    }

    async fn papers(&self, _id: CasoId) -> Result<Vec<PaperRow>, StoreError> {
        Err(not_asked())
    }

    async fn search(&self, _filter: &CasoFilter, _page: &PageRequest) -> Result<Page<Caso>, StoreError> {
        Err(not_asked())
    }

    async fn count(&self, _by: CountBy) -> Result<Vec<Counted>, StoreError> {
        Err(not_asked())
    }

    async fn triage(&self, _id: CasoId) -> Result<Option<TriageRow>, StoreError> {
        Err(not_asked())
    }

    async fn rejection_outcomes(&self) -> Result<Vec<LearnedOutcome>, StoreError> {
        Err(not_asked())
    }

    async fn solved_texts(&self, _per_group: i64) -> Result<Vec<SolvedText>, StoreError> {
        Err(not_asked())
    }

    async fn add_cittadino(&self, _cittadino: &Cittadino) -> Result<bool, StoreError> {
        Err(not_asked())
    }

    async fn cittadino(&self, _id: CittadinoId) -> Result<Option<Cittadino>, StoreError> {
        Err(not_asked())
    }

    async fn find_cittadini(
        &self,
        _telefono: Option<&Telefono>,
        _email: Option<&Email>,
    ) -> Result<Vec<Cittadino>, StoreError> {
        Err(not_asked())
    }

    async fn save_cliente(&self, _cliente: &Cliente) -> Result<(), StoreError> {
        Err(not_asked())
    }

    async fn cliente(&self, _nome: &str) -> Result<Option<Cliente>, StoreError> {
        Err(not_asked())
    }

    async fn save_token(&self, _token: &ApiToken) -> Result<(), StoreError> {
        Err(not_asked())
    }

    async fn token_by_digest(&self, _digest: &[u8; 32]) -> Result<Option<(ApiToken, Cliente)>, StoreError> {
        Err(not_asked())
    }

    async fn tokens(&self) -> Result<Vec<ApiToken>, StoreError> {
        Err(not_asked())
    }

    async fn touch_token(&self, _prefix: &str, _at: DateTime<Utc>) -> Result<(), StoreError> {
        Err(not_asked())
    }

    async fn revoke_token(&self, _prefix: &str, _at: DateTime<Utc>) -> Result<bool, StoreError> {
        Err(not_asked())
    }

    async fn groups_with_untold_answers(&self) -> Result<Vec<GruppoId>, StoreError> {
        Err(not_asked())
    }

    async fn purge(&self, _expired: &Expired) -> Result<Purged, StoreError> {
        Err(not_asked())
    }

    async fn ping(&self) -> Result<(), StoreError> {
        Err(not_asked())
    }
}
