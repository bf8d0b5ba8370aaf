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
use serde::Serialize;
use zeroize::Zeroizing;

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

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use lanyard_authority::{Authority, Settings};
    use lanyard_store::embedded::EmbeddedStore;
    use lanyard_token::{PropagationBound, SystemClock, TokenAlgorithm};
    use serde_json::Value;
    use tempfile::TempDir;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_private_file_is_its_owners_alone_and_replaced_whole() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        fs::write(&path, "longer than what comes").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        fs::write(directory.path().join("file.new"), "left by a crash").unwrap();
        write_private(&path, b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(mode(&path), 0o600);
        assert_eq!(names(&directory), ["file"]);
    }

    #[test]
    fn what_cannot_be_written_leaves_the_file_as_it_was() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        write_private(&path, b"old").unwrap();
        fs::create_dir(directory.path().join("file.new")).unwrap();
        assert!(write_private(&path, b"new").is_err());
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert!(write_private(&directory.path().join("none/file"), b"new").is_err());
    }

    #[test]
    fn a_master_key_is_made_once_and_found_again() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("master.key");
        master_key(&path, true).unwrap();
        assert_eq!(mode(&path), 0o600);
        let made = fs::read(&path).unwrap();
        for nothing_is_sealed in [true, false] {
            master_key(&path, nothing_is_sealed).unwrap();
            assert_eq!(fs::read(&path).unwrap(), made);
        }
    }

    #[test]
    fn a_lost_master_key_is_not_made_anew() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("master.key");
        let lost = master_key(&path, false).unwrap_err();
        assert!(matches!(&lost, KeyFileError::Lost(_)));
        assert!(lost.to_string().contains("restore it from a backup"));
        assert_eq!(names(&directory), [""; 0]);
    }

    #[test]
    fn a_file_that_is_no_master_key_is_refused_and_kept() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("master.key");
        for text in ["", "AAAA\n", "not a key"] {
            fs::write(&path, text).unwrap();
            let refused = master_key(&path, true).unwrap_err();
            assert!(
                matches!(&refused, KeyFileError::NotAKey { .. }),
                "{refused}"
            );
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
        let refused = master_key(directory.path(), true).unwrap_err();
        assert!(matches!(refused, KeyFileError::Io { .. }));
    }

    #[tokio::test]
    async fn the_first_credentials_are_written_as_the_contract_has_them() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("bootstrap.json");
        let authority = authority(directory.path()).await;
        let endpoint = "http://127.0.0.1:7400";
        authority
            .first_start(|made| save_bootstrap(&path, endpoint, made))
            .await
            .unwrap();
        assert_eq!(mode(&path), 0o600);
        let saved: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        let members: Vec<_> = saved
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        assert_eq!(members, MEMBERS);
        assert_eq!(saved["endpoint"], endpoint);
        for key in ["operator", "enforcer", "primary", "secondary"] {
            let secret = saved[key]["secret"].as_str().unwrap();
            assert_eq!(BASE64_STANDARD.decode(secret).unwrap().len(), 32, "{key}");
            assert!(
                saved[key]["id"].as_str().unwrap().parse::<Uuid>().is_ok(),
                "{key}"
            );
        }
        let secret = saved["primary"]["secret"].as_str().unwrap();
        let expected = format!("endpoint={endpoint}/;accesskey={secret}");
        assert_eq!(saved["connection_string"], expected);
    }

    /// In the order of the map that they are read into.
    const MEMBERS: [&str; 8] = [
        "connection_string",
        "endpoint",
        "enforcer",
        "operator",
        "primary",
        "resource_id",
        "secondary",
        "subscription_id",
    ];

    async fn authority(directory: &Path) -> Authority<EmbeddedStore, SystemClock, SystemEntropy> {
        let store = EmbeddedStore::open(directory, SystemClock, Uuid::from_u128(1)).unwrap();
        let (master_key, _) = MasterKey::generate(&SystemEntropy).unwrap();
        let settings = Settings {
            issuer: "lanyard".parse().unwrap(),
            audience: "lanyard-access".parse().unwrap(),
            token_algorithm: TokenAlgorithm::EdDsa,
            propagation_bound: PropagationBound::MAX,
        };
        let sealed = (master_key, settings);
        Authority::open(store, SystemClock, SystemEntropy, sealed)
            .await
            .unwrap()
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    fn names(directory: &TempDir) -> Vec<String> {
        let entries = fs::read_dir(directory.path()).unwrap();
        entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    }
}
