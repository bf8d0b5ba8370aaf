//! Deadlines and cancellation: the status that a client reads, and the code that is counted.

use lanyard_proto::v1::{
    Capability, CheckRequest, Ping, StreamCheckRequest, WatchRequest, watch_request,
};
use prost::Message as _;
use tonic::Code;
use tonic_health::pb::HealthCheckRequest;

use crate::support::{Credential, Server, eventually, http, reason};

#[tokio::test]
async fn a_deadline_that_passes_is_deadline_exceeded_with_its_reason_in_every_kind_of_call() {
    let server = Server::start().await;
    let point = Server::enforce(server.data(), &[server.endpoint()], &[]).await;
    point.becomes_ready().await;
    let enforcer = server.data().credential("enforcer");
    let check = waiting_check(&server).await;
    let stream = StreamCheckRequest {
        id: 1,
        check: Some(check.clone()),
    };
    let (check, stream) = (check.encode_to_vec(), stream.encode_to_vec());
    let watch = WatchRequest {
        message: Some(watch_request::Message::Ping(Ping::default())),
    };
    let watch = watch.encode_to_vec();
    let health = HealthCheckRequest::default().encode_to_vec();
    let everywhere = [
        (CHECK, &check),
        (STREAM, &stream),
        ("/grpc.health.v1.Health/Watch", &health),
        (
            "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
            // The list of services is asked for.
            &vec![0x3a, 0],
        ),
    ];
    for base in [server.endpoint(), point.endpoint()] {
        for (path, message) in everywhere {
            expires(base, path, &enforcer, message).await;
        }
    }
    let feed = "/lanyard.v1.TrustService/Watch";
    expires(server.endpoint(), feed, &enforcer, &watch).await;
    for (path, server) in [(CHECK, &server), (STREAM, &point), (feed, &server)] {
        is_counted(server, path, Code::DeadlineExceeded).await;
    }
}

#[tokio::test]
async fn one_deadline_after_the_other_is_never_cancelled() {
    let server = Server::start().await;
    let enforcer = server.data().credential("enforcer");
    let check = waiting_check(&server).await.encode_to_vec();
    for timeout in ["0n", "1n", "1u", "1m", "5m", "20m"].repeat(4) {
        let sent = (&[("grpc-timeout", timeout)][..], &*check);
        let refusal = http::call_with(server.endpoint(), CHECK, &enforcer.bearer(), sent).await;
        assert_eq!(refusal.code(), Code::DeadlineExceeded, "{timeout}");
        assert_eq!(reason(&refusal), "DEADLINE_EXCEEDED", "{timeout}");
    }
}

#[tokio::test]
async fn a_malformed_timeout_is_an_invalid_argument() {
    let server = Server::start().await;
    let enforcer = server.data().credential("enforcer");
    for timeout in ["", "S", "1", "1s", "-1S", "100000000S", "1.5S", "soon"] {
        let sent = (&[("grpc-timeout", timeout)][..], &b""[..]);
        let refusal = http::call_with(server.endpoint(), CHECK, &enforcer.bearer(), sent).await;
        assert_eq!(refusal.code(), Code::InvalidArgument, "{timeout:?}");
        assert_eq!(reason(&refusal), "INVALID_FIELD", "{timeout:?}");
    }
    is_counted(&server, CHECK, Code::InvalidArgument).await;
}

#[tokio::test]
async fn a_call_that_its_client_resets_is_counted_as_cancelled() {
    let server = Server::start().await;
    let enforcer = server.data().credential("enforcer").bearer();
    let check = waiting_check(&server).await;
    let stream = StreamCheckRequest {
        id: 1,
        check: Some(check.clone()),
    };
    for (path, message) in [
        (CHECK, check.encode_to_vec()),
        (STREAM, stream.encode_to_vec()),
    ] {
        http::cancel_call(server.endpoint(), path, &enforcer, &message).await;
        is_counted(&server, path, Code::Cancelled).await;
    }
}

async fn expires(base: &str, path: &str, enforcer: &Credential, message: &[u8]) {
    let sent = (&[("grpc-timeout", "150m")][..], message);
    let refusal = http::call_with(base, path, &enforcer.bearer(), sent).await;
    assert_eq!(
        refusal.code(),
        Code::DeadlineExceeded,
        "{path}: {refusal:?}"
    );
    assert_eq!(reason(&refusal), "DEADLINE_EXCEEDED", "{path}");
}

async fn is_counted(server: &Server, path: &str, code: Code) {
    let code = i32::from(code);
    let sample = format!("lanyard_calls_total{{path=\"{path}\",code=\"{code}\"}} ");
    eventually(&sample, async || {
        let metrics = http::get(server.admin_url(), "/metrics").await;
        metrics.body.contains(&sample)
    })
    .await;
}

/// A check that waits for a position which the list does not reach.
async fn waiting_check(server: &Server) -> CheckRequest {
    CheckRequest {
        token: server.primary().token(&["chat"]).await,
        capability: Capability::GetMessage.into(),
        context: None,
        min_position: Some("9999999999999-0".to_owned()),
    }
}

const CHECK: &str = "/lanyard.v1.PolicyService/Check";
const STREAM: &str = "/lanyard.v1.PolicyService/StreamCheck";
