//! Whether a request is a gRPC call, a request of plain HTTP, or neither.
//!
//! A request that is not a gRPC call although it has the path or the media type of one is refused before
//! anything is done for it: a client of another protocol, such as gRPC-Web, cannot read the response, so
//! that it would repeat a call that had succeeded.

use axum::http::{
    HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Version,
    header::{ALLOW, CONTENT_TYPE},
};
use tonic::body::Body;

use crate::grpc;

/// The protocol of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    /// A call.
    Grpc,
    /// A request for REST or for the published keys.
    Http,
    /// Neither.
    Refused(Refusal),
}

/// Why a request is not served, although it has the path or the media type of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The media type is not one of gRPC with Protocol Buffers.
    MediaType,
    /// It came over HTTP/1, which has no trailers for the status of a call.
    HttpVersion,
    /// The method is not POST.
    Method,
}

impl Protocol {
    pub(super) fn of<B>(request: &Request<B>) -> Self {
        match MediaType::of(request.headers()) {
            MediaType::Grpc if request.version() < Version::HTTP_2 => {
                Self::Refused(Refusal::HttpVersion)
            }
            MediaType::Grpc if request.method() != Method::POST => Self::Refused(Refusal::Method),
            MediaType::Grpc => Self::Grpc,
            MediaType::OtherGrpc => Self::Refused(Refusal::MediaType),
            MediaType::Other if is_of_a_service(request.uri().path()) => {
                Self::Refused(Refusal::MediaType)
            }
            MediaType::Other => Self::Http,
        }
    }
}

impl Refusal {
    /// The HTTP status, as grpc-go answers, except that HTTP/1 is one more reason for 415: the media type
    /// is defined over HTTP/2 alone.
    pub(super) const fn status(self) -> StatusCode {
        match self {
            Self::MediaType | Self::HttpVersion => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
        }
    }

    pub(super) fn into_response(self) -> Response<Body> {
        let text = match self {
            Self::MediaType => {
                "unsupported media type: gRPC is served as application/grpc or application/grpc+proto\n"
            }
            Self::HttpVersion => "gRPC over HTTP/1 is not supported: use HTTP/2\n",
            Self::Method => "method not allowed: a gRPC call is a POST\n",
        };
        let mut response = Response::new(Body::new(axum::body::Body::from(text)));
        *response.status_mut() = self.status();
        let headers = response.headers_mut();
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("text/plain; charset=utf-8"),
        );
        if self == Self::Method {
            headers.insert(ALLOW, HeaderValue::from_static("POST"));
        }
        response
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum MediaType {
    /// gRPC with messages as Protocol Buffers.
    Grpc,
    /// gRPC-Web, gRPC with messages of another format, or two media types one of which is of gRPC.
    OtherGrpc,
    Other,
}

impl MediaType {
    fn of(headers: &HeaderMap) -> Self {
        let mut values = headers.get_all(CONTENT_TYPE).iter();
        match (values.next(), values.next()) {
            (Some(value), None) => Self::parse(value.as_bytes()),
            (None, _) => Self::Other,
            (Some(_), Some(_)) => {
                let mut all = headers.get_all(CONTENT_TYPE).iter();
                if all.all(|value| Self::parse(value.as_bytes()) == Self::Other) {
                    Self::Other
                } else {
                    Self::OtherGrpc
                }
            }
        }
    }

    /// Compares without case and without parameters (RFC 9110, 8.3.1).
    fn parse(value: &[u8]) -> Self {
        let essence = value.split(|byte| *byte == b';').next().unwrap_or_default();
        let essence = essence.trim_ascii().to_ascii_lowercase();
        match essence.strip_prefix(GRPC) {
            Some(b"" | b"+proto") => Self::Grpc,
            Some(_) => Self::OtherGrpc,
            None => Self::Other,
        }
    }
}

/// Whether the path is of a gRPC service, of this contract or one that every server has.
fn is_of_a_service(path: &str) -> bool {
    grpc::is_guarded(path) || path.starts_with(COMMON_SERVICES)
}

const GRPC: &[u8] = b"application/grpc";
/// The beginning of the paths of health and reflection.
const COMMON_SERVICES: &str = "/grpc.";

#[cfg(test)]
mod tests {
    use super::*;

    fn request(media_types: &[&str], path: &str) -> Request<()> {
        let mut request = Request::post(path).version(Version::HTTP_2);
        for media_type in media_types {
            request = request.header(CONTENT_TYPE, *media_type);
        }
        request.body(()).unwrap()
    }

    const CALL: &str = "/lanyard.v1.IdentityService/CreateIdentity";

    #[test]
    fn grpc_with_protocol_buffers_is_a_call_whatever_its_case_and_parameters() {
        for media_type in [
            "application/grpc",
            "application/grpc+proto",
            "Application/gRPC+Proto",
            "application/grpc;charset=utf-8",
            "application/grpc+proto ; x=y",
        ] {
            for path in [CALL, "/unknown.Service/Method"] {
                let protocol = Protocol::of(&request(&[media_type], path));
                assert_eq!(protocol, Protocol::Grpc, "{media_type} {path}");
            }
        }
    }

    #[test]
    fn another_media_type_is_refused_on_the_path_of_a_service() {
        for media_types in [
            &[][..],
            &[""],
            &["application/json"],
            &["application/proto"],
            &["text/plain; application/grpc"],
        ] {
            for path in [CALL, "/grpc.health.v1.Health/Check"] {
                let protocol = Protocol::of(&request(media_types, path));
                assert_eq!(
                    protocol,
                    Protocol::Refused(Refusal::MediaType),
                    "{media_types:?}"
                );
            }
            let protocol = Protocol::of(&request(media_types, "/identities"));
            assert_eq!(protocol, Protocol::Http, "{media_types:?}");
        }
    }

    #[test]
    fn other_kinds_of_grpc_are_refused_on_every_path() {
        for media_types in [
            &["application/grpc-web"][..],
            &["application/grpc-web+proto"],
            &["application/grpc-web-text"],
            &["application/grpc+json"],
            &["application/grpc+protobuf"],
            &["application/grpc+"],
            &["application/grpcx"],
            &["application/grpc, application/json"],
            &["application/grpc", "application/grpc"],
            &["application/json", "application/grpc"],
        ] {
            for path in [CALL, "/identities"] {
                let protocol = Protocol::of(&request(media_types, path));
                assert_eq!(
                    protocol,
                    Protocol::Refused(Refusal::MediaType),
                    "{media_types:?}"
                );
            }
        }
    }

    #[test]
    fn a_call_is_a_post_over_http_2() {
        let mut old = request(&["application/grpc"], CALL);
        *old.version_mut() = Version::HTTP_11;
        assert_eq!(Protocol::of(&old), Protocol::Refused(Refusal::HttpVersion));
        let mut get = request(&["application/grpc"], CALL);
        *get.method_mut() = Method::GET;
        assert_eq!(Protocol::of(&get), Protocol::Refused(Refusal::Method));
        assert_eq!(Refusal::Method.into_response().headers()[ALLOW], "POST");
    }
}
