//! The payload of a token: the claims as compact JSON, written in one order and read strictly.

use std::collections::BTreeSet;
use std::fmt;

use lanyard_policy::ScopeSet;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};

use crate::acs::AcsClaims;
use crate::claims::{Audience, Claims, Issuer};
use crate::ids::{CredentialId, IdentityId, TokenId};
use crate::passed_over::PassedOver;
use crate::position::Position;
use crate::time::UnixTime;

/// Writes the claims.
///
/// Nothing is escaped because nothing has to be: each value is a number, or text of a type that
/// cannot hold a quote, a backslash or anything but visible ASCII and, between scopes, a space.
pub(crate) fn to_json(claims: &Claims, acs: Option<&AcsClaims>) -> String {
    let mut json = format!(
        concat!(
            r#"{{"iss":"{}","aud":"{}","sub":"{}","iat":{},"exp":{},"#,
            r#""jti":"{}","scope":"{}","client_id":"{}","pos":"{}""#
        ),
        claims.issuer,
        claims.audience,
        claims.subject,
        claims.issued_at.as_secs(),
        claims.expires_at.as_secs(),
        claims.token_id,
        claims.scopes,
        claims.credential,
        claims.position,
    );
    if let Some(acs) = acs {
        acs.write_to(&mut json);
    }
    json.push('}');
    json
}

/// What a signed payload says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Payload {
    pub(crate) claims: Claims,
    /// `nbf`, which is not written here but is honoured if a newer authority writes it.
    pub(crate) not_before: Option<UnixTime>,
}

impl Payload {
    /// Reads a payload that has each claim once and of its own type.
    ///
    /// A member that comes twice is refused whatever its name, since two readers could each believe
    /// another one. Members of other names are passed over: a newer authority may add some.
    pub(crate) fn parse(json: &[u8]) -> Option<Self> {
        serde_json::from_slice(json).ok()
    }
}

impl<'de> Deserialize<'de> for Payload {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(PayloadVisitor)
    }
}

struct PayloadVisitor;

impl<'de> Visitor<'de> for PayloadVisitor {
    type Value = Payload;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the claims of an access token")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Payload, A::Error> {
        let mut draft = Draft::default();
        let mut seen = BTreeSet::new();
        while let Some(name) = members.next_key::<String>()? {
            draft.read_member(&name, &mut members)?;
            if !seen.insert(name) {
                return Err(A::Error::custom("a member that comes twice"));
            }
        }
        draft
            .finish()
            .ok_or_else(|| A::Error::custom("not the claims of an access token"))
    }
}

/// The claims read so far.
#[derive(Default)]
struct Draft {
    issuer: Option<Issuer>,
    audience: Option<Audience>,
    subject: Option<IdentityId>,
    issued_at_secs: Option<u64>,
    expires_at_secs: Option<u64>,
    token_id: Option<TokenId>,
    scopes: Option<ScopeSet>,
    credential: Option<CredentialId>,
    position: Option<Position>,
    not_before_secs: Option<u64>,
    acs: AcsClaims,
}

impl Draft {
    /// Reads the value of one member. Each type is closed: a number is an unsigned integer, never a
    /// fraction, an exponent or a string that looks like one, and null is no value.
    fn read_member<'de, A>(&mut self, name: &str, members: &mut A) -> Result<(), A::Error>
    where
        A: MapAccess<'de>,
    {
        match name {
            "iss" => self.issuer = Some(members.next_value()?),
            "aud" => self.audience = Some(members.next_value()?),
            "sub" => self.subject = Some(members.next_value()?),
            "iat" => self.issued_at_secs = Some(members.next_value()?),
            "exp" => self.expires_at_secs = Some(members.next_value()?),
            "jti" => self.token_id = Some(members.next_value()?),
            "scope" => {
                let text: String = members.next_value()?;
                self.scopes = Some(ScopeSet::parse(&text).map_err(A::Error::custom)?);
            }
            "client_id" => self.credential = Some(members.next_value()?),
            "pos" => self.position = Some(members.next_value()?),
            "nbf" => self.not_before_secs = Some(members.next_value()?),
            _ => {
                if !self.acs.read_member(name, members)? {
                    members.next_value::<PassedOver>()?;
                }
            }
        }
        Ok(())
    }

    fn finish(self) -> Option<Payload> {
        let claims = Claims {
            issuer: self.issuer?,
            audience: self.audience?,
            subject: self.subject?,
            issued_at: exactly(self.issued_at_secs?)?,
            expires_at: exactly(self.expires_at_secs?)?,
            token_id: self.token_id?,
            scopes: self.scopes?,
            credential: self.credential?,
            position: self.position?,
        };
        let not_before = self.not_before_secs.map(UnixTime::from_secs);
        (claims.times_are_sound() && self.acs.agree_with(&claims))
            .then_some(Payload { claims, not_before })
    }
}

/// The point that many seconds after the epoch, unless it is too far away to be told.
fn exactly(secs: u64) -> Option<UnixTime> {
    Some(UnixTime::from_secs(secs)).filter(|time| time.as_secs() == secs)
}

#[cfg(test)]
mod tests;
