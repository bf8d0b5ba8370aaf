//! What can be chosen for a store on Redis.

use std::{
    fs, io,
    num::NonZeroU16,
    path::{Path, PathBuf},
    time::Duration,
};

use clap::{Args, ValueEnum, value_parser};
use lanyard_store::redis::{
    RedisDurability, RedisLogin, RedisNamespace, RedisOptions, RedisPassword, RedisServers,
    RedisTls, RedisTopology, RedisUrl,
};
use zeroize::Zeroizing;

use super::redis_servers::{ServersArg, scheme};
use crate::text::without_byte_order_mark;

/// The flags of `lanyard serve` for a store on Redis. Each has an environment variable.
// All of them want the one that says where Redis is.
#[derive(Clone, Debug, Args)]
#[group(requires = "redis")]
pub(crate) struct RedisArgs {
    /// Keep everything on Redis, instead of in a data directory: redis://HOST:PORT,
    /// redis-sentinel://HOST:PORT,HOST:PORT,HOST:PORT/NAME or redis-cluster://HOST:PORT,HOST:PORT,
    /// and rediss, rediss-sentinel or rediss-cluster for TLS. A password may stand in the
    /// environment variable, never in the argument.
    #[arg(
        long,
        env = "LANYARD_REDIS",
        hide_env_values = true,
        value_name = "URL",
        conflicts_with = "data"
    )]
    redis: Option<ServersArg>,

    /// Where the first start on an empty store writes the first credentials. Later starts need none
    /// and leave it alone.
    #[arg(
        long,
        env = "LANYARD_BOOTSTRAP_FILE",
        value_name = "FILE",
        conflicts_with = "data"
    )]
    pub(super) bootstrap_file: Option<PathBuf>,

    /// The user that logs in at Redis. Default: Redis's default user.
    #[arg(
        long,
        env = "LANYARD_REDIS_USER",
        value_name = "NAME",
        conflicts_with = "data"
    )]
    redis_user: Option<String>,

    /// The file with that user's password, on its first line.
    #[arg(
        long,
        env = "LANYARD_REDIS_PASSWORD_FILE",
        value_name = "FILE",
        conflicts_with = "data"
    )]
    redis_password_file: Option<PathBuf>,

    /// The user that logs in at the sentinels, which have users of their own.
    #[arg(
        long,
        env = "LANYARD_REDIS_SENTINEL_USER",
        value_name = "NAME",
        conflicts_with = "data"
    )]
    redis_sentinel_user: Option<String>,

    /// The file with that user's password, on its first line.
    #[arg(
        long,
        env = "LANYARD_REDIS_SENTINEL_PASSWORD_FILE",
        value_name = "FILE",
        conflicts_with = "data"
    )]
    redis_sentinel_password_file: Option<PathBuf>,

    /// The authorities, in PEM, that Redis's certificates are checked against. Default: those that
    /// this machine trusts.
    #[arg(
        long,
        env = "LANYARD_REDIS_CA_FILE",
        value_name = "FILE",
        conflicts_with = "data"
    )]
    redis_ca_file: Option<PathBuf>,

    /// A certificate, in PEM, to show to Redis.
    // The URL as well, so that it is the first of what is told to be missing.
    #[arg(
        long,
        env = "LANYARD_REDIS_CERT_FILE",
        value_name = "FILE",
        requires_all = ["redis", "redis_key_file"],
        conflicts_with = "data"
    )]
    redis_cert_file: Option<PathBuf>,

    /// The key of that certificate, in PEM.
    #[arg(
        long,
        env = "LANYARD_REDIS_KEY_FILE",
        value_name = "FILE",
        requires = "redis_cert_file",
        conflicts_with = "data"
    )]
    redis_key_file: Option<PathBuf>,

    /// How many of Redis's replicas must have a write before it is acknowledged. All of them keeps
    /// everything whichever takes over. Must be said if there are any.
    #[arg(
        long,
        env = "LANYARD_REDIS_REPLICAS",
        value_name = "N",
        conflicts_with = "data"
    )]
    redis_replicas: Option<u32>,

    /// What becomes of what was acknowledged when Redis crashes.
    #[arg(
        long,
        env = "LANYARD_REDIS_DURABILITY",
        default_value = "always",
        value_name = "HOW",
        conflicts_with = "data"
    )]
    redis_durability: Durability,

    /// What all keys begin with, so that several stores can share a Redis: 1 to 32 lower-case
    /// letters, digits, `-` and `_`.
    #[arg(
        long,
        env = "LANYARD_REDIS_NAMESPACE",
        default_value = "lanyard",
        value_name = "NAME",
        conflicts_with = "data"
    )]
    redis_namespace: RedisNamespace,

    /// How many partitions a new store gets: 1 to 1024, for good. Default: 16. More of them let more
    /// servers of a Redis Cluster share the work.
    #[arg(long,
        env = "LANYARD_REDIS_PARTITIONS",
        value_name = "N",
        value_parser = value_parser!(u16).range(1..=1024), conflicts_with = "data")]
    redis_partitions: Option<u16>,

    /// How long Redis may take to answer: 10ms to 30s.
    #[arg(long,
        env = "LANYARD_REDIS_RESPONSE_TIMEOUT",
        default_value = "2s",
        value_name = "DURATION",
        value_parser = response_timeout, conflicts_with = "data")]
    redis_response_timeout: Duration,
}

/// What becomes of what was acknowledged when Redis crashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Durability {
    /// It is kept: a Redis that does not write to disk before it answers is refused.
    Always,
    /// It may be lost: Redis is taken as it is.
    Relaxed,
}

/// Why the flags make no sense together.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RedisArgsError {
    /// The same thing is said in two places.
    #[error("{flag} and --redis both name {what}; leave out one of them")]
    Twice {
        /// The flag.
        flag: &'static str,
        /// What they name.
        what: &'static str,
    },
    /// Certificates for a connection that is not encrypted.
    #[error("--redis-ca-file and --redis-cert-file are for TLS; begin the URL with {0}://")]
    NoTls(&'static str),
    /// A login at sentinels that there are none of.
    #[error("--redis-sentinel-user and --redis-sentinel-password-file are for redis-sentinel://")]
    NoSentinels,
    /// A file with a password.
    #[error("cannot read a password from `{}` ({flag}): {source}", path.display())]
    Password {
        /// The flag that names it.
        flag: &'static str,
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

impl RedisArgs {
    /// Whether the store is on Redis.
    pub(super) const fn is_chosen(&self) -> bool {
        self.redis.is_some()
    }

    /// What is chosen for a store on Redis, if one is.
    pub(super) fn options(&self) -> Result<Option<RedisOptions>, RedisArgsError> {
        let Some(ServersArg(RedisUrl { servers, login })) = self.redis.clone() else {
            return Ok(None);
        };
        let tls = self.tls(&servers)?;
        let sentinel_login = self.sentinel_login(&servers.topology)?;
        let mut options = RedisOptions::new(servers);
        options.login = self.login(login)?;
        options.sentinel_login = sentinel_login;
        options.tls = tls;
        options.replicas = self.redis_replicas;
        options.durability = match self.redis_durability {
            Durability::Always => RedisDurability::Always,
            Durability::Relaxed => RedisDurability::Relaxed,
        };
        options.namespace = self.redis_namespace.clone();
        options.partitions = self.partitions().unwrap_or(options.partitions);
        options.response_timeout = self.redis_response_timeout;
        Ok(Some(options))
    }

    /// How many partitions a new store shall have, if that was said.
    pub(super) fn partitions(&self) -> Option<NonZeroU16> {
        self.redis_partitions.and_then(NonZeroU16::new)
    }

    fn login(&self, in_url: RedisLogin) -> Result<RedisLogin, RedisArgsError> {
        let password = password(FLAG, self.redis_password_file.as_deref())?;
        if password.is_some() && in_url.password.is_some() {
            return Err(twice(FLAG, "a password"));
        }
        if self.redis_user.is_some() && in_url.user.is_some() {
            return Err(twice("--redis-user", "a user"));
        }
        Ok(RedisLogin {
            user: self.redis_user.clone().or(in_url.user),
            password: password.or(in_url.password),
        })
    }

    fn sentinel_login(&self, topology: &RedisTopology) -> Result<RedisLogin, RedisArgsError> {
        let user = self.redis_sentinel_user.clone();
        let password = password(
            "--redis-sentinel-password-file",
            self.redis_sentinel_password_file.as_deref(),
        )?;
        let is_said = user.is_some() || password.is_some();
        if is_said && !matches!(topology, RedisTopology::Sentinel { .. }) {
            return Err(RedisArgsError::NoSentinels);
        }
        Ok(RedisLogin { user, password })
    }

    fn tls(&self, servers: &RedisServers) -> Result<RedisTls, RedisArgsError> {
        let certificate = self.redis_cert_file.clone();
        let tls = RedisTls {
            ca_file: self.redis_ca_file.clone(),
            client_files: certificate.zip(self.redis_key_file.clone()),
        };
        let is_said = tls.ca_file.is_some() || tls.client_files.is_some();
        if is_said && !servers.tls {
            return Err(RedisArgsError::NoTls(scheme(&servers.topology, true)));
        }
        Ok(tls)
    }
}

const fn twice(flag: &'static str, what: &'static str) -> RedisArgsError {
    RedisArgsError::Twice { flag, what }
}

/// The first line of the file. What follows it, an editor may have put there.
fn password(
    flag: &'static str,
    path: Option<&Path>,
) -> Result<Option<RedisPassword>, RedisArgsError> {
    let Some(path) = path else { return Ok(None) };
    let failed = |source| RedisArgsError::Password {
        flag,
        path: path.to_owned(),
        source,
    };
    let text = Zeroizing::new(fs::read_to_string(path).map_err(failed)?);
    let line = without_byte_order_mark(&text);
    let line = line.lines().next().unwrap_or_default();
    if line.is_empty() {
        return Err(failed(io::Error::other("its first line is empty")));
    }
    if line.trim() != line {
        let path = path.display();
        tracing::warn!(%path, "the password begins or ends with white space, which is a part of it");
    }
    Ok(Some(RedisPassword::new(Zeroizing::new(line.to_owned()))))
}

fn response_timeout(text: &str) -> Result<Duration, String> {
    let timeout = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    if (SHORTEST_TIMEOUT..=LONGEST_TIMEOUT).contains(&timeout) {
        Ok(timeout)
    } else {
        Err("must be 10ms to 30s".to_owned())
    }
}

const FLAG: &str = "--redis-password-file";
/// Below this, a healthy server would be taken for one that is away.
const SHORTEST_TIMEOUT: Duration = Duration::from_millis(10);
/// Half of the age at which an authority's own list is too old to issue from.
const LONGEST_TIMEOUT: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests;
