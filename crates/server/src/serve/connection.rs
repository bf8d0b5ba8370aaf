//! HTTP/1.1 and HTTP/2 on accepted connections, from accept to drain.
//!
//! Both ports are served from here and not by the servers of tonic and axum: those offer no way to
//! answer an HTTP/1.1 client that half-closes, and tonic's answers an expired deadline with
//! CANCELLED.

use std::{convert::Infallible, future, io, pin::pin, time::Duration};

use axum::{
    Router,
    body::HttpBody,
    http::{Request, Response},
};
use futures_util::{Stream, StreamExt as _};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto::Builder, graceful::GracefulShutdown},
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpListener,
    sync::watch,
};
use tonic::{
    body::Body,
    codegen::{Service as _, StdError},
};
use tower_layer::Layer as _;

use super::{accept, first_word::FirstWord, service_port::ServicePort};
use crate::grpc::Door;

/// Serves a service port until it is stopped, and then completes the calls in progress.
pub(crate) async fn answer<I, D: Door>(
    incoming: impl Stream<Item = io::Result<I>>,
    port: ServicePort<D>,
    mut stopped: watch::Receiver<bool>,
) where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let front = port.front.layer(port.services.prepare());
    // An error means that the sender was dropped, which stops the server as well.
    let stopped = async move { drop(stopped.wait_for(|stop| *stop).await) };
    let respond = move |request: Request<Incoming>| front.clone().call(request.map(Body::new));
    serve(incoming, respond, stopped).await;
}

/// Serves an admin port for as long as the process runs.
pub(crate) async fn answer_admin(listener: TcpListener, router: Router) {
    let respond = move |request: Request<Incoming>| router.clone().call(request);
    serve(accept::connections(listener), respond, future::pending()).await;
}

async fn serve<I, F, B>(
    incoming: impl Stream<Item = io::Result<I>>,
    respond: impl Fn(Request<Incoming>) -> F + Clone + Send + 'static,
    stopped: impl Future<Output = ()>,
) where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    F: Future<Output = Result<Response<B>, Infallible>> + Send + 'static,
    B: HttpBody<Data: Send, Error: Into<StdError>> + Send + 'static,
{
    let (protocols, connections) = (protocols(), GracefulShutdown::new());
    {
        // Dropped before the drain, which closes the listener.
        let (mut incoming, mut stopped) = (pin!(incoming), pin!(stopped));
        loop {
            let accepted = tokio::select! {
                () = &mut stopped => break,
                accepted = incoming.next() => accepted,
            };
            let connection = match accepted {
                Some(Ok(connection)) => TokioIo::new(FirstWord::of(connection)),
                Some(Err(_)) => continue,
                None => break,
            };
            let service = service_fn(respond.clone());
            let serving = protocols.serve_connection(connection, service).into_owned();
            let serving = connections.watch(serving);
            tokio::spawn(async move {
                if let Err(error) = serving.await {
                    tracing::debug!(error, "connection closed with an error");
                }
            });
        }
    }
    connections.shutdown().await;
}

fn protocols() -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        // Without a timer, a request head could take forever.
        .timer(TokioTimer::new())
        // A client may shut down its side once its request is sent, and still reads the response.
        .half_close(true);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(MAX_STREAMS)
        .keep_alive_interval(KEEPALIVE)
        .max_local_error_reset_streams(MAX_LOCAL_RESETS);
    builder
}

/// How many calls one connection may have in progress.
const MAX_STREAMS: u32 = 1024;
/// How many stream errors a client may cause on one connection before the connection is closed. Each
/// queues a frame in memory until the client reads it.
const MAX_LOCAL_RESETS: usize = 65_536;
/// The interval of HTTP/2 pings on a silent connection.
const KEEPALIVE: Duration = Duration::from_secs(30);
