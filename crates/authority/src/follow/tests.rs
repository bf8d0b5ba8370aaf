//! The follower over a log that another hand has been at while it ran.

use std::sync::Arc;

use lanyard_revocation::{
    Entry, FeedCursor, FreshnessBound, GENERATION_JUMP, Handle, PartitionId, RETENTION,
};
use lanyard_store::{
    Appended, Credential, CredentialRole, Healing, KeySlot, NewResource, Resource,
    RevocationOutcome, SealedSecret, Store as _, Subscription, embedded::EmbeddedStore,
};
use lanyard_token::{
    Clock as _, CredentialId, ManualClock, Position, PropagationBound, ResourceId, SubscriptionId,
    TokenAlgorithm, TokenId, UnixTime,
};
use tempfile::TempDir;
use uuid::Uuid;

use super::*;
use crate::{FeedPlace, MasterKey, Operator, Settings, SystemEntropy};

type Tested = Authority<EmbeddedStore, Arc<ManualClock>, SystemEntropy>;

/// An authority over a log.
struct World {
    authority: Tested,
    clock: Arc<ManualClock>,
    directory: TempDir,
}

impl World {
    /// One that has read a log of five entries, which others wrote, to its end.
    async fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::new(START));
        let authority = open(&directory, &clock).await;
        let world = Self {
            authority,
            clock,
            directory,
        };
        world.make_resource().await;
        world.append(5).await;
        world.authority.catch_up().await.unwrap();
        world
    }

    /// The same with another authority, which has read nothing.
    async fn restarted(self) -> Self {
        let Self {
            authority,
            clock,
            directory,
        } = self;
        drop(authority);
        Self {
            authority: open(&directory, &clock).await,
            clock,
            directory,
        }
    }

    fn store(&self) -> &EmbeddedStore {
        &self.authority.store
    }

    async fn make_resource(&self) {
        let subscription = Subscription {
            id: SubscriptionId::from_uuid(Uuid::from_u128(1)),
            display_name: "Example".to_owned(),
            create_time: START,
        };
        let resource = Resource {
            id: RESOURCE,
            subscription: subscription.id,
            name: "default".to_owned(),
            create_time: START,
        };
        let keys = KeySlot::ALL.map(|slot| Credential {
            id: key_in(slot),
            role: CredentialRole::AccessKey {
                resource: RESOURCE,
                slot,
            },
            secret: SealedSecret::new(vec![1]),
            create_time: START,
        });
        self.store()
            .create_subscription(subscription)
            .await
            .unwrap();
        let new = NewResource { resource, keys };
        self.store().create_resource(new).await.unwrap();
    }

    /// Entries of somebody else: this authority does not know of them before it reads them.
    async fn append(&self, count: usize) -> Vec<Appended> {
        let revocations = (0..count).map(async |_| {
            let token = TokenId::from_uuid(self.authority.id_at(START).unwrap());
            let by = key_in(KeySlot::Primary);
            self.store().revoke_token(RESOURCE, token, by).await
        });
        let done = join_all(revocations).await.into_iter();
        done.map(|done| match done.unwrap() {
            RevocationOutcome::Appended(appended) => appended,
            refused => panic!("should be revoked: {refused:?}"),
        })
        .collect()
    }

    /// Puts another log, with nothing in it, in the place of the one that is known.
    async fn replace_log(&self) {
        let replaced = self.store().replace_log(Uuid::from_u128(77));
        replaced.await.unwrap();
    }

    async fn log(&self) -> Vec<Entry> {
        let read = self.store().read_log(PARTITION, None, 1000).await.unwrap();
        assert!(read.intact, "{read:?}");
        read.entries
    }

    /// Whether the log was read to its end now, and the view is confirmed.
    async fn is_confirmed_now(&self) -> bool {
        self.clock.advance(Duration::from_secs(1));
        let done = self.authority.catch_up().await;
        let age = self.authority.view.age(self.clock.boot().unwrap());
        assert_eq!(done.is_ok(), age == Some(Duration::ZERO), "{done:?}");
        done.is_ok()
    }

    async fn fault(&self) -> LogFault {
        assert!(!self.is_confirmed_now().await);
        let [fault] = self.authority.log_status().faults.try_into().unwrap();
        fault
    }

    fn resyncs(&self, reason: &str) -> u64 {
        let resyncs = self.authority.log_status().resyncs;
        let found = resyncs.iter().find(|(one, _)| *one == reason);
        found.expect("a reason that there is").1
    }

    fn healed(&self) -> u64 {
        self.authority.log_status().healed
    }

    fn knows(&self, handle: Handle) -> bool {
        let known = self.authority.view.revocations(PARTITION).unwrap();
        known.iter().any(|(one, _)| one.handle == handle)
    }
}

#[tokio::test]
async fn entries_that_were_taken_out_are_appended_again_as_they_were() {
    let world = World::new().await;
    let before = world.log().await;
    world.store().take_out(2).await.unwrap();
    world.store().take_out(5).await.unwrap();
    assert!(world.is_confirmed_now().await);
    let after = world.log().await;
    let counted = |log: &[Entry]| {
        let mut counted: Vec<_> = log.iter().map(|entry| entry.revocation).collect();
        counted.sort_by_key(|one| (one.position, one.handle));
        counted
    };
    assert_eq!(counted(&after), counted(&before));
    assert!(after.iter().map(|entry| entry.number).eq([1, 3, 4, 6, 7]));
    assert_eq!((world.healed(), world.resyncs("damaged")), (2, 1));
    assert_eq!(world.authority.log_status().faults, []);
}

#[tokio::test]
async fn a_whole_log_is_not_healed_however_often_it_is_read() {
    let world = World::new().await;
    for _ in 0..3 {
        world.append(2).await;
        assert!(world.is_confirmed_now().await);
    }
    let status = world.authority.log_status();
    assert!(status.resyncs.iter().all(|(_, count)| *count == 0));
    assert_eq!((status.healed, status.damaged_reads), (0, 0));
    assert_eq!(world.log().await.len(), 11);
}

#[tokio::test]
async fn an_older_copy_gets_back_what_came_after_it_and_gives_no_position_out_twice() {
    let world = World::new().await;
    let before = world.log().await;
    world.store().go_back_to(2).await.unwrap();
    assert!(world.is_confirmed_now().await);
    let after = world.log().await;
    assert!(after[2].opens_generation());
    let jump = GENERATION_JUMP.as_millis();
    let above = before[4].position.millis() + u64::try_from(jump).unwrap();
    assert!(after[2].position >= Position::new(above, 0));
    let back = after[3..].iter().map(|entry| entry.revocation);
    assert!(back.eq(before[2..].iter().map(|entry| entry.revocation)));
    assert_eq!((world.healed(), world.resyncs("ends_before")), (3, 1));
    assert!(world.is_confirmed_now().await);
    assert_eq!(world.log().await, after);
}

#[tokio::test]
async fn another_log_gets_everything_that_is_known() {
    let world = World::new().await;
    let before = world.log().await;
    world.replace_log().await;
    assert!(world.is_confirmed_now().await);
    let after = world.log().await;
    assert!(after[0].opens_generation() && after[0].position > before[4].position);
    let back = after[1..].iter().map(|entry| entry.revocation);
    assert!(back.eq(before.iter().map(|entry| entry.revocation)));
    assert_eq!((world.healed(), world.resyncs("other_log")), (5, 1));
}

#[tokio::test]
async fn what_no_token_can_be_under_any_more_does_not_come_back() {
    let world = World::new().await;
    world.clock.advance(RETENTION);
    world.replace_log().await;
    assert!(world.is_confirmed_now().await);
    assert_eq!((world.healed(), world.log().await.len()), (0, 1));
}

/// The numbers go on: only the generation tells that an entry which this authority appended, and has
/// not read again yet, is not there any more.
#[tokio::test]
async fn at_a_new_generation_everything_is_compared_also_where_the_numbers_go_on() {
    let world = World::new().await;
    let own = world.append(1).await[0];
    world.authority.learn(&own).unwrap();
    world.store().go_back_to(5).await.unwrap();
    let read = world.store().read_log(PARTITION, None, 10).await.unwrap();
    let as_of = read.next_cursor().unwrap();
    let opening = Healing {
        as_of,
        lost: Vec::new(),
        beyond: Position::new(as_of.position.millis(), u64::MAX),
        mends: false,
        floor: Position::ZERO,
    };
    world
        .store()
        .heal(PARTITION, opening)
        .await
        .unwrap()
        .unwrap();
    assert!(world.is_confirmed_now().await);
    assert_eq!((world.healed(), world.resyncs("generation")), (1, 1));
    assert_eq!(world.log().await[6].revocation, own.entry.revocation);
    assert!(world.is_confirmed_now().await);
    assert_eq!((world.healed(), world.resyncs("generation")), (1, 1));
}

#[tokio::test]
async fn what_nobody_here_has_read_is_not_passed_over_until_an_operator_gives_it_up() {
    let world = World::new().await;
    world.store().take_out(3).await.unwrap();
    let world = world.restarted().await;
    assert_eq!(world.fault().await, LogFault::Missing(PARTITION));
    assert_eq!(world.fault().await, LogFault::Missing(PARTITION));
    assert_eq!((world.healed(), world.resyncs("damaged")), (0, 1));
    assert!(world.authority.log_status().damaged_reads >= 2);
    let now = world.clock.boot().unwrap();
    let stale = world.authority.view.fresh(now, FreshnessBound::MAX);
    assert!(stale.is_err(), "it was never confirmed");
    // What is there counts, though nobody can be told how far it goes.
    let feed = world.authority.feed();
    assert!(world.authority.view.live_entries() == 4 && feed.snapshot().is_none());
    let first = world.authority.view.reached(PARTITION, Position::new(1, 0));
    assert!(time::timeout(Duration::ZERO, first).await.is_err());

    let by = Operator::of_first_start();
    let faults = world.authority.log_faults(by).await.unwrap();
    assert_eq!(
        (faults.unreadable, faults.missing),
        (vec![], vec![PARTITION])
    );
    world
        .authority
        .give_up_missing(by, PARTITION)
        .await
        .unwrap();
    assert!(world.is_confirmed_now().await);
    assert_eq!(world.authority.log_status().faults, []);
    let again = world.authority.give_up_missing(by, PARTITION).await;
    assert!(matches!(again, Err(Error::NotFound { .. })), "{again:?}");
}

#[tokio::test]
async fn what_is_known_comes_back_though_more_is_missing() {
    let world = World::new().await;
    world.append(2).await;
    for number in [3, 6] {
        world.store().take_out(number).await.unwrap();
    }
    for _ in 0..2 {
        assert_eq!(world.fault().await, LogFault::Missing(PARTITION));
        assert_eq!(world.healed(), 1, "number 3, and once");
    }
    let by = Operator::of_first_start();
    world
        .authority
        .give_up_missing(by, PARTITION)
        .await
        .unwrap();
    assert!(world.is_confirmed_now().await);
    assert!(
        world
            .log()
            .await
            .iter()
            .map(|one| one.number)
            .eq([1, 2, 4, 5, 7, 8])
    );
}

#[tokio::test]
async fn an_entry_that_cannot_be_understood_is_not_passed_over_until_it_is_struck() {
    let world = World::new().await;
    let appended = world.append(3).await;
    world.store().garble(7).await.unwrap();
    let fault = world.fault().await;
    let LogFault::Unreadable(entry) = &fault else {
        panic!("should be unreadable: {fault:?}");
    };
    assert_eq!((entry.partition, entry.place.as_str()), (PARTITION, "7"));
    assert!(
        fault.to_string().contains("`lanyard log strike 0 7`"),
        "{fault}"
    );
    assert!(!world.knows(appended[2].entry.revocation.handle));

    let by = Operator::of_first_start();
    let faults = world.authority.log_faults(by).await.unwrap();
    assert_eq!((faults.unreadable.len(), faults.missing), (1, vec![]));
    for (partition, place) in [(PARTITION, "6"), (PartitionId::new(1), "7")] {
        let refused = world.authority.strike_entry(by, partition, place).await;
        assert!(
            matches!(refused, Err(Error::NotFound { .. })),
            "{refused:?}"
        );
    }
    world
        .authority
        .strike_entry(by, PARTITION, "7")
        .await
        .unwrap();
    assert!(world.is_confirmed_now().await);
    assert!(world.knows(appended[2].entry.revocation.handle));
    assert!(!world.knows(appended[1].entry.revocation.handle));
}

#[tokio::test]
async fn what_was_read_before_it_was_garbled_is_known_and_needs_no_more_than_a_strike() {
    let world = World::new().await;
    world.store().garble(3).await.unwrap();
    assert!(world.is_confirmed_now().await, "it lies behind the reader");
    let world = world.restarted().await;
    assert!(matches!(world.fault().await, LogFault::Unreadable(_)));
    let by = Operator::of_first_start();
    world
        .authority
        .strike_entry(by, PARTITION, "3")
        .await
        .unwrap();
    assert!(world.is_confirmed_now().await);
}

#[tokio::test]
async fn watchers_hear_what_came_back_and_those_before_the_gap_begin_anew() {
    let world = World::new().await;
    let feed = world.authority.feed();
    let at_the_end = feed.snapshot().unwrap().place.clone();
    let log = world.store().read_log(PARTITION, None, 1).await.unwrap();
    let first = FeedCursor::new([log.next_cursor().unwrap()]).unwrap();
    let before_the_gap = FeedPlace::new(first);
    assert!(feed.after(&before_the_gap, 10).is_ok());

    world.store().take_out(2).await.unwrap();
    assert!(world.is_confirmed_now().await);
    assert!(feed.after(&before_the_gap, 10).is_err());
    let news = feed.after(&at_the_end, 10).unwrap();
    assert_eq!(news.entries, [(PARTITION, world.log().await[4..].to_vec())]);
    assert!(news.complete && news.fingerprint.is_some());
    assert_eq!(news.fingerprint, world.authority.view.fingerprint());
    let lists = &feed.snapshot().unwrap().lists;
    assert_eq!(lists[0].revocations.len(), 5);
}

#[tokio::test]
async fn a_log_that_cannot_be_swept_keeps_nothing_else_from_being_tidied() {
    let world = World::new().await;
    world.store().garble(1).await.unwrap();
    world.clock.advance(RETENTION);
    assert!(world.authority.tidy().await.is_err());
    assert_eq!(world.authority.view.live_entries(), 0);
}

#[tokio::test]
async fn a_healing_of_many_comes_in_parts_and_all_of_it_comes() {
    let world = World::new().await;
    world.append(2_500).await;
    assert!(world.is_confirmed_now().await);
    world.replace_log().await;
    assert!(world.is_confirmed_now().await);
    assert_eq!(world.healed(), 2_505);
    let read = world
        .store()
        .read_log(PARTITION, None, 9_999)
        .await
        .unwrap();
    assert_eq!(read.entries.len(), 2_506);
}

/// As another replica on the same store would: the store knows of it, this authority is not told.
#[tokio::test(flavor = "multi_thread")]
async fn another_replica_s_change_of_the_signing_keys_is_taken_up() {
    let world = World::new().await;
    world.authority.ensure_active_signing_key().await.unwrap();
    let keys = world.store().signing_keys().await.unwrap();
    let change = lanyard_store::SigningKeyChange {
        from_version: keys.version,
        records: Vec::new(),
        active: None,
        revoked: None,
    };
    let mut news = world.authority.feed.changes();
    news.mark_unchanged();
    world
        .store()
        .change_signing_keys(change)
        .await
        .unwrap()
        .unwrap();
    let version = keys.version + 1;
    assert_ne!(world.authority.keyring().version, version);
    let taken_up = async {
        while world.authority.keyring().version != version {
            news.changed().await.unwrap();
        }
    };
    tokio::select! {
        () = world.authority.follow() => panic!("it follows for ever"),
        taken_up = time::timeout(Duration::from_secs(10), taken_up) => taken_up.unwrap(),
    }
}

async fn open(directory: &TempDir, clock: &Arc<ManualClock>) -> Tested {
    let log = Uuid::from_u128(1);
    let store = EmbeddedStore::open(directory.path(), Arc::clone(clock), log).unwrap();
    let settings = Settings {
        issuer: "lanyard".parse().unwrap(),
        audience: "lanyard-access".parse().unwrap(),
        token_algorithm: TokenAlgorithm::EdDsa,
        acs_claims: false,
        propagation_bound: PropagationBound::MAX,
    };
    let key: MasterKey = MASTER_KEY.parse().unwrap();
    Authority::open(store, Arc::clone(clock), SystemEntropy, (key, settings))
        .await
        .unwrap()
}

fn key_in(slot: KeySlot) -> CredentialId {
    CredentialId::from_uuid(Uuid::from_u128(match slot {
        KeySlot::Primary => 3,
        KeySlot::Secondary => 4,
    }))
}

const START: UnixTime = UnixTime::from_secs(1_700_000_000);
const PARTITION: PartitionId = PartitionId::new(0);
const RESOURCE: ResourceId = ResourceId::from_uuid(Uuid::from_u128(2));
const MASTER_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
