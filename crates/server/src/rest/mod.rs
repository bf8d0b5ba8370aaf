//! The REST face: what the clients of Azure Communication Services speak to manage identities, over
//! the same calls of the authority as gRPC. No rule lives here.
//!
//! A request is found its route, its version is read, its signature is checked, its body is read, and
//! then the call is made: everything that can be wrong is looked at before anything is done.
//!
//! | file | idea |
//! |---|---|
//! | `target`, `route`, `versions` | what is asked for, by which path and verb, in which version |
//! | `signature`, `resource`, `admit` | who asks: what was signed, for which resource, and by whose key |
//! | `denial`, `explain` | why a signature is refused, and what may have been signed instead |
//! | `body`, `bodies` | reading a body, and what is in it |
//! | `handlers` | the calls |
//! | `errors` | every refusal as an answer |
//! | `headers` | what every answer has |
//! | `call_count` | the count of calls by status, also of those that their clients gave up |

mod admit;
mod bodies;
mod body;
mod call_count;
mod denial;
mod errors;
mod explain;
mod handlers;
mod headers;
mod resource;
mod route;
mod signature;
mod target;
mod versions;

use std::sync::Arc;

use axum::{body::Body, extract::Request, http::request::Parts, response::Response};
use lanyard_authority::{EntropyError, Error, ResourceName};
use lanyard_store::Store;

pub(crate) use self::body::discard;
use self::{
    admit::Admitted,
    call_count::CallCount,
    denial::Denial,
    errors::Fault,
    handlers::Asked,
    headers::CommonHeaders,
    route::{OTHER, Route},
    target::Target,
    versions::ApiVersion,
};
use crate::{grpc::ServedAuthority, serve::Metrics};

/// What an operator chooses.
#[derive(Clone, Debug)]
pub(crate) struct RestSettings {
    /// The resource that is meant where a request does not say.
    pub(crate) default_resource: ResourceName,
    /// The host that clients were told to call, if that was said, with its port.
    pub(crate) public_host: Option<String>,
    /// Whether callers are told why their signature was refused.
    pub(crate) explain_denials: bool,
}

/// The face over an authority.
#[derive(Debug)]
pub(crate) struct Rest<S> {
    authority: Arc<ServedAuthority<S>>,
    settings: RestSettings,
    metrics: Arc<Metrics>,
    headers: CommonHeaders,
}

impl<S: Store> Rest<S> {
    pub(crate) fn new(
        authority: Arc<ServedAuthority<S>>,
        settings: RestSettings,
        metrics: Arc<Metrics>,
    ) -> Result<Self, EntropyError> {
        Ok(Self {
            authority,
            settings,
            metrics,
            headers: CommonHeaders::new()?,
        })
    }

    /// Answers a request, whatever it asks for.
    pub(crate) async fn answer(&self, request: Request) -> Response {
        let (request, body) = request.into_parts();
        let target = Target::from(&request.uri);
        let found = Route::find(&request.method, &target);
        let label = found.as_ref().map_or(OTHER, Route::template);
        let count = CallCount::new(&self.metrics, label);
        let answered = match found {
            Ok(route) => self.answer_route(route, (&request, target), body).await,
            Err(fault) => {
                body::discard(body).await;
                Err(fault)
            }
        };
        let mut response = answered.unwrap_or_else(Fault::into_response);
        count.finish(response.status());
        self.headers.put(&request.headers, response.headers_mut());
        response
    }

    async fn answer_route(
        &self,
        route: Route,
        (request, target): (&Parts, Target<'_>),
        body: Body,
    ) -> Result<Response, Fault> {
        let (version, Admitted { holder, head }) =
            match self.look_at_head(route, (request, &target)).await {
                Ok(looked_at) => looked_at,
                Err(fault) => {
                    let seen = (request, &target, route);
                    return Err(self.refused(fault, seen, body).await);
                }
            };
        let body = body::read(body).await?;
        if !head.covers(&body) {
            return Err(self.denied(Denial::OtherBody));
        }
        let asked = Asked {
            holder,
            version,
            target,
            body,
        };
        match self.call(route, asked).await {
            Err(Fault::Authority(Error::CredentialRefused)) => Err(self.denied(Denial::KeyGone)),
            called => called,
        }
    }

    /// All that can be told before the body has come.
    async fn look_at_head<'a>(
        &self,
        route: Route,
        (request, target): (&'a Parts, &Target<'_>),
    ) -> Result<(ApiVersion, Admitted<'a>), Fault> {
        let version = ApiVersion::of(target)?;
        Ok((version, self.admit(request, target, route).await?))
    }
}
