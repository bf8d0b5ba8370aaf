//! A certificate for one server, and an authority that signs nothing else.

use std::fs;
use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose,
};

/// Where a server finds what it needs to speak TLS, and its clients whom to trust.
pub(crate) struct Files {
    authority: PathBuf,
    certificate: PathBuf,
    key: PathBuf,
}

impl Files {
    /// Makes the keys and certificates, in this directory.
    pub(crate) fn new(home: &Path) -> Self {
        let (authority, key) = (new_authority(), new_key());
        let names = ["127.0.0.1", "localhost"].map(str::to_owned);
        let server = CertificateParams::new(names).expect("two names");
        let server = server.signed_by(&key, &authority).expect("a certificate");
        Self {
            authority: written(home, "authority.pem", &authority.pem()),
            certificate: written(home, "server.pem", &server.pem()),
            key: written(home, "server.key", &key.serialize_pem()),
        }
    }

    /// The configuration of a server that speaks TLS on this port, to clients without certificates.
    pub(crate) fn listen(&self, port: u16) -> String {
        let Self {
            authority,
            certificate,
            key,
        } = self;
        [
            "port 0".to_owned(),
            format!("tls-port {port}"),
            format!("tls-ca-cert-file {}", authority.display()),
            format!("tls-cert-file {}", certificate.display()),
            format!("tls-key-file {}", key.display()),
            "tls-auth-clients no".to_owned(),
        ]
        .join("\n")
    }

    /// The certificate of the authority.
    pub(crate) fn into_authority(self) -> PathBuf {
        self.authority
    }
}

fn new_authority() -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let name = "The authority of one server of a test";
    params.distinguished_name.push(DnType::CommonName, name);
    CertifiedIssuer::self_signed(params, new_key()).expect("an authority")
}

fn new_key() -> KeyPair {
    KeyPair::generate().expect("a key")
}

fn written(home: &Path, name: &str, pem: &str) -> PathBuf {
    let path = home.join(name);
    fs::write(&path, pem).expect("a file");
    path
}
