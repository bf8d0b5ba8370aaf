//! One connection to a server, now or later.
//!
//! A link is multiplexed: all calls share it, each waits for its own answer, and one that is given up
//! leaves nothing behind that another could take for its own. A link that fails is made anew by the
//! next call. While that does not succeed, one call at a time tries and the others fail at once, so
//! that a server that is gone makes nobody wait.

use std::{
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use redis::{Pipeline, Value};
use tokio::{sync::Mutex as AsyncMutex, time::Instant};

use super::{
    connection::{Connection, SendError},
    connector::Connector,
    failure::{Failure, Gone},
    options::RedisAddress,
};

/// A connection to a server.
pub(super) struct Link {
    address: RedisAddress,
    connector: Connector,
    state: Mutex<State>,
    connecting: AsyncMutex<()>,
    made: AtomicU64,
}

#[derive(Clone, Default)]
enum State {
    /// There is none, and there is no reason to think that there cannot be one.
    #[default]
    None,
    /// It is there; the number tells it from the one before.
    Up(Connection, u64),
    /// It could not be made, at that time and for that reason.
    Down(Instant, Gone),
}

impl Link {
    pub(super) fn new(address: RedisAddress, connector: Connector) -> Self {
        Self {
            address,
            connector,
            state: Mutex::default(),
            connecting: AsyncMutex::new(()),
            made: AtomicU64::new(0),
        }
    }

    pub(super) const fn address(&self) -> &RedisAddress {
        &self.address
    }

    /// Sends commands in one go. The answers may be errors.
    ///
    /// If the connection turns out to have ended before a byte of them was written, they are sent
    /// again over a new one, once.
    pub(super) async fn send(&self, pipeline: &Pipeline) -> Result<Vec<Value>, Failure> {
        let mut is_resent = false;
        loop {
            let (connection, number) = self.connection().await?;
            let SendError { error, is_unsent } = match connection.send(pipeline).await {
                Ok(answers) => return Ok(answers),
                Err(error) => error,
            };
            self.broke(number);
            if is_resent || !is_unsent {
                return Err(Failure::of_connection(&self.address, &error));
            }
            is_resent = true;
        }
    }

    async fn connection(&self) -> Result<(Connection, u64), Failure> {
        let gone = |gone: Gone| Failure::Away(gone.into());
        let _turn = match self.now() {
            State::Up(connection, number) => return Ok((connection, number)),
            State::Down(since, why) if since.elapsed() < RETRY_AFTER => return Err(gone(why)),
            State::Down(_, why) => self.connecting.try_lock().map_err(|_| gone(why))?,
            State::None => self.connecting.lock().await,
        };
        // Another call may have come through, or in vain, while this one waited for its turn.
        match self.now() {
            State::Up(connection, number) => return Ok((connection, number)),
            State::Down(since, why) if since.elapsed() < RETRY_AFTER => return Err(gone(why)),
            State::Down(..) | State::None => {}
        }
        match self.connector.connect(&self.address).await {
            Ok(connection) => {
                let number = self.made.fetch_add(1, Ordering::Relaxed);
                *self.state() = State::Up(connection.clone(), number);
                Ok((connection, number))
            }
            Err(failure) => {
                *self.state() = State::Down(Instant::now(), Gone::new(&failure));
                Err(failure)
            }
        }
    }

    fn now(&self) -> State {
        match self.state().clone() {
            // The server has closed it, as it does with connections that were idle.
            State::Up(connection, _) if connection.has_ended() => State::None,
            state => state,
        }
    }

    /// The connection of that number does not answer any more.
    fn broke(&self, number: u64) {
        let mut state = self.state();
        if matches!(*state, State::Up(_, current) if current == number) {
            *state = State::None;
        }
    }

    // A lock whose holder panicked is used all the same: the state is replaced as a whole.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How long calls fail at once after a connection could not be made.
const RETRY_AFTER: Duration = Duration::from_millis(100);
