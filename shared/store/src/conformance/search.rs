//! Lists: every filter by itself, together, in pages; and counts.

use smista_domain::command::{Command, Opening};
use smista_domain::ids::CasoId;
use smista_domain::motivo::Motivo;
use smista_domain::stato::Stato;
use uuid::Uuid;

use super::Fixture;
use super::scene::{
    alone, apply, at, caso_id, command, gruppo, lamentela, login, open, opening, reclamo, resolved,
    segnalazione, sollecito, tripletta, write,
};
use crate::{CasoFilter, CountBy, Counted, PageRequest};

async fn found(on: &impl Fixture, filter: CasoFilter) -> Vec<CasoId> {
    let page = PageRequest { after: None, limit: 100 };
    let found = on.store().search(&filter, &page).await.expect("read");
    assert_eq!(found.next, None);
    found.rows.iter().map(|caso| caso.id).collect()
}

/// 1 a Lamentela; 2 a Reclamo resolved and not told; 3 its Sollecito; 4 a Reclamo accepted by `bruno`.
async fn office(on: &impl Fixture) {
    open(on.store(), 1, &lamentela(), 0).await;
    let padre = resolved(on.store(), 2, "non_comunicato", 10).await;
    let (set, _) = opening(3, &sollecito(caso_id(2)), Some(&padre), 20);
    write(on.store(), &set).await.expect("stored");
    let other = open(on.store(), 4, &reclamo(), 30).await;
    let other = apply(on.store(), &other, &Command::Route, "instradamento", 31).await;
    let other = apply(on.store(), &other, &Command::Accept, "bruno", 32).await;
    let involve = command(Command::Involve, serde_json::json!({ "specialista": "dino" }));
    apply(on.store(), &other, &involve, "bruno", 33).await;
}

pub async fn each_filter_finds_its_cases(on: &impl Fixture) {
    office(on).await;
    let of = CasoFilter::default;
    let all = [1, 2, 3, 4].map(caso_id);
    assert_eq!(found(on, of()).await, all);
    let two = on.store().caso(caso_id(2)).await.expect("read").expect("known");
    assert_eq!(found(on, CasoFilter { protocollo: Some(two.protocollo), ..of() }).await, [caso_id(2)]);
    let stati = vec![two.stato, Stato::Trasferito];
    assert_eq!(found(on, CasoFilter { stati, ..of() }).await, [caso_id(2)]);
    let motivi = vec![Motivo::Lamentela, Motivo::Sollecito];
    assert_eq!(found(on, CasoFilter { motivi, ..of() }).await, [1, 3].map(caso_id));
    let anagrafe = tripletta("anagrafe");
    assert_eq!(found(on, CasoFilter { ente: Some(anagrafe.ente), ..of() }).await, all);
    assert_eq!(found(on, CasoFilter { macrostruttura: Some(anagrafe.macrostruttura), ..of() }).await, all);
    let servizio = Some(anagrafe.servizio);
    assert_eq!(found(on, CasoFilter { servizio, ..of() }).await, [2, 3, 4].map(caso_id));
    let gruppi = vec![gruppo("g-anagrafe"), gruppo("g-civile")];
    assert!(found(on, CasoFilter { gruppi, ..of() }).await.contains(&caso_id(4)));
    let gruppi = vec![gruppo("g-civile")];
    assert_eq!(found(on, CasoFilter { gruppi, ..of() }).await, []);
    let titolare = Some(login("bruno"));
    assert_eq!(found(on, CasoFilter { titolare, ..of() }).await.last(), Some(&caso_id(4)));
    assert_eq!(found(on, CasoFilter { padre: Some(caso_id(2)), ..of() }).await, [caso_id(3)]);
    let padri = [1, 2].map(caso_id).to_vec();
    assert_eq!(found(on, CasoFilter { padri, ..of() }).await, [caso_id(3)]);
    let padri = vec![caso_id(4)];
    assert_eq!(found(on, CasoFilter { padri, ..of() }).await, []);
    assert_eq!(found(on, CasoFilter { only_padri: true, ..of() }).await, [1, 2, 4].map(caso_id));
    assert_eq!(found(on, CasoFilter { coinvolto: Some(login("dino")), ..of() }).await, [caso_id(4)]);
    assert_eq!(found(on, CasoFilter { esigenza: true, ..of() }).await, []);
    assert_eq!(found(on, CasoFilter { opened_from: Some(at(20)), ..of() }).await, [3, 4].map(caso_id));
    assert_eq!(found(on, CasoFilter { opened_before: Some(at(20)), ..of() }).await, [1, 2].map(caso_id));
    let nobody = smista_domain::ids::CittadinoId(Uuid::from_u128(5));
    assert_eq!(found(on, CasoFilter { cittadino: Some(nobody), ..of() }).await, []);
}

pub async fn filters_combine(on: &impl Fixture) {
    office(on).await;
    let together = CasoFilter {
        motivi: vec![Motivo::Reclamo],
        servizio: Some(tripletta("anagrafe").servizio),
        opened_from: Some(at(11)),
        coinvolto: Some(login("dino")),
        only_padri: true,
        gruppi: vec![gruppo("g-anagrafe")],
        ..CasoFilter::default()
    };
    assert_eq!(found(on, together.clone()).await, [caso_id(4)]);
    assert_eq!(found(on, CasoFilter { opened_before: Some(at(20)), ..together }).await, []);
    let contatto = smista_domain::ids::ContattoId(Uuid::from_u128(77));
    let mut same_contact = lamentela();
    same_contact.contatto_id = Some(contatto);
    open(on.store(), 5, &same_contact, 50).await;
    let by_contact = CasoFilter { contatto_id: Some(contatto), ..CasoFilter::default() };
    assert_eq!(found(on, by_contact).await, [caso_id(5)]);
}

/// By what the anagrafica says and by what it said before it was corrected.
pub async fn papers_find_cases_by_telephone_and_email(on: &impl Fixture) {
    let pratica = open(on.store(), 1, &reclamo(), 0).await;
    open(on.store(), 2, &lamentela(), 1).await;
    let correction = command(
        Command::CorrectAnagrafica,
        serde_json::json!({ "anagrafica": { "telefono": "055 999999" } }),
    );
    apply(on.store(), &pratica, &correction, "anna", 2).await;
    let telefono = |text: &str| smista_domain::anagrafica::Telefono::new(text).ok();
    let email = |text: &str| smista_domain::anagrafica::Email::new(text).ok();
    let of = CasoFilter::default;
    assert_eq!(found(on, CasoFilter { telefono: telefono("+39 055 123456"), ..of() }).await, [caso_id(1)]);
    assert_eq!(found(on, CasoFilter { telefono: telefono("055999999"), ..of() }).await, [caso_id(1)]);
    assert_eq!(found(on, CasoFilter { email: email("ada@EXAMPLE.org"), ..of() }).await, [caso_id(1)]);
    assert_eq!(found(on, CasoFilter { email: email("ADA@Example.org"), ..of() }).await, [caso_id(1)]);
    assert_eq!(found(on, CasoFilter { email: email("bo@example.org"), ..of() }).await, []);
    let papers = on.store().papers(caso_id(1)).await.expect("read");
    let order: Vec<_> = papers.iter().map(|paper| (paper.versione, paper.indice)).collect();
    assert_eq!(order, [(1, 0), (1, 1), (2, 0)]);
    assert!(
        on.admits("update revisione set contenuto = null, telefono = null, email = null, erased_at = at")
            .await
    );
    assert_eq!(on.store().papers(caso_id(1)).await.expect("read"), [], "erased ones are left out");
    let storia = on.store().storia(caso_id(1), 0, 10).await.expect("read");
    assert_eq!(storia.len(), 2, "erasing a paper leaves history whole");
}

pub async fn pages_follow_each_other(on: &impl Fixture) {
    // Contacts at the same instant are told apart by id, and the order of ids is not that of times.
    for (n, time) in [(5, 0), (3, 10), (4, 10), (1, 10), (2, 20)] {
        open(on.store(), n, &lamentela(), time).await;
    }
    let mut after = None;
    let mut seen = Vec::new();
    loop {
        let page = PageRequest { after, limit: 2 };
        let part = on.store().search(&CasoFilter::default(), &page).await.expect("read");
        assert!(part.rows.len() <= 2);
        seen.extend(part.rows.iter().map(|caso| caso.id));
        after = part.next;
        if after.is_none() {
            break;
        }
        if seen.len() == 2 {
            // What comes in meanwhile, before the cursor, moves nothing.
            open(on.store(), 9, &lamentela(), 5).await;
        }
    }
    assert_eq!(seen, [5, 1, 3, 4, 2].map(caso_id));
    let exact = PageRequest { after: None, limit: 6 };
    let whole = on.store().search(&CasoFilter::default(), &exact).await.expect("read");
    assert_eq!((whole.rows.len(), whole.next), (6, None), "a full last page has no next");
}

/// From the newest contact back; what comes in meanwhile stands before the cursor.
pub async fn pages_follow_each_other_from_the_newest_back(on: &impl Fixture) {
    for (n, time) in [(5, 0), (3, 10), (4, 10), (1, 10), (2, 20)] {
        open(on.store(), n, &lamentela(), time).await;
    }
    let newest_first = CasoFilter { newest_first: true, ..CasoFilter::default() };
    let mut after = None;
    let mut seen = Vec::new();
    loop {
        let part = on.store().search(&newest_first, &PageRequest { after, limit: 2 }).await.expect("read");
        seen.extend(part.rows.iter().map(|caso| caso.id));
        after = part.next;
        if after.is_none() {
            break;
        }
        if seen.len() == 2 {
            open(on.store(), 9, &lamentela(), 30).await;
        }
    }
    assert_eq!(seen, [2, 4, 3, 1, 5].map(caso_id));
}

/// A misrouted Segnalazione is found until a case opened since then cites it (R17).
pub async fn misrouted_cases_are_found_until_a_later_one_cites_them(on: &impl Fixture) {
    let again = |n| {
        let again = Opening { seguito_di: Some(caso_id(n)), ..segnalazione() };
        // The contact may have taken place before everything else.
        Opening { opened_at: Some(at(-100)), ..again }
    };
    let misrouted = || async { found(on, CasoFilter { misrouted: true, ..CasoFilter::default() }).await };
    let first = open(on.store(), 1, &segnalazione(), 0).await;
    let second = open(on.store(), 2, &segnalazione(), 1).await;
    open(on.store(), 3, &segnalazione(), 2).await;
    // The citizen had come back before anybody looked: that files nothing anew.
    open(on.store(), 4, &again(1), 3).await;
    let note = |text: &str, misrouted: bool| {
        command(Command::Note, serde_json::json!({ "text": text, "non_competente": misrouted }))
    };
    apply(on.store(), &first, &note("Non è nostra.", true), "bruno", 10).await;
    apply(on.store(), &second, &note("Visto.", false), "bruno", 11).await;
    assert_eq!(misrouted().await, [caso_id(1)]);
    open(on.store(), 5, &again(2), 20).await;
    assert_eq!(misrouted().await, [caso_id(1)], "another one's");
    open(on.store(), 6, &again(1), 21).await;
    assert_eq!(misrouted().await, []);
}

pub async fn counts_by_each_key(on: &impl Fixture) {
    office(on).await;
    let nothing_known = serde_json::json!({
        "canale": "telefono", "annullamento": { "motivo": "contatto_abbandonato" }
    });
    let abandoned = serde_json::from_value(nothing_known).expect("an opening");
    assert_eq!(alone(&open(on.store(), 5, &abandoned, 60).await).tripletta, None);
    let plain = |key: &str, count| Counted { key: key.into(), attributo: None, count };
    let by_ente = on.store().count(CountBy::Ente).await.expect("read");
    assert_eq!(by_ente, [plain("firenze", 4), plain("", 1)]);
    let by_servizio = on.store().count(CountBy::Servizio).await.expect("read");
    let expected =
        [plain("firenze/demografici/anagrafe", 3), plain("", 1), plain("firenze/demografici/musei", 1)];
    assert_eq!(by_servizio, expected);
    let by_motivo = on.store().count(CountBy::Motivo).await.expect("read");
    assert_eq!(by_motivo, [plain("reclamo", 2), plain("", 1), plain("lamentela", 1), plain("sollecito", 1)]);
    let by_stato = on.store().count(CountBy::Stato).await.expect("read");
    let with = |key: &str, attributo: &str, count| Counted {
        key: key.into(),
        attributo: Some(attributo.into()),
        count,
    };
    assert_eq!(
        by_stato,
        [
            plain("assegnato", 2),
            plain("annullato", 1),
            with("risolto_primo_livello", "comunicato", 1),
            with("risolto_secondo_livello", "non_comunicato", 1),
        ]
    );
}
