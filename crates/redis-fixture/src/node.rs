//! One server: a process that comes and goes, and the port and the directory that stay.

use std::fs;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use redis::{Client, Connection, FromRedisValue, RedisResult};
use tempfile::TempDir;

use crate::process::Process;
use crate::tap::Tap;
use crate::{port, wait};

/// The user of the fixture's own connections. It may do everything.
const USER: &str = "fixture";

/// How long one question may take while something is waited for. A server that is stopped takes
/// connections and never answers.
const PATIENCE: Duration = Duration::from_secs(2);

/// One server on 127.0.0.1, with a port and a directory that are its own for as long as it is held,
/// whether a process runs or not.
pub struct Node {
    process: Mutex<Option<Process>>,
    // After the process, so that the directory is removed when nothing writes to it any more.
    home: TempDir,
    port: u16,
    sentinel: bool,
    environment: Vec<(String, String)>,
}

/// What a node is to be.
pub(crate) struct Recipe<'a> {
    /// Whether it is a sentinel, which keeps no data.
    pub(crate) sentinel: bool,
    /// The lines that say where it listens, given a port.
    pub(crate) listen: &'a dyn Fn(u16) -> String,
    /// The lines that come last, and so have the last word.
    pub(crate) lines: &'a [String],
    /// Variables that its processes have besides those of the test.
    pub(crate) environment: &'a [(String, String)],
}

impl Node {
    /// Starts a server in a directory, on a port that it chooses, and waits until it answers.
    pub(crate) fn start(home: TempDir, recipe: &Recipe<'_>) -> Self {
        fs::create_dir(home.path().join("data")).expect("a directory");
        let mut node = Self {
            process: Mutex::new(None),
            home,
            port: 0,
            sentinel: recipe.sentinel,
            environment: recipe.environment.to_vec(),
        };
        wait::until_true("a server has a port of its own", || {
            node.port = port::free();
            fs::write(node.config(), node.configuration(recipe)).expect("a file");
            node.comes_up()
        });
        node
    }

    /// A new directory for a node.
    pub(crate) fn new_home() -> TempDir {
        let home = tempfile::Builder::new().prefix("lanyard-redis-").tempdir();
        home.expect("a temporary directory")
    }

    /// The port that it listens on.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Where it is, for somebody who speaks plainly and need not log in.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://{}", self.address())
    }

    /// Host and port.
    #[must_use]
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// A way to it on which all that it is asked is noted.
    #[must_use]
    pub fn tap(&self) -> Tap {
        Tap::start(self.port)
    }

    /// The directory that has its data, such as the append-only file. It is there while no process
    /// runs, too.
    #[must_use]
    pub fn dir(&self) -> PathBuf {
        self.home.path().join("data")
    }

    /// The file that has everything that its processes printed.
    #[must_use]
    pub fn log(&self) -> PathBuf {
        self.home.path().join("log")
    }

    /// Kills the process, as kill -9 does, and returns when it is gone. Data and port stay.
    pub fn kill(&self) {
        drop(self.process().take());
    }

    /// Starts a process on the port and the directory of the one before, which is killed if it still
    /// runs. Returns when the new one has loaded its data and answers.
    pub fn restart(&self) {
        self.kill();
        wait::until_true("the server has its port again", || self.comes_up());
    }

    /// Stops the process in its tracks, as SIGSTOP does. Connections to it stay open, and silent.
    pub fn pause(&self) {
        let process = self.process();
        process.as_ref().expect("a process to pause").pause();
    }

    /// Lets a paused process go on.
    pub fn resume(&self) {
        let process = self.process();
        process.as_ref().expect("a process to resume").resume();
    }

    /// Kills the process and removes its data, as the loss of a disk does.
    pub fn wipe(&self) {
        self.kill();
        let removed = fs::remove_dir_all(self.dir()).and_then(|()| fs::create_dir(self.dir()));
        removed.expect("an empty directory");
    }

    /// A connection for the test's own use, by a user that may do everything.
    #[must_use]
    pub fn connection(&self) -> Connection {
        self.connect(wait::DEADLINE).expect("a connection")
    }

    /// Sends one command, word by word, on a connection of its own. Errors if the server is not there
    /// or does not answer within seconds.
    ///
    /// # Errors
    ///
    /// What the driver says, or the server.
    pub fn ask<T: FromRedisValue>(&self, words: &[&str]) -> RedisResult<T> {
        let (command, arguments) = words.split_first().expect("a command");
        let mut connection = self.connect(PATIENCE)?;
        redis::cmd(command).arg(arguments).query(&mut connection)
    }

    /// A field of what INFO prints, if the server answers and has it.
    #[must_use]
    pub fn info(&self, field: &str) -> Option<String> {
        let info = self.ask::<String>(&["INFO", "everything"]).ok()?;
        let mut fields = info.lines().filter_map(|line| line.split_once(':'));
        let (_, value) = fields.find(|(name, _)| *name == field)?;
        Some(value.trim_end().to_owned())
    }

    /// Starts a process and waits until it answers. False if its port was taken.
    fn comes_up(&self) -> bool {
        let (config, log) = (self.config(), self.log());
        let mut process = Process::spawn(&config, &log, self.sentinel, &self.environment);
        let answers = wait::until("the server answers", || {
            // While it loads its data it answers every PING with an error.
            let answers = self.ask::<String>(&["PING"]).is_ok();
            (answers || !process.is_running()).then_some(answers)
        });
        if answers {
            *self.process() = Some(process);
        } else {
            let why = process.last_words();
            assert!(process.port_was_taken(), "the server ended:\n{why}");
        }
        answers
    }

    fn connect(&self, patience: Duration) -> RedisResult<Connection> {
        let socket = self.socket();
        let url = format!("redis+unix://{}?user={USER}&pass=any", socket.display());
        let connection = Client::open(url)?.get_connection_with_timeout(patience)?;
        connection.set_read_timeout(Some(patience))?;
        connection.set_write_timeout(Some(patience))?;
        Ok(connection)
    }

    fn configuration(&self, recipe: &Recipe<'_>) -> String {
        let mut lines = vec![
            "bind 127.0.0.1".to_owned(),
            (recipe.listen)(self.port),
            format!("dir {}", self.dir().display()),
            format!("unixsocket {}", self.socket().display()),
            format!("user {USER} on nopass ~* &* +@all"),
        ];
        if !recipe.sentinel {
            lines.extend(KEPT.map(str::to_owned));
        }
        lines.extend_from_slice(recipe.lines);
        lines.join("\n") + "\n"
    }

    /// Sentinels rewrite it, their own and that of the servers that they reconfigure.
    fn config(&self) -> PathBuf {
        self.home.path().join("redis.conf")
    }

    fn socket(&self) -> PathBuf {
        self.home.path().join("socket")
    }

    /// A test that failed while it held the lock still has its server ended.
    fn process(&self) -> MutexGuard<'_, Option<Process>> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is acknowledged is on disk, and nowhere but in the append-only file. Replicas are brought up to
/// date at once instead of with the next ones that may come.
const KEPT: [&str; 5] = [
    "appendonly yes",
    "appendfsync always",
    "save \"\"",
    "repl-diskless-sync-delay 0",
    "repl-ping-replica-period 1",
];
