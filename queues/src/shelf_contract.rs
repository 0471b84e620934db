//! What every [`Shelf`] and [`Outbox`] must do, as suites that each store runs against itself.
//!
//! Panics, like any test, where a promise is broken. Time is moved by hand, and leases expire by being of no
//! length. Each case has a store of its own.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};

use crate::broker::DeliveryRef;
use crate::envelope::Envelope;
use crate::handler::Client;
use crate::outcome::ErrorText;
use crate::shelf::{Outbox, OutboxKey, Parked, ParkedId, Shelf, Wait};

/// The queue that every message of the suite is for: the store under test must know it.
pub const QUEUE: &str = "letters";

/// Opens stores for the suite.
#[async_trait]
pub trait ShelfBench: Send + Sync {
    /// An empty store, cleaned up by the bench afterwards.
    async fn open(&self) -> Box<dyn ShelvedStore>;
}

/// A store with a shelf.
#[async_trait]
pub trait ShelvedStore: Send + Sync {
    fn shelf(&self) -> &dyn Shelf;

    /// Removes every message that is due for [`QUEUE`] by `now`, and answers their bodies: from the outbox,
    /// or from the queue where the queue is in the store.
    async fn take_due(&self, now: DateTime<Utc>) -> Vec<Arc<[u8]>>;
}

/// Every case of the shelf.
pub async fn run_shelf(bench: &dyn ShelfBench) {
    a_wait_comes_back_when_it_is_due(bench.open().await.as_ref()).await;
    a_second_wait_replaces_the_first(bench.open().await.as_ref()).await;
    waits_of_different_senders_do_not_meet(bench.open().await.as_ref()).await;
    what_is_parked_reads_back_as_it_was(bench.open().await.as_ref()).await;
    parked_messages_are_listed_in_pages(bench.open().await.as_ref()).await;
    a_message_parked_again_is_one_and_an_unreadable_one_is_not(bench.open().await.as_ref()).await;
    a_replayed_message_is_due_once(bench.open().await.as_ref()).await;
    a_replay_replaces_a_wait_of_the_same_message(bench.open().await.as_ref()).await;
    a_dropped_message_is_gone(bench.open().await.as_ref()).await;
    a_store_that_answers_is_ready(bench.open().await.as_ref()).await;
}

pub async fn a_wait_comes_back_when_it_is_due(store: &dyn ShelvedStore) {
    let (soon, late) = (wait("1", 10), wait("2", 20));
    store.shelf().put(&[soon.clone(), late.clone()], &[]).await.expect("puts");
    assert!(store.take_due(at(9)).await.is_empty());
    assert_eq!(store.take_due(at(10)).await, [soon.body]);
    assert!(store.take_due(at(19)).await.is_empty());
    assert_eq!(store.take_due(at(20)).await, [late.body]);
    assert!(store.take_due(at(1000)).await.is_empty());
}

/// After a lost acknowledgement the message is handled, and laid aside, once more.
pub async fn a_second_wait_replaces_the_first(store: &dyn ShelvedStore) {
    let first = wait("1", 10);
    let second = Wait { due_at: at(30), attempt: 3, body: letter("1", "again"), ..first.clone() };
    store.shelf().put(&[first], &[]).await.expect("puts");
    store.shelf().put(std::slice::from_ref(&second), &[]).await.expect("puts again");
    assert!(store.take_due(at(29)).await.is_empty());
    assert_eq!(store.take_due(at(30)).await, [second.body]);
}

pub async fn waits_of_different_senders_do_not_meet(store: &dyn ShelvedStore) {
    let ours = wait("1", 10);
    let theirs = Wait { source: "elsewhere".to_owned(), ..wait("1", 10) };
    store.shelf().put(&[ours, theirs], &[]).await.expect("puts");
    assert_eq!(store.take_due(at(10)).await.len(), 2);
}

pub async fn what_is_parked_reads_back_as_it_was(store: &dyn ShelvedStore) {
    let all = [
        parked("1"),
        Parked { client: Some(Client::Smista), headers: Vec::new(), ..parked("2") },
        Parked { client: None, ..parked("3") },
        unreadable(),
    ];
    store.shelf().put(&[], &all).await.expect("parks");
    let listed = store.shelf().list_parked(None, 10).await.expect("lists");
    assert_eq!(listed.len(), all.len());
    for expected in all {
        let found = listed.iter().find(|listed| listed.parked.body == expected.body).expect("is listed");
        // A delivery does not outlive its consumer.
        assert_eq!(Parked { delivery: expected.delivery, ..found.parked.clone() }, expected);
        let alone = store.shelf().find_parked(found.id).await.expect("finds");
        assert_eq!(alone.as_ref(), Some(found));
    }
    assert_eq!(store.shelf().find_parked(ParkedId(i64::MAX)).await.expect("answers"), None);
}

pub async fn parked_messages_are_listed_in_pages(store: &dyn ShelvedStore) {
    for id in ["1", "2", "3", "4", "5"] {
        store.shelf().put(&[], &[parked(id)]).await.expect("parks");
    }
    let (mut after, mut seen) = (None, Vec::new());
    loop {
        let page = store.shelf().list_parked(after, 2).await.expect("lists");
        assert!(page.len() <= 2);
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        seen.extend(page.into_iter().filter_map(|listed| listed.parked.message_id));
    }
    assert_eq!(seen, ["1", "2", "3", "4", "5"]);
}

pub async fn a_message_parked_again_is_one_and_an_unreadable_one_is_not(store: &dyn ShelvedStore) {
    let again = Parked { reason: ErrorText::new("failed again"), attempt: 2, ..parked("1") };
    store.shelf().put(&[], &[parked("1"), unreadable()]).await.expect("parks");
    store.shelf().put(&[], &[again.clone(), unreadable()]).await.expect("parks again");
    let listed = store.shelf().list_parked(None, 10).await.expect("lists");
    assert_eq!(listed.len(), 3);
    let readable: Vec<_> = listed.iter().filter(|listed| listed.parked.message_id.is_some()).collect();
    assert_eq!(readable.len(), 1);
    assert_eq!(readable[0].parked.reason, again.reason);
    assert_eq!(readable[0].parked.attempt, 2);
}

pub async fn a_replayed_message_is_due_once(store: &dyn ShelvedStore) {
    store.shelf().put(&[], &[parked("1"), parked("2")]).await.expect("parks");
    let first = store.shelf().list_parked(None, 1).await.expect("lists").remove(0);
    let message = first.replay(at(100)).expect("can be replayed");
    let replay = || store.shelf().replay_parked(first.id, &message, at(100));
    assert!(replay().await.expect("replays"));
    assert!(!replay().await.expect("answers"));
    assert_eq!(store.shelf().list_parked(None, 10).await.expect("lists").len(), 1);
    assert!(store.take_due(at(99)).await.is_empty());
    assert_eq!(store.take_due(at(100)).await, std::slice::from_ref(&message.body));
}

pub async fn a_replay_replaces_a_wait_of_the_same_message(store: &dyn ShelvedStore) {
    store.shelf().put(&[wait("1", 500)], &[parked("1")]).await.expect("puts");
    let listed = store.shelf().list_parked(None, 1).await.expect("lists").remove(0);
    let message = listed.replay(at(100)).expect("can be replayed");
    assert!(store.shelf().replay_parked(listed.id, &message, at(100)).await.expect("replays"));
    assert_eq!(store.take_due(at(1000)).await, std::slice::from_ref(&message.body));
}

pub async fn a_dropped_message_is_gone(store: &dyn ShelvedStore) {
    store.shelf().put(&[], &[parked("1"), parked("2")]).await.expect("parks");
    let first = store.shelf().list_parked(None, 1).await.expect("lists").remove(0);
    assert!(store.shelf().drop_parked(first.id).await.expect("drops"));
    assert!(!store.shelf().drop_parked(first.id).await.expect("answers"));
    let left = store.shelf().list_parked(None, 10).await.expect("lists");
    assert_eq!(left.len(), 1);
    assert_ne!(left[0].id, first.id);
}

pub async fn a_store_that_answers_is_ready(store: &dyn ShelvedStore) {
    assert!(store.shelf().is_ready().await);
}

/// A shelf whose store has an outbox.
pub trait ShelfAndOutbox: Shelf + Outbox {}

impl<T: Shelf + Outbox> ShelfAndOutbox for T {}

/// Every case of the outbox. `open` gives an empty store each time.
pub async fn run_outbox<F: Future<Output = Arc<dyn ShelfAndOutbox>>>(open: impl Fn() -> F) {
    what_is_due_is_claimed_once(open().await.as_ref()).await;
    claimers_share_what_is_due(open().await.as_ref()).await;
    an_expired_lease_lets_others_claim_and_forbids_the_first_to_delete(open().await.as_ref()).await;
    what_is_given_back_is_claimed_by_others(open().await.as_ref()).await;
    a_wait_laid_aside_again_outlives_its_publication(open().await.as_ref()).await;
    depth_counts_what_is_due(open().await.as_ref()).await;
}

const LONG: Duration = Duration::from_secs(3600);

pub async fn what_is_due_is_claimed_once(store: &dyn ShelfAndOutbox) {
    let due = wait("1", 10);
    store.put(&[due.clone(), wait("2", 11)], &[]).await.expect("puts");
    let claimed = store.claim_due(at(10), LONG, 10).await.expect("claims");
    assert_eq!(claimed.len(), 1);
    let message = &claimed[0].message;
    assert_eq!(message.destination, due.destination());
    assert_eq!((&message.message_type, &message.message_id), (&due.message_type, &due.message_id));
    assert_eq!(message.body, due.body);
    assert!(store.claim_due(at(10), LONG, 10).await.expect("claims").is_empty());
    store.delete_published(&[claimed[0].key]).await.expect("deletes");
    store.delete_published(&[claimed[0].key]).await.expect("what is gone is no error");
    store.delete_published(&[]).await.expect("nothing is no error");
    assert_eq!(store.depth(at(1000)).await.expect("answers").due, 1);
}

/// Each row goes to one claimer; together they get them all, the oldest first.
pub async fn claimers_share_what_is_due(store: &dyn ShelfAndOutbox) {
    let waits: Vec<_> = (0..40).map(|number| wait(&number.to_string(), number)).collect();
    store.put(&waits, &[]).await.expect("puts");
    let claim = || store.claim_due(at(100), LONG, 10);
    let oldest = claim().await.expect("claims");
    assert!(oldest.iter().all(|row| row.message.message_id.parse::<i64>().expect("a number") < 10));
    let mut keys: Vec<OutboxKey> = oldest.iter().map(|row| row.key).collect();
    // Rows that the others hold are skipped and found by a later claim.
    loop {
        let (a, b, c) = futures::join!(claim(), claim(), claim());
        let round = [a, b, c].map(|claimed| claimed.expect("claims")).concat();
        if round.is_empty() {
            break;
        }
        keys.extend(round.iter().map(|row| row.key));
    }
    let distinct: std::collections::BTreeSet<i64> = keys.iter().map(|key| key.row).collect();
    assert_eq!((keys.len(), distinct.len()), (40, 40));
}

pub async fn an_expired_lease_lets_others_claim_and_forbids_the_first_to_delete(store: &dyn ShelfAndOutbox) {
    store.put(&[wait("1", 10)], &[]).await.expect("puts");
    let slow = store.claim_due(at(10), Duration::ZERO, 10).await.expect("claims");
    let quick = store.claim_due(at(10), LONG, 10).await.expect("claims what expired");
    assert_eq!((slow.len(), quick.len()), (1, 1));
    store.delete_published(&[slow[0].key]).await.expect("answers");
    assert_eq!(store.depth(at(10)).await.expect("answers").due, 1);
    store.delete_published(&[quick[0].key]).await.expect("deletes");
    assert_eq!(store.depth(at(10)).await.expect("answers").due, 0);
}

/// It is claimed when its rest is over; what somebody else has claimed meanwhile stays his.
pub async fn what_is_given_back_is_claimed_by_others(store: &dyn ShelfAndOutbox) {
    store.put(&[wait("1", 10)], &[]).await.expect("puts");
    let first = store.claim_due(at(10), LONG, 10).await.expect("claims");
    store.give_back(&[first[0].key], LONG).await.expect("gives back");
    assert!(store.claim_due(at(10), LONG, 10).await.expect("claims").is_empty());
    store.give_back(&[first[0].key], Duration::ZERO).await.expect("gives back");
    let second = store.claim_due(at(10), LONG, 10).await.expect("claims");
    assert_eq!(second.len(), 1);
    store.give_back(&[first[0].key], Duration::ZERO).await.expect("it is somebody else's, which is no error");
    assert!(store.claim_due(at(10), LONG, 10).await.expect("claims").is_empty());
}

/// A message may be handled, and wait again, before its publication is noted.
pub async fn a_wait_laid_aside_again_outlives_its_publication(store: &dyn ShelfAndOutbox) {
    store.put(&[wait("1", 10)], &[]).await.expect("puts");
    let published = store.claim_due(at(10), LONG, 10).await.expect("claims");
    store.put(&[wait("1", 50)], &[]).await.expect("puts again");
    store.delete_published(&[published[0].key]).await.expect("answers");
    assert_eq!(store.claim_due(at(50), LONG, 10).await.expect("claims").len(), 1);
}

pub async fn depth_counts_what_is_due(store: &dyn ShelfAndOutbox) {
    let empty = store.depth(at(0)).await.expect("answers");
    assert_eq!((empty.due, empty.oldest_due_at), (0, None));
    store.put(&[wait("1", 10), wait("2", 20), wait("3", 30)], &[]).await.expect("puts");
    let depth = store.depth(at(20)).await.expect("answers");
    assert_eq!((depth.due, depth.oldest_due_at), (2, Some(at(10))));
}

/// So many seconds into the suite's time.
pub fn at(secs: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000) + TimeDelta::seconds(secs)
}

/// Of a message that is in no spool.
const ELSEWHERE: DeliveryRef = DeliveryRef::AmqpTag(1);

fn letter(id: &str, text: &str) -> Arc<[u8]> {
    let envelope = Envelope::new(id, "suite", "letter.write", at(0), &text).expect("a string is JSON");
    envelope.encode().expect("an envelope is JSON")
}

fn wait(id: &str, due_secs: i64) -> Wait {
    Wait {
        delivery: ELSEWHERE,
        queue: QUEUE.to_owned(),
        source: "suite".to_owned(),
        message_id: id.to_owned(),
        message_type: "letter.write".to_owned(),
        due_at: at(due_secs),
        attempt: 2,
        body: letter(id, "wait"),
        reason: Some(ErrorText::new("not yet")),
    }
}

fn parked(id: &str) -> Parked {
    Parked {
        delivery: ELSEWHERE,
        queue: QUEUE.to_owned(),
        source: Some("suite".to_owned()),
        message_id: Some(id.to_owned()),
        message_type: Some("letter.write".to_owned()),
        body: letter(id, "parked"),
        headers: vec![("lingua".to_owned(), "è".to_owned())],
        client: Some(Client::Named("crm".to_owned())),
        reason: ErrorText::new("failed"),
        attempt: 5,
        parked_at: at(0),
    }
}

fn unreadable() -> Parked {
    Parked {
        source: None,
        message_id: None,
        message_type: None,
        body: Arc::from(&b"\xff\x00 no envelope"[..]),
        client: None,
        ..parked("unreadable")
    }
}
