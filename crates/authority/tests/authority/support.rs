//! An authority after its first start, and short ways to ask it.

use std::{
    io,
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use lanyard_authority::{
    AccessKey, Authority, Bootstrap, Caller, Entropy, EntropyError, Error, IssuedToken, KeyHolder,
    MasterKey, Operator, PageRequest, ServiceKey, Settings, TokenSpec,
};
use lanyard_policy::{Scope, ScopeSet};
use lanyard_store::embedded::EmbeddedStore;
use lanyard_token::{
    Clock as _, CredentialId, IdentityId, Lifetime, ManualClock, PropagationBound, ResourceId,
    SubscriptionId, TokenAlgorithm, TokenRefusal, UnixTime, Verifier,
};
use serde_json::json;
use tempfile::TempDir;
use uuid::Uuid;

pub(crate) type Tested = Authority<EmbeddedStore, Arc<ManualClock>, Counting>;

/// When every test starts: a whole second that is no whole minute.
pub(crate) const START: UnixTime = UnixTime::from_secs(1_700_000_000);

/// An authority after its first start, with its list read to the end.
pub(crate) struct World {
    pub(crate) authority: Arc<Tested>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) first: First,
    pub(crate) directory: TempDir,
}

/// What the first start made.
#[derive(Clone, Debug)]
pub(crate) struct First {
    pub(crate) subscription: SubscriptionId,
    pub(crate) resource: ResourceId,
    pub(crate) primary: Key,
    pub(crate) secondary: Key,
    pub(crate) operator: Key,
    pub(crate) enforcer: Key,
}

/// A credential as its holder has it.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    pub(crate) id: CredentialId,
    pub(crate) secret: Vec<u8>,
}

/// What a check would find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    Alive,
    Revoked,
    Refused(TokenRefusal),
}

impl World {
    pub(crate) async fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::new(START));
        let authority = open(directory.path(), &clock).await;
        let first = first_start(&authority).await.unwrap();
        authority.catch_up().await.unwrap();
        Self::of(authority, first, (clock, directory))
    }

    /// An authority whose first start was made elsewhere.
    pub(crate) fn of(
        authority: Tested,
        first: First,
        (clock, directory): (Arc<ManualClock>, TempDir),
    ) -> Self {
        Self {
            authority: Arc::new(authority),
            clock,
            first,
            directory,
        }
    }

    pub(crate) async fn operator(&self) -> Operator {
        self.caller(&self.first.operator)
            .await
            .unwrap()
            .operator()
            .unwrap()
    }

    pub(crate) async fn primary(&self) -> KeyHolder {
        self.holder(&self.first.primary).await
    }

    pub(crate) async fn secondary(&self) -> KeyHolder {
        self.holder(&self.first.secondary).await
    }

    pub(crate) async fn holder(&self, key: &Key) -> KeyHolder {
        self.caller(key).await.unwrap().key_holder().unwrap()
    }

    pub(crate) async fn caller(&self, key: &Key) -> Result<Caller, Error> {
        self.authority
            .authenticate(Some(&key.bearer(self.now())))
            .await
    }

    /// A resource of its own in the first subscription, with its primary key.
    pub(crate) async fn another_resource(&self, name: &str) -> (ResourceId, KeyHolder) {
        let by = self.operator().await;
        let name = name.parse().unwrap();
        let made = self
            .authority
            .create_resource(by, self.first.subscription, name)
            .await;
        let (resource, [primary, _]) = made.unwrap();
        (resource.id, self.holder(&primary.into()).await)
    }

    pub(crate) async fn identity(&self, holder: &KeyHolder) -> IdentityId {
        self.authority
            .create_identity(holder, None, None)
            .await
            .unwrap()
            .identity
            .id
    }

    pub(crate) async fn issue(&self, holder: &KeyHolder, identity: IdentityId) -> String {
        self.try_issue(holder, identity).await.unwrap().token
    }

    pub(crate) async fn try_issue(
        &self,
        holder: &KeyHolder,
        identity: IdentityId,
    ) -> Result<IssuedToken, Error> {
        self.authority.issue_token(holder, identity, spec()).await
    }

    /// What a check by this authority's own view would find.
    pub(crate) fn standing(&self, token: &str) -> Standing {
        standing(&self.authority, token, self.now())
    }

    pub(crate) fn now(&self) -> UnixTime {
        self.clock.wall().unwrap()
    }
}

impl Key {
    /// A bearer that is good for a minute.
    pub(crate) fn bearer(&self, now: UnixTime) -> String {
        let header = Header {
            kid: Some(self.id.to_string()),
            ..Header::new(Algorithm::HS256)
        };
        let iat = now.as_secs();
        let claims = json!({ "aud": "lanyard", "iat": iat, "exp": iat + 60 });
        encode(&header, &claims, &EncodingKey::from_secret(&self.secret)).unwrap()
    }
}

impl From<AccessKey> for Key {
    fn from(key: AccessKey) -> Self {
        Self::from(&key)
    }
}

impl From<&AccessKey> for Key {
    fn from(key: &AccessKey) -> Self {
        Self {
            id: key.id,
            secret: key.secret.as_ref().unwrap().as_bytes().to_vec(),
        }
    }
}

impl From<&ServiceKey> for Key {
    fn from(key: &ServiceKey) -> Self {
        Self {
            id: key.id,
            secret: key.secret.as_ref().unwrap().as_bytes().to_vec(),
        }
    }
}

impl From<&Bootstrap> for First {
    fn from(made: &Bootstrap) -> Self {
        let Bootstrap {
            subscription,
            resource,
            access_keys,
            operator,
            enforcer,
        } = made;
        let [primary, secondary] = access_keys;
        Self {
            subscription: subscription.id,
            resource: resource.id,
            primary: primary.into(),
            secondary: secondary.into(),
            operator: operator.into(),
            enforcer: enforcer.into(),
        }
    }
}

/// Opens an authority over the store in a directory.
pub(crate) async fn open(directory: &Path, clock: &Arc<ManualClock>) -> Tested {
    open_sealed_by(directory, clock, MASTER_KEY).await.unwrap()
}

pub(crate) async fn open_sealed_by(
    directory: &Path,
    clock: &Arc<ManualClock>,
    master_key: &str,
) -> Result<Tested, Error> {
    let entropy = Counting::default();
    let store = EmbeddedStore::open(directory, Arc::clone(clock), Uuid::from_u128(1)).unwrap();
    let master_key: MasterKey = master_key.parse().unwrap();
    Authority::open(store, Arc::clone(clock), entropy, (master_key, settings())).await
}

/// Makes the first start, and gives what it made; none if it was made before.
pub(crate) async fn first_start(authority: &Tested) -> Option<First> {
    let turn = authority.first_turn().await.unwrap()?;
    let saved = Mutex::new(None);
    let save = |made: &Bootstrap| -> io::Result<()> {
        *saved.lock().unwrap() = Some(First::from(made));
        Ok(())
    };
    authority.first_start(turn, save).await.unwrap();
    saved.into_inner().unwrap()
}

pub(crate) fn standing(authority: &Tested, token: &str, now: UnixTime) -> Standing {
    let view = authority.view();
    let Settings {
        issuer, audience, ..
    } = settings();
    let verified = Verifier::new(issuer, audience).authenticate(token, &view.keys());
    match verified.and_then(|token| token.at(now).map(|()| token)) {
        Err(refusal) => Standing::Refused(refusal),
        Ok(token) if view.revoked(&token).is_some() => Standing::Revoked,
        Ok(_) => Standing::Alive,
    }
}

pub(crate) fn spec() -> TokenSpec {
    TokenSpec {
        scopes: ScopeSet::new([Scope::Chat]).unwrap(),
        lifetime: Lifetime::DEFAULT,
    }
}

pub(crate) fn page(size: i32, token: &str) -> PageRequest {
    PageRequest {
        size: size.try_into().unwrap(),
        token: token.parse().unwrap(),
    }
}

fn settings() -> Settings {
    Settings {
        issuer: "lanyard".parse().unwrap(),
        audience: "lanyard-access".parse().unwrap(),
        token_algorithm: TokenAlgorithm::EdDsa,
        acs_claims: false,
        propagation_bound: PropagationBound::MAX,
    }
}

/// Chance that is none: other bytes on every call, and the same in every run of a test.
#[derive(Debug)]
pub(crate) struct Counting(AtomicU64);

impl Default for Counting {
    /// No two of one process begin at the same number, so that a store that is opened twice does
    /// not see an id twice.
    fn default() -> Self {
        static OPENED: AtomicU64 = AtomicU64::new(1);
        Self(AtomicU64::new(OPENED.fetch_add(1, Ordering::Relaxed) << 32))
    }
}

impl Entropy for Counting {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        for chunk in bytes.chunks_mut(8) {
            let number = self.0.fetch_add(1, Ordering::Relaxed);
            // The mixer of SplitMix64 spreads a counter over all bits.
            let mixed = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            let mixed = (mixed ^ (mixed >> 31)).to_le_bytes();
            chunk.copy_from_slice(&mixed[..chunk.len()]);
        }
        Ok(())
    }
}

const MASTER_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
pub(crate) const OTHER_MASTER_KEY: &str = "//////////////////////////////////////////8=";
