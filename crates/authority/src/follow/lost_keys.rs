//! Every combination of a partition's keys in Redis, deleted under authorities that run, or that start.

use std::sync::Arc;

use lanyard_redis_fixture::{Standalone, redis::FromRedisValue};
use lanyard_revocation::{Handle, Revocation};
use lanyard_store::{
    Credential, CredentialRole, Healing, Identity, IdentityCreation, IssueGrant, IssueRequest,
    KeySlot, NewIdentity, NewResource, Page, Resource, RevocationOutcome, SealedSecret, Store as _,
    Subscription,
    redis::{RedisOptions, RedisStore, RedisTime, RedisUrl},
};
use lanyard_token::{
    CredentialId, IdentityId, Position, PropagationBound, ResourceId, SubscriptionId, SystemClock,
    TokenAlgorithm, TokenId,
};
use uuid::Uuid;

use super::*;
use crate::{MasterKey, Operator, Settings, SystemEntropy};

type Tested = Authority<RedisStore, Arc<SystemClock>, SystemEntropy>;

/// An authority that has read everything in a store with one partition.
struct Fixture<'a> {
    server: &'a Standalone,
    namespace: String,
    authority: Tested,
    /// An identity that exists.
    living: Identity,
    /// Identities that were deleted. The second has a record again, as in an older copy of the data.
    deleted: [IdentityId; 2],
    /// Everything that was revoked.
    revoked: Vec<Handle>,
}

impl<'a> Fixture<'a> {
    async fn new(server: &'a Standalone, number: usize) -> Self {
        let namespace = format!("lost-{number}");
        let authority = open(server, &namespace).await;
        authority.ensure_active_signing_key().await.unwrap();
        make_resource(&authority.store).await;
        let mut fixture = Self {
            server,
            namespace,
            living: identity(1, Some("living")),
            deleted: [2, 3].map(|number| identity(number, None).id),
            revoked: Vec::new(),
            authority,
        };
        fixture.create(fixture.living.clone()).await;
        for id in fixture.deleted {
            fixture.create(identity(id.uuid().as_u128(), None)).await;
        }
        fixture.delete_and_bring_one_back().await;
        let token = TokenId::from_uuid(Uuid::from_u128(9));
        let outcome = fixture.store().revoke_token(RESOURCE, token, PRIMARY);
        let outcome = outcome.await.unwrap();
        assert!(matches!(outcome, RevocationOutcome::Appended(_)));
        fixture.revoked.push(Handle::token(token));
        fixture.authority.catch_up().await.unwrap();
        fixture
    }

    fn store(&self) -> &RedisStore {
        &self.authority.store
    }

    async fn create(&self, identity: Identity) {
        let new = NewIdentity {
            identity,
            credential: PRIMARY,
            signing_key: None,
        };
        let made = self.store().create_identity(new).await.unwrap();
        assert!(matches!(made, IdentityCreation::Created(_)));
    }

    async fn delete_and_bring_one_back(&mut self) {
        let [_, brought_back] = self.deleted;
        let id = brought_back.uuid().simple().to_string();
        let (identities, order) = (self.key("identities"), self.key("order"));
        let record: String = self.ask(&["HGET", &identities, &id]);
        for id in self.deleted {
            let outcome = self.store().delete_identity(id, PRIMARY).await.unwrap();
            let RevocationOutcome::Appended(appended) = outcome else {
                panic!("should be deleted: {outcome:?}");
            };
            self.revoked.push(appended.entry.revocation.handle);
            self.repair(appended.entry.revocation).await;
        }
        self.ask::<u64>(&["HSET", &identities, &id, &record]);
        self.ask::<u64>(&["ZADD", &order, "0", &id]);
    }

    /// As after the restore of an older copy, which had not got the revocation.
    async fn repair(&self, revocation: Revocation) {
        let log = self.store().read_log(PARTITION, None, 100).await.unwrap();
        let healing = Healing {
            as_of: log.next_cursor().unwrap(),
            lost: vec![revocation],
            beyond: revocation.position,
            mends: false,
            floor: Position::ZERO,
        };
        self.store()
            .heal(PARTITION, healing)
            .await
            .unwrap()
            .unwrap();
    }

    fn key(&self, name: &str) -> String {
        let tag = format!("{{{}.{PARTITION}}}", self.namespace);
        if PER_RESOURCE.contains(&name) {
            let resource = RESOURCE.as_uuid().simple();
            return format!("{tag}:{name}:{resource}");
        }
        format!("{tag}:{name}")
    }

    fn ask<T: FromRedisValue>(&self, words: &[&str]) -> T {
        self.server.ask(words).unwrap()
    }

    fn delete_keys(&self, names: &[&str]) {
        let keys: Vec<_> = names.iter().map(|name| self.key(name)).collect();
        let keys = keys.iter().map(String::as_str);
        self.ask::<u64>(&["DEL"].into_iter().chain(keys).collect::<Vec<_>>());
    }

    /// No deleted identity is returned, whether or not the log was repaired.
    async fn deleted_stay_deleted(&self, context: &str) {
        for id in self.deleted {
            // While the log is gone there is no answer, and that is right.
            if let Ok(found) = self.store().identity(id).await {
                assert_eq!(found, None, "{context}");
            }
        }
    }

    /// Everything that was revoked is revoked for an authority that starts now.
    async fn revocations_are_in_the_log(&self, context: &str) {
        let fresh = open(self.server, &self.namespace).await;
        catch_up(&fresh, context).await;
        for handle in &self.revoked {
            let known = fresh.view.revocations(PARTITION).unwrap();
            let found = known.iter().any(|(one, _)| one.handle == *handle);
            assert!(found, "{handle:?} is not revoked: {context}");
        }
    }

    async fn records_are_served(&self, lost: &[&str]) {
        let context = format!("{lost:?}");
        let store = self.store();
        let primary = store.credential(PRIMARY).await.unwrap();
        if lost.contains(&"resource") {
            assert_eq!(primary, None, "{context}");
            return;
        }
        assert!(primary.is_some(), "{context}");
        let has_records = !lost.contains(&"identities");
        let expected = has_records.then(|| self.living.clone());
        let found = store.identity(self.living.id).await.unwrap();
        assert_eq!(found, expected, "{context}");
        let page = Page {
            after: None,
            limit: 10,
        };
        let listed = store.identities(RESOURCE, page).await.unwrap();
        assert_eq!(listed, Vec::from_iter(expected), "{context}");
        let again = NewIdentity {
            identity: identity(7, Some("living")),
            credential: PRIMARY,
            signing_key: None,
        };
        let made = store.create_identity(again).await.unwrap();
        let is_existing = matches!(made, IdentityCreation::Existing(..));
        assert_eq!(is_existing, has_records, "{context}");
        if has_records {
            self.is_granted(&context).await;
        }
        let revoked =
            store.revoke_token(RESOURCE, TokenId::from_uuid(Uuid::from_u128(10)), PRIMARY);
        assert!(matches!(
            revoked.await.unwrap(),
            RevocationOutcome::Appended(_)
        ));
    }

    async fn is_granted(&self, context: &str) {
        // As an authority does that finds its signing key not to be the active one.
        self.authority.reload_signing_keys().await.unwrap();
        let signing_key = self.authority.keyring().active.as_ref().unwrap().id();
        let request = IssueRequest {
            identity: self.living.id,
            credential: PRIMARY,
            signing_key,
        };
        let grant = self.store().issue_grant(request).await.unwrap();
        assert!(
            matches!(grant, IssueGrant::Granted(_)),
            "{grant:?} {context}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_combination_of_lost_keys_is_repaired_by_an_authority_that_had_read_everything() {
    let server = Standalone::start();
    let cases: Vec<_> = subsets(&KEYS).enumerate().collect();
    for cases in cases.chunks(AT_ONCE) {
        let cases = cases.iter();
        join_all(cases.map(|(number, lost)| is_repaired(&server, *number, lost))).await;
    }
}

async fn is_repaired(server: &Standalone, number: usize, lost: &[&str]) {
    let context = format!("{lost:?}");
    let fixture = Fixture::new(server, number).await;
    fixture.delete_keys(lost);
    fixture.deleted_stay_deleted(&context).await;
    catch_up(&fixture.authority, &context).await;
    assert_eq!(fixture.authority.log_status().faults, [], "{context}");
    fixture.deleted_stay_deleted(&context).await;
    fixture.revocations_are_in_the_log(&context).await;
    fixture.records_are_served(lost).await;
    fixture.authority.tidy().await.unwrap();
    // The copy that was lost is there again.
    fixture.delete_keys(&["dead"]);
    fixture.deleted_stay_deleted(&context).await;
    fixture.authority.tidy().await.unwrap();
    fixture.delete_keys(&["meta"]);
    catch_up(&fixture.authority, &context).await;
    fixture.deleted_stay_deleted(&context).await;
    fixture.revocations_are_in_the_log(&context).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lost_signing_keys_are_restored_by_an_authority_that_has_them() {
    let server = Standalone::start();
    for others in [&[][..], &["meta"], &["meta", "log", "dead"]] {
        let fixture = Fixture::new(&server, 2000 + others.len()).await;
        let before = fixture.store().signing_keys().await.unwrap();
        let key = format!("{{{}.root}}:signing_keys", fixture.namespace);
        fixture.ask::<u64>(&["DEL", &key]);
        fixture.delete_keys(&[others, &["issue_times"]].concat());
        catch_up(&fixture.authority, "the signing keys").await;
        fixture.is_granted("the signing keys").await;
        let restored = fixture.store().signing_keys().await.unwrap();
        assert_eq!(restored.keys, before.keys);
        assert!(restored.version > before.version);
    }
}

/// Tokens that the lost key signed are refused from then on, and new ones are issued.
#[tokio::test(flavor = "multi_thread")]
async fn after_the_loss_of_signing_keys_an_authority_that_starts_issues_with_another_one() {
    let server = Standalone::start();
    let mut fixture = Fixture::new(&server, 3000).await;
    let lost = fixture.store().signing_keys().await.unwrap();
    let key = format!("{{{}.root}}:signing_keys", fixture.namespace);
    fixture.ask::<u64>(&["DEL", &key]);
    fixture.authority = open(&server, &fixture.namespace).await;
    fixture.authority.ensure_active_signing_key().await.unwrap();
    catch_up(&fixture.authority, "the signing keys").await;
    fixture.is_granted("the signing keys").await;
    let made = fixture.store().signing_keys().await.unwrap();
    assert!(made.version > lost.version && made.keys != lost.keys);
}

/// The authority that had read everything is gone: the log is followed, or the operator's command works.
#[tokio::test(flavor = "multi_thread")]
async fn every_combination_of_lost_keys_leaves_an_authority_that_starts_with_a_way_on() {
    let server = Standalone::start();
    for (number, lost) in subsets(&KEYS[..3]).enumerate() {
        let context = format!("{lost:?}");
        let Fixture {
            namespace,
            deleted,
            authority,
            ..
        } = {
            let fixture = Fixture::new(&server, 1000 + number).await;
            fixture.delete_keys(&lost);
            fixture
        };
        drop(authority);
        let authority = open(&server, &namespace).await;
        let is_noticed = authority.catch_up().await.is_err();
        let holds_revocations = lost.contains(&"meta") || lost.contains(&"log");
        assert_eq!(is_noticed, holds_revocations, "{context}");
        if is_noticed {
            let by = Operator::of_first_start();
            let faults = authority.log_faults(by).await.unwrap();
            assert_eq!(faults.missing, [PARTITION], "{context}");
            let done = authority.give_up_missing(by, PARTITION).await;
            done.unwrap_or_else(|error| panic!("{error}: {context}"));
            let again = authority.give_up_missing(by, PARTITION).await;
            assert!(matches!(again, Err(Error::NotFound { .. })), "{context}");
        }
        catch_up(&authority, &context).await;
        assert_eq!(authority.log_status().faults, [], "{context}");
        if !lost.contains(&"log") {
            for id in deleted {
                let found = authority.store.identity(id).await.unwrap();
                assert_eq!(found, None, "{context}");
            }
        }
    }
}

/// Reads the log until it was found whole. A repair takes several rounds.
async fn catch_up(authority: &Tested, context: &str) {
    let mut failed = None;
    for _ in 0..10 {
        match authority.catch_up().await {
            Ok(()) => return,
            Err(error) => failed = Some(error),
        }
    }
    panic!("the log is not followed after the loss of {context}: {failed:?}");
}

fn subsets<'a>(of: &'a [&'static str]) -> impl Iterator<Item = Vec<&'static str>> + use<'a> {
    (1..1_usize << of.len()).map(|subset| {
        let chosen = of.iter().enumerate();
        let chosen = chosen.filter(|(at, _)| subset & 1 << at != 0);
        chosen.map(|(_, name)| *name).collect()
    })
}

async fn open(server: &Standalone, namespace: &str) -> Tested {
    let url: RedisUrl = server.url().parse().unwrap();
    let mut options = RedisOptions::new(url.servers);
    options.namespace = namespace.parse().unwrap();
    options.partitions = std::num::NonZeroU16::MIN;
    let time = (
        Arc::new(SystemClock) as Arc<dyn lanyard_token::Clock>,
        RedisTime::Server,
    );
    let log_ids = || Uuid::from_u128(u128::from_be_bytes(random()));
    let store = RedisStore::open(&options, time, log_ids).await.unwrap();
    let settings = Settings {
        issuer: "lanyard".parse().unwrap(),
        audience: "lanyard-access".parse().unwrap(),
        token_algorithm: TokenAlgorithm::EdDsa,
        acs_claims: false,
        propagation_bound: PropagationBound::MAX,
    };
    let key: MasterKey = MASTER_KEY.parse().unwrap();
    let clock = Arc::new(SystemClock);
    Authority::open(store, clock, SystemEntropy, (key, settings))
        .await
        .unwrap()
}

fn random() -> [u8; 16] {
    let mut bytes = [0; 16];
    SystemEntropy.fill(&mut bytes).unwrap();
    bytes
}

fn identity(number: u128, custom_id: Option<&str>) -> Identity {
    Identity {
        id: IdentityId::new(RESOURCE, Uuid::from_u128(number)),
        custom_id: custom_id.map(str::to_owned),
        create_time: START,
        last_token_issue_time: None,
    }
}

async fn make_resource(store: &RedisStore) {
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
        id: match slot {
            KeySlot::Primary => PRIMARY,
            KeySlot::Secondary => CredentialId::from_uuid(Uuid::from_u128(4)),
        },
        role: CredentialRole::AccessKey {
            resource: RESOURCE,
            slot,
        },
        secret: SealedSecret::new(vec![1]),
        create_time: START,
    });
    store.create_subscription(subscription).await.unwrap();
    let new = NewResource { resource, keys };
    store.create_resource(new).await.unwrap();
}

/// How many cases run at a time.
const AT_ONCE: usize = 8;
/// All keys of a partition with one resource, those of its log first.
const KEYS: [&str; 9] = [
    "meta",
    "log",
    "dead",
    "access_keys",
    "resource",
    "identities",
    "order",
    "custom_ids",
    "issue_times",
];
const PER_RESOURCE: [&str; 5] = [
    "resource",
    "identities",
    "order",
    "custom_ids",
    "issue_times",
];
const START: lanyard_token::UnixTime = lanyard_token::UnixTime::from_secs(1_700_000_000);
const PARTITION: lanyard_revocation::PartitionId = lanyard_revocation::PartitionId::new(0);
const RESOURCE: ResourceId = ResourceId::from_uuid(Uuid::from_u128(2));
const PRIMARY: CredentialId = CredentialId::from_uuid(Uuid::from_u128(3));
const MASTER_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
