//! The files beside the store, in a directory of their own.

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
fn a_store_that_is_gone_is_told_by_whatever_it_left() {
    for name in [BOOTSTRAP, MASTER_KEY] {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join(name), "kept").unwrap();
        let refused = ensure_not_lost(directory.path()).unwrap_err().to_string();
        let store = EmbeddedStore::file_in(directory.path());
        for named in [store.to_str().unwrap(), name, "restore it from a backup"] {
            assert!(refused.contains(named), "{named} in {refused}");
        }
        assert_eq!(names(&directory), [name]);
    }
}

#[test]
fn a_first_start_goes_on_from_wherever_it_was_cut_short() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    assert!(ensure_not_lost(&data).is_ok(), "there is no directory yet");
    fs::create_dir(&data).unwrap();
    // In the order in which it makes them.
    for name in ["store.redb.new", "store.redb", MASTER_KEY, BOOTSTRAP] {
        assert!(ensure_not_lost(&data).is_ok(), "before {name}");
        fs::write(data.join(name), "").unwrap();
    }
    assert!(ensure_not_lost(&data).is_ok());
}

#[test]
fn a_directory_that_cannot_be_looked_into_is_no_empty_one() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("file");
    fs::write(&file, "").unwrap();
    let refused = ensure_not_lost(&file).unwrap_err();
    assert!(matches!(refused, LostStoreError::Io { .. }), "{refused}");
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
