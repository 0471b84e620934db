//! What the schema itself refuses, whoever asks.

use smista_domain::ids::Protocollo;
use smista_domain::stato::Stato;

use super::Fixture;
use super::scene::{at, caso_id, lamentela, open, opening, write};
use crate::{CasoFilter, PageRequest, StoreError};

pub async fn an_opening_makes_one_case(on: &impl Fixture) {
    let (first, _) = opening(1, &lamentela(), None, 0);
    let (mut second, _) = opening(2, &lamentela(), None, 0);
    second.opened[0].1 = first.opened[0].1.clone();
    write(on.store(), &first).await.expect("stored");
    let again = write(on.store(), &second).await;
    assert!(matches!(again, Err(StoreError::Data(_))), "{again:?}");
    assert_eq!(on.store().caso(caso_id(2)).await.expect("read"), None);
}

pub async fn a_protocol_number_is_given_once(on: &impl Fixture) {
    let (first, _) = opening(1, &lamentela(), None, 0);
    let (mut second, _) = opening(2, &lamentela(), None, 0);
    second.opened[0].0.protocollo = first.opened[0].0.protocollo;
    write(on.store(), &first).await.expect("stored");
    let again = write(on.store(), &second).await;
    assert!(matches!(again, Err(StoreError::Data(_))), "{again:?}");
    let heard = Protocollo { anno: 2026, numero: 1 };
    let found = on.store().caso_by_protocollo(heard).await.expect("read").expect("known");
    assert_eq!(found.id, caso_id(1));
    let other_year = Protocollo { anno: 2025, numero: 1 };
    assert_eq!(on.store().caso_by_protocollo(other_year).await.expect("read"), None);
}

pub async fn no_illegal_pair_is_stored(on: &impl Fixture) {
    open(on.store(), 1, &lamentela(), 0).await;
    for illegal in [
        "update caso set stato = 'assegnato'",
        "update caso set attributo = 'da_comunicare'",
        "update caso set attributo = null",
        "update caso set stato = 'risolto_secondo_livello', attributo = null",
        "update caso set stato = 'chiuso', attributo = null",
    ] {
        assert!(!on.admits(illegal).await, "{illegal}");
    }
    assert!(on.admits("update caso set stato = 'sospeso', attributo = null").await);
}

pub async fn every_legal_pair_is_stored(on: &impl Fixture) {
    for (n, stato) in (1..).zip(Stato::ALL) {
        let (mut set, _) = opening(n, &lamentela(), None, 0);
        set.opened[0].0.stato = stato;
        write(on.store(), &set).await.expect("a pair of the process");
        let filter = CasoFilter { stati: vec![stato], ..CasoFilter::default() };
        let page = PageRequest { after: None, limit: 10 };
        let found = on.store().search(&filter, &page).await.expect("read");
        assert_eq!(
            found.rows.iter().map(|caso| (caso.id, caso.stato)).collect::<Vec<_>>(),
            [(caso_id(n), stato)]
        );
    }
}

pub async fn history_is_append_only(on: &impl Fixture) {
    let (set, _) = opening(1, &lamentela(), None, 0);
    write(on.store(), &set).await.expect("stored");
    assert!(!on.admits("update caso_storia set by = 'nobody'").await);
    assert!(!on.admits("delete from caso_storia").await);
    let storia = on.store().storia(caso_id(1), 0, 10).await.expect("read");
    assert_eq!(storia, set.storia);
    assert_eq!(storia[0].row.at, at(0), "to the microsecond");
}
