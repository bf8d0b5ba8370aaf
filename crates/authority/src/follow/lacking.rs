//! What is known and was not found in the log yet.

use std::collections::HashMap;

use lanyard_revocation::{Entry, Handle, Revocation};
use lanyard_token::Position;

/// Revocations that a log must have, less those that it was found to have.
///
/// What is known is taken down *before* the log is read. Everything in it was appended before that,
/// so what the read does not find is lost, and not merely later than the read.
#[derive(Debug)]
pub(super) struct Lacking(HashMap<Handle, Wanted>);

/// A revocation of which the log has to show the position and, if it is final, a final entry. They
/// may be two entries.
#[derive(Clone, Copy, Debug)]
struct Wanted {
    revocation: Revocation,
    has_position: bool,
    has_final: bool,
}

impl Lacking {
    pub(super) fn of(known: impl Iterator<Item = Revocation>) -> Self {
        let wanted = known.map(|revocation| {
            let wanted = Wanted {
                revocation,
                has_position: false,
                has_final: !revocation.is_final,
            };
            (revocation.handle, wanted)
        });
        Self(wanted.collect())
    }

    /// Takes off what an entry of the log says.
    pub(super) fn find(&mut self, entry: &Entry) {
        let said = entry.revocation;
        let Some(wanted) = self.0.get_mut(&said.handle) else {
            return;
        };
        wanted.has_position |= said.position >= wanted.revocation.position;
        wanted.has_final |= said.is_final;
        if wanted.has_position && wanted.has_final {
            self.0.remove(&said.handle);
        }
    }

    /// Takes off every revocation with a position up to this one.
    pub(super) fn drop_up_to(&mut self, floor: Position) {
        self.0
            .retain(|_, wanted| wanted.revocation.position > floor);
    }

    /// What is lost, in the order in which it was revoked.
    pub(super) fn lost(&self) -> Vec<Revocation> {
        let mut lost: Vec<_> = self.0.values().map(|wanted| wanted.revocation).collect();
        lost.sort_by_key(|revocation| (revocation.position, revocation.handle));
        lost
    }

    /// Whether nothing is.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use lanyard_revocation::HandleKind;
    use lanyard_token::UnixTime;
    use uuid::Uuid;

    use super::*;

    fn revocation(id: u128, at: u64, is_final: bool) -> Revocation {
        Revocation {
            handle: Handle {
                kind: HandleKind::Identity,
                id: Uuid::from_u128(id),
            },
            position: Position::new(at, 0),
            is_final,
        }
    }

    fn entry(revocation: Revocation) -> Entry {
        Entry {
            number: 1,
            position: Position::new(1_000, 0),
            time: UnixTime::default(),
            revocation,
        }
    }

    fn lost(known: &[Revocation], found: &[Revocation]) -> Vec<Revocation> {
        let mut lacking = Lacking::of(known.iter().copied());
        for revocation in found {
            lacking.find(&entry(*revocation));
        }
        assert_eq!(lacking.is_empty(), lacking.lost().is_empty());
        lacking.lost()
    }

    #[test]
    fn a_log_that_says_as_much_or_more_lacks_nothing() {
        let known = [revocation(1, 5, false)];
        for found in [
            revocation(1, 5, false),
            revocation(1, 6, false),
            revocation(1, 5, true),
        ] {
            assert_eq!(lost(&known, &[found]), []);
        }
    }

    #[test]
    fn an_earlier_entry_or_one_of_another_handle_does_not_say_it() {
        let known = [revocation(1, 5, false)];
        assert_eq!(lost(&known, &[]), known);
        assert_eq!(lost(&known, &[revocation(1, 4, true)]), known);
        assert_eq!(lost(&known, &[revocation(2, 5, false)]), known);
    }

    #[test]
    fn what_is_final_must_be_found_to_be_so_by_whatever_entry() {
        let known = [revocation(1, 5, true)];
        assert_eq!(lost(&known, &[revocation(1, 9, false)]), known);
        let apart = [revocation(1, 3, true), revocation(1, 9, false)];
        assert_eq!(lost(&known, &apart), []);
    }

    #[test]
    fn revocations_up_to_the_floor_are_not_missing() {
        let known = [4, 5, 6].map(|at| revocation(u128::from(at), at, false));
        let mut lacking = Lacking::of(known.iter().copied());
        lacking.drop_up_to(Position::new(5, 0));
        assert_eq!(lacking.lost(), known[2..]);
    }

    #[test]
    fn what_is_lost_comes_in_the_order_in_which_it_was_revoked() {
        let known = [3, 1, 2].map(|at| revocation(u128::from(9 - at), at, false));
        let order = lost(&known, &[])
            .into_iter()
            .map(|one| one.position.millis());
        assert!(order.eq([1, 2, 3]));
    }
}
