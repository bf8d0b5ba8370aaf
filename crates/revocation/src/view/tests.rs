//! What a point accepts and refuses: over time, over partitions, and between threads.

use std::{
    iter,
    pin::pin,
    sync::atomic::{AtomicUsize, Ordering},
    task::{Context, Poll, Wake, Waker},
    thread,
};

use lanyard_token::{Claims, IdentityId, LEEWAY, TokenId};
use uuid::Uuid;

use super::*;
use crate::{
    HandleKind, RETENTION, Revocation,
    testing::{ISSUED_AT, Issuer, boot, claims, resource, signing_key},
};

const BOUND: FreshnessBound = FreshnessBound::MAX;
const FIRST: PartitionId = PartitionId::new(0);
const SECOND: PartitionId = PartitionId::new(1);

fn view_of(partitions: u16) -> View {
    View::new(NonZeroU16::new(partitions).unwrap())
}

fn place(millis: u64) -> Position {
    Position::new(millis, 0)
}

fn entry(handle: Handle, position: Position) -> Entry {
    let revocation = Revocation {
        handle,
        position,
        is_final: false,
    };
    Entry {
        number: 1,
        position,
        time: ISSUED_AT,
        revocation,
    }
}

fn handle(id: u128) -> Handle {
    Handle {
        kind: HandleKind::Token,
        id: Uuid::from_u128(id),
    }
}

/// A resource of the first partition, and one of the second.
fn resources_of(view: &View) -> (ResourceId, ResourceId) {
    let in_partition = |partition| {
        let ids = (0..).map(|id| ResourceId::from_uuid(Uuid::from_u128(id)));
        let mut own = ids.filter(|id| view.partition_of(*id) == partition);
        own.next().unwrap()
    };
    (in_partition(FIRST), in_partition(SECOND))
}

fn waits(view: &View, position: Position) -> bool {
    let mut context = Context::from_waker(Waker::noop());
    pin!(view.reached(FIRST, position))
        .poll(&mut context)
        .is_pending()
}

#[test]
fn a_view_that_knows_nothing_is_not_fresh_and_has_reached_nothing() {
    let view = view_of(2);
    assert_eq!(view.age(boot(100)), None);
    assert_eq!(
        view.fresh(boot(100), BOUND),
        Err(Stale {
            age: None,
            bound: BOUND
        })
    );
    assert_eq!(view.live_entries(), 0);
    assert!(waits(&view, Position::new(0, 1)));
}

#[test]
fn a_revocation_kills_what_was_issued_before_it_and_spares_what_was_issued_at_it() {
    let issuer = Issuer::new();
    for dead_by in handles_of(&issuer.token()) {
        let view = view_of(1);
        view.apply(FIRST, &[entry(dead_by, place(10))]).unwrap();
        let before = issuer.token_at(Position::new(9, u64::MAX));
        assert_eq!(view.revoked(&before), Some(dead_by));
        assert_eq!(view.revoked(&issuer.token_at(place(10))), None, "{dead_by}");
        assert_eq!(view.revoked(&issuer.token_at(Position::new(10, 1))), None);
    }
}

#[test]
fn the_start_of_a_generation_is_reached_and_revokes_nothing() {
    let view = view_of(1);
    let nothing = Entry {
        revocation: Revocation::of_nothing(),
        ..entry(handle(1), place(10))
    };
    assert!(nothing.opens_generation() && !entry(handle(1), place(10)).opens_generation());
    view.apply(FIRST, &[nothing]).unwrap();
    assert!(!waits(&view, place(10)));
    assert_eq!(view.live_entries(), 0);
    assert_eq!(view.fingerprint().unwrap().digest, Digest::default());
}

#[test]
fn the_furthest_position_is_the_latest_that_was_heard_of_in_whatever_way() {
    let view = view_of(2);
    assert_eq!(view.furthest(FIRST), Ok(Position::ZERO));
    view.apply(FIRST, &[entry(handle(1), place(10))]).unwrap();
    assert_eq!(view.furthest(FIRST), Ok(place(10)));
    view.learn(FIRST, &entry(handle(2), place(30))).unwrap();
    assert_eq!(view.furthest(FIRST), Ok(place(30)));
    view.confirm(FIRST, place(20), boot(1)).unwrap();
    assert_eq!(view.furthest(FIRST), Ok(place(30)));
    assert_eq!(view.furthest(SECOND), Ok(Position::ZERO));
    assert!(view.furthest(PartitionId::new(2)).is_err());
}

#[test]
fn a_token_that_was_revoked_alone_leaves_its_sibling_alive() {
    let issuer = Issuer::new();
    let view = view_of(1);
    view.apply(FIRST, &[entry(handle(1), place(10))]).unwrap();
    let sibling = TokenId::from_uuid(Uuid::from_u128(99));
    let sibling = issuer.verified(&Claims {
        token_id: sibling,
        ..claims()
    });
    assert_eq!(view.revoked(&issuer.token()), Some(handle(1)));
    assert_eq!(view.revoked(&sibling), None);
}

#[test]
fn revoke_then_issue_in_the_same_millisecond_kills_the_old_and_spares_the_new() {
    let issuer = Issuer::new();
    let view = view_of(1);
    let identity = Handle::identity(&claims().subject);
    let now = ISSUED_AT;
    let mut end = place(now.as_millis());
    for _ in 0..50 {
        let old = issuer.token_at(end);
        end = end.next_at(now).unwrap();
        view.apply(FIRST, &[entry(identity, end)]).unwrap();
        assert_eq!(view.revoked(&old), Some(identity));
        assert_eq!(view.revoked(&issuer.token_at(end)), None);
    }
    assert_eq!(view.live_entries(), 1);
}

#[test]
fn only_the_list_of_the_subject_s_own_partition_is_asked() {
    let issuer = Issuer::new();
    let token = issuer.token();
    let dead_by = Handle::signing_key(signing_key());
    let view = view_of(16);
    let own = view.partition_of(resource());
    assert_eq!(own, partition_of(resource(), view.partitions()));
    for partition in PartitionId::all(view.partitions()).filter(|one| *one != own) {
        view.apply(partition, &[entry(dead_by, place(10))]).unwrap();
    }
    assert_eq!(view.revoked(&token), None);
    view.apply(own, &[entry(dead_by, place(10))]).unwrap();
    assert_eq!(view.revoked(&token), Some(dead_by));
    assert_eq!(view.live_entries(), 16);
}

#[test]
fn a_snapshot_adds_and_takes_nothing_back() {
    let issuer = Issuer::new();
    let view = view_of(1);
    let identity = Handle::identity(&claims().subject);
    view.apply(FIRST, &[entry(identity, place(10))]).unwrap();

    let mut snapshot = List::new();
    let other = entry(handle(77), place(5));
    snapshot.insert(other.revocation, other.expires_at());
    view.merge_snapshot(FIRST, &snapshot, place(5)).unwrap();

    assert_eq!(view.revoked(&issuer.token()), Some(identity));
    assert_eq!(view.live_entries(), 2);
    assert!(!waits(&view, place(10)));
    assert!(waits(&view, place(11)));
    view.merge_snapshot(FIRST, &List::new(), place(11)).unwrap();
    assert!(!waits(&view, place(11)));
    assert_eq!(view.live_entries(), 2);
}

#[test]
fn a_part_of_a_list_counts_at_once_and_reaches_nothing() {
    let issuer = Issuer::new();
    let view = view_of(1);
    let identity = entry(Handle::identity(&claims().subject), place(10));
    let part = [(identity.revocation, identity.expires_at())];
    view.merge_part(FIRST, &part).unwrap();
    assert_eq!(
        view.revoked(&issuer.token()),
        Some(identity.revocation.handle)
    );
    assert!(waits(&view, place(1)));
    view.merge_part(FIRST, &[]).unwrap();
    assert_eq!(view.live_entries(), 1);
}

#[test]
fn an_entry_learned_ahead_of_its_turn_counts_at_once_and_reaches_nothing() {
    let issuer = Issuer::new();
    let view = view_of(1);
    let identity = Handle::identity(&claims().subject);
    view.learn(FIRST, &entry(identity, place(10))).unwrap();
    assert_eq!(view.revoked(&issuer.token()), Some(identity));
    assert!(waits(&view, Position::new(0, 1)));
    assert_eq!(view.age(boot(1)), None);
    assert!(view.learn(SECOND, &entry(identity, place(10))).is_err());
}

#[test]
fn a_list_of_many_parts_is_taken_in_whole() {
    let view = view_of(1);
    let many = (0..5_000)
        .map(|id| entry(handle(id), place(10)))
        .collect::<Vec<_>>();
    view.apply(FIRST, &many).unwrap();
    assert_eq!(view.live_entries(), 5_000);
}

#[test]
fn the_slowest_partition_decides_how_fresh_the_view_is() {
    let view = view_of(2);
    view.confirm(FIRST, Position::ZERO, boot(1_000)).unwrap();
    assert_eq!(
        view.fresh(boot(1_000), BOUND),
        Err(Stale {
            age: None,
            bound: BOUND
        })
    );
    view.confirm(SECOND, Position::ZERO, boot(400)).unwrap();
    assert_eq!(view.age(boot(1_000)), Some(Duration::from_mins(10)));
    assert_eq!(
        view.fresh(boot(400 + 840), BOUND),
        Ok(Duration::from_mins(14))
    );
    let stale = Stale {
        age: Some(Duration::from_secs(841)),
        bound: BOUND,
    };
    assert_eq!(view.fresh(boot(400 + 841), BOUND), Err(stale));
    view.confirm(SECOND, Position::ZERO, boot(1_200)).unwrap();
    assert_eq!(view.age(boot(1_300)), Some(Duration::from_mins(5)));
}

#[test]
fn freshness_for_a_resource_is_that_of_its_partition_alone() {
    let view = view_of(2);
    let (here, beside) = resources_of(&view);
    view.confirm(FIRST, Position::ZERO, boot(1_000)).unwrap();
    view.confirm(SECOND, Position::ZERO, boot(100)).unwrap();
    let now = boot(1_001);
    assert_eq!(view.fresh_for(here, now, BOUND), Ok(Duration::from_secs(1)));
    let stale = Stale {
        age: Some(Duration::from_secs(901)),
        bound: BOUND,
    };
    assert_eq!(view.fresh_for(beside, now, BOUND), Err(stale));
    assert_eq!(view.coverage(now, BOUND), Coverage::Partial(vec![SECOND]));
    assert_eq!(view.ages(now).of(FIRST), Some(Duration::from_secs(1)));
    assert_eq!(view.ages(now).of(SECOND), Some(Duration::from_secs(901)));
    assert_eq!(view.coverage(boot(900), BOUND), Coverage::Full);
    assert_eq!(view.coverage(boot(9_000), BOUND), Coverage::None);
}

#[test]
fn the_handles_of_a_token_are_looked_up_in_its_own_partition_and_nowhere_else() {
    let (view, issuer) = (view_of(2), Issuer::new());
    let (here, beside) = resources_of(&view);
    for (resource, own, other) in [(here, FIRST, SECOND), (beside, SECOND, FIRST)] {
        let claims = Claims {
            subject: IdentityId::new(resource, Uuid::from_u128(2)),
            ..claims()
        };
        let token = issuer.verified(&claims);
        for handle in crate::handles_of(&token) {
            let view = view_of(2);
            view.apply(other, &[entry(handle, place(10))]).unwrap();
            assert_eq!(view.revoked(&token), None, "{handle} in the other one");
            view.apply(own, &[entry(handle, place(10))]).unwrap();
            assert_eq!(view.revoked(&token), Some(handle));
        }
    }
}

#[test]
fn what_a_compromised_key_signed_is_refused_by_the_list_whatever_its_position() {
    let (view, issuer) = (view_of(1), Issuer::new());
    let forged = issuer.token_at(Position::new(u64::MAX, 9));
    let key = Handle::signing_key(signing_key());
    view.apply(FIRST, &[entry(key, place(10))]).unwrap();
    assert_eq!(view.revoked(&forged), None);
    let mut compromised = entry(key, place(11));
    compromised.revocation.is_final = true;
    view.apply(FIRST, &[compromised]).unwrap();
    assert_eq!(view.revoked(&forged), Some(key));

    let mut gone = entry(Handle::resource(resource()), place(12));
    gone.revocation.is_final = true;
    let view = view_of(1);
    view.apply(FIRST, &[gone]).unwrap();
    assert_eq!(view.revoked(&forged), None, "others are judged by position");
}

#[test]
fn no_list_is_fresh_beside_a_key_set_that_is_out_of_date() {
    let view = view_of(2);
    let (here, _) = resources_of(&view);
    view.confirm_keys(boot(1_000));
    let last = boot(1_000 + View::KEYS_TRUSTED_FOR.as_secs());
    for partition in [FIRST, SECOND] {
        view.confirm(partition, Position::ZERO, last).unwrap();
    }
    let later = last.saturating_add(Duration::from_nanos(1));
    assert_eq!(view.age_for(here, last), Some(Duration::ZERO));
    assert_eq!(view.age_for(here, later), None);
    assert_eq!((view.age(later), view.ages(later)), (None, Ages::default()));
    assert_eq!(view.coverage(later, BOUND), Coverage::None);
    view.confirm_keys(boot(2_000));
    assert_eq!(view.coverage(later, BOUND), Coverage::Full);
}

/// The entry of a compromised key and the copy of the key set that lacks its state never are out of
/// date together.
#[test]
fn a_compromised_key_is_in_the_list_for_longer_than_copies_of_the_key_set_are_trusted() {
    let copies = View::KEYS_TRUSTED_FOR * 2 + FreshnessBound::MAX.as_duration();
    assert!(copies < RETENTION);
}

#[test]
fn neither_entries_nor_snapshots_nor_keys_make_a_view_fresh() {
    let view = view_of(1);
    view.apply(FIRST, &[entry(handle(1), place(10))]).unwrap();
    view.merge_snapshot(FIRST, &List::new(), place(20)).unwrap();
    view.set_keys(Issuer::new().keys());
    assert_eq!(view.age(boot(1)), None);
}

#[test]
fn the_key_set_is_replaced_as_a_whole_and_one_in_use_stays_as_it_is() {
    let issuer = Issuer::new();
    let view = view_of(1);
    let before = view.keys();
    view.set_keys(issuer.keys());
    assert_eq!(*before, KeySet::default());
    assert_eq!(*view.keys(), issuer.keys());
}

#[test]
fn a_partition_that_the_store_does_not_have_is_an_error_and_changes_nothing() {
    let view = view_of(1);
    let unknown = |result: Result<(), UnknownPartition>| result.unwrap_err().to_string();
    let expected = "there is no partition `1` in a store of 1, counted from 0";
    assert_eq!(
        unknown(view.apply(SECOND, &[entry(handle(1), place(10))])),
        expected
    );
    assert_eq!(
        unknown(view.merge_snapshot(SECOND, &List::new(), place(1))),
        expected
    );
    assert_eq!(unknown(view.merge_part(SECOND, &[])), expected);
    assert_eq!(unknown(view.confirm(SECOND, place(1), boot(1))), expected);
    assert_eq!(unknown(view.raise_floor(SECOND, place(1))), expected);
    assert_eq!(unknown(view.floor(SECOND).map(drop)), expected);
    assert_eq!(view.live_entries(), 0);
    assert_eq!(view.age(boot(1)), None);
}

#[test]
fn a_trim_keeps_what_can_still_cover_a_living_token() {
    let issuer = Issuer::new();
    let view = view_of(1);
    let identity = Handle::identity(&claims().subject);
    view.apply(FIRST, &[entry(identity, place(10))]).unwrap();

    let token = issuer.token();
    let last = claims().expires_at.saturating_add(LEEWAY).as_millis() - 1;
    view.trim(UnixTime::from_millis(last));
    assert_eq!(view.live_entries(), 1);
    assert!(view.revoked(&token).is_some());
    view.trim(ISSUED_AT.saturating_add(RETENTION));
    assert_eq!(view.live_entries(), 0);
}

#[test]
fn a_clock_that_jumps_ahead_and_back_brings_no_revoked_token_to_life() {
    let issuer = Issuer::new();
    let view = view_of(1);
    view.apply(FIRST, &[entry(Handle::resource(resource()), place(10))])
        .unwrap();
    let token = issuer.token();
    view.trim(ISSUED_AT.saturating_add(RETENTION * 2));
    assert_eq!(view.live_entries(), 0);

    assert_eq!(token.at(ISSUED_AT), Ok(()));
    view.trim(ISSUED_AT);
    assert_eq!(view.revoked(&token), Some(handle(1)));
}

#[test]
fn a_token_at_the_floor_or_above_is_judged_by_the_list_however_late_the_trim_is() {
    let issuer = Issuer::new();
    let token = issuer.token();
    let at = token.claims().position;
    let just_after = Position::new(at.millis(), at.sequence() + 1);
    for (dropped, is_revoked) in [(at, false), (just_after, true)] {
        let view = view_of(1);
        view.apply(FIRST, &[entry(handle(7), dropped)]).unwrap();
        assert_eq!(view.revoked(&token), None);
        view.trim(claims().expires_at.saturating_add(RETENTION));
        assert_eq!(view.floor(FIRST), Ok(dropped));
        assert_eq!(view.revoked(&token).is_some(), is_revoked);
    }
}

/// A token that was issued while the clock was a day ahead, and revoked after it was set back,
/// outlives the retention of its revocation.
#[test]
fn a_token_from_a_clock_that_was_ahead_stays_revoked_after_its_revocation_was_dropped() {
    let issuer = Issuer::new();
    let view = view_of(1);
    let token = issuer.token();
    let identity = Handle::identity(&claims().subject);
    let set_back = ISSUED_AT.saturating_sub(Duration::from_hours(25));
    let revoked = Entry {
        time: set_back,
        ..entry(identity, place(10))
    };
    view.apply(FIRST, &[revoked]).unwrap();
    let dropped_at = set_back.saturating_add(RETENTION);
    view.trim(dropped_at);
    assert_eq!(view.live_entries(), 0);
    assert!(dropped_at < claims().expires_at);
    assert!(view.revoked(&token).is_some());
}

#[test]
fn a_floor_only_rises_in_its_own_partition_and_refuses_what_is_below_it() {
    let issuer = Issuer::new();
    let view = view_of(2);
    let token = issuer.token();
    let own = view.partition_of(resource());
    let other = if own == FIRST { SECOND } else { FIRST };
    view.raise_floor(other, place(u64::MAX)).unwrap();
    assert_eq!(view.revoked(&token), None);
    view.raise_floor(own, place(10)).unwrap();
    view.raise_floor(own, place(9)).unwrap();
    assert_eq!(view.floor(own), Ok(place(10)));
    assert_eq!(view.revoked(&token), Some(handle(1)));
}

#[tokio::test]
async fn a_position_that_was_reached_is_not_waited_for() {
    let view = view_of(1);
    view.reached(FIRST, Position::ZERO).await.unwrap();
    view.apply(FIRST, &[entry(handle(1), place(10))]).unwrap();
    view.reached(FIRST, place(10)).await.unwrap();
    view.reached(FIRST, place(3)).await.unwrap();
    assert!(view.reached(SECOND, Position::ZERO).await.is_err());
}

#[tokio::test]
async fn who_waits_for_a_position_is_woken_when_it_is_reached_and_finds_the_entry() {
    let view = Arc::new(view_of(1));
    let waiting = {
        let view = Arc::clone(&view);
        tokio::spawn(async move {
            view.reached(FIRST, place(10)).await.unwrap();
            view.live_entries()
        })
    };
    tokio::task::yield_now().await;
    assert!(!waiting.is_finished());
    view.apply(FIRST, &[entry(handle(1), place(9))]).unwrap();
    tokio::task::yield_now().await;
    assert!(!waiting.is_finished());
    view.apply(FIRST, &[entry(handle(2), place(10))]).unwrap();
    assert_eq!(waiting.await.unwrap(), 2);
}

#[test]
fn the_last_of_the_entries_is_the_one_that_is_reached() {
    let view = view_of(1);
    let entries = [3, 4, 5].map(|millis| entry(handle(1), place(millis)));
    view.apply(FIRST, &entries).unwrap();
    assert!(!waits(&view, place(5)));
    assert!(waits(&view, Position::new(5, 1)));
    view.apply(FIRST, &[]).unwrap();
    assert!(!waits(&view, place(5)));
}

#[tokio::test]
async fn everyone_who_waits_is_woken() {
    let view = view_of(1);
    let confirm = async { view.confirm(FIRST, place(10), boot(1)) };
    let (one, other, confirmed) = tokio::join!(
        view.reached(FIRST, place(10)),
        view.reached(FIRST, place(9)),
        confirm,
    );
    assert_eq!([one, other, confirmed], [Ok(()); 3]);
}

#[tokio::test]
async fn a_confirmation_reaches_its_position_without_any_entry() {
    let view = view_of(1);
    let confirm = async { view.confirm(FIRST, place(10), boot(1)) };
    let (reached, confirmed) = tokio::join!(view.reached(FIRST, place(10)), confirm);
    assert_eq!((reached, confirmed), (Ok(()), Ok(())));
    view.confirm(FIRST, place(5), boot(2)).unwrap();
    assert!(!waits(&view, place(10)));
}

#[tokio::test]
async fn a_wait_that_is_given_up_disturbs_nobody() {
    let view = view_of(1);
    assert!(waits(&view, place(10)));
    let apply = async { view.apply(FIRST, &[entry(handle(1), place(10))]) };
    let (reached, applied) = tokio::join!(view.reached(FIRST, place(10)), apply);
    assert_eq!((reached, applied), (Ok(()), Ok(())));
}

#[test]
fn a_position_reached_between_the_look_and_the_wait_wakes_all_the_same() {
    struct Count(AtomicUsize);
    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }
    let view = view_of(1);
    let count = Arc::new(Count(AtomicUsize::new(0)));
    let waker = Waker::from(Arc::clone(&count));
    let mut context = Context::from_waker(&waker);
    let mut wait = pin!(view.reached(FIRST, place(10)));
    assert!(wait.as_mut().poll(&mut context).is_pending());
    view.confirm(FIRST, place(10), boot(1)).unwrap();
    assert_eq!(count.0.load(Ordering::SeqCst), 1);
    assert_eq!(wait.as_mut().poll(&mut context), Poll::Ready(Ok(())));
}

#[test]
fn other_threads_see_whatever_was_applied_before_it_was_reached() {
    const EACH: u64 = 2_000;
    const CHECKS: u64 = 5_000;
    let view = view_of(1);
    let issuer = Issuer::new();
    let tokens = [issuer.token(), issuer.token_at(place(EACH + 1))];
    let identity = Handle::identity(&claims().subject);
    thread::scope(|scope| {
        scope.spawn(|| {
            for number in 1..=EACH {
                let noise = entry(handle(u128::from(number) + 1_000), place(number));
                view.apply(FIRST, &[entry(identity, place(number)), noise])
                    .unwrap();
                view.confirm(FIRST, place(number), boot(number)).unwrap();
            }
        });
        for _ in 0..3 {
            scope.spawn(|| {
                let mut dead = false;
                for _ in 0..CHECKS {
                    let confirmed = view.age(boot(EACH)).is_some();
                    let now_dead = view.revoked(&tokens[0]).is_some();
                    assert!(now_dead || !(dead || confirmed));
                    dead = now_dead;
                    assert_eq!(view.revoked(&tokens[1]), None);
                }
            });
        }
    });
    assert_eq!(view.live_entries(), 1 + usize::try_from(EACH).unwrap());
}

#[test]
fn a_view_is_still_right_after_a_thread_has_panicked_while_it_held_a_lock() {
    let view = view_of(1);
    let issuer = Issuer::new();
    let identity = entry(Handle::identity(&claims().subject), place(10));
    thread::scope(|scope| {
        let poisoner = scope.spawn(|| {
            let _confirmed = view.confirmed.write();
            let _keys = view.keys.write();
            let half = iter::once((identity.revocation, identity.expires_at()));
            let then = iter::once_with(|| panic!("on purpose"));
            view.shards[0].grow(half.chain(then), place(11));
        });
        assert!(poisoner.join().is_err());
    });
    assert!(view.keys.is_poisoned());

    assert!(waits(&view, Position::new(0, 1)));
    assert!(view.revoked(&issuer.token()).is_some());
    view.confirm(FIRST, place(11), boot(1)).unwrap();
    view.set_keys(issuer.keys());
    assert_eq!(view.fresh(boot(1), BOUND), Ok(Duration::ZERO));
    assert_eq!(*view.keys(), issuer.keys());
    assert!(!waits(&view, place(11)));
}

#[test]
fn an_identity_of_another_resource_in_the_same_partition_is_untouched() {
    let issuer = Issuer::new();
    let view = view_of(1);
    view.apply(FIRST, &[entry(Handle::resource(resource()), place(10))])
        .unwrap();
    let elsewhere = ResourceId::from_uuid(Uuid::from_u128(44));
    let subject = IdentityId::new(elsewhere, Uuid::from_u128(22));
    let token = issuer.verified(&Claims {
        subject,
        ..claims()
    });
    assert_eq!(view.revoked(&token), None);
    assert!(view.revoked(&issuer.token()).is_some());
}

#[test]
fn two_views_with_the_same_entries_and_cutoff_have_one_fingerprint() {
    let (one, other) = (view_of(2), view_of(2));
    let entries = [entry(handle(1), place(1)), entry(handle(2), place(2))];
    one.apply(FIRST, &entries).unwrap();
    for entry in entries.iter().rev() {
        let mut part = List::new();
        part.insert(entry.revocation, entry.expires_at());
        other.merge_snapshot(FIRST, &part, place(2)).unwrap();
    }
    assert_eq!(one.fingerprint(), other.fingerprint());
    assert_eq!(one.fingerprint().unwrap().live_entries, 2);

    one.trim(ISSUED_AT);
    assert_ne!(one.fingerprint(), other.fingerprint());
    other.trim(ISSUED_AT);
    assert_eq!(one.fingerprint(), other.fingerprint());

    other.apply(SECOND, &[entry(handle(1), place(1))]).unwrap();
    one.apply(FIRST, &[entry(handle(3), place(3))]).unwrap();
    assert_ne!(one.fingerprint(), other.fingerprint());
}

#[test]
fn a_view_that_has_heard_ahead_of_its_turn_is_compared_with_none_until_it_gets_there() {
    let view = view_of(1);
    let [first, second] = [entry(handle(1), place(1)), entry(handle(2), place(2))];
    view.learn(FIRST, &second).unwrap();
    assert_eq!(view.fingerprint(), None);
    view.apply(FIRST, &[first]).unwrap();
    assert_eq!(view.fingerprint(), None);
    view.apply(FIRST, &[second]).unwrap();
    assert_eq!(view.fingerprint().unwrap().live_entries, 2);
}

#[test]
fn whoever_follows_the_changes_hears_of_revocations_and_keys_and_of_nothing_else() {
    let view = view_of(1);
    let mut changes = view.changes();
    let mut told = || {
        let is_told = changes.has_changed().unwrap();
        changes.mark_unchanged();
        is_told
    };
    assert!(!told());
    view.learn(FIRST, &entry(handle(1), place(1))).unwrap();
    assert!(told());
    view.apply(FIRST, &[]).unwrap();
    view.confirm(FIRST, place(1), boot(1)).unwrap();
    view.trim(ISSUED_AT);
    assert!(!told());
    view.set_keys(KeySet::default());
    assert!(told());
}
