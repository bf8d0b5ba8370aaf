//! The real list, as small as a state needs it.

use lanyard_revocation::{Entry, List};
use lanyard_token::UnixTime;

use crate::{
    log::{identity, revocation},
    place::Place,
};

/// What a copy of the list knows of the one identity. Whatever is done with it is done by the real
/// list, which is made from this and asked for this again.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) struct Known(Place);

impl Known {
    /// What is revoked before which place.
    pub(crate) const fn revoked_before(self) -> Place {
        self.0
    }

    /// Takes in a revocation.
    pub(crate) fn learn(&mut self, before: Place) {
        let mut list = self.list();
        list.insert(revocation(before), UnixTime::default());
        *self = Self::of(&list);
    }

    /// Takes in what an entry says, if it is of the identity.
    pub(crate) fn learn_from(&mut self, entry: &Entry) {
        if entry.revocation.handle == identity() {
            self.learn(Place::of(entry.revocation.position));
        }
    }

    /// Takes in all that another copy knows.
    pub(crate) fn merge(&mut self, other: Self) {
        let mut list = self.list();
        list.merge(&other.list());
        *self = Self::of(&list);
    }

    /// Whether a token that was issued at a place is revoked.
    pub(crate) fn refuses(self, issued_at: Place) -> bool {
        self.list()
            .revoked(&[identity()], issued_at.position())
            .is_some()
    }

    fn list(self) -> List {
        let mut list = List::new();
        if self.0 != Place::ZERO {
            list.insert(revocation(self.0), UnixTime::default());
        }
        list
    }

    fn of(list: &List) -> Self {
        Self(
            list.position_of(identity())
                .map(Place::of)
                .unwrap_or_default(),
        )
    }
}
