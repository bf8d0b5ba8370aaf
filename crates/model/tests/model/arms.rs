//! What each rule is for: without it a promise is broken, and the shortest way there is printed.
//!
//! Each arm is one of the settings in which all is well with one rule left out. Two rules turn out
//! not to be needed for any promise here, and that is asserted, too.

use crate::{
    setting::{Engine, Promise, Promotes, Rule, Setting},
    verdict::{ALL, breaks, holds},
};

#[test]
fn an_unconfirmed_read_vouches_for_a_list_that_a_deposed_primary_gave() {
    let setting = Setting::of(Engine::WAIT_FOR_ONE, 1, 1);
    breaks(
        "reads unconfirmed",
        &setting.without(Rule::ConfirmReads, COMPLETE),
    );
    let in_time = setting.timed(2, 0);
    breaks(
        "reads unconfirmed, in time",
        &in_time.without(Rule::ConfirmReads, BOUND),
    );
}

#[test]
fn an_unconfirmed_acknowledgement_is_of_a_log_that_is_about_to_be_dropped() {
    let setting = Setting::of(Engine::WAIT_FOR_ONE, 1, 1);
    let rule = Rule::ConfirmAcknowledgements;
    breaks(
        "acknowledgements unconfirmed",
        &setting.without(rule, COMPLETE),
    );
    let restart = setting.with_restart();
    breaks(
        "acknowledgements unconfirmed, a restart",
        &restart.without(rule, KEPT),
    );
}

#[test]
fn an_unconfirmed_token_is_already_revoked_but_never_escapes_a_revocation() {
    let setting = Setting::of(Engine::WAIT_FOR_ONE, 1, 1);
    breaks(
        "issues unconfirmed",
        &setting.without(Rule::ConfirmIssues, ISSUE_AFTER_REVOKE),
    );
    let two_calls = Setting::of(Engine::WAIT_FOR_ONE, 2, 1);
    holds(
        "issues unconfirmed, two calls",
        &two_calls.without(Rule::ConfirmIssues, COMPLETE),
    );
}

#[test]
fn a_confirmation_of_the_node_alone_takes_a_second_reign_for_the_first() {
    let setting = Setting::of(Engine::WAIT_FOR_ONE, 1, 2).fine();
    breaks(
        "the reign unconfirmed",
        &setting.without(Rule::ConfirmTheReign, COMPLETE),
    );
}

#[test]
fn timestamps_kill_new_tokens_and_spare_old_ones() {
    let setting = Setting::of(Engine::WAIT_FOR_ONE, 1, 0);
    breaks(
        "timestamps",
        &setting.without(Rule::Positions, ISSUE_AFTER_REVOKE),
    );
    breaks("timestamps", &setting.without(Rule::Positions, COMPLETE));
}

#[test]
fn without_a_jump_a_lost_tail_is_numbered_again() {
    let setting = Setting::of(Engine::WAIT_FOR_ONE, 2, 1);
    breaks("no jump", &setting.without(Rule::Jump, COMPLETE));
}

#[test]
fn a_generation_that_was_not_waited_for_is_lost_with_tokens_above_the_next() {
    let setting = Setting::of(Engine::WAIT_FOR_ONE, 1, 2);
    breaks(
        "generation not waited for",
        &setting.without(Rule::WaitForGeneration, COMPLETE),
    );
}

#[test]
fn a_node_that_is_promoted_again_has_lost_its_tail_and_needs_a_new_generation() {
    let setting = Setting::of(Engine::WAIT_FOR_ONE, 2, 2);
    breaks(
        "generation of a node",
        &setting.without(Rule::GenerationPerReign, COMPLETE),
    );
}

#[test]
fn healing_at_a_new_position_kills_tokens_that_were_issued_after() {
    let setting = Setting::of(Engine::FORGETFUL, 1, 1);
    breaks(
        "healed anew",
        &setting.without(Rule::HealInPlace, ISSUE_AFTER_REVOKE),
    );
}

#[test]
fn without_healing_what_a_forgetful_engine_lost_stays_lost() {
    let setting = Setting::of(Engine::FORGETFUL, 1, 1);
    breaks("not healed", &setting.without(Rule::Heal, KEPT));
}

#[test]
fn readers_that_take_in_what_no_replica_has_know_what_is_lost_with_the_primary() {
    let setting = Setting::of(Engine::WAIT_FOR_ALL, 1, 1).with_cursors();
    breaks("all is read", &setting.without(Rule::ReadDurable, HELD));
}

#[test]
fn what_was_recorded_as_durable_may_not_have_reached_the_next_primary() {
    let setting = Setting::of(Engine::WAIT_FOR_ALL, 1, 1).with_cursors();
    breaks(
        "records inherited",
        &setting.without(Rule::InheritAll, COMPLETE),
    );
}

#[test]
fn numbers_alone_hide_the_loss_of_what_an_authority_appended_and_had_not_read() {
    let setting = Setting::of(Engine::FORGETFUL, 1, 1).with_cursors();
    breaks(
        "not compared",
        &setting.without(Rule::CompareOnGeneration, KEPT),
    );
}

#[test]
fn a_snapshot_that_replaces_takes_a_revocation_back() {
    let setting = Setting::of(Engine::WAIT_FOR_ONE, 1, 0).with_pings(2);
    breaks("replaced", &setting.without(Rule::Merge, COMPLETE));
    let in_time = setting.timed(2, 0).with_pings(2);
    breaks("replaced, in time", &in_time.without(Rule::Merge, BOUND));
}

#[test]
fn a_bound_without_a_margin_is_overrun_by_a_clock_that_misses_a_tick() {
    let setting = Setting::of(Engine::WAIT_FOR_ONE, 1, 0).timed(3, 1);
    breaks("no margin", &setting.without(Rule::Margin, BOUND));
}

#[test]
fn waiting_for_one_is_not_enough_when_a_laggard_is_promoted() {
    let setting = Setting::of(Engine::FORGETFUL, 1, 1);
    breaks("a laggard", &setting.asking(COMPLETE));
    breaks("a laggard, a restart", &setting.with_restart().asking(KEPT));
}

#[test]
fn waiting_for_one_is_not_enough_when_two_primaries_fail_before_a_replica_has_caught_up() {
    let engine = Engine {
        promotes: Promotes::MostAdvancedReplica,
        ..Engine::WAIT_FOR_ONE
    };
    breaks("two in a row", &Setting::of(engine, 1, 2).asking(COMPLETE));
}

#[test]
fn waiting_for_one_is_not_enough_while_a_deposed_primary_is_still_named() {
    let engine = Engine {
        naming_lags: true,
        ..Engine::WAIT_FOR_ONE
    };
    breaks(
        "named too long",
        &Setting::of(engine, 1, 1).asking(COMPLETE),
    );
}

#[test]
fn the_bound_for_issuing_is_a_second_line_behind_the_confirmation() {
    let setting = Setting::of(Engine::WAIT_FOR_ONE, 1, 2);
    holds(
        "no bound for issuing",
        &setting.without(Rule::IssueBound, ALL),
    );
}

#[test]
fn the_numbers_are_a_second_line_behind_the_comparison_as_long_as_only_failovers_lose_entries() {
    let setting = Setting::of(Engine::WAIT_FOR_ONE, 1, 1).with_cursors();
    holds(
        "numbers not looked at",
        &setting.without(Rule::Continuity, ALL),
    );
}

const BOUND: &[Promise] = &[Promise::Bound];
const COMPLETE: &[Promise] = &[Promise::Complete];
const HELD: &[Promise] = &[Promise::Held];
const KEPT: &[Promise] = &[Promise::Kept];
const ISSUE_AFTER_REVOKE: &[Promise] = &[Promise::IssueAfterRevoke];
