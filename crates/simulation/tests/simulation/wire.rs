//! The requests of one authority to the store that are under way.

use std::{
    collections::BTreeMap,
    future::poll_fn,
    sync::{Mutex, MutexGuard},
    task::Poll,
};

use lanyard_store::StoreError;

use crate::{
    links::Place,
    protocol::{Answer, Command},
};

/// A request that is to be sent.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// Its number.
    pub(crate) number: u64,
    /// To whom.
    pub(crate) to: Place,
    /// What it says.
    pub(crate) command: Command,
}

/// What was asked and is not answered yet. The world takes the requests out, carries them, and puts
/// the answers in.
#[derive(Debug, Default)]
pub(crate) struct Wire(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    next: u64,
    to_send: Vec<Request>,
    /// By request; nothing while there is no answer.
    answers: BTreeMap<u64, Option<Result<Answer, Lost>>>,
}

/// No answer came in time. What was asked may have been done, or may be yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lost;

impl Wire {
    /// Asks, and waits for the answer or for the time to run out.
    pub(crate) async fn ask(&self, to: Place, command: Command) -> Result<Answer, StoreError> {
        let number = self.state().ask(to, command);
        let answer = poll_fn(|_| match self.state().take(number) {
            Some(answer) => Poll::Ready(answer),
            None => Poll::Pending,
        });
        answer.await.map_err(|Lost| unavailable("no answer"))
    }

    /// What is to be sent.
    pub(crate) fn to_send(&self) -> Vec<Request> {
        std::mem::take(&mut self.state().to_send)
    }

    /// An answer has come, or will not come any more. What comes after that says nothing.
    pub(crate) fn answer(&self, number: u64, answer: Result<Answer, Lost>) {
        if let Some(waiting @ None) = self.state().answers.get_mut(&number) {
            *waiting = Some(answer);
        }
    }

    /// Whether somebody waits for this answer.
    pub(crate) fn is_waiting(&self, number: u64) -> bool {
        matches!(self.state().answers.get(&number), Some(None))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("nobody panics in here")
    }
}

impl State {
    fn ask(&mut self, to: Place, command: Command) -> u64 {
        let number = self.next;
        self.next += 1;
        self.answers.insert(number, None);
        self.to_send.push(Request {
            number,
            to,
            command,
        });
        number
    }

    fn take(&mut self, number: u64) -> Option<Result<Answer, Lost>> {
        self.answers.get(&number)?.as_ref()?;
        self.answers.remove(&number)?
    }
}

/// The store did not do it.
pub(crate) fn unavailable(why: &'static str) -> StoreError {
    StoreError::Unavailable(why.into())
}
