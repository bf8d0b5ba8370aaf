//! Why the authority does not serve.

use std::{error::Error as _, fmt, io, iter, net::SocketAddr, path::PathBuf};

use lanyard_authority::{BootstrapError, Error};
use lanyard_store::{StoreError, embedded::OpenError, redis::RedisOpenError};

use super::{
    bootstrap_file::BootstrapFileError, files::LostStoreError, master_key::KeyFileError,
    redis_args::RedisArgsError, rest_args::NamesTooLong, tls::TlsError,
};

/// Why the authority does not serve.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ServeError {
    /// A port beyond this machine without TLS.
    #[error(
        "{flag} {address} is reachable from other machines, and what is served there is not \
         encrypted; listen on 127.0.0.1, name a certificate with --tls-cert and --tls-key, or say \
         --plaintext if something in front encrypts"
    )]
    NotLoopback {
        /// The flag that names it.
        flag: &'static str,
        /// Where.
        address: SocketAddr,
    },
    /// A port that cannot be had.
    #[error("cannot listen on {address}: {source}; choose another with {flag}")]
    Listen {
        /// The flag that names it.
        flag: &'static str,
        /// Where.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// The store.
    #[error(transparent)]
    Store(#[from] OpenError),
    /// What is said of the claims of tokens.
    #[error(transparent)]
    AcsClaims(#[from] NamesTooLong),
    /// What is said of Redis.
    #[error(transparent)]
    RedisArgs(#[from] RedisArgsError),
    /// Without a data directory there is no place that the master key is in by itself.
    #[error(
        "--redis needs --master-key-file: all processes on one store share the key that its \
         secrets are sealed under"
    )]
    NoMasterKeyFile,
    /// Nobody has said where the first credentials go.
    #[error(
        "the store {data} is empty; say with --bootstrap-file where this first start shall write \
         its credentials"
    )]
    NoBootstrapFile {
        /// Where the store is.
        data: String,
    },
    /// There are credentials, and the store that they are for is not the one that is there.
    #[error(
        "`{}` has the credentials of a store, and the one {data} is empty; restore that from a \
         backup, or use another directory or file for a new store: the credentials are of no use \
         without their store, and cannot be made again",
        path.display()
    )]
    Replaced {
        /// The credentials.
        path: PathBuf,
        /// Where the store is.
        data: String,
    },
    /// The first credentials.
    #[error(transparent)]
    BootstrapFile(#[from] BootstrapFileError),
    /// The store on Redis.
    #[error("the store {data} cannot be opened: {source}")]
    Redis {
        /// Where it is.
        data: String,
        /// Why not.
        source: RedisOpenError,
    },
    /// The store was there and is gone.
    #[error(transparent)]
    LostStore(#[from] LostStoreError),
    /// The master key.
    #[error(transparent)]
    MasterKey(#[from] KeyFileError),
    /// TLS.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The first start.
    #[error("the store {data} cannot be made ready: {source}")]
    Bootstrap {
        /// Where it is.
        data: String,
        /// Why not.
        source: BootstrapError,
    },
    /// The authority.
    #[error(transparent)]
    Authority(#[from] Error),
    /// The store, after it was opened.
    #[error("the store {data} failed: {source}")]
    StoreFailed {
        /// Where it is.
        data: String,
        /// The cause.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The system refuses an operation that every process needs.
    #[error("cannot {operation}: {source}")]
    System {
        /// The operation.
        operation: &'static str,
        /// The cause.
        source: io::Error,
    },
    /// The reflection service.
    #[error("the descriptors cannot be served: {0}")]
    Reflection(#[from] prost::DecodeError),
    /// The service port.
    #[error("the service port is not served any more; the log tells more, start again")]
    ServicePort,
    /// The admin port.
    #[error("the admin port is not served any more; the log tells more, start again")]
    AdminPort,
    /// A background task, without which the revocation list goes stale.
    #[error("a background task has failed; the log tells more, start again")]
    Upkeep,
}

impl ServeError {
    /// The error with the place of the store, if it is one of the store that does not name it.
    pub(super) fn at(self, data: &impl fmt::Display) -> Self {
        let is_of_store = match &self {
            Self::Authority(error) => {
                let mut causes = iter::successors(error.source(), |cause| (*cause).source());
                causes.any(<dyn std::error::Error>::is::<StoreError>)
            }
            Self::Store(OpenError::Store(_) | OpenError::OtherLayout { .. }) => true,
            _ => false,
        };
        let data = data.to_string();
        match self {
            Self::Authority(source) if is_of_store => Self::StoreFailed {
                data,
                source: source.into(),
            },
            Self::Store(source) if is_of_store => Self::StoreFailed {
                data,
                source: source.into(),
            },
            other => other,
        }
    }

    /// The error of an operation of the system.
    pub(crate) fn system<E: Into<io::Error>>(operation: &'static str) -> impl Fn(E) -> Self {
        move |source| Self::System {
            operation,
            source: source.into(),
        }
    }
}
