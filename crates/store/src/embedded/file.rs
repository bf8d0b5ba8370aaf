//! The file: one database at a time, opened anew after a write to it has failed.
//!
//! The library refuses everything but what it has cached once a write has failed, for as long as the
//! database is open. A disk that was full for a moment would end the service, so the file is closed
//! and opened again: what had been committed is there, what had not been is not.
//!
//! A failed fsync is another matter. The kernel may have dropped the pages that it could not write
//! and show them as written, so a file that is read back proves nothing and whatever is committed on
//! top may rest on nothing. Then the database stays as it is, and every change is refused.

use std::{
    fs::{self, OpenOptions},
    io,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
};

use redb::{
    Database, DatabaseError, ReadTransaction, ReadableDatabase as _, StorageError, TableError,
    WriteTransaction, backends::FileBackend,
};

use super::{
    commit_record::CommitRecord,
    guard::guarded,
    latest::Latest,
    open::{OpenError, at},
    tables::{META, Meta, Reads, meta_u64},
    watched::Watched,
};
use crate::{StoreError, rename_new};

/// The file and the database in it.
#[derive(Debug)]
pub(super) struct StoreFile {
    path: PathBuf,
    open: RwLock<Option<OpenFile>>,
    latest: Latest<Reads>,
    sync_failed: Arc<AtomicBool>,
}

/// The database and the record of its last commit, while the file is open.
#[derive(Debug)]
struct OpenFile {
    database: Database,
    record: CommitRecord,
}

impl StoreFile {
    /// Opens the file, which is made if it is missing. After a crash it is repaired.
    pub(super) fn open(path: &Path) -> Result<Self, OpenError> {
        let sync_failed = Arc::new(AtomicBool::new(false));
        if !path.try_exists().map_err(at(path))? {
            make(path)?;
        }
        let opened = open_database(path, Missing::Refuse, &sync_failed)?;
        remove(&beside(path))?;
        Ok(Self {
            path: path.to_owned(),
            open: RwLock::new(Some(opened)),
            latest: Latest::default(),
            sync_failed,
        })
    }

    /// What was last committed.
    pub(super) fn latest(&self) -> Result<Arc<Reads>, StoreError> {
        self.latest.or_open(|| Reads::begin(&self.begin_read()?))
    }

    /// Something was committed, or may have been. Whoever did it says so before telling anybody.
    pub(super) fn committed(&self) {
        self.latest.outdate();
    }

    /// Begins to read what was last committed.
    fn begin_read(&self) -> Result<ReadTransaction, StoreError> {
        let open = self.open.read().unwrap_or_else(PoisonError::into_inner);
        Ok(open.as_ref().ok_or_else(closed)?.database.begin_read()?)
    }

    /// Compares the record of the last acknowledged commit with the last commit that was found.
    pub(super) fn check_record(&self, found: u64) -> Result<(), OpenError> {
        let open = self.open.read().unwrap_or_else(PoisonError::into_inner);
        let open = open.as_ref().ok_or_else(closed)?;
        open.check_record(&self.path, found)
    }

    /// Records that a commit is durable. It is acknowledged after this, and not before.
    pub(super) fn record_commit(&self, number: u64) -> Result<(), StoreError> {
        self.with_record(|record| record.write(number))
    }

    /// Makes the record of the last commit durable without waiting for the next commit.
    pub(super) fn sync_record(&self) -> Result<(), StoreError> {
        self.with_record(|record| {
            record
                .sync()
                .inspect_err(|_| self.sync_failed.store(true, Ordering::Release))
        })
    }

    fn with_record(
        &self,
        work: impl FnOnce(&CommitRecord) -> io::Result<()>,
    ) -> Result<(), StoreError> {
        let open = self.open.read().unwrap_or_else(PoisonError::into_inner);
        let record = &open.as_ref().ok_or_else(closed)?.record;
        work(record).map_err(|error| StoreError::Unavailable(error.into()))
    }

    /// Begins to write. A database that could not be opened anew before is tried again.
    pub(super) fn begin_write(&self) -> Result<WriteTransaction, StoreError> {
        if self.sync_failed.load(Ordering::Acquire) {
            return Err(StoreError::Unavailable("an fsync has failed".into()));
        }
        let is_closed = self
            .open
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .is_none();
        if is_closed {
            self.reopen()?;
        }
        let open = self.open.read().unwrap_or_else(PoisonError::into_inner);
        Ok(open.as_ref().ok_or_else(closed)?.database.begin_write()?)
    }

    /// Closes the database and opens it again, unless an fsync has failed. Meanwhile, and if it
    /// cannot be opened, all reads and writes are refused.
    pub(super) fn reopen(&self) -> Result<(), StoreError> {
        if self.sync_failed.load(Ordering::Acquire) {
            return Err(StoreError::Unavailable(
                "an fsync has failed; check the disk, then start again".into(),
            ));
        }
        let old = self.replace(None);
        // Whatever goes wrong while it closes is repaired when it opens.
        drop(guarded(|| {
            drop(old);
            Ok(())
        }));
        let opened = open_database(&self.path, Missing::Refuse, &self.sync_failed)
            .and_then(|opened| {
                opened.check_record(&self.path, opened.last_commit()?)?;
                Ok(opened)
            })
            .map_err(|error| StoreError::Unavailable(error.into()))?;
        self.replace(Some(opened));
        Ok(())
    }

    fn replace(&self, opened: Option<OpenFile>) -> Option<OpenFile> {
        let mut held = self.open.write().unwrap_or_else(PoisonError::into_inner);
        let before = std::mem::replace(&mut *held, opened);
        drop(held);
        self.latest.outdate();
        before
    }
}

impl OpenFile {
    fn check_record(&self, path: &Path, found: u64) -> Result<(), OpenError> {
        let compared = self.record.check(found).map_err(at(path))?;
        compared.map_err(|source| OpenError::Damaged {
            path: path.to_owned(),
            source,
        })
    }

    /// Returns the number of the last commit; none is zero.
    fn last_commit(&self) -> Result<u64, StoreError> {
        guarded(|| match self.database.begin_read()?.open_table(META) {
            Ok(numbers) => meta_u64(&numbers, Meta::Commits),
            Err(TableError::TableDoesNotExist(_)) => Ok(0),
            Err(error) => Err(error.into()),
        })
    }
}

/// Makes an empty database, whole or not at all.
///
/// The library makes a file in several steps, and one that was cut short in between it refuses for
/// good. So it is made under another name, where what an earlier start has left can be thrown away,
/// and gets its own name when it is complete, unless another process has made a store meanwhile.
fn make(path: &Path) -> Result<(), OpenError> {
    let unfinished = beside(path);
    let sync_failed = Arc::new(AtomicBool::new(false));
    let made = match open_database(&unfinished, Missing::Make, &sync_failed) {
        Err(OpenError::NotAStore { .. }) => {
            remove(&unfinished)?;
            open_database(&unfinished, Missing::Make, &sync_failed)?
        }
        made => made?,
    };
    drop(made);
    rename_new(&unfinished, path).map(drop).map_err(at(path))
}

/// Where a file is until it is complete.
fn beside(path: &Path) -> PathBuf {
    path.with_added_extension("new")
}

fn remove(path: &Path) -> Result<(), OpenError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(at(path)(error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// What to do where there is no file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Missing {
    Make,
    /// A file that was there and is gone must not come back empty: all revocations would be undone.
    Refuse,
}

fn open_database(
    path: &Path,
    missing: Missing,
    sync_failed: &Arc<AtomicBool>,
) -> Result<OpenFile, OpenError> {
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(missing == Missing::Make)
        .mode(FILE_MODE)
        .open(path)
        .map_err(at(path))?;
    if missing == Missing::Refuse && file.metadata().map_err(at(path))?.len() == 0 {
        return Err(at(path)(io::Error::new(
            io::ErrorKind::InvalidData,
            "the file is empty",
        )));
    }
    let record = CommitRecord::new(file.try_clone().map_err(at(path))?);
    let of_library = |error| from_library(path, error);
    let backend = Watched::new(FileBackend::new(file).map_err(of_library)?, sync_failed);
    let mut builder = Database::builder();
    builder.set_cache_size(CACHE_BYTES);
    // Reads trust the pages, so this is where a damaged one is found: the checksum of each is
    // verified, also after a clean shutdown. It costs what the repair after a crash costs anyway:
    // measured with 300,000 identities, between a third of a second and one.
    builder.set_check_integrity_on_open(true);
    let database = guarded(|| Ok(builder.create_with_backend(backend)))
        .map_err(|source| OpenError::NotAStore {
            path: path.to_owned(),
            source: source.into(),
        })?
        .map_err(of_library)?;
    Ok(OpenFile { database, record })
}

fn from_library(path: &Path, error: DatabaseError) -> OpenError {
    match error {
        DatabaseError::DatabaseAlreadyOpen | DatabaseError::LockProtocolMismatch => {
            OpenError::InUse(path.to_owned())
        }
        DatabaseError::Storage(StorageError::Io(source))
            if source.kind() != io::ErrorKind::InvalidData =>
        {
            OpenError::Io {
                path: path.to_owned(),
                source,
            }
        }
        error => OpenError::NotAStore {
            path: path.to_owned(),
            source: error.into(),
        },
    }
}

fn closed() -> StoreError {
    StoreError::Unavailable("the database is being opened anew".into())
}

/// Only the owner: the file names every tenant and holds the sealed secrets.
const FILE_MODE: u32 = 0o600;
/// How much of the file is kept in memory. The library would take a gibibyte.
const CACHE_BYTES: usize = 64 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use std::fs;

    use redb::TableDefinition;

    use super::*;

    const TABLE: TableDefinition<'_, u8, u8> = TableDefinition::new("table");

    fn commit(file: &StoreFile, key: u8) -> Result<(), StoreError> {
        let transaction = file.begin_write()?;
        transaction.open_table(TABLE)?.insert(key, key)?;
        Ok(transaction.commit()?)
    }

    fn has(file: &StoreFile, key: u8) -> bool {
        let table = file.begin_read().unwrap().open_table(TABLE).unwrap();
        table.get(key).unwrap().is_some()
    }

    #[test]
    fn what_was_committed_is_there_after_opening_anew() {
        let directory = tempfile::tempdir().unwrap();
        let file = StoreFile::open(&directory.path().join("file")).unwrap();
        commit(&file, 1).unwrap();
        let reader = file.begin_read().unwrap();
        file.reopen().unwrap();
        drop(reader);
        assert!(has(&file, 1));
        commit(&file, 2).unwrap();
        assert!(has(&file, 2));
    }

    #[test]
    fn after_a_failed_fsync_nothing_is_written_and_nothing_is_opened_anew() {
        let directory = tempfile::tempdir().unwrap();
        let file = StoreFile::open(&directory.path().join("file")).unwrap();
        commit(&file, 1).unwrap();
        file.sync_failed.store(true, Ordering::Release);
        for refused in [commit(&file, 2), file.reopen()] {
            assert!(matches!(refused, Err(StoreError::Unavailable(_))));
        }
        assert!(has(&file, 1) && !has(&file, 2));
    }

    #[test]
    fn a_file_that_has_gone_does_not_come_back_empty() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        let file = StoreFile::open(&path).unwrap();
        commit(&file, 1).unwrap();
        fs::rename(&path, directory.path().join("elsewhere")).unwrap();
        assert!(matches!(file.reopen(), Err(StoreError::Unavailable(_))));
        assert!(!path.exists());
        fs::write(&path, "").unwrap();
        assert!(matches!(commit(&file, 2), Err(StoreError::Unavailable(_))));
        assert!(matches!(file.begin_read(), Err(StoreError::Unavailable(_))));
        fs::rename(directory.path().join("elsewhere"), &path).unwrap();
        commit(&file, 2).unwrap();
        assert!(has(&file, 1) && has(&file, 2));
    }
}
