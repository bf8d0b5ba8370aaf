//! The data directory of a server, which outlives the server's processes.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use lanyard_store::embedded::EmbeddedStore;
use serde_json::Value;
use tempfile::TempDir;

use super::Credential;

/// A data directory. It is removed once nobody holds it any more.
#[derive(Clone, Debug)]
pub(crate) struct Data(Arc<TempDir>);

impl Data {
    /// An empty directory, in which a data directory does not exist yet.
    pub(crate) fn new() -> Self {
        Self(Arc::new(
            tempfile::tempdir().expect("a temporary directory"),
        ))
    }

    /// Where the data is, or will be.
    pub(crate) fn path(&self) -> PathBuf {
        self.0.path().join("data")
    }

    /// A copy whose store is replaced by these bytes.
    pub(crate) fn copy_with_store(&self, bytes: &[u8]) -> Self {
        let copy = Self::new();
        std::fs::create_dir(copy.path()).expect("a directory");
        for (from, to) in [
            (self.bootstrap_path(), copy.bootstrap_path()),
            (self.master_key_path(), copy.master_key_path()),
        ] {
            std::fs::copy(from, to).expect("a copy");
        }
        std::fs::write(copy.store_path(), bytes).expect("a file");
        copy
    }

    /// Where the embedded store is.
    pub(crate) fn store_path(&self) -> PathBuf {
        EmbeddedStore::file_in(&self.path())
    }

    /// A place beside it, for other files of the test.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Where the first credentials are.
    pub(crate) fn bootstrap_path(&self) -> PathBuf {
        self.path().join("bootstrap.json")
    }

    /// Where the certificate is that clients of `--dev-tls` are to trust.
    pub(crate) fn dev_ca_path(&self) -> PathBuf {
        self.path().join("tls/ca.pem")
    }

    /// Where the master key is.
    pub(crate) fn master_key_path(&self) -> PathBuf {
        self.path().join("master.key")
    }

    /// The first credentials.
    pub(crate) fn bootstrap(&self) -> Value {
        read_json(&self.bootstrap_path())
    }

    /// One of the first credentials, by its role.
    pub(crate) fn credential(&self, role: &str) -> Credential {
        let bootstrap = self.bootstrap();
        let text = |member: &str| bootstrap[role][member].as_str().expect(member).to_owned();
        Credential::new(&text("id"), &text("secret"))
    }

    /// A member of `bootstrap.json` that is a text.
    pub(crate) fn bootstrap_text(&self, member: &str) -> String {
        self.bootstrap()[member].as_str().expect(member).to_owned()
    }
}

fn read_json(path: &Path) -> Value {
    let text = std::fs::read(path).expect("the file is there");
    serde_json::from_slice(&text).expect("the file is JSON")
}
