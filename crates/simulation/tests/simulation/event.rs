//! What can happen.

use std::time::Duration;

use lanyard_token::IdentityId;

use crate::{
    links::{Link, Place},
    machine::Power,
    protocol::{Answer, Command},
    storage::Asker,
};

/// Something that happens at a moment.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    /// A request arrives at a node, or at the register.
    ToStore(Place, Asker, Box<Command>),
    /// An answer arrives at an authority.
    FromStore(Place, Asker, Box<Answer>),
    /// An authority has waited for an answer for long enough.
    NoAnswer(Asker),
    /// A replica takes over what its primary has.
    Replicate(usize),
    /// The majority learns of a promotion.
    Named,
    /// A node learns of a promotion.
    Follow(usize),
    /// An authority reads the log, in that run of its process.
    ReadOn(usize, u64),
    /// An authority drops what is past its time.
    Tidy(usize, u64),
    /// A process starts.
    Start(Place),
    /// A point wakes up for the timer of that number.
    Wake(usize, u64),
    /// A connection is there.
    Opened(u64),
    /// A request of the feed arrives.
    Up(u64),
    /// A message of the feed arrives at the machine of the point.
    Down(u64),
    /// The point reads it.
    Read(u64),
    /// Somebody asks for a token or revokes something.
    Call,
    /// Somebody asks for a token of an identity.
    Issue(IdentityId),
    /// A backend asks a point about some tokens.
    Check(usize),
    /// A backend asks a point at the moment at which its list becomes too old.
    Expiry(usize),
    /// Something goes wrong, for so long.
    Fault(Fault, Duration),
    /// It is over.
    Over(Fault),
    /// Everything works again.
    Calm,
}

impl Event {
    /// Whether it is one of the things that make a world what it is.
    pub(crate) const fn is_telling(&self) -> bool {
        matches!(
            self,
            Self::Fault(..) | Self::Over(_) | Self::Calm | Self::Start(_) | Self::Named
        )
    }
}

/// Something that goes wrong.
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    /// Nothing gets through between some places.
    Cut(Vec<Link>),
    /// A process is stopped, or its machine is suspended.
    Halt(Place, Power),
    /// A process ends, and is started again afterwards.
    Crash(Place),
    /// A replica is promoted, whatever the primary does.
    Promotion,
    /// The connection of a point breaks.
    Break(usize),
    /// A calendar is set to another wrong time.
    Calendar(Place),
    /// A wall clock is stepped, to so many milliseconds ahead of the true time.
    Step(Place, i64),
}
