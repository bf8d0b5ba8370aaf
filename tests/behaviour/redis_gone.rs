//! Redis is gone, or hangs: nothing is made or taken back, at once; checks go on up to the bound, and
//! not beyond.

use std::time::Duration;

use futures_util::future::{join, join_all};
use lanyard_redis_fixture::{Node, Standalone};
use tokio::task::block_in_place;
use tokio::time::{Instant, sleep};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::support::{Caller, Fleet, Replicas, Said, Server, issue_request, reason};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_redis_nothing_is_issued_or_revoked_and_checks_go_on_up_to_the_bound() {
    goes_and_comes(Node::kill, Node::restart).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_hangs_is_as_good_as_gone() {
    goes_and_comes(Node::pause, Node::resume).await;
}

async fn goes_and_comes(goes: impl FnOnce(&Node), comes: impl FnOnce(&Node)) {
    let redis = Standalone::start();
    let replicas = Replicas::with(&redis.url(), &BOUND_FLAGS);
    let fleet = Fleet::start(replicas, 1, &BOUND_FLAGS).await;
    let holders: Vec<_> = fleet.authorities.iter().map(Server::primary).collect();
    let identity = holders[0].identity().await;
    let living = holders[0].issue(&identity, &["chat"]).await.token;
    let dead = holders[1].issue(&identity, &["chat"]).await.token;
    holders[0].revoke(&dead).await.unwrap();
    fleet.say(Said::ALLOWED, &living).await;
    fleet.say(Said::REVOKED, &dead).await;

    block_in_place(|| goes(&redis));
    let gone = Instant::now();
    let askers = fleet.askers();
    let checking = askers
        .iter()
        .map(|asks| goes_on_up_to_the_bound(asks, gone, (&living, &dead)));
    join(
        join_all(checking),
        refuse_at_once(&holders, &identity, &living),
    )
    .await;
    for server in fleet.all() {
        server.becomes_unready().await;
    }
    // What has been so for long is told as quickly.
    refuse_at_once(&holders, &identity, &living).await;

    block_in_place(|| comes(&redis));
    let back = Instant::now();
    fleet.ready().await;
    println!("all were ready {:?} after Redis was back", back.elapsed());
    let new = holders[1].issue(&identity, &["chat"]).await.token;
    fleet.say(Said::ALLOWED, &new).await;
    fleet.say(Said::REVOKED, &dead).await;
    holders[0].revoke(&new).await.unwrap();
    fleet.say(Said::REVOKED, &new).await;
}

/// Hundreds of calls at once are refused at once, however many there are. One that finds out that
/// Redis hangs waits for it as long as it was told to, and so does who asks at the same time.
async fn refuse_at_once(holders: &[Caller], identity: &str, token: &str) {
    for holder in holders {
        is_away(&holder.revoke(token).await.unwrap_err());
    }
    let begun = Instant::now();
    let calls = holders.iter().cycle().take(CALLS).map(async |holder| {
        let issued = holder.try_issue(issue_request(identity, &["chat"]));
        let (issued, revoked) = join(issued, holder.revoke(token)).await;
        is_away(&issued.unwrap_err());
        is_away(&revoked.unwrap_err());
    });
    join_all(calls).await;
    let took = begun.elapsed();
    println!("{} calls at once were refused in {took:?}", 2 * CALLS);
    // In a row, waiting for the response timeout each, they would take minutes.
    assert!(took < Duration::from_secs(20), "{took:?}");
}

fn is_away(refusal: &Status) {
    assert_eq!(refusal.code(), Code::Unavailable, "{refusal:?}");
    assert_eq!(reason(refusal), "STORE_UNAVAILABLE", "{refusal:?}");
    let details = refusal.get_error_details();
    assert!(details.retry_info().is_some(), "{refusal:?}");
}

/// A point or a replica goes on for about as long as the bound says and then refuses; what is dead is
/// never accepted.
async fn goes_on_up_to_the_bound(asks: &Caller, gone: Instant, (living, dead): (&str, &str)) {
    let mut accepted = 0;
    loop {
        // What was decided in time may be heard of late.
        let asked = gone.elapsed();
        match Said::of(asks, living).await {
            Said::ALLOWED => assert!(asked <= BOUND, "accepted after {asked:?}"),
            said => break assert_eq!(said, Said::Stale),
        }
        accepted += 1;
        let of_dead = Said::of(asks, dead).await;
        assert!(
            matches!(of_dead, Said::REVOKED | Said::Stale),
            "{of_dead:?}"
        );
        sleep(Duration::from_millis(50)).await;
    }
    println!("{accepted} checks went on, for {:?}", gone.elapsed());
    assert!(accepted > 5, "only {accepted} checks went on");
    assert!(gone.elapsed() > BOUND / 2);
    // Nothing that comes later makes the list any younger.
    assert_eq!(Said::of(asks, living).await, Said::Stale);
    assert_eq!(Said::of(asks, dead).await, Said::Stale);
}

/// Shorter than any that one would choose, so that a test can wait for it.
const BOUND: Duration = Duration::from_secs(8);
const BOUND_FLAGS: [&str; 2] = ["--freshness-bound", "8s"];

const CALLS: usize = 200;
