//! A panic in the library, made an error like any other.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
};

use super::tables::corrupt;
use crate::StoreError;

/// Does the work, and answers a panic as damage.
///
/// The library trusts pages that it has verified once; one that changes later makes it panic. That
/// must cost one call, not the thread that all writes depend on. The work touches nothing that
/// outlives it but the database, which knows by itself when it was left in the middle.
pub(super) fn guarded<T>(work: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        Err(corrupt(
            "page",
            format!("the database gave up: {}", message(&*panic)),
        ))
    })
}

fn message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no reason given")
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use super::*;

    #[test]
    fn a_panic_becomes_an_error_that_keeps_its_words() {
        for work in [|| panic!("at the page"), || panic!("at {}", "the page")] {
            let error = guarded::<()>(work).unwrap_err();
            assert_eq!(error.to_string(), "a stored page cannot be read");
            let source = error.source().unwrap().to_string();
            assert_eq!(source, "the database gave up: at the page");
        }
    }

    #[test]
    fn what_does_not_panic_is_left_alone() {
        assert_eq!(guarded(|| Ok(7)).unwrap(), 7);
        assert!(matches!(
            guarded::<()>(|| Err(corrupt("identity", "it is empty"))),
            Err(StoreError::Corrupt {
                record: "identity",
                ..
            })
        ));
    }
}
