//! The files beside the store: the master key, `bootstrap.json`, and where this process listens.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use lanyard_authority::{
    AccessKey, Bootstrap, EntropyError, MasterKey, MasterKeyError, Secret, ServiceKey,
    SystemEntropy,
};
use lanyard_store::embedded::EmbeddedStore;
use serde::Serialize;
use zeroize::Zeroizing;

/// Why no store is made in a directory where there is none.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LostStoreError {
    /// There was one.
    #[error(
        "`{}` is missing, and `{}` shows that it was there; \
         restore it from a backup, or choose another directory",
        store.display(), left.display()
    )]
    Lost {
        /// The store's file.
        store: PathBuf,
        /// What is still there.
        left: PathBuf,
    },
    /// It cannot be told whether there was.
    #[error("cannot look for `{}`: {source}", path.display())]
    Io {
        /// What was looked for.
        path: PathBuf,
        /// Why it cannot be.
        source: io::Error,
    },
}

/// Refuses a directory whose store was there and is gone. A new one in its place would be another
/// authority, and its first start would overwrite the credentials of the one that was lost.
///
/// A first start makes the store's file before the others, so none of them is there alone because a
/// start was cut short. They are looked for first, since another process may just be making them all.
pub(super) fn ensure_not_lost(data: &Path) -> Result<(), LostStoreError> {
    let store = EmbeddedStore::file_in(data);
    for name in [BOOTSTRAP, MASTER_KEY] {
        let left = data.join(name);
        if exists(&left)? && !exists(&store)? {
            return Err(LostStoreError::Lost { store, left });
        }
    }
    Ok(())
}

fn exists(path: &Path) -> Result<bool, LostStoreError> {
    path.try_exists().map_err(|source| LostStoreError::Io {
        path: path.to_owned(),
        source,
    })
}

/// Why the master key cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeyFileError {
    /// The file cannot be read or made.
    #[error("cannot use the master key file `{}`: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is not one.
    #[error("`{}` is not a master key file: {source}", path.display())]
    NotAKey {
        /// The file.
        path: PathBuf,
        /// Why.
        source: MasterKeyError,
    },
    /// A store that was sealed before has lost its key.
    #[error(
        "the master key file `{}` is missing, and the store is sealed under it; \
         restore it from a backup",
        .0.display()
    )]
    Lost(PathBuf),
    /// No new one can be made.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
}

/// Reads the master key, or makes it while nothing is sealed that it could be needed for.
pub(super) fn master_key(path: &Path, nothing_is_sealed: bool) -> Result<MasterKey, KeyFileError> {
    let io = |source| KeyFileError::Io {
        path: path.to_owned(),
        source,
    };
    match fs::read_to_string(path).map(Zeroizing::new) {
        Ok(text) => text.parse().map_err(|source| KeyFileError::NotAKey {
            path: path.to_owned(),
            source,
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound && nothing_is_sealed => {
            let (key, text) = MasterKey::generate(&SystemEntropy)?;
            write_private(path, format!("{}\n", *text).as_bytes()).map_err(io)?;
            Ok(key)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(KeyFileError::Lost(path.to_owned()))
        }
        Err(error) => Err(io(error)),
    }
}

/// Writes `bootstrap.json`, the first credentials.
pub(super) fn save_bootstrap(path: &Path, endpoint: &str, made: &Bootstrap) -> io::Result<()> {
    let Bootstrap {
        subscription,
        resource,
        access_keys: [primary, secondary],
        operator,
        enforcer,
    } = made;
    let primary = Credential::of_access_key(primary);
    let connection_string = Zeroizing::new(format!(
        "endpoint={endpoint}/;accesskey={}",
        *primary.secret
    ));
    let file = BootstrapFile {
        endpoint,
        subscription_id: subscription.id.to_string(),
        resource_id: resource.id.to_string(),
        operator: Credential::of_service_key(operator),
        enforcer: Credential::of_service_key(enforcer),
        secondary: Credential::of_access_key(secondary),
        primary,
        connection_string: &connection_string,
    };
    let mut text = Zeroizing::new(serde_json::to_vec_pretty(&file)?);
    text.push(b'\n');
    write_private(path, &text)
}

/// Writes down where this process listens, so that commands on this machine find it after it has
/// moved.
pub(super) fn save_endpoint(path: &Path, endpoint: &str) -> io::Result<()> {
    write_private(path, format!("{endpoint}\n").as_bytes())
}

#[derive(Serialize)]
struct BootstrapFile<'a> {
    endpoint: &'a str,
    subscription_id: String,
    resource_id: String,
    operator: Credential,
    enforcer: Credential,
    primary: Credential,
    secondary: Credential,
    connection_string: &'a str,
}

#[derive(Serialize)]
struct Credential {
    id: String,
    #[serde(serialize_with = "as_text")]
    secret: Zeroizing<String>,
}

impl Credential {
    fn of_access_key(key: &AccessKey) -> Self {
        Self {
            id: key.id.to_string(),
            secret: to_base64(key.secret.as_ref()),
        }
    }

    fn of_service_key(key: &ServiceKey) -> Self {
        Self {
            id: key.id.to_string(),
            secret: to_base64(key.secret.as_ref()),
        }
    }
}

/// The text of a secret; empty for one that is not told.
pub(crate) fn to_base64(secret: Option<&Secret>) -> Zeroizing<String> {
    Zeroizing::new(
        secret
            .map(|secret| BASE64_STANDARD.encode(secret.as_bytes()))
            .unwrap_or_default(),
    )
}

fn as_text<S: serde::Serializer>(text: &Zeroizing<String>, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(text)
}

/// Writes a file that nobody else can read, whole or not at all, and durably.
fn write_private(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let beside = PathBuf::from(beside);
    match fs::remove_file(&beside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&beside)?;
    file.write_all(content)?;
    file.sync_all()?;
    fs::rename(&beside, path)?;
    let directory = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    File::open(directory.unwrap_or(Path::new("."))).and_then(|directory| directory.sync_all())
}

/// The file in the data directory that has the first credentials.
pub(super) const BOOTSTRAP: &str = "bootstrap.json";
/// The file in the data directory that has the master key, unless that is kept elsewhere.
pub(super) const MASTER_KEY: &str = "master.key";

#[cfg(test)]
mod tests;
