//! Who can reach whom.

use std::{collections::BTreeMap, fmt};

/// A machine, or the majority that names the primary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Place {
    /// A replica of the authority.
    Authority(usize),
    /// A node of the store.
    Node(usize),
    /// The majority that names the primary.
    Register,
    /// An enforcement point.
    Point(usize),
}

/// A way between two places.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Link(Place, Place);

impl Link {
    /// The same one in both directions.
    pub(crate) fn between(one: Place, other: Place) -> Self {
        Self(one.min(other), one.max(other))
    }
}

/// The ways that are cut, and by how many faults each.
#[derive(Debug, Default)]
pub(crate) struct Links(BTreeMap<Link, u32>);

impl Links {
    /// Cuts one, once more.
    pub(crate) fn cut(&mut self, link: Link) {
        *self.0.entry(link).or_default() += 1;
    }

    /// Takes one cut back. Another may still be there.
    pub(crate) fn mend(&mut self, link: Link) {
        if let Some(cuts) = self.0.get_mut(&link) {
            *cuts = cuts.saturating_sub(1);
        }
    }

    /// Takes all of them back.
    pub(crate) fn mend_all(&mut self) {
        self.0.clear();
    }

    /// Whether two can reach each other.
    pub(crate) fn is_up(&self, one: Place, other: Place) -> bool {
        self.0
            .get(&Link::between(one, other))
            .is_none_or(|cuts| *cuts == 0)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Authority(number) => write!(f, "authority {number}"),
            Self::Node(number) => write!(f, "node {number}"),
            Self::Register => f.write_str("the register"),
            Self::Point(number) => write!(f, "point {number}"),
        }
    }
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} and {}", self.0, self.1)
    }
}
