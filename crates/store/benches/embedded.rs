//! What the embedded store costs with few and with many identities: a grant, which only reads, and a
//! revocation, which is durable before it is answered.
#![expect(
    clippy::expect_used,
    reason = "a measurement that cannot go on ends, and says where"
)]

use std::{future::Future, hint::black_box, sync::Arc};

use divan::{Bencher, counter::ItemsCount};
use futures_util::{StreamExt as _, future::join_all, stream};
use lanyard_store::{
    Credential, CredentialRole, Identity, IssueRequest, KeySlot, NewIdentity, NewResource,
    Resource, SealedSecret, SigningKeyChange, SigningKeyRecord, Store as _, Subscription,
    embedded::EmbeddedStore,
};
use lanyard_token::{
    CredentialId, IdentityId, KeyId, KeyState, ResourceId, SubscriptionId, SystemClock,
    TokenAlgorithm, UnixTime,
};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use uuid::Uuid;

fn main() {
    divan::main();
}

/// For another one of them each time.
#[divan::bench(args = IDENTITIES)]
fn a_grant(bencher: Bencher<'_, '_>, identities: u64) {
    let filled = Filled::with(identities);
    let mut next = 0;
    bencher.bench_local(|| {
        next = (next + STEP) % identities;
        filled.wait(filled.store.issue_grant(black_box(request(next))))
    });
}

/// One after the other, each with a commit of its own.
#[divan::bench(args = IDENTITIES, sample_count = 20)]
fn a_revocation(bencher: Bencher<'_, '_>, identities: u64) {
    let filled = Filled::with(identities);
    bencher.bench_local(|| filled.wait(filled.store.revoke_identity(identity(0), PRIMARY)));
}

/// Waiting for one commit together.
#[divan::bench(args = IDENTITIES, sample_count = 20)]
fn sixty_four_revocations(bencher: Bencher<'_, '_>, identities: u64) {
    let filled = Filled::with(identities);
    let bencher = bencher.counter(ItemsCount::new(TOGETHER));
    bencher.bench_local(|| {
        let revoke = |number| filled.store.revoke_identity(identity(number), PRIMARY);
        filled.wait(join_all((0..TOGETHER).map(|at| revoke(at % identities))))
    });
}

/// A store with one resource and so many identities in it.
struct Filled {
    store: Arc<EmbeddedStore>,
    runtime: Runtime,
    _directory: TempDir,
}

impl Filled {
    fn with(identities: u64) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let store = EmbeddedStore::open(directory.path(), SystemClock, Uuid::from_u128(1));
        let filled = Self {
            store: Arc::new(store.expect("a store")),
            runtime: Runtime::new().expect("a runtime"),
            _directory: directory,
        };
        filled.wait(filled.fill(identities));
        filled
    }

    fn wait<T>(&self, what: impl Future<Output = T>) -> T {
        self.runtime.block_on(what)
    }

    async fn fill(&self, identities: u64) {
        let store = &self.store;
        let made = store.create_subscription(subscription()).await;
        made.expect("a subscription");
        let made = store.create_resource(resource()).await;
        made.expect("a resource");
        let made = store.change_signing_keys(signing_key()).await;
        made.expect("a signing key");
        let all = stream::iter(0..identities).map(|number| store.create_identity(new(number)));
        all.buffer_unordered(AT_A_TIME)
            .for_each(async |made| drop(made.expect("an identity")))
            .await;
    }
}

fn request(number: u64) -> IssueRequest {
    IssueRequest {
        identity: identity(number),
        credential: PRIMARY,
        signing_key: SIGNING_KEY,
    }
}

fn new(number: u64) -> NewIdentity {
    NewIdentity {
        identity: Identity {
            id: identity(number),
            custom_id: None,
            create_time: START,
            last_token_issue_time: None,
        },
        credential: PRIMARY,
        signing_key: None,
    }
}

/// They are drawn at random in a server, so here they do not come in their order either.
fn identity(number: u64) -> IdentityId {
    IdentityId::new(RESOURCE, Uuid::from_u64_pair(number.reverse_bits(), number))
}

fn subscription() -> Subscription {
    Subscription {
        id: SUBSCRIPTION,
        display_name: "bench".to_owned(),
        create_time: START,
    }
}

fn resource() -> NewResource {
    let key = |slot, id| Credential {
        id,
        role: CredentialRole::AccessKey {
            resource: RESOURCE,
            slot,
        },
        secret: SealedSecret::new(vec![7; 60]),
        create_time: START,
    };
    NewResource {
        resource: Resource {
            id: RESOURCE,
            subscription: SUBSCRIPTION,
            name: "bench".to_owned(),
            create_time: START,
        },
        keys: [
            key(KeySlot::Primary, PRIMARY),
            key(KeySlot::Secondary, SECONDARY),
        ],
    }
}

fn signing_key() -> SigningKeyChange {
    let record = SigningKeyRecord {
        id: SIGNING_KEY,
        state: KeyState::Active { since: START },
        create_time: START,
        seed: SealedSecret::new(vec![7; 60]),
        public_key: [7; 32],
        algorithm: TokenAlgorithm::default(),
    };
    SigningKeyChange {
        from_version: 0,
        records: vec![record],
        active: Some(SIGNING_KEY),
        revoked: None,
    }
}

const IDENTITIES: [u64; 3] = [100, 10_000, 1_000_000];
const TOGETHER: u64 = 64;
/// How many are made at a time, to be committed together.
const AT_A_TIME: usize = 1024;
/// From one identity to the next that is asked about, far enough to be on another page.
const STEP: u64 = 7919;
const START: UnixTime = UnixTime::from_secs(1_700_000_000);
const SUBSCRIPTION: SubscriptionId = SubscriptionId::from_uuid(Uuid::from_u128(2));
const RESOURCE: ResourceId = ResourceId::from_uuid(Uuid::from_u128(3));
const PRIMARY: CredentialId = CredentialId::from_uuid(Uuid::from_u128(4));
const SECONDARY: CredentialId = CredentialId::from_uuid(Uuid::from_u128(5));
const SIGNING_KEY: KeyId = KeyId::from_uuid(Uuid::from_u128(6));
