//! What every store promises, as functions that panic when a promise is broken. Each store's tests run them all, each on
//! a fresh and migrated store; see [`conformance_suite`](crate::conformance_suite).

pub mod catalogue;
pub mod desk;
pub mod pratiche;
pub mod records;
pub mod rules;
mod scene;
pub mod search;

use async_trait::async_trait;

use crate::Store;

/// A store under test, and a way to see what the port does not show.
#[async_trait]
pub trait Fixture: Sync {
    /// The store, migrated and empty.
    fn store(&self) -> &dyn Store;

    /// The one number that a statement gives, past the port.
    async fn number(&self, sql: &'static str) -> i64;

    /// How many messages wait to be published or are in a queue.
    async fn waiting_messages(&self) -> i64;

    /// Whether the schema lets a statement through, past the port.
    async fn admits(&self, sql: &'static str) -> bool;
}

/// One `#[tokio::test]` for each promise. `$fixture` is an async function that makes a [`Fixture`].
#[macro_export]
macro_rules! conformance_suite {
    ($fixture:ident) => {
        $crate::conformance_suite!(@ $fixture:
            desk: a_desk_that_commits_is_seen, a_dropped_desk_leaves_nothing, a_panicking_desk_leaves_nothing,
                a_message_is_new_once, a_message_of_an_undone_desk_is_new_again, an_answer_is_given_again,
                a_key_with_another_request_is_told, an_unanswered_key_is_free_again,
                of_two_claims_at_once_one_answers, who_stops_waiting_holds_nobody_up,
                who_stops_waiting_for_a_commit_holds_nobody_up, many_desks_at_once_all_commit, a_commit_gives_what_is_to_publish;
            pratiche: a_padre_comes_with_its_figli, unknown_cases_are_left_out, a_padre_is_locked_until_the_desk_ends,
                a_stale_version_is_refused, history_replays_to_the_case, a_dossier_tells_a_case_and_its_history,
                what_exists_is_known,
                a_specialist_goes_on_seeing_the_case;
            rules: an_opening_makes_one_case, a_protocol_number_is_given_once, no_illegal_pair_is_stored,
                every_legal_pair_is_stored, history_is_append_only;
            search: each_filter_finds_its_cases, filters_combine, papers_find_cases_by_telephone_and_email,
                pages_follow_each_other, pages_follow_each_other_from_the_newest_back,
                misrouted_cases_are_found_until_a_later_one_cites_them, counts_by_each_key;
            catalogue: an_empty_store_has_an_empty_catalogue, a_catalogue_comes_back_as_it_went_in,
                a_catalogue_is_replaced_at_its_revision_only, a_group_with_untold_answers_stays,
                a_desk_sees_the_revision;
            records: protocol_numbers_never_overlap, equal_needs_are_merged_and_counted, triage_keeps_the_newest,
                rejections_and_solved_cases_teach, citizens_are_found, clients_and_tokens_are_kept,
                what_has_had_its_time_is_purged_and_the_rest_stays, a_purge_takes_the_oldest_a_chunk_at_a_time;
        );
    };
    (@ $fixture:ident: $($group:ident: $($promise:ident),+;)+) => {
        $(mod $group {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $promise() {
                let fixture = super::$fixture().await;
                $crate::conformance::$group::$promise(&fixture).await;
            })+
        })+
    };
}
