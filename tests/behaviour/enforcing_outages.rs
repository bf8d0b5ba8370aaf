//! An enforcement point without its authority: it goes on up to the bound, and not beyond.

use std::time::Duration;

use lanyard_proto::v1::{Capability, CheckRequest, DecisionReason};
use rustix::process::Signal;
use tokio::time::{Instant, sleep};
use tonic::Code;

use crate::support::{Data, Server, eventually, http, reason};

/// Shorter than any that one would choose, so that a test can wait for it.
const BOUND: Duration = Duration::from_secs(3);
const BOUND_FLAGS: [&str; 2] = ["--freshness-bound", "3s"];

#[tokio::test]
async fn checks_go_on_up_to_the_bound_then_refuse_and_recover_with_the_authority() {
    let (authority, point) = both().await;
    let holder = authority.primary();
    let [living, dead] = [holder.token(&["chat"]).await, holder.token(&["chat"]).await];
    holder.revoke(&dead).await.unwrap();
    told(&point, &dead, Said::Reason(DecisionReason::TokenRevoked)).await;
    told(&point, &living, ALLOWED).await;

    let (data, address) = (authority.data().clone(), authority.address());
    authority.kill();
    let killed = Instant::now();
    let mut last_accepted = Duration::ZERO;
    loop {
        // Decided after this, by a list of before the kill.
        let asked = killed.elapsed();
        if said(&point, &living).await != ALLOWED {
            break;
        }
        assert!(asked <= BOUND, "{asked:?}");
        last_accepted = asked;
        let verdict = said(&point, &dead).await;
        let revoked = Said::Reason(DecisionReason::TokenRevoked);
        assert!([revoked, Said::Stale].contains(&verdict), "{verdict:?}");
        sleep(Duration::from_millis(50)).await;
    }
    assert!(last_accepted > BOUND / 3, "only for {last_accepted:?}");
    assert_eq!(said(&point, &living).await, Said::Stale);
    assert_eq!(said(&point, &dead).await, Said::Stale);
    point.becomes_unready().await;

    let flags = ["--listen", address.as_str()];
    let authority = Server::start_on(&data, &flags).await;
    told(&point, &living, ALLOWED).await;
    told(&point, &dead, Said::Reason(DecisionReason::TokenRevoked)).await;
    point.becomes_ready().await;
    let metrics = http::get(point.admin_url(), "/metrics").await.body;
    assert!(
        metrics.contains("lanyard_feed_snapshots 1"),
        "by cursor: {metrics}"
    );
    assert!(metrics.contains("lanyard_feed_divergences 0"), "{metrics}");
    drop(authority);
}

#[tokio::test]
async fn a_point_that_was_paused_for_longer_than_the_bound_refuses_until_it_has_heard_again() {
    let (authority, point) = both().await;
    let token = authority.primary().token(&["chat"]).await;
    told(&point, &token, ALLOWED).await;
    let (data, address) = (authority.data().clone(), authority.address());
    point.signal(Signal::STOP);
    authority.kill();
    sleep(BOUND + Duration::from_secs(1)).await;
    point.signal(Signal::CONT);
    for _ in 0..20 {
        assert_eq!(said(&point, &token).await, Said::Stale);
    }
    let flags = ["--listen", address.as_str()];
    let _authority = Server::start_on(&data, &flags).await;
    told(&point, &token, ALLOWED).await;
}

/// What happened while it was paused is in force before anything is accepted again.
#[tokio::test]
async fn a_point_that_was_paused_accepts_nothing_that_was_revoked_meanwhile() {
    let (authority, point) = both().await;
    let holder = authority.primary();
    let [living, dead] = [holder.token(&["chat"]).await, holder.token(&["chat"]).await];
    told(&point, &dead, ALLOWED).await;
    point.signal(Signal::STOP);
    holder.revoke(&dead).await.unwrap();
    sleep(BOUND + Duration::from_secs(1)).await;
    point.signal(Signal::CONT);
    let mut last = Said::Stale;
    while last != Said::Reason(DecisionReason::TokenRevoked) {
        last = said(&point, &dead).await;
        assert_ne!(last, ALLOWED);
    }
    told(&point, &living, ALLOWED).await;
}

#[tokio::test]
async fn without_an_authority_in_reach_it_starts_and_refuses_everything() {
    let authority = authority().await;
    let token = authority.primary().token(&["chat"]).await;
    let (data, address) = (authority.data().clone(), authority.address());
    authority.kill();
    let nowhere = format!("http://{address}");
    let point = Server::enforce(&data, &[&nowhere], &BOUND_FLAGS).await;
    for _ in 0..20 {
        assert_eq!(said(&point, &token).await, Said::Stale);
        sleep(Duration::from_millis(50)).await;
    }
    point.becomes_unready().await;
    let flags = ["--listen", address.as_str()];
    let authority = Server::start_on(&data, &flags).await;
    told(&point, &token, ALLOWED).await;

    // And so does one that knew everything before it was started again.
    drop(point);
    authority.kill();
    let point = Server::enforce(&data, &[&nowhere], &BOUND_FLAGS).await;
    assert_eq!(said(&point, &token).await, Said::Stale);
}

#[tokio::test]
async fn of_several_addresses_the_one_that_answers_is_followed() {
    let authority = Server::start().await;
    let nowhere = "http://127.0.0.1:1";
    let addresses = [nowhere, authority.endpoint(), nowhere];
    let point = Server::enforce(authority.data(), &addresses, &BOUND_FLAGS).await;
    let token = authority.primary().token(&["chat"]).await;
    told(&point, &token, ALLOWED).await;
}

#[tokio::test]
async fn a_stranger_at_the_authority_s_address_takes_nothing_back() {
    let (authority, point) = both().await;
    let holder = authority.primary();
    let dead = holder.token(&["chat"]).await;
    holder.revoke(&dead).await.unwrap();
    let revoked = Said::Reason(DecisionReason::TokenRevoked);
    told(&point, &dead, revoked).await;
    let (data, address) = (authority.data().clone(), authority.address());
    authority.kill();
    let flags = ["--listen", address.as_str()];
    let other = Server::start_on(&Data::new(), &flags).await;
    for _ in 0..20 {
        let verdict = said(&point, &dead).await;
        assert!([revoked, Said::Stale].contains(&verdict), "{verdict:?}");
        sleep(Duration::from_millis(100)).await;
    }
    drop(other);
    let _authority = Server::start_on(&data, &flags).await;
    told(&point, &dead, revoked).await;
}

/// What a point says to a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Said {
    Reason(DecisionReason),
    Stale,
}

const ALLOWED: Said = Said::Reason(DecisionReason::Allowed);

/// An authority that can go and come back.
async fn authority() -> Server {
    Server::start_with(&["--listen", &Server::own_address()]).await
}

async fn both() -> (Server, Server) {
    let authority = authority().await;
    let addresses = [authority.endpoint()];
    let point = Server::enforce(authority.data(), &addresses, &BOUND_FLAGS).await;
    (authority, point)
}

async fn said(point: &Server, token: &str) -> Said {
    let request = CheckRequest {
        token: token.to_owned(),
        capability: Capability::ListChatThreads.into(),
        context: None,
        min_position: None,
    };
    match point.enforcer().check(request).await {
        Ok(decision) => Said::Reason(decision.reason()),
        Err(refusal) => {
            assert_eq!(refusal.code(), Code::Unavailable, "{refusal:?}");
            assert_eq!(reason(&refusal), "REVOCATIONS_STALE");
            Said::Stale
        }
    }
}

async fn told(point: &Server, token: &str, expected: Said) {
    eventually("the point says what is expected", async || {
        said(point, token).await == expected
    })
    .await;
}
