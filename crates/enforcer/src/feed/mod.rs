//! Following an authority's feed, so that tokens can be checked without asking it.
//!
//! | file | idea |
//! |---|---|
//! | `follower` | the protocol: what each message means, and as of when the list is complete |
//! | `broken` | why a connection is given up |
//! | `wire` | messages taken apart; what is not understood is never stepped over |
//! | `address` | where an authority answers, and who is believed to be it |
//! | `selection` | which of several authorities to follow |
//! | `connection` | one connection: opened, listened to, pinged |
//! | `client` | the connections: the one that is followed, and a candidate beside it |
//! | `backoff`, `pace` | how long to wait |
//! | `credential` | the bearers that the authority wants to see |
//! | `status` | how it goes, for those who watch over it |
//!
//! The follower is a state machine without clock, chance or network: it takes messages and the time
//! and says what to send. What is known survives every connection and is only ever added to.

mod address;
mod backoff;
mod broken;
mod client;
mod connection;
mod credential;
mod follower;
mod pace;
mod selection;
mod status;
mod wire;

pub use self::{
    address::{Roots, at_url},
    backoff::{Backoff, Chance, SystemChance},
    broken::Break,
    client::{Feed, FeedSettings, FeedSettingsError},
    credential::FeedCredential,
    follower::{Answered, Follower, Role},
    pace::Pace,
    selection::{Change, Outcome, Selection},
    status::FeedStatus,
    wire::NotUnderstood,
};
