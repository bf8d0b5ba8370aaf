//! What things are called: one type per kind of id, so that no two kinds can be swapped.
//!
//! All of them read one spelling only. Two spellings of one id would be two keys of one map, and a
//! revocation written under one of them would miss a token that carries the other.

use std::fmt::{self, Display};
use std::str::FromStr;

use uuid::Uuid;

use crate::text::serde_as_text;

/// Text that is not the canonical spelling of an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be {expected}")]
pub struct InvalidId {
    expected: &'static str,
}

/// Makes a newtype over [`Uuid`] that reads and prints the canonical form.
macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// Makes the id of this kind that the UUID stands for.
            #[must_use]
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The UUID itself.
            #[must_use]
            pub const fn as_uuid(&self) -> Uuid {
                self.0
            }
        }

        impl Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(spelt(self.0, &mut Uuid::encode_buffer()))
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                canonical_uuid(text).map(Self).ok_or(InvalidId { expected: A_UUID })
            }
        }

        serde_as_text!($name);
    };
}

uuid_id! {
    /// A subscription: what resources are grouped under.
    SubscriptionId
}
uuid_id! {
    /// A resource: what identities live in and what access keys belong to.
    ResourceId
}
uuid_id! {
    /// A credential that callers authenticate with: an access key or a service key.
    CredentialId
}
uuid_id! {
    /// One access token, the claim `jti`.
    TokenId
}
uuid_id! {
    /// One signing key, the header member `kid`.
    KeyId
}

/// A person or a bot: `8:acs:<resource uuid>_<identity uuid>`, the claim `sub`.
///
/// The resource is part of the id, so that an id is never valid in a resource other than its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IdentityId {
    resource: ResourceId,
    identity: Uuid,
}

impl IdentityId {
    /// Names the identity within the resource.
    #[must_use]
    pub const fn new(resource: ResourceId, identity: Uuid) -> Self {
        Self { resource, identity }
    }

    /// The resource that the identity lives in.
    #[must_use]
    pub const fn resource(&self) -> ResourceId {
        self.resource
    }

    /// The part that names the identity within its resource.
    #[must_use]
    pub const fn uuid(&self) -> Uuid {
        self.identity
    }
}

impl Display for IdentityId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut buffer = Uuid::encode_buffer();
        f.write_str(IDENTITY_PREFIX)?;
        f.write_str(spelt(self.resource.0, &mut buffer))?;
        f.write_str("_")?;
        f.write_str(spelt(self.identity, &mut buffer))
    }
}

/// The canonical spelling. Ids are spelt out in every answer, and this is the fast way to do it.
fn spelt(uuid: Uuid, buffer: &mut [u8]) -> &str {
    uuid.as_hyphenated().encode_lower(buffer)
}

impl FromStr for IdentityId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        text.strip_prefix(IDENTITY_PREFIX)
            .and_then(|rest| rest.split_once('_'))
            .and_then(|(resource, identity)| {
                let resource = ResourceId(canonical_uuid(resource)?);
                Some(Self::new(resource, canonical_uuid(identity)?))
            })
            .ok_or(InvalidId {
                expected: AN_IDENTITY_ID,
            })
    }
}

serde_as_text!(IdentityId);

/// Reads the 36 characters that printing the UUID gives back, and nothing else.
///
/// The parser of the library also reads upper case, braces, URNs and no hyphens; comparing with
/// what it would print leaves the one spelling.
fn canonical_uuid(text: &str) -> Option<Uuid> {
    let uuid = Uuid::try_parse(text).ok()?;
    let mut printed = Uuid::encode_buffer();
    (uuid.as_hyphenated().encode_lower(&mut printed) == text).then_some(uuid)
}

const IDENTITY_PREFIX: &str = "8:acs:";
const A_UUID: &str = "a uuid of 36 characters, in lower case and with hyphens";
const AN_IDENTITY_ID: &str =
    "`8:acs:<resource uuid>_<identity uuid>`, both uuids in lower case and with hyphens";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TEXT: &str = "8f14e45f-ceea-467f-a8d2-0c1f5b9a7e31";

    #[test]
    fn an_id_reads_what_it_prints() {
        let id: TokenId = TEXT.parse().unwrap();
        assert_eq!(id.to_string(), TEXT);
        assert_eq!(TokenId::from_uuid(id.as_uuid()), id);
    }

    #[test]
    fn an_id_has_one_spelling() {
        for other in [
            TEXT.to_uppercase(),
            TEXT.replace('-', ""),
            format!("{{{TEXT}}}"),
            format!("urn:uuid:{TEXT}"),
            format!(" {TEXT}"),
            format!("{TEXT}\n"),
            TEXT.strip_suffix('1').unwrap().to_owned(),
            format!("{TEXT}0"),
            String::new(),
            "8f14e45fceea-467f-a8d2-0c1f5b9a7e31-".to_owned(),
        ] {
            assert!(other.parse::<KeyId>().is_err(), "accepted {other:?}");
        }
    }

    #[test]
    fn an_identity_id_has_one_spelling() {
        let good = format!("8:acs:{TEXT}_{TEXT}");
        let id: IdentityId = good.parse().unwrap();
        assert_eq!(id.to_string(), good);
        assert_eq!(id.resource().to_string(), TEXT);
        assert_eq!(id.uuid().to_string(), TEXT);
        for other in [
            format!("8:ACS:{TEXT}_{TEXT}"),
            format!("9:acs:{TEXT}_{TEXT}"),
            format!("8:acs:{TEXT}-{TEXT}"),
            format!("8:acs:{TEXT}__{TEXT}"),
            format!("8:acs:{TEXT}_{TEXT}_{TEXT}"),
            format!("8:acs:{TEXT}_{TEXT}_"),
            format!("8:acs:{TEXT}_"),
            format!("8:acs:_{TEXT}"),
            format!("8:acs:{TEXT}_{}", TEXT.to_uppercase()),
            format!("8:acs:8:acs:{TEXT}_{TEXT}"),
            format!("{good} "),
            TEXT.to_owned(),
        ] {
            assert!(other.parse::<IdentityId>().is_err(), "accepted {other:?}");
        }
    }

    #[test]
    fn the_error_says_what_was_expected() {
        let error = "x".parse::<ResourceId>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "must be a uuid of 36 characters, in lower case and with hyphens"
        );
    }

    #[test]
    fn an_id_is_stored_as_its_text() {
        let id: SubscriptionId = TEXT.parse().unwrap();
        assert_eq!(serde_json::to_string(&id).unwrap(), format!("\"{TEXT}\""));
        assert_eq!(
            serde_json::from_str::<SubscriptionId>(&format!("\"{TEXT}\"")).unwrap(),
            id
        );
        assert!(serde_json::from_str::<SubscriptionId>("7").is_err());
    }

    proptest! {
        #[test]
        fn ids_make_the_round_trip(resource: u128, identity: u128) {
            let resource = ResourceId::from_uuid(Uuid::from_u128(resource));
            let id = IdentityId::new(resource, Uuid::from_u128(identity));
            prop_assert_eq!(id.to_string().parse(), Ok(id));
            prop_assert_eq!(resource.to_string().parse(), Ok(resource));
        }

        #[test]
        fn whatever_is_read_prints_as_it_was(text in "(8:acs:)?[0-9a-fA-F_-]{30,80}") {
            if let Ok(id) = text.parse::<IdentityId>() {
                prop_assert_eq!(id.to_string(), text);
            }
        }

        #[test]
        fn no_text_makes_the_parser_panic(text: String) {
            let _ = text.parse::<IdentityId>();
            let _ = text.parse::<KeyId>();
        }
    }
}
