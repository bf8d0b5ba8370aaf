//! A server of one's own: the real binary, on free ports, in a directory that goes with it.

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead as _, BufReader, Read};
use std::process::{self, Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep};
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint};

use super::{Bearer, Caller, Credential, DEADLINE, Data, eventually, http, lanyard};

/// A running server. It is killed when it is dropped.
pub(crate) struct Server {
    process: Process,
    printed: Printed,
    data: Data,
    endpoint: String,
    admin: String,
}

/// What is left of a process that ended.
#[derive(Debug)]
pub(crate) struct Exited {
    pub(crate) status: ExitStatus,
    pub(crate) output: String,
}

impl Server {
    /// Starts a server on an empty directory.
    pub(crate) async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// Starts a server on an empty directory, with further flags.
    pub(crate) async fn start_with(flags: &[&str]) -> Self {
        Self::start_on(&Data::new(), flags).await
    }

    /// Starts a server on a directory that may have been used before.
    pub(crate) async fn start_on(data: &Data, flags: &[&str]) -> Self {
        Self::come_up(data, spawn(data, flags)).await
    }

    /// An address of this machine that no other server here listens on, at any free port. A server that
    /// goes and comes back needs one: at the address that all have, somebody else may be given its port
    /// while it is away.
    pub(crate) fn own_address() -> String {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let host = [number / 250 % 250, number % 250].map(|part| part + 1);
        let test = process::id() % 250 + 1;
        format!("127.{test}.{}.{}:0", host[0], host[1])
    }

    /// Starts an enforcement point with the enforcer credential of this directory.
    pub(crate) async fn enforce(data: &Data, authorities: &[&str], flags: &[&str]) -> Self {
        let mut command = Command::new(lanyard());
        command.arg("enforce").env_clear().arg("--credential");
        command.arg(data.bootstrap_path());
        for authority in authorities {
            command.args(["--authority", authority]);
        }
        Self::on_free_ports(&mut command, flags);
        Self::run(data, command).await
    }

    /// Starts a server with no arguments at all.
    pub(crate) async fn start_by_environment(data: &Data) -> Self {
        let mut command = Command::new(lanyard());
        command.env_clear().env("LANYARD_DATA", data.path());
        for variable in ["LANYARD_LISTEN", "LANYARD_ADMIN_LISTEN"] {
            command.env(variable, "127.0.0.1:0");
        }
        Self::run(data, command).await
    }

    async fn come_up(data: &Data, (mut process, printed): (Process, Printed)) -> Self {
        let mut addresses = (None, None);
        eventually("the server says where it listens", async || {
            addresses = (printed.after("listening on "), printed.after("admin on "));
            let running = process.0.try_wait().expect("a process").is_none();
            assert!(running, "the server did not start: {}", printed.all());
            addresses.0.is_some() && addresses.1.is_some()
        })
        .await;
        let (endpoint, admin) = (addresses.0.expect("told"), addresses.1.expect("told"));
        Self {
            process,
            printed,
            data: data.clone(),
            endpoint,
            admin,
        }
    }

    /// Starts a server by a command that says all that it needs.
    pub(crate) async fn run(data: &Data, command: Command) -> Self {
        Self::come_up(data, run(command)).await
    }

    /// Starts a server that may have few descriptors, takes them all until it says so, and gives them back.
    pub(crate) async fn once_out_of_descriptors(flags: &[&str]) -> Self {
        let data = Data::new();
        let mut command = Command::new("bash");
        command
            .env_clear()
            .args(["-c", "ulimit -n 64; exec \"$@\"", "bash"]);
        command.arg(lanyard()).args(["serve", "--data"]);
        command.arg(data.path());
        Self::on_free_ports(&mut command, flags);
        let server = Self::run(&data, command).await;
        let (_, address) = server.endpoint().split_once("://").expect("a URL");
        let mut silent = Vec::new();
        for _ in 0..100 {
            silent.push(TcpStream::connect(address).await.expect("a connection"));
        }
        server.says("a connection could not be accepted").await;
        server
    }

    /// Starts one that is expected to give up, and waits until it has.
    pub(crate) async fn gives_up(command: Command) -> Exited {
        let (mut process, printed) = run(command);
        ended(&mut process, &printed).await
    }

    /// Adds the flags, and those for free ports where they name none.
    pub(crate) fn on_free_ports(command: &mut Command, flags: &[&str]) {
        for (flag, default) in [
            ("--listen", "127.0.0.1:0"),
            ("--admin-listen", "127.0.0.1:0"),
        ] {
            if !flags.contains(&flag) {
                command.args([flag, default]);
            }
        }
        command.args(flags);
    }

    /// Starts a server that serves or exits, and waits for either.
    pub(crate) async fn start_or_exit(data: &Data) -> Result<Self, Exited> {
        let (mut process, printed) = spawn(data, &[]);
        let mut has_exited = false;
        eventually("the server serves or has exited", async || {
            has_exited = process.0.try_wait().expect("a process").is_some();
            has_exited || printed.after("admin on ").is_some()
        })
        .await;
        if has_exited {
            return Err(ended(&mut process, &printed).await);
        }
        Ok(Self::come_up(data, (process, printed)).await)
    }

    /// Starts a server that is expected to give up, and waits until it has.
    pub(crate) async fn refuses_to_start(data: &Data, flags: &[&str]) -> Exited {
        let (mut process, printed) = spawn(data, flags);
        ended(&mut process, &printed).await
    }

    /// Starts a server and kills it a while after it has begun to make its files, whether it has
    /// come to serve by then or not.
    pub(crate) async fn killed_while_starting(data: &Data, after: Duration) {
        let (process, _printed) = spawn(data, &[]);
        eventually("there is a data directory", async || data.path().exists()).await;
        sleep(after).await;
        drop(process);
    }

    /// Starts a server and kills it as soon as this holds. Looks without a pause, since it may not hold
    /// for long.
    pub(crate) fn killed_once(command: Command, mut holds: impl FnMut() -> bool) {
        let (mut process, printed) = run(command);
        let deadline = Instant::now() + DEADLINE;
        while !holds() {
            let running = process.0.try_wait().expect("a process").is_none();
            assert!(running, "it has ended: {}", printed.all());
            assert!(Instant::now() < deadline, "it never came to that");
        }
        drop(process);
    }

    /// Asks the server to stop and waits until it has.
    pub(crate) async fn stop(self) -> Exited {
        self.terminate();
        self.ended().await
    }

    /// Sends SIGTERM.
    pub(crate) fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.process.0.id())
            .ok()
            .and_then(Pid::from_raw);
        kill_process(pid.expect("a process id"), signal).expect("a signal");
    }

    /// How much memory it has now, in bytes.
    pub(crate) fn memory(&self) -> u64 {
        let status = format!("/proc/{}/status", self.process.0.id());
        let status = std::fs::read_to_string(status).expect("the process runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kibibytes = line.and_then(|line| line.split_whitespace().next());
        kibibytes.expect("a size").parse::<u64>().expect("a number") * 1024
    }

    /// Waits until it is ready to answer.
    pub(crate) async fn ready(&self) {
        eventually("the server is ready", async || {
            http::get(&self.admin, "/readyz").await.status == 200
        })
        .await;
    }

    /// Waits until the server has ended.
    pub(crate) async fn ended(mut self) -> Exited {
        ended(&mut self.process, &self.printed).await
    }

    /// The id of its process.
    pub(crate) fn pid(&self) -> u32 {
        self.process.0.id()
    }

    /// Kills the server in the middle of whatever it does.
    pub(crate) fn kill(self) {
        drop(self);
    }

    /// Stops the server and starts it again on what it left.
    pub(crate) async fn restart(self, flags: &[&str]) -> Self {
        let data = self.data.clone();
        let exited = self.stop().await;
        assert!(exited.status.success(), "{exited:?}");
        Self::start_on(&data, flags).await
    }

    /// Where it answers gRPC.
    pub(crate) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Where it answers operators' probes.
    pub(crate) fn admin_url(&self) -> &str {
        &self.admin
    }

    /// Its data directory.
    pub(crate) const fn data(&self) -> &Data {
        &self.data
    }

    /// Everything that it has printed so far.
    pub(crate) fn output(&self) -> String {
        self.printed.all()
    }

    /// Waits until it has printed this. What it prints is read beside the test, and some of it on another
    /// pipe than where it listens.
    pub(crate) async fn says(&self, text: &str) {
        let what = format!("it says `{text}`");
        eventually(&what, async || self.output().contains(text)).await;
    }

    /// Waits until one line of what it has printed has all of these.
    pub(crate) async fn says_in_one_line(&self, parts: &[&str]) {
        let has_all = |line: &str| parts.iter().all(|part| line.contains(part));
        let what = format!("one line has all of {parts:?}");
        eventually(&what, async || self.output().lines().any(has_all)).await;
    }

    /// A connection to it.
    pub(crate) fn channel(&self) -> Channel {
        let endpoint = Endpoint::from_shared(self.endpoint.clone()).expect("an endpoint");
        let endpoint = match self.endpoint.strip_prefix("https") {
            Some(_) => {
                let pem = fs::read_to_string(self.data.dev_ca_path()).expect("an authority");
                let tls = ClientTlsConfig::new().ca_certificate(Certificate::from_pem(pem));
                endpoint.tls_config(tls).expect("TLS")
            }
            None => endpoint,
        };
        endpoint.timeout(DEADLINE).connect_lazy()
    }

    /// Somebody who calls with this.
    pub(crate) fn caller_with(&self, bearer: Bearer) -> Caller {
        Caller::new(self.channel(), bearer)
    }

    /// Somebody who holds this credential.
    pub(crate) fn caller(&self, credential: &Credential) -> Caller {
        self.caller_with(Bearer::Fresh(credential.clone()))
    }

    /// The operator that the server made at its first start.
    pub(crate) fn operator(&self) -> Caller {
        self.caller(&self.data.credential("operator"))
    }

    /// The enforcer that the server made at its first start.
    pub(crate) fn enforcer(&self) -> Caller {
        self.caller(&self.data.credential("enforcer"))
    }

    /// The first access key of the resource that the server made at its first start.
    pub(crate) fn primary(&self) -> Caller {
        self.caller(&self.data.credential("primary"))
    }

    /// The second one.
    pub(crate) fn secondary(&self) -> Caller {
        self.caller(&self.data.credential("secondary"))
    }

    /// The primary key of a new resource in the first subscription.
    pub(crate) async fn other_resource(&self, name: &str) -> Caller {
        let subscription = self.data.bootstrap_text("subscription_id");
        let made = self.operator().create_resource(&subscription, name).await;
        let made = made.expect("a resource");
        self.caller(&Credential::from(&made.access_keys[0]))
    }
}

/// A process that does not outlive its test, whatever becomes of that.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself, and then there is nothing to kill.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn spawn(data: &Data, flags: &[&str]) -> (Process, Printed) {
    let mut command = Command::new(lanyard());
    command
        .arg("serve")
        .env_clear()
        .arg("--data")
        .arg(data.path());
    Server::on_free_ports(&mut command, flags);
    run(command)
}

fn run(mut command: Command) -> (Process, Printed) {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut process = command.spawn().expect("the binary runs");
    let printed = Printed::default();
    printed.follow(process.stdout.take().expect("a pipe"));
    printed.follow(process.stderr.take().expect("a pipe"));
    (Process(process), printed)
}

async fn ended(process: &mut Process, printed: &Printed) -> Exited {
    let what = "the process has ended";
    eventually(what, async || {
        process.0.try_wait().expect("a process").is_some()
    })
    .await;
    // What it printed last may still be in the pipes.
    eventually("its output has been read", async || printed.is_complete()).await;
    Exited {
        status: process.0.wait().expect("a process"),
        output: printed.all(),
    }
}

/// What a process prints, collected by a thread for each pipe so that none ever runs full.
#[derive(Clone, Default)]
struct Printed {
    text: Arc<Mutex<String>>,
    readers: Arc<AtomicUsize>,
}

impl Printed {
    fn follow(&self, pipe: impl Read + Send + 'static) {
        let printed = self.clone();
        self.readers.fetch_add(1, Ordering::SeqCst);
        thread::spawn(move || {
            for line in BufReader::new(pipe).lines().map_while(Result::ok) {
                writeln!(printed.text.lock().expect("a lock"), "{line}").expect("a text takes all");
            }
            printed.readers.fetch_sub(1, Ordering::SeqCst);
        });
    }

    fn all(&self) -> String {
        self.text.lock().expect("a lock").clone()
    }

    fn is_complete(&self) -> bool {
        self.readers.load(Ordering::SeqCst) == 0
    }

    /// The word that follows this text.
    fn after(&self, text: &str) -> Option<String> {
        let printed = self.all();
        let (_, rest) = printed.split_once(text)?;
        // Without the end of its line the address may still be on its way.
        let (line, _) = rest.split_once('\n')?;
        line.split_whitespace().next().map(str::to_owned)
    }
}
