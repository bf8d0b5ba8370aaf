//! Where time comes from. Rules take `now` as an argument; tasks and services hold a [`Clock`] and
//! read it for them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::time::{DynamicClockId, clock_gettime_dynamic};

use crate::time::{BootTime, UnixTime, whole_millis};

/// A source of time.
///
/// Reading it may fail, and a caller that could not read it does not know: it refuses, it does not
/// guess.
pub trait Clock: Send + Sync + 'static {
    /// Now, on the calendar. It may jump either way.
    ///
    /// # Errors
    /// If the clock cannot be read or shows what cannot be told.
    fn wall(&self) -> Result<UnixTime, ClockError>;

    /// Now, on this machine's own clock. It never goes back, and it runs on through suspend.
    ///
    /// # Errors
    /// If the clock cannot be read or shows what cannot be told.
    fn boot(&self) -> Result<BootTime, ClockError>;
}

/// Why the time is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ClockError {
    /// The calendar is set to before the epoch, or further ahead than can be told.
    #[error("the system clock is set to a date that cannot be right; correct the date")]
    WallOutOfRange,
    /// The kernel does not offer the clock that runs through suspend.
    #[error("the clock that runs through suspend cannot be read on this machine")]
    BootUnavailable,
}

/// The clocks of this machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one reader of the wall clock"
    )]
    fn wall(&self) -> Result<UnixTime, ClockError> {
        let since_epoch = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_err(|_before_epoch| ClockError::WallOutOfRange)?;
        u64::try_from(since_epoch.as_millis())
            .map(UnixTime::from_millis)
            .map_err(|_too_late| ClockError::WallOutOfRange)
    }

    fn boot(&self) -> Result<BootTime, ClockError> {
        let read = clock_gettime_dynamic(BOOT_CLOCK).map_err(|_| ClockError::BootUnavailable)?;
        let secs = u64::try_from(read.tv_sec).map_err(|_| ClockError::BootUnavailable)?;
        let nanos = u32::try_from(read.tv_nsec).map_err(|_| ClockError::BootUnavailable)?;
        Ok(BootTime::from_duration(Duration::new(secs, nanos)))
    }
}

/// A clock that moves only when it is told to, to the millisecond. For tests.
#[derive(Debug)]
pub struct ManualClock {
    wall_millis: AtomicU64,
    boot_millis: AtomicU64,
}

impl ManualClock {
    /// Shows `wall` on the calendar and some instant on the machine.
    #[must_use]
    pub const fn new(wall: UnixTime) -> Self {
        Self {
            wall_millis: AtomicU64::new(wall.as_millis()),
            boot_millis: AtomicU64::new(BOOT_START_MILLIS),
        }
    }

    /// Lets time pass: both clocks move on by `duration`.
    pub fn advance(&self, duration: Duration) {
        let millis = whole_millis(duration);
        for clock in [&self.wall_millis, &self.boot_millis] {
            clock.fetch_add(millis, Ordering::SeqCst);
        }
    }

    /// Changes the calendar without any time passing, as an operator or a time server does.
    pub fn set_wall(&self, wall: UnixTime) {
        self.wall_millis.store(wall.as_millis(), Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn wall(&self) -> Result<UnixTime, ClockError> {
        Ok(UnixTime::from_millis(
            self.wall_millis.load(Ordering::SeqCst),
        ))
    }

    fn boot(&self) -> Result<BootTime, ClockError> {
        let millis = self.boot_millis.load(Ordering::SeqCst);
        Ok(BootTime::from_duration(Duration::from_millis(millis)))
    }
}

impl<C: Clock + ?Sized> Clock for Arc<C> {
    fn wall(&self) -> Result<UnixTime, ClockError> {
        C::wall(self)
    }

    fn boot(&self) -> Result<BootTime, ClockError> {
        C::boot(self)
    }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
const BOOT_CLOCK: DynamicClockId<'static> = DynamicClockId::Boottime;

/// Where there is no `CLOCK_BOOTTIME`. On macOS this one runs through suspend too; elsewhere it may
/// stop, and then an age that was measured across a suspend is too small by its length.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
const BOOT_CLOCK: DynamicClockId<'static> = DynamicClockId::Known(rustix::time::ClockId::Monotonic);

/// Away from zero, so that a test that subtracts a duration from now does not meet the start.
const BOOT_START_MILLIS: u64 = 1_000_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machine_s_clocks_can_be_read_and_do_not_go_back() {
        let clock = SystemClock;
        assert!(clock.wall().unwrap() > UnixTime::from_secs(1_700_000_000));
        let first = clock.boot().unwrap();
        assert!(clock.boot().unwrap() >= first);
    }

    #[test]
    fn a_manual_clock_moves_both_clocks_and_only_when_told() {
        let clock = Arc::new(ManualClock::new(UnixTime::from_secs(100)));
        let start = clock.boot().unwrap();
        assert_eq!(clock.wall(), Ok(UnixTime::from_secs(100)));
        clock.advance(Duration::from_millis(1500));
        assert_eq!(clock.wall(), Ok(UnixTime::from_millis(101_500)));
        assert_eq!(
            clock.boot().unwrap().since(start),
            Duration::from_millis(1500)
        );
    }

    #[test]
    fn setting_the_calendar_lets_no_time_pass() {
        let clock = ManualClock::new(UnixTime::from_secs(100));
        let start = clock.boot();
        clock.set_wall(UnixTime::from_secs(5));
        assert_eq!(clock.wall(), Ok(UnixTime::from_secs(5)));
        assert_eq!(clock.boot(), start);
    }
}
