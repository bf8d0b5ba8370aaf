//! Exploring a setting, and saying what was seen.

use crate::{
    checker::{Counterexample, explore},
    setting::{Promise, Setting},
};

/// Every promise that is asked for holds in every state.
pub(crate) fn holds(name: &str, setting: &Setting) {
    let explored = explore(setting);
    println!(
        "{name}: holds in {} states, {} steps, depth {}",
        explored.states, explored.steps, explored.depth
    );
    if let Some(found) = explored.counterexample {
        panic!("{name}: {:?} is broken\n{}", found.promise, told(&found));
    }
}

/// The promise that is asked for is broken in some state.
pub(crate) fn breaks(name: &str, setting: &Setting) {
    let explored = explore(setting);
    let Some(found) = explored.counterexample else {
        panic!(
            "{name}: {:?} holds in {} states",
            setting.promises, explored.states
        );
    };
    println!(
        "{name}: {:?} is broken after {} steps, found among {} states\n{}",
        found.promise,
        found.trace.len(),
        explored.states,
        told(&found)
    );
}

/// All that the design promises where the engine keeps what it acknowledges.
pub(crate) const ALL: &[Promise] = &[
    Promise::Complete,
    Promise::Bound,
    Promise::Kept,
    Promise::IssueAfterRevoke,
];

/// What happened, one step a line, with what was the case after it.
fn told(found: &Counterexample<Setting>) -> String {
    let line = |(action, world)| format!("    {action:<48} {world}\n");
    found
        .trace
        .iter()
        .map(|(action, world)| line((action.to_string(), world)))
        .collect()
}
