//! What every request meets first: the door that knows the callers, and the counters.
//!
//! It stands around all services at once. Callers that were let in before are let in here and now, with
//! nothing to wait for, so that a check costs little more than the call that it comes by.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use axum::{
    Router,
    extract::Request as HttpRequest,
    http::{Request, Response, header::CONTENT_TYPE},
    routing::future::RouteFuture,
};
use tonic::{Code, Status, body::Body, codegen::Service, service::Routes};
use tower_layer::Layer;

use super::metrics::Metrics;
use crate::grpc::{self, Door, Methods};

/// Puts a [`Front`] before services.
#[derive(Debug)]
pub(super) struct FrontLayer<D> {
    pub(super) door: Arc<D>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) methods: Arc<Methods>,
    /// What is answered to who does not speak gRPC.
    pub(super) http: Router,
}

/// Services behind a door, with HTTP beside them.
#[derive(Debug)]
pub(super) struct Front<D> {
    layer: FrontLayer<D>,
    services: Routes,
}

impl<D> Clone for FrontLayer<D> {
    fn clone(&self) -> Self {
        Self {
            door: Arc::clone(&self.door),
            metrics: Arc::clone(&self.metrics),
            methods: Arc::clone(&self.methods),
            http: self.http.clone(),
        }
    }
}

impl<D> Clone for Front<D> {
    fn clone(&self) -> Self {
        Self {
            layer: self.layer.clone(),
            services: self.services.clone(),
        }
    }
}

impl<D> Layer<Routes> for FrontLayer<D> {
    type Service = Front<D>;

    fn layer(&self, services: Routes) -> Front<D> {
        let layer = self.clone();
        Front { layer, services }
    }
}

impl<D: Door> Service<Request<Body>> for Front<D> {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Answering;

    /// Neither router makes anybody wait.
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<Body>) -> Answering {
        let FrontLayer {
            door,
            metrics,
            methods,
            http,
        } = &mut self.layer;
        if !is_grpc(&request) {
            let request: HttpRequest = request.map(axum::body::Body::new);
            return Answering::Http(http.call(request));
        }
        let call = Call {
            metrics: Arc::clone(metrics),
            method: methods.find(request.uri().path()),
            is_compressed: is_compressed(&request),
        };
        if grpc::is_guarded(request.uri().path()) {
            match door.admit_seen(request.headers(), request.uri().path()) {
                Some(caller) => drop(request.extensions_mut().insert(caller)),
                None => return self.ask(request, call),
            }
        }
        Answering::Called(self.services.call(request), call)
    }
}

impl<D: Door> Front<D> {
    /// Finds out who calls, and only then goes on.
    fn ask(&self, mut request: Request<Body>, call: Call) -> Answering {
        let (door, mut services) = (Arc::clone(&self.layer.door), self.services.clone());
        Answering::Asked(Box::pin(async move {
            let path = request.uri().path();
            match door.admit(request.headers(), path).await {
                Ok(caller) => drop(request.extensions_mut().insert(caller)),
                Err(refused) => return call.finish(refused.into_http()),
            }
            let Ok(response) = services.call(request).await;
            call.finish(response)
        }))
    }
}

/// An answer that is on its way.
pub(super) enum Answering {
    /// Of HTTP.
    Http(RouteFuture<Infallible>),
    /// Of a service, to somebody who was known.
    Called(<Routes as Service<Request<Body>>>::Future, Call),
    /// Of the door, and then of a service.
    Asked(Pin<Box<dyn Future<Output = Response<Body>> + Send>>),
}

impl Future for Answering {
    type Output = Result<Response<Body>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Poll::Ready(match &mut *self {
            Self::Http(answering) => {
                let answered = ready!(Pin::new(answering).poll(cx));
                answered.map(|response| response.map(Body::new))
            }
            Self::Called(answering, call) => {
                let answered = ready!(Pin::new(answering).poll(cx));
                answered.map(|response| call.finish(response))
            }
            Self::Asked(answering) => Ok(ready!(answering.as_mut().poll(cx))),
        })
    }
}

/// What is to be known of a call once it is answered.
pub(super) struct Call {
    metrics: Arc<Metrics>,
    /// None if there is no such method.
    method: Option<Arc<str>>,
    is_compressed: bool,
}

impl Call {
    /// Counts how it ended, and says it in this contract's words.
    fn finish(&self, response: Response<Body>) -> Response<Body> {
        // Whatever strangers ask for is counted as one, or they could make new series without end.
        let path = self.method.as_deref().unwrap_or(OTHER);
        // A call that fails before its first message tells so here; the others went through.
        let Some(status) = Status::from_header_map(response.headers()) else {
            self.metrics.count_call(path, Code::Ok.into());
            return response;
        };
        if status.code() == Code::Unimplemented {
            self.metrics.count_call(OTHER, status.code().into());
            return with_status(response, &grpc::unimplemented(self.is_compressed));
        }
        let is_ours = self.method.is_some() && path.starts_with(OURS);
        let told = if is_ours { grpc::told(status) } else { status };
        self.metrics.count_call(path, told.code().into());
        with_status(response, &told)
    }
}

/// The response with another status and all of its other headers.
fn with_status(mut response: Response<Body>, status: &Status) -> Response<Body> {
    // A status that cannot be written is none, and then the one that is there stays.
    drop(status.add_header(response.headers_mut()));
    response
}

fn is_grpc(request: &Request<Body>) -> bool {
    let content_type = request.headers().get(CONTENT_TYPE);
    content_type.is_some_and(|value| value.as_bytes().starts_with(b"application/grpc"))
}

fn is_compressed(request: &Request<Body>) -> bool {
    let encoding = request.headers().get(ENCODING);
    encoding.is_some_and(|with| with != "identity")
}

/// What is counted of calls of no method.
const OTHER: &str = "other";
/// How a request says that it is compressed.
const ENCODING: &str = "grpc-encoding";
/// What the paths of this contract's services begin with.
const OURS: &str = "/lanyard.v1.";
