//! One process of the engine, which does not outlive its owner.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::{binary, wait};

/// How much of a log is shown when its server failed.
const SHOWN: usize = 20;

/// A process of the engine. It is killed when it is dropped.
pub(crate) struct Process {
    child: Child,
    log: PathBuf,
    /// How long the log was before this process. What comes after is its own.
    begin: usize,
}

impl Process {
    /// Starts the engine with a configuration file, as a sentinel or as a server.
    pub(crate) fn spawn(
        config: &Path,
        log: &Path,
        sentinel: bool,
        environment: &[(String, String)],
    ) -> Self {
        let begin = fs::read(log).map_or(0, |log| log.len());
        let output = File::options().create(true).append(true).open(log);
        let output = output.expect("a log");
        let mut command = binary::command();
        command.arg(config).args(sentinel.then_some("--sentinel"));
        command.envs(environment.iter().map(|(name, value)| (name, value)));
        command
            .stdin(Stdio::null())
            .stdout(output.try_clone().expect("a second handle"))
            .stderr(output);
        Self {
            child: binary::spawn(&mut command),
            log: log.to_owned(),
            begin,
        }
    }

    /// Whether it runs, or is stopped and could.
    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().expect("a process").is_none()
    }

    /// Whether it gave up because somebody else has its port.
    pub(crate) fn port_was_taken(&self) -> bool {
        self.logged().contains("Failed listening on port")
    }

    /// Stops it in its tracks, and returns when it has stopped.
    pub(crate) fn pause(&self) {
        self.signal(Signal::STOP);
        wait::until_true("the process is stopped", || self.state() == Some('T'));
    }

    /// Lets it go on.
    pub(crate) fn resume(&self) {
        self.signal(Signal::CONT);
        wait::until_true("the process goes on", || self.state() != Some('T'));
    }

    /// The last lines of what it has printed.
    pub(crate) fn last_words(&self) -> String {
        let logged = self.logged();
        let lines: Vec<_> = logged.lines().rev().take(SHOWN).collect();
        lines.into_iter().rev().collect::<Vec<_>>().join("\n")
    }

    fn logged(&self) -> String {
        let log = fs::read(&self.log).expect("a log");
        let own = log.get(self.begin..).unwrap_or_default();
        String::from_utf8_lossy(own).into_owned()
    }

    fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        kill_process(pid.expect("a process id"), signal).expect("a signal");
    }

    /// As the kernel shows it: the letter after the name, which is in brackets.
    fn state(&self) -> Option<char> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id())).ok()?;
        let (_, rest) = stat.rsplit_once(") ")?;
        rest.chars().next()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself, and then there is nothing to kill.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
