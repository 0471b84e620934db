//! A padre and its figli: loaded together, locked together, and what history makes of them.

use std::collections::BTreeSet;

use smista_domain::apply::replay;
use smista_domain::command::Command;
use smista_domain::ids::CittadinoId;
use uuid::Uuid;

use super::Fixture;
use super::scene::{
    act, apply, caso_id, command, lamentela, login, open, opening, reclamo, resolved, sollecito, write,
};
use crate::{Asked, CasoFilter, OpeningKey, PageRequest, StoreError};

pub async fn a_padre_comes_with_its_figli(on: &impl Fixture) {
    let padre = open(on.store(), 2, &reclamo(), 0).await;
    let (set, with_one) = opening(3, &sollecito(caso_id(2)), Some(&padre), 10);
    write(on.store(), &set).await.expect("stored");
    let (set, with_two) = opening(4, &sollecito(caso_id(2)), Some(&with_one), 20);
    write(on.store(), &set).await.expect("stored");
    let alone = open(on.store(), 1, &lamentela(), 30).await;
    let mut desk = on.store().desk().await.expect("a desk");
    // Two figli and the padre are one pratica; it comes after the case with the smaller id.
    let asked: BTreeSet<_> = [4, 3, 2, 1].map(caso_id).into();
    let loaded = desk.load_pratiche(&asked).await.expect("loaded");
    assert_eq!(loaded, [alone, with_two.clone()]);
    let by_figlio = desk.load_pratiche(&[caso_id(4)].into()).await.expect("loaded");
    assert_eq!(by_figlio, std::slice::from_ref(&with_two));
    drop(desk);
    assert_eq!(on.store().pratica(caso_id(3)).await.expect("read"), Some(with_two));
}

pub async fn unknown_cases_are_left_out(on: &impl Fixture) {
    let known = open(on.store(), 1, &lamentela(), 0).await;
    let mut desk = on.store().desk().await.expect("a desk");
    let loaded = desk.load_pratiche(&[1, 99].map(caso_id).into()).await.expect("loaded");
    assert_eq!(loaded, [known]);
    assert_eq!(desk.load_pratiche(&BTreeSet::new()).await.expect("loaded"), []);
    drop(desk);
    assert_eq!(on.store().caso(caso_id(99)).await.expect("read"), None);
    assert_eq!(on.store().pratica(caso_id(99)).await.expect("read"), None);
}

/// Two desks raise the same case at once, each on what it loaded: neither change is lost.
pub async fn a_padre_is_locked_until_the_desk_ends(on: &impl Fixture) {
    let padre = open(on.store(), 1, &reclamo(), 0).await;
    let (set, _) = opening(2, &sollecito(caso_id(1)), Some(&padre), 1);
    write(on.store(), &set).await.expect("stored");
    let note = |n: u8| async move {
        let mut desk = on.store().desk().await.expect("a desk");
        // One comes by the padre and the other by the figlio: the lock is the padre's.
        let by = if n.is_multiple_of(2) { caso_id(1) } else { caso_id(2) };
        let loaded = desk.load_pratiche(&[by].into()).await.expect("loaded");
        let note = command(Command::Note, serde_json::json!({ "text": "Sentito l'ufficio." }));
        let (set, _) = act(&loaded[0], caso_id(1), &note, "anna", 2);
        desk.write(&set).await.expect("nobody changed it in between");
        desk.commit().await.expect("committed");
    };
    futures::future::join_all((0..6).map(note)).await;
    let caso = on.store().caso(caso_id(1)).await.expect("read").expect("known");
    assert_eq!(caso.versione, 7);
}

pub async fn a_stale_version_is_refused(on: &impl Fixture) {
    let before = open(on.store(), 1, &reclamo(), 0).await;
    let (set, _) = act(&before, caso_id(1), &Command::Route, "instradamento", 1);
    write(on.store(), &set).await.expect("the first is in time");
    let late = write(on.store(), &set).await;
    assert!(matches!(late, Err(StoreError::Changed { table: "caso", expected: 1, actual: 0 })), "{late:?}");
}

pub async fn history_replays_to_the_case(on: &impl Fixture) {
    let pratica = resolved(on.store(), 1, "non_comunicato", 0).await;
    let attempt = command(
        Command::RecordAttempt,
        serde_json::json!({
            "tentativo": { "canale": "telefono", "direzione": "outbound", "esito": "raggiunto" },
            "attributo": "comunicato"
        }),
    );
    let pratica = apply(on.store(), &pratica, &attempt, "bruno", 9).await;
    let storia = on.store().storia(caso_id(1), 0, 100).await.expect("read");
    let rows: Vec<_> = storia.iter().map(|row| row.row.clone()).collect();
    let replayed = replay(caso_id(1), &rows).expect("whole");
    assert_eq!(replayed, pratica.padre);
    assert_eq!(on.store().caso(caso_id(1)).await.expect("read"), Some(replayed));
    // Each row begins where the one before ended.
    assert_eq!(storia[0].stato_before, None);
    assert!(storia.windows(2).all(|pair| pair[1].stato_before == Some(pair[0].stato_after)));
    let page = on.store().storia(caso_id(1), 1, 2).await.expect("read");
    assert_eq!(page, storia[1..3]);
}

/// What triage reads: all of a case that is asked for, and nothing that was erased.
pub async fn a_dossier_tells_a_case_and_its_history(on: &impl Fixture) {
    let pratica = open(on.store(), 1, &reclamo(), 0).await;
    let pratica = apply(on.store(), &pratica, &Command::Route, "instradamento", 1).await;
    open(on.store(), 2, &lamentela(), 2).await;
    let mut desk = on.store().desk().await.expect("a desk");
    let found = desk.dossiers(&[1, 99].map(caso_id).into()).await.expect("read");
    let [dossier] = &found[..] else { panic!("one of two exists: {found:?}") };
    assert_eq!(dossier.caso, pratica.padre);
    assert_eq!(replay(caso_id(1), &dossier.storia), Ok(pratica.padre));
    assert_eq!(dossier.descrizioni.len(), 1);
    drop(desk);
    let erase = "update revisione set contenuto = null, erased_at = at where campo = 'descrizione'";
    assert!(on.admits(erase).await);
    let mut desk = on.store().desk().await.expect("a desk");
    let both = desk.dossiers(&[1, 2].map(caso_id).into()).await.expect("read");
    assert_eq!(both.len(), 2);
    assert!(both.iter().all(|dossier| dossier.descrizioni.is_empty()));
}

pub async fn what_exists_is_known(on: &impl Fixture) {
    open(on.store(), 1, &lamentela(), 0).await;
    let mut desk = on.store().desk().await.expect("a desk");
    let known = desk.known_casi(&[1, 2].map(caso_id).into()).await.expect("read");
    assert_eq!(known, [caso_id(1)].into());
    let citizens = [CittadinoId(Uuid::from_u128(7))].into();
    assert_eq!(desk.known_cittadini(&citizens).await.expect("read"), BTreeSet::new());
    let key = |id: &str| OpeningKey { source: "suite".into(), id: id.into() };
    let asked = Asked { openings: [key("1"), key("2")].into(), ..Asked::default() };
    assert_eq!(desk.take(&asked).await.expect("read").opened, [(key("1"), caso_id(1))].into());
}

/// Somebody involved as a specialist goes on finding the case after it left their hands (R14).
pub async fn a_specialist_goes_on_seeing_the_case(on: &impl Fixture) {
    let pratica = open(on.store(), 1, &reclamo(), 0).await;
    let pratica = apply(on.store(), &pratica, &Command::Route, "instradamento", 1).await;
    let involve = command(Command::Involve, serde_json::json!({ "specialista": "dino" }));
    let pratica = apply(on.store(), &pratica, &involve, "bruno", 2).await;
    let reject = command(
        Command::Reject,
        serde_json::json!({ "causa": "errore_operatore", "note": "Non è di nostra competenza." }),
    );
    apply(on.store(), &pratica, &reject, "bruno", 3).await;
    let filter = CasoFilter { coinvolto: Some(login("dino")), ..CasoFilter::default() };
    let found = on.store().search(&filter, &PageRequest { after: None, limit: 10 }).await.expect("read");
    assert_eq!(found.rows.iter().map(|caso| caso.id).collect::<Vec<_>>(), [caso_id(1)]);
}
