//! One gRPC call: its deadline, its status, and the count of how it ended.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use axum::{
    body::{Bytes, HttpBody},
    http::{HeaderMap, Response},
};
use hyper::body::{Frame, SizeHint};
use tonic::{Code, Status, body::Body};

use super::{deadline::Deadline, metrics::Metrics};
use crate::grpc;

/// A call in progress. It is counted once: by its status, or when it is dropped without one.
pub(super) struct Call {
    metrics: Arc<Metrics>,
    /// `None` for a method that does not exist.
    method: Option<Arc<str>>,
    is_compressed: bool,
    deadline: Option<Deadline>,
    is_counted: bool,
}

impl Call {
    pub(super) fn new(
        metrics: &Arc<Metrics>,
        method: Option<Arc<str>>,
        is_compressed: bool,
    ) -> Self {
        Self {
            metrics: Arc::clone(metrics),
            method,
            is_compressed,
            deadline: None,
            is_counted: false,
        }
    }

    /// Sets the deadline that the caller sent. Returns the response to a call whose deadline is
    /// malformed.
    pub(super) fn read_deadline(&mut self, headers: &HeaderMap) -> Option<Response<Body>> {
        match Deadline::read(headers) {
            Ok(deadline) => {
                self.deadline = deadline;
                None
            }
            Err(_malformed) => {
                let status = grpc::invalid_timeout();
                self.count(status.code());
                Some(status.into_http())
            }
        }
    }

    /// Polls the response of the service, unless the deadline passes first.
    pub(super) fn poll<E>(
        &mut self,
        cx: &mut Context<'_>,
        poll: impl FnOnce(&mut Context<'_>) -> Poll<Result<Response<Body>, E>>,
    ) -> Poll<Result<Response<Body>, E>> {
        match poll(cx) {
            Poll::Pending if self.is_expired(cx) => {
                let status = grpc::deadline_exceeded();
                self.count(status.code());
                Poll::Ready(Ok(status.into_http()))
            }
            polled => polled,
        }
    }

    /// Normalizes the status of a response that has one already, and otherwise follows its body to
    /// the trailers.
    pub(super) fn finish(mut self, response: Response<Body>) -> Response<Body> {
        let Some(status) = Status::from_header_map(response.headers()) else {
            return response.map(|body| {
                Body::new(CallBody {
                    call: self,
                    body: Some(body),
                })
            });
        };
        if status.code() == Code::Unimplemented {
            self.count(status.code());
            return with_status(response, &grpc::unimplemented(self.is_compressed));
        }
        let is_ours = self.method.is_some() && self.label().starts_with(OURS);
        let status = if is_ours { grpc::told(status) } else { status };
        self.count(status.code());
        with_status(response, &status)
    }

    /// The path under which the call is counted. All unknown ones share one, so that callers cannot
    /// create time series.
    fn label(&self) -> &str {
        self.method.as_deref().unwrap_or(OTHER)
    }

    fn count(&mut self, code: Code) {
        if self.is_counted {
            return;
        }
        self.is_counted = true;
        let is_served = code != Code::Unimplemented;
        let label = if is_served { self.label() } else { OTHER };
        self.metrics.count_call(label, code.into());
    }

    fn is_expired(&mut self, cx: &mut Context<'_>) -> bool {
        let deadline = self.deadline.as_mut();
        deadline.is_some_and(|deadline| deadline.poll_expired(cx).is_ready())
    }
}

impl Drop for Call {
    /// A call without a status was reset by its client, or lost with its connection.
    fn drop(&mut self) {
        let is_late = self.deadline.as_ref().is_some_and(Deadline::is_near);
        let code = if is_late {
            Code::DeadlineExceeded
        } else {
            Code::Cancelled
        };
        self.count(code);
    }
}

/// The messages of a response, up to its trailers or the deadline.
struct CallBody {
    call: Call,
    /// `None` once the trailers were sent.
    body: Option<Body>,
}

impl HttpBody for CallBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let Self { call, body } = &mut *self;
        let Some(messages) = body else {
            return Poll::Ready(None);
        };
        let polled = Pin::new(messages).poll_frame(cx);
        let code = match &polled {
            Poll::Pending if call.is_expired(cx) => {
                let status = grpc::deadline_exceeded();
                call.count(status.code());
                *body = None;
                return Poll::Ready(Some(trailers(&status)));
            }
            Poll::Pending => return Poll::Pending,
            Poll::Ready(Some(Ok(frame))) => match frame.trailers_ref() {
                None => return polled,
                Some(trailers) => {
                    Status::from_header_map(trailers).map_or(Code::Unknown, |status| status.code())
                }
            },
            Poll::Ready(Some(Err(error))) => error.code(),
            Poll::Ready(None) => Code::Unknown,
        };
        call.count(code);
        *body = None;
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(HttpBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        let body = self.body.as_ref();
        body.map_or_else(|| SizeHint::with_exact(0), HttpBody::size_hint)
    }
}

fn trailers(status: &Status) -> Result<Frame<Bytes>, Status> {
    let mut trailers = HeaderMap::new();
    status.add_header(&mut trailers)?;
    Ok(Frame::trailers(trailers))
}

/// The response with another status and all of its other headers.
fn with_status(mut response: Response<Body>, status: &Status) -> Response<Body> {
    // A status that cannot be written leaves the one that is there.
    drop(status.add_header(response.headers_mut()));
    response
}

/// The label of calls of no method.
pub(super) const OTHER: &str = "other";
/// The prefix of the paths of this contract's services.
const OURS: &str = "/lanyard.v1.";
