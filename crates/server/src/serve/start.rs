//! From a store to an authority that can serve.

use lanyard_authority::{Authority, Error, Settings, SystemEntropy};
use lanyard_store::Store;
use lanyard_token::SystemClock;

use super::{args::ServeArgs, error::ServeError, files, home::Home};
use crate::grpc::ServedAuthority;

/// Makes the authority ready, with its list read to the end if it can be.
pub(super) async fn start<S: Store>(
    store: S,
    (args, home): (&ServeArgs, &Home),
    endpoint: &str,
) -> Result<ServedAuthority<S>, ServeError> {
    // The first secret that is sealed is a signing key's, so without one there is none to lose.
    let nothing_is_sealed = store
        .signing_keys()
        .await
        .map_err(Error::from)?
        .keys
        .is_empty();
    let master_key = files::master_key(&home.master_key, nothing_is_sealed)?;
    let settings = Settings {
        issuer: args.issuer.clone(),
        audience: args.audience.clone(),
        token_algorithm: args.token_alg,
        propagation_bound: args.propagation_bound,
    };
    let authority =
        Authority::open(store, SystemClock, SystemEntropy, (master_key, settings)).await?;
    if let Some(path) = &home.bootstrap {
        authority
            .first_start(|made| files::save_bootstrap(path, endpoint, made))
            .await
            .map_err(|source| ServeError::Bootstrap {
                path: path.clone(),
                source,
            })?;
    }
    if let Some(path) = home.endpoint_file() {
        files::save_endpoint(&path, endpoint).map_err(ServeError::System)?;
    }
    if let Err(error) = authority.catch_up().await {
        // It is followed all the same, and an operator who is to mend it must be let in. Until then
        // nothing is answered that rests on it.
        let error: &dyn std::error::Error = &error;
        tracing::error!(error, "the revocation log could not be read to its end");
    }
    Ok(authority)
}
