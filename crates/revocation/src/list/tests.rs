//! The laws of the list, over arbitrary revocations.

use proptest::prelude::*;
use proptest::{collection::vec, sample::select};

use uuid::Uuid;

use super::*;

/// Few handles, positions and times, so that they often meet.
fn revocations() -> impl Strategy<Value = Vec<(Revocation, UnixTime)>> {
    vec((handles(), positions(), any::<bool>(), 0_u64..50), 0..40).prop_map(|drawn| {
        drawn
            .into_iter()
            .map(|(handle, position, is_final, until)| {
                (
                    Revocation {
                        handle,
                        position,
                        is_final,
                    },
                    UnixTime::from_millis(until),
                )
            })
            .collect()
    })
}

fn handles() -> impl Strategy<Value = Handle> {
    (select(HandleKind::ALL.to_vec()), 0_u128..3).prop_map(|(kind, id)| Handle {
        kind,
        id: Uuid::from_u128(id),
    })
}

fn positions() -> impl Strategy<Value = Position> {
    (0_u64..4, 0_u64..4).prop_map(|(millis, sequence)| Position::new(millis, sequence))
}

fn list_of<'a>(revocations: impl IntoIterator<Item = &'a (Revocation, UnixTime)>) -> List {
    let mut list = List::new();
    for (revocation, expires_at) in revocations {
        list.insert(*revocation, *expires_at);
    }
    list
}

fn merged(one: &List, other: &List) -> List {
    let mut both = one.clone();
    both.merge(other);
    both
}

fn identity(id: u128) -> Handle {
    Handle {
        kind: HandleKind::Identity,
        id: Uuid::from_u128(id),
    }
}

fn revocation(handle: Handle, millis: u64) -> Revocation {
    Revocation {
        handle,
        position: Position::new(millis, 0),
        is_final: false,
    }
}

/// The digest as it is by definition, of what is there.
fn digest_anew(list: &List) -> Digest {
    let mut digest = Digest::default();
    for (revocation, _) in list.iter() {
        digest.add(&revocation);
    }
    digest
}

fn contents(list: &List) -> std::collections::BTreeSet<(Handle, Position, bool)> {
    let all = list.iter();
    all.map(|(one, _)| (one.handle, one.position, one.is_final))
        .collect()
}

/// What a list stands for, as plainly as it can be put.
type Model = std::collections::BTreeMap<Handle, (Position, bool, UnixTime)>;

/// A history long enough that tables split and fold many times: revocations of many ids, and once
/// in a while a trim in between.
fn histories() -> impl Strategy<Value = Vec<(Revocation, UnixTime, Option<UnixTime>)>> {
    let kinds = select(vec![HandleKind::Token, HandleKind::Resource]);
    let handle = (kinds, 0_u128..400).prop_map(|(kind, id)| Handle {
        kind,
        id: Uuid::from_u128(id),
    });
    let trim = proptest::option::weighted(0.02, 0_u64..50);
    let step = (handle, positions(), any::<bool>(), 0_u64..50, trim);
    let step = step.prop_map(|(handle, position, is_final, until, trim)| {
        let revocation = Revocation {
            handle,
            position,
            is_final,
        };
        let until = UnixTime::from_millis(until);
        (revocation, until, trim.map(UnixTime::from_millis))
    });
    vec(step, 0..1500)
}

fn model_insert(model: &mut Model, (revocation, until): (Revocation, UnixTime)) {
    let Revocation {
        handle,
        position,
        is_final,
    } = revocation;
    // It revokes nothing.
    if position == Position::ZERO {
        return;
    }
    let entry = model.entry(handle).or_insert((position, is_final, until));
    *entry = (
        entry.0.max(position),
        entry.1 || is_final,
        entry.2.max(until),
    );
}

fn model_of(list: &List) -> Model {
    let all = list.iter();
    all.map(|(one, until)| (one.handle, (one.position, one.is_final, until)))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_list_is_the_plain_map_that_it_stands_for(history in histories()) {
        let (mut list, mut model) = (List::new(), Model::new());
        for (revocation, until, trim) in history {
            list.insert(revocation, until);
            model_insert(&mut model, (revocation, until));
            if let Some(now) = trim {
                list.trim(now);
                model.retain(|_, (_, _, until)| now < *until);
                prop_assert_eq!(&model_of(&list), &model);
            }
            prop_assert_eq!(list.len(), model.len());
        }
        prop_assert_eq!(model_of(&list), model.clone());
        prop_assert_eq!(list.digest(), digest_anew(&list));
        for id in 0..400 {
            let handle = Handle { kind: HandleKind::Token, id: Uuid::from_u128(id) };
            prop_assert_eq!(list.position_of(handle), model.get(&handle).map(|held| held.0));
        }
    }
}

proptest! {
    #[test]
    fn the_digest_is_that_of_what_is_there_after_any_history(
        drawn in revocations(),
        now in 0_u64..50,
        more in revocations(),
    ) {
        let mut list = list_of(&drawn);
        prop_assert_eq!(list.digest(), digest_anew(&list));
        list.trim(UnixTime::from_millis(now));
        prop_assert_eq!(list.digest(), digest_anew(&list));
        list.merge(&list_of(&more));
        prop_assert_eq!(list.digest(), digest_anew(&list));
    }

    #[test]
    fn lists_have_the_same_digest_if_and_only_if_they_say_the_same(
        a in revocations(),
        b in revocations(),
    ) {
        let (a, b) = (list_of(&a), list_of(&b));
        prop_assert_eq!(a.digest() == b.digest(), contents(&a) == contents(&b));
    }

    #[test]
    fn order_repetition_and_the_same_cutoff_leave_the_digest_alone(
        drawn in revocations(),
        now in 0_u64..50,
    ) {
        let mut list = list_of(&drawn);
        let mut other = list_of(drawn.iter().rev().chain(&drawn));
        prop_assert_eq!(list.digest(), other.digest());
        list.trim(UnixTime::from_millis(now));
        other.trim(UnixTime::from_millis(now));
        prop_assert_eq!(list.digest(), other.digest());
    }

    #[test]
    fn merging_is_commutative(a in revocations(), b in revocations()) {
        let (a, b) = (list_of(&a), list_of(&b));
        prop_assert_eq!(merged(&a, &b), merged(&b, &a));
    }

    #[test]
    fn merging_is_associative(a in revocations(), b in revocations(), c in revocations()) {
        let (a, b, c) = (list_of(&a), list_of(&b), list_of(&c));
        prop_assert_eq!(merged(&merged(&a, &b), &c), merged(&a, &merged(&b, &c)));
    }

    #[test]
    fn merging_is_idempotent(a in revocations(), b in revocations()) {
        let (a, b) = (list_of(&a), list_of(&b));
        prop_assert_eq!(merged(&a, &a), a.clone());
        let both = merged(&a, &b);
        prop_assert_eq!(merged(&both, &b), both);
    }

    #[test]
    fn merging_copies_is_hearing_everything(a in revocations(), b in revocations()) {
        let all = list_of(a.iter().chain(&b));
        prop_assert_eq!(merged(&list_of(&a), &list_of(&b)), all);
    }

    #[test]
    fn the_order_and_the_number_of_hearings_do_not_matter(
        (heard, again) in revocations().prop_flat_map(|all| {
            let twice = all.iter().chain(&all).copied().collect::<Vec<_>>();
            (Just(all), Just(twice).prop_shuffle())
        }),
    ) {
        prop_assert_eq!(list_of(&heard), list_of(&again));
    }

    #[test]
    fn a_snapshot_never_takes_anything_back(
        known in revocations(),
        snapshot in revocations(),
        handle in handles(),
        issued_at in positions(),
    ) {
        let known = list_of(&known);
        let after = merged(&known, &list_of(&snapshot));
        let was_dead = known.revoked(&[handle], issued_at).is_some();
        prop_assert!(!was_dead || after.revoked(&[handle], issued_at).is_some());
        prop_assert!(!known.is_final(handle) || after.is_final(handle));
    }

    #[test]
    fn the_list_answers_as_the_log_does(
        log in revocations(),
        handles in vec(handles(), 0..5),
        issued_at in positions(),
    ) {
        let covered = |handle: &Handle| {
            log.iter().any(|(said, _)| said.handle == *handle && said.covers(issued_at))
        };
        let expected = handles.iter().copied().find(covered);
        prop_assert_eq!(list_of(&log).revoked(&handles, issued_at), expected);
    }

    #[test]
    fn trimming_removes_what_has_expired_and_nothing_that_is_live(
        log in revocations(),
        now in 0_u64..50,
    ) {
        let now = UnixTime::from_millis(now);
        let full = list_of(&log);
        let mut trimmed = full.clone();
        trimmed.trim(now);
        let live = full.iter().filter(|(_, expires_at)| now < *expires_at).collect::<Vec<_>>();
        prop_assert_eq!(trimmed, list_of(&live));
    }

    #[test]
    fn a_revocation_that_is_live_still_covers_after_a_trim(
        log in revocations(),
        now in 0_u64..50,
        issued_at in positions(),
    ) {
        let now = UnixTime::from_millis(now);
        let mut trimmed = list_of(&log);
        trimmed.trim(now);
        for (said, _) in log.iter().filter(|(_, expires_at)| now < *expires_at) {
            let dead = trimmed.revoked(&[said.handle], issued_at).is_some();
            prop_assert!(dead || !said.covers(issued_at));
        }
    }

    #[test]
    fn what_the_list_holds_makes_the_same_list_again(log in revocations()) {
        let list = list_of(&log);
        let held = list.iter().collect::<Vec<_>>();
        prop_assert_eq!(held.len(), list.len());
        prop_assert_eq!(list_of(&held), list);
    }
}

#[test]
fn a_token_issued_at_the_position_of_the_revocation_lives_and_its_predecessor_dies() {
    let mut list = List::new();
    let at = Position::new(7, 3);
    let said = Revocation {
        handle: identity(1),
        position: at,
        is_final: false,
    };
    list.insert(said, UnixTime::from_millis(u64::MAX));
    assert_eq!(list.revoked(&[identity(1)], at), None);
    assert_eq!(list.revoked(&[identity(1)], Position::new(7, 4)), None);
    assert_eq!(
        list.revoked(&[identity(1)], Position::new(7, 2)),
        Some(identity(1))
    );
    assert_eq!(
        list.revoked(&[identity(1)], Position::new(6, u64::MAX)),
        Some(identity(1))
    );
}

#[test]
fn one_revoked_handle_among_many_is_enough() {
    let list = list_of(&[(revocation(identity(2), 9), UnixTime::from_millis(50))]);
    let handles = [identity(1), identity(2), identity(3)];
    assert_eq!(
        list.revoked(&handles, Position::new(8, 0)),
        Some(identity(2))
    );
    assert_eq!(list.revoked(&[], Position::ZERO), None);
}

#[test]
fn the_same_id_under_another_kind_is_not_revoked() {
    let list = list_of(&[(revocation(identity(1), 9), UnixTime::from_millis(50))]);
    for kind in HandleKind::ALL
        .into_iter()
        .filter(|kind| *kind != HandleKind::Identity)
    {
        let other = Handle {
            kind,
            id: Uuid::from_u128(1),
        };
        assert_eq!(list.revoked(&[other], Position::ZERO), None);
        assert_eq!(list.position_of(other), None);
    }
}

#[test]
fn an_earlier_revocation_that_is_heard_later_changes_nothing() {
    let late = (revocation(identity(1), 5), UnixTime::from_millis(10));
    let mut list = list_of(&[(revocation(identity(1), 9), UnixTime::from_millis(50))]);
    let before = list.clone();
    list.insert(late.0, late.1);
    assert_eq!(list, before);
    assert_eq!(list.position_of(identity(1)), Some(Position::new(9, 0)));
}

#[test]
fn a_handle_is_kept_as_long_as_the_last_of_its_revocations_needs() {
    let early = (revocation(identity(1), 9), UnixTime::from_millis(10));
    let late = (revocation(identity(1), 5), UnixTime::from_millis(50));
    let mut list = list_of(&[early, late]);
    list.trim(UnixTime::from_millis(49));
    assert_eq!(list.position_of(identity(1)), Some(Position::new(9, 0)));
    list.trim(UnixTime::from_millis(50));
    assert!(list.is_empty());
}

#[test]
fn a_handle_stays_final_whatever_is_heard_afterwards() {
    let gone = Revocation {
        is_final: true,
        ..revocation(identity(1), 1)
    };
    let mut list = list_of(&[(gone, UnixTime::from_millis(50))]);
    list.insert(revocation(identity(1), 9), UnixTime::from_millis(60));
    assert!(list.is_final(identity(1)));
    assert!(!list.is_final(identity(2)));
    let (held, expires_at) = list.iter().next().unwrap();
    assert_eq!(
        held,
        Revocation {
            is_final: true,
            ..revocation(identity(1), 9)
        }
    );
    assert_eq!(expires_at, UnixTime::from_millis(60));
}

#[test]
fn an_expiry_at_the_end_of_time_is_neither_final_nor_short() {
    let mut list = list_of(&[(revocation(identity(1), 1), UnixTime::from_millis(u64::MAX))]);
    list.trim(UnixTime::from_millis(u64::MAX >> 2));
    assert_eq!(list.len(), 1);
    assert!(!list.is_final(identity(1)));
}

#[test]
fn an_entry_takes_forty_bytes() {
    assert_eq!(size_of::<(Uuid, Held)>(), 40);
}
