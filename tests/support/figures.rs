//! Measured delays, as people read them.

use std::fmt;
use std::time::Duration;

/// What is said of many delays.
pub(crate) struct Figures {
    pub(crate) count: usize,
    pub(crate) p50: Duration,
    pub(crate) p99: Duration,
    pub(crate) max: Duration,
}

impl Figures {
    pub(crate) fn of(mut delays: Vec<Duration>) -> Self {
        delays.sort_unstable();
        let at = |hundredths: usize| delays[(delays.len() - 1) * hundredths / 100];
        Self {
            count: delays.len(),
            p50: at(50),
            p99: at(99),
            max: at(100),
        }
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, form: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            count,
            p50,
            p99,
            max,
        } = self;
        write!(form, "{count} times, p50 {p50:?}, p99 {p99:?}, max {max:?}")
    }
}
