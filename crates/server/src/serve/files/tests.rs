//! The files beside the store, in a directory of their own.

use std::os::unix::fs::PermissionsExt as _;

use tempfile::TempDir;

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
fn a_file_that_is_made_once_is_whoevers_came_first() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("file");
    for (number, made) in [(1, true), (2, false)] {
        let content = number.to_string();
        let name = Uuid::from_u128(number);
        let answer = write_private_once(&path, name, content.as_bytes()).unwrap();
        assert_eq!(answer, made);
        assert_eq!(fs::read(&path).unwrap(), b"1");
        assert_eq!(mode(&path), 0o600);
        assert_eq!(names(&directory), ["file"]);
    }
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

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn names(directory: &TempDir) -> Vec<String> {
    let entries = fs::read_dir(directory.path()).unwrap();
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}
