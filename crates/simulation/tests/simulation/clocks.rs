//! The clocks of one machine: wrong by as much as the seed says, and at their own rate.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use lanyard_revocation::CLOCK_TOLERANCE;
use lanyard_token::{BootTime, Clock, ClockError, UnixTime};

use crate::{dice::Dice, moment::Moment};

/// A machine's clocks.
#[derive(Debug)]
pub(crate) struct Clocks {
    shown: Shown,
    /// How much faster than time they run, in millionths.
    rate: i64,
    /// How far ahead of the time the calendar is, in milliseconds. Somebody keeps it from drifting.
    ahead: i64,
    /// For how long the machine has been running when the world begins.
    uptime: Duration,
    /// For how long it was suspended since.
    asleep: Duration,
    /// Whether the clock that ages are measured by stands still meanwhile. It must not.
    stops_in_suspend: bool,
}

impl Clocks {
    /// A machine whose calendar is off by at most so much.
    pub(crate) fn new(dice: &mut Dice, off_by: Duration, stops_in_suspend: bool) -> Self {
        let reach = u32::try_from(off_by.as_millis()).expect("minutes");
        let clocks = Self {
            shown: Shown::default(),
            rate: dice.around_zero(FASTEST),
            ahead: dice.around_zero(reach),
            uptime: dice.between(Duration::ZERO, LONGEST_UPTIME),
            asleep: Duration::ZERO,
            stops_in_suspend,
        };
        clocks.show(Moment::START);
        clocks
    }

    /// What the processes of this machine read.
    pub(crate) fn shown(&self) -> Shown {
        self.shown.clone()
    }

    /// Moves them on to a moment.
    pub(crate) fn show(&self, now: Moment) {
        let boot = self.shown_boot(now).since(BootTime::default());
        let boot = u64::try_from(boot.as_nanos()).expect("months");
        self.shown.0.boot_nanos.store(boot, Ordering::Relaxed);
        let wall = self.wall(now).as_millis();
        self.shown.0.wall_millis.store(wall, Ordering::Relaxed);
    }

    /// What a clock shows that runs on through suspend.
    pub(crate) fn boot(&self, now: Moment) -> BootTime {
        BootTime::from_duration(self.uptime + self.ran(now))
    }

    /// What the calendar shows.
    pub(crate) fn wall(&self, now: Moment) -> UnixTime {
        let ran = i64::try_from(now.elapsed().as_millis()).expect("hours");
        let start = i64::try_from(CALENDAR_AT_START.as_millis()).expect("a year in this era");
        UnixTime::from_millis(u64::try_from(start + ran + self.ahead).expect("after the epoch"))
    }

    /// The machine wakes up after so long.
    pub(crate) fn woke_after(&mut self, asleep: Duration) {
        self.asleep += asleep;
    }

    /// The wall clock is stepped, by so many milliseconds from the true time.
    pub(crate) fn step(&mut self, ahead: i64) {
        self.ahead = ahead;
    }

    /// Whether the wall clock is off by more than two clocks may differ.
    pub(crate) fn is_stepped(&self) -> bool {
        Duration::from_millis(self.ahead.unsigned_abs()) > CLOCK_TOLERANCE
    }

    /// Somebody sets the calendar, to as wrong a time as ever.
    pub(crate) fn set_calendar(&mut self, dice: &mut Dice, off_by: Duration) {
        self.ahead = dice.around_zero(u32::try_from(off_by.as_millis()).expect("minutes"));
    }

    fn shown_boot(&self, now: Moment) -> BootTime {
        if self.stops_in_suspend {
            self.boot(now).saturating_sub(self.asleep)
        } else {
            self.boot(now)
        }
    }

    fn ran(&self, now: Moment) -> Duration {
        let millionths = u32::try_from(1_000_000 + self.rate).expect("clocks run forward");
        now.elapsed() * millionths / 1_000_000
    }
}

/// The clocks as a process reads them: all copies are one and the same.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shown(Arc<Hands>);

#[derive(Debug, Default)]
struct Hands {
    wall_millis: AtomicU64,
    boot_nanos: AtomicU64,
}

impl Clock for Shown {
    fn wall(&self) -> Result<UnixTime, ClockError> {
        let millis = self.0.wall_millis.load(Ordering::Relaxed);
        Ok(UnixTime::from_millis(millis))
    }

    fn boot(&self) -> Result<BootTime, ClockError> {
        let nanos = self.0.boot_nanos.load(Ordering::Relaxed);
        Ok(BootTime::from_duration(Duration::from_nanos(nanos)))
    }
}

/// A clock that ages look younger on, by so much.
#[derive(Clone, Debug)]
pub(crate) struct Behind {
    /// The clock.
    pub(crate) clock: Shown,
    /// How much.
    pub(crate) by: Duration,
}

impl Clock for Behind {
    fn wall(&self) -> Result<UnixTime, ClockError> {
        self.clock.wall()
    }

    fn boot(&self) -> Result<BootTime, ClockError> {
        Ok(self.clock.boot()?.saturating_sub(self.by))
    }
}

/// What the calendar should show when a world begins.
pub(crate) const CALENDAR_AT_START: UnixTime = UnixTime::from_secs(1_800_000_000);
/// How much two clocks may differ in rate from true time: one part in a hundred, a hundred times
/// what a bad quartz does.
const FASTEST: u32 = 10_000;
/// From a machine that has just been switched on to one that has run for a month.
const LONGEST_UPTIME: Duration = Duration::from_hours(30 * 24);
