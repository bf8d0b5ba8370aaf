//! The obligations of a [`Store`], as cases that every backend must pass.
//!
//! Each case is a sentence and starts from a fresh, empty store on a clock that moves only when the
//! case moves it. A backend says how to make such a store and how to close and open it again
//! ([`Backend`]), and [`conformance_tests!`](crate::conformance_tests) makes a test of each case
//! under its own name: `conformance_tests!(MyBackend::new());` is a whole test file.
//!
//! What only one backend can be asked (files, connections) is for that backend's own tests.

#![expect(
    clippy::expect_used,
    clippy::missing_panics_doc,
    clippy::panic,
    clippy::unwrap_used,
    reason = "the suite is test code that other crates can reach; a case fails by a panic"
)]

use std::sync::Arc;

use lanyard_token::ManualClock;

use crate::Store;

pub mod access;
pub mod credentials;
pub mod durability;
pub mod healing;
pub mod identities;
pub mod issuing;
mod log_reader;
pub mod reading;
pub mod revoking;
pub mod signing_keys;
pub mod starting;
pub mod sweeping;
pub mod tenancy;
mod world;

/// How the suite comes by stores.
pub trait Backend: Sync {
    /// What it makes.
    type Store: Store;

    /// Makes a store that is empty and shares nothing with any other.
    fn fresh(&self, clock: Arc<ManualClock>) -> impl Future<Output = Self::Store> + Send;

    /// Closes the store and opens it again, as after a restart.
    fn reopen(
        &self,
        store: Self::Store,
        clock: Arc<ManualClock>,
    ) -> impl Future<Output = Self::Store> + Send;
}

/// Makes a test of each case, over one backend: an expression that is evaluated for each.
///
/// The caller's crate needs `tokio` with `macros` and `rt-multi-thread`.
#[macro_export]
macro_rules! conformance_tests {
    ($backend:expr) => {
        $crate::conformance_tests! { @each $backend;
            starting:
                the_first_start_is_over_once_its_operator_is_kept
                whoever_comes_second_does_not_end_the_first_start
                nothing_but_an_operator_ends_the_first_start
                a_turn_that_was_given_back_is_the_next_ones;
            tenancy:
                a_subscription_that_was_made_is_listed
                subscriptions_come_in_pages_in_the_order_of_their_ids
                there_is_no_page_after_the_last_possible_id
                a_resource_that_was_made_is_found_with_its_keys
                a_resource_in_an_unknown_subscription_leaves_no_trace
                a_name_that_is_taken_is_refused_without_a_trace
                resources_are_listed_in_pages_of_their_own_subscription
                an_unknown_subscription_has_no_list_of_resources
                everything_beneath_a_deleted_resource_is_unknown_at_once
                nothing_is_changed_beneath_a_deleted_resource
                a_deleted_resource_is_finally_revoked
                a_deleted_resource_leaves_its_neighbours_alone
                the_name_of_a_deleted_resource_is_free_again
                a_resource_is_found_by_its_name_while_it_is_there
                a_deleted_subscription_takes_its_resources_with_it
                an_empty_subscription_is_deleted_without_a_word_to_the_log
                what_is_deleted_twice_is_unknown_the_second_time;
            credentials:
                a_service_key_is_found_and_listed
                an_unknown_credential_is_not_found
                service_keys_come_in_pages_and_no_access_key_among_them
                a_rotation_replaces_a_key_and_revokes_it_finally
                a_key_is_rotated_again_and_again
                a_rotation_replaces_only_the_key_that_it_expects
                one_of_many_rotations_that_expect_the_same_key_is_done
                a_rotation_in_an_unknown_resource_leaves_no_trace
                a_service_key_cannot_be_rotated_in
                an_access_key_is_not_deleted_as_a_service_key
                the_last_operator_stays
                an_operator_goes_while_another_stays
                of_many_operators_deleted_at_once_one_stays;
            access:
                a_key_that_was_rotated_out_does_nothing_any_more
                a_credential_of_others_does_nothing
                a_credential_that_never_was_does_nothing
                what_a_key_does_lies_before_its_rotation;
            identities:
                an_identity_that_was_made_is_found
                an_identity_is_found_in_its_own_resource_only
                an_identity_in_an_unknown_resource_leaves_no_trace
                the_same_custom_id_gives_the_same_identity_back
                of_many_who_offer_one_custom_id_at_once_one_makes_it
                one_custom_id_in_two_resources_is_two_identities
                custom_ids_that_are_alike_are_not_the_same
                after_a_deletion_its_custom_id_gives_a_new_identity
                an_identity_comes_with_the_position_of_its_first_token
                an_identity_whose_first_token_is_refused_is_not_made
                identities_come_in_pages_of_their_own_resource
                pages_miss_nobody_while_identities_are_made
                a_page_goes_on_after_an_identity_that_is_gone
                a_deleted_identity_is_unknown_and_finally_revoked
                the_time_of_the_last_issue_never_moves_back
                a_note_about_an_unknown_identity_is_passed_over;
            issuing:
                a_grant_on_an_empty_log_carries_its_start
                a_grant_carries_the_end_of_the_log
                a_revocation_covers_exactly_what_was_issued_before_it
                a_clock_that_goes_back_spares_and_kills_no_token
                a_grant_among_revocations_carries_the_end_of_one_moment
                of_many_who_ask_at_once_each_has_its_own_answer
                nothing_is_issued_for_an_unknown_identity
                nothing_is_issued_with_an_unknown_access_key
                nothing_is_issued_with_a_credential_of_others
                nothing_is_issued_under_a_key_that_is_not_active
                asking_leaves_no_trace;
            revoking:
                a_revoked_identity_is_named_in_the_log
                a_revoked_token_is_named_in_the_log
                what_is_revoked_twice_is_revoked_later_the_second_time
                what_is_unknown_is_not_revoked
                positions_grow_strictly_and_numbers_without_gaps
                neither_positions_nor_times_fall_with_the_clock
                many_at_once_get_a_place_each
                an_entry_lies_in_the_partition_of_its_resource;
            reading:
                a_new_log_is_empty_and_complete
                a_read_has_what_is_after_its_cursor
                a_read_that_stops_early_says_so
                a_reader_at_the_end_hears_of_the_next_entry
                a_cursor_of_the_future_starts_over
                a_cursor_of_another_log_starts_over
                a_cursor_before_what_was_trimmed_starts_over
                a_cursor_at_the_end_goes_on_after_a_trim
                an_emptied_log_ends_where_it_ended;
            healing:
                what_was_lost_is_appended_again_with_the_position_that_counts
                what_comes_back_kills_exactly_what_it_killed
                a_log_that_has_moved_on_is_not_healed
                another_log_is_not_healed
                what_is_healed_twice_is_appended_once
                beyond_its_end_a_log_goes_on_in_a_new_generation
                a_log_that_lacks_nothing_is_left_as_it_is
                a_log_is_healed_in_its_own_partition
                a_mended_log_says_so_and_goes_on
                what_can_be_understood_is_not_struck
                a_whole_log_has_nothing_to_give_up
                a_healed_log_outlives_a_restart;
            signing_keys:
                a_new_store_has_no_signing_keys
                a_change_is_taken_whole_and_the_version_grows
                a_key_changes_and_its_neighbours_do_not
                a_change_from_another_version_leaves_no_trace
                of_many_changes_from_one_version_one_is_taken
                a_revoked_key_is_in_the_log_of_every_partition
                nothing_is_issued_under_a_revoked_key
                a_change_of_another_key_leaves_the_active_one
                the_version_alone_tells_of_a_change;
            sweeping:
                an_entry_stays_until_the_millisecond_it_expires
                a_sweep_drops_the_expired_and_no_others
                what_is_past_its_time_by_the_wall_clock_alone_stays
                the_vouched_time_is_on_record
                no_entry_is_stamped_before_the_vouched_time
                a_log_keeps_the_position_up_to_which_it_was_trimmed
                an_entry_made_under_a_fallen_clock_stays_as_long_as_its_neighbours
                places_go_on_after_everything_was_trimmed
                a_sweep_leaves_what_is_in_use
                a_large_deleted_resource_is_swept_out_and_nothing_else
                a_key_out_of_use_stays_until_its_tokens_have_expired
                a_key_in_use_stays_for_ever;
            durability:
                tenants_outlive_a_restart
                service_keys_outlive_a_restart
                a_rotation_outlives_a_restart
                identities_outlive_a_restart
                deletions_outlive_a_restart
                the_log_goes_on_after_a_restart
                signing_keys_outlive_a_restart
                a_sweep_outlives_a_restart
                refusals_leave_no_trace_after_a_restart;
        }
    };
    (@each $backend:expr; $($subject:ident: $($case:ident)+;)+) => {
        $($(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                $crate::conformance::$subject::$case(&$backend).await;
            }
        )+)+
    };
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    #[test]
    fn every_case_that_is_written_is_in_the_list() {
        let list = include_str!("mod.rs");
        let listed: BTreeSet<_> = list.lines().map(str::trim).collect();
        let written = SOURCES.iter().flat_map(|source| source.lines());
        let written = written.filter_map(|line| line.strip_prefix("pub async fn "));
        let mut count = 0;
        for signature in written {
            let (name, _) = signature.split_once('<').unwrap();
            let is_listed = listed.contains(name) || listed.contains(format!("{name};").as_str());
            assert!(is_listed, "`{name}` is never run");
            count += 1;
        }
        assert!(count > 80, "found only {count} cases");
    }

    const SOURCES: [&str; 12] = [
        include_str!("starting.rs"),
        include_str!("tenancy.rs"),
        include_str!("credentials.rs"),
        include_str!("access.rs"),
        include_str!("identities.rs"),
        include_str!("issuing.rs"),
        include_str!("revoking.rs"),
        include_str!("reading.rs"),
        include_str!("healing.rs"),
        include_str!("signing_keys.rs"),
        include_str!("sweeping.rs"),
        include_str!("durability.rs"),
    ];
}
