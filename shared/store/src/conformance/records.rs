//! What is kept beside the cases: numbers, needs, findings, citizens, clients; and what goes when its time is over.

use std::collections::BTreeSet;

use smista_domain::anagrafica::{Anagrafica, Email, Telefono};
use smista_domain::ids::CittadinoId;
use smista_domain::motivo::{CausaRigetto, GenereEsigenza, ModoIdentificazione};
use uuid::Uuid;

use super::Fixture;
use super::scene::{at, caso_id, gruppo, lamentela, open, resolved, tripletta, write};
use crate::{
    ApiToken, Cittadino, Cliente, Delegation, EsigenzaRow, IdempotencyKey, IdempotentAnswer, MessageKey,
    RejectionOutcome, RigettoRow, TriageRow, WriteSet,
};

pub async fn protocol_numbers_never_overlap(on: &impl Fixture) {
    let blocks = (0..20).map(|_| on.store().reserve_protocolli(2026, 50));
    let firsts = futures::future::try_join_all(blocks).await.expect("reserved");
    let numbers: BTreeSet<i64> = firsts.iter().flat_map(|first| *first..*first + 50).collect();
    assert_eq!(numbers, (1..=1000).collect());
    assert_eq!(on.store().reserve_protocolli(2027, 1).await.expect("reserved"), 1, "each year begins at 1");
}

pub async fn equal_needs_are_merged_and_counted(on: &impl Fixture) {
    for n in 1..=3 {
        open(on.store(), n, &lamentela(), 0).await;
    }
    let need = |id: u128, caso: u128, servizio: &str| EsigenzaRow {
        id: Uuid::from_u128(id),
        genere: GenereEsigenza::InformazioneCarente,
        tripletta: tripletta(servizio),
        caso: caso_id(caso),
        at: at(0),
    };
    let filing = |esigenze| WriteSet { esigenze, ..WriteSet::default() };
    let both = filing(vec![need(1, 1, "musei"), need(2, 2, "musei"), need(3, 1, "anagrafe")]);
    write(on.store(), &both).await.expect("filed");
    write(on.store(), &filing(vec![need(4, 3, "musei")])).await.expect("filed");
    assert_eq!(on.number("select count(*) from esigenza").await, 2);
    assert_eq!(on.number("select conteggio from esigenza where servizio = 'musei'").await, 3);
    assert_eq!(on.number("select count(*) from esigenza_caso").await, 4);
    assert!(on.admits("update esigenza set stato = 'scartata'").await);
    write(on.store(), &filing(vec![need(5, 3, "musei")])).await.expect("filed");
    assert_eq!(on.number("select count(*) from esigenza where stato = 'segnalata'").await, 1, "a new one");
}

pub async fn triage_keeps_the_newest(on: &impl Fixture) {
    open(on.store(), 1, &lamentela(), 0).await;
    let finding = |versione, text: &str| TriageRow {
        caso: caso_id(1),
        versione,
        findings: serde_json::json!({ "suggestions": [text] }),
        at: at(versione),
    };
    let put = |triage| WriteSet { triage, ..WriteSet::default() };
    assert_eq!(on.store().triage(caso_id(1)).await.expect("read"), None);
    write(on.store(), &put(vec![finding(2, "a"), finding(3, "b")])).await.expect("written");
    write(on.store(), &put(vec![finding(1, "late")])).await.expect("written");
    assert_eq!(on.store().triage(caso_id(1)).await.expect("read"), Some(finding(3, "b")));
    write(on.store(), &put(vec![finding(3, "again")])).await.expect("written");
    assert_eq!(on.store().triage(caso_id(1)).await.expect("read"), Some(finding(3, "again")));
}

pub async fn rejections_and_solved_cases_teach(on: &impl Fixture) {
    resolved(on.store(), 1, "comunicato", 0).await;
    resolved(on.store(), 2, "da_comunicare", 10).await;
    open(on.store(), 3, &lamentela(), 20).await;
    let rejection = |caso: u128, versione| RigettoRow {
        caso: caso_id(caso),
        versione,
        tripletta: tripletta("stato-civile"),
        gruppo: Some(gruppo("g-civile")),
        causa: CausaRigetto::ErroreOperatore,
        suggerita: Some(tripletta("anagrafe")),
        at: at(0),
    };
    // Case 1 was rejected twice and counts once; case 3 the second level never resolved.
    let rigetti = vec![rejection(1, 2), rejection(1, 4), rejection(2, 2), rejection(3, 2)];
    write(on.store(), &WriteSet { rigetti, ..WriteSet::default() }).await.expect("written");
    let ask =
        |causa| on.store().rejection_outcomes(TRIPLETTA.get_or_init(|| tripletta("stato-civile")), causa);
    let learned = ask(CausaRigetto::ErroreOperatore).await.expect("read");
    let tripletta = tripletta("anagrafe");
    assert_eq!(learned, [RejectionOutcome { tripletta, gruppo: gruppo("g-anagrafe"), count: 2 }]);
    assert_eq!(ask(CausaRigetto::RichiestaAmbigua).await.expect("read"), []);
    let texts = on.store().solved_texts(1).await.expect("read");
    assert_eq!(texts.len(), 1, "one for each group");
    assert_eq!(texts[0].text, "Il certificato richiesto non è mai arrivato.");
    assert_eq!(on.store().solved_texts(10).await.expect("read").len(), 2);
}

static TRIPLETTA: std::sync::OnceLock<smista_domain::ids::Tripletta> = std::sync::OnceLock::new();

pub async fn citizens_are_found(on: &impl Fixture) {
    let citizen = |n: u128, telefono: &str, email: Option<&str>| Cittadino {
        id: CittadinoId(Uuid::from_u128(n)),
        anagrafica: Anagrafica {
            telefono: Telefono::new(telefono).ok(),
            email: email.and_then(|email| Email::new(email).ok()),
            ..Anagrafica::default()
        },
        identificazione: ModoIdentificazione::Documento,
        created_at: at(i64::try_from(n).expect("small")),
        updated_at: at(100),
    };
    let (first, second) = (citizen(1, "055 1111", Some("a@example.org")), citizen(2, "055 2222", None));
    for citizen in [&second, &first] {
        on.store().save_cittadino(citizen).await.expect("saved");
    }
    let (telefono, email) = (Telefono::new("0552222").ok(), Email::new("a@example.org").ok());
    let find = async |telefono: Option<&Telefono>, email: Option<&Email>| {
        on.store().find_cittadini(telefono, email).await.expect("read")
    };
    assert_eq!(find(telefono.as_ref(), None).await, std::slice::from_ref(&second));
    assert_eq!(
        find(telefono.as_ref(), email.as_ref()).await,
        [first.clone(), second.clone()],
        "oldest first"
    );
    assert_eq!(find(None, None).await, []);
    let mut moved = first.clone();
    moved.anagrafica.telefono = None;
    on.store().save_cittadino(&moved).await.expect("saved");
    assert_eq!(on.store().cittadino(first.id).await.expect("read"), Some(moved));
    let mut desk = on.store().desk().await.expect("a desk");
    assert_eq!(desk.known_cittadini(&[first.id].into()).await.expect("read"), [first.id].into());
}

pub async fn clients_and_tokens_are_kept(on: &impl Fixture) {
    let mut cliente = Cliente { nome: "crm".into(), delegation: Delegation::default() };
    on.store().save_cliente(&cliente).await.expect("saved");
    cliente.delegation.ruoli = vec!["primo_livello".into()];
    on.store().save_cliente(&cliente).await.expect("changed");
    assert_eq!(on.store().cliente("crm").await.expect("read"), Some(cliente.clone()));
    assert_eq!(on.store().cliente("other").await.expect("read"), None);
    let token = |prefix: &str, byte| ApiToken {
        prefix: prefix.into(),
        digest: [byte; 32],
        cliente: "crm".into(),
        created_at: at(i64::from(byte)),
        expires_at: Some(at(1000)),
        last_used_at: None,
        revoked_at: None,
    };
    let (first, mut second) = (token("sm_a", 1), token("sm_b", 2));
    on.store().save_token(&second).await.expect("saved");
    on.store().save_token(&first).await.expect("saved");
    assert!(on.store().save_token(&token("sm_c", 1)).await.is_err(), "a digest is one token's");
    on.store().touch_token("sm_b", at(60)).await.expect("touched");
    assert!(on.store().revoke_token("sm_b", at(70)).await.expect("revoked"));
    assert!(!on.store().revoke_token("sm_x", at(70)).await.expect("no such token"));
    (second.last_used_at, second.revoked_at) = (Some(at(60)), Some(at(70)));
    let found = on.store().token_by_digest(&[2; 32]).await.expect("read");
    assert_eq!(found, Some((second.clone(), cliente)));
    assert_eq!(on.store().token_by_digest(&[9; 32]).await.expect("read"), None);
    assert_eq!(on.store().tokens().await.expect("read"), [first, second], "oldest first");
}

/// The fixture's business clock stands at `at(0)`.
pub async fn what_has_had_its_time_is_purged(on: &impl Fixture) {
    let keys: Vec<_> =
        (0..1500).map(|n| MessageKey { source: "crm".into(), id: format!("{n:05}") }).collect();
    let claim = IdempotencyKey { cliente: "crm".into(), key: "k".into(), request_digest: [1; 32] };
    let answer = IdempotentAnswer { status: 200, headers: "{}".into(), body: Vec::new(), at: at(5) };
    let mut desk = on.store().desk().await.expect("a desk");
    desk.take_unseen("intake", &keys).await.expect("taken");
    desk.claim_idempotency(std::slice::from_ref(&claim)).await.expect("claimed");
    desk.write(&WriteSet { answers: vec![(claim, answer)], ..WriteSet::default() }).await.expect("written");
    desk.commit().await.expect("committed");
    let purge =
        async |seconds| on.store().purge(at(seconds), at(seconds), at(seconds)).await.expect("purged");
    assert_eq!(purge(0).await, 0, "nothing is older than itself");
    assert_eq!(purge(1).await, 1000, "in chunks");
    assert_eq!(purge(6).await, 501);
    assert_eq!(purge(6).await, 0);
    assert_eq!(on.number("select count(*) from inbox").await, 0);
}
