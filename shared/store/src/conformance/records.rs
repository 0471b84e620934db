//! What is kept beside the cases: numbers, needs, findings, citizens, clients; and what goes when its time is over.

use std::collections::BTreeSet;

use smista_domain::anagrafica::{Anagrafica, Email, Telefono};
use smista_domain::ids::CittadinoId;
use smista_domain::motivo::{CausaRigetto, GenereEsigenza, ModoIdentificazione};
use uuid::Uuid;

use super::Fixture;
use super::scene::{at, caso_id, claim, gruppo, lamentela, open, resolved, take_unseen, tripletta, write};
use crate::{
    ApiToken, Cittadino, Claim, Cliente, Delegation, EsigenzaRow, Expired, IdempotencyKey, IdempotentAnswer,
    LearnedOutcome, MessageKey, PURGE_CHUNK, Purged, RejectionOutcome, RigettoRow, TriageRow, WriteSet,
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
    let outcome =
        RejectionOutcome { tripletta: tripletta("anagrafe"), gruppo: gruppo("g-anagrafe"), count: 2 };
    let (rejected, causa) = (tripletta("stato-civile"), CausaRigetto::ErroreOperatore);
    let learned = on.store().rejection_outcomes().await.expect("read");
    assert_eq!(learned, [LearnedOutcome { rejected, causa, outcome }]);
    let texts = on.store().solved_texts(1).await.expect("read");
    assert_eq!(texts.len(), 1, "one for each group");
    assert_eq!(texts[0].text, "Il certificato richiesto non è mai arrivato.");
    assert_eq!(on.store().solved_texts(10).await.expect("read").len(), 2);
}

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
    let (first, second) = (citizen(1, "055 1111", Some("A.Rossi@example.org")), citizen(2, "055 2222", None));
    for citizen in [&second, &first] {
        assert!(on.store().add_cittadino(citizen).await.expect("added"));
    }
    let (telefono, email) = (Telefono::new("0552222").ok(), Email::new("a.rossi@example.org").ok());
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
    assert!(!on.store().add_cittadino(&moved).await.expect("not added"), "the id is taken");
    assert_eq!(on.store().cittadino(first.id).await.expect("read"), Some(first.clone()));
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

/// Received at `at(0)`, where the fixture's business clock stands.
async fn receive(on: &impl Fixture, messages: usize) {
    let keys: Vec<_> =
        (0..messages).map(|n| MessageKey { source: "crm".into(), id: format!("{n:05}") }).collect();
    let mut desk = on.store().desk().await.expect("a desk");
    take_unseen(&mut *desk, "intake", &keys).await;
    desk.commit().await.expect("committed");
}

fn before(seconds: i64) -> Expired {
    Expired { inbox_before: at(seconds), idempotency_before: at(seconds), parked_before: at(seconds) }
}

pub async fn what_has_had_its_time_is_purged_and_the_rest_stays(on: &impl Fixture) {
    let park = "insert into parcheggio (queue, body, headers, reason, attempt, parked_at)
        values ('intake', (select request_digest from idempotency limit 1), '[]', 'no', 1,
            '2020-01-01T00:00:00+00:00')";
    let named =
        |key: &str| IdempotencyKey { cliente: "crm".into(), key: key.into(), request_digest: [1; 32] };
    let given =
        |seconds| IdempotentAnswer { status: 200, headers: "{}".into(), body: Vec::new(), at: at(seconds) };
    receive(on, 2).await;
    let claims = [named("old"), named("new")];
    let answers = claims.iter().cloned().zip([given(5), given(7)]).collect();
    let mut desk = on.store().desk().await.expect("a desk");
    claim(&mut *desk, &claims).await;
    desk.write(&WriteSet { answers, ..WriteSet::default() }).await.expect("written");
    desk.commit().await.expect("committed");
    assert!(on.admits(park).await);

    let purge = async |expired: Expired| on.store().purge(&expired).await.expect("purged");
    let parked_stays = Expired { parked_before: at(-1_000_000_000), ..before(0) };
    assert_eq!(purge(parked_stays).await, Purged::default(), "nothing is older than itself");
    let first = Purged { inbox: 2, idempotency: 0, parked: 1 };
    assert_eq!(purge(before(1)).await, first);
    assert_eq!(purge(before(7)).await, Purged { idempotency: 1, ..Purged::default() });
    let mut desk = on.store().desk().await.expect("a desk");
    let claims = claim(&mut *desk, &claims).await;
    assert_eq!(claims, [Claim::New, Claim::Answered(given(7))]);
}

pub async fn a_purge_takes_the_oldest_a_chunk_at_a_time(on: &impl Fixture) {
    let old = "insert into inbox (worker, source, id, received_at)
        values ('intake', 'old', '1', '2020-01-01T00:00:00+00:00')";
    let rows = i64::try_from(PURGE_CHUNK + PURGE_CHUNK / 2).expect("small");
    receive(on, usize::try_from(rows).expect("small")).await;
    assert!(on.admits(old).await);
    let purged = on.store().purge(&before(1)).await.expect("purged");
    assert!(purged.is_full());
    assert_eq!(purged.inbox, PURGE_CHUNK);
    assert_eq!(on.number("select count(*) from inbox where source = 'old'").await, 0);
    let rest = on.store().purge(&before(1)).await.expect("purged");
    assert!(!rest.is_full());
    assert_eq!(rest.inbox, PURGE_CHUNK / 2 + 1);
    assert_eq!(on.number("select count(*) from inbox").await, 0);
}
