//! Connections over TLS, and certificates to offer.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{CertificateParams, KeyPair};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::aws_lc_rs::default_provider;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{ClientConfig, ProtocolVersion, RootCertStore};

use super::{Data, Server};

/// A client of TLS that trusts what it is told to.
pub(crate) struct TlsClient {
    roots: RootCertStore,
    pub(crate) name: &'static str,
    pub(crate) alpn: &'static [&'static str],
    pub(crate) version: ProtocolVersion,
}

impl TlsClient {
    /// Trusts what `--dev-tls` has made in a data directory.
    pub(crate) fn of(data: &Data) -> Self {
        Self::believing(&data.dev_ca_path())
    }

    /// Trusts what is in a file.
    pub(crate) fn believing(file: &Path) -> Self {
        let ca = CertificateDer::from_pem_file(file);
        let mut client = Self::believing_nobody();
        client
            .roots
            .add(ca.expect("a certificate"))
            .expect("a root");
        client
    }

    /// Trusts nobody.
    pub(crate) fn believing_nobody() -> Self {
        Self {
            roots: RootCertStore::empty(),
            name: "localhost",
            alpn: &["h2", "http/1.1"],
            version: ProtocolVersion::TLSv1_3,
        }
    }

    /// Connects to a server and shakes hands with it.
    pub(crate) async fn connect(&self, server: &Server) -> io::Result<TlsStream<TcpStream>> {
        let versions = match self.version {
            ProtocolVersion::TLSv1_2 => [&TLS12],
            _ => [&TLS13],
        };
        let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_protocol_versions(&versions)
            .expect("a version");
        let config = config.with_root_certificates(self.roots.clone());
        let mut config = config.with_no_client_auth();
        config.alpn_protocols = self
            .alpn
            .iter()
            .map(|name| name.as_bytes().to_vec())
            .collect();
        let name = ServerName::try_from(self.name).expect("a name");
        let connection = plain(server).await;
        TlsConnector::from(Arc::new(config))
            .connect(name, connection)
            .await
    }
}

/// A connection to the port of a server that serves TLS, without TLS.
pub(crate) async fn plain(server: &Server) -> TcpStream {
    let authority = server.endpoint().strip_prefix("https://").expect("TLS");
    TcpStream::connect(authority).await.expect("a connection")
}

/// A certificate of one's own, as files beside a data directory: the certificate and its key.
pub(crate) fn own_certificate(data: &Data, name: &str) -> (PathBuf, PathBuf) {
    own_certificate_for(data, name, &["localhost", "127.0.0.1"])
}

/// The same for these hosts alone.
pub(crate) fn own_certificate_for(data: &Data, name: &str, hosts: &[&str]) -> (PathBuf, PathBuf) {
    let (cert, key) = (
        data.beside(&format!("{name}.pem")),
        data.beside(&format!("{name}.key")),
    );
    let pair = KeyPair::generate().expect("a key");
    let hosts: Vec<_> = hosts.iter().map(|&host| host.to_owned()).collect();
    let made = CertificateParams::new(hosts)
        .expect("names")
        .self_signed(&pair);
    std::fs::write(&cert, made.expect("a certificate").pem()).expect("a file");
    std::fs::write(&key, pair.serialize_pem()).expect("a file");
    (cert, key)
}
