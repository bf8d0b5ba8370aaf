//! Where the data is, and the files of this machine that go with it.

use std::{
    fmt,
    path::{self, Path, PathBuf},
};

use lanyard_authority::BootstrapError;
use lanyard_store::redis::{RedisDurability, RedisOptions};

use super::{
    args::ServeArgs, bootstrap_file::BootstrapFile, error::ServeError, files, redis_servers,
};

/// Where the data is, and the files of this machine that go with it.
#[derive(Clone, Debug)]
pub(super) struct Home {
    pub(super) data: Data,
    /// The key that stored secrets are sealed under.
    pub(super) master_key: PathBuf,
    /// Where the first credentials go, if that was said.
    pub(super) bootstrap: Option<BootstrapFile>,
}

/// Where the data is. Prints with the word before it that a sentence needs.
#[derive(Clone, Debug)]
pub(super) enum Data {
    /// In a directory of this machine.
    Directory(PathBuf),
    /// On Redis.
    Redis {
        /// The servers.
        servers: String,
        /// Whether they may lose what was acknowledged.
        may_lose: bool,
    },
}

impl Home {
    pub(super) fn in_directory(args: &ServeArgs) -> Self {
        let master_key = args.master_key_file.clone();
        Self {
            data: Data::Directory(args.data.clone()),
            master_key: master_key.unwrap_or_else(|| args.data.join(files::MASTER_KEY)),
            bootstrap: Some(BootstrapFile::new(args.data.join(files::BOOTSTRAP))),
        }
    }

    pub(super) fn on_redis(args: &ServeArgs, options: &RedisOptions, master_key: &Path) -> Self {
        Self {
            data: Data::Redis {
                servers: redis_servers::shown(&options.servers),
                may_lose: options.durability == RedisDurability::Relaxed,
            },
            master_key: master_key.to_owned(),
            bootstrap: args.redis.bootstrap_file.clone().map(BootstrapFile::new),
        }
    }

    /// Why an empty store is not made one that is of use. Either nobody has said where its first
    /// credentials shall go, or there are credentials already, of a store that is not this one.
    pub(super) fn not_for_a_first_start(&self) -> ServeError {
        let data = self.data.to_string();
        match &self.bootstrap {
            None => ServeError::NoBootstrapFile { data },
            Some(file) => ServeError::Replaced {
                path: file.path().to_owned(),
                data,
            },
        }
    }

    /// Why the first start did not come through.
    pub(super) fn not_ready(&self, source: BootstrapError) -> ServeError {
        ServeError::Bootstrap {
            data: self.data.to_string(),
            source,
        }
    }

    /// Where commands on this machine read where this process is called. Without a data directory
    /// they are told by a flag.
    pub(super) fn endpoint_file(&self) -> Option<PathBuf> {
        match &self.data {
            Data::Directory(directory) => Some(directory.join("endpoint")),
            Data::Redis { .. } => None,
        }
    }
}

impl fmt::Display for Data {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Directory(directory) => write!(f, "in {}", directory.display()),
            Self::Redis { servers, .. } => write!(f, "on {servers}"),
        }
    }
}

/// The path from the root, since it may be used from elsewhere.
pub(super) fn absolute(path: &Path) -> PathBuf {
    path::absolute(path).unwrap_or_else(|_| path.to_owned())
}
