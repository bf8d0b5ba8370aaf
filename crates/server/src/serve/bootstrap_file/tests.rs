//! The file with the first credentials, beside a store in a directory.

use std::os::unix::fs::PermissionsExt as _;

use lanyard_authority::{Authority, FirstTurn, MasterKey, Settings, SystemEntropy};
use lanyard_store::embedded::EmbeddedStore;
use lanyard_token::{PropagationBound, SystemClock, TokenAlgorithm};
use serde_json::Value;
use tempfile::TempDir;
use uuid::Uuid;

use super::*;

#[tokio::test]
async fn the_first_credentials_are_written_as_the_contract_has_them() {
    let place = Place::new();
    let operator = place.first_start().await;
    assert!(
        !place.file.exists().unwrap(),
        "its place is for what is good"
    );
    place.file.publish(operator).unwrap();
    assert_eq!(place.names(), ["bootstrap.json"]);
    let path = place.file.path();
    let mode = fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let saved: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    let members: Vec<_> = saved
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(members, MEMBERS);
    assert_eq!(saved["endpoint"], ENDPOINT);
    for key in ["operator", "enforcer", "primary", "secondary"] {
        let secret = saved[key]["secret"].as_str().unwrap();
        assert_eq!(BASE64_STANDARD.decode(secret).unwrap().len(), 32, "{key}");
        assert!(
            saved[key]["id"].as_str().unwrap().parse::<Uuid>().is_ok(),
            "{key}"
        );
    }
    let secret = saved["primary"]["secret"].as_str().unwrap();
    let expected = format!("endpoint={ENDPOINT}/;accesskey={secret}");
    assert_eq!(saved["connection_string"], expected);
}

#[tokio::test]
async fn credentials_that_are_good_get_their_place_though_whoever_wrote_them_died() {
    let place = Place::new();
    let operator = place.first_start().await;
    place.file.settle(&place.store()).await.unwrap();
    assert_eq!(place.names(), ["bootstrap.json"]);
    let saved = fs::read_to_string(place.file.path()).unwrap();
    assert!(saved.contains(&operator.to_string()));
    // Whoever did not die after all finds it done.
    place.file.publish(operator).unwrap();
    assert_eq!(place.names(), ["bootstrap.json"]);
}

#[tokio::test]
async fn credentials_that_came_to_nothing_go_and_other_files_stay() {
    let place = Place::new();
    let nothing = CredentialId::from_uuid(Uuid::from_u128(7));
    for name in [&nothing.to_string(), "bak", "new", "7"] {
        fs::write(beside(place.file.path(), name), "").unwrap();
    }
    let others = [
        "bootstrap.json.7",
        "bootstrap.json.bak",
        "bootstrap.json.new",
    ];
    place.file.settle(&place.store()).await.unwrap();
    assert_eq!(place.names(), others);
    fs::write(place.file.of(nothing), "").unwrap();
    place.file.clear().unwrap();
    assert_eq!(place.names(), others);
}

#[tokio::test]
async fn what_is_there_is_not_replaced() {
    let place = Place::new();
    place.first_start().await;
    fs::write(place.file.path(), "kept").unwrap();
    place.file.settle(&place.store()).await.unwrap();
    assert_eq!(place.names(), ["bootstrap.json"]);
    assert_eq!(fs::read_to_string(place.file.path()).unwrap(), "kept");
}

#[test]
fn what_was_never_written_cannot_get_its_place() {
    let place = Place::new();
    let nothing = CredentialId::from_uuid(Uuid::from_u128(7));
    let refused = place.file.publish(nothing).unwrap_err().to_string();
    assert!(refused.contains("bootstrap.json"), "{refused}");
    let nowhere = BootstrapFile::new(place.directory.path().join("none/bootstrap.json"));
    assert!(nowhere.clear().is_ok(), "there is nothing to clear");
}

/// A directory with a store, and one beside it for the credentials.
struct Place {
    directory: TempDir,
    data: TempDir,
    file: BootstrapFile,
}

impl Place {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let file = BootstrapFile::new(directory.path().join("bootstrap.json"));
        let data = tempfile::tempdir().unwrap();
        Self {
            directory,
            data,
            file,
        }
    }

    fn store(&self) -> EmbeddedStore {
        EmbeddedStore::open(self.data.path(), SystemClock, Uuid::from_u128(1)).unwrap()
    }

    /// Makes a first start up to the moment at which the credentials are good.
    async fn first_start(&self) -> CredentialId {
        let store = self.store();
        let turn = FirstTurn::wait(&store, &SystemClock, &SystemEntropy).await;
        let turn = turn.unwrap().unwrap();
        let operator = turn.operator();
        let (master_key, _) = MasterKey::generate(&SystemEntropy).unwrap();
        let settings = Settings {
            issuer: "lanyard".parse().unwrap(),
            audience: "lanyard-access".parse().unwrap(),
            token_algorithm: TokenAlgorithm::EdDsa,
            acs_claims: false,
            propagation_bound: PropagationBound::MAX,
        };
        let sealed = (master_key, settings);
        let authority = Authority::open(store, SystemClock, SystemEntropy, sealed).await;
        let save = |made: &Bootstrap| self.file.save(ENDPOINT, made);
        authority.unwrap().first_start(turn, save).await.unwrap();
        operator
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.directory.path()).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<_> = names.collect();
        names.sort();
        names
    }
}

const ENDPOINT: &str = "http://127.0.0.1:7400";

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
