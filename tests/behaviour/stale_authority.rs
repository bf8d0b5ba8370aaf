//! An authority that is cut off from its store, beside one that is not: enforcers leave it.

use lanyard_redis_fixture::{Standalone, Tap};

use crate::support::{Replicas, Said, Server, eventually};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_enforcer_leaves_an_authority_that_is_cut_off_for_one_that_is_not() {
    let site = Site::start().await;
    let Site {
        cut, whole, tap, ..
    } = &site;
    let addresses = [cut.endpoint(), whole.endpoint()];
    let point = Server::enforce(cut.data(), &addresses, &[]).await;
    point.becomes_ready().await;
    let holder = whole.primary();
    let [living, dead] = [holder.token(&["chat"]).await, holder.token(&["chat"]).await];
    let asks = [point.enforcer()];
    Said::ALLOWED.by_all(&asks, &dead).await;

    tap.cut();
    holder.revoke(&dead).await.unwrap();
    // With the bound of 14 minutes, nothing but another authority makes it known in time.
    Said::REVOKED.by_all(&asks, &dead).await;
    assert_eq!(Said::of(&asks[0], &living).await, Said::ALLOWED);
    assert_eq!(point.metric("lanyard_feed_switches").await, 1);
    assert_eq!(point.metric("lanyard_feed_stale_authorities").await, 1);
    assert_eq!(point.metric("lanyard_feed_divergences").await, 0);
    let [stale, fresh] = [cut, whole].map(Server::endpoint);
    point
        .says_in_one_line(&["WARN", "authority is stale", stale])
        .await;
    point
        .says_in_one_line(&["left a stale authority", stale, fresh])
        .await;

    // It stays there, and is back at the first if need be.
    tap.mend();
    cut.becomes_ready().await;
    let later = holder.token(&["chat"]).await;
    holder.revoke(&later).await.unwrap();
    Said::REVOKED.by_all(&asks, &later).await;
    assert_eq!(point.metric("lanyard_feed_switches").await, 1);
}

/// Where none is better, the connection stays, and all goes on when the store is back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_enforcer_whose_authorities_are_all_cut_off_keeps_its_connection() {
    let site = Site::start().await;
    let Site {
        cut,
        whole,
        tap,
        other,
        ..
    } = &site;
    let addresses = [cut.endpoint(), whole.endpoint()];
    let point = Server::enforce(cut.data(), &addresses, &["--freshness-bound", "5s"]).await;
    point.becomes_ready().await;
    let token = whole.primary().token(&["chat"]).await;
    let asks = [point.enforcer()];
    Said::ALLOWED.by_all(&asks, &token).await;

    tap.cut();
    other.cut();
    Said::Stale.by_all(&asks, &token).await;
    eventually("the authority is found to be stale", async || {
        point.metric("lanyard_feed_stale_authorities").await == 1
    })
    .await;
    assert_eq!(point.metric("lanyard_feed_switches").await, 0);
    assert_eq!(point.metric("lanyard_feed_connected").await, 1);

    tap.mend();
    other.mend();
    Said::ALLOWED.by_all(&asks, &token).await;
    whole.primary().revoke(&token).await.unwrap();
    Said::REVOKED.by_all(&asks, &token).await;
    assert_eq!(point.metric("lanyard_feed_divergences").await, 0);
}

/// Two authorities on one Redis, each by a way of its own.
struct Site {
    cut: Server,
    whole: Server,
    /// The way of the one that is cut off.
    tap: Tap,
    /// The way of the other.
    other: Tap,
    // After the servers, so that it is not missed.
    _redis: Standalone,
}

impl Site {
    async fn start() -> Self {
        let redis = Standalone::start();
        let (tap, other) = (redis.tap(), redis.tap());
        let replicas = Replicas::on(&tap.url());
        let cut = replicas.start().await;
        let mut command = replicas.command_without_url(&[]);
        command.args(["--redis", &other.url()]);
        let whole = Server::run(replicas.data(), command).await;
        for server in [&cut, &whole] {
            server.becomes_ready().await;
        }
        Self {
            cut,
            whole,
            tap,
            other,
            _redis: redis,
        }
    }
}
