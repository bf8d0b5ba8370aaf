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
    http::{Request, Response},
    routing::future::RouteFuture,
};
use tonic::{body::Body, codegen::Service, service::Routes};
use tower_layer::Layer;

use super::{
    call::{Call, OTHER},
    metrics::Metrics,
    protocol::Protocol,
};
use crate::{
    grpc::{self, Door, Methods},
    rest,
};

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
        match Protocol::of(&request) {
            Protocol::Grpc => {}
            Protocol::Http => {
                let request: HttpRequest = request.map(axum::body::Body::new);
                return Answering::Http(http.call(request));
            }
            Protocol::Refused(refusal) => {
                let method = methods.find(request.uri().path());
                let path = method.as_deref().unwrap_or(OTHER);
                metrics.count_call(path, refusal.status().as_u16().into());
                let body = axum::body::Body::new(request.into_body());
                return Answering::Discarding(Box::pin(async move {
                    // A client that still sends would see its stream reset instead of the response.
                    rest::discard(body).await;
                    Ok(refusal.into_response())
                }));
            }
        }
        let method = methods.find(request.uri().path());
        let mut call = Call::new(metrics, method, is_compressed(&request));
        if let Some(refused) = call.read_deadline(request.headers()) {
            return Answering::Refused(Some(refused));
        }
        if grpc::is_guarded(request.uri().path()) {
            match door.admit_seen(request.headers(), request.uri().path()) {
                Some(caller) => drop(request.extensions_mut().insert(caller)),
                None => return self.ask(request, call),
            }
        }
        Answering::Called(self.services.call(request), Some(call))
    }
}

impl<D: Door> Front<D> {
    /// Finds out who calls, and only then goes on.
    fn ask(&self, mut request: Request<Body>, call: Call) -> Answering {
        let (door, mut services) = (Arc::clone(&self.layer.door), self.services.clone());
        let asked = Box::pin(async move {
            let path = request.uri().path();
            match door.admit(request.headers(), path).await {
                Ok(caller) => drop(request.extensions_mut().insert(caller)),
                Err(refused) => return Ok(refused.into_http()),
            }
            services.call(request).await
        });
        Answering::Asked(asked, Some(call))
    }
}

/// An answer that is on its way.
pub(super) enum Answering {
    /// Of HTTP.
    Http(RouteFuture<Infallible>),
    /// Of a service, to somebody who was known.
    Called(<Routes as Service<Request<Body>>>::Future, Option<Call>),
    /// Of the door, and then of a service.
    Asked(Responding, Option<Call>),
    /// No call: once its body was read.
    Discarding(Responding),
    /// There already.
    Refused(Option<Response<Body>>),
}

type Responding = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

impl Future for Answering {
    type Output = Result<Response<Body>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut *self {
            Self::Http(answering) => {
                let answered = ready!(Pin::new(answering).poll(cx));
                Poll::Ready(answered.map(|response| response.map(Body::new)))
            }
            Self::Called(answering, call) => finish(call, cx, |cx| Pin::new(answering).poll(cx)),
            Self::Asked(answering, call) => finish(call, cx, |cx| answering.as_mut().poll(cx)),
            Self::Discarding(response) => response.as_mut().poll(cx),
            Self::Refused(response) => response
                .take()
                .map_or(Poll::Pending, |response| Poll::Ready(Ok(response))),
        }
    }
}

/// Polls a response within the deadline of its call, and hands the call over to it.
fn finish(
    call: &mut Option<Call>,
    cx: &mut Context<'_>,
    poll: impl FnOnce(&mut Context<'_>) -> Poll<Result<Response<Body>, Infallible>>,
) -> Poll<Result<Response<Body>, Infallible>> {
    let Some(mut running) = call.take() else {
        return Poll::Pending;
    };
    let polled = running.poll(cx, poll);
    match polled {
        Poll::Ready(response) => Poll::Ready(response.map(|response| running.finish(response))),
        Poll::Pending => {
            *call = Some(running);
            Poll::Pending
        }
    }
}

fn is_compressed(request: &Request<Body>) -> bool {
    let encoding = request.headers().get(ENCODING);
    encoding.is_some_and(|with| with != "identity")
}

/// How a request says that it is compressed.
const ENCODING: &str = "grpc-encoding";
