//! A certificate and its key, out of PEM files.

use std::{fs, path::Path};

use rustls::{
    Error, InconsistentKeys,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    sign::CertifiedKey,
};
use zeroize::Zeroizing;

use super::{error::TlsError, provider};
use crate::text::bytes_without_byte_order_mark;

/// Reads the pair that the flags name.
pub(super) fn given(cert: &Path, key: &Path) -> Result<CertifiedKey, TlsError> {
    let chain = chain(cert)?;
    let private = private_key(key)?;
    CertifiedKey::from_der(chain, private, &provider()).map_err(|error| {
        let (cert, key) = (cert.to_owned(), key.to_owned());
        match error {
            Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => {
                TlsError::Mismatch { cert, key }
            }
            source => TlsError::Unusable { cert, key, source },
        }
    })
}

/// The certificate alone, with those above it.
pub(super) fn chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let lacking = || TlsError::Lacking {
        flag: CERT,
        path: path.to_owned(),
        wanted: "certificate",
    };
    let pem = read(CERT, path)?;
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    chain
        .ok()
        .filter(|chain| !chain.is_empty())
        .ok_or_else(lacking)
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    let pem = read(KEY, path)?;
    PrivateKeyDer::from_pem_slice(&pem).map_err(|_| TlsError::Lacking {
        flag: KEY,
        path: path.to_owned(),
        wanted: "private key without a password",
    })
}

fn read(flag: &'static str, path: &Path) -> Result<Zeroizing<Vec<u8>>, TlsError> {
    let read = fs::read(path).map(Zeroizing::new);
    let read = read.map(|pem| Zeroizing::new(bytes_without_byte_order_mark(&pem).to_vec()));
    read.map_err(|source| TlsError::Unreadable {
        flag,
        path: path.to_owned(),
        source,
    })
}

const CERT: &str = "--tls-cert";
const KEY: &str = "--tls-key";

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use rcgen::{CertifiedKey as Made, KeyPair, generate_simple_self_signed};
    use tempfile::TempDir;

    use super::*;

    struct Files {
        directory: TempDir,
        made: Made<KeyPair>,
    }

    impl Files {
        fn new() -> Self {
            Self {
                directory: tempfile::tempdir().unwrap(),
                made: generate_simple_self_signed(["localhost".to_owned()]).unwrap(),
            }
        }

        fn with(&self, name: &str, content: &str) -> PathBuf {
            let path = self.directory.path().join(name);
            fs::write(&path, content).unwrap();
            path
        }

        fn cert(&self) -> PathBuf {
            self.with("cert.pem", &self.made.cert.pem())
        }

        fn key(&self) -> PathBuf {
            self.with("key.pem", &self.made.signing_key.serialize_pem())
        }
    }

    #[test]
    fn a_certificate_and_its_key_are_taken_with_what_follows_the_certificate() {
        let (files, other) = (Files::new(), Files::new());
        assert_eq!(given(&files.cert(), &files.key()).unwrap().cert.len(), 1);
        let chain = format!("{}{}", files.made.cert.pem(), other.made.cert.pem());
        let chain = files.with("chain.pem", &chain);
        assert_eq!(given(&chain, &files.key()).unwrap().cert.len(), 2);
    }

    #[test]
    fn a_key_of_another_certificate_is_refused_and_both_files_are_named() {
        let (files, other) = (Files::new(), Files::new());
        let (cert, key) = (files.cert(), other.key());
        let refused = given(&cert, &key).unwrap_err();
        assert!(matches!(refused, TlsError::Mismatch { .. }));
        let told = refused.to_string();
        for path in [&cert, &key] {
            assert!(told.contains(&path.display().to_string()), "{told}");
        }
        // The right certificate is there, but not where the server's own is looked for.
        let turned = format!("{}{}", other.made.cert.pem(), files.made.cert.pem());
        let turned = files.with("turned.pem", &turned);
        let refused = given(&turned, &files.key()).unwrap_err();
        assert!(matches!(refused, TlsError::Mismatch { .. }));
    }

    #[test]
    fn a_file_that_is_not_what_its_flag_asks_for_is_named_with_that_flag() {
        let files = Files::new();
        let (cert, key, empty) = (files.cert(), files.key(), files.with("empty", ""));
        let missing = files.directory.path().join("missing");
        for (cert, key, flag) in [
            (&missing, &key, CERT),
            (&cert, &missing, KEY),
            (&key, &key, CERT),
            (&cert, &cert, KEY),
            (&empty, &key, CERT),
            (&cert, &empty, KEY),
        ] {
            let told = given(cert, key).unwrap_err().to_string();
            assert!(told.ends_with(flag), "{told}");
        }
    }

    #[test]
    fn what_only_looks_like_a_certificate_is_refused() {
        let files = Files::new();
        let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        let broken = files.with("broken.pem", broken);
        let refused = given(&broken, &files.key()).unwrap_err();
        assert!(matches!(refused, TlsError::Unusable { .. }), "{refused}");
    }
}
