//! Who calls: from the headers of a request to a [`Caller`].
//!
//! The bearer is checked before the body is read, so that a stranger can make the authority neither
//! hold nor decode anything. Methods take the caller out of the request; where none was put in, there
//! is none, and the call is refused.

use axum::http::{HeaderMap, HeaderValue, header::AUTHORIZATION};
use lanyard_authority::{Caller, Error, LoneEnforcer};
use lanyard_store::Store;
use lanyard_token::{Clock as _, SystemClock};
use tonic::{Request, Status};

use super::{SERVICES, ServedAuthority, status::Fault};

/// Whoever knows the callers.
pub(crate) trait Door: Send + Sync + 'static {
    /// Who calls the method at a path, if that is known without asking anybody.
    fn admit_seen(&self, headers: &HeaderMap, path: &str) -> Option<Caller>;

    /// Finds out who calls the method at a path.
    fn admit(
        &self,
        headers: &HeaderMap,
        path: &str,
    ) -> impl Future<Output = Result<Caller, Status>> + Send;

    /// Finds out whether somebody who was let in before still would be.
    fn readmit(&self, caller: &Caller) -> impl Future<Output = Result<(), Error>> + Send;
}

impl<S: Store> Door for ServedAuthority<S> {
    fn admit_seen(&self, headers: &HeaderMap, path: &str) -> Option<Caller> {
        let bearer = bearer(headers)?;
        match Kind::of(path) {
            Kind::Step => self.seen_for_step(bearer),
            Kind::Check => self.seen_for_check(bearer),
            Kind::Revocation | Kind::Other => None,
        }
    }

    async fn admit(&self, headers: &HeaderMap, path: &str) -> Result<Caller, Status> {
        let bearer = bearer(headers);
        let admitted = match Kind::of(path) {
            Kind::Step => self.authenticate_for_step(bearer).await,
            Kind::Check => self.authenticate_for_check(bearer).await,
            Kind::Revocation => self.authenticate_for_revocation(bearer).await,
            Kind::Other => self.authenticate(bearer).await,
        };
        admitted.map_err(refused)
    }

    async fn readmit(&self, caller: &Caller) -> Result<(), Error> {
        self.reauthenticate(caller.credential()).await
    }
}

impl Door for LoneEnforcer {
    fn admit_seen(&self, headers: &HeaderMap, _: &str) -> Option<Caller> {
        self.seen(bearer(headers)?, SystemClock.wall().ok()?)
    }

    async fn admit(&self, headers: &HeaderMap, _: &str) -> Result<Caller, Status> {
        let now = SystemClock.wall().map_err(|error| refused(error.into()))?;
        self.authenticate(bearer(headers), now).map_err(refused)
    }

    /// Its one credential is its own for as long as it runs.
    async fn readmit(&self, _: &Caller) -> Result<(), Error> {
        Ok(())
    }
}

fn refused(error: Error) -> Status {
    Fault::from(error).into()
}

/// What a call asks of whoever lets it in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Its step in the store finds out by itself whether the caller's access key is still there.
    Step,
    /// It is answered from the list and the keys, and changes nothing.
    Check,
    /// It revokes, and its step in the store finds out the same, but the caller is looked up first.
    Revocation,
    /// Anything else.
    Other,
}

impl Kind {
    fn of(path: &str) -> Self {
        if CHECKED_BY_THE_STEP.contains(&path) {
            Self::Step
        } else if REVOCATIONS.contains(&path) {
            Self::Revocation
        } else if CHECKS.iter().any(|service| path.starts_with(service)) {
            Self::Check
        } else {
            Self::Other
        }
    }
}

/// Takes the caller and the message out of a request.
pub(super) fn admit<T>(mut request: Request<T>) -> Result<(Caller, T), Status> {
    let caller = request.extensions_mut().remove::<Caller>();
    let caller = caller.ok_or(Fault::Authority(Error::CredentialRefused))?;
    Ok((caller, request.into_inner()))
}

/// Whether a path is of one of the services that take callers: all but health and reflection.
pub(crate) fn is_guarded(path: &str) -> bool {
    let service = path
        .trim_start_matches('/')
        .split('/')
        .next()
        .unwrap_or_default();
    !service.is_empty() && SERVICES.contains(&service)
}

/// The one bearer of a request. Two of them would let two readers see two callers.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return None;
    };
    let (scheme, bearer) = HeaderValue::to_str(value).ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(bearer)
}

/// The methods whose step in the store finds out by itself whether the caller's access key is still
/// there, so that one round trip to the store is enough. They are the ones that are called all the
/// time; any other method that is put here must have such a step, or a key that was rotated out would
/// go on calling it.
const CHECKED_BY_THE_STEP: [&str; 2] = [
    "/lanyard.v1.IdentityService/CreateIdentity",
    "/lanyard.v1.IdentityService/IssueToken",
];

/// The methods that revoke. Their steps find out, too, whether the caller's access key is still there,
/// so a key that cannot be looked up, because another part of the store is away, may still call them.
const REVOCATIONS: [&str; 3] = [
    "/lanyard.v1.IdentityService/DeleteIdentity",
    "/lanyard.v1.IdentityService/RevokeToken",
    "/lanyard.v1.IdentityService/RevokeTokens",
];

/// What the paths of the methods begin with that answer from the list and the keys, and change
/// nothing. The feed is among them: while a part of the store is away, enforcers come back to it for
/// the rest.
const CHECKS: [&str; 2] = ["/lanyard.v1.PolicyService/", "/lanyard.v1.TrustService/"];

#[cfg(test)]
mod tests {
    use super::*;

    fn with(values: &[&'static str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(AUTHORIZATION, HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn the_scheme_is_read_without_case_and_the_bearer_as_it_is() {
        assert_eq!(bearer(&with(&["Bearer aB.c"])), Some("aB.c"));
        assert_eq!(bearer(&with(&["bearer aB.c"])), Some("aB.c"));
    }

    #[test]
    fn none_two_or_another_scheme_is_no_bearer() {
        for values in [
            &[][..],
            &["Bearer a", "Bearer b"],
            &["Basic a"],
            &["Bearer"],
            &[""],
        ] {
            assert_eq!(bearer(&with(values)), None, "{values:?}");
        }
    }

    #[test]
    fn every_service_is_guarded_but_health_and_reflection_however_the_path_is_written() {
        for name in SERVICES.into_iter().filter(|name| !name.is_empty()) {
            for path in [
                format!("/{name}/X"),
                format!("{name}/X"),
                format!("//{name}/X"),
            ] {
                assert!(is_guarded(&path), "{path}");
            }
        }
        let open = [
            "/grpc.health.v1.Health/Check",
            "/",
            "",
            "/.well-known/jwks.json",
        ];
        assert!(open.into_iter().all(|path| !is_guarded(path)));
    }

    #[test]
    fn a_request_that_nobody_was_put_in_is_refused() {
        let refusal = admit(Request::new(())).unwrap_err();
        assert_eq!(refusal.code(), tonic::Code::Unauthenticated);
    }
}
