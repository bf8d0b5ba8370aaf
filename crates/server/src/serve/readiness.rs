//! Which calls this process can answer now, as `/readyz` shows it.

use std::{
    str::FromStr,
    sync::{
        Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard,
        atomic::{AtomicBool, Ordering},
    },
};

use lanyard_authority::LogStatus;
use lanyard_revocation::{Coverage, PartitionId};

use super::{clock_note::ClockNote, replicas::ReplicaStatus};

/// Which calls this process should be sent.
#[derive(Debug)]
pub(crate) struct Readiness {
    draining: AtomicBool,
    state: RwLock<State>,
    replicas: Arc<ReplicaStatus>,
    clocks: ClockNote,
}

#[derive(Debug)]
struct State {
    checks: Coverage,
    writes: Writes,
    log: LogTrouble,
}

/// Whether calls that need the store can be answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Writes {
    /// This process has no store.
    NotServed,
    /// That was not checked yet.
    Unchecked,
    /// The store takes changes, and tokens can be issued.
    Possible,
    /// They fail, for this reason.
    Refused(String),
}

/// Why the log may not be followed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum LogTrouble {
    /// For no reason that lies in the log.
    #[default]
    None,
    /// An entry cannot be understood.
    Unreadable,
    /// Entries are missing.
    Incomplete,
}

/// The calls that a load balancer asks about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Checks of tokens.
    Checks,
    /// Issuing, revoking, managing: all that needs the store.
    Writes,
}

/// The answer to a probe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Probe {
    /// Send those calls here.
    Ready(String),
    /// Send them elsewhere.
    NotReady(String),
    /// This process never answers such calls.
    NotServed(&'static str),
}

/// The value is none that the probe knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`for` must be `checks` or `writes`")]
pub(super) struct UnknownPurpose;

impl FromStr for Purpose {
    type Err = UnknownPurpose;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "checks" => Ok(Self::Checks),
            "writes" => Ok(Self::Writes),
            _ => Err(UnknownPurpose),
        }
    }
}

impl From<LogStatus> for LogTrouble {
    fn from(status: LogStatus) -> Self {
        match (status.unreadable(), status.lacking()) {
            (0, 0) => Self::None,
            (0, _) => Self::Incomplete,
            (_, _) => Self::Unreadable,
        }
    }
}

impl Readiness {
    /// Of a process that has no fresh list yet, and serves writes or not.
    pub(super) fn new(writes: Writes) -> Self {
        Self {
            draining: AtomicBool::new(false),
            state: RwLock::new(State {
                checks: Coverage::None,
                writes,
                log: LogTrouble::None,
            }),
            replicas: Arc::default(),
            clocks: ClockNote::default(),
        }
    }

    /// What is noted of the clocks.
    pub(super) const fn clocks(&self) -> &ClockNote {
        &self.clocks
    }

    /// Where it is kept whether enough replicas are in reach for writes.
    pub(super) fn replicas(&self) -> Arc<ReplicaStatus> {
        Arc::clone(&self.replicas)
    }

    /// Whether calls of that purpose should be sent here.
    pub(super) fn probe(&self, purpose: Purpose) -> Probe {
        let state = self.read();
        if self.is_draining() {
            return Probe::NotReady("draining\n".to_owned());
        }
        let probe = match purpose {
            Purpose::Checks => state.probe_checks(),
            Purpose::Writes => state.probe_writes(),
        };
        // It is so at every authority of the store, and tokens are issued all the same.
        match (probe, self.replicas.shortage()) {
            (Probe::Ready(text), Some(shortage)) => {
                Probe::Ready(format!("{}; {shortage}\n", text.trim_end()))
            }
            (probe, _) => probe,
        }
    }

    pub(super) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::SeqCst)
    }

    pub(super) fn drain(&self) {
        self.draining.store(true, Ordering::SeqCst);
    }

    /// Records for which partitions checks can be answered, and gives what was recorded before.
    pub(super) fn set_checks(&self, checks: Coverage) -> Coverage {
        std::mem::replace(&mut self.write().checks, checks)
    }

    /// Records whether writes can be answered, and gives what was recorded before.
    pub(super) fn set_writes(&self, writes: Writes) -> Writes {
        std::mem::replace(&mut self.write().writes, writes)
    }

    pub(super) fn set_log_trouble(&self, trouble: LogTrouble) {
        self.write().log = trouble;
    }

    // A lock whose holder panicked is used all the same: each change is one assignment.
    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn probe_checks(&self) -> Probe {
        match &self.checks {
            Coverage::Full => Probe::Ready("ready\n".to_owned()),
            Coverage::Partial(stale) => {
                let mut text = format!("ready, except for {}\n", partitions(stale));
                if let Some(reason) = self.log.reason() {
                    text = format!("{text}{reason}\n");
                }
                Probe::Ready(text)
            }
            Coverage::None => {
                let reason = self.log.reason().map(|reason| format!(": {reason}"));
                let reason = reason.unwrap_or_default();
                Probe::NotReady(format!("the revocation list is stale{reason}\n"))
            }
        }
    }

    fn probe_writes(&self) -> Probe {
        match &self.writes {
            Writes::NotServed => Probe::NotServed("this process serves checks only\n"),
            Writes::Unchecked => Probe::NotReady("the store was not checked yet\n".to_owned()),
            Writes::Refused(reason) => Probe::NotReady(format!("writes are refused: {reason}\n")),
            Writes::Possible => Probe::Ready("ready\n".to_owned()),
        }
    }
}

impl LogTrouble {
    fn reason(self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::Unreadable => {
                Some("an entry of the log cannot be understood; see `lanyard log list`")
            }
            Self::Incomplete => Some("the log lacks entries; see `lanyard log list`"),
        }
    }
}

/// The partitions whose lists are stale, in words.
pub(super) fn partitions(stale: &[PartitionId]) -> String {
    let numbers: Vec<_> = stale.iter().map(ToString::to_string).collect();
    format!("stale partitions: {}", numbers.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn not_ready(readiness: &Readiness, purpose: Purpose) -> String {
        match readiness.probe(purpose) {
            Probe::NotReady(reason) => reason,
            probe => panic!("{probe:?}"),
        }
    }

    fn ready(text: &str) -> Probe {
        Probe::Ready(text.to_owned())
    }

    #[test]
    fn checks_are_ready_while_one_list_is_fresh_and_until_it_drains() {
        let readiness = Readiness::new(Writes::Unchecked);
        let stale = not_ready(&readiness, Purpose::Checks);
        assert_eq!(stale, "the revocation list is stale\n");
        for trouble in [LogTrouble::Unreadable, LogTrouble::Incomplete] {
            readiness.set_log_trouble(trouble);
            let reason = not_ready(&readiness, Purpose::Checks);
            assert!(reason.contains("`lanyard log list`"), "{reason}");
        }
        readiness.set_log_trouble(LogTrouble::None);
        let partial = Coverage::Partial([3, 7].map(PartitionId::new).to_vec());
        readiness.set_checks(partial);
        let expected = ready("ready, except for stale partitions: 3, 7\n");
        assert_eq!(readiness.probe(Purpose::Checks), expected);
        readiness.set_checks(Coverage::Full);
        assert_eq!(readiness.probe(Purpose::Checks), ready("ready\n"));
        readiness.drain();
        assert_eq!(not_ready(&readiness, Purpose::Checks), "draining\n");
        assert_eq!(not_ready(&readiness, Purpose::Writes), "draining\n");
    }

    #[test]
    fn writes_are_ready_once_the_store_was_found_to_take_them() {
        let readiness = Readiness::new(Writes::Unchecked);
        readiness.set_checks(Coverage::Full);
        assert!(not_ready(&readiness, Purpose::Writes).contains("not checked"));
        readiness.set_writes(Writes::Possible);
        assert_eq!(readiness.probe(Purpose::Writes), ready("ready\n"));
        readiness.set_writes(Writes::Refused("no connection".to_owned()));
        assert!(not_ready(&readiness, Purpose::Writes).contains("no connection"));
        assert_eq!(readiness.probe(Purpose::Checks), ready("ready\n"));
    }

    #[test]
    fn a_process_without_a_store_never_serves_writes() {
        let readiness = Readiness::new(Writes::NotServed);
        let probe = readiness.probe(Purpose::Writes);
        assert!(matches!(probe, Probe::NotServed(_)), "{probe:?}");
    }

    #[test]
    fn there_are_two_purposes() {
        assert_eq!("checks".parse(), Ok(Purpose::Checks));
        assert_eq!("writes".parse(), Ok(Purpose::Writes));
        for other in ["", "Checks", "reads"] {
            assert_eq!(other.parse::<Purpose>(), Err(UnknownPurpose), "{other}");
        }
    }
}
