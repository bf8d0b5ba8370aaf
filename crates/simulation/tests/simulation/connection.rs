//! A connection between a point and an authority: messages arrive in their order, late, or not at all.

use std::collections::VecDeque;

use lanyard_proto::v1::{WatchRequest, WatchResponse};

use crate::{moment::Moment, watch::Watch};

/// A connection.
#[derive(Debug)]
pub(crate) struct Connection {
    /// Whose it is.
    pub(crate) point: usize,
    /// To whom.
    pub(crate) authority: usize,
    /// Whether it is there, or only tried.
    pub(crate) is_open: bool,
    /// When it is given up unless it is there.
    pub(crate) gives_up_at: Moment,
    /// Requests on their way.
    pub(crate) up: Queue<WatchRequest>,
    /// Messages on their way.
    pub(crate) down: Queue<Told>,
    /// The other end. Nothing once that has ended it.
    pub(crate) watch: Option<Watch>,
}

/// What comes from the server.
#[derive(Clone, Debug)]
pub(crate) enum Told {
    /// A message.
    Message(Box<WatchResponse>),
    /// There will be no more.
    End,
}

/// One direction.
#[derive(Debug)]
pub(crate) struct Queue<T> {
    waiting: VecDeque<T>,
    /// When the last that was sent arrives, at the earliest.
    last: Moment,
    /// How many should have arrived, and did not get through.
    stalled: usize,
}

impl<T> Queue<T> {
    /// An empty one.
    pub(crate) const fn new() -> Self {
        Self {
            waiting: VecDeque::new(),
            last: Moment::START,
            stalled: 0,
        }
    }

    /// Sends something that would arrive at a moment. Gives when it does: after what was sent before.
    pub(crate) fn send(&mut self, what: T, arrives: Moment) -> Moment {
        self.waiting.push_back(what);
        self.last = self.last.max(arrives);
        self.last
    }

    /// What arrives next.
    pub(crate) fn arrived(&mut self) -> Option<T> {
        self.waiting.pop_front()
    }

    /// It does not get through.
    pub(crate) const fn stall(&mut self) {
        self.stalled += 1;
    }

    /// How many did not get through, which are under way again.
    pub(crate) fn stalled(&mut self) -> usize {
        std::mem::take(&mut self.stalled)
    }
}
