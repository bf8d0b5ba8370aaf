//! A cold enforcement point and an authority with very many live revocations.

use std::time::Duration;

use lanyard_proto::v1::DecisionReason;
use tokio::time::Instant;

use crate::support::{Backlog, Data, Server, Watching, http};

#[tokio::test(flavor = "multi_thread")]
async fn a_cold_point_hears_of_every_one_of_many_revocations() {
    let many = Many::prepare(50_000).await;
    many.start_and_compare().await;
}

/// The figures of docs/performance.md.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "its figures are those of a `dist` build"]
async fn a_cold_point_is_ready_within_three_seconds_of_a_million_revocations() {
    let many = Many::prepare(1_000_000).await;
    let mut fastest = Duration::MAX;
    for _ in 0..5 {
        let Took { authority, point } = many.start_and_compare().await;
        println!("the authority is ready after {authority:?}, the point after {point:?}");
        fastest = fastest.min(point);
    }
    // Whatever else the machine does makes it slower and never faster.
    assert!(fastest < Duration::from_secs(3), "{fastest:?}");
}

/// A data directory with a backlog, a few tokens of which are held by somebody.
struct Many {
    data: Data,
    count: u64,
    dead: Vec<String>,
    alive: Vec<String>,
}

/// How long it took from the start of a process to its readiness.
struct Took {
    authority: Duration,
    point: Duration,
}

impl Many {
    async fn prepare(count: u64) -> Self {
        let server = Server::start().await;
        let (holder, data) = (server.primary(), server.data().clone());
        let identity = holder.identity().await;
        let (mut dead, mut alive) = (Vec::new(), Vec::new());
        for _ in 0..HELD {
            dead.push(holder.issue(&identity, &["chat"]).await.token);
            alive.push(holder.issue(&identity, &["chat"]).await.token);
        }
        assert!(server.stop().await.status.success());
        let backlog = Backlog::open(&data);
        let held = dead.len() as u64;
        // Those that are held come in the middle, so that no end of the list is all that is right.
        backlog.fill(0..count / 2).await;
        backlog.revoke(&dead).await;
        backlog.fill(count / 2..count - held).await;
        Self {
            data,
            count,
            dead,
            alive,
        }
    }

    async fn start_and_compare(&self) -> Took {
        let begun = Instant::now();
        let server = Server::start_on(&self.data, &[]).await;
        server.ready().await;
        let authority = begun.elapsed();
        let begun = Instant::now();
        let point = Server::enforce(&self.data, &[server.endpoint()], &[]).await;
        point.ready().await;
        let took = Took {
            authority,
            point: begun.elapsed(),
        };
        self.compare(&server, &point).await;
        took
    }

    async fn compare(&self, server: &Server, point: &Server) {
        let enforcer = point.enforcer();
        let expect_all = |verdicts: Vec<_>, reason| {
            let others = verdicts.iter().filter(|verdict| **verdict != reason);
            assert_eq!(others.count(), 0, "of {reason:?}");
        };
        expect_all(
            enforcer.verdicts(&self.dead).await,
            DecisionReason::TokenRevoked,
        );
        expect_all(
            enforcer.verdicts(&self.alive).await,
            DecisionReason::Allowed,
        );
        let mut watching = Watching::start(&server.enforcer()).await;
        let list = watching.ping().await.list.expect("nothing is in progress");
        assert_eq!(list.live_entries, self.count);
        assert_eq!(watching.snapshot.len() as u64, self.count);
        println!(
            "memory of {} MB, with its copy {} MB",
            server.memory() >> 20,
            point.memory() >> 20
        );
        // Every answer to a ping has been compared by number and digest, the one that it is ready by
        // among them.
        let metrics = http::get(point.admin_url(), "/metrics").await.body;
        for line in [
            "feed_divergences 0",
            "feed_snapshots 1",
            "feed_not_understood 0",
        ] {
            assert!(metrics.contains(&format!("lanyard_{line}\n")), "{metrics}");
        }
    }
}

/// How many of the dead tokens, and as many that live, are there to be shown.
const HELD: usize = 200;
