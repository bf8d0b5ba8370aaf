//! What can be left out, to see whether the simulation would notice.

/// One thing that is done wrongly, by the simulated surroundings of the code that is real.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Weakness {
    /// A list counts as complete as of when the answer arrived, and not as of when the ping was sent.
    FreshFromArrival,
    /// A point trusts a list for sixteen minutes.
    SixteenMinutes,
    /// A snapshot takes the place of what was known.
    SnapshotReplaces,
    /// A point that is restarted remembers how fresh its list was, and not the list.
    FreshnessOutlivesTheList,
    /// Ages are measured by a clock that stands still while the machine is suspended.
    ClockStopsInSuspend,
    /// An authority says that its list is as young as can be, whatever it is.
    AgeIsAlwaysZero,
    /// A point stays with an authority however stale that is.
    StaysWithStaleAuthorities,
    /// A read counts whoever has answered it.
    ReadsAreNotConfirmed,
    /// Revocations are deleted by the wall clock.
    TrimsByTheWallClock,
    /// The same, and nothing is left of the position of what was deleted.
    TrimsWithoutAFloor,
}
