//! Desks: all or nothing, once, and apart from each other.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::Fixture;
use super::scene::{at, caso_id, claim, lamentela, open, opening, take_unseen, write};
use crate::{
    Claim, Exchange, IdempotencyKey, IdempotentAnswer, MessageKey, OutboxMessage, StoreError, WriteSet,
};

pub async fn a_desk_that_commits_is_seen(on: &impl Fixture) {
    let (set, pratica) = opening(1, &lamentela(), None, 0);
    let mut desk = on.store().desk().await.expect("a desk");
    desk.write(&set).await.expect("written");
    assert_eq!(on.store().caso(caso_id(1)).await.expect("read"), None, "seen before its commit");
    desk.commit().await.expect("committed");
    assert_eq!(on.store().caso(caso_id(1)).await.expect("read"), Some(pratica.padre));
}

pub async fn a_dropped_desk_leaves_nothing(on: &impl Fixture) {
    let (set, _) = opening(1, &lamentela(), None, 0);
    let mut desk = on.store().desk().await.expect("a desk");
    desk.write(&set).await.expect("written");
    drop(desk);
    write(on.store(), &WriteSet::default()).await.expect("the next desk works");
    assert_eq!(on.store().caso(caso_id(1)).await.expect("read"), None);
    write(on.store(), &set).await.expect("the same set goes in afterwards");
}

pub async fn a_panicking_desk_leaves_nothing(on: &impl Fixture) {
    use std::panic::AssertUnwindSafe;
    let (set, _) = opening(1, &lamentela(), None, 0);
    let panics = async {
        let mut desk = on.store().desk().await.expect("a desk");
        desk.write(&set).await.expect("written");
        panic!("a handler's own fault");
    };
    let caught = futures::FutureExt::catch_unwind(AssertUnwindSafe(panics)).await;
    assert!(caught.is_err());
    write(on.store(), &set).await.expect("the same set goes in afterwards");
}

fn key(id: &str) -> MessageKey {
    MessageKey { source: "crm".into(), id: id.into() }
}

pub async fn a_message_is_new_once(on: &impl Fixture) {
    let mut desk = on.store().desk().await.expect("a desk");
    let taken = take_unseen(&mut *desk, "intake", &[key("b"), key("a"), key("b")]).await;
    assert_eq!(taken, [true, true, false], "a repeat within the batch");
    assert_eq!(take_unseen(&mut *desk, "intake", &[key("a")]).await, [false]);
    assert_eq!(take_unseen(&mut *desk, "rejections", &[key("a")]).await, [true], "another worker");
    desk.commit().await.expect("committed");
    let mut desk = on.store().desk().await.expect("a desk");
    let taken = take_unseen(&mut *desk, "intake", &[key("c"), key("a")]).await;
    assert_eq!(taken, [true, false], "a repeat across batches");
}

pub async fn a_message_of_an_undone_desk_is_new_again(on: &impl Fixture) {
    let mut desk = on.store().desk().await.expect("a desk");
    take_unseen(&mut *desk, "intake", &[key("a")]).await;
    drop(desk);
    let mut desk = on.store().desk().await.expect("a desk");
    assert_eq!(take_unseen(&mut *desk, "intake", &[key("a")]).await, [true]);
}

fn request(key: &str, digest: u8) -> IdempotencyKey {
    IdempotencyKey { cliente: "crm".into(), key: key.into(), request_digest: [digest; 32] }
}

fn given() -> IdempotentAnswer {
    IdempotentAnswer { status: 201, headers: r#"{"etag":"1"}"#.into(), body: b"{}".to_vec(), at: at(0) }
}

fn answering(key: &IdempotencyKey) -> WriteSet {
    WriteSet { answers: vec![(key.clone(), given())], ..WriteSet::default() }
}

pub async fn an_answer_is_given_again(on: &impl Fixture) {
    let key = request("k", 1);
    let mut desk = on.store().desk().await.expect("a desk");
    assert_eq!(claim(&mut *desk, std::slice::from_ref(&key)).await, [Claim::New]);
    desk.write(&answering(&key)).await.expect("written");
    desk.commit().await.expect("committed");
    let mut desk = on.store().desk().await.expect("a desk");
    let claims = claim(&mut *desk, &[request("other", 1), key]).await;
    assert_eq!(claims, [Claim::New, Claim::Answered(given())], "in the order asked");
}

pub async fn a_key_with_another_request_is_told(on: &impl Fixture) {
    let mut desk = on.store().desk().await.expect("a desk");
    claim(&mut *desk, &[request("k", 1)]).await;
    desk.write(&answering(&request("k", 1))).await.expect("written");
    desk.commit().await.expect("committed");
    let mut desk = on.store().desk().await.expect("a desk");
    let claims = claim(&mut *desk, &[request("k", 2)]).await;
    assert_eq!(claims, [Claim::OtherRequest]);
}

pub async fn an_unanswered_key_is_free_again(on: &impl Fixture) {
    let mut desk = on.store().desk().await.expect("a desk");
    claim(&mut *desk, &[request("k", 1)]).await;
    desk.commit().await.expect("committed");
    let mut desk = on.store().desk().await.expect("a desk");
    assert_eq!(claim(&mut *desk, &[request("k", 1)]).await, [Claim::New]);
}

pub async fn of_two_claims_at_once_one_answers(on: &impl Fixture) {
    let key = request("k", 1);
    let answered = AtomicUsize::new(0);
    let ask = || async {
        let mut desk = on.store().desk().await.expect("a desk");
        let claim = claim(&mut *desk, std::slice::from_ref(&key)).await;
        match &claim[..] {
            [Claim::New] => {
                answered.fetch_add(1, Ordering::SeqCst);
                desk.write(&answering(&key)).await.expect("written");
            }
            other => assert_eq!(other, [Claim::Answered(given())]),
        }
        desk.commit().await.expect("committed");
    };
    futures::future::join_all((0..8).map(|_| ask())).await;
    assert_eq!(answered.load(Ordering::SeqCst), 1);
}

/// Callers are cancelled: a connection that closes, a process that stops.
pub async fn who_stops_waiting_holds_nobody_up(on: &impl Fixture) {
    let open = on.store().desk().await.expect("a desk");
    let mut given_up = on.store().desk();
    let _still_waiting = futures::poll!(&mut given_up);
    drop(given_up);
    drop(open);
    let (set, _) = opening(1, &lamentela(), None, 0);
    write(on.store(), &set).await.expect("the next desk works");
    on.store().ping().await.expect("answers");
}

pub async fn who_stops_waiting_for_a_commit_holds_nobody_up(on: &impl Fixture) {
    let (set, _) = opening(1, &lamentela(), None, 0);
    let mut desk = on.store().desk().await.expect("a desk");
    desk.write(&set).await.expect("written");
    let mut given_up = desk.commit();
    let _under_way = futures::poll!(&mut given_up);
    let next = on.store().desk();
    drop(given_up);
    drop(next.await.expect("a desk"));
    let (set, _) = opening(2, &lamentela(), None, 0);
    write(on.store(), &set).await.expect("the next desk works");
}

pub async fn many_desks_at_once_all_commit(on: &impl Fixture) {
    let desks = (1..=100).map(|n| async move {
        // Every tenth is dropped after it wrote.
        let (set, _) = opening(n, &lamentela(), None, 0);
        let mut desk = on.store().desk().await?;
        desk.write(&set).await?;
        if n % 10 == 0 { Ok(()) } else { desk.commit().await.map(|_committed| ()) }
    });
    let done: Vec<Result<(), StoreError>> = futures::future::join_all(desks).await;
    assert!(done.iter().all(Result::is_ok), "{done:?}");
    assert_eq!(on.number("select count(*) from caso").await, 90);
}

/// A store with an outbox hands the messages over; one with a spool has them in their queues.
pub async fn a_commit_gives_what_is_to_publish(on: &impl Fixture) {
    open(on.store(), 1, &lamentela(), 0).await;
    let message = |n: usize| OutboxMessage {
        exchange: Exchange::Facts,
        message_type: "case.opened".into(),
        source: "smista".into(),
        id: format!("fact-{n}"),
        body: [b'{', b'}', n as u8].into(),
    };
    let outbox: Vec<_> = (0..3).map(message).collect();
    let mut desk = on.store().desk().await.expect("a desk");
    desk.write(&WriteSet { outbox: outbox.clone(), ..WriteSet::default() }).await.expect("written");
    let committed = desk.commit().await.expect("committed");
    if !committed.to_publish.is_empty() {
        let handed_over: Vec<_> = committed.to_publish.iter().map(|(_, message)| message.clone()).collect();
        assert_eq!(handed_over, outbox);
        let ids: std::collections::BTreeSet<_> = committed.to_publish.iter().map(|(id, _)| id.0).collect();
        assert_eq!(ids.len(), 3, "each row has a number of its own");
    }
    assert_eq!(on.waiting_messages().await, 3);
}
