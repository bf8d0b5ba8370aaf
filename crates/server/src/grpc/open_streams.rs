//! The bound on streams that are open to callers without a credential.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tonic::Status;

use super::status;

/// The streams of one kind that may be open at once on a port.
#[derive(Clone, Debug)]
pub(super) struct OpenStreams(Arc<Semaphore>);

impl OpenStreams {
    pub(super) fn at_most(count: usize) -> Self {
        Self(Arc::new(Semaphore::new(count)))
    }

    /// Begins a stream, which is open for as long as the permit is held.
    ///
    /// # Errors
    /// `RESOURCE_EXHAUSTED`, if too many are open.
    pub(super) fn begin(&self) -> Result<OwnedSemaphorePermit, Status> {
        let permit = Arc::clone(&self.0).try_acquire_owned();
        permit.map_err(|_| status::too_many_streams())
    }
}

#[cfg(test)]
mod tests {
    use tonic::Code;

    use super::*;

    #[test]
    fn a_stream_beyond_the_bound_is_refused_until_one_ends() {
        let open = OpenStreams::at_most(2);
        let first = open.begin().unwrap();
        let _second = open.begin().unwrap();
        assert_eq!(open.begin().unwrap_err().code(), Code::ResourceExhausted);
        drop(first);
        assert!(open.begin().is_ok());
    }
}
