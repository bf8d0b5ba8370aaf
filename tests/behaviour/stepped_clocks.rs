//! A step of a wall clock, by up to a day, undoes no revocation and refuses no living token.

use std::process::Command;
use std::time::Duration;

use lanyard_proto::v1::{Capability, DecisionReason, IssueTokenRequest};
use lanyard_redis_fixture::Standalone;
use tokio::time::Instant;

use crate::support::{
    Data, Replicas, Server, SteppedClock, eventually, http, issue_request, lanyard,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_day_ahead_and_back_on_the_embedded_store() {
    step_and_return(25 * HOUR, None).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hours_ahead_and_back_with_tokens_of_an_hour() {
    step_and_return(2 * HOUR, Some(HOUR)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_day_behind_and_back_on_the_embedded_store() {
    step_and_return(-25 * HOUR, None).await;
}

/// The process is started again while its clock is ahead: it goes on from the time that the store has
/// on record.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_a_day_ahead_deletes_nothing() {
    let (clock, data) = (SteppedClock::new(), Data::new());
    let authority = start(&data, &clock).await;
    let tokens = Tokens::new(&authority, None).await;
    swept(&authority).await;
    assert!(authority.stop().await.status.success());
    clock.set_ahead(25 * HOUR);
    let authority = start(&data, &clock).await;
    swept(&authority).await;
    swept(&authority).await;
    assert!(note(&authority).await.contains("ahead of the time"));
    assert!(authority.stop().await.status.success());
    clock.set_ahead(0);
    let authority = start(&data, &clock).await;
    let point = Server::enforce(&data, &[authority.endpoint()], &[]).await;
    tokens.are_right_at(&[&authority, &point]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_day_ahead_and_back_at_one_of_two_authorities_on_redis() {
    let (redis, clock) = (Standalone::start(), SteppedClock::new());
    let replicas = Replicas::with(&redis.url(), &SWEEPING);
    let mut command = replicas.command(&[]);
    clock.apply(&mut command);
    let stepped = Server::run(replicas.data(), command).await;
    stepped.ready().await;
    let other = replicas.start().await;
    other.ready().await;
    let tokens = Tokens::new(&other, None).await;
    let (to_stepped, to_other) = (stepped.endpoint(), other.endpoint());
    let points = [
        Server::enforce(replicas.data(), &[to_stepped], &[]).await,
        Server::enforce(replicas.data(), &[to_other], &[]).await,
    ];
    tokens.are_right_at(&[&points[0], &points[1]]).await;
    clock.set_ahead(25 * HOUR);
    stepped
        .says_in_one_line(&["clocks of the store", "-90000s"])
        .await;
    swept(&stepped).await;
    swept(&other).await;
    assert_eq!(stepped.metric("lanyard_log_trimming_paused").await, 1);
    assert_eq!(other.metric("lanyard_log_trimming_paused").await, 0);
    tokens.are_right_at(&[&other, &points[0], &points[1]]).await;
    clock.set_ahead(0);
    stepped
        .says("the clocks of the store and of this machine agree again")
        .await;
    tokens
        .are_right_at(&[&stepped, &other, &points[0], &points[1]])
        .await;
    drop((stepped, other, points));
    let again = replicas.start().await;
    let point = Server::enforce(replicas.data(), &[again.endpoint()], &[]).await;
    tokens.are_right_at(&[&again, &point]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "redis-server does not answer under libfaketime; the store's tests give it a clock"]
async fn a_day_ahead_and_back_at_the_redis_server() {
    let clock = SteppedClock::new();
    let mut redis = Standalone::builder();
    for (name, value) in clock.environment() {
        redis = redis.env(name, &value);
    }
    let redis = redis.start();
    let replicas = Replicas::with(&redis.url(), &SWEEPING);
    let authority = replicas.start().await;
    authority.ready().await;
    let tokens = Tokens::new(&authority, None).await;
    let point = Server::enforce(replicas.data(), &[authority.endpoint()], &[]).await;
    for ahead in [25 * HOUR, -25 * HOUR] {
        clock.set_ahead(ahead);
        let offset = format!("offset={ahead:+}s");
        authority
            .says_in_one_line(&["clocks of the store", &offset])
            .await;
        swept(&authority).await;
        heard(&point, &tokens).await;
        assert_eq!(authority.metric("lanyard_log_trimming_paused").await, 1);
        assert!(note(&authority).await.contains("the store's clock differs"));
        tokens.are_right_at(&[&authority, &point]).await;
        clock.set_ahead(0);
        eventually("the clocks agree again", async || {
            authority.metric("lanyard_log_trimming_paused").await == 0
        })
        .await;
        swept(&authority).await;
        heard(&point, &tokens).await;
        tokens.are_right_at(&[&authority, &point]).await;
    }
    drop((authority, point));
    let again = replicas.start().await;
    let point = Server::enforce(replicas.data(), &[again.endpoint()], &[]).await;
    tokens.are_right_at(&[&again, &point]).await;
}

/// Steps the clock of an authority on the embedded store, lets it sweep, and sets the clock back.
async fn step_and_return(ahead: i64, lifetime: Option<i64>) {
    let (clock, data) = (SteppedClock::new(), Data::new());
    let authority = start(&data, &clock).await;
    let tokens = Tokens::new(&authority, lifetime).await;
    let point = Server::enforce(&data, &[authority.endpoint()], &[]).await;
    tokens.are_right_at(&[&authority, &point]).await;
    swept(&authority).await;

    clock.set_ahead(ahead);
    steps(&authority, 1).await;
    swept(&authority).await;
    heard(&point, &tokens).await;
    tokens.are_right_at(&[&point]).await;
    if ahead > 0 {
        assert_eq!(authority.metric("lanyard_log_trimming_paused").await, 1);
        assert!(note(&authority).await.contains("ahead of the time"));
    }

    clock.set_ahead(0);
    steps(&authority, 2).await;
    swept(&authority).await;
    heard(&point, &tokens).await;
    tokens.are_right_at(&[&authority, &point]).await;
    for step in [ahead, -ahead] {
        authority
            .says_in_one_line(&["WARN", &format!("step={step:+}s")])
            .await;
    }

    drop(point);
    assert!(authority.stop().await.status.success());
    let authority = start(&data, &clock).await;
    let point = Server::enforce(&data, &[authority.endpoint()], &[]).await;
    tokens.are_right_at(&[&authority, &point]).await;
}

/// Two tokens of one identity, of which one is revoked.
struct Tokens {
    revoked: String,
    living: String,
}

impl Tokens {
    async fn new(authority: &Server, lifetime: Option<i64>) -> Self {
        let holder = authority.primary();
        let identity = holder.identity().await;
        let seconds = |seconds| prost_types::Duration { seconds, nanos: 0 };
        let issue = async || {
            let request = IssueTokenRequest {
                lifetime: lifetime.map(seconds),
                ..issue_request(&identity, &["chat"])
            };
            holder.try_issue(request).await.expect("a token").token
        };
        let (revoked, living) = (issue().await, issue().await);
        holder.revoke(&revoked).await.expect("a revocation");
        Self { revoked, living }
    }

    /// Waits until these servers are ready, and has them check both tokens.
    async fn are_right_at(&self, servers: &[&Server]) {
        for server in servers {
            server.ready().await;
            let enforcer = server.enforcer();
            eventually("the revoked token is refused", async || {
                enforcer.state(&self.revoked).await == DecisionReason::TokenRevoked
            })
            .await;
            assert_eq!(enforcer.state(&self.living).await, DecisionReason::Allowed);
        }
    }
}

async fn start(data: &Data, clock: &SteppedClock) -> Server {
    let mut command = Command::new(lanyard());
    command
        .arg("serve")
        .env_clear()
        .arg("--data")
        .arg(data.path());
    clock.apply(&mut command);
    Server::on_free_ports(&mut command, &SWEEPING);
    let server = Server::run(data, command).await;
    server.ready().await;
    server
}

/// Waits until a sweep has begun and ended.
async fn swept(server: &Server) {
    let before = server.metric(SWEEPS).await;
    eventually("the store is swept twice", async || {
        server.metric(SWEEPS).await >= before + 2
    })
    .await;
}

/// Waits until so many steps of the clock were noticed.
async fn steps(server: &Server, count: u64) {
    eventually("the step is noticed", async || {
        server.metric("lanyard_clock_steps_total").await == count
    })
    .await;
}

/// Waits until a point has had a heartbeat that it asked for after now.
async fn heard(point: &Server, tokens: &Tokens) {
    let begun = Instant::now();
    let enforcer = point.enforcer();
    eventually("a heartbeat has come", async || {
        let decision = enforcer.decide(&tokens.living, Capability::CreateMessage);
        let age = decision.await.list_age.expect("an age");
        let age = Duration::try_from(age).expect("a duration");
        age < begun.elapsed()
    })
    .await;
}

/// All that `/readyz` shows.
async fn note(server: &Server) -> String {
    let answer = http::get(server.admin_url(), "/readyz").await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body
}

const HOUR: i64 = 3600;
const SWEEPS: &str = "lanyard_store_sweeps_total";
const SWEEPING: [&str; 2] = ["--sweep-interval", "1s"];
