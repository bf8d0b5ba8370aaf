//! Waiting for a condition, never for a time.

use std::thread;
use std::time::{Duration, Instant};

/// After this long, what was waited for does not come. Far above what a loaded machine needs.
pub(crate) const DEADLINE: Duration = Duration::from_mins(1);

/// Waits until there is something, and returns it.
#[track_caller]
#[expect(
    clippy::disallowed_methods,
    reason = "a test waits as long as its watch says, and suspending the machine ends no test"
)]
pub(crate) fn until<T>(what: &str, mut found: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = found() {
            return found;
        }
        assert!(
            start.elapsed() < DEADLINE,
            "it never came to be that {what}"
        );
        thread::sleep(Duration::from_millis(10));
    }
}

/// Waits until something holds.
#[track_caller]
pub(crate) fn until_true(what: &str, mut holds: impl FnMut() -> bool) {
    until(what, || holds().then_some(()));
}
