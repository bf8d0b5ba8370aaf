//! What is going to happen, in its order.

use std::{cmp::Reverse, collections::BinaryHeap};

use crate::moment::Moment;

/// Things that happen at their times; of two at one time, the one that was written down first.
#[derive(Debug)]
pub(crate) struct Agenda<E> {
    items: BinaryHeap<Reverse<Item<E>>>,
    written: u64,
}

#[derive(Debug)]
struct Item<E> {
    at: Moment,
    number: u64,
    event: E,
}

impl<E> Agenda<E> {
    /// Nothing yet.
    pub(crate) const fn new() -> Self {
        Self {
            items: BinaryHeap::new(),
            written: 0,
        }
    }

    /// Something is to happen.
    pub(crate) fn add(&mut self, at: Moment, event: E) {
        let number = self.written;
        self.written += 1;
        self.items.push(Reverse(Item { at, number, event }));
    }

    /// What happens next.
    pub(crate) fn next(&mut self) -> Option<(Moment, E)> {
        let Reverse(Item { at, event, .. }) = self.items.pop()?;
        Some((at, event))
    }
}

impl<E> PartialEq for Item<E> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl<E> Eq for Item<E> {}

impl<E> PartialOrd for Item<E> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<E> Ord for Item<E> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.number).cmp(&(other.at, other.number))
    }
}
