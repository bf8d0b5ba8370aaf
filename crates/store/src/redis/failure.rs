//! Why a server did not do what it was asked, and what follows from that.

use std::{error::Error, fmt, sync::Arc};

use redis::{ParsingError, RedisError, ServerError};

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
    /// The failure that an error returned by a server stands for.
    pub(super) fn of(address: &RedisAddress, error: &ServerError) -> Self {
        let reason = words_of(error);
        let kind = match error.code() {
            "MOVED" | "ASK" | "TRYAGAIN" | "CLUSTERDOWN" | "READONLY" | "LOADING"
            | "MASTERDOWN" => Self::Elsewhere,
            "CORRUPT" | "WRONGTYPE" => Self::Corrupt,
            "NOAUTH" | "WRONGPASS" => {
                return Self::Unfit(Unfit::Login {
                    address: address.clone(),
                    reason,
                });
            }
            _ => Self::Refused,
        };
        kind(NodeError::new(address, reason).into())
    }

    /// A connection that could not be made, or that failed.
    pub(super) fn of_connection(address: &RedisAddress, error: &RedisError) -> Self {
        Self::Away(NodeError::new(address, error.to_string()).into())
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

/// A server to which there was no connection a moment ago, and why.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Gone(Arc<str>);

impl Gone {
    pub(super) fn new(cause: &Failure) -> Self {
        Self(Arc::from(cause.to_string()))
    }
}

/// An error of one server.
#[derive(Debug, thiserror::Error)]
#[error("{address}: {reason}")]
pub(super) struct NodeError {
    address: RedisAddress,
    reason: String,
}

impl NodeError {
    pub(super) fn new(address: &RedisAddress, reason: impl Into<String>) -> Self {
        Self {
            address: address.clone(),
            reason: reason.into(),
        }
    }
}

/// The server's own words, without the arguments that it repeats: a password may be among them.
pub(super) fn words_of(error: &ServerError) -> String {
    let detail = error.details().unwrap_or_default();
    let end = detail.find(ARGUMENTS).unwrap_or(detail.len());
    let detail = detail.get(..end).unwrap_or_default();
    format!("{} {detail}", error.code()).trim_end().to_owned()
}

/// What the arguments of an unknown command are preceded by.
const ARGUMENTS: &str = ", with args beginning with";

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
    /// It is a replica itself.
    #[error(
        "the server at {address} is a replica of {primary}; name the primary, or use Sentinel \
         (redis-sentinel://)"
    )]
    Replica {
        /// The server.
        address: RedisAddress,
        /// Its primary.
        primary: String,
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

#[cfg(test)]
mod tests {
    use redis::{Value, parse_redis_value};

    use super::*;

    fn words(line: &str) -> String {
        let answer = parse_redis_value(format!("{line}\r\n").as_bytes());
        let Value::ServerError(error) = answer.unwrap() else {
            panic!("{line} should be an error");
        };
        words_of(&error)
    }

    /// A server without the command for logins repeats the password.
    #[test]
    fn the_words_of_a_server_are_kept_but_for_arguments_that_it_repeats() {
        let unknown = "-ERR unknown command 'AUTH', with args beginning with: 'lanyard' 's3cret' ";
        assert_eq!(words(unknown), "ERR unknown command 'AUTH'");
        for line in [
            "LOADING Redis is loading",
            "MOVED 1 a:1",
            "ODD",
            "NOAUTH Log in.",
        ] {
            assert_eq!(words(&format!("-{line}")), line);
        }
    }
}
