//! The certificate that is served with, and what becomes of it when its files are renewed.

use std::{
    path::PathBuf,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use lanyard_token::{Clock as _, SystemClock, UnixTime};
use rustls::{
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};
use tokio::time;

use super::{
    error::TlsError,
    pair,
    validity::{self, Invalid},
};
use crate::serve::signals::Hangups;

/// The files that the flags name.
#[derive(Clone, Debug)]
pub(in crate::serve) struct Files {
    pub(super) cert: PathBuf,
    pub(super) key: PathBuf,
}

/// What the next handshake is made with.
#[derive(Debug)]
pub(super) struct Current {
    key: RwLock<Arc<CertifiedKey>>,
    /// How many certificates in the files were not taken.
    refused: AtomicU64,
}

/// Looks after the files for as long as it is polled.
pub(in crate::serve) struct Renewal {
    files: Files,
    current: Arc<Current>,
    /// What was wrong with the files last time, so that it is said once.
    complaint: Option<String>,
    /// Whether the served certificate was valid last time.
    served: Result<(), Invalid>,
}

impl Current {
    pub(super) fn new(key: CertifiedKey) -> Self {
        Self {
            key: RwLock::new(Arc::new(key)),
            refused: AtomicU64::new(0),
        }
    }

    /// Returns how many certificates in the files were not taken.
    pub(super) fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    fn key(&self) -> Arc<CertifiedKey> {
        Arc::clone(&self.key.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn replace(&self, key: CertifiedKey) {
        *self.key.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(key);
    }
}

impl ResolvesServerCert for Current {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.key())
    }
}

impl Renewal {
    pub(super) const fn new(files: Files, current: Arc<Current>) -> Self {
        Self {
            files,
            current,
            complaint: None,
            served: Ok(()),
        }
    }

    /// Looks at the files now and then, and on SIGHUP.
    pub(in crate::serve) async fn follow(mut self, mut hangups: Hangups) {
        loop {
            // A clock that cannot be read is logged by those that depend on it.
            if let Ok(now) = SystemClock.wall() {
                self.look(now);
            }
            tokio::select! {
                () = time::sleep(LOOK_EVERY) => {}
                () = hangups.received() => tracing::info!("SIGHUP: the files of TLS are read again"),
            }
        }
    }

    /// Takes what is in the files, if it is another certificate. One that will not do is not taken:
    /// its key may be written in a moment, and until then the one that there was is better than none.
    fn look(&mut self, now: UnixTime) {
        match self.changed(now) {
            Ok(None) => self.complaint = None,
            Ok(Some(key)) => {
                self.complaint = None;
                self.current.replace(key);
                tracing::info!("the certificate was renewed");
            }
            Err(error) => {
                let told = error.to_string();
                if self.complaint.as_ref() != Some(&told) {
                    tracing::warn!(%error, "the certificate cannot be renewed, and stays as it was");
                    self.complaint = Some(told);
                    self.current.refused.fetch_add(1, Ordering::Relaxed);
                }
            }
        }
        let served = validity::check(&self.current.key().cert, now);
        if let (Err(error), true) = (served, served != self.served) {
            let path = self.files.cert.display();
            tracing::warn!(%path, %error, "clients refuse the certificate that is served");
        }
        self.served = served;
    }

    fn changed(&self, now: UnixTime) -> Result<Option<CertifiedKey>, TlsError> {
        let Files { cert, key } = &self.files;
        let current = self.current.key();
        if pair::chain(cert)? == current.cert {
            return Ok(None);
        }
        let new = pair::given(cert, key)?;
        match validity::check(&new.cert, now) {
            // Clients refuse both, and the new one is what the operator has chosen.
            Err(_) if validity::check(&current.cert, now).is_err() => Ok(Some(new)),
            Err(source) => Err(TlsError::Invalid {
                path: cert.clone(),
                source,
            }),
            Ok(()) => Ok(Some(new)),
        }
    }
}

/// Soon enough for whoever looks whether it has worked.
const LOOK_EVERY: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use std::fs;

    use rcgen::{CertificateParams, KeyPair, date_time_ymd, generate_simple_self_signed};
    use tempfile::TempDir;

    use super::*;

    /// 2026-07-02.
    const NOW: UnixTime = UnixTime::from_secs(1_783_000_000);

    struct World {
        _directory: TempDir,
        files: Files,
        renewal: Renewal,
    }

    impl World {
        fn new() -> Self {
            let directory = tempfile::tempdir().unwrap();
            let files = Files {
                cert: directory.path().join("cert.pem"),
                key: directory.path().join("key.pem"),
            };
            write(&files, true);
            let current = Current::new(pair::given(&files.cert, &files.key).unwrap());
            Self {
                _directory: directory,
                renewal: Renewal::new(files.clone(), Arc::new(current)),
                files,
            }
        }

        fn served(&self) -> Vec<u8> {
            self.renewal.current.key().cert[0].to_vec()
        }
    }

    /// Writes another certificate, and its key or not.
    fn write(files: &Files, and_its_key: bool) {
        let made = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        fs::write(&files.cert, made.cert.pem()).unwrap();
        if and_its_key {
            fs::write(&files.key, made.signing_key.serialize_pem()).unwrap();
        }
    }

    #[test]
    fn another_certificate_in_the_files_is_served_from_then_on() {
        let mut world = World::new();
        let first = world.served();
        world.renewal.look(NOW);
        assert_eq!(world.served(), first);
        write(&world.files, true);
        world.renewal.look(NOW);
        assert_ne!(world.served(), first);
    }

    #[test]
    fn one_that_will_not_do_is_not_taken_and_is_complained_of() {
        let mut world = World::new();
        let first = world.served();
        write(&world.files, false);
        world.renewal.look(NOW);
        assert_eq!(world.served(), first);
        assert!(world.renewal.complaint.is_some());
        fs::remove_file(&world.files.cert).unwrap();
        world.renewal.look(NOW);
        assert_eq!(world.served(), first);
        write(&world.files, true);
        world.renewal.look(NOW);
        assert_ne!(world.served(), first);
        assert!(world.renewal.complaint.is_none());
    }

    /// Writes a certificate of these years, and its key.
    fn write_of(files: &Files, [first, last]: [i32; 2]) {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        params.not_before = date_time_ymd(first, 1, 1);
        params.not_after = date_time_ymd(last, 12, 31);
        let cert = params.self_signed(&key).unwrap();
        fs::write(&files.cert, cert.pem()).unwrap();
        fs::write(&files.key, key.serialize_pem()).unwrap();
    }

    #[test]
    fn one_that_is_not_valid_now_does_not_replace_one_that_is() {
        for years in [[2020, 2025], [2027, 2030]] {
            let mut world = World::new();
            let first = world.served();
            write_of(&world.files, years);
            for _ in 0..3 {
                world.renewal.look(NOW);
            }
            assert_eq!(world.served(), first);
            let complaint = world.renewal.complaint.clone().unwrap();
            assert!(complaint.contains("cert.pem"), "{complaint}");
            assert_eq!(world.renewal.current.refused(), 1);
            write_of(&world.files, [2026, 2026]);
            world.renewal.look(NOW);
            assert_ne!(world.served(), first);
            assert_eq!(world.renewal.complaint, None);
        }
    }

    #[test]
    fn one_that_was_not_valid_yet_is_taken_once_it_is() {
        let mut world = World::new();
        let first = world.served();
        write_of(&world.files, [2027, 2030]);
        world.renewal.look(NOW);
        assert_eq!(world.served(), first);
        world.renewal.look(UnixTime::from_secs(1_800_000_000));
        assert_ne!(world.served(), first);
    }

    #[test]
    fn where_the_served_one_is_not_valid_either_the_new_one_is_taken() {
        let mut world = World::new();
        write_of(&world.files, [2026, 2026]);
        world.renewal.look(NOW);
        let second = world.served();
        write_of(&world.files, [2025, 2025]);
        world.renewal.look(UnixTime::from_secs(1_800_000_000));
        assert_ne!(world.served(), second);
        assert_eq!(world.renewal.served, Err(Invalid::Expired));
    }
}
