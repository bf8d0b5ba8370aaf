//! A connection to an authority as somebody.

use std::time::Duration;

use lanyard_enforcer::at_url;
use lanyard_token::{Clock as _, SystemClock};
use tonic::metadata::AsciiMetadataValue;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Response, Status};
use zeroize::Zeroizing;

use super::bearer::Bearer;
use super::connection::ConnectionArgs;
use super::credential_file::{Chosen, CredentialFile, Purpose};
use super::error::ClientError;
use super::refusal::{self, Caller};
use super::trust;

/// Everything that a call needs.
#[derive(Debug)]
pub(crate) struct Session {
    /// Where the authority answers.
    pub(crate) endpoint: String,
    /// The file that the credential is from.
    pub(super) file: CredentialFile,
    chosen: Chosen,
    transport: Endpoint,
    channel: Channel,
}

impl Session {
    /// Finds the authority and the credential, and connects.
    pub(crate) async fn open(args: &ConnectionArgs, purpose: Purpose) -> Result<Self, ClientError> {
        let file = args.credential_file()?;
        let chosen = file.choose(purpose)?;
        let endpoint = args.endpoint(&file)?;
        let secured = args
            .roots(&file)?
            .secure(parsed(&endpoint)?, CONNECT_TIMEOUT);
        let secured = secured.map_err(|_| ClientError::NoRoots {
            endpoint: endpoint.clone(),
        })?;
        let transport = secured.connect_timeout(CONNECT_TIMEOUT);
        let transport = transport.timeout(CALL_TIMEOUT);
        let channel = connect(&transport, &endpoint).await?;
        Ok(Self {
            endpoint,
            file,
            chosen,
            transport,
            channel,
        })
    }

    /// Connects once more, for who wants several connections as one caller.
    pub(crate) async fn another_channel(&self) -> Result<Channel, ClientError> {
        connect(&self.transport, &self.endpoint).await
    }

    /// What to make a client from.
    pub(crate) fn channel(&self) -> Channel {
        self.channel.clone()
    }

    /// Makes one call. Each has a bearer of its own, because a long listing outlives one.
    pub(crate) async fn call<Q, A, F>(
        &self,
        question: Q,
        rpc: impl FnOnce(Request<Q>) -> F,
    ) -> Result<A, ClientError>
    where
        F: Future<Output = Result<Response<A>, Status>>,
    {
        let mut request = Request::new(question);
        request
            .metadata_mut()
            .insert("authorization", self.authorization()?);
        match rpc(request).await {
            Ok(response) => Ok(response.into_inner()),
            Err(status) => Err(self.refused(&status)),
        }
    }

    /// Why a call was refused, or ended later.
    pub(super) fn refused(&self, status: &Status) -> ClientError {
        ClientError::Refused(refusal::explain(status, &self.caller()))
    }

    fn caller(&self) -> Caller<'_> {
        Caller {
            endpoint: &self.endpoint,
            file: &self.file.path,
            file_endpoint: self.file.endpoint.as_deref(),
            credential_id: &self.chosen.credential.id,
            role: self.chosen.role,
            now: SystemClock.wall().ok(),
        }
    }

    /// What a call says of who makes it, with a bearer that is good for ten minutes.
    pub(crate) fn authorization(&self) -> Result<AsciiMetadataValue, ClientError> {
        let bearer = Bearer::sign(&self.chosen.credential, SystemClock.wall()?)?;
        let text = Zeroizing::new(format!("Bearer {}", bearer.token.expose()));
        let mut value =
            AsciiMetadataValue::try_from(text.as_str()).map_err(|_| ClientError::BadSecret {
                id: self.chosen.credential.id.clone(),
            })?;
        value.set_sensitive(true);
        Ok(value)
    }
}

async fn connect(transport: &Endpoint, endpoint: &str) -> Result<Channel, ClientError> {
    let connected = transport.connect().await;
    connected.map_err(|error| trust::not_connected(&error, endpoint))
}

/// Takes what the answer must hold.
pub(crate) fn required<T>(part: Option<T>, name: &'static str) -> Result<T, ClientError> {
    part.ok_or(ClientError::Incomplete(name))
}

/// Whether it could be called.
pub(crate) fn is_endpoint(text: &str) -> bool {
    parsed(text).is_ok()
}

/// Reads a URL, or the socket that an enforcement point may serve on.
fn parsed(endpoint: &str) -> Result<Endpoint, ClientError> {
    let parsed = if endpoint.starts_with("unix:") {
        Endpoint::from_shared(endpoint.to_owned()).ok()
    } else {
        at_url(endpoint)
    };
    parsed.ok_or_else(|| ClientError::BadEndpoint {
        endpoint: endpoint.to_owned(),
    })
}

/// How long to knock. Long enough for another continent, short enough to be told of a typing error.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long to wait for an answer. A check with --min-position may have to wait for news.
const CALL_TIMEOUT: Duration = Duration::from_mins(1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_a_url_of_http_or_https_or_a_socket() {
        for endpoint in [
            "http://127.0.0.1:7400",
            "http://[::1]:7400/",
            "http://lanyard.internal",
            "https://lanyard.internal",
            "https://[::1]:7400/",
            "HTTPS://lanyard.internal",
            "unix:/run/lanyard.sock",
        ] {
            assert!(parsed(endpoint).is_ok(), "{endpoint}");
        }
        for endpoint in ["", "127.0.0.1:7400", "ftp://host", "https://", "http://a b"] {
            assert!(
                matches!(parsed(endpoint), Err(ClientError::BadEndpoint { .. })),
                "{endpoint}"
            );
        }
    }
}
