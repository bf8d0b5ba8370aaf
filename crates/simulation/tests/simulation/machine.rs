//! What a process runs on: it can be stopped and suspended at any moment, and wakes up to what has
//! come meanwhile.

use std::mem;

use crate::{clocks::Clocks, moment::Moment};

/// A machine with one process.
#[derive(Debug)]
pub(crate) struct Machine<E> {
    /// Its clocks.
    pub(crate) clocks: Clocks,
    /// How often its process was started.
    pub(crate) run: u64,
    power: Power,
    /// What has come while it did nothing.
    held: Vec<E>,
}

/// What a machine is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Power {
    /// It runs.
    On,
    /// Its process is stopped, as by SIGSTOP.
    Stopped,
    /// All of it is suspended.
    Suspended(Moment),
    /// Its process has ended.
    Off,
}

impl<E> Machine<E> {
    /// One that runs.
    pub(crate) const fn new(clocks: Clocks) -> Self {
        Self {
            clocks,
            run: 0,
            power: Power::On,
            held: Vec::new(),
        }
    }

    /// What it is doing.
    pub(crate) const fn power(&self) -> Power {
        self.power
    }

    /// Whether it runs.
    pub(crate) fn is_on(&self) -> bool {
        self.power == Power::On
    }

    /// Stops or suspends it, or ends its process, if it runs. Whether it did.
    pub(crate) fn halt(&mut self, power: Power) -> bool {
        let was_on = self.is_on();
        if was_on {
            self.power = power;
        }
        was_on
    }

    /// Keeps something until it runs again.
    pub(crate) fn hold(&mut self, event: E) {
        self.held.push(event);
    }

    /// Lets it run on from a halt of that kind. Gives what has come meanwhile, or nothing if it is not
    /// in one.
    pub(crate) fn resume(&mut self, now: Moment) -> Option<Vec<E>> {
        match self.power {
            Power::On | Power::Off => return None,
            Power::Stopped => {}
            Power::Suspended(since) => self.clocks.woke_after(now.since(since)),
        }
        self.power = Power::On;
        self.clocks.show(now);
        Some(mem::take(&mut self.held))
    }

    /// Starts a new process, which knows nothing of what has come for the one before.
    pub(crate) fn restart(&mut self, now: Moment) {
        self.power = Power::On;
        self.run += 1;
        self.held.clear();
        self.clocks.show(now);
    }
}
