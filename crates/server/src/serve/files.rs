//! Files of this machine: private ones, and what tells that a store is lost.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use lanyard_store::{embedded::EmbeddedStore, rename_new};
use uuid::Uuid;

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

/// Writes down where this process is called, so that commands on this machine find it after it has
/// moved.
pub(super) fn save_endpoint(path: &Path, endpoint: &str) -> io::Result<()> {
    write_private(path, format!("{endpoint}\n").as_bytes())
}

/// Writes a file that nobody else can read, whole or not at all, and durably.
pub(super) fn write_private(path: &Path, content: &[u8]) -> io::Result<()> {
    let beside = beside(path, "new");
    match fs::remove_file(&beside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    write_new(&beside, content)?;
    move_to(&beside, path)
}

/// The same where there is no file yet; `false` if there is one by then, and it stays as it is. The
/// name must be one that nobody else uses beside this path.
pub(super) fn write_private_once(path: &Path, name: Uuid, content: &[u8]) -> io::Result<bool> {
    let beside = beside(path, &name.to_string());
    write_new(&beside, content)?;
    if rename_new(&beside, path)? {
        return sync_directory(path).map(|()| true);
    }
    fs::remove_file(&beside).map(|()| false)
}

/// Moves a file to another name in its directory, durably.
pub(super) fn move_to(from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(from, to)?;
    sync_directory(to)
}

/// The path with something appended to its name.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".");
    beside.push(suffix);
    PathBuf::from(beside)
}

/// The directory that the path is in.
pub(super) fn directory_of(path: &Path) -> &Path {
    let directory = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    directory.unwrap_or(Path::new("."))
}

fn write_new(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(content)?;
    file.sync_all()
}

/// Syncs the directory that the path is in, on file systems that can.
fn sync_directory(path: &Path) -> io::Result<()> {
    match File::open(directory_of(path)).and_then(|directory| directory.sync_all()) {
        Err(error) if cannot_sync(error.kind()) => Ok(()),
        synced => synced,
    }
}

const fn cannot_sync(error: io::ErrorKind) -> bool {
    matches!(
        error,
        io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported
    )
}

/// The file in the data directory that has the first credentials.
pub(super) const BOOTSTRAP: &str = "bootstrap.json";
/// The file in the data directory that has the master key, unless that is kept elsewhere.
pub(super) const MASTER_KEY: &str = "master.key";

#[cfg(test)]
mod tests;
