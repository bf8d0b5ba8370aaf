//! What is said to a server, listened to on the way.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

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
    /// The commands, in their order.
    pub commands: Vec<Command>,
}

/// One command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command(Vec<String>);

#[derive(Default)]
struct Shared {
    /// The connection of each flight, and the bytes of it.
    flights: Mutex<Vec<(usize, Vec<u8>)>>,
    closed: AtomicBool,
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
        let flights = std::mem::take(&mut *self.shared.flights());
        let read = |(_, bytes): (usize, Vec<u8>)| Flight {
            commands: commands(&bytes),
        };
        flights.into_iter().map(read).collect()
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
    fn flights(&self) -> MutexGuard<'_, Vec<(usize, Vec<u8>)>> {
        self.flights.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Talk {
    fn client_says(&self, bytes: &[u8]) {
        let mut flights = self.shared.flights();
        let is_new = self.server_spoke.swap(false, Ordering::SeqCst);
        let own = flights.iter_mut().rev();
        match own.into_iter().find(|(of, _)| *of == self.connection) {
            Some((_, flight)) if !is_new => flight.extend_from_slice(bytes),
            _ => flights.push((self.connection, bytes.to_vec())),
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
    let [to_client, to_server] = streams;
    let answering = Arc::clone(&talk);
    thread::spawn(move || pass_on(from_client, to_server, |bytes| talk.client_says(bytes)));
    thread::spawn(move || pass_on(from_server, to_client, |_| answering.server_says()));
}

/// Until either end hangs up.
fn pass_on(mut from: TcpStream, mut to: TcpStream, note: impl Fn(&[u8])) {
    let mut buffer = vec![0; BUFFER];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        let bytes = buffer.get(..length).unwrap_or_default();
        note(bytes);
        if to.write_all(bytes).is_err() {
            break;
        }
    }
    // One that is closed already is what was wanted.
    drop(to.shutdown(Shutdown::Both));
    drop(from.shutdown(Shutdown::Both));
}

/// Clients send each command as a list of its words: how many there are, and before each how long it is.
fn commands(mut bytes: &[u8]) -> Vec<Command> {
    let mut commands = Vec::new();
    while !bytes.is_empty() {
        let words = number(&mut bytes, b'*');
        commands.push(Command((0..words).map(|_| word(&mut bytes)).collect()));
    }
    commands
}

fn word(bytes: &mut &[u8]) -> String {
    let length = number(bytes, b'$');
    let (word, rest) = bytes.split_at_checked(length).expect("a whole word");
    *bytes = rest.strip_prefix(END).expect("the end of a word");
    String::from_utf8_lossy(word).into_owned()
}

fn number(bytes: &mut &[u8], of: u8) -> usize {
    let line = bytes.strip_prefix(&[of]).expect("a command");
    let digits = line.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, rest) = line.split_at_checked(digits).expect("a number");
    *bytes = rest.strip_prefix(END).expect("the end of a line");
    let digits = str::from_utf8(digits).expect("digits");
    digits.parse().expect("a number")
}

const END: &[u8] = b"\r\n";
/// More than what is sent in one go, so that it is not torn.
const BUFFER: usize = 1 << 18;
