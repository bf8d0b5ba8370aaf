//! What a token says.

use std::fmt::{self, Display};
use std::str::FromStr;
use std::sync::Arc;

use lanyard_policy::ScopeSet;

use crate::ids::{CredentialId, IdentityId, TokenId};
use crate::lifetime::Lifetime;
use crate::position::Position;
use crate::text::serde_as_text;
use crate::time::UnixTime;

/// The claims of an access token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claims {
    /// `iss`: the authority that issued it.
    pub issuer: Issuer,
    /// `aud`: who it is for.
    pub audience: Audience,
    /// `sub`: the identity that it stands for.
    pub subject: IdentityId,
    /// `iat`: when it was issued, a whole second.
    pub issued_at: UnixTime,
    /// `exp`: the second at which it is dead, after `issued_at` by what a [`Lifetime`] can be.
    pub expires_at: UnixTime,
    /// `jti`: its own id, under which it can be revoked alone.
    pub token_id: TokenId,
    /// `scope`: what it may be used for.
    pub scopes: ScopeSet,
    /// `client_id`: the credential that it was issued to. Rotating that one revokes the token.
    pub credential: CredentialId,
    /// `pos`: where the log of its partition ended when it was issued. What was revoked after that
    /// covers it.
    pub position: Position,
}

impl Claims {
    /// Whether the times are whole seconds and as far apart as a [`Lifetime`] can be.
    ///
    /// The signer asks before it signs and the verifier before it believes, so that a token of a
    /// year is refused even if an authority could be talked into making one: no revocation of it
    /// would be kept for long enough.
    pub(crate) fn times_are_sound(&self) -> bool {
        let whole = |time: UnixTime| time == time.floor_to_secs();
        let lifetime = self.expires_at.since(self.issued_at);
        whole(self.issued_at)
            && whole(self.expires_at)
            && (Lifetime::MIN.as_duration()..=Lifetime::MAX.as_duration()).contains(&lifetime)
    }
}

/// Makes a newtype over the name of a party.
macro_rules! party_name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The name.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidPartyName;

            fn from_str(text: &str) -> Result<Self, InvalidPartyName> {
                checked_party_name(text).map(|text| Self(text.into()))
            }
        }

        impl Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        serde_as_text!($name);
    };
}

party_name! {
    /// The name of the authority that issues tokens, usually its URL.
    ///
    /// 1 to 128 visible ASCII characters, without `>`, `~`, `?`, `"` and `\`.
    Issuer
}
party_name! {
    /// The name of those whom tokens are for.
    ///
    /// 1 to 128 visible ASCII characters, without `>`, `~`, `?`, `"` and `\`.
    Audience
}

/// Text that cannot name an issuer or an audience.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "must be 1 to {MAX_PARTY_NAME_BYTES} visible ascii characters \
     without `>`, `~`, `?`, `\"` and `\\`"
)]
pub struct InvalidPartyName;

/// Lets through what can stand in the payload as it is.
///
/// A quote or a backslash would need escaping. `>`, `~` and `?` are what turns into the two
/// characters in which base64url differs from plain base64, and some client libraries decode a
/// payload with the plain one.
fn checked_party_name(text: &str) -> Result<&str, InvalidPartyName> {
    let fits = (1..=MAX_PARTY_NAME_BYTES).contains(&text.len());
    let clean = text
        .bytes()
        .all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'>' | b'~' | b'?' | b'"' | b'\\'));
    (fits && clean).then_some(text).ok_or(InvalidPartyName)
}

/// With both names this long, every token still fits [`MAX_TOKEN_BYTES`](crate::MAX_TOKEN_BYTES).
const MAX_PARTY_NAME_BYTES: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_party_name_is_1_to_128_characters() {
        for good in ["a", "https://lanyard.example:7400/x#y", &"a".repeat(128)] {
            assert_eq!(good.parse::<Issuer>().unwrap().as_str(), good);
        }
        for bad in ["", &"a".repeat(129)] {
            assert_eq!(
                bad.parse::<Issuer>(),
                Err(InvalidPartyName),
                "accepted {bad:?}"
            );
        }
    }

    #[test]
    fn a_party_name_needs_no_escape_and_no_base64url() {
        for byte in 0..=u8::MAX {
            let text = format!("a{}z", char::from(byte));
            let allowed = byte.is_ascii_graphic() && !br#">~?"\"#.contains(&byte);
            assert_eq!(text.parse::<Audience>().is_ok(), allowed, "{text:?}");
        }
    }

    #[test]
    fn the_error_names_what_is_left_out() {
        assert_eq!(
            InvalidPartyName.to_string(),
            r#"must be 1 to 128 visible ascii characters without `>`, `~`, `?`, `"` and `\`"#
        );
    }
}
