//! Where every promise holds: in every state that can be reached, with every rule kept.

use crate::{
    setting::{Engine, Promise, Setting},
    verdict::holds,
};

#[test]
fn waiting_for_one_keeps_every_promise_while_the_most_advanced_is_promoted() {
    let engine = Engine::WAIT_FOR_ONE;
    holds("one, two promotions", &Setting::of(engine, 1, 2));
    holds("one, two calls", &Setting::of(engine, 2, 1));
}

#[test]
fn waiting_for_all_keeps_every_promise_whatever_is_promoted() {
    let engine = Engine::WAIT_FOR_ALL;
    holds("all, two promotions", &Setting::of(engine, 1, 2));
    holds("all, two calls", &Setting::of(engine, 2, 1));
}

#[test]
fn waiting_for_all_loses_nothing_that_a_list_has() {
    let held = &[Promise::Held];
    let of = |calls| Setting::of(Engine::WAIT_FOR_ALL, calls, 1).asking(held);
    holds("all, held", &of(2));
    holds("all, held, fine", &of(1).fine());
    holds(
        "all, held, cursors and a restart",
        &of(1).with_cursors().with_restart(),
    );
}

#[test]
fn nothing_can_come_between_an_answer_and_its_confirmation() {
    holds("one, fine", &Setting::of(Engine::WAIT_FOR_ONE, 1, 1).fine());
    holds("all, fine", &Setting::of(Engine::WAIT_FOR_ALL, 1, 1).fine());
}

#[test]
fn authorities_may_read_on_from_a_cursor_and_forget_everything_in_a_crash() {
    let of = |engine| Setting::of(engine, 1, 1).with_cursors().with_restart();
    holds("one, cursors and a restart", &of(Engine::WAIT_FOR_ONE));
    holds("all, cursors and a restart", &of(Engine::WAIT_FOR_ALL));
}

#[test]
fn a_point_may_go_from_one_authority_to_the_other() {
    let of = |engine| Setting::of(engine, 1, 1).with_pings(2).with_restart();
    holds("one, two pings", &of(Engine::WAIT_FOR_ONE));
    holds("all, two pings", &of(Engine::WAIT_FOR_ALL));
}

#[test]
fn the_bound_holds_in_time_through_a_promotion() {
    holds(
        "one, in time",
        &Setting::of(Engine::WAIT_FOR_ONE, 1, 1).timed(2, 0),
    );
    holds(
        "all, in time",
        &Setting::of(Engine::WAIT_FOR_ALL, 1, 1).timed(2, 0),
    );
}

#[test]
fn the_bound_holds_in_time_when_a_clock_misses_a_tick() {
    let setting = Setting::of(Engine::WAIT_FOR_ONE, 1, 0);
    holds("a missed tick", &setting.timed(3, 1));
    holds(
        "a missed tick, two pings",
        &setting.timed(3, 1).with_pings(2),
    );
}

#[test]
fn a_forgetful_engine_gets_back_what_any_authority_knows_and_refuses_nothing_new() {
    let promises = &[Promise::Kept, Promise::IssueAfterRevoke];
    let setting = Setting::of(Engine::FORGETFUL, 1, 1).asking(promises);
    holds("forgetful", &setting);
    holds("forgetful, cursors", &setting.with_cursors());
    holds(
        "forgetful, two calls",
        &Setting::of(Engine::FORGETFUL, 2, 1).asking(promises),
    );
}

#[test]
#[ignore = "some minutes and a gigabyte of memory"]
fn longer_histories_keep_every_promise() {
    for (name, engine) in [("one", Engine::WAIT_FOR_ONE), ("all", Engine::WAIT_FOR_ALL)] {
        holds(&format!("{name}, two of both"), &Setting::of(engine, 2, 2));
        holds(
            &format!("{name}, two promotions, fine"),
            &Setting::of(engine, 1, 2).fine(),
        );
    }
}
