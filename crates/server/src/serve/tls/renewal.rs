//! The certificate that is served with, and what becomes of it when its files are renewed.

use std::{
    path::PathBuf,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use rustls::{
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};
use tokio::time;

use super::{error::TlsError, pair};

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
}

/// Looks after the files for as long as it is polled.
pub(in crate::serve) struct Renewal {
    files: Files,
    current: Arc<Current>,
    /// What was wrong with the files last time, so that it is said once.
    complaint: Option<String>,
}

impl Current {
    pub(super) fn new(key: CertifiedKey) -> Self {
        Self {
            key: RwLock::new(Arc::new(key)),
        }
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
        }
    }

    pub(in crate::serve) async fn follow(mut self) {
        loop {
            time::sleep(LOOK_EVERY).await;
            self.look();
        }
    }

    /// Takes what is in the files, if it is another certificate. One that will not do is not taken:
    /// its key may be written in a moment, and until then the one that there was is better than none.
    fn look(&mut self) {
        match self.changed() {
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
                }
            }
        }
    }

    fn changed(&self) -> Result<Option<CertifiedKey>, TlsError> {
        let Files { cert, key } = &self.files;
        if pair::chain(cert)? == self.current.key().cert {
            return Ok(None);
        }
        pair::given(cert, key).map(Some)
    }
}

/// Soon enough for whoever looks whether it has worked.
const LOOK_EVERY: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use std::fs;

    use rcgen::generate_simple_self_signed;
    use tempfile::TempDir;

    use super::*;

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
        world.renewal.look();
        assert_eq!(world.served(), first);
        write(&world.files, true);
        world.renewal.look();
        assert_ne!(world.served(), first);
    }

    #[test]
    fn one_that_will_not_do_is_not_taken_and_is_complained_of() {
        let mut world = World::new();
        let first = world.served();
        write(&world.files, false);
        world.renewal.look();
        assert_eq!(world.served(), first);
        assert!(world.renewal.complaint.is_some());
        fs::remove_file(&world.files.cert).unwrap();
        world.renewal.look();
        assert_eq!(world.served(), first);
        write(&world.files, true);
        world.renewal.look();
        assert_ne!(world.served(), first);
        assert!(world.renewal.complaint.is_none());
    }
}
