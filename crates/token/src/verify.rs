//! Telling tokens that were made here from all others.

use crate::claims::{Audience, Claims, Issuer};
use crate::compact::Compact;
use crate::header::Header;
use crate::ids::KeyId;
use crate::key_set::{KeySet, PublishedKey};
use crate::lifetime::LEEWAY;
use crate::payload::Payload;
use crate::time::UnixTime;

/// Verifies the tokens of one issuer for one audience.
#[derive(Debug, Clone)]
pub struct Verifier {
    issuer: Issuer,
    audience: Audience,
}

impl Verifier {
    /// Accepts what this issuer made for this audience.
    #[must_use]
    pub const fn new(issuer: Issuer, audience: Audience) -> Self {
        Self { issuer, audience }
    }

    /// Checks all of a token that time does not change, in the order that the crate's documentation
    /// gives reasons for. What comes back can be kept, and asked about each later moment.
    ///
    /// # Errors
    /// The first check that the token does not pass.
    pub fn authenticate(&self, token: &str, keys: &KeySet) -> Result<VerifiedToken, TokenRefusal> {
        let compact = Compact::split(token).ok_or(TokenRefusal::Malformed)?;
        let key_id = signed_by(&compact, keys)?;
        let payload = Payload::parse(&compact.payload).ok_or(TokenRefusal::Malformed)?;
        if payload.claims.issuer != self.issuer {
            return Err(TokenRefusal::WrongIssuer);
        }
        if payload.claims.audience != self.audience {
            return Err(TokenRefusal::WrongAudience);
        }
        Ok(VerifiedToken {
            claims: payload.claims,
            not_before: payload.not_before,
            key_id,
        })
    }
}

/// The key that signed the token, which nobody revoked.
///
/// The header names a key and nothing else: what is done with it was settled before the token came.
/// That a key was revoked is told only to who shows a token that it really signed.
fn signed_by(compact: &Compact<'_>, keys: &KeySet) -> Result<KeyId, TokenRefusal> {
    let header = Header::parse(&compact.header).ok_or(TokenRefusal::Malformed)?;
    let key_id: KeyId = header
        .kid
        .parse()
        .map_err(|_no_id| TokenRefusal::KeyUnknown)?;
    let PublishedKey { key, state } = keys.find(key_id).ok_or(TokenRefusal::KeyUnknown)?;
    // A signature under another algorithm than the key's is none of that key, even if it would verify.
    if header.algorithm != key.algorithm() || !key.signed(compact.signed, &compact.signature) {
        return Err(TokenRefusal::SignatureInvalid);
    }
    if state.is_revoked() {
        return Err(TokenRefusal::KeyRevoked);
    }
    Ok(key_id)
}

/// A token that its issuer made, for the audience that was asked about. Holding one is the proof:
/// only [`Verifier::authenticate`] makes them.
///
/// It may still be expired or revoked. Those answers change, so they are asked for each time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedToken {
    claims: Claims,
    not_before: Option<UnixTime>,
    key_id: KeyId,
}

impl VerifiedToken {
    /// Checks that the token is alive at `now`: dead from the second of its expiry on, without
    /// leeway, and not issued further ahead of this clock than [`LEEWAY`].
    ///
    /// # Errors
    /// [`TokenRefusal::Expired`] or [`TokenRefusal::NotYetValid`].
    pub fn at(&self, now: UnixTime) -> Result<(), TokenRefusal> {
        if now >= self.claims.expires_at {
            return Err(TokenRefusal::Expired);
        }
        let valid_from = self
            .claims
            .issued_at
            .max(self.not_before.unwrap_or_default());
        if valid_from > now.saturating_add(LEEWAY) {
            return Err(TokenRefusal::NotYetValid);
        }
        Ok(())
    }

    /// What the token says.
    #[must_use]
    pub const fn claims(&self) -> &Claims {
        &self.claims
    }

    /// The key that signed it.
    #[must_use]
    pub const fn key_id(&self) -> KeyId {
        self.key_id
    }
}

/// Why a token is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum TokenRefusal {
    /// Not the size, the shape, the header or the claims of an access token.
    #[error("the token is not a well-formed access token")]
    Malformed,
    /// Signed, or said to be, with a key that is not known here.
    #[error("the token names a signing key that is not known")]
    KeyUnknown,
    /// Signed with a key that was compromised. To callers it is a revoked token like any other.
    #[error("the token was signed with a key that has been revoked")]
    KeyRevoked,
    /// Not signed with the key that it names, or changed since.
    #[error("the signature of the token is not valid")]
    SignatureInvalid,
    /// Made by another authority.
    #[error("the token is from another issuer")]
    WrongIssuer,
    /// Made for others.
    #[error("the token is for another audience")]
    WrongAudience,
    /// Its time has not come.
    #[error("the token is not valid yet")]
    NotYetValid,
    /// Its time is over.
    #[error("the token has expired")]
    Expired,
}

#[cfg(test)]
mod tests;
