//! The bodies of requests and answers.

use std::time::UNIX_EPOCH;

use lanyard_authority::{CustomId, IssuedToken, Paged, TokenSpec};
use lanyard_store::Identity;
use lanyard_token::{Lifetime, UnixTime, read_object};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::error::Category;

use super::{errors::Fault, versions::ApiVersion};
use crate::scopes::scope_set;

/// The body of a request for an identity. All of it may be left out.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CreateBody {
    create_token_with_scopes: Option<Vec<String>>,
    expires_in_minutes: Option<i64>,
    custom_id: Option<String>,
}

/// The body of a request for a token.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct IssueBody {
    scopes: Option<Vec<String>>,
    expires_in_minutes: Option<i64>,
}

/// Reads the body of a request. None at all is one that leaves everything out.
pub(super) fn read<T: DeserializeOwned + Default>(bytes: &[u8]) -> Result<T, Fault> {
    let bytes = bytes.trim_ascii();
    if bytes.is_empty() {
        return Ok(T::default());
    }
    match read_object(bytes) {
        Ok(body) => Ok(body),
        Err(error) => {
            let (line, column) = (error.line(), error.column());
            Err(match error.classify() {
                Category::Data => Fault::BodyMistyped { line, column },
                Category::Io | Category::Syntax | Category::Eof => {
                    Fault::BodyMalformed { line, column }
                }
            })
        }
    }
}

impl CreateBody {
    /// What is asked for. Without scopes, no token is.
    pub(super) fn parse(
        self,
        version: ApiVersion,
    ) -> Result<(Option<CustomId>, Option<TokenSpec>), Fault> {
        let Self {
            create_token_with_scopes,
            expires_in_minutes,
            custom_id,
        } = self;
        if custom_id.is_some() && !version.has_custom_ids() {
            return Err(Fault::CustomIdUnknown(version.as_str()));
        }
        let custom_id = custom_id.map(|text| text.parse()).transpose();
        let custom_id = custom_id.map_err(Fault::CustomId)?;
        let lifetime = lifetime(expires_in_minutes)?;
        let names = create_token_with_scopes.filter(|names| !names.is_empty());
        let token = names
            .map(|names| token_spec(&names, lifetime))
            .transpose()?;
        Ok((custom_id, token))
    }
}

impl IssueBody {
    /// What is asked for.
    pub(super) fn parse(self) -> Result<TokenSpec, Fault> {
        let Self {
            scopes,
            expires_in_minutes,
        } = self;
        let names = scopes.ok_or(Fault::ScopesMissing)?;
        if names.is_empty() {
            return Err(Fault::ScopesEmpty);
        }
        token_spec(&names, lifetime(expires_in_minutes)?)
    }
}

fn token_spec(names: &[String], lifetime: Lifetime) -> Result<TokenSpec, Fault> {
    let scopes = scope_set(names).map_err(Fault::Scopes)?;
    Ok(TokenSpec { scopes, lifetime })
}

fn lifetime(minutes: Option<i64>) -> Result<Lifetime, Fault> {
    let Some(minutes) = minutes else {
        return Ok(Lifetime::DEFAULT);
    };
    let lifetime = u64::try_from(minutes).ok().map(Lifetime::from_minutes);
    match lifetime {
        Some(Ok(lifetime)) => Ok(lifetime),
        Some(Err(_)) | None => Err(Fault::ExpiryOutside(minutes)),
    }
}

/// The answer to a request for an identity.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CreatedAnswer {
    pub(super) identity: IdentityAnswer,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) access_token: Option<TokenAnswer>,
}

/// An identity.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct IdentityAnswer {
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    custom_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_token_issued_at: Option<String>,
}

/// A page of identities.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ListAnswer {
    value: Vec<IdentityAnswer>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_link: Option<String>,
}

/// A token.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TokenAnswer {
    token: String,
    expires_on: String,
}

impl IdentityAnswer {
    /// An identity as versions tell it that know custom ids.
    pub(super) fn whole(identity: Identity) -> Self {
        let Identity {
            id,
            custom_id,
            create_time: _,
            last_token_issue_time,
        } = identity;
        Self {
            id: id.to_string(),
            custom_id,
            last_token_issued_at: last_token_issue_time.map(rfc3339),
        }
    }

    /// An identity as it is told in a version.
    pub(super) fn in_version(identity: Identity, version: ApiVersion) -> Self {
        let whole = Self::whole(identity);
        if version.has_custom_ids() {
            return whole;
        }
        Self {
            custom_id: None,
            last_token_issued_at: None,
            ..whole
        }
    }
}

impl ListAnswer {
    /// The page, with a link that leads on from the token of the next.
    pub(super) fn new(page: Paged<Identity>, link: impl FnOnce(String) -> String) -> Self {
        let Paged {
            items,
            next_page_token,
        } = page;
        Self {
            value: items.into_iter().map(IdentityAnswer::whole).collect(),
            next_link: (!next_page_token.is_empty()).then(|| link(next_page_token)),
        }
    }
}

impl From<IssuedToken> for TokenAnswer {
    fn from(issued: IssuedToken) -> Self {
        let IssuedToken {
            token,
            token_id: _,
            expires_at,
            scopes: _,
        } = issued;
        Self {
            token,
            expires_on: rfc3339(expires_at),
        }
    }
}

/// A time as the clients read it: to the second, with the offset in numbers.
fn rfc3339(time: UnixTime) -> String {
    // Further than what can be told is as good as any time that nobody will live to see.
    let seconds = std::time::Duration::from_secs(time.as_secs().min(LAST_SECOND_TOLD));
    let told = humantime::format_rfc3339_seconds(UNIX_EPOCH + seconds).to_string();
    told.replace('Z', "+00:00")
}

/// The last second of the year 9999.
const LAST_SECOND_TOLD: u64 = 253_402_300_799;

#[cfg(test)]
mod tests;
