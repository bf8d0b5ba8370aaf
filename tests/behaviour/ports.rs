//! What the ports answer besides the contract: health, reflection, keys, probes and metrics.

use std::collections::BTreeSet;

use lanyard_proto::v1::Capability;
use serde_json::Value;
use tonic::Code;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};

use crate::support::{Bearer, Server, http, reason};

#[tokio::test]
async fn health_is_told_for_the_whole_and_for_each_service_without_a_credential() {
    let server = Server::start().await;
    server.becomes_ready().await;
    for service in ["", IDENTITY, ADMIN, POLICY, TRUST] {
        let serving = health(&server, service).await.unwrap();
        assert_eq!(serving, ServingStatus::Serving, "{service:?}");
    }
    for service in ["lanyard.v1.NoService", "policy"] {
        assert_eq!(
            health(&server, service).await.unwrap_err(),
            Code::NotFound,
            "{service}"
        );
    }
}

#[tokio::test]
async fn the_watch_of_an_unknown_service_stays_open() {
    let server = Server::start().await;
    let point = Server::enforce(server.data(), &[server.endpoint()], &[]).await;
    for port in [&server, &point] {
        let service = "lanyard.v1.NoService".to_owned();
        let mut client = HealthClient::new(port.channel());
        let watching = client.watch(HealthCheckRequest { service }).await;
        let mut watching = watching.unwrap().into_inner();
        let first = watching.message().await.unwrap().unwrap();
        assert_eq!(first.status(), ServingStatus::ServiceUnknown);
        // Neither another response nor the end has come once a later call is answered.
        health(port, "").await.unwrap();
        tokio::select! {
            biased;
            next = watching.message() => panic!("{next:?}"),
            () = std::future::ready(()) => {}
        }
    }
}

#[tokio::test]
async fn reflection_knows_the_details_of_errors_and_survives_an_unknown_symbol() {
    let server = Server::start().await;
    let point = Server::enforce(server.data(), &[server.endpoint()], &[]).await;
    for port in [&server, &point] {
        let symbols = [
            "google.rpc.ErrorInfo",
            "no.such.Symbol",
            "google.rpc.Status",
            "google.rpc.BadRequest",
            "google.rpc.RetryInfo",
            "google.rpc.ResourceInfo",
            "google.protobuf.Any",
            "lanyard.v1.PolicyService",
        ];
        for found in [
            reflection::symbols_v1(port, &symbols).await,
            reflection::symbols_v1alpha(port, &symbols).await,
        ] {
            let not_found = Err(i32::from(Code::NotFound));
            let expected = symbols.map(|symbol| match symbol {
                "no.such.Symbol" => not_found,
                _ => Ok(()),
            });
            assert_eq!(found, expected);
        }
    }
}

#[tokio::test]
async fn reflection_lists_exactly_the_services_that_are_served() {
    let server = Server::start().await;
    let v1 = reflection::v1(&server).await;
    assert_eq!(v1, reflection::v1alpha(&server).await);
    let ours: Vec<&str> = v1
        .iter()
        .map(String::as_str)
        .filter(|name| name.starts_with("lanyard."))
        .collect();
    assert_eq!(ours, [ADMIN, IDENTITY, POLICY, TRUST]);
    assert!(v1.contains("grpc.health.v1.Health"), "{v1:?}");
    for service in &v1 {
        let method = match service.as_str() {
            ADMIN => "ListSigningKeys",
            IDENTITY => "GetIdentity",
            TRUST => "GetKeySet",
            POLICY | "grpc.health.v1.Health" => "Check",
            _ => "ServerReflectionInfo",
        };
        let path = format!("/{service}/{method}");
        let answer = server.caller_with(Bearer::Absent).call(&path, &[]).await;
        let code = answer.err().map_or(Code::Ok, |refusal| refusal.code());
        assert_ne!(code, Code::Unimplemented, "{service}");
    }
}

#[tokio::test]
async fn an_unknown_rpc_is_unimplemented_and_an_odd_path_opens_nothing() {
    let server = Server::start().await;
    let (operator, nobody) = (server.operator(), server.caller_with(Bearer::Absent));
    let of_a_service = "/lanyard.v1.AdminService/Nothing";
    let of_none = "/lanyard.v2.AdminService/GetResource";
    for (caller, path) in [
        (&operator, of_a_service),
        (&operator, of_none),
        (&nobody, of_none),
    ] {
        let refusal = caller.call(path, &[]).await.unwrap_err();
        assert_eq!(refusal.code(), Code::Unimplemented, "{path}: {refusal:?}");
        assert_eq!(reason(&refusal), "RPC_UNKNOWN", "{path}");
    }
    let refusal = nobody.call(of_a_service, &[]).await.unwrap_err();
    assert_eq!(
        refusal.code(),
        Code::Unauthenticated,
        "a stranger learns nothing: {refusal:?}"
    );
    let odd = [
        "//lanyard.v1.AdminService/PrepareSigningKey",
        "/lanyard.v1.AdminService//PrepareSigningKey",
        "/lanyard.v1.AdminService/PrepareSigningKey/",
        "/lanyard.v1.AdminService/preparesigningkey",
        "/lanyard.v1.AdminService/%50repareSigningKey",
        "/./lanyard.v1.AdminService/PrepareSigningKey",
    ];
    for path in odd {
        assert!(nobody.call(path, &[]).await.is_err(), "{path}");
    }
}

#[tokio::test]
async fn the_keys_are_published_on_the_same_port_over_both_versions_of_http() {
    let server = Server::start().await;
    let path = "/.well-known/jwks.json";
    let one = http::get(server.endpoint(), path).await;
    let two = http::get_h2c(server.endpoint(), path).await;
    assert_eq!((one.status, two.status), (200, 200));
    assert_eq!(
        (&one.body, &one.content_type),
        (&two.body, &two.content_type)
    );
    assert!(one.content_type.starts_with("application/"), "{one:?}");
    let set: Value = serde_json::from_str(&one.body).unwrap();
    let [key] = set["keys"].as_array().unwrap().as_slice() else {
        panic!("one key: {set}")
    };
    let members: BTreeSet<&str> = key
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(
        members,
        BTreeSet::from(["alg", "crv", "kid", "kty", "use", "x"]),
        "no secret"
    );
    assert_eq!(
        (&key["kty"], &key["crv"], &key["use"]),
        (&"OKP".into(), &"Ed25519".into(), &"sig".into())
    );
    for path in ["/", "/jwks.json", "/metrics", "/healthz", "/.well-known/"] {
        assert_eq!(
            http::get(server.endpoint(), path).await.status,
            404,
            "{path}"
        );
    }
}

#[tokio::test]
async fn probes_and_metrics_have_a_port_of_their_own() {
    let server = Server::start().await;
    let token = server.primary().token(&["chat"]).await;
    server
        .enforcer()
        .decide(&token, Capability::GetMessage)
        .await;
    server
        .caller_with(Bearer::Absent)
        .create(None)
        .await
        .unwrap_err();
    for path in ["/healthz", "/readyz", "/metrics"] {
        assert_eq!(
            http::get(server.admin_url(), path).await.status,
            200,
            "{path}"
        );
    }
    let metrics = http::get(server.admin_url(), "/metrics").await.body;
    assert!(metrics.contains("CreateIdentity"), "{metrics}");
    assert!(
        !metrics.contains(&token) && !metrics.contains("8:acs:"),
        "{metrics}"
    );
    for path in ["/", "/.well-known/jwks.json", "/debug"] {
        assert_eq!(
            http::get(server.admin_url(), path).await.status,
            404,
            "{path}"
        );
    }
}

async fn health(server: &Server, service: &str) -> Result<ServingStatus, Code> {
    let request = HealthCheckRequest {
        service: service.to_owned(),
    };
    let answer = HealthClient::new(server.channel()).check(request).await;
    let HealthCheckResponse { status } = answer.map_err(|refusal| refusal.code())?.into_inner();
    Ok(ServingStatus::try_from(status).unwrap())
}

/// The names that reflection lists, by both of its versions.
mod reflection {
    use std::collections::BTreeSet;

    use tonic_reflection::pb;

    use crate::support::Server;

    macro_rules! list {
        ($version:ident) => {
            pub(super) async fn $version(server: &Server) -> BTreeSet<String> {
                use pb::$version::server_reflection_client::ServerReflectionClient;
                use pb::$version::server_reflection_request::MessageRequest;
                use pb::$version::server_reflection_response::MessageResponse;

                let message_request = Some(MessageRequest::ListServices(String::new()));
                let host = String::new();
                let request = pb::$version::ServerReflectionRequest {
                    host,
                    message_request,
                };
                let mut client = ServerReflectionClient::new(server.channel());
                let asked = tokio_stream::once(request);
                let answers = client.server_reflection_info(asked).await.unwrap();
                let answer = answers.into_inner().message().await.unwrap().unwrap();
                match answer.message_response.unwrap() {
                    MessageResponse::ListServicesResponse(list) => list
                        .service
                        .into_iter()
                        .map(|service| service.name)
                        .collect(),
                    other => panic!("no list: {other:?}"),
                }
            }
        };
    }

    list!(v1);
    list!(v1alpha);

    macro_rules! symbols {
        ($name:ident, $version:ident) => {
            /// Looks all symbols up on one stream: a file, or the code of an error, for each.
            pub(super) async fn $name(server: &Server, symbols: &[&str]) -> Vec<Result<(), i32>> {
                use pb::$version::server_reflection_client::ServerReflectionClient;
                use pb::$version::server_reflection_request::MessageRequest;
                use pb::$version::server_reflection_response::MessageResponse;

                let requests = symbols.iter().map(|symbol| {
                    let symbol = (*symbol).to_owned();
                    pb::$version::ServerReflectionRequest {
                        host: String::new(),
                        message_request: Some(MessageRequest::FileContainingSymbol(symbol)),
                    }
                });
                let requests: Vec<_> = requests.collect();
                let mut client = ServerReflectionClient::new(server.channel());
                let requests = tokio_stream::iter(requests);
                let answers = client.server_reflection_info(requests).await.unwrap();
                let mut answers = answers.into_inner();
                let mut found = Vec::new();
                while let Some(answer) = answers.message().await.unwrap() {
                    found.push(match answer.message_response.unwrap() {
                        MessageResponse::FileDescriptorResponse(_) => Ok(()),
                        MessageResponse::ErrorResponse(error) => Err(error.error_code),
                        other => panic!("neither: {other:?}"),
                    });
                }
                found
            }
        };
    }

    symbols!(symbols_v1, v1);
    symbols!(symbols_v1alpha, v1alpha);
}

const IDENTITY: &str = "lanyard.v1.IdentityService";
const ADMIN: &str = "lanyard.v1.AdminService";
const POLICY: &str = "lanyard.v1.PolicyService";
const TRUST: &str = "lanyard.v1.TrustService";
