//! Handles: the five names under which a token can be revoked.

use std::fmt;

use lanyard_token::{CredentialId, IdentityId, KeyId, ResourceId, TokenId, VerifiedToken};
use uuid::Uuid;

/// What sort of thing a handle names.
///
/// The codes and the names are written into stored logs and onto the wire; they never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HandleKind {
    /// One token alone.
    Token,
    /// Every token of one identity.
    Identity,
    /// Every token that was issued with one access key.
    Credential,
    /// Every token of every identity of one resource.
    Resource,
    /// Every token that one signing key signed.
    SigningKey,
}

impl HandleKind {
    /// Every kind, in the order of their codes.
    pub const ALL: [Self; 5] = [
        Self::Token,
        Self::Identity,
        Self::Credential,
        Self::Resource,
        Self::SigningKey,
    ];

    /// The number that stands for this kind in stored data.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Token => 1,
            Self::Identity => 2,
            Self::Credential => 3,
            Self::Resource => 4,
            Self::SigningKey => 5,
        }
    }

    /// The kind that a stored number stands for, or nothing if it stands for none.
    ///
    /// A reader that meets an unknown code must refuse the entry, not skip it: what it skips, it
    /// would accept tokens for.
    #[must_use]
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }

    /// The name of this kind in logs and text.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Identity => "identity",
            Self::Credential => "credential",
            Self::Resource => "resource",
            Self::SigningKey => "signing_key",
        }
    }
}

impl fmt::Display for HandleKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A name under which tokens are revoked: everything that carries it dies together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Handle {
    /// What sort of thing is named.
    pub kind: HandleKind,
    /// Which one.
    pub id: Uuid,
}

impl Handle {
    /// The handle of one token.
    #[must_use]
    pub fn token(id: TokenId) -> Self {
        Self {
            kind: HandleKind::Token,
            id: id.as_uuid(),
        }
    }

    /// The handle of everything that an identity holds.
    ///
    /// The resource is left out: the authority draws the second half of an identity's id at random,
    /// so it names the identity by itself.
    #[must_use]
    pub fn identity(id: &IdentityId) -> Self {
        Self {
            kind: HandleKind::Identity,
            id: id.uuid(),
        }
    }

    /// The handle of everything that was issued with an access key.
    #[must_use]
    pub fn credential(id: CredentialId) -> Self {
        Self {
            kind: HandleKind::Credential,
            id: id.as_uuid(),
        }
    }

    /// The handle of everything in a resource.
    #[must_use]
    pub fn resource(id: ResourceId) -> Self {
        Self {
            kind: HandleKind::Resource,
            id: id.as_uuid(),
        }
    }

    /// The handle of everything that a signing key signed.
    #[must_use]
    pub fn signing_key(id: KeyId) -> Self {
        Self {
            kind: HandleKind::SigningKey,
            id: id.as_uuid(),
        }
    }
}

impl fmt::Display for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.id)
    }
}

/// Every handle that a token dies under, the narrowest first.
///
/// The list is asked for all of them each time. Leaving one out would make its revocations
/// silently ineffective, so the array has the length of [`HandleKind::ALL`] and a test compares
/// the two.
#[must_use]
pub fn handles_of(token: &VerifiedToken) -> [Handle; HandleKind::ALL.len()] {
    let claims = token.claims();
    [
        Handle::token(claims.token_id),
        Handle::identity(&claims.subject),
        Handle::credential(claims.credential),
        Handle::resource(claims.subject.resource()),
        Handle::signing_key(token.key_id()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Issuer;

    #[test]
    fn the_codes_and_names_are_the_ones_in_stored_logs() {
        let written: Vec<_> = HandleKind::ALL
            .iter()
            .map(|kind| (kind.code(), kind.as_str()))
            .collect();
        let expected = [
            (1, "token"),
            (2, "identity"),
            (3, "credential"),
            (4, "resource"),
            (5, "signing_key"),
        ];
        assert_eq!(written, expected);
    }

    #[test]
    fn a_code_reads_back_as_its_kind_and_every_other_number_as_none() {
        for code in 0..=u8::MAX {
            let kind = HandleKind::from_code(code);
            assert_eq!(kind.is_some(), (1..=5).contains(&code), "{code}");
            assert!(kind.is_none_or(|kind| kind.code() == code));
        }
    }

    #[test]
    fn a_token_dies_under_one_handle_of_every_kind() {
        let token = Issuer::new().token();
        assert_eq!(
            handles_of(&token).map(|handle| handle.kind),
            HandleKind::ALL
        );
    }

    #[test]
    fn each_handle_of_a_token_is_taken_from_its_own_claim() {
        let token = Issuer::new().token();
        let claims = token.claims();
        let expected = [
            claims.token_id.as_uuid(),
            claims.subject.uuid(),
            claims.credential.as_uuid(),
            claims.subject.resource().as_uuid(),
            token.key_id().as_uuid(),
        ];
        assert_eq!(handles_of(&token).map(|handle| handle.id), expected);
    }

    #[test]
    fn the_same_id_of_two_kinds_is_two_handles() {
        let id = Uuid::from_u128(7);
        let token = Handle::token(TokenId::from_uuid(id));
        let resource = Handle::resource(ResourceId::from_uuid(id));
        assert_ne!(token, resource);
        assert_eq!(
            token.to_string(),
            "token 00000000-0000-0000-0000-000000000007"
        );
    }
}
