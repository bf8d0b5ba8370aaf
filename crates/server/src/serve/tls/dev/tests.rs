//! The files of `--dev-tls` over several starts.

use std::os::unix::fs::PermissionsExt as _;

use tempfile::TempDir;

use super::*;

struct DevFiles {
    data: TempDir,
}

impl DevFiles {
    fn new() -> Self {
        Self {
            data: tempfile::tempdir().unwrap(),
        }
    }

    fn dev(&self) -> DevTls {
        DevTls::in_data(self.data.path())
    }

    fn start(&self, now: UnixTime) -> CertifiedKey {
        self.dev().certificate(now).unwrap()
    }

    fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.dev().directory.join(name)).unwrap()
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.dev().directory).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<_> = names.collect();
        names.sort_unstable();
        names
    }

    fn is_trusted(&self, key: &CertifiedKey, then: UnixTime) -> bool {
        let ca = CertificateDer::from_pem_file(self.dev().ca_file()).unwrap();
        serves(key, &ca, then)
    }
}

/// The time from which a certificate of now is replaced.
fn renewal() -> UnixTime {
    NOW.saturating_add(SERVER_LIFETIME)
        .saturating_sub(RENEW_BEFORE)
}

#[test]
fn the_first_start_makes_a_certificate_that_clients_trust_and_keeps_no_key_of_the_ca() {
    let files = DevFiles::new();
    let made = files.start(NOW);
    assert!(files.is_trusted(&made, NOW));
    assert!(files.dev().ca_file().ends_with(CA_IN_DATA));
    assert_eq!(files.names(), [CA, SERVER_KEY, SERVER]);
    let key = fs::metadata(files.dev().directory.join(SERVER_KEY)).unwrap();
    assert_eq!(key.permissions().mode() & 0o777, 0o600);
}

#[test]
fn later_starts_use_the_same_certificates_until_the_server_certificate_expires_soon() {
    let files = DevFiles::new();
    let (first, ca) = (files.start(NOW), files.read(CA));
    let later = renewal().saturating_sub(DAY);
    assert_eq!(files.start(later).cert, first.cert);
    assert_eq!(files.read(CA), ca);
    let second = files.start(renewal().saturating_add(DAY));
    assert_ne!(second.cert, first.cert);
    assert_ne!(files.read(CA), ca);
    let after = NOW.saturating_add(SERVER_LIFETIME + DAY);
    assert!(files.is_trusted(&second, after));
}

#[test]
fn certificates_of_a_clock_that_was_ahead_are_replaced_once_the_clock_is_right() {
    let files = DevFiles::new();
    let early = files.start(NOW.saturating_add(DAY * 30));
    assert!(!files.is_trusted(&early, NOW));
    assert!(files.is_trusted(&files.start(NOW), NOW));
    // Some clients check the dates of a CA, and the one of these tests does not.
    let der = CertificateDer::from_pem_file(files.dev().ca_file()).unwrap();
    for date in ["200101000000Z", "20700101000000Z"] {
        let is_there = der.windows(date.len()).any(|at| at == date.as_bytes());
        assert!(is_there, "{date}");
    }
}

#[test]
fn damaged_and_lost_files_are_replaced() {
    for name in [CA, SERVER, SERVER_KEY] {
        for content in [None, Some("")] {
            let files = DevFiles::new();
            files.start(NOW);
            let path = files.dev().directory.join(name);
            match content {
                None => fs::remove_file(&path).unwrap(),
                Some(text) => fs::write(&path, text).unwrap(),
            }
            assert!(files.is_trusted(&files.start(NOW), NOW), "{name}");
        }
    }
}

#[test]
fn a_ca_of_the_earlier_form_is_replaced_together_with_its_key() {
    let files = DevFiles::new();
    let first = files.start(NOW);
    fs::write(files.dev().directory.join(OLD_CA_KEY), "a key").unwrap();
    let second = files.start(NOW);
    assert_ne!(second.cert, first.cert);
    assert!(files.is_trusted(&second, NOW));
    assert_eq!(files.names(), [CA, SERVER_KEY, SERVER]);
    assert_eq!(files.start(NOW).cert, second.cert);
}

#[test]
fn a_certificate_of_the_ca_for_another_host_is_not_trusted() {
    let (ca_key, key) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
    let ca_params = authority_params(&ca_key).unwrap();
    let ca = ca_params.self_signed(&ca_key).unwrap();
    let mut params = server_params(NOW).unwrap();
    params.subject_alt_names = CertificateParams::new(["bank.example".to_owned()])
        .map(|other| other.subject_alt_names)
        .unwrap();
    let issuer = Issuer::new(ca_params, ca_key);
    let cert = params.signed_by(&key, &issuer).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(ca.der().clone()).unwrap();
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider());
    let then = pki_types::UnixTime::since_unix_epoch(Duration::from_secs(NOW.as_secs()));
    let name = ServerName::try_from("bank.example").unwrap();
    let verifier = verifier.build().unwrap();
    let refused = verifier.verify_server_cert(cert.der(), &[], &name, &[], then);
    let text = format!("{:?}", refused.unwrap_err());
    assert!(text.contains("NameConstraintViolation"), "{text}");
}

const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);
