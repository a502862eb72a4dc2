//! The vault on both engines, through its public handles.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

#[path = "vault/destruction.rs"]
mod destruction;
#[path = "vault/event.rs"]
mod event;
#[path = "vault/named.rs"]
mod named;
#[path = "store_support/place.rs"]
mod place;
#[path = "vault/releases.rs"]
mod releases;
#[path = "vault/rotation.rs"]
mod rotation;
#[path = "vault/sealing.rs"]
mod sealing;

use destruction::{
    a_destruction_reaches_what_it_names_and_nothing_else, a_destruction_without_scope_is_refused,
    an_order_applied_again_spares_later_data, another_process_forgets_on_eviction, destroyed_stays_destroyed,
};
use named::{named_keys_survive_a_restart, one_years_accounting_can_be_destroyed};
use releases::{
    a_release_dies_with_its_data_key, a_release_dies_with_its_partner, a_release_opens_for_its_partner_only,
};
use rotation::{
    a_rotation_keeps_everything_open, a_rotation_killed_anywhere_goes_on, keys_made_during_a_rotation_survive_it,
};
use sealing::{
    a_sealed_event_opens_after_a_restart, a_slice_cannot_be_moved_or_changed, a_small_cache_forgets_and_reads_again,
    many_sealers_at_once_share_one_key_a_record, two_persons_of_one_record_have_keys_of_their_own,
    two_processes_agree_on_a_key,
};

conformance!(
    a_sealed_event_opens_after_a_restart,
    a_slice_cannot_be_moved_or_changed,
    two_persons_of_one_record_have_keys_of_their_own,
    many_sealers_at_once_share_one_key_a_record,
    two_processes_agree_on_a_key,
    destroyed_stays_destroyed,
    an_order_applied_again_spares_later_data,
    a_destruction_reaches_what_it_names_and_nothing_else,
    a_destruction_without_scope_is_refused,
    another_process_forgets_on_eviction,
    a_release_opens_for_its_partner_only,
    a_release_dies_with_its_data_key,
    a_release_dies_with_its_partner,
    named_keys_survive_a_restart,
    one_years_accounting_can_be_destroyed,
    a_rotation_keeps_everything_open,
    a_rotation_killed_anywhere_goes_on,
    keys_made_during_a_rotation_survive_it,
    a_small_cache_forgets_and_reads_again,
);
