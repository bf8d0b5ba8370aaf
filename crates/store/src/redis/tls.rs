//! The TLS configuration of the connections to the servers.

use std::{
    fmt, fs, io,
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
use zeroize::Zeroizing;

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
    let pem = pem_in(file)?;
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    let certificates = read.map_err(|source| invalid(file, source))?;
    if certificates.is_empty() {
        return Err(invalid(file, "no PEM certificate found"));
    }
    Ok(certificates)
}

fn key_in(file: &Path) -> Result<PrivateKeyDer<'static>, RedisTlsError> {
    PrivateKeyDer::from_pem_slice(&pem_in(file)?).map_err(|source| invalid(file, source))
}

/// The file without the byte order mark of some editors, which would hide the first line.
fn pem_in(file: &Path) -> Result<Zeroizing<Vec<u8>>, RedisTlsError> {
    let read = fs::read(file).map(Zeroizing::new);
    let pem = read.map_err(|source| invalid(file, source))?;
    let pem = pem.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&pem);
    Ok(Zeroizing::new(pem.to_vec()))
}

fn invalid(path: &Path, reason: impl fmt::Display) -> RedisTlsError {
    RedisTlsError::File {
        path: path.to_owned(),
        reason: reason.to_string(),
    }
}

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

#[cfg(test)]
mod tests {
    use super::*;

    const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";

    #[test]
    fn a_file_without_a_certificate_is_refused_with_its_path() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("ca.pem");
        assert!(
            certificates_in(&path)
                .unwrap_err()
                .to_string()
                .contains("ca.pem")
        );
        for text in ["", "\n", "no certificate", "-----BEGIN CERTIFICATE-----\n"] {
            fs::write(&path, text).unwrap();
            let refused = certificates_in(&path).unwrap_err().to_string();
            assert!(refused.contains("ca.pem"), "{text}: {refused}");
        }
    }

    #[test]
    fn a_byte_order_mark_and_line_ends_of_any_kind_are_accepted() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("ca.pem");
        let windows = CERTIFICATE.replace('\n', " \r\n");
        for text in [CERTIFICATE, &windows, &format!("\u{feff}{CERTIFICATE}")] {
            fs::write(&path, text).unwrap();
            assert_eq!(certificates_in(&path).unwrap().len(), 1, "{text:?}");
        }
    }
}
