//! The directory and its one owner: what is made, what is refused, and what the error says.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use lanyard_store::{
    Credential, CredentialRole, SealedSecret, SigningKeyRecord, Store as _,
    embedded::{EmbeddedStore, OpenError},
};
use lanyard_token::{CredentialId, KeyId, KeyState, ManualClock, TokenAlgorithm};
use redb::TableDefinition;

use crate::support::{FILE, START, id, open};

#[test]
fn the_directory_and_the_file_are_the_owner_s_alone() {
    let parent = tempfile::tempdir().unwrap();
    let directory = parent.path().join("one/two");
    drop(open(&directory));
    assert_eq!(mode(&directory), 0o700);
    assert_eq!(mode(&directory.join(FILE)), 0o600);
}

#[test]
fn a_directory_that_is_there_keeps_its_mode() {
    let directory = tempfile::tempdir().unwrap();
    fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o750)).unwrap();
    drop(open(directory.path()));
    assert_eq!(mode(directory.path()), 0o750);
    assert_eq!(mode(&directory.path().join(FILE)), 0o600);
}

#[test]
fn a_store_has_one_owner() {
    let directory = tempfile::tempdir().unwrap();
    let first = open(directory.path());
    let error = refused(directory.path());
    assert!(matches!(error, OpenError::InUse(_)), "{error:?}");
    let path = directory.path().join(FILE);
    assert_eq!(
        error.to_string(),
        format!(
            "`{}` is in use by another process; stop it, or choose another directory",
            path.display()
        )
    );
    drop(first);
    drop(open(directory.path()));
}

#[test]
fn a_directory_that_is_a_file_is_refused() {
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join("file");
    fs::write(&path, "hello").unwrap();
    for directory in [path.clone(), path.join("beneath")] {
        let error = refused(&directory);
        assert!(matches!(error, OpenError::Io { .. }), "{error:?}");
        assert!(
            error
                .to_string()
                .starts_with(&format!("cannot use `{}", path.display()))
        );
    }
    assert_eq!(fs::read_to_string(&path).unwrap(), "hello");
}

#[test]
fn a_directory_where_nothing_can_be_made_is_refused() {
    // The kernel's own directory refuses even root.
    let error = refused(Path::new("/proc/lanyard"));
    assert!(matches!(error, OpenError::Io { .. }), "{error:?}");
    assert!(
        error
            .to_string()
            .starts_with("cannot use `/proc/lanyard`: "),
        "{error}"
    );
}

#[test]
fn a_file_that_is_not_a_store_is_refused_and_left_alone() {
    for content in [b"hello".to_vec(), vec![0; 100_000], vec![0xff; 5_000]] {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(FILE);
        fs::write(&path, &content).unwrap();
        let error = refused(directory.path());
        assert!(matches!(error, OpenError::NotAStore { .. }), "{error:?}");
        assert!(
            error.to_string().contains("cannot be opened as a store"),
            "{error}"
        );
        assert_eq!(fs::read(&path).unwrap(), content);
    }
}

#[test]
fn the_database_of_another_program_is_refused() {
    let others: [(&str, u128); 2] = [("accounts", 1), ("meta", 1)];
    for (name, value) in others {
        let directory = tempfile::tempdir().unwrap();
        let database = redb::Database::create(directory.path().join(FILE)).unwrap();
        let transaction = database.begin_write().unwrap();
        let table = TableDefinition::<u64, u128>::new(name);
        transaction
            .open_table(table)
            .unwrap()
            .insert(1, value)
            .unwrap();
        transaction.commit().unwrap();
        drop(database);
        let error = refused(directory.path());
        assert!(matches!(error, OpenError::NotAStore { .. }), "{error:?}");
        assert!(
            error
                .to_string()
                .contains(": it is the database of another program; "),
            "{error}"
        );
    }
}

#[test]
fn a_store_of_another_layout_is_refused_whatever_its_tables_are() {
    let directory = tempfile::tempdir().unwrap();
    let database = redb::Database::create(directory.path().join(FILE)).unwrap();
    let transaction = database.begin_write().unwrap();
    let meta = TableDefinition::<&str, u128>::new("meta");
    transaction
        .open_table(meta)
        .unwrap()
        .insert("layout", 7)
        .unwrap();
    let identities = TableDefinition::<u64, u64>::new("identities");
    transaction
        .open_table(identities)
        .unwrap()
        .insert(1, 1)
        .unwrap();
    transaction.commit().unwrap();
    drop(database);
    let error = refused(directory.path());
    assert!(
        matches!(error, OpenError::OtherLayout { found: 7 }),
        "{error:?}"
    );
    assert_eq!(
        error.to_string(),
        "the store has layout 7, and this version reads layout 1"
    );
}

#[tokio::test]
async fn only_the_first_opening_names_the_log() {
    let directory = tempfile::tempdir().unwrap();
    let partition = lanyard_revocation::PartitionId::new(0);
    let first = open(directory.path())
        .read_log(partition, None, 1)
        .await
        .unwrap()
        .log;
    let second = open(directory.path())
        .read_log(partition, None, 1)
        .await
        .unwrap()
        .log;
    assert_eq!(first, second);
}

#[test]
fn sealed_secrets_are_not_shown() {
    let secret = SealedSecret::new(b"sealed bytes".to_vec());
    assert_eq!(format!("{secret:?}"), "***");
    let credential = Credential {
        id: CredentialId::from_uuid(id()),
        role: CredentialRole::Operator,
        secret: secret.clone(),
        create_time: START,
    };
    assert!(format!("{credential:?}").contains("secret: ***"));
    let record = SigningKeyRecord {
        id: KeyId::from_uuid(id()),
        state: KeyState::Active { since: START },
        create_time: START,
        seed: secret,
        public_key: [7; 32],
        algorithm: TokenAlgorithm::default(),
    };
    assert!(format!("{record:?}").contains("seed: ***"));
}

fn refused(directory: &Path) -> OpenError {
    EmbeddedStore::open(directory, ManualClock::new(START), id()).unwrap_err()
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}
