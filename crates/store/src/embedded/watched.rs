//! The file as the library sees it, with one thing remembered that the library does not tell apart:
//! that it was an fsync that failed.

use std::{
    io,
    ops::Bound,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use redb::{BackendError, StorageBackend};

/// A backend that notes when an fsync fails.
#[derive(Debug)]
pub(super) struct Watched<B> {
    inner: B,
    sync_failed: Arc<AtomicBool>,
}

impl<B: StorageBackend> Watched<B> {
    /// Watches `inner`.
    pub(super) fn new(inner: B, sync_failed: &Arc<AtomicBool>) -> Self {
        Self {
            inner,
            sync_failed: Arc::clone(sync_failed),
        }
    }
}

impl<B: StorageBackend> StorageBackend for Watched<B> {
    fn sync_data(&self) -> io::Result<()> {
        self.inner
            .sync_data()
            .inspect_err(|_| self.sync_failed.store(true, Ordering::Release))
    }

    fn len(&self) -> io::Result<u64> {
        self.inner.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.inner.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.inner.set_len(len)
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.inner.write(offset, data)
    }

    fn close(&self) -> io::Result<()> {
        self.inner.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.inner.try_lock_range(start, end)
    }

    fn try_lock_shared_range(
        &self,
        start: Bound<u64>,
        end: Bound<u64>,
    ) -> Result<bool, BackendError> {
        self.inner.try_lock_shared_range(start, end)
    }

    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.inner.lock_range(start, end)
    }

    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.inner.lock_shared_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.inner.unlock_range(start, end)
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.inner.query_lock_range(start, end)
    }
}

#[cfg(test)]
mod tests {
    use redb::backends::InMemoryBackend;

    use super::*;

    /// Whose fsyncs fail.
    #[derive(Debug, Default)]
    struct DeadDisk(InMemoryBackend);

    impl StorageBackend for DeadDisk {
        fn len(&self) -> io::Result<u64> {
            self.0.len()
        }

        fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
            self.0.read(offset, out)
        }

        fn set_len(&self, len: u64) -> io::Result<()> {
            self.0.set_len(len)
        }

        fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
            self.0.write(offset, data)
        }

        fn sync_data(&self) -> io::Result<()> {
            Err(io::ErrorKind::Other.into())
        }
    }

    #[test]
    fn a_failed_fsync_is_noted_and_told() {
        let noted = Arc::new(AtomicBool::new(false));
        let disk = Watched::new(DeadDisk::default(), &noted);
        assert!(disk.sync_data().is_err());
        assert!(noted.load(Ordering::Acquire));
    }

    #[test]
    fn another_failure_is_not_taken_for_one() {
        let noted = Arc::new(AtomicBool::new(false));
        let disk = Watched::new(InMemoryBackend::new(), &noted);
        assert!(disk.write(10, b"beyond the end").is_err());
        disk.sync_data().unwrap();
        assert!(!noted.load(Ordering::Acquire));
    }
}
