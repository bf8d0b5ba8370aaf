//! Who calls: from the metadata of a request to a [`Caller`].

use lanyard_authority::{Caller, Error, LoneEnforcer};
use lanyard_store::Store;
use lanyard_token::{Clock as _, SystemClock};
use tonic::{
    Request, Status,
    metadata::{AsciiMetadataValue, MetadataMap},
};

use super::ServedAuthority;

/// Whoever knows the callers.
pub(crate) trait Door: Send + Sync + 'static {
    /// Finds out whose bearer it is.
    fn admit(&self, bearer: Option<&str>) -> impl Future<Output = Result<Caller, Error>> + Send;
}

impl<S: Store> Door for ServedAuthority<S> {
    async fn admit(&self, bearer: Option<&str>) -> Result<Caller, Error> {
        self.authenticate(bearer).await
    }
}

impl Door for LoneEnforcer {
    async fn admit(&self, bearer: Option<&str>) -> Result<Caller, Error> {
        self.authenticate(bearer, SystemClock.wall()?)
    }
}

/// Finds out who calls, before anything else of the request is looked at.
pub(super) async fn admit<D: Door, T>(
    door: &D,
    request: Request<T>,
) -> Result<(Caller, T), Status> {
    let caller = door.admit(bearer(request.metadata())).await;
    let caller = caller.map_err(super::status::Fault::from)?;
    Ok((caller, request.into_inner()))
}

/// The one bearer of a request. Two of them would let two readers see two callers.
fn bearer(metadata: &MetadataMap) -> Option<&str> {
    let mut values = metadata.get_all("authorization").iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return None;
    };
    let (scheme, bearer) = AsciiMetadataValue::to_str(value).ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(bearer)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(values: &[&'static str]) -> MetadataMap {
        let mut metadata = MetadataMap::new();
        for value in values {
            metadata.append("authorization", AsciiMetadataValue::from_static(value));
        }
        metadata
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
}
