//! A wall clock that a test steps while processes run by it.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

/// A wall clock that is ahead of that of the machine by as much as the test sets. The processes that
/// run by it have libfaketime preloaded; their monotonic clocks are those of the machine.
pub(crate) struct SteppedClock(TempDir);

impl SteppedClock {
    /// One that shows the machine's time.
    pub(crate) fn new() -> Self {
        let clock = Self(tempfile::tempdir().expect("a temporary directory"));
        clock.set_ahead(0);
        clock
    }

    /// Steps it, to so many seconds ahead of the machine's time.
    pub(crate) fn set_ahead(&self, seconds: i64) {
        // Renamed into place: a process reads the file at any moment.
        let new = self.0.path().join("new");
        fs::write(&new, format!("{seconds:+}\n")).expect("a file");
        fs::rename(new, self.file()).expect("a file");
    }

    /// Has a command run by it.
    pub(crate) fn apply(&self, command: &mut Command) {
        command.envs(self.environment());
    }

    /// The variables that a process has to run with.
    pub(crate) fn environment(&self) -> [(&'static str, String); 5] {
        let (file, library) = (self.file(), library());
        [
            ("LD_PRELOAD", library.display().to_string()),
            ("FAKETIME_TIMESTAMP_FILE", file.display().to_string()),
            ("FAKETIME_NO_CACHE", "1".to_owned()),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
            ("FAKETIME_DONT_RESET", "1".to_owned()),
        ]
    }

    fn file(&self) -> PathBuf {
        self.0.path().join("ahead")
    }
}

/// Where the distribution has libfaketime: in the directory of its architecture.
fn library() -> PathBuf {
    let directories = fs::read_dir("/usr/lib").expect("a directory");
    let mut candidates = directories
        .map_while(Result::ok)
        .map(|directory| directory.path().join("faketime/libfaketimeMT.so.1"));
    let found = candidates.find(|path| path.exists());
    found.expect("the package `libfaketime` is installed")
}
