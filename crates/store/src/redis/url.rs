//! Servers and a login, written as a URL.

use std::str::FromStr;

use zeroize::Zeroizing;

use super::options::{RedisAddress, RedisLogin, RedisPassword, RedisServers, RedisTopology};

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

#[cfg(test)]
mod tests;
