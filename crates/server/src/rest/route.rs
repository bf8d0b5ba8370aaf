//! The calls that there are, and the paths and verbs that they are asked for by.

use axum::http::Method;
use lanyard_token::{IdentityId, InvalidId};

use super::{errors::Fault, target::Target};

/// A call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Route {
    /// Make an identity.
    Create,
    /// List the identities.
    List,
    /// Read an identity.
    Read(IdentityId),
    /// Delete an identity.
    Delete(IdentityId),
    /// Issue a token.
    Issue(IdentityId),
    /// Revoke the tokens of an identity.
    Revoke(IdentityId),
    /// Exchange a token of another service, which is not offered.
    Exchange,
    /// Do something with what is no identity. That is told to those only who have signed it.
    Misnamed(InvalidId),
}

impl Route {
    /// Finds the call that is asked for.
    pub(super) fn find(method: &Method, target: &Target<'_>) -> Result<Self, Fault> {
        let segments = target.segments();
        let segments: Vec<&str> = segments.iter().map(AsRef::as_ref).collect();
        match segments.as_slice() {
            ["identities"] => match *method {
                Method::POST => Ok(Self::Create),
                Method::GET => Ok(Self::List),
                _ => Err(Fault::VerbUnknown("GET, POST")),
            },
            ["identities", id] => match *method {
                Method::GET => Ok(Self::of(id, Self::Read)),
                Method::DELETE => Ok(Self::of(id, Self::Delete)),
                _ => Err(Fault::VerbUnknown("DELETE, GET")),
            },
            ["identities", id, ":issueAccessToken"] => {
                posted(method)?;
                Ok(Self::of(id, Self::Issue))
            }
            ["identities", id, ":revokeAccessTokens"] => {
                posted(method)?;
                Ok(Self::of(id, Self::Revoke))
            }
            ["teamsUser", ":exchangeAccessToken"] => {
                posted(method)?;
                Ok(Self::Exchange)
            }
            _ => Err(Fault::RouteUnknown),
        }
    }

    fn of(id: &str, call: fn(IdentityId) -> Self) -> Self {
        id.parse().map_or_else(Self::Misnamed, call)
    }

    /// The identity that the call is about.
    pub(super) const fn identity(&self) -> Option<IdentityId> {
        match self {
            Self::Create | Self::List | Self::Exchange | Self::Misnamed(_) => None,
            Self::Read(id) | Self::Delete(id) | Self::Issue(id) | Self::Revoke(id) => Some(*id),
        }
    }

    /// The name under which calls of this kind are counted.
    pub(super) const fn template(&self) -> &'static str {
        match self {
            Self::Create => "POST /identities",
            Self::List => "GET /identities",
            Self::Read(_) => "GET /identities/{id}",
            Self::Delete(_) => "DELETE /identities/{id}",
            Self::Issue(_) => "POST /identities/{id}/:issueAccessToken",
            Self::Revoke(_) => "POST /identities/{id}/:revokeAccessTokens",
            Self::Exchange => "POST /teamsUser/:exchangeAccessToken",
            Self::Misnamed(_) => OTHER,
        }
    }
}

fn posted(method: &Method) -> Result<(), Fault> {
    if method == Method::POST {
        Ok(())
    } else {
        Err(Fault::VerbUnknown("POST"))
    }
}

/// The name under which is counted what is asked for by no path that there is.
pub(super) const OTHER: &str = "other";

#[cfg(test)]
mod tests {
    use axum::http::Uri;

    use super::*;

    const ID: &str =
        "8:acs:8f14e45f-ceea-467f-a8d2-0c1f5b9a7e31_c4ca4238-a0b9-4382-8dcc-509a6f75849b";

    fn find(method: &Method, path: &str) -> Result<Route, Fault> {
        let uri: Uri = format!("{path}?api-version=2023-10-01").parse().unwrap();
        Route::find(method, &Target::from(&uri))
    }

    #[test]
    fn each_verb_and_path_is_one_call_whether_or_not_the_id_is_escaped() {
        let id: IdentityId = ID.parse().unwrap();
        for written in [
            ID.to_owned(),
            ID.replace(':', "%3A"),
            ID.replace(':', "%3a"),
        ] {
            let of = format!("/identities/{written}");
            for (method, path, route) in [
                (Method::POST, "/identities".to_owned(), Route::Create),
                (Method::GET, "/identities".to_owned(), Route::List),
                (Method::GET, of.clone(), Route::Read(id)),
                (Method::DELETE, of.clone(), Route::Delete(id)),
                (
                    Method::POST,
                    format!("{of}/:issueAccessToken"),
                    Route::Issue(id),
                ),
                (
                    Method::POST,
                    format!("{of}/:revokeAccessTokens"),
                    Route::Revoke(id),
                ),
                (
                    Method::POST,
                    "/teamsUser/:exchangeAccessToken".to_owned(),
                    Route::Exchange,
                ),
            ] {
                assert_eq!(find(&method, &path).unwrap(), route, "{method} {path}");
            }
        }
    }

    #[test]
    fn another_path_is_unknown_and_another_verb_is_told_which_there_are() {
        let of = format!("/identities/{ID}");
        for path in [
            "/",
            "/identities/",
            "//identities",
            "/Identities",
            &format!("{of}/"),
            &format!("{of}/issueAccessToken"),
            &format!("{of}/:issueAccessToken/x"),
            "/teamsUser",
        ] {
            let found = find(&Method::POST, path);
            let is_told = matches!(
                found,
                Ok(Route::Misnamed(_))
                    | Err(Fault::RouteUnknown | Fault::VerbUnknown("DELETE, GET"))
            );
            assert!(is_told, "{path}: {found:?}");
        }
        for (method, path, allowed) in [
            (Method::PUT, "/identities".to_owned(), "GET, POST"),
            (Method::PATCH, of.clone(), "DELETE, GET"),
            (Method::GET, format!("{of}/:issueAccessToken"), "POST"),
            (Method::DELETE, format!("{of}/:revokeAccessTokens"), "POST"),
            (
                Method::GET,
                "/teamsUser/:exchangeAccessToken".to_owned(),
                "POST",
            ),
        ] {
            let found = find(&method, &path);
            assert!(matches!(found, Err(Fault::VerbUnknown(told)) if told == allowed));
        }
    }
}
