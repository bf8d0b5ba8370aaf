//! The data directory and its one owner.

use std::{
    error::Error,
    fs::{DirBuilder, File},
    io,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use lanyard_token::Clock;
use redb::{ReadableTable as _, TableHandle as _, WriteTransaction};
use uuid::Uuid;

use super::{
    EmbeddedStore,
    commit_record::CommitRecordError,
    file::StoreFile,
    guard::guarded,
    tables::{LOG, META, Meta, Writes, meta, meta_u64, set_meta},
    writer::Writer,
};
use crate::StoreError;

/// Why the store could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The directory or the file cannot be made, read or written.
    #[error("cannot use `{}`: {source}", path.display())]
    Io {
        /// What cannot be used.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Another process has it.
    #[error("`{}` is in use by another process; stop it, or choose another directory", .0.display())]
    InUse(PathBuf),
    /// The file is not a database, or a damaged one, or one of another kind.
    #[error(
        "`{}` cannot be opened as a store: {source}; \
         restore it from a backup, or choose another directory",
        path.display()
    )]
    NotAStore {
        /// The file.
        path: PathBuf,
        /// Why.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The file is a store without the last acknowledged commits, or it cannot be compared with them.
    #[error(
        "`{}` is damaged: {source}, so that identities, keys or revocations may be missing; check \
         the disk, then restore the file from a backup, or choose another directory",
        path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The damage.
        source: CommitRecordError,
    },
    /// The file was written by a version that keeps things differently.
    #[error("the store has layout {found}, and this version reads layout {LAYOUT}")]
    OtherLayout {
        /// Its layout.
        found: u128,
    },
    /// The first reads or writes failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl EmbeddedStore {
    /// The file that a store in this directory is kept in, whether or not it is there.
    #[must_use]
    pub fn file_in(directory: &Path) -> PathBuf {
        directory.join(FILE)
    }

    /// Opens the store in a directory, and makes both where they are missing. After a crash it
    /// repairs itself.
    ///
    /// Entries are stamped with this clock. `new_log` becomes the id of the log if the store is new.
    ///
    /// # Errors
    /// As [`OpenError`] says; in particular when another process has the store open.
    pub fn open<C: Clock>(directory: &Path, clock: C, new_log: Uuid) -> Result<Self, OpenError> {
        make_directory(directory)?;
        let path = Self::file_in(directory);
        let file = Arc::new(StoreFile::open(&path)?);
        prepare(&file, &path, &clock, new_log)?;
        sync_directory(directory)?;
        let writer = Writer::start(Arc::clone(&file), clock).map_err(at(directory))?;
        Ok(Self { file, writer })
    }
}

/// Makes the directory and those above it, each durable before anything is put in it.
fn make_directory(directory: &Path) -> Result<(), OpenError> {
    let missing: Vec<_> = directory
        .ancestors()
        .take_while(|path| !path.exists())
        .collect();
    let mut builder = DirBuilder::new();
    builder
        .recursive(true)
        .mode(DIRECTORY_MODE)
        .create(directory)
        .map_err(at(directory))?;
    for made in missing {
        sync_directory(made.parent().unwrap_or(made))?;
    }
    Ok(())
}

/// Makes every table and the numbers that a new store starts with, or checks that they fit. The
/// layout is looked at before anything else is, since in another one everything else may differ.
fn prepare<C: Clock>(
    file: &StoreFile,
    path: &Path,
    clock: &C,
    new_log: Uuid,
) -> Result<(), OpenError> {
    let now = clock
        .wall()
        .map_err(|error| StoreError::Unavailable(error.into()))?;
    let transaction = file.begin_write()?;
    match guarded(|| layout(&transaction))? {
        Layout::Is(LAYOUT) => {
            file.check_record(guarded(|| commits(&transaction))?)?;
            if !guarded(|| add_count(&transaction))? {
                return Ok(());
            }
        }
        Layout::Is(found) => return Err(OpenError::OtherLayout { found }),
        Layout::New => {
            file.check_record(0)?;
            guarded(|| {
                let mut tables = Writes::begin(&transaction, now)?;
                set_meta(&mut tables.meta, Meta::Layout, LAYOUT)?;
                set_meta(&mut tables.meta, Meta::Removed, 0_u128)?;
                set_meta(&mut tables.meta, Meta::Vouched, now.as_millis())?;
                set_meta(&mut tables.meta, Meta::LogId, new_log.as_u128())
            })?;
        }
        Layout::Foreign => {
            let source = "it is the database of another program".into();
            return Err(OpenError::NotAStore {
                path: path.to_owned(),
                source,
            });
        }
    }
    guarded(|| Ok(transaction.commit()?)).map_err(OpenError::Store)
}

/// Returns the number of the last commit.
fn commits(transaction: &WriteTransaction) -> Result<u64, StoreError> {
    meta_u64(&transaction.open_table(META)?, Meta::Commits)
}

/// Adds the count of what was taken out of the log, where an earlier version has not kept one; tells
/// whether it did. That version took entries only from the front.
fn add_count(transaction: &WriteTransaction) -> Result<bool, StoreError> {
    let mut numbers = transaction.open_table(META)?;
    if meta(&numbers, Meta::Removed)?.is_some() {
        return Ok(false);
    }
    let first = transaction
        .open_table(LOG)?
        .first()?
        .map(|(number, _)| number.value());
    let removed = match first {
        Some(first) => first.saturating_sub(1),
        None => meta_u64(&numbers, Meta::LastNumber)?,
    };
    set_meta(&mut numbers, Meta::Removed, removed)?;
    Ok(true)
}

/// What a file that could be opened turns out to be.
enum Layout {
    New,
    Is(u128),
    Foreign,
}

fn layout(transaction: &WriteTransaction) -> Result<Layout, StoreError> {
    let mut tables = transaction.list_tables()?.peekable();
    if tables.peek().is_none() {
        return Ok(Layout::New);
    }
    if !tables.any(|table| table.name() == META.name()) {
        return Ok(Layout::Foreign);
    }
    let found = match transaction.open_table(META) {
        Ok(table) => meta(&table, Meta::Layout)?,
        Err(redb::TableError::Storage(error)) => return Err(error.into()),
        Err(_of_another_type) => None,
    };
    Ok(found.map_or(Layout::Foreign, Layout::Is))
}

/// A new file is durable only once the directory that names it is.
fn sync_directory(directory: &Path) -> Result<(), OpenError> {
    // The parent of a relative path may be the empty one.
    let named = if directory.as_os_str().is_empty() {
        Path::new(".")
    } else {
        directory
    };
    File::open(named)
        .and_then(|file| file.sync_all())
        .map_err(at(named))
}

pub(super) fn at(path: &Path) -> impl FnOnce(io::Error) -> OpenError {
    move |source| OpenError::Io {
        path: path.to_owned(),
        source,
    }
}

/// The one file.
const FILE: &str = "store.redb";
/// The layout of the tables that this version reads and writes.
const LAYOUT: u128 = 1;
/// Only the owner may enter.
const DIRECTORY_MODE: u32 = 0o700;
