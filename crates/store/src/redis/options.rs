//! Which servers, and what is asked of them.

use std::{fmt, num::NonZeroU16, path::PathBuf, str::FromStr, time::Duration};

use zeroize::Zeroizing;

/// What is chosen for a store on Redis.
#[derive(Clone, Debug)]
pub struct RedisOptions {
    /// The servers.
    pub servers: RedisServers,
    /// Who logs in at them.
    pub login: RedisLogin,
    /// Who logs in at the sentinels, which have users of their own.
    pub sentinel_login: RedisLogin,
    /// What is needed for TLS beyond the certificates that the system trusts.
    pub tls: RedisTls,
    /// How many replicas must have a write before it is acknowledged; none if that is not said, and
    /// then there may be no replicas.
    pub replicas: Option<u32>,
    /// What becomes of what was acknowledged when a server crashes.
    pub durability: RedisDurability,
    /// What all keys begin with, so that two stores can share a server.
    pub namespace: RedisNamespace,
    /// Whether a store is made if there is none.
    pub may_make: bool,
    /// How many partitions a new store is made with.
    pub partitions: NonZeroU16,
    /// How long a server may take to answer.
    pub response_timeout: Duration,
}

impl RedisOptions {
    /// The defaults for some servers.
    #[must_use]
    pub fn new(servers: RedisServers) -> Self {
        Self {
            servers,
            login: RedisLogin::default(),
            sentinel_login: RedisLogin::default(),
            tls: RedisTls::default(),
            replicas: None,
            durability: RedisDurability::Always,
            namespace: RedisNamespace::default(),
            may_make: true,
            partitions: PARTITIONS,
            response_timeout: Duration::from_secs(2),
        }
    }
}

/// A user and a password; without either nobody logs in.
#[derive(Clone, Debug, Default)]
pub struct RedisLogin {
    /// The user, if not the default one.
    pub user: Option<String>,
    /// The password.
    pub password: Option<RedisPassword>,
}

/// A password, which prints as `***`.
#[derive(Clone, PartialEq, Eq)]
pub struct RedisPassword(Zeroizing<String>);

impl RedisPassword {
    /// Takes the password.
    #[must_use]
    pub const fn new(password: Zeroizing<String>) -> Self {
        Self(password)
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for RedisPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Files for TLS, in PEM.
#[derive(Clone, Debug, Default)]
pub struct RedisTls {
    /// The authorities that the servers' certificates are checked against, if not those that the
    /// system trusts.
    pub ca_file: Option<PathBuf>,
    /// A certificate to show to the servers, and its key.
    pub client_files: Option<(PathBuf, PathBuf)>,
}

/// What becomes of what was acknowledged when a server crashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RedisDurability {
    /// It is kept: servers that do not write to disk before they answer are refused.
    Always,
    /// It may be lost. Servers are taken as they are.
    Relaxed,
}

/// What all keys of a store begin with: 1 to 32 lower-case letters, digits, `-` and `_`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedisNamespace(String);

impl RedisNamespace {
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for RedisNamespace {
    fn default() -> Self {
        Self("lanyard".to_owned())
    }
}

impl FromStr for RedisNamespace {
    type Err = InvalidNamespace;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let plain =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
        if (1..=32).contains(&text.len()) && text.bytes().all(plain) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidNamespace)
        }
    }
}

/// The text is not a namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be 1 to 32 lower-case letters, digits, `-` and `_`")]
pub struct InvalidNamespace;

/// One server's address.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RedisAddress {
    /// A name or an address.
    pub host: String,
    /// The port.
    pub port: u16,
}

impl fmt::Display for RedisAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

/// Which servers, and how they stand to each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedisServers {
    /// How they stand to each other.
    pub topology: RedisTopology,
    /// Whether they are spoken to over TLS.
    pub tls: bool,
}

/// How the servers stand to each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RedisTopology {
    /// One server, which is the primary because it is the one that is named.
    Standalone {
        /// Where it is.
        address: RedisAddress,
        /// Which of its databases.
        database: u16,
    },
    /// A primary that sentinels name.
    Sentinel {
        /// All of the sentinels: a majority of these is asked for.
        sentinels: Vec<RedisAddress>,
        /// What they call the primary.
        name: String,
        /// Which of its databases.
        database: u16,
    },
    /// A Redis Cluster.
    Cluster {
        /// Some of its nodes. The others are learned from them.
        nodes: Vec<RedisAddress>,
    },
}

/// Enough for the writes of a resource not to wait for those of others, and few enough to be read
/// four times a second.
const PARTITIONS: NonZeroU16 = NonZeroU16::new(16).unwrap();

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_namespace_is_short_and_plain() {
        for good in ["a", "lanyard", "team-1_b", &"x".repeat(32)] {
            assert_eq!(good.parse::<RedisNamespace>().unwrap().as_str(), good);
        }
        for bad in ["", "A", "a.b", "a{b", "a b", &"x".repeat(33)] {
            assert_eq!(
                bad.parse::<RedisNamespace>(),
                Err(InvalidNamespace),
                "{bad}"
            );
        }
    }
}
