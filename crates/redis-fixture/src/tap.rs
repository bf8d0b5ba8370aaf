//! What is said to a server, listened to on the way.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use crate::wait;

/// A way to a server that notes what is sent there, and how often somebody waits for an answer.
///
/// All is noted before it is passed on, so whoever has an answer finds what it asked in the notes. A server
/// that speaks TLS is not understood.
pub struct Tap {
    address: SocketAddr,
    shared: Arc<Shared>,
}

/// What was sent on one connection before anything came back: one round trip, where one at a time asks.
#[derive(Debug)]
pub struct Flight {
    connection: usize,
    /// The commands, in their order.
    pub commands: Vec<Command>,
}

/// One command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command(Vec<String>);

#[derive(Default)]
struct Shared {
    flights: Mutex<Vec<Flight>>,
    closed: AtomicBool,
    hold: Mutex<Hold>,
    released: Condvar,
    cut: AtomicBool,
    /// Both ends of every connection so far.
    streams: Mutex<Vec<TcpStream>>,
}

/// Decides on a command.
type Predicate = Box<dyn FnMut(&Command) -> bool + Send>;

/// Which commands are kept back.
#[derive(Default)]
struct Hold {
    begins_with: Option<Predicate>,
    /// The connections on which something was kept back.
    held: Vec<Arc<Talk>>,
}

/// Who spoke last on a connection.
struct Talk {
    connection: usize,
    server_spoke: AtomicBool,
    shared: Arc<Shared>,
}

impl Tap {
    pub(crate) fn start(port: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = listener.local_addr().expect("an address");
        let shared = Arc::new(Shared::default());
        let listening = Arc::clone(&shared);
        thread::spawn(move || {
            for (connection, client) in listener.incoming().enumerate() {
                if listening.closed.load(Ordering::SeqCst) {
                    return;
                }
                if listening.cut.load(Ordering::SeqCst) {
                    continue;
                }
                // A server that is not there hangs up on whoever comes.
                if let (Ok(client), Ok(server)) =
                    (client, TcpStream::connect((Ipv4Addr::LOCALHOST, port)))
                {
                    join(client, server, (connection, &listening));
                }
            }
        });
        Self { address, shared }
    }

    /// Cuts the way: every connection is closed, and so is each that is opened until
    /// [`Self::mend`].
    pub fn cut(&self) {
        self.shared.cut.store(true, Ordering::SeqCst);
        for stream in self.shared.streams().drain(..) {
            // One that is closed already is what was wanted.
            drop(stream.shutdown(Shutdown::Both));
        }
    }

    /// Mends the way: connections are passed on again.
    pub fn mend(&self) {
        self.shared.cut.store(false, Ordering::SeqCst);
    }

    /// Host and port of this way.
    #[must_use]
    pub fn address(&self) -> String {
        self.address.to_string()
    }

    /// This way, for somebody who need not log in.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://{}", self.address)
    }

    /// What was sent since this was last asked, in the order in which it began.
    #[must_use]
    pub fn flights(&self) -> Vec<Flight> {
        std::mem::take(&mut *self.shared.flights())
    }

    /// Keeps back, on each connection, what a client sends from the first command on for which this is
    /// true. What was kept back stays so when the client closes the connection.
    pub fn hold(&self, begins_with: impl FnMut(&Command) -> bool + Send + 'static) {
        self.shared.hold().begins_with = Some(Box::new(begins_with));
    }

    /// On how many connections something is kept back.
    #[must_use]
    pub fn held(&self) -> usize {
        self.shared.hold().held.len()
    }

    /// Passes on what was kept back, and waits until the server has replied on each of those
    /// connections. Returns how many there were.
    #[must_use]
    pub fn release(&self) -> usize {
        let held = self.shared.end_hold();
        let replied = |talk: &Arc<Talk>| talk.server_spoke.load(Ordering::SeqCst);
        wait::until_true("the server replies to what was held", || {
            held.iter().all(replied)
        });
        held.len()
    }

    /// Begins anew: nobody will ask for what was sent up to now.
    pub fn forget(&self) {
        self.shared.flights().clear();
    }

    /// The commands of all that was sent since this was last asked.
    #[must_use]
    pub fn commands(&self) -> Vec<Command> {
        let flights = self.flights().into_iter();
        flights.flat_map(|flight| flight.commands).collect()
    }
}

impl Drop for Tap {
    fn drop(&mut self) {
        self.shared.closed.store(true, Ordering::SeqCst);
        self.shared.end_hold();
        // Whoever waits for the next to come finds out. If nobody does, that is what was wanted.
        drop(TcpStream::connect(self.address));
    }
}

impl Flight {
    /// The names of its commands.
    #[must_use]
    pub fn names(&self) -> Vec<&str> {
        self.commands.iter().map(Command::name).collect()
    }
}

impl Command {
    /// All of it, from the name on.
    #[must_use]
    pub fn words(&self) -> &[String] {
        &self.0
    }

    /// What is to be done, in capitals.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.first().map_or("", String::as_str)
    }

    /// Whether some word of it has this text in it.
    #[must_use]
    pub fn mentions(&self, text: &str) -> bool {
        self.0.iter().any(|word| word.contains(text))
    }
}

impl Shared {
    /// A test that failed while it held the lock has its other threads go on.
    fn flights(&self) -> MutexGuard<'_, Vec<Flight>> {
        self.flights.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hold(&self) -> MutexGuard<'_, Hold> {
        self.hold.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn end_hold(&self) -> Vec<Arc<Talk>> {
        let ended = std::mem::take(&mut *self.hold());
        self.released.notify_all();
        ended.held
    }

    /// Waits as long as commands are kept back, if one of these is to be.
    fn pass(&self, talk: &Arc<Talk>, commands: &[Command]) {
        let mut hold = self.hold();
        let Some(begins_with) = &mut hold.begins_with else {
            return;
        };
        if commands.iter().any(begins_with) {
            hold.held.push(Arc::clone(talk));
            let waiting = self
                .released
                .wait_while(hold, |hold| hold.begins_with.is_some());
            drop(waiting.unwrap_or_else(PoisonError::into_inner));
        }
    }

    fn streams(&self) -> MutexGuard<'_, Vec<TcpStream>> {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Talk {
    fn client_says(&self, command: &Command) {
        let connection = self.connection;
        let mut flights = self.shared.flights();
        let is_new = self.server_spoke.swap(false, Ordering::SeqCst);
        let mut latest = flights.iter_mut().rev();
        let own = latest.find(|flight| flight.connection == connection);
        match own {
            Some(flight) if !is_new => flight.commands.push(command.clone()),
            _ => flights.push(Flight {
                connection,
                commands: vec![command.clone()],
            }),
        }
    }

    fn server_says(&self) {
        self.server_spoke.store(true, Ordering::SeqCst);
    }
}

fn join(client: TcpStream, server: TcpStream, (connection, shared): (usize, &Arc<Shared>)) {
    let talk = Arc::new(Talk {
        connection,
        server_spoke: AtomicBool::new(true),
        shared: Arc::clone(shared),
    });
    let streams = [client, server];
    let [from_client, from_server] = streams.each_ref().map(|stream| {
        // What is passed on in pieces would wait for acknowledgements.
        stream.set_nodelay(true).expect("a socket of ours");
        stream.try_clone().expect("a socket of ours")
    });
    for stream in &streams {
        let kept = stream.try_clone().expect("a socket of ours");
        shared.streams().push(kept);
    }
    // A cut that came while this connection was opened has not seen it.
    if shared.cut.load(Ordering::SeqCst) {
        drop(streams[0].shutdown(Shutdown::Both));
    }
    let [to_client, to_server] = streams;
    let answering = Arc::clone(&talk);
    let mut begun = Vec::new();
    let note = move |bytes: &[u8]| {
        begun.extend_from_slice(bytes);
        let commands: Vec<_> = std::iter::from_fn(|| command(&mut begun)).collect();
        for command in &commands {
            talk.client_says(command);
        }
        talk.shared.pass(&talk, &commands);
    };
    thread::spawn(move || pass_on(from_client, to_server, note));
    thread::spawn(move || pass_on(from_server, to_client, |_| answering.server_says()));
}

/// Until either end hangs up.
fn pass_on(mut from: TcpStream, mut to: TcpStream, mut note: impl FnMut(&[u8])) {
    let mut buffer = vec![0; BUFFER];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        let bytes = buffer.get(..length).unwrap_or_default();
        note(bytes);
        if to.write_all(bytes).is_err() {
            break;
        }
    }
    // One that is closed already is what was wanted. What comes the other way goes on.
    drop(to.shutdown(Shutdown::Write));
    drop(from.shutdown(Shutdown::Read));
}

/// Takes the first command, once it is whole.
///
/// Clients send each as a list of its words: how many there are, and before each how long it is.
fn command(begun: &mut Vec<u8>) -> Option<Command> {
    let mut rest = begun.as_slice();
    let words = number(&mut rest, b'*')?;
    let words: Option<_> = (0..words).map(|_| word(&mut rest)).collect();
    let command = Command(words?);
    *begun = rest.to_vec();
    Some(command)
}

fn word(bytes: &mut &[u8]) -> Option<String> {
    let length = number(bytes, b'$')?;
    let (word, rest) = bytes.split_at_checked(length)?;
    *bytes = rest.strip_prefix(END)?;
    Some(String::from_utf8_lossy(word).into_owned())
}

fn number(bytes: &mut &[u8], of: u8) -> Option<usize> {
    let (kind, line) = bytes.split_first()?;
    assert_eq!(*kind, of, "this is no command");
    let digits = line.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, rest) = line.split_at_checked(digits)?;
    *bytes = rest.strip_prefix(END)?;
    str::from_utf8(digits).ok()?.parse().ok()
}

const END: &[u8] = b"\r\n";
/// What is sent in one go is mostly shorter, and passed on in one.
const BUFFER: usize = 1 << 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_told_apart_however_they_are_torn() {
        let sent = b"*1\r\n$4\r\nPING\r\n*3\r\n$3\r\nSET\r\n$1\r\na\r\n$4\r\n\r\n*1\r\n";
        for at in 0..=sent.len() {
            let (mut begun, mut found) = (Vec::new(), Vec::new());
            for part in [&sent[..at], &sent[at..]] {
                begun.extend_from_slice(part);
                found.extend(std::iter::from_fn(|| command(&mut begun)));
            }
            let expected = [&["PING"][..], &["SET", "a", "\r\n*1"]];
            let found: Vec<_> = found.into_iter().map(|command| command.0).collect();
            assert_eq!(found, expected, "torn at {at}");
            assert!(begun.is_empty());
        }
    }
}
