//! What a refusal says: the code, the reason, the fields with their remedies, and nothing that is
//! nobody's business.

use std::fmt::Write as _;

use lanyard_proto::v1::{
    ActivateSigningKeyRequest, BatchCheckRequest, CheckRequest, CreateServiceKeyRequest,
    CreateSubscriptionRequest, DeleteServiceKeyRequest, GetResourceRequest, IssueTokenRequest,
    ListResourcesRequest, ListSigningKeysRequest, PrepareSigningKeyRequest, RotateAccessKeyRequest,
    ServiceKeyRole, StrikeEntryRequest,
};
use prost_types::Duration;
use tonic::{Code, Status};

use crate::support::{
    Bearer, Rest, Server, describe, http, issue_request, reason, refused_field, scopes,
};

/// What people read is compared with a golden file, and its changes are reviewed there.
#[tokio::test]
async fn every_kind_of_refusal_names_what_is_wrong_and_what_helps() {
    let server = Server::start().await;
    let mut said = String::new();
    for (what, refusal) in refusals(&server).await {
        writeln!(said, "{what}\n  {}", describe(&refusal).trim_end()).unwrap();
        leaks_nothing(&refusal);
    }
    let said = without_ids(&said);
    let golden = include_str!("../golden/errors.txt");
    assert_eq!(said, golden, "as it is:\n{said}");
}

#[tokio::test]
async fn the_name_of_a_resource_is_a_dns_label_that_nobody_else_has() {
    let server = Server::start().await;
    let operator = server.operator();
    let subscription = server.data().bootstrap_text("subscription_id");
    let longest = "a".repeat(63);
    for good in ["a", "0", "a-b", "a--b", "0-0", &longest] {
        operator.create_resource(&subscription, good).await.unwrap();
        let again = operator
            .create_resource(&subscription, good)
            .await
            .unwrap_err();
        assert_eq!(
            (again.code(), &*reason(&again)),
            (Code::AlreadyExists, "NAME_TAKEN")
        );
    }
    let too_long = "a".repeat(64);
    for bad in [
        "", "-", "-a", "a-", "A", "a.b", "a_b", "a b", "é", "a\0", "a/b", &too_long,
    ] {
        refused_field(operator.create_resource(&subscription, bad).await, "name");
    }
    let list = ListResourcesRequest {
        subscription_id: subscription,
        page_size: 0,
        page_token: String::new(),
    };
    let listed = operator
        .admin()
        .list_resources(list)
        .await
        .unwrap()
        .into_inner();
    assert_eq!(
        listed.resources.len(),
        1 + 6,
        "what was refused left nothing behind"
    );
}

#[tokio::test]
async fn a_display_name_has_1_to_128_characters() {
    let server = Server::start().await;
    let operator = server.operator();
    for (name, is_good) in [
        (String::new(), false),
        ("é".to_owned(), true),
        ("é".repeat(128), true),
        ("é".repeat(129), false),
    ] {
        let request = CreateSubscriptionRequest {
            display_name: name.clone(),
        };
        let answer = operator.admin().create_subscription(request).await;
        if is_good {
            assert_eq!(
                answer
                    .unwrap()
                    .into_inner()
                    .subscription
                    .unwrap()
                    .display_name,
                name
            );
        } else {
            refused_field(answer, "display_name");
        }
    }
}

#[tokio::test]
async fn the_last_operator_key_stays_and_a_deleted_one_is_refused() {
    let server = Server::start().await;
    let operator = server.operator();
    let first = server.data().credential("operator").id;
    let delete = |id: &str| DeleteServiceKeyRequest {
        service_key_id: id.to_owned(),
    };
    let refusal = operator
        .admin()
        .delete_service_key(delete(&first))
        .await
        .unwrap_err();
    assert_eq!(
        (refusal.code(), &*reason(&refusal)),
        (Code::FailedPrecondition, "LAST_OPERATOR_KEY")
    );

    let request = CreateServiceKeyRequest {
        role: ServiceKeyRole::Operator.into(),
    };
    let second = operator
        .admin()
        .create_service_key(request)
        .await
        .unwrap()
        .into_inner();
    let second = second.service_key.unwrap();
    let successor = server.caller(&(&second).into());
    successor
        .admin()
        .delete_service_key(delete(&first))
        .await
        .unwrap();
    let refusal = operator
        .admin()
        .prepare_signing_key(PrepareSigningKeyRequest {})
        .await;
    assert_eq!(refusal.unwrap_err().code(), Code::Unauthenticated);
    let again = successor
        .admin()
        .delete_service_key(delete(&first))
        .await
        .unwrap_err();
    assert_eq!(again.code(), Code::NotFound);
    let refusal = successor
        .admin()
        .delete_service_key(delete(&second.id))
        .await
        .unwrap_err();
    assert_eq!(refusal.code(), Code::FailedPrecondition);
    let access_key = server.data().credential("primary").id;
    let refusal = successor
        .admin()
        .delete_service_key(delete(&access_key))
        .await
        .unwrap_err();
    assert_eq!(
        refusal.code(),
        Code::NotFound,
        "an access key is not a service key"
    );
    assert!(server.primary().create(None).await.is_ok());
}

#[tokio::test]
async fn a_message_beyond_a_mebibyte_is_refused_and_the_connection_lives_on() {
    let server = Server::start().await;
    let (caller, operator) = (server.primary(), server.operator());
    for size in [(1 << 20) + 1, 2 << 20, 8 << 20] {
        let large = "a".repeat(size);
        let refusals = [
            caller.create(Some(&large)).await.unwrap_err(),
            caller.revoke(&large).await.unwrap_err(),
            operator.create_resource(&large, "a").await.unwrap_err(),
        ];
        for refusal in refusals {
            assert_eq!(refusal.code(), Code::OutOfRange, "{refusal:?}");
            assert_eq!(reason(&refusal), "MESSAGE_TOO_LARGE");
            leaks_nothing(&refusal);
        }
        assert!(caller.create(None).await.is_ok(), "the connection lives on");
    }
}

#[tokio::test]
async fn what_is_not_one_plain_message_is_refused_with_a_reason() {
    let server = Server::start().await;
    let bearer = server.data().credential("primary").bearer();
    let path = "/lanyard.v1.IdentityService/GetIdentity";
    for (case, sent, code, expected) in [
        (
            "compressed",
            ("gzip", &[1, 0, 0, 0, 1, 0][..]),
            Code::Unimplemented,
            "ENCODING_UNSUPPORTED",
        ),
        (
            "no message",
            ("identity", &[]),
            Code::InvalidArgument,
            "INVALID_FIELD",
        ),
        (
            "marked as compressed",
            ("identity", &[1, 0, 0, 0, 1, 0]),
            Code::InvalidArgument,
            "INVALID_FIELD",
        ),
        (
            "not a message",
            ("identity", &[0, 0, 0, 0, 1, 7]),
            Code::InvalidArgument,
            "INVALID_FIELD",
        ),
    ] {
        let refusal = http::call(server.endpoint(), path, &bearer, sent).await;
        assert_eq!(refusal.code(), code, "{case}: {refusal:?}");
        assert_eq!(reason(&refusal), expected, "{case}");
        leaks_nothing(&refusal);
    }
}

#[tokio::test]
async fn a_refusal_repeats_no_more_than_an_excerpt_of_a_request() {
    let server = Server::start().await;
    let mut admin = server.operator().admin();
    for place in [
        "7".repeat(1000),
        "🔑".repeat(100_000),
        "\n\u{202e}".repeat(500),
    ] {
        let request = StrikeEntryRequest {
            partition: 0,
            place,
        };
        let refusal = admin.strike_entry(request).await.unwrap_err();
        assert_eq!(refusal.code(), Code::NotFound);
        // As many bytes as it takes in the trailers: the message is percent-encoded, the details base64.
        let size = refusal.message().len() * 3 + refusal.details().len() * 4 / 3;
        assert!(size < 4096, "{size}: {refusal:?}");
        assert!(refusal.message().contains('…'), "{refusal:?}");
        assert!(
            !refusal.message().contains(['\n', '\u{202e}']),
            "{refusal:?}"
        );
    }
    let rest = Rest::primary(&server);
    let target = format!("/identities?api-version={}", "9".repeat(5000));
    let (_, message) = rest
        .send(&rest.signed("GET", &target, b""))
        .await
        .refusal(400);
    assert!(message.len() < 500 && message.contains('…'), "{message}");
}

/// One refusal of each kind, with what was asked.
async fn refusals(server: &Server) -> Vec<(&'static str, Status)> {
    let (caller, operator) = (server.primary(), server.operator());
    let identity = caller.identity().await;
    let token = caller.issue(&identity, &["chat"]).await.token;
    let mut all = vec![
        ("a caller without a credential", {
            server
                .caller_with(Bearer::Absent)
                .create(None)
                .await
                .unwrap_err()
        }),
        (
            "an operator who makes an identity",
            operator.create(None).await.unwrap_err(),
        ),
        ("an enforcer who issues", {
            let request = issue_request(&identity, &["chat"]);
            server.enforcer().try_issue(request).await.unwrap_err()
        }),
        ("an access key that makes a resource", {
            caller.create_resource(NEVER, "mine").await.unwrap_err()
        }),
        (
            "an operator who checks",
            operator.introspect(&token).await.unwrap_err(),
        ),
        ("an identity that never was", {
            let (prefix, _) = identity.rsplit_once('_').unwrap();
            caller.read(&format!("{prefix}_{NEVER}")).await.unwrap_err()
        }),
        ("a subscription that never was", {
            operator.create_resource(NEVER, "mine").await.unwrap_err()
        }),
        ("a name that is taken", {
            let subscription = server.data().bootstrap_text("subscription_id");
            operator
                .create_resource(&subscription, "default")
                .await
                .unwrap_err()
        }),
        ("everything wrong with an issue", {
            let lifetime = Some(Duration {
                seconds: 90,
                nanos: 0,
            });
            let (identity_id, scopes) = ("ada".to_owned(), scopes(&["root"]));
            caller
                .try_issue(IssueTokenRequest {
                    identity_id,
                    scopes,
                    lifetime,
                })
                .await
                .unwrap_err()
        }),
        (
            "no scopes",
            caller
                .try_issue(issue_request(&identity, &[]))
                .await
                .unwrap_err(),
        ),
        (
            "a custom id that is empty",
            caller.create(Some("")).await.unwrap_err(),
        ),
        (
            "a page that is too large",
            caller.list(1001, "").await.unwrap_err(),
        ),
        (
            "a page token that is none",
            caller.list(0, "x").await.unwrap_err(),
        ),
        (
            "a token that is none",
            caller.revoke("garbage").await.unwrap_err(),
        ),
    ];
    all.extend(admin_refusals(server).await);
    all.extend(check_refusals(server, &token).await);
    all
}

async fn admin_refusals(server: &Server) -> Vec<(&'static str, Status)> {
    let operator = server.operator();
    let mut admin = operator.admin();
    let subscription = server.data().bootstrap_text("subscription_id");
    let resource = server.data().bootstrap_text("resource_id");
    vec![
        ("a resource that never was", {
            let request = GetResourceRequest {
                resource_id: NEVER.to_owned(),
            };
            admin.get_resource(request).await.unwrap_err()
        }),
        ("a resource id that is none", {
            let request = GetResourceRequest {
                resource_id: "x".to_owned(),
            };
            admin.get_resource(request).await.unwrap_err()
        }),
        ("a name that is no label", {
            operator
                .create_resource(&subscription, "Not A Label")
                .await
                .unwrap_err()
        }),
        ("a slot that is none", {
            let request = RotateAccessKeyRequest {
                resource_id: resource,
                slot: 0,
            };
            admin.rotate_access_key(request).await.unwrap_err()
        }),
        ("a role that is none", {
            admin
                .create_service_key(CreateServiceKeyRequest { role: 9 })
                .await
                .unwrap_err()
        }),
        ("the last operator key", {
            let service_key_id = server.data().credential("operator").id;
            let request = DeleteServiceKeyRequest { service_key_id };
            admin.delete_service_key(request).await.unwrap_err()
        }),
        ("a signing key that never was", {
            let request = ActivateSigningKeyRequest {
                key_id: NEVER.to_owned(),
            };
            admin.activate_signing_key(request).await.unwrap_err()
        }),
        ("a signing key that is active already", {
            let listed = admin
                .list_signing_keys(ListSigningKeysRequest {})
                .await
                .unwrap();
            let key_id = listed.into_inner().signing_keys[0].id.clone();
            admin
                .activate_signing_key(ActivateSigningKeyRequest { key_id })
                .await
                .unwrap_err()
        }),
    ]
}

async fn check_refusals(server: &Server, token: &str) -> Vec<(&'static str, Status)> {
    let enforcer = server.enforcer();
    let elsewhere = server.other_resource("elsewhere").await;
    vec![
        (
            "a token of another resource",
            elsewhere.introspect(token).await.unwrap_err(),
        ),
        ("no capability", {
            let token = token.to_owned();
            enforcer
                .check(CheckRequest {
                    token,
                    ..CheckRequest::default()
                })
                .await
                .unwrap_err()
        }),
        ("a position that is none", {
            let (token, min_position) = (token.to_owned(), Some("soon".to_owned()));
            let request = CheckRequest {
                token,
                capability: 1,
                context: None,
                min_position,
            };
            enforcer.check(request).await.unwrap_err()
        }),
        (
            "an empty batch",
            enforcer
                .batch(BatchCheckRequest::default())
                .await
                .unwrap_err(),
        ),
    ]
}

/// What a caller reads is in the words of the contract, not in those of a library or a machine.
fn leaks_nothing(refusal: &Status) {
    let said = format!("{refusal:?} {}", String::from_utf8_lossy(refusal.details()));
    for word in [
        "redb", "::", "/tmp", "data/", ".rs", "Error(", "Some(", "panicked", "os error",
    ] {
        let about_us = refusal.message().contains(word)
            || String::from_utf8_lossy(refusal.details()).contains(word);
        assert!(!about_us, "`{word}` in {said}");
    }
}

/// Ids differ from run to run.
fn without_ids(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        let is_id = rest.len() >= 36
            && rest.is_char_boundary(36)
            && rest[..36].parse::<lanyard_token::KeyId>().is_ok();
        let length = if is_id { 36 } else { character.len_utf8() };
        plain.push_str(if is_id { "UUID" } else { &rest[..length] });
        rest = &rest[length..];
    }
    plain
}

/// A UUID that no server ever made.
const NEVER: &str = "00000000-0000-4000-8000-000000000000";
