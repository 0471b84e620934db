use smista_domain::catalogue::Catalogue;

use super::{PerRevision, TextIndex};
use std::sync::Arc;

fn index() -> TextIndex<&'static str> {
    TextIndex::new([
        ("anagrafe", "La carta d’identità si rinnova allo sportello.".to_owned()),
        ("strade", "Buche nell'asfalto e marciapiedi rotti.".to_owned()),
        ("verde", "Potatura degli alberi e panchine rotte nei giardini.".to_owned()),
    ])
}

fn keys(text: &str) -> Vec<&'static str> {
    index().matches(text).into_iter().map(|(key, _)| key).collect()
}

#[test]
fn inflection_accents_case_and_apostrophes_do_not_matter() {
    assert_eq!(keys("RINNOVARE L'IDENTITA"), ["anagrafe"]);
    assert_eq!(keys("una buca nell’asfalto"), ["strade"]);
    assert_eq!(keys("un albero"), ["verde"]);
}

#[test]
fn words_that_carry_no_meaning_find_nothing() {
    assert!(keys("che cosa è la nella degli").is_empty());
    assert!(keys("").is_empty());
}

#[test]
fn rarer_and_more_words_come_first() {
    assert_eq!(keys("panchina rotta"), ["verde", "strade"]);
}

#[test]
fn a_key_with_several_texts_counts_once_as_its_best() {
    let index = TextIndex::new([
        ("strade", "buche".to_owned()),
        ("strade", "buche e marciapiedi".to_owned()),
        ("verde", "alberi".to_owned()),
    ]);
    let found = index.matches("marciapiede");
    assert_eq!(found.len(), 1);
    assert_eq!(index.matches("buche").len(), 1);
    assert!(index.matches("buche marciapiede")[0].1 > found[0].1);
}

#[test]
fn equal_scores_stand_in_the_order_of_their_keys() {
    let index = TextIndex::new(["d", "b", "a", "c"].map(|key| (key, "uguale".to_owned())));
    let keys: Vec<&str> = index.matches("uguali").into_iter().map(|(key, _)| key).collect();
    assert_eq!(keys, ["a", "b", "c", "d"]);
}

#[tokio::test]
async fn what_was_worked_out_is_kept_until_the_revision_moves() {
    let kept = PerRevision::new(|catalogue| catalogue.revision);
    let at = |revision| Arc::new(Catalogue { revision, ..Catalogue::default() });
    let one = at(1);
    let (first, same, again) = tokio::join!(kept.get(&one), kept.get(&one), kept.get(&one));
    assert!(Arc::ptr_eq(&first, &same) && Arc::ptr_eq(&first, &again), "worked out once for all who ask");
    assert_eq!(*kept.get(&at(2)).await, 2);
}

/// An async thread has others to serve: while an index is built, it goes on with them.
#[tokio::test]
async fn building_holds_up_no_async_thread() {
    let kept = PerRevision::new(|_catalogue| std::thread::current().id());
    assert_ne!(*kept.get(&Arc::default()).await, std::thread::current().id());
}
