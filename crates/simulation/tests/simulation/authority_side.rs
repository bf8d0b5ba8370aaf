//! What the authorities do.

use std::time::Duration;

use crate::{
    event::Event,
    links::Place,
    machine::Power,
    process::{Done, Process},
    world::World,
};

impl World {
    /// An authority is there: what it does from now on.
    pub(crate) fn start_authority(&mut self, authority: usize) {
        let run = self.authorities[authority].machine.run;
        self.later(Duration::ZERO, Event::ReadOn(authority, run));
        self.later(TIDIES_EVERY, Event::Tidy(authority, run));
    }

    /// It reads the log.
    pub(crate) fn read_on(&mut self, authority: usize, run: u64) {
        if self.authorities[authority].machine.run == run {
            self.authorities[authority].process.read_on();
            self.run_authority(authority);
        }
    }

    /// It drops what is past its time.
    pub(crate) fn tidy(&mut self, authority: usize, run: u64) {
        if self.authorities[authority].machine.run == run {
            self.authorities[authority].process.tidy();
            self.later(TIDIES_EVERY, Event::Tidy(authority, run));
            self.run_authority(authority);
        }
    }

    /// Goes on with everything that an authority is doing, and with what comes of it.
    pub(crate) fn run_authority(&mut self, authority: usize) {
        for done in self.authorities[authority].process.run() {
            self.done(authority, done);
        }
        self.send_to_store(authority);
        if self.authorities[authority].process.has_news() {
            self.tell_news(authority);
        }
    }

    /// Stops or suspends a process. Whether it was running.
    pub(crate) fn halt(&mut self, place: Place, power: Power) -> bool {
        self.machine(place)
            .is_some_and(|machine| machine.halt(power))
    }

    /// A process that was stopped or suspended goes on. A point is asked before it has heard
    /// anything, as by a backend that wakes up with it.
    pub(crate) fn resume(&mut self, place: Place) {
        let now = self.now;
        let held = self.machine(place).and_then(|machine| machine.resume(now));
        let Some(held) = held else { return };
        if let Place::Point(point) = place {
            self.ask_about_all(point);
        }
        // What has come is looked at before timers are, as in the real loop.
        let (timers, came): (Vec<_>, Vec<_>) = held.into_iter().partition(|event| {
            matches!(
                event,
                Event::Wake(..) | Event::NoAnswer(_) | Event::ReadOn(..) | Event::Tidy(..)
            )
        });
        for event in came.into_iter().chain(timers) {
            self.later(Duration::ZERO, event);
        }
    }

    /// A process ends, and is started again some time later.
    pub(crate) fn crash(&mut self, place: Place, length: Duration) {
        if !self.halt(place, Power::Off) {
            return;
        }
        self.report.restarts += 1;
        match place {
            Place::Authority(authority) => self.hang_up(authority),
            Place::Point(point) => self.forget_connection(point),
            Place::Node(_) | Place::Register => {}
        }
        self.later(length.min(LONGEST_CRASH), Event::Start(place));
    }

    /// A process starts, and knows nothing.
    pub(crate) fn start(&mut self, place: Place) {
        let now = self.now;
        if let Some(machine) = self.machine(place) {
            machine.restart(now);
        }
        match place {
            Place::Authority(authority) => {
                let dice = self.dice.apart();
                let it = &mut self.authorities[authority];
                let clock = it.machine.clocks.shown();
                it.process = Process::new(self.founding, (&clock, dice), self.terms.weakness);
                it.is_behind = false;
                self.start_authority(authority);
            }
            Place::Point(point) => {
                self.count_feed(point);
                self.points[point].point.restart();
                self.start_point(point);
                self.ask_about_all(point);
            }
            Place::Node(_) | Place::Register => {}
        }
    }

    fn done(&mut self, authority: usize, done: Done) {
        match done {
            Done::Read(outcome) => self.has_read(authority, outcome.is_ok()),
            Done::Tidied => {}
            Done::Issued(call, outcome) => self.issued(call, outcome.ok()),
            Done::Revoked(call, outcome) => {
                self.revoked(call, outcome.is_ok());
                // The log has grown, and the authority knows.
                self.read_at_once(authority);
            }
        }
    }

    fn has_read(&mut self, authority: usize, reached_the_end: bool) {
        self.report.reads += u64::from(reached_the_end);
        self.report.failed_reads += u64::from(!reached_the_end);
        let it = &mut self.authorities[authority];
        if std::mem::take(&mut it.is_behind) {
            self.read_at_once(authority);
        } else {
            let (wait, run) = (self.reads_every, self.authorities[authority].machine.run);
            self.later(wait, Event::ReadOn(authority, run));
        }
    }

    fn read_at_once(&mut self, authority: usize) {
        let it = &mut self.authorities[authority];
        it.is_behind = !it.process.can_read();
        if it.process.can_read() {
            let run = it.machine.run;
            self.later(Duration::ZERO, Event::ReadOn(authority, run));
        }
    }
}

/// How often an authority drops what is past its time.
const TIDIES_EVERY: Duration = Duration::from_mins(1);
/// A process that has ended is started again within that.
const LONGEST_CRASH: Duration = Duration::from_mins(2);
