//! What all callers send one after the other.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Requests that are sent in turn. Their copies share the turn, so that no request comes again before
/// all others did, whoever sends them.
#[derive(Clone, Debug)]
pub(super) struct InTurn<T> {
    requests: Arc<[T]>,
    next: Arc<AtomicUsize>,
}

impl<T: Clone> InTurn<T> {
    pub(super) fn new(requests: impl Iterator<Item = T>) -> Self {
        Self {
            requests: requests.collect(),
            next: Arc::default(),
        }
    }

    /// The next of all and its place among them, and after the last the first again. None if there
    /// are none.
    pub(super) fn take(&self) -> Option<(usize, T)> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let place = number.checked_rem(self.requests.len())?;
        Some((place, self.requests.get(place)?.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_request_comes_again_before_all_others_did() {
        let requests = InTurn::new(["a", "b", "c"].into_iter());
        let other = requests.clone();
        let seen = [&requests, &other, &other, &requests, &other].map(InTurn::take);
        let expected = [(0, "a"), (1, "b"), (2, "c"), (0, "a"), (1, "b")].map(Some);
        assert_eq!(seen, expected);
    }

    #[test]
    fn of_no_requests_none_is_next() {
        assert_eq!(InTurn::<u8>::new([].into_iter()).take(), None);
    }
}
