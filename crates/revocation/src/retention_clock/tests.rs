use lanyard_token::{Clock as _, ManualClock};
use proptest::prelude::*;

use super::*;

const START: UnixTime = UnixTime::from_secs(1_800_000_000);
const HOUR: Duration = Duration::from_hours(1);
const MINUTE: Duration = Duration::from_mins(1);

/// A machine, and the retention clock of the process on it.
struct Machine {
    clock: ManualClock,
    retention: RetentionClock,
}

impl Machine {
    fn started() -> Self {
        let mut machine = Self {
            clock: ManualClock::new(START),
            retention: RetentionClock::default(),
        };
        assert_eq!(machine.observe(), None);
        machine
    }

    /// One that runs for long enough to vouch for its wall clock.
    fn trusted() -> Self {
        let mut machine = Self::started();
        machine.pass(RETENTION);
        assert_eq!(machine.retention.lag(), Some(Duration::ZERO));
        machine
    }

    fn wall(&self) -> UnixTime {
        self.clock.wall().unwrap()
    }

    fn observe(&mut self) -> Option<ClockOffset> {
        let boot = self.clock.boot().unwrap();
        self.retention.observe(self.wall(), boot)
    }

    /// Lets time pass, with a reading every minute.
    fn pass(&mut self, mut time: Duration) {
        while !time.is_zero() {
            let part = time.min(MINUTE);
            self.clock.advance(part);
            assert_eq!(self.observe(), None);
            time = time.saturating_sub(part);
        }
    }

    fn step_forward(&mut self, by: Duration) -> Option<ClockOffset> {
        self.clock.set_wall(self.wall().saturating_add(by));
        self.observe()
    }

    fn step_back(&mut self, by: Duration) -> Option<ClockOffset> {
        self.clock.set_wall(self.wall().saturating_sub(by));
        self.observe()
    }
}

#[test]
fn nothing_is_vouched_for_before_a_whole_retention_of_uptime() {
    let mut machine = Machine::started();
    machine.pass(RETENTION.saturating_sub(MINUTE));
    assert_eq!(machine.retention.vouched(), None);
    assert_eq!(machine.retention.lag(), None);
    machine.pass(MINUTE);
    assert_eq!(machine.retention.vouched(), Some(machine.wall()));
}

#[test]
fn a_step_forward_and_back_leaves_the_vouched_time_as_it_was() {
    let mut machine = Machine::trusted();
    let before = machine.wall();
    assert_eq!(
        machine.step_forward(25 * HOUR),
        Some(ClockOffset::Ahead(25 * HOUR))
    );
    machine.pass(MINUTE);
    assert_eq!(
        machine.retention.vouched(),
        Some(before.saturating_add(MINUTE))
    );
    assert_eq!(machine.retention.lag(), Some(25 * HOUR));
    assert_eq!(
        machine.step_back(25 * HOUR),
        Some(ClockOffset::Behind(25 * HOUR))
    );
    assert_eq!(machine.retention.vouched(), Some(machine.wall()));
}

#[test]
fn a_step_back_takes_the_vouched_time_along() {
    let mut machine = Machine::trusted();
    machine.step_back(HOUR);
    assert_eq!(machine.retention.vouched(), Some(machine.wall()));
    machine.step_forward(HOUR);
    assert_eq!(machine.retention.lag(), Some(HOUR));
}

#[test]
fn the_vouched_time_catches_up_after_a_whole_retention_in_step() {
    let mut machine = Machine::trusted();
    machine.step_forward(2 * HOUR);
    machine.pass(RETENTION.saturating_sub(MINUTE));
    assert_eq!(machine.retention.lag(), Some(2 * HOUR));
    machine.pass(MINUTE);
    assert_eq!(machine.retention.lag(), Some(Duration::ZERO));
}

#[test]
fn a_second_step_begins_the_period_anew() {
    let mut machine = Machine::trusted();
    machine.step_forward(2 * HOUR);
    machine.pass(RETENTION.saturating_sub(MINUTE));
    machine.step_forward(MINUTE);
    machine.pass(RETENTION.saturating_sub(MINUTE));
    assert_eq!(machine.retention.lag(), Some(2 * HOUR + MINUTE));
}

#[test]
fn a_step_is_counted_beyond_the_tolerance_and_also_if_small_ones_add_up_to_it() {
    let second = Duration::from_secs(1);
    for (size, is_step) in [(CLOCK_TOLERANCE, false), (CLOCK_TOLERANCE + second, true)] {
        assert_eq!(Machine::trusted().step_forward(size).is_some(), is_step);
        assert_eq!(Machine::trusted().step_back(size).is_some(), is_step);
    }
    let mut machine = Machine::trusted();
    assert_eq!(machine.step_forward(CLOCK_TOLERANCE), None);
    assert_eq!(
        machine.step_forward(second),
        Some(ClockOffset::Ahead(CLOCK_TOLERANCE + second))
    );
    assert_eq!(machine.step_forward(second), None);
}

#[test]
fn a_wall_clock_at_another_rate_is_no_step() {
    let mut machine = Machine::trusted();
    let before = machine.wall();
    for _ in 0..30 * 24 {
        machine.clock.advance(HOUR);
        let drift = Duration::from_millis(200);
        machine.clock.set_wall(machine.wall().saturating_add(drift));
        assert_eq!(machine.observe(), None);
    }
    assert!(machine.wall().since(before) > 30 * 24 * HOUR);
    assert!(machine.retention.lag().unwrap() < CLOCK_TOLERANCE);
}

#[test]
fn a_restart_during_a_step_goes_on_from_the_record_and_not_from_the_wall_clock() {
    let mut machine = Machine::trusted();
    let recorded = machine.retention.vouched().unwrap();
    machine.step_forward(25 * HOUR);
    machine.retention = RetentionClock::default();
    machine.observe();
    assert_eq!(machine.retention.vouched(), None);
    machine.retention.adopt(recorded);
    assert_eq!(machine.retention.vouched(), Some(recorded));
    machine.pass(MINUTE);
    assert_eq!(
        machine.retention.vouched(),
        Some(recorded.saturating_add(MINUTE))
    );
}

#[test]
fn a_record_that_is_ahead_of_the_wall_clock_counts_up_to_the_wall_clock() {
    let mut machine = Machine::started();
    machine.retention.adopt(START.saturating_add(HOUR));
    assert_eq!(machine.retention.vouched(), Some(START));
    machine.retention.adopt(START.saturating_sub(HOUR));
    assert_eq!(machine.retention.vouched(), Some(START));
    let mut unread = RetentionClock::default();
    unread.adopt(START);
    assert_eq!((unread.vouched(), unread.lag()), (None, None));
}

#[test]
fn an_offset_is_shown_in_signed_seconds() {
    let shown = [ClockOffset::Ahead(25 * HOUR), ClockOffset::Behind(MINUTE)];
    assert_eq!(shown.map(|offset| offset.to_string()), ["+90000s", "-60s"]);
}

/// Signed minutes by which the wall clock is stepped, and minutes that pass after that.
fn steps() -> impl Strategy<Value = Vec<(i64, u64)>> {
    prop::collection::vec((-1_500_i64..=1_500, 0_u64..2_000), 1..12)
}

proptest! {
    /// Whatever the wall clock does, an entry is not past its retention by the vouched time before
    /// that has passed on the boot clock.
    #[test]
    fn an_entry_is_kept_for_a_retention_by_the_boot_clock(steps in steps(), recorded in any::<bool>()) {
        let mut machine = Machine::started();
        if recorded {
            machine.retention.adopt(START);
        }
        // What the store does: it records the latest vouched time, and stamps no entry before it.
        let mut record = recorded.then_some(START);
        let mut entries: Vec<(UnixTime, BootTime)> = Vec::new();
        for (step, minutes) in steps {
            let by = Duration::from_mins(step.unsigned_abs());
            if step < 0 {
                machine.step_back(by);
            } else {
                machine.step_forward(by);
            }
            record = record.max(machine.retention.vouched());
            let last = entries.last().map_or(START, |(stamp, _)| *stamp);
            let stamp = machine.wall().max(last).max(record.unwrap_or_default());
            entries.push((stamp, machine.clock.boot().unwrap()));
            for _ in 0..minutes {
                machine.clock.advance(MINUTE);
                machine.observe();
                record = record.max(machine.retention.vouched());
            }
            let now = machine.clock.boot().unwrap();
            for (stamp, appended) in &entries {
                let is_over = record.is_some_and(|time| time >= stamp.saturating_add(RETENTION));
                let age = now.since(*appended).saturating_add(CLOCK_TOLERANCE);
                prop_assert!(!is_over || age >= RETENTION, "deleted after {age:?}");
            }
        }
    }
}
