//! The authority itself, and what all of its calls share.

use std::sync::{Arc, PoisonError, RwLock};

use lanyard_revocation::{FreshnessBound, PartitionId, View};
use lanyard_store::{Appended, ReplicaShortage, SigningKeys, Store};
use lanyard_token::{
    Audience, Clock, CredentialId, Issuer, PropagationBound, ResourceId, Seen, TokenAlgorithm,
    UnixTime, Verifier,
};
use tokio::sync::Mutex;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::{
    Entropy, Error, LogStatus, MasterKey, Secret, TrustFeed,
    bearer::Validity,
    caller::BEARERS,
    follow::{Reader, Retention, StatusBoard},
    ids::Ids,
    issue_times::IssueTimes,
    keyring::{Keyring, key_set},
    refusals::Refusals,
    remembered::Remembered,
    signers::Signers,
};

/// What an operator chooses.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The `iss` of every token.
    pub issuer: Issuer,
    /// The `aud` of every token.
    pub audience: Audience,
    /// The name of the algorithm in every token.
    pub token_algorithm: TokenAlgorithm,
    /// Whether tokens have the claims besides that those of Azure Communication Services have.
    pub acs_claims: bool,
    /// How long a signing key is published before it may sign.
    pub propagation_bound: PropagationBound,
}

/// Who issues, revokes and manages.
///
/// Any number of them may share one store. Each has a [`View`] of its own, which its caller keeps
/// fresh by driving [`Authority::follow`].
#[derive(Debug)]
pub struct Authority<S, C, E> {
    pub(crate) store: S,
    pub(crate) clock: C,
    pub(crate) entropy: E,
    ids: Ids,
    pub(crate) master_key: MasterKey,
    pub(crate) settings: Settings,
    pub(crate) verifier: Verifier,
    pub(crate) view: Arc<View>,
    pub(crate) feed: Arc<TrustFeed>,
    pub(crate) keyring: RwLock<Arc<Keyring>>,
    pub(crate) issue_times: IssueTimes,
    /// One for each partition, in their order.
    pub(crate) readers: Vec<Reader>,
    pub(crate) status: StatusBoard,
    pub(crate) retention: Retention,
    /// Held while the signing keys are read again, so that no older reading overtakes a newer one.
    reloading: Mutex<()>,
    pub(crate) refusals: Refusals,
    pub(crate) remembered: Remembered,
    pub(crate) signers: Signers,
    /// The bearers that were verified, each with its credential and when it is good.
    pub(crate) seen: Seen<(CredentialId, Validity)>,
}

impl<S: Store, C: Clock, E: Entropy> Authority<S, C, E> {
    /// Sets up over a store. It issues nothing before its view is fresh.
    ///
    /// # Errors
    /// If the store cannot be read, or the master key is not the one that it was sealed under.
    pub async fn open(
        store: S,
        clock: C,
        entropy: E,
        (master_key, settings): (MasterKey, Settings),
    ) -> Result<Self, Error> {
        let verifier = Verifier::new(settings.issuer.clone(), settings.audience.clone());
        let view = Arc::new(View::new(store.partitions()));
        let feed = Arc::new(TrustFeed::new(Arc::clone(&view)));
        let readers = PartitionId::all(store.partitions()).map(Reader::new);
        let authority = Self {
            store,
            clock,
            entropy,
            ids: Ids::default(),
            master_key,
            settings,
            verifier,
            view,
            feed,
            keyring: RwLock::new(Arc::new(Keyring {
                version: 0,
                keys: SigningKeys {
                    version: 0,
                    keys: Vec::new(),
                },
                active: None,
            })),
            issue_times: IssueTimes::default(),
            readers: readers.collect(),
            status: StatusBoard::default(),
            retention: Retention::default(),
            reloading: Mutex::default(),
            refusals: Refusals::default(),
            remembered: Remembered::default(),
            signers: Signers::default(),
            seen: Seen::new(BEARERS),
        };
        authority.reload_signing_keys().await?;
        Ok(authority)
    }

    /// What this authority knows of keys and revocations. Checks go by it.
    #[must_use]
    pub fn view(&self) -> Arc<View> {
        Arc::clone(&self.view)
    }

    /// What enforcement points follow.
    #[must_use]
    pub fn feed(&self) -> Arc<TrustFeed> {
        Arc::clone(&self.feed)
    }

    /// The algorithm of the active signing key; none before the first start is complete.
    #[must_use]
    pub fn active_algorithm(&self) -> Option<TokenAlgorithm> {
        self.keyring().active.as_ref().map(|key| key.algorithm())
    }

    /// How many times the store has made changes durable, if it counts that.
    #[must_use]
    pub fn store_commits(&self) -> Option<u64> {
        self.store.durable_commits()
    }

    /// Why changes are not acknowledged though the store can be read, if too few replicas are in reach.
    #[must_use]
    pub fn replica_shortage(&self) -> Option<ReplicaShortage> {
        self.store.replica_shortage()
    }

    /// How it goes with the log.
    #[must_use]
    pub fn log_status(&self) -> LogStatus {
        self.status.read()
    }

    /// Reads the signing keys again and hands them to the signer and to the view.
    pub(crate) async fn reload_signing_keys(&self) -> Result<(), Error> {
        let _alone = self.reloading.lock().await;
        let mut asked = self.clock.boot()?;
        let mut keys = self.store.signing_keys().await?;
        let known = self.keyring().keys.clone();
        // An older copy of the data, or none: a version never goes back by itself.
        if keys.version < known.version && self.store.restore_signing_keys(known).await? {
            tracing::warn!(
                lost = keys.version,
                "signing keys that the store had lost are restored"
            );
            asked = self.clock.boot()?;
            keys = self.store.signing_keys().await?;
        }
        let set = key_set(&keys, self.retention_time()?)?;
        let keyring = Keyring::open(&keys, &self.master_key, &self.settings)?;
        *self.keyring.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keyring);
        self.view.set_keys(set);
        self.view.confirm_keys(asked);
        self.feed.keys_changed(keys.version);
        Ok(())
    }

    pub(crate) fn keyring(&self) -> Arc<Keyring> {
        Arc::clone(&self.keyring.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes an appended revocation into this authority's own view before it is acknowledged, so
    /// that no check here accepts what was revoked here.
    pub(crate) fn learn(&self, appended: &Appended) -> Result<(), Error> {
        self.view
            .learn(appended.partition, &appended.entry)
            .map_err(|_| {
                Error::Internal("the store has appended to a partition it does not have")
            })?;
        self.feed.withdraw_fingerprint();
        self.wake_reader(appended.partition);
        Ok(())
    }

    /// Has the log of a partition read at once.
    pub(crate) fn wake_reader(&self, partition: PartitionId) {
        if let Some(reader) = self.readers.get(usize::from(partition.as_u16())) {
            reader.wake();
        }
    }

    /// Refuses to issue for a resource while the list of its partition is more than a minute old: an
    /// authority that is cut off must not go on handing out tokens that nobody can take back.
    pub(crate) fn ensure_fresh_for(&self, resource: ResourceId) -> Result<(), Error> {
        self.view
            .fresh_for(resource, self.clock.boot()?, FreshnessBound::ISSUING)?;
        Ok(())
    }

    /// A new id, above all that were made here before.
    pub(crate) fn id_at(&self, now: UnixTime) -> Result<Uuid, Error> {
        Ok(self.ids.next(&self.entropy, now)?)
    }

    /// A new secret of a credential or a signing key.
    pub(crate) fn new_secret(&self) -> Result<Secret, Error> {
        let mut bytes = Zeroizing::new(vec![0; SECRET_BYTES]);
        self.entropy.fill(&mut bytes)?;
        Ok(Secret::new(bytes))
    }
}

/// The length of every secret: that of an Ed25519 seed, and of a SHA-256 hash.
const SECRET_BYTES: usize = 32;
