//! What one call is: what is asked, and what has to come back for it to count.
//!
//! Messages are made beforehand and cloned, and a bearer serves for minutes: on a machine where client
//! and server share the cores, whatever the client does is taken from the server.

mod batch;
mod check;
mod connections;
mod in_turn;
mod issue;
mod revoke;
mod stream;

use lanyard_token::{BootTime, ClockError};

pub use self::batch::Batches;
pub use self::check::{Checks, check_request};
pub use self::connections::{Authorization, Connection, Connections};
pub use self::issue::Issues;
pub use self::revoke::Revokes;
pub use self::stream::Streams;
use crate::failure::Failure;
use crate::recorder::Recorder;
use crate::run::Tally;
use crate::schedule::Turns;

/// Something that can be called under load.
pub trait Workload {
    /// Somebody who calls.
    type Worker: Worker;

    /// The workers that together have so many calls under way.
    fn workers(&self, concurrency: usize) -> Vec<Self::Worker>;
}

/// Somebody who takes turns until there are no more.
pub trait Worker: Send + 'static {
    /// Takes turns, and tells what became of each.
    fn work(
        self,
        turns: Turns,
        seen: Recorder,
        tally: Tally,
    ) -> impl Future<Output = Result<Recorder, ClockError>> + Send;
}

/// Somebody who has one call under way at a time.
pub trait Call: Send + 'static {
    /// Makes one call that was due at a time, and tells how much it got done.
    fn call(&mut self, due: BootTime) -> impl Future<Output = Result<u64, Failure>> + Send;
}

impl<C: Call> Worker for C {
    async fn work(
        mut self,
        turns: Turns,
        mut seen: Recorder,
        tally: Tally,
    ) -> Result<Recorder, ClockError> {
        while let Some(due) = turns.next().await? {
            let answer = self.call(due).await;
            seen.record(due, turns.now()?, answer);
            tally.ended();
        }
        Ok(seen)
    }
}
