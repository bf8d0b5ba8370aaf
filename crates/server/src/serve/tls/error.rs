//! Why there is no TLS.

use std::{io, path::PathBuf};

use lanyard_token::ClockError;

use super::validity::Invalid;

/// Why there is no TLS.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TlsError {
    /// There is no place for what would be made.
    #[error(
        "--dev-tls keeps its certificate in a data directory, and with --redis there is none: name \
         one with --tls-cert and --tls-key"
    )]
    NoDataDirectory,
    /// A file that was named.
    #[error("cannot read `{}` ({source}): name a PEM file with {flag}", path.display())]
    Unreadable {
        /// The flag that names it.
        flag: &'static str,
        /// Which.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A file that holds something else.
    #[error("`{}` holds no {wanted}: name a PEM file that does with {flag}", path.display())]
    Lacking {
        /// The flag that names it.
        flag: &'static str,
        /// Which.
        path: PathBuf,
        /// What it should hold.
        wanted: &'static str,
    },
    /// The key is another certificate's.
    #[error(
        "the key in `{}` is not that of the certificate in `{}`: name the two that belong together \
         with --tls-cert and --tls-key; the server's own certificate comes first in its file",
        key.display(), cert.display()
    )]
    Mismatch {
        /// The certificate.
        cert: PathBuf,
        /// The key.
        key: PathBuf,
    },
    /// They are of no use for TLS.
    #[error(
        "the certificate in `{}` and the key in `{}` cannot be used ({source}): name others with \
         --tls-cert and --tls-key",
        cert.display(), key.display()
    )]
    Unusable {
        /// The certificate.
        cert: PathBuf,
        /// The key.
        key: PathBuf,
        /// Why not.
        source: rustls::Error,
    },
    /// Clients would refuse it.
    #[error("the certificate in `{}` is not valid: {source}", path.display())]
    Invalid {
        /// The certificate.
        path: PathBuf,
        /// Why not.
        source: Invalid,
    },
    /// What is made cannot be kept.
    #[error("cannot write `{}` for --dev-tls: {source}", path.display())]
    Dev {
        /// Where.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A certificate cannot be made.
    #[error("a certificate cannot be made: {0}")]
    Making(#[from] rcgen::Error),
    /// The clock.
    #[error(transparent)]
    Clock(#[from] ClockError),
    /// TLS itself.
    #[error("TLS cannot be set up: {0}")]
    Setup(#[from] rustls::Error),
}
