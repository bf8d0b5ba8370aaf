//! The TLS configuration of the connections to the servers.

use std::{
    fmt, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use rustls::{
    ClientConfig, RootCertStore,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject as _},
};
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::options::{RedisOptions, RedisTls};

/// Opens TLS sessions.
#[derive(Clone)]
pub(super) struct Tls(TlsConnector);

impl Tls {
    /// Reads the files of the options. `None` where the servers speak no TLS.
    pub(super) fn new(options: &RedisOptions) -> Result<Option<Self>, RedisTlsError> {
        if !options.servers.tls {
            return Ok(None);
        }
        let RedisTls {
            ca_file,
            client_files,
        } = &options.tls;
        let roots = match ca_file {
            Some(file) => roots_in(file)?,
            None => system_roots(),
        };
        let provider = Arc::new(aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(RedisTlsError::Config)?
            .with_root_certificates(roots);
        let config = match client_files {
            None => builder.with_no_client_auth(),
            Some((certificate, key)) => builder
                .with_client_auth_cert(certificates_in(certificate)?, key_in(key)?)
                .map_err(|source| invalid(certificate, source))?,
        };
        Ok(Some(Self(TlsConnector::from(Arc::new(config)))))
    }

    /// Opens a session over a connection to that host.
    pub(super) async fn handshake(
        &self,
        host: &str,
        socket: TcpStream,
    ) -> io::Result<TlsStream<TcpStream>> {
        let name = ServerName::try_from(host.to_owned());
        let name = name.map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
        self.0.connect(name, socket).await
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").finish_non_exhaustive()
    }
}

/// Why the TLS configuration could not be made.
#[derive(Debug, thiserror::Error)]
pub enum RedisTlsError {
    /// A file is not readable, or not of the form that it should have.
    #[error("could not read `{}` for TLS with Redis: {reason}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The cause.
        reason: String,
    },
    /// The TLS library refuses the configuration.
    #[error("could not configure TLS with Redis: {0}")]
    Config(#[source] rustls::Error),
}

fn roots_in(file: &Path) -> Result<RootCertStore, RedisTlsError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates_in(file)? {
        let added = roots.add(certificate);
        added.map_err(|source| invalid(file, source))?;
    }
    Ok(roots)
}

/// The certificates that the machine trusts, as far as they can be read.
fn system_roots() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(found.certs);
    roots
}

fn certificates_in(file: &Path) -> Result<Vec<CertificateDer<'static>>, RedisTlsError> {
    let read = CertificateDer::pem_file_iter(file).and_then(Iterator::collect);
    let certificates: Vec<_> = read.map_err(|source| invalid(file, source))?;
    if certificates.is_empty() {
        return Err(invalid(file, "no PEM certificate found"));
    }
    Ok(certificates)
}

fn key_in(file: &Path) -> Result<PrivateKeyDer<'static>, RedisTlsError> {
    PrivateKeyDer::from_pem_file(file).map_err(|source| invalid(file, source))
}

fn invalid(path: &Path, reason: impl fmt::Display) -> RedisTlsError {
    RedisTlsError::File {
        path: path.to_owned(),
        reason: reason.to_string(),
    }
}
