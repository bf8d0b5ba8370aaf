//! From a store to an authority that can serve.

use lanyard_authority::{
    Authority, Error, FirstTurn, MasterKey, ResourceName, Settings, SystemEntropy,
};
use lanyard_store::Store;
use lanyard_token::{SystemClock, TokenAlgorithm};

use super::{
    args::ServeArgs,
    bootstrap_file::{BootstrapFile, BootstrapFileError},
    endpoint_rewrite,
    error::ServeError,
    files,
    home::Home,
    master_key::master_key,
};
use crate::grpc::ServedAuthority;

/// Makes the authority ready, with its list read to the end if it can be.
pub(super) async fn start<S: Store>(
    store: S,
    (args, home): (&ServeArgs, &Home),
    endpoint: &str,
) -> Result<ServedAuthority<S>, ServeError> {
    let waited = FirstTurn::wait(&store, &SystemClock, &SystemEntropy).await;
    let turn = waited.map_err(|source| home.not_ready(source))?;
    let authority = match turn {
        Some(turn) => first_start(store, turn, (args, home, endpoint)).await?,
        None => later_start(store, (args, home)).await?,
    };
    record_endpoint(home, endpoint);
    warn_of_default(&authority, args.rest.default_resource()).await;
    warn_of_algorithm(&authority, args.token_alg);
    if let Err(error) = authority.catch_up().await {
        // It is followed all the same, and an operator who is to mend it must be let in. Until then
        // nothing is answered that rests on it.
        let error: &dyn std::error::Error = &error;
        tracing::error!(error, "the revocation log could not be read to its end");
    }
    Ok(authority)
}

/// Records for commands on this machine where to call. They can be told by flags, so that a failure is no
/// reason not to serve.
fn record_endpoint(home: &Home, endpoint: &str) {
    let Some(path) = home.endpoint_file() else {
        return;
    };
    if let Err(error) = files::save_endpoint(&path, endpoint) {
        let path = path.display();
        tracing::warn!(%path, %error, "could not write the endpoint; name it with --endpoint");
    }
    if let Some(file) = &home.bootstrap
        && let Err(error) = endpoint_rewrite::rewrite(file.path(), endpoint)
    {
        let path = file.path().display();
        tracing::warn!(%path, %error, "could not write the new endpoint into the credentials");
    }
}

/// A name that leads nowhere may be mistyped, or of a resource that is yet to be made.
async fn warn_of_default<S: Store>(authority: &ServedAuthority<S>, name: &ResourceName) {
    // A store that does not say is told of elsewhere.
    if let Ok(false) = authority.has_resource_named(name).await {
        tracing::warn!(%name, "--default-resource names no resource that there is");
    }
}

/// The setting is for new keys: an existing key keeps its algorithm, so that its tokens stay valid.
fn warn_of_algorithm<S: Store>(authority: &ServedAuthority<S>, configured: TokenAlgorithm) {
    if let Some(active) = authority
        .active_algorithm()
        .filter(|active| *active != configured)
    {
        tracing::warn!(
            %active,
            %configured,
            "--token-alg differs from the algorithm of the active signing key, which keeps its own: to \
             change over, run `lanyard signing-key prepare` and later `activate`"
        );
    }
}

async fn first_start<S: Store>(
    store: S,
    turn: FirstTurn,
    (args, home, endpoint): (&ServeArgs, &Home, &str),
) -> Result<ServedAuthority<S>, ServeError> {
    let (file, key) = match prepare(&store, home).await {
        Ok(prepared) => prepared,
        Err(error) => {
            turn.give_back(&store).await;
            return Err(error);
        }
    };
    let operator = turn.operator();
    let authority = open(store, key, args).await?;
    authority
        .first_start(turn, |made| file.save(endpoint, made))
        .await
        .map_err(|source| home.not_ready(source))?;
    file.publish(operator)?;
    Ok(authority)
}

/// Makes sure of everything of this machine that a first start needs, before it begins.
async fn prepare<S: Store>(
    store: &S,
    home: &Home,
) -> Result<(BootstrapFile, MasterKey), ServeError> {
    let file = match &home.bootstrap {
        Some(file) if !file.exists()? => file.clone(),
        Some(_) | None => return Err(home.not_for_a_first_start()),
    };
    file.clear()?;
    // The first secret that is sealed is a signing key's, so without one there is none to lose.
    let keys = store.signing_keys().await.map_err(Error::from)?;
    let key = master_key(&home.master_key, keys.keys.is_empty())?;
    Ok((file, key))
}

async fn later_start<S: Store>(
    store: S,
    (args, home): (&ServeArgs, &Home),
) -> Result<ServedAuthority<S>, ServeError> {
    if let Some(file) = &home.bootstrap {
        match file.settle(&store).await {
            // A later start needs no such file, so its remains do not keep it from serving.
            Err(BootstrapFileError::Io { path, source }) => {
                let path = path.display();
                tracing::warn!(%path, error = %source, "could not tidy up the first credentials");
            }
            done => done?,
        }
    }
    let key = master_key(&home.master_key, false)?;
    open(store, key, args).await
}

async fn open<S: Store>(
    store: S,
    master_key: MasterKey,
    args: &ServeArgs,
) -> Result<ServedAuthority<S>, ServeError> {
    let settings = Settings {
        issuer: args.issuer.clone(),
        audience: args.audience.clone(),
        token_algorithm: args.token_alg,
        acs_claims: args.rest.acs_claims,
        propagation_bound: args.propagation_bound,
    };
    let opening = Authority::open(store, SystemClock, SystemEntropy, (master_key, settings));
    Ok(opening.await?)
}
