//! What the floor answers, and to whom.

use lanyard_proto::v1::IssueTokenRequest;
use lanyard_proto::v1::identity_service_client::IdentityServiceClient;
use lanyard_proto::v1::policy_service_client::PolicyServiceClient;
use tonic::transport::{Channel, Endpoint};

use super::*;
use crate::workload::check_request;

#[tokio::test]
async fn the_empty_floor_allows_whatever_it_is_asked() {
    let channel = floor(Floor::Empty).await;
    assert!(is_allowed(channel, "no token").await);
}

#[tokio::test]
async fn the_verifying_floor_allows_what_its_key_signed_and_nothing_else() {
    let (key, token) = signed();
    let channel = floor(Floor::Verify(Box::new(key))).await;
    assert!(is_allowed(channel.clone(), &token).await);
    let changed = token.replacen("eyJ", "eyK", 1);
    for other in [changed.as_str(), "no token", ""] {
        assert!(!is_allowed(channel.clone(), other).await, "{other}");
    }
}

#[tokio::test]
async fn a_token_of_the_floor_is_as_long_as_a_real_one() {
    for kind in [Floor::Empty, Floor::Sign] {
        let mut client = IdentityServiceClient::new(floor(kind).await);
        let issued = client.issue_token(IssueTokenRequest::default()).await;
        let token = issued.expect("a token").into_inner().access_token;
        let length = token.expect("a token").token.len();
        assert!((450..700).contains(&length), "{length}");
    }
}

#[test]
fn a_public_key_is_32_bytes_of_a_point() {
    assert!(PublicKey::from_jwk("AA").is_none());
    assert!(PublicKey::from_jwk("not base64").is_none());
}

async fn is_allowed(channel: Channel, token: &str) -> bool {
    let mut client = PolicyServiceClient::new(channel);
    let answer = client.check(check_request(token)).await;
    let decision = answer.expect("an answer").into_inner().decision;
    decision.is_some_and(|decision| decision.allowed)
}

/// A key, and something that it signed.
fn signed() -> (PublicKey, String) {
    let key = SigningKey::from_bytes(&[1; 32]);
    let signature = key.sign(SIGNED.as_bytes()).to_bytes();
    let token = format!("{SIGNED}.{}", URL_SAFE_NO_PAD.encode(signature));
    let x = URL_SAFE_NO_PAD.encode(key.verifying_key().as_bytes());
    (PublicKey::from_jwk(&x).expect("a key"), token)
}

async fn floor(kind: Floor) -> Channel {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(serve(listener, kind));
    let endpoint = Endpoint::from_shared(format!("http://{address}")).expect("an endpoint");
    endpoint.connect_lazy()
}
