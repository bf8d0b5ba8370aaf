//! Issuing tokens and taking them back.

use std::sync::Arc;

use lanyard_policy::ScopeSet;
use lanyard_store::{Appended, IssueGrant, IssueRequest, RevocationOutcome, Store};
use lanyard_token::{
    Claims, Clock, IdentityId, Lifetime, Position, SigningKey, TokenId, TokenRefusal, UnixTime,
};

use crate::{
    Authority, Entity, Entropy, Error, KeyHolder,
    identities::{owned, unknown},
};

/// What a token shall carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenSpec {
    /// Its scopes.
    pub scopes: ScopeSet,
    /// How long it lives.
    pub lifetime: Lifetime,
}

/// A token as it is handed out.
#[derive(Clone, PartialEq, Eq)]
pub struct IssuedToken {
    /// The signed text, a secret.
    pub token: String,
    /// Its id.
    pub token_id: TokenId,
    /// From this second on it is dead.
    pub expires_at: UnixTime,
    /// What it carries.
    pub scopes: ScopeSet,
}

impl std::fmt::Debug for IssuedToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IssuedToken")
            .field("token_id", &self.token_id)
            .finish_non_exhaustive()
    }
}

impl<S: Store, C: Clock, E: Entropy> Authority<S, C, E> {
    /// Issues a token for an identity.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Stale`] if the authority is cut off, and the store's.
    pub async fn issue_token(
        &self,
        caller: &KeyHolder,
        id: IdentityId,
        spec: TokenSpec,
    ) -> Result<IssuedToken, Error> {
        let identity = owned(caller, id)?;
        self.ensure_fresh_for(caller.resource())?;
        for _ in 0..SIGNING_KEY_ATTEMPTS {
            let key = self.active_key()?;
            let request = IssueRequest {
                identity,
                credential: caller.credential(),
                signing_key: key.id(),
            };
            match self.store.issue_grant(request).await? {
                IssueGrant::Granted(position) => {
                    return self.mint(&request, position, (&key, spec));
                }
                IssueGrant::IdentityUnknown => return Err(unknown(id)),
                IssueGrant::CredentialUnknown => {
                    return Err(self.credential_gone(caller.resource(), caller.credential()));
                }
                IssueGrant::SigningKeyNotActive => self.reload_signing_keys().await?,
            }
        }
        Err(Error::SigningKeysContended)
    }

    /// Revokes everything that an identity has.
    ///
    /// # Errors
    /// [`Error::NotFound`], and the store's.
    pub async fn revoke_tokens(
        &self,
        caller: &KeyHolder,
        id: IdentityId,
    ) -> Result<Appended, Error> {
        let (id, by) = (owned(caller, id)?, caller.credential());
        let outcome = self.store.revoke_identity(id, by).await?;
        self.taken_back(outcome, || unknown(id))
    }

    /// Revokes one token, expired or not.
    ///
    /// # Errors
    /// [`Error::NotOurToken`], [`Error::NotFound`] for a token of another resource, and the store's.
    pub async fn revoke_token(&self, caller: &KeyHolder, token: &str) -> Result<Appended, Error> {
        let token = self.verifier.authenticate(token, &self.view.keys());
        let token = token.map_err(|refusal| match refusal {
            TokenRefusal::KeyRevoked => Error::RevokedWithItsKey,
            refusal => Error::NotOurToken(refusal),
        })?;
        let claims = token.claims();
        if claims.subject.resource() != caller.resource() {
            return Err(Error::not_found(Entity::Token, claims.token_id));
        }
        let (resource, by) = (caller.resource(), caller.credential());
        let revoking = self.store.revoke_token(resource, claims.token_id, by);
        let outcome = revoking.await?;
        self.taken_back(outcome, || Error::not_found(Entity::Token, claims.token_id))
    }

    /// Takes a revocation that was made into this authority's own view, or tells why none was.
    pub(crate) fn taken_back(
        &self,
        outcome: RevocationOutcome,
        unknown: impl FnOnce() -> Error,
    ) -> Result<Appended, Error> {
        match outcome {
            RevocationOutcome::Appended(appended) => {
                self.learn(&appended)?;
                Ok(appended)
            }
            RevocationOutcome::Unknown => Err(unknown()),
            RevocationOutcome::CredentialUnknown => Err(Error::CredentialRefused),
        }
    }

    /// The key that signs, as far as this authority knows. The store has the last word.
    pub(crate) fn active_key(&self) -> Result<Arc<SigningKey>, Error> {
        let active = self.keyring().active.clone();
        active.ok_or(Error::Internal("no signing key is active"))
    }

    /// Makes the token that was granted at this position.
    pub(crate) fn mint(
        &self,
        request: &IssueRequest,
        position: Position,
        (key, spec): (&SigningKey, TokenSpec),
    ) -> Result<IssuedToken, Error> {
        let now = self.clock.wall()?;
        let issued_at = UnixTime::from_secs(now.as_secs());
        let claims = Claims {
            issuer: self.settings.issuer.clone(),
            audience: self.settings.audience.clone(),
            subject: request.identity,
            issued_at,
            expires_at: issued_at.saturating_add(spec.lifetime.as_duration()),
            token_id: TokenId::from_uuid(self.id_at(now)?),
            scopes: spec.scopes,
            credential: request.credential,
            position,
        };
        let token = key
            .mint(&claims)
            .map_err(|_| Error::Internal("a token could not be minted"))?;
        self.issue_times.note(request.identity, now);
        let Claims {
            token_id,
            expires_at,
            scopes,
            ..
        } = claims;
        Ok(IssuedToken {
            token,
            token_id,
            expires_at,
            scopes,
        })
    }
}

/// A signing key may be replaced between the look at the keyring and the grant. Twice in a row is
/// already strange.
pub(crate) const SIGNING_KEY_ATTEMPTS: usize = 3;
