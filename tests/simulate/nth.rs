//! One story, told again for each call of a port that it makes: each time that call fails, in each way that it can, and the
//! promises are kept all the same.

use std::collections::BTreeMap;

use smista_tests::simulate::{Call, Defect, Failure, Told, Violation, Way, tell};

use crate::processors;

/// The stories: the first steps of these seeds. Together they make every kind of call, or the test below fails.
const STORIES: [u64; 1] = [31];
const STEPS: usize = 60;

/// Every kind of call that the stories have to make: what a batch asks a port for.
const KINDS: [Call; 19] = [
    Call::Desk,
    Call::ReserveProtocolli,
    Call::CatalogueRevision,
    Call::Catalogue,
    Call::ReplaceCatalogue,
    Call::RejectionOutcomes,
    Call::SolvedTexts,
    Call::Search,
    Call::DeskTake,
    Call::DeskSettleDeliveries,
    Call::DeskLoadPratiche,
    Call::DeskDossiers,
    Call::DeskWrite,
    Call::DeskCommit,
    Call::BrokerPublish,
    Call::BrokerConsume,
    Call::ConsumerTake,
    Call::ConsumerAcknowledge,
    Call::ShelfPut,
];

fn tell_alone(story: u64, failure: Option<Failure>, defect: Option<Defect>) -> Result<Told, Box<Violation>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(tell(story, STEPS, failure, defect))
}

/// How often each call is made in a story in which nothing fails.
fn clean(story: u64) -> BTreeMap<Call, usize> {
    tell_alone(story, None, None).unwrap_or_else(|violation| panic!("{violation}")).calls
}

/// Every failure that these calls can meet.
fn failures(calls: &BTreeMap<Call, usize>) -> impl Iterator<Item = Failure> {
    let ways = |call: Call| {
        let lost = call.changes().then_some(Way::AnswerLost);
        [Way::Refused, Way::Away].into_iter().chain(lost)
    };
    calls.iter().flat_map(move |(call, made)| {
        let call = *call;
        (1..=*made).flat_map(move |nth| ways(call).map(move |way| Failure { call, nth, way }))
    })
}

/// Each of the stories with each of its failures.
fn retold() -> Vec<(u64, Failure)> {
    let stories: Vec<(u64, BTreeMap<Call, usize>)> = STORIES.map(|story| (story, clean(story))).into();
    let never: Vec<&Call> =
        KINDS.iter().filter(|call| !stories.iter().any(|(_, calls)| calls.contains_key(call))).collect();
    assert!(never.is_empty(), "no story makes {never:?}");
    let retold = |(story, calls): &(u64, BTreeMap<Call, usize>)| {
        let story = *story;
        failures(calls).map(move |failure| (story, failure)).collect::<Vec<_>>()
    };
    stories.iter().flat_map(retold).collect()
}

#[test]
fn whichever_call_fails_the_promises_are_kept() {
    let retold = retold();
    let told = processors::on_all(&retold, |(story, failure)| tell_alone(*story, Some(*failure), None));
    let broken: Vec<String> = told.iter().filter_map(|told| Some(told.as_ref().err()?.to_string())).collect();
    assert!(broken.is_empty(), "{} of {}: {}", broken.len(), told.len(), broken[0]);
    // Up to its call a story is the clean one, so that the call comes.
    let missed = told.iter().filter(|told| told.as_ref().is_ok_and(|told| !told.struck)).count();
    assert_eq!(missed, 0, "calls that were to fail and were never made");
    let mut tried: BTreeMap<Call, usize> = BTreeMap::new();
    retold.iter().for_each(|(_, failure)| *tried.entry(failure.call).or_default() += 1);
    println!("{} failures: {tried:?}", told.len());
}

/// What the stories are worth: in an office with a mistake all goes well until a call fails.
#[test]
fn acknowledged_early_a_message_is_lost_only_when_its_commit_fails() {
    let early = Some(Defect::EarlyAcknowledgement);
    for story in STORIES {
        tell_alone(story, None, early).unwrap_or_else(|violation| panic!("{violation}"));
    }
    let commits: Vec<_> = retold()
        .into_iter()
        .filter(|(_, failure)| (failure.call, failure.way) == (Call::DeskCommit, Way::Refused))
        .collect();
    let told = processors::on_all(&commits, |(story, failure)| tell_alone(*story, Some(*failure), early));
    let found: Vec<String> = told.iter().filter_map(|told| Some(told.as_ref().err()?.what.clone())).collect();
    assert!(
        found.iter().any(|what| what.contains("was lost")),
        "{} of {}: {found:?}",
        found.len(),
        told.len()
    );
}
