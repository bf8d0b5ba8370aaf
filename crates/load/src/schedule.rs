//! When the next call is due.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use lanyard_token::{BootTime, Clock, ClockError, SystemClock};
use tokio::sync::Semaphore;

use crate::arithmetic::real;

/// How hard a server is pressed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Load {
    /// Every caller asks again once it was answered.
    Closed,
    /// Calls are due at a rate.
    Open(Rate),
}

/// Calls for each second. More than none.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Rate(f64);

/// When it is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Span {
    /// After a time.
    For(Duration),
    /// After so many calls.
    Calls(u64),
}

impl Rate {
    /// A hundred a second.
    pub const HUNDRED: Self = Self(100.0);

    /// A rate, unless it is none that calls can come at.
    #[must_use]
    pub fn per_second(rate: f64) -> Option<Self> {
        (rate.is_finite() && rate > 0.0).then_some(Self(rate))
    }

    /// The number of calls for each second.
    #[must_use]
    pub const fn as_per_second(self) -> f64 {
        self.0
    }

    /// How long after the start the call of this number is due, the first being number 0.
    #[must_use]
    pub fn due(self, number: u64) -> Duration {
        Duration::try_from_secs_f64(real(number) / self.0).unwrap_or(Duration::MAX)
    }

    /// How many calls are due within a time, the first at its very start.
    #[must_use]
    pub fn due_within(self, time: Duration) -> u64 {
        whole(time.as_secs_f64() * self.0).saturating_add(1)
    }
}

/// Hands out turns to call, to all callers of a run alike.
#[derive(Clone)]
pub struct Turns(Arc<Shared>);

struct Shared {
    clock: SystemClock,
    load: Load,
    begun: BootTime,
    /// From then on no turn is given: in a closed loop at the end, in an open one a little later, so that
    /// what was due last is still sent.
    until: Option<BootTime>,
    /// How long an open loop goes on, the interval after its last call among it, so that as many calls
    /// are told for each second as were due.
    lasts: Duration,
    calls: u64,
    taken: AtomicU64,
    /// Turns of an open loop that are due and were not taken yet.
    due: Semaphore,
    over: AtomicBool,
}

impl Turns {
    /// Begins now.
    ///
    /// # Errors
    /// If the clock cannot be read.
    pub fn begin(load: Load, span: Span) -> Result<Self, ClockError> {
        let begun = SystemClock.boot()?;
        let lasts = match span {
            Span::For(time) => time,
            Span::Calls(_) => Duration::MAX,
        };
        let (calls, until) = match (load, span) {
            (_, Span::Calls(calls)) => (calls, None),
            (Load::Closed, Span::For(time)) => (u64::MAX, Some(begun.saturating_add(time))),
            (Load::Open(rate), Span::For(time)) => {
                let until = begun.saturating_add(time).saturating_add(GRACE);
                (whole(time.as_secs_f64() * rate.0).max(1), Some(until))
            }
        };
        Ok(Self(Arc::new(Shared {
            clock: SystemClock,
            load,
            begun,
            until,
            lasts,
            calls,
            taken: AtomicU64::new(0),
            due: Semaphore::new(0),
            over: AtomicBool::new(false),
        })))
    }

    /// Waits for the next turn and says when it was due, or that there are no more.
    ///
    /// # Errors
    /// If the clock cannot be read.
    pub async fn next(&self) -> Result<Option<BootTime>, ClockError> {
        if let Load::Open(_) = self.0.load {
            match self.0.due.acquire().await {
                Ok(permit) => permit.forget(),
                Err(_closed) => return Ok(None),
            }
        }
        self.0.take()
    }

    /// The time now, by the clock that turns are given by.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn now(&self) -> Result<BootTime, ClockError> {
        self.0.clock.boot()
    }

    /// When it began.
    #[must_use]
    pub fn begun(&self) -> BootTime {
        self.0.begun
    }

    /// How many calls an open loop meant to make and did not: the server did not keep up.
    #[must_use]
    pub fn not_sent(&self) -> u64 {
        match self.0.load {
            Load::Closed => 0,
            Load::Open(_) => {
                let taken = self.0.taken.load(Ordering::Relaxed);
                self.0.calls.saturating_sub(taken)
            }
        }
    }

    /// How long the calls that were not sent had waited at some time, in a few groups: how many, and for
    /// how long, told by the last of the group, which waited least.
    pub(crate) fn waiting(&self, at: BootTime) -> impl Iterator<Item = (u64, Duration)> {
        let not_sent = self.not_sent();
        let sent = self.0.calls.saturating_sub(not_sent);
        let begun = self.0.begun;
        let rate = match self.0.load {
            Load::Closed => None,
            Load::Open(rate) => Some(rate),
        };
        let groups = (0..=GROUPS).map(move |group| share(not_sent, group));
        let groups = groups.clone().zip(groups.skip(1));
        let groups = groups.filter(|(first, next)| next > first);
        groups.filter_map(move |(first, next)| {
            let last = sent.saturating_add(next).saturating_sub(1);
            let due = begun.saturating_add(rate?.due(last));
            Some((next - first, at.since(due)))
        })
    }

    /// Starts what hands out the turns of an open loop.
    pub(crate) fn pace(&self) -> Pacer {
        let thread = match self.0.load {
            Load::Closed => None,
            Load::Open(rate) => {
                let shared = Arc::clone(&self.0);
                Some(thread::spawn(move || shared.hand_out(rate)))
            }
        };
        Pacer {
            shared: Arc::clone(&self.0),
            thread,
        }
    }
}

impl Shared {
    fn take(&self) -> Result<Option<BootTime>, ClockError> {
        let now = self.clock.boot()?;
        if self.over.load(Ordering::Relaxed) || self.until.is_some_and(|until| now >= until) {
            return Ok(None);
        }
        let number = self.taken.fetch_add(1, Ordering::Relaxed);
        if number >= self.calls {
            return Ok(None);
        }
        Ok(Some(match self.load {
            Load::Closed => now,
            Load::Open(rate) => self.begun.saturating_add(rate.due(number)),
        }))
    }

    /// Hands out turns as they come due. The runtime's own timers would be a millisecond late, which is
    /// more than a call takes.
    fn hand_out(&self, rate: Rate) {
        let mut handed_out = 0;
        while handed_out < self.calls && !self.over.load(Ordering::Relaxed) {
            // Without a clock nothing is due, and every caller has failed by then.
            let Ok(now) = self.clock.boot() else { break };
            let passed = now.since(self.begun);
            let due = rate.due_within(passed).min(self.calls);
            self.hand(due.saturating_sub(handed_out));
            handed_out = due.max(handed_out);
            let next = rate.due(handed_out).min(self.lasts);
            thread::park_timeout(next.saturating_sub(passed));
        }
        // Whoever still waits is woken, finds nothing left, and ends.
        self.hand(WAKE_ALL);
    }

    fn hand(&self, turns: u64) {
        let room = Semaphore::MAX_PERMITS - self.due.available_permits();
        let turns = usize::try_from(turns).unwrap_or(usize::MAX);
        self.due.add_permits(turns.min(room));
    }
}

/// Hands out turns until it is dropped.
pub(crate) struct Pacer {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Pacer {
    fn drop(&mut self) {
        self.shared.over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // It does nothing that could panic, and there is nobody to tell.
            drop(thread.join());
        }
    }
}

/// So many parts of a whole.
const fn share(of: u64, group: u64) -> u64 {
    (of / GROUPS) * group + (of % GROUPS) * group / GROUPS
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "`as` saturates at both ends, and that is what is meant"
)]
const fn whole(number: f64) -> u64 {
    number as u64
}

/// How long after the end of an open loop what was due before is still sent.
const GRACE: Duration = Duration::from_secs(1);
/// As fine as percentiles are told. There may be more calls than anybody could count one by one.
const GROUPS: u64 = 1000;
/// More than there are callers.
const WAKE_ALL: u64 = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kth_call_is_due_k_intervals_after_the_start() {
        let rate = Rate::per_second(250.0).expect("a rate");
        assert_eq!(rate.due(0), Duration::ZERO);
        assert_eq!(rate.due(1), Duration::from_millis(4));
        assert_eq!(rate.due(250), Duration::from_secs(1));
    }

    #[test]
    fn what_is_due_within_a_time_is_counted_with_the_first_at_its_start() {
        let rate = Rate::per_second(100.0).expect("a rate");
        for (millis, calls) in [(0, 1), (9, 1), (11, 2), (1001, 101)] {
            let within = rate.due_within(Duration::from_millis(millis));
            assert_eq!(within, calls, "{millis}");
        }
    }

    #[test]
    fn no_rate_is_none_or_less_or_endless() {
        for rate in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert_eq!(Rate::per_second(rate), None, "{rate}");
        }
    }

    #[tokio::test]
    async fn a_closed_loop_gives_as_many_turns_as_were_asked_for() {
        let turns = Turns::begin(Load::Closed, Span::Calls(3)).expect("a clock");
        let mut given = 0;
        while turns.next().await.expect("a clock").is_some() {
            given += 1;
        }
        assert_eq!(given, 3);
        assert_eq!(turns.not_sent(), 0);
    }

    #[tokio::test]
    async fn an_open_loop_says_when_each_turn_was_due_however_late_it_is_taken() {
        let rate = Rate::per_second(10_000.0).expect("a rate");
        let turns = Turns::begin(Load::Open(rate), Span::Calls(3)).expect("a clock");
        let _pacer = turns.pace();
        for number in 0..3 {
            let due = turns.next().await.expect("a clock").expect("a turn");
            assert_eq!(due.since(turns.begun()), rate.due(number));
            assert!(turns.now().expect("a clock") >= due);
        }
        assert_eq!(turns.next().await, Ok(None));
    }

    #[tokio::test]
    async fn what_was_due_and_not_sent_is_known() {
        let rate = Rate::per_second(1000.0).expect("a rate");
        let turns = Turns::begin(Load::Open(rate), Span::Calls(5)).expect("a clock");
        let pacer = turns.pace();
        assert!(turns.next().await.expect("a clock").is_some());
        drop(pacer);
        assert_eq!(turns.next().await, Ok(None));
        assert_eq!(turns.not_sent(), 4);

        let at = turns.begun().saturating_add(Duration::from_millis(10));
        let waiting: Vec<_> = turns.waiting(at).collect();
        let expected = [9, 8, 7, 6].map(|millis| (1, Duration::from_millis(millis)));
        assert_eq!(waiting, expected);
    }

    #[tokio::test]
    async fn a_rate_at_which_the_second_call_comes_too_late_does_not_outlast_its_time() {
        let rate = Rate::per_second(0.001).expect("a rate");
        let span = Span::For(Duration::from_millis(20));
        let turns = Turns::begin(Load::Open(rate), span).expect("a clock");
        let _pacer = turns.pace();
        assert!(turns.next().await.expect("a clock").is_some());
        let ended = tokio::time::timeout(Duration::from_secs(100), turns.next()).await;
        assert_eq!(ended.expect("it ends"), Ok(None));
    }

    #[tokio::test]
    async fn more_calls_than_can_be_counted_one_by_one_have_waited_too() {
        let rate = Rate::per_second(1e12).expect("a rate");
        let span = Span::For(Duration::from_hours(1));
        let turns = Turns::begin(Load::Open(rate), span).expect("a clock");
        let at = turns.begun().saturating_add(Duration::from_hours(1));
        let waiting: u64 = turns.waiting(at).map(|(calls, _)| calls).sum();
        assert_eq!(waiting, 3_600_000_000_000_000);
    }
}
