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

/// A URL of servers, and the login that it may carry.
#[derive(Clone, Debug)]
pub struct RedisUrl {
    /// The servers.
    pub servers: RedisServers,
    /// The login.
    pub login: RedisLogin,
}

impl FromStr for RedisUrl {
    type Err = InvalidRedisUrl;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (scheme, rest) = text.split_once("://").ok_or(InvalidRedisUrl::Scheme)?;
        let (kind, tls) = kind_of(scheme).ok_or(InvalidRedisUrl::Scheme)?;
        let (login, rest) = match rest.rsplit_once('@') {
            Some((login, rest)) => (login_of(login)?, rest),
            None => (RedisLogin::default(), rest),
        };
        let (hosts, path) = rest.split_once('/').unwrap_or((rest, ""));
        let addresses = addresses_of(hosts, kind.default_port())?;
        let topology = topology_of(kind, addresses, path)?;
        Ok(Self {
            servers: RedisServers { topology, tls },
            login,
        })
    }
}

/// Why a URL names no servers. It may carry a password, so nothing of it is repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRedisUrl {
    /// It begins with something else.
    #[error(
        "must begin with redis://, redis-sentinel:// or redis-cluster://, or for TLS with \
         rediss://, rediss-sentinel:// or rediss-cluster://"
    )]
    Scheme,
    /// The servers cannot be read.
    #[error("must name a server as host:port, and several with commas between them")]
    Address,
    /// One address is asked for and several are there.
    #[error("must name one server; several are named with redis-sentinel:// or redis-cluster://")]
    Several,
    /// The database is none.
    #[error("must name a database as a number from 0 to 65535 after the last slash, or none")]
    Database,
    /// The sentinels' name of the primary is missing.
    #[error(
        "must name the primary after the sentinels, and may name a database after that: \
         redis-sentinel://host:port,host:port,host:port/mymaster/0"
    )]
    Name,
    /// A cluster has one database.
    #[error("must end after the servers: a Redis Cluster has one database")]
    Path,
    /// The login cannot be read.
    #[error("must write characters of the login that are special in URLs as %XX")]
    Login,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Standalone,
    Sentinel,
    Cluster,
}

impl Kind {
    const fn default_port(self) -> u16 {
        match self {
            Self::Standalone | Self::Cluster => 6379,
            Self::Sentinel => 26379,
        }
    }
}

fn kind_of(scheme: &str) -> Option<(Kind, bool)> {
    Some(match scheme {
        "redis" | "valkey" => (Kind::Standalone, false),
        "rediss" | "valkeys" => (Kind::Standalone, true),
        "redis-sentinel" => (Kind::Sentinel, false),
        "rediss-sentinel" => (Kind::Sentinel, true),
        "redis-cluster" => (Kind::Cluster, false),
        "rediss-cluster" => (Kind::Cluster, true),
        _ => return None,
    })
}

fn login_of(text: &str) -> Result<RedisLogin, InvalidRedisUrl> {
    let (user, password) = text.split_once(':').unwrap_or((text, ""));
    let (user, password) = (decoded(user)?, decoded(password)?);
    Ok(RedisLogin {
        user: Some(user.to_string()).filter(|user| !user.is_empty()),
        password: Some(RedisPassword::new(password)).filter(|one| !one.as_str().is_empty()),
    })
}

/// Undoes the escapes of a URL.
fn decoded(text: &str) -> Result<Zeroizing<String>, InvalidRedisUrl> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let mut digit = || rest.next().and_then(|byte| char::from(byte).to_digit(16));
            let (high, low) = (digit(), digit());
            let value = high.zip(low).map(|(high, low)| high * 16 + low);
            let value = value.and_then(|value| u8::try_from(value).ok());
            bytes.push(value.ok_or(InvalidRedisUrl::Login)?);
        } else {
            bytes.push(byte);
        }
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| InvalidRedisUrl::Login)?;
    Ok(Zeroizing::new(text.to_owned()))
}

fn addresses_of(text: &str, default_port: u16) -> Result<Vec<RedisAddress>, InvalidRedisUrl> {
    text.split(',')
        .map(|one| address_of(one, default_port).ok_or(InvalidRedisUrl::Address))
        .collect()
}

fn address_of(text: &str, default_port: u16) -> Option<RedisAddress> {
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (host, rest) = rest.split_once(']')?;
            (
                host,
                rest.strip_prefix(':').or(rest.is_empty().then_some(""))?,
            )
        }
        None => text.split_once(':').unwrap_or((text, "")),
    };
    let port = if port.is_empty() {
        default_port
    } else {
        port.parse().ok()?
    };
    let host = host.to_owned();
    (!host.is_empty() && port != 0).then_some(RedisAddress { host, port })
}

fn topology_of(
    kind: Kind,
    addresses: Vec<RedisAddress>,
    path: &str,
) -> Result<RedisTopology, InvalidRedisUrl> {
    match kind {
        Kind::Standalone => {
            let mut addresses = addresses.into_iter();
            let address = addresses.next().ok_or(InvalidRedisUrl::Address)?;
            if addresses.next().is_some() {
                return Err(InvalidRedisUrl::Several);
            }
            let database = database_of(path)?;
            Ok(RedisTopology::Standalone { address, database })
        }
        Kind::Sentinel => {
            let (name, database) = path.split_once('/').unwrap_or((path, ""));
            if name.is_empty() {
                return Err(InvalidRedisUrl::Name);
            }
            Ok(RedisTopology::Sentinel {
                sentinels: addresses,
                name: name.to_owned(),
                database: database_of(database)?,
            })
        }
        Kind::Cluster if path.is_empty() => Ok(RedisTopology::Cluster { nodes: addresses }),
        Kind::Cluster => Err(InvalidRedisUrl::Path),
    }
}

fn database_of(text: &str) -> Result<u16, InvalidRedisUrl> {
    if text.is_empty() {
        return Ok(0);
    }
    text.parse().map_err(|_| InvalidRedisUrl::Database)
}

/// Enough for the writes of a resource not to wait for those of others, and few enough to be read
/// four times a second.
const PARTITIONS: NonZeroU16 = NonZeroU16::new(16).unwrap();

#[cfg(test)]
mod tests;
