//! What is explored: the rules that are kept, what the engine does, and how much may happen.

use std::time::Duration;

use lanyard_revocation::FreshnessBound;

use crate::verdict::ALL;

/// One model to explore.
#[derive(Clone, Copy)]
pub(crate) struct Setting {
    /// The one rule of the protocol that is left out, if any.
    pub(crate) without: Option<Rule>,
    /// How the store replicates and fails over.
    pub(crate) engine: Engine,
    /// How much of everything may happen.
    pub(crate) budget: Budget,
    /// Whether a call's steps can be apart.
    pub(crate) grain: Grain,
    /// Whether authorities read on from where they were, or everything each time.
    pub(crate) keeps_cursors: bool,
    /// Which promises are asked for.
    pub(crate) promises: &'static [Promise],
}

impl Setting {
    /// Whether a rule is kept.
    pub(crate) fn keeps(&self, rule: Rule) -> bool {
        self.without != Some(rule)
    }

    /// Whether time passes. Where it does not, the order of things stands for it.
    pub(crate) fn is_timed(&self) -> bool {
        self.budget.last_tick > 0
    }

    /// A stopped clock, so many calls and promotions, and every call's confirmation at once.
    pub(crate) fn of(engine: Engine, calls: usize, promotions: u8) -> Self {
        Self {
            without: None,
            engine,
            budget: Budget {
                calls,
                promotions,
                restarts: 0,
                pings: 0,
                missed_ticks: 0,
                last_tick: 0,
            },
            grain: Grain::Coarse,
            keeps_cursors: false,
            promises: ALL,
        }
    }

    /// The same, with one rule left out and one promise asked for.
    pub(crate) fn without(self, rule: Rule, promise: &'static [Promise]) -> Self {
        Self {
            without: Some(rule),
            ..self.asking(promise)
        }
    }

    /// The same, asking for other promises.
    pub(crate) fn asking(self, promises: &'static [Promise]) -> Self {
        Self { promises, ..self }
    }

    /// The same, where anything can happen between an answer and its confirmation.
    pub(crate) fn fine(self) -> Self {
        Self {
            grain: Grain::Fine,
            ..self
        }
    }

    /// The same, where authorities read on from where they were.
    pub(crate) fn with_cursors(self) -> Self {
        Self {
            keeps_cursors: true,
            ..self
        }
    }

    /// The same, where an authority can be restarted once.
    pub(crate) fn with_restart(self) -> Self {
        let budget = Budget {
            restarts: 1,
            ..self.budget
        };
        Self { budget, ..self }
    }

    /// The same, with a point that pings so often.
    pub(crate) fn with_pings(self, pings: u8) -> Self {
        let budget = Budget {
            pings,
            ..self.budget
        };
        Self { budget, ..self }
    }

    /// The same, with a clock that runs for so long and a point that lives by it.
    pub(crate) fn timed(self, last_tick: u8, missed_ticks: u8) -> Self {
        let budget = Budget {
            pings: 1,
            last_tick,
            missed_ticks,
            ..self.budget
        };
        Self { budget, ..self }
    }
}

/// A rule of the protocol, which can be left out to see what it is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    /// A read counts only if the node that answered is named as the primary afterwards.
    ConfirmReads,
    /// A revocation is acknowledged only if the node is named as the primary after the wait.
    ConfirmAcknowledgements,
    /// A token is handed out only if the node that it was granted by is named as the primary after.
    ConfirmIssues,
    /// What is confirmed is a node *in one reign*: one that was deposed and promoted again in
    /// between has lost what it had.
    ConfirmTheReign,
    /// What was issued before what is told by positions of the log, not by clocks.
    Positions,
    /// A new primary first appends an entry far ahead of its log's end and its time.
    Jump,
    /// Nothing is issued in a generation before the replicas have its first entry.
    WaitForGeneration,
    /// Every promotion begins a generation, not just every change of the node.
    GenerationPerReign,
    /// A reader starts over when the numbers of the log do not go on.
    Continuity,
    /// A reader that meets a new generation compares all that it knows with the whole log.
    CompareOnGeneration,
    /// What is known and missing in the log is appended again.
    Heal,
    /// A reader takes in only entries that are recorded as durable. Each is, before its call is
    /// acknowledged.
    ReadDurable,
    /// What a node has when it is promoted counts as durable: what was recorded may not have reached it.
    InheritAll,
    /// What is appended again counts from where it stood at first.
    HealInPlace,
    /// A snapshot is merged into what is known and does not replace it.
    Merge,
    /// An authority whose own list is old issues nothing.
    IssueBound,
    /// The bound of a point is tighter than the promise, by what clocks may lose.
    Margin,
}

/// How the store replicates and fails over.
#[derive(Clone, Copy)]
pub(crate) struct Engine {
    /// How many replicas an acknowledgement waits for.
    pub(crate) wait_for: usize,
    /// Which replica can be promoted.
    pub(crate) promotes: Promotes,
    /// Whether the old primary is still named for a while after another has been promoted.
    pub(crate) naming_lags: bool,
}

impl Engine {
    /// Waits for one replica, and the most advanced one is promoted: what Sentinel and Cluster aim
    /// at, and reach while no two nodes fail together.
    pub(crate) const WAIT_FOR_ONE: Self = Self {
        wait_for: 1,
        promotes: Promotes::MostAdvanced,
        naming_lags: false,
    };

    /// Waits for both replicas, whatever is promoted, and however late a majority hears of it.
    pub(crate) const WAIT_FOR_ALL: Self = Self {
        wait_for: 2,
        promotes: Promotes::Any,
        naming_lags: true,
    };

    /// Waits for one replica, and the other may be promoted: it can lose what was acknowledged.
    pub(crate) const FORGETFUL: Self = Self {
        wait_for: 1,
        promotes: Promotes::Any,
        naming_lags: false,
    };
}

/// Which of the primary's replicas can be promoted.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Promotes {
    /// One that no other node that is left is ahead of, be it a deposed primary.
    MostAdvanced,
    /// One that no other replica of the primary is ahead of. It may have begun to follow the primary
    /// just now, and have nothing of what the primary acknowledged.
    MostAdvancedReplica,
    /// Any.
    Any,
}

/// Whether anything can happen between an answer of the store and the confirmation of who gave it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Grain {
    /// Anything can. This is how it is.
    Fine,
    /// Nothing can: a read, an issue and an acknowledgement are one step with their confirmation.
    /// That leaves room for longer histories.
    Coarse,
}

/// How much of everything may happen: what bounds the number of states.
#[derive(Clone, Copy)]
pub(crate) struct Budget {
    /// Calls to revoke.
    pub(crate) calls: usize,
    /// Promotions of a replica.
    pub(crate) promotions: u8,
    /// Restarts of an authority, which forgets everything.
    pub(crate) restarts: u8,
    /// Pings of the point.
    pub(crate) pings: u8,
    /// Ticks that clocks miss, all of them together.
    pub(crate) missed_ticks: u8,
    /// The time at which everything ends.
    pub(crate) last_tick: u8,
}

/// A promise of the design.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Promise {
    /// Promise 2: no point accepts what was revoked, once the bound has passed.
    Bound,
    /// What promise 2 rests on: a list that is complete as of some moment has what was acknowledged
    /// before that.
    Complete,
    /// Promise 3: what was acknowledged is in the log, or comes back into it.
    Kept,
    /// Promise 5: what was issued after an acknowledged revocation is not refused because of it.
    IssueAfterRevoke,
    /// What a list has is in the log of the primary, so that every list gets to have it.
    Held,
}

/// One tick of a clock, in the units of the real types.
pub(crate) const TICK: Duration = Duration::from_secs(1);

/// The bound of a point in ticks: one, the tightest that there can be.
pub(crate) fn point_bound() -> FreshnessBound {
    FreshnessBound::MIN
}

/// The bound for issuing: as tight.
pub(crate) fn issue_bound() -> FreshnessBound {
    FreshnessBound::MIN
}

/// How many ticks after its acknowledgement a revocation is to be known everywhere: the bound of a
/// point and a margin for the ticks that clocks may miss.
pub(crate) fn promised_ticks(setting: &Setting) -> u8 {
    if setting.keeps(Rule::Margin) {
        1 + setting.budget.missed_ticks
    } else {
        1
    }
}
