//! The claims that tokens of Azure Communication Services have besides, for clients that read them
//! there. They say again what the standard claims say, so that nothing is ever decided by them.
//!
//! A token that has one says the same in both places or is refused: of two readers, each could
//! otherwise believe another one. That holds whether or not this authority writes them.

use serde::de::MapAccess;

use crate::claims::Claims;

/// The claims of that kind that were read.
#[derive(Debug, Default)]
pub(crate) struct AcsClaims {
    scope: Option<String>,
    skype_id: Option<String>,
    resource_id: Option<String>,
}

impl AcsClaims {
    /// What they are in a token with those claims.
    pub(crate) fn of(claims: &Claims) -> Self {
        let (scopes, subject) = (claims.scopes, claims.subject.to_string());
        let names: Vec<_> = scopes.iter().map(|scope| scope.to_string()).collect();
        let skype_id = subject.strip_prefix(KIND_PREFIX).unwrap_or(&subject);
        Self {
            scope: Some(names.join(",")),
            skype_id: Some(skype_id.to_owned()),
            resource_id: Some(claims.subject.resource().to_string()),
        }
    }

    /// Appends them to the members of an object.
    ///
    /// Nothing is escaped, for the reason for which nothing is among the others.
    pub(crate) fn write_to(&self, json: &mut String) {
        for (name, value) in self.members() {
            if let Some(value) = value {
                for part in [",\"", name, "\":\"", value, "\""] {
                    json.push_str(part);
                }
            }
        }
    }

    /// Reads the value of a member if it is one of them.
    pub(crate) fn read_member<'de, A>(
        &mut self,
        name: &str,
        members: &mut A,
    ) -> Result<bool, A::Error>
    where
        A: MapAccess<'de>,
    {
        let place = match name {
            SCOPE => &mut self.scope,
            SKYPE_ID => &mut self.skype_id,
            RESOURCE_ID => &mut self.resource_id,
            _ => return Ok(false),
        };
        *place = Some(members.next_value()?);
        Ok(true)
    }

    /// Whether each that is there is what it is in a token with those claims.
    pub(crate) fn agree_with(&self, claims: &Claims) -> bool {
        let expected = Self::of(claims);
        let pairs = self.members().into_iter().zip(expected.members());
        pairs
            .into_iter()
            .all(|((_, found), (_, expected))| found.is_none() || found == expected)
    }

    fn members(&self) -> [(&'static str, Option<&str>); 3] {
        [
            (SCOPE, self.scope.as_deref()),
            (SKYPE_ID, self.skype_id.as_deref()),
            (RESOURCE_ID, self.resource_id.as_deref()),
        ]
    }
}

/// How long the names of the issuer and of the audience may be together where these claims are
/// written. With any longer ones, some tokens would not fit
/// [`MAX_TOKEN_BYTES`](crate::MAX_TOKEN_BYTES), and so would not be made.
pub const MAX_NAME_BYTES_WITH_ACS_CLAIMS: usize = 76;

const SCOPE: &str = "acsScope";
const SKYPE_ID: &str = "skypeid";
const RESOURCE_ID: &str = "resourceId";
/// What the id of an identity begins with that its `skypeid` does not.
const KIND_PREFIX: &str = "8:";
