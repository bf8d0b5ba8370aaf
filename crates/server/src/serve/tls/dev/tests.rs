//! What is made, kept and made again.

use std::os::unix::fs::PermissionsExt as _;

use tempfile::TempDir;

use super::*;

struct World {
    data: TempDir,
}

impl World {
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

    fn believed(&self, key: &CertifiedKey, then: UnixTime) -> bool {
        serves(key, &self.dev().ca().unwrap(), then)
    }
}

/// From when on what is made now is made again.
fn renewal() -> UnixTime {
    NOW.saturating_add(SERVER_LIFETIME)
        .saturating_sub(RENEW_BEFORE)
}

#[test]
fn the_first_start_makes_an_authority_and_a_certificate_that_its_clients_believe() {
    let world = World::new();
    let made = world.start(NOW);
    assert!(world.believed(&made, NOW));
    assert!(world.dev().ca_file().ends_with(CA_IN_DATA));
    for name in [CA_KEY, SERVER_KEY] {
        let file = fs::metadata(world.dev().directory.join(name)).unwrap();
        assert_eq!(file.permissions().mode() & 0o777, 0o600, "{name}");
    }
}

#[test]
fn later_starts_use_what_is_there() {
    let world = World::new();
    let (first, ca) = (world.start(NOW), world.read("ca.pem"));
    let later = renewal().saturating_sub(DAY);
    assert_eq!(world.start(later).cert, first.cert);
    assert_eq!(world.read("ca.pem"), ca);
}

#[test]
fn a_certificate_that_is_about_to_expire_is_made_again_under_the_same_authority() {
    let world = World::new();
    let (first, ca) = (world.start(NOW), world.read("ca.pem"));
    let later = renewal().saturating_add(DAY);
    let second = world.start(later);
    assert_ne!(second.cert, first.cert);
    assert_eq!(world.read("ca.pem"), ca);
    let after = NOW.saturating_add(SERVER_LIFETIME + DAY);
    assert!(world.believed(&second, after));
    assert!(!world.believed(&first, after));
}

#[test]
fn what_was_made_by_a_clock_that_was_ahead_is_good_once_the_clock_is_right() {
    let world = World::new();
    let ahead = NOW.saturating_add(DAY * 30);
    let (early, ca) = (world.start(ahead), world.read("ca.pem"));
    assert!(!world.believed(&early, NOW));
    assert!(world.believed(&world.start(NOW), NOW));
    assert_eq!(world.read("ca.pem"), ca);
    // Not every client asks this of an authority, and that of these tests does not.
    let der = world.dev().ca().unwrap();
    for date in ["200101000000Z", "20700101000000Z"] {
        let is_there = der.windows(date.len()).any(|at| at == date.as_bytes());
        assert!(is_there, "{date}");
    }
}

#[test]
fn a_certificate_that_is_damaged_or_lost_is_made_again_under_the_same_authority() {
    for name in [SERVER, SERVER_KEY] {
        for content in [None, Some("")] {
            let world = World::new();
            world.start(NOW);
            let (path, ca) = (world.dev().directory.join(name), world.read("ca.pem"));
            match content {
                None => fs::remove_file(&path).unwrap(),
                Some(text) => fs::write(&path, text).unwrap(),
            }
            assert!(world.believed(&world.start(NOW), NOW));
            assert_eq!(world.read("ca.pem"), ca);
        }
    }
}

#[test]
fn a_start_that_was_cut_short_before_anything_could_be_trusted_is_begun_again() {
    let world = World::new();
    world.start(NOW);
    fs::remove_file(world.dev().ca_file()).unwrap();
    let key = world.read(CA_KEY);
    let made = world.start(NOW);
    assert!(world.believed(&made, NOW));
    assert_ne!(world.read(CA_KEY), key);
}

#[test]
fn an_authority_without_its_key_is_not_replaced_in_silence() {
    let world = World::new();
    world.start(NOW);
    fs::remove_file(world.dev().directory.join(CA_KEY)).unwrap();
    let refused = world.dev().certificate(NOW).unwrap_err();
    assert!(matches!(refused, TlsError::DevDamaged { .. }), "{refused}");
}

#[test]
fn what_the_authority_signs_for_other_machines_is_not_believed() {
    let world = World::new();
    world.start(NOW);
    let mut params = server_params(NOW).unwrap();
    params.subject_alt_names = CertificateParams::new(["bank.example".to_owned()])
        .map(|other| other.subject_alt_names)
        .unwrap();
    let (authority, key) = (
        world.dev().authority().unwrap(),
        KeyPair::generate().unwrap(),
    );
    let issuer = Issuer::new(authority_params(&authority).unwrap(), authority);
    let cert = params.signed_by(&key, &issuer).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(world.dev().ca().unwrap()).unwrap();
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider());
    let then = pki_types::UnixTime::since_unix_epoch(Duration::from_secs(NOW.as_secs()));
    let name = ServerName::try_from("bank.example").unwrap();
    let verifier = verifier.build().unwrap();
    let refused = verifier.verify_server_cert(cert.der(), &[], &name, &[], then);
    let told = format!("{:?}", refused.unwrap_err());
    assert!(told.contains("NameConstraintViolation"), "{told}");
}

const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);
