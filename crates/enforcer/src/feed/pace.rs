//! How often to ask, and when to stop waiting.

use std::time::Duration;

use lanyard_revocation::FreshnessBound;

/// How often to ask, and how long to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// How often a ping is sent.
    pub ping_every: Duration,
    /// How long nothing may be heard before the connection is given up.
    pub silence: Duration,
    /// How old an authority's own list may be before another authority is tried. A few times what is
    /// usual: an authority reads its logs four times a second.
    pub stale_after: Duration,
}

impl From<FreshnessBound> for Pace {
    /// Fast enough that a point misses several answers before its list is too old.
    fn from(bound: FreshnessBound) -> Self {
        let ping_every = (bound.as_duration() / 8).min(SLOWEST_PING);
        let silence = (ping_every * 4).max(SHORTEST_SILENCE);
        Self {
            ping_every,
            silence,
            stale_after: (bound.as_duration() / 2).min(LONGEST_STALE),
        }
    }
}

/// However loose the bound is, an outage is to be noticed while another authority can still help.
const SLOWEST_PING: Duration = Duration::from_secs(2);
/// However loose the bound is, a revocation at another authority is to be known soon.
const LONGEST_STALE: Duration = Duration::from_secs(4);
/// A tight bound must not make an ordinary pause an outage.
const SHORTEST_SILENCE: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_answers_may_be_lost_before_the_list_is_too_old() {
        for bound in [FreshnessBound::MIN, FreshnessBound::MAX] {
            let Pace {
                ping_every,
                silence,
                stale_after,
            } = bound.into();
            assert!(stale_after * 2 <= bound.as_duration());
            assert!(stale_after >= Duration::from_millis(500));
            assert!(ping_every * 8 <= bound.as_duration());
            assert!(silence >= ping_every * 4);
            assert!(silence <= bound.as_duration());
        }
    }
}
