//! What can be chosen for TLS.

use std::path::PathBuf;

use clap::Args;

use super::{Chosen, error::TlsError, pair, renewal::Files};
use crate::serve::args::switch;

/// The flags of `lanyard serve` for TLS. Each has an environment variable.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct TlsArgs {
    /// Serve TLS with the certificate in this PEM file: the server's own first, then those that
    /// lead to the authority which signed it.
    #[arg(
        long,
        env = "LANYARD_TLS_CERT",
        value_name = "FILE",
        requires = "tls_key",
        conflicts_with = "dev_tls"
    )]
    tls_cert: Option<PathBuf>,

    /// The private key of that certificate, in PEM and not encrypted.
    #[arg(
        long,
        env = "LANYARD_TLS_KEY",
        value_name = "FILE",
        requires = "tls_cert",
        conflicts_with = "dev_tls"
    )]
    tls_key: Option<PathBuf>,

    /// Serve TLS with a certificate for localhost that is made here, under a certificate authority
    /// of the data directory's own. What is printed then says how to trust it.
    #[arg(long, env = "LANYARD_DEV_TLS", value_parser = switch)]
    dev_tls: bool,
}

impl TlsArgs {
    /// Reads the files, before anything is opened or made.
    pub(in crate::serve) fn chosen(&self, on_redis: bool) -> Result<Chosen, TlsError> {
        let given = self.tls_cert.as_deref().zip(self.tls_key.as_deref());
        match (given, self.dev_tls) {
            (None, false) => Ok(Chosen::Plain),
            (Some((cert, key)), _) => {
                let read = pair::given(cert, key)?;
                let (cert, key) = (cert.to_owned(), key.to_owned());
                Ok(Chosen::Given(Files { cert, key }, read))
            }
            (None, true) if on_redis => Err(TlsError::NoDataDirectory),
            (None, true) => Ok(Chosen::Dev),
        }
    }
}
