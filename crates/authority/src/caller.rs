//! Who asks, and the proofs that calls take.

use std::{fmt::Display, pin::pin, time::Duration};

use lanyard_revocation::Handle;
use lanyard_store::{Credential, CredentialRole, SealedSecret, Store, StoreError};
use lanyard_token::{BootTime, Clock, CredentialId, ResourceId, Seen, UnixTime};
use tokio::time::timeout;

use crate::{
    Authority, Entropy, Error, Secret,
    bearer::{BearerRefusal, UnverifiedBearer, Validity},
    refusals::Refusals,
};

/// Somebody whose bearer was good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caller {
    credential: CredentialId,
    role: CredentialRole,
}

/// Proof that an operator asks.
#[derive(Clone, Copy, Debug)]
pub struct Operator(Option<CredentialId>);

/// Proof that the holder of a resource's access key asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyHolder {
    resource: ResourceId,
    credential: CredentialId,
}

/// Proof that somebody asks who may check tokens, and whose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checker {
    resource: Option<ResourceId>,
}

/// Proof that an enforcement point asks, which may hear of every revocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Watcher {
    credential: CredentialId,
}

impl Caller {
    /// Whoever has proved to hold a credential.
    pub(crate) const fn holding(credential: &Credential) -> Self {
        Self {
            credential: credential.id,
            role: credential.role,
        }
    }

    /// The credential that signed the bearer. Its role is its for as long as it is there.
    #[must_use]
    pub const fn credential(&self) -> CredentialId {
        self.credential
    }

    /// The caller as an operator.
    ///
    /// # Errors
    /// If its role is another.
    pub fn operator(self) -> Result<Operator, Error> {
        match self.role {
            CredentialRole::Operator => Ok(Operator(Some(self.credential))),
            CredentialRole::Enforcer | CredentialRole::AccessKey { .. } => {
                Err(Error::RoleNotAllowed {
                    needed: "operators",
                })
            }
        }
    }

    /// The caller as the holder of an access key.
    ///
    /// # Errors
    /// If its role is another.
    pub fn key_holder(self) -> Result<KeyHolder, Error> {
        match self.role {
            CredentialRole::AccessKey { resource, slot: _ } => Ok(KeyHolder {
                resource,
                credential: self.credential,
            }),
            CredentialRole::Operator | CredentialRole::Enforcer => Err(Error::RoleNotAllowed {
                needed: "holders of a resource's access key",
            }),
        }
    }

    /// The caller as somebody who may check tokens: an enforcer any, an access key its resource's.
    ///
    /// # Errors
    /// If its role is another.
    pub fn checker(self) -> Result<Checker, Error> {
        match self.role {
            CredentialRole::Enforcer => Ok(Checker { resource: None }),
            CredentialRole::AccessKey { resource, slot: _ } => Ok(Checker {
                resource: Some(resource),
            }),
            CredentialRole::Operator => Err(Error::RoleNotAllowed {
                needed: "enforcers and holders of a resource's access key",
            }),
        }
    }

    /// The caller as an enforcement point that follows the feed.
    ///
    /// # Errors
    /// If its role is another.
    pub fn watcher(self) -> Result<Watcher, Error> {
        match self.role {
            CredentialRole::Enforcer => Ok(Watcher {
                credential: self.credential,
            }),
            CredentialRole::Operator | CredentialRole::AccessKey { .. } => {
                Err(Error::RoleNotAllowed {
                    needed: "enforcers",
                })
            }
        }
    }
}

impl Watcher {
    /// The enforcer's key.
    #[must_use]
    pub const fn credential(&self) -> CredentialId {
        self.credential
    }
}

impl Operator {
    /// The authority itself, on the first start, before there is any other.
    pub(crate) const fn of_first_start() -> Self {
        Self(None)
    }

    /// The operator's key; none on the first start.
    pub(crate) const fn credential(self) -> Option<CredentialId> {
        self.0
    }
}

impl KeyHolder {
    /// The resource whose key it is. Nothing beyond it is in reach.
    #[must_use]
    pub const fn resource(&self) -> ResourceId {
        self.resource
    }

    /// The key.
    #[must_use]
    pub const fn credential(&self) -> CredentialId {
        self.credential
    }
}

impl Checker {
    /// Lets pass a token of the resource, if this checker may ask about it.
    ///
    /// # Errors
    /// If it is an access key of another resource.
    pub fn may_check(&self, resource: ResourceId) -> Result<(), Error> {
        match self.resource {
            Some(own) if own != resource => Err(Error::RoleNotAllowed {
                needed: "enforcers and the token's own resource",
            }),
            Some(_) | None => Ok(()),
        }
    }
}

impl<S: Store, C: Clock, E: Entropy> Authority<S, C, E> {
    /// Finds out who asks.
    ///
    /// # Errors
    /// [`Error::CredentialRefused`] for whatever is wrong with the bearer, without telling what, and
    /// the store's errors.
    pub async fn authenticate(&self, bearer: Option<&str>) -> Result<Caller, Error> {
        let bearer = self.parsed(bearer)?;
        self.look_up(&bearer).await
    }

    /// Who asks for a step that finds out by itself whether the access key is still there, if it is
    /// known without asking anybody: the bearer was verified before, and is still good.
    #[must_use]
    pub fn seen_for_step(&self, bearer: &str) -> Option<Caller> {
        let credential = self.seen(bearer)?;
        let role = self.remembered.role(credential)?;
        let is_checked = matches!(role, CredentialRole::AccessKey { .. });
        is_checked.then_some(Caller { credential, role })
    }

    /// Who asks for checks, if it is known without asking anybody: the bearer was verified before and
    /// is still good, and its credential was there just now.
    #[must_use]
    pub fn seen_for_check(&self, bearer: &str) -> Option<Caller> {
        let credential = self.seen(bearer)?;
        let now = self.clock.boot().ok()?;
        let role = self.remembered.role_just_now(credential, now)?;
        let is_gone = self.is_known_to_be_gone(credential, role);
        (!is_gone).then_some(Caller { credential, role })
    }

    fn seen(&self, bearer: &str) -> Option<CredentialId> {
        let (credential, validity) = self.seen.find(bearer)?;
        let now = self.clock.wall().ok()?;
        validity.check(now).ok().map(|()| credential)
    }

    /// Finds out who asks for a step that finds out by itself whether the access key is still there.
    /// A key that was let in before is let in on its bearer alone.
    ///
    /// # Errors
    /// As those of [`Self::authenticate`].
    pub async fn authenticate_for_step(&self, bearer: Option<&str>) -> Result<Caller, Error> {
        let bearer = self.parsed(bearer)?;
        let remembered = self.remembered.access_key(bearer.credential);
        if let Ok(caller) = self.verified(&bearer, remembered.as_ref())? {
            return Ok(caller);
        }
        // A remembered key is looked up as an unknown one is, so that the time does not reveal it.
        self.look_up(&bearer).await
    }

    /// Finds out who asks to revoke something, by a step that finds out by itself whether the access
    /// key is still there. The key is looked up all the same; while that part of the store is away, a
    /// key that was let in before is let in on its bearer alone.
    ///
    /// # Errors
    /// As those of [`Self::authenticate`].
    pub async fn authenticate_for_revocation(&self, bearer: Option<&str>) -> Result<Caller, Error> {
        let bearer = self.parsed(bearer)?;
        match self.look_up(&bearer).await {
            Err(error @ Error::Store(StoreError::Unavailable(_))) => {
                let known = self.remembered.access_key(bearer.credential);
                let verified = self.verified(&bearer, known.as_ref())?;
                verified.map_err(|_unknown_or_refused| error)
            }
            looked_up => looked_up,
        }
    }

    /// Finds out who asks for checks, which go on for a while without the store: whoever was there
    /// lately is let in as long as the store is away. The list tells of access keys that are gone.
    ///
    /// # Errors
    /// As those of [`Self::authenticate`].
    pub async fn authenticate_for_check(&self, bearer: Option<&str>) -> Result<Caller, Error> {
        let bearer = self.parsed(bearer)?;
        let now = self.clock.boot()?;
        let known = self.remembered.lately(bearer.credential, now);
        let known = known.filter(|known| !self.is_known_to_be_gone(known.id, known.role));
        // For an unknown credential the same work is done, so that the time does not reveal a known one.
        let from_memory = self.verified(&bearer, known.as_ref())?;
        let mut looking_up = pin!(self.look_up(&bearer));
        let Ok(caller) = from_memory else {
            return looking_up.await;
        };
        if self.remembered.away_just_now(now) {
            return Ok(caller);
        }
        match timeout(PATIENCE, &mut looking_up).await {
            Ok(Err(Error::Store(StoreError::Unavailable(_)))) | Err(_) => {
                self.remembered.note_away(self.clock.boot()?);
                Ok(caller)
            }
            Ok(answered) => answered,
        }
    }

    /// Whether the list says that an access key is gone, or its resource.
    fn is_known_to_be_gone(&self, credential: CredentialId, role: CredentialRole) -> bool {
        let CredentialRole::AccessKey { resource, slot: _ } = role else {
            return false;
        };
        let handles = [Handle::credential(credential), Handle::resource(resource)];
        let mut handles = handles.into_iter();
        handles.any(|handle| self.view.is_final(resource, handle))
    }

    fn parsed<'b>(&self, bearer: Option<&'b str>) -> Result<UnverifiedBearer<'b>, Error> {
        let bearer = bearer
            .ok_or(BearerRefusal::Missing)
            .and_then(UnverifiedBearer::parse);
        bearer.map_err(|reason| self.refused(reason))
    }

    async fn look_up(&self, bearer: &UnverifiedBearer<'_>) -> Result<Caller, Error> {
        let asked = self.remembered.asking(self.clock.boot()?);
        let found = self.store.credential(bearer.credential).await?;
        if found.is_none() {
            self.remembered.not_found(bearer.credential);
        }
        let verified = self.verified(bearer, found.as_ref())?;
        let caller = verified.map_err(|reason| self.refused(reason))?;
        if let Some(found) = found {
            self.remembered.keep(&found, asked);
        }
        Ok(caller)
    }

    /// Verifies a bearer against the record of its credential. Without one it fails after the same
    /// work, so that the time does not reveal which credentials there are.
    fn verified(
        &self,
        bearer: &UnverifiedBearer<'_>,
        found: Option<&Credential>,
    ) -> Result<Result<Caller, BearerRefusal>, Error> {
        let now = self.clock.wall()?;
        let Some(found) = found else {
            // Neither opens, nor is what it was signed with.
            let decoy = SealedSecret::new(vec![0; SEALED_SECRET_BYTES]);
            drop(self.master_key.open(bearer.credential.as_uuid(), &decoy));
            let verified = bearer.verify(&[0; SECRET_BYTES], now);
            return Ok(verified.and(Err(BearerRefusal::CredentialUnknown)));
        };
        let secret = self.master_key.open(found.id.as_uuid(), &found.secret)?;
        let verified = bearer.verify(secret.as_bytes(), now);
        Ok(verified.map(|validity| {
            self.seen.remember(bearer.text, (found.id, validity));
            Caller::holding(found)
        }))
    }

    /// A step has found that an access key of a resource is gone.
    pub(crate) fn credential_gone(&self, resource: ResourceId, credential: CredentialId) -> Error {
        self.remembered.forget(credential);
        self.signers.forget(resource);
        Error::CredentialRefused
    }

    /// Finds out whether a credential that was let in before is still there. What outlives a bearer
    /// has to ask this now and then.
    ///
    /// # Errors
    /// [`Error::CredentialRefused`] once it is gone, and the store's.
    pub async fn reauthenticate(&self, credential: CredentialId) -> Result<(), Error> {
        let found = self.store.credential(credential).await?;
        found.map(drop).ok_or(Error::CredentialRefused)
    }

    /// Refuses a caller for a reason that the log alone is told.
    pub fn refused(&self, reason: impl Display) -> Error {
        let now = self.clock.boot().unwrap_or_default();
        self.refusals.refused(reason, now)
    }
}

/// The one credential that a process admits which has no store: that of an enforcement point, which
/// its callers hold as well. Bearers are checked as the authority checks them.
#[derive(Debug)]
pub struct LoneEnforcer {
    credential: CredentialId,
    secret: Secret,
    refusals: Refusals,
    seen: Seen<Validity>,
}

impl LoneEnforcer {
    /// Admits the holders of this credential.
    #[must_use]
    pub fn new(credential: CredentialId, secret: Secret) -> Self {
        Self {
            credential,
            secret,
            refusals: Refusals::default(),
            seen: Seen::new(BEARERS),
        }
    }

    /// One of them, if the bearer was verified before and is still good.
    #[must_use]
    pub fn seen(&self, bearer: &str, now: UnixTime) -> Option<Caller> {
        let validity = self.seen.find(bearer)?;
        validity.check(now).ok().map(|()| self.caller())
    }

    /// Finds out whether it is one of them who asks.
    ///
    /// # Errors
    /// [`Error::CredentialRefused`] for whatever is wrong with the bearer, without telling what.
    pub fn authenticate(&self, bearer: Option<&str>, now: UnixTime) -> Result<Caller, Error> {
        let bearer = bearer
            .ok_or(BearerRefusal::Missing)
            .and_then(UnverifiedBearer::parse);
        let bearer = bearer.map_err(|reason| self.refused(reason, now))?;
        // Verified in either case, so that the time does not reveal the id.
        let verified = bearer.verify(self.secret.as_bytes(), now);
        if bearer.credential != self.credential {
            return Err(self.refused(BearerRefusal::CredentialUnknown, now));
        }
        let validity = verified.map_err(|reason| self.refused(reason, now))?;
        self.seen.remember(bearer.text, validity);
        Ok(self.caller())
    }

    const fn caller(&self) -> Caller {
        Caller {
            credential: self.credential,
            role: CredentialRole::Enforcer,
        }
    }

    fn refused(&self, reason: BearerRefusal, now: UnixTime) -> Error {
        // Only the log goes by it, and any clock does for that.
        let now = BootTime::from_duration(Duration::from_millis(now.as_millis()));
        self.refusals.refused(reason, now)
    }
}

/// How many bearers are remembered that were verified. Each lives for ten minutes at most.
pub(crate) const BEARERS: usize = 4096;

/// For how long a store may think about who asks for checks before it counts as away.
const PATIENCE: Duration = Duration::from_millis(250);

/// The length of the secret of a credential.
const SECRET_BYTES: usize = 32;
/// The length of the same at rest: with the tag and the nonce of AES-256-GCM.
const SEALED_SECRET_BYTES: usize = SECRET_BYTES + 16 + 12;
