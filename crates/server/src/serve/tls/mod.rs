//! TLS on the service port.
//!
//! The certificate is either given, or made here under an authority of this data directory's own,
//! so that a program that speaks nothing but TLS can be tried on one machine. gRPC and HTTP/1.1
//! share the port, as they do without TLS, and a plain port takes none of this in.
//!
//! | file | idea |
//! |---|---|
//! | `args` | what can be chosen |
//! | `pair` | a certificate and its key, out of PEM files |
//! | `dev` | a local certificate authority, and a certificate under it |
//! | `trust` | how other programs are made to believe it |
//! | `renewal` | what is served with, and what becomes of it when its files change |
//! | `validity` | whether a certificate is valid at a time |
//! | `incoming` | from connections to handshakes to what is served |
//! | `error` | why there is no TLS |

mod args;
mod dev;
mod error;
mod incoming;
mod pair;
mod renewal;
mod trust;
mod validity;

use std::{fmt, path::PathBuf, sync::Arc};

use lanyard_token::{Clock as _, SystemClock};
use prometheus_client::{collector::Collector, encoding::DescriptorEncoder};
use rustls::{
    ServerConfig,
    crypto::{CryptoProvider, aws_lc_rs},
    sign::CertifiedKey,
};
use tokio_rustls::TlsAcceptor;

pub(super) use self::trust::Trust;
pub(crate) use self::{args::TlsArgs, dev::CA_IN_DATA, error::TlsError};
use self::{
    dev::DevTls,
    renewal::{Current, Files, Renewal},
};
use super::{
    home::{Data, Home},
    metrics::Page,
};

/// What the flags say of TLS, with the files that they name read.
pub(super) enum Chosen {
    /// None.
    Plain,
    /// With the certificate in these files.
    Given(Files, CertifiedKey),
    /// With one that is made in the data directory.
    Dev,
}

/// TLS that is ready for connections.
pub(super) struct Tls {
    acceptor: TlsAcceptor,
    /// The certificate of the authority that was made here, if one was.
    pub(super) dev_ca: Option<PathBuf>,
    /// What looks after the files, if there are any.
    pub(super) renewal: Option<Renewal>,
    current: Arc<Current>,
}

impl Chosen {
    pub(super) const fn is_tls(&self) -> bool {
        !matches!(self, Self::Plain)
    }

    /// Makes ready what was chosen. The store must be open, because that makes this process the only
    /// one that makes files in its directory.
    pub(super) fn ready(self, home: &Home) -> Result<Option<Tls>, TlsError> {
        match (self, &home.data) {
            (Self::Plain, _) => Ok(None),
            (Self::Given(files, key), _) => Tls::given(files, key).map(Some),
            (Self::Dev, Data::Directory(data)) => {
                let dev = DevTls::in_data(data);
                let key = dev.certificate(SystemClock.wall()?)?;
                Tls::made(key, dev.ca_file()).map(Some)
            }
            (Self::Dev, Data::Redis { .. }) => Err(TlsError::NoDataDirectory),
        }
    }
}

impl Tls {
    fn given(files: Files, key: CertifiedKey) -> Result<Self, TlsError> {
        let current = Arc::new(Current::new(key));
        Ok(Self {
            acceptor: acceptor(Arc::clone(&current))?,
            dev_ca: None,
            renewal: Some(Renewal::new(files, Arc::clone(&current))),
            current,
        })
    }

    fn made(key: CertifiedKey, ca: PathBuf) -> Result<Self, TlsError> {
        let current = Arc::new(Current::new(key));
        Ok(Self {
            acceptor: acceptor(Arc::clone(&current))?,
            dev_ca: Some(ca),
            renewal: None,
            current,
        })
    }
}

/// How many certificates were not taken, as a metric.
#[derive(Debug)]
pub(super) struct CertificateNumbers(Arc<Current>);

impl Tls {
    pub(super) fn numbers(&self) -> CertificateNumbers {
        CertificateNumbers(Arc::clone(&self.current))
    }
}

impl Collector for CertificateNumbers {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        Page::of(encoder).counter(
            "tls_certificates_refused",
            "Certificates in the files of TLS that were not taken",
            self.0.refused(),
        )
    }
}

fn acceptor(current: Arc<Current>) -> Result<TlsAcceptor, TlsError> {
    let builder = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()?
        .with_no_client_auth();
    let mut config = builder.with_cert_resolver(current);
    config.alpn_protocols = ALPN.map(<[u8]>::to_vec).to_vec();
    Ok(Arc::new(config).into())
}

/// One library of cryptography for the whole program, named here rather than installed for it.
fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

/// What may be spoken within, the better one first.
const ALPN: [&[u8]; 2] = [b"h2", b"http/1.1"];
