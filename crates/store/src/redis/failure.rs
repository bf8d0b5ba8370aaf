//! Why a server did not do what it was asked, and what follows from that.

use std::{error::Error, fmt};

use redis::{ParsingError, ServerError};

use super::options::RedisAddress;
use crate::StoreError;

/// Why a server did not do what it was asked.
#[derive(Debug)]
pub(super) enum Failure {
    /// It is away, or did not answer in time. What it was asked may have been done.
    Away(Box<dyn Error + Send + Sync>),
    /// It is not the one to ask, or not yet. Nothing was done.
    Elsewhere(Box<dyn Error + Send + Sync>),
    /// It is not fit to keep what has to be kept. Nothing was done.
    Unfit(Unfit),
    /// What it keeps makes no sense.
    Corrupt(Box<dyn Error + Send + Sync>),
    /// It refuses, for a reason of its own. Nothing was done.
    Refused(Box<dyn Error + Send + Sync>),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Away(source)
            | Self::Elsewhere(source)
            | Self::Corrupt(source)
            | Self::Refused(source) => source.fmt(f),
            Self::Unfit(unfit) => unfit.fmt(f),
        }
    }
}

impl Failure {
    /// What an error that a server answers means.
    pub(super) fn of(error: ServerError) -> Self {
        let kind = match error.code() {
            "MOVED" | "ASK" | "TRYAGAIN" | "CLUSTERDOWN" | "READONLY" | "LOADING"
            | "MASTERDOWN" => Self::Elsewhere,
            "CORRUPT" | "WRONGTYPE" => Self::Corrupt,
            _ => Self::Refused,
        };
        kind(redis::RedisError::from(error).into())
    }

    /// An answer that is not of the form that it should have.
    pub(super) fn unexpected(error: ParsingError) -> Self {
        Self::Corrupt(error.into())
    }
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Away(source) | Failure::Elsewhere(source) | Failure::Refused(source) => {
                Self::Unavailable(source)
            }
            Failure::Unfit(unfit) => Self::Unavailable(unfit.into()),
            Failure::Corrupt(source) => Self::Corrupt {
                record: "answer of the server",
                source,
            },
        }
    }
}

/// A server that could not be reached a moment ago.
#[derive(Debug, thiserror::Error)]
#[error("{0} cannot be reached")]
pub(super) struct Gone(pub(super) RedisAddress);

/// Why a server is not fit to keep a store.
#[derive(Debug, thiserror::Error)]
pub enum Unfit {
    /// It does not write to disk before it answers.
    #[error(
        "the server at {address} would lose what was acknowledged when it crashes: it has \
         `{setting} {value}`; set `appendonly yes` and `appendfsync always`, or say \
         --redis-durability=relaxed to take the loss"
    )]
    NotDurable {
        /// The server.
        address: RedisAddress,
        /// The setting that is in the way.
        setting: &'static str,
        /// What it is set to.
        value: String,
    },
    /// It may throw away what it keeps to make room.
    #[error(
        "the server at {address} may throw away what it keeps when its memory is full: it has \
         `maxmemory-policy {value}`; set `maxmemory-policy noeviction`"
    )]
    Evicts {
        /// The server.
        address: RedisAddress,
        /// Its policy.
        value: String,
    },
    /// It does not tell how it is set up.
    #[error(
        "the server at {address} does not tell whether it writes to disk before it answers \
         ({reason}); let the user run `CONFIG GET` (ACL `+config|get`), or say \
         --redis-durability=relaxed"
    )]
    Silent {
        /// The server.
        address: RedisAddress,
        /// What it answers.
        reason: String,
    },
    /// It has replicas, and nobody has said what they are for.
    #[error(
        "the server at {address} has {replicas} replicas; say with --redis-replicas how many of \
         them must have a write before it is acknowledged ({replicas} keeps everything whichever \
         of them takes over)"
    )]
    Replicas {
        /// The server.
        address: RedisAddress,
        /// How many it has.
        replicas: u32,
    },
    /// It lets nobody in.
    #[error("the server at {address} refuses the login or the connection: {reason}")]
    Login {
        /// The server.
        address: RedisAddress,
        /// Why.
        reason: String,
    },
}
