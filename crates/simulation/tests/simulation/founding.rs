//! What is there when a world begins: an authority's first start, made once for all worlds.

use std::{
    future::Future,
    pin::pin,
    sync::{Arc, Mutex, OnceLock},
    task::{Context, Poll, Waker},
    time::Duration,
};

use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use lanyard_authority::{
    AccessKey, Authority, BEARER_AUDIENCE, Bootstrap, MasterKey, ResourceName, Settings,
};
use lanyard_revocation::partition_of;
use lanyard_store::Identity;
use lanyard_token::{
    Audience, CredentialId, IdentityId, Issuer, PropagationBound, ResourceId, SubscriptionId,
    TokenAlgorithm, UnixTime,
};
use serde_json::json;
use tokio::runtime::Builder;
use uuid::Uuid;

use crate::{
    clocks::{CALENDAR_AT_START, Clocks, Shown},
    dice::{Dice, Ids},
    shared_store::SharedStore,
    storage::{PARTITIONS, index},
    tenancy::Tenancy,
};

/// An authority over the simulated store.
pub(crate) type SimulatedAuthority = Authority<SharedStore, Shown, Ids>;

/// What is there when a world begins.
#[derive(Debug)]
pub(crate) struct Founding {
    /// What the store keeps besides the log.
    pub(crate) tenancy: Arc<Tenancy>,
    /// A resource in each partition.
    pub(crate) resources: Vec<Tenant>,
}

/// A resource.
#[derive(Clone, Debug)]
pub(crate) struct Tenant {
    /// Its id.
    pub(crate) id: ResourceId,
    /// Its primary access key.
    key: Key,
    /// Its identities.
    pub(crate) identities: Vec<IdentityId>,
}

#[derive(Clone, Debug)]
struct Key {
    id: CredentialId,
    secret: Vec<u8>,
}

impl Founding {
    /// The only one.
    pub(crate) fn shared() -> &'static Self {
        static FOUNDING: OnceLock<Founding> = OnceLock::new();
        FOUNDING.get_or_init(Self::new)
    }

    fn new() -> Self {
        let tenancy = Arc::<Tenancy>::default();
        let clock = Clocks::new(&mut Dice::new(0), Duration::ZERO, false).shown();
        let store = SharedStore::new(&tenancy, &Arc::default(), &clock);
        let authority = open(store, &clock, Dice::new(1));
        let (operator, subscription) = first_start(&authority);
        let bearer = operator.bearer(CALENDAR_AT_START);
        let caller = at_once(authority.authenticate(Some(&bearer))).expect("the operator");
        let by = caller.operator().expect("the operator");
        let tenant = |number: usize| {
            let name: ResourceName = format!("tenant-{number}").parse().expect("a label");
            let made = at_once(authority.create_resource(by, subscription, name));
            let (resource, [primary, _]) = made.expect("a resource");
            Tenant::new(resource.id, &primary, &tenancy)
        };
        let mut resources = vec![None; usize::from(PARTITIONS.get())];
        let mut tenants = (0..).map(tenant);
        while resources.iter().any(Option::is_none) {
            let next = tenants.next().expect("as many as it takes");
            let partition = index(partition_of(next.id, PARTITIONS));
            resources[partition] = Some(next);
        }
        drop(tenants);
        Self {
            resources: resources.into_iter().flatten().collect(),
            tenancy,
        }
    }
}

/// Makes what an empty store needs. Gives the operator, and the subscription that was made.
fn first_start(authority: &SimulatedAuthority) -> (Key, SubscriptionId) {
    // Its patience is measured by the runtime's own clock, and not used.
    let runtime = Builder::new_current_thread().enable_time().build();
    let runtime = runtime.expect("a runtime");
    let _inside = runtime.enter();
    let saved = Mutex::new(None);
    let save = |made: &Bootstrap| {
        let secret = made.operator.secret.as_ref().expect("it is told now");
        let operator = Key {
            id: made.operator.id,
            secret: secret.as_bytes().to_vec(),
        };
        let mut saved = saved.lock().expect("not poisoned");
        *saved = Some((operator, made.subscription.id));
        Ok(())
    };
    let turn = at_once(authority.first_turn()).expect("a turn");
    let turn = turn.expect("there is no operator yet");
    at_once(authority.first_start(turn, save)).expect("the first start");
    let saved = saved.into_inner().expect("not poisoned");
    saved.expect("it was saved")
}

impl Tenant {
    fn new(id: ResourceId, primary: &AccessKey, tenancy: &Tenancy) -> Self {
        let ids = (1..=IDENTITIES).map(|number| IdentityId::new(id, Uuid::from_u128(number)));
        let identities: Vec<_> = ids.collect();
        for id in &identities {
            tenancy.add_identity(Identity {
                id: *id,
                custom_id: None,
                create_time: CALENDAR_AT_START,
                last_token_issue_time: None,
            });
        }
        let secret = primary.secret.as_ref().expect("it is told now");
        Self {
            id,
            key: Key {
                id: primary.id,
                secret: secret.as_bytes().to_vec(),
            },
            identities,
        }
    }

    /// A bearer of its primary key, good for a minute.
    pub(crate) fn bearer(&self, now: UnixTime) -> String {
        self.key.bearer(now)
    }
}

impl Key {
    fn bearer(&self, now: UnixTime) -> String {
        let header = Header {
            kid: Some(self.id.to_string()),
            ..Header::new(Algorithm::HS256)
        };
        let iat = now.as_secs();
        let claims = json!({ "aud": BEARER_AUDIENCE, "iat": iat, "exp": iat + 60 });
        encode(&header, &claims, &EncodingKey::from_secret(&self.secret)).expect("a bearer")
    }
}

/// Starts an authority over the store.
pub(crate) fn open(store: SharedStore, clock: &Shown, dice: Dice) -> SimulatedAuthority {
    let master_key: MasterKey = MASTER_KEY.parse().expect("a key");
    let settings = Settings {
        issuer: issuer(),
        audience: audience(),
        token_algorithm: TokenAlgorithm::EdDsa,
        acs_claims: false,
        propagation_bound: PropagationBound::MAX,
    };
    let opened = Authority::open(store, clock.clone(), Ids::new(dice), (master_key, settings));
    at_once(opened).expect("it opens")
}

/// What comes of something that waits for nothing.
pub(crate) fn at_once<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(done) => done,
        Poll::Pending => panic!("it waits"),
    }
}

/// Who issues.
pub(crate) fn issuer() -> Issuer {
    "lanyard".parse().expect("a name")
}

/// For whom.
pub(crate) fn audience() -> Audience {
    "lanyard-access".parse().expect("a name")
}

/// How many identities a resource has.
const IDENTITIES: u128 = 4;
const MASTER_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
