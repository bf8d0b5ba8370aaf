//! The error of a start names the cause for each server, with its address and in the server's own words.

use std::{thread, time::Duration};

use lanyard_redis_fixture::{Cluster, Node, Replicated, Standalone};
use lanyard_store::{
    Store as _,
    redis::{RedisDurability, RedisOptions},
};

use crate::{
    support::{eventually, options, serve, sweep_time, try_serve},
    tenants::{revoke_token, tenant},
};

/// The error of a start.
async fn error_of(options: &RedisOptions) -> String {
    let error = try_serve(options).await.unwrap_err().to_string();
    assert!(!error.contains(PASSWORD), "{error}");
    error
}

/// The error of a start with the settings for another durability, which must not be suggested.
async fn error_without_relaxed(options: &RedisOptions) -> String {
    let error = error_of(options).await;
    assert!(!error.contains("relaxed"), "{error}");
    error
}

fn with_password(url: &str) -> RedisOptions {
    options(&url.replace("://", &format!("://default:{PASSWORD}@")))
}

/// One message for each sentinel, in their order.
fn no_primary(sentinels: &[Node], reason: &str) -> String {
    let each = sentinels
        .iter()
        .map(|node| reason.replace('@', &node.address()));
    let each = each.collect::<Vec<_>>().join("; ");
    format!("Redis cannot be reached: no node is named as the primary by a majority ({each})")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_cannot_be_reached_is_named_with_the_cause() {
    let server = Standalone::start();
    let (address, url) = (server.address(), server.url());
    server.kill();
    assert_eq!(
        error_without_relaxed(&options(&url)).await,
        format!("Redis cannot be reached: {address}: Connection refused (os error 111)")
    );
    let unknown = error_without_relaxed(&options("redis://redis.invalid:6379")).await;
    let expected = "Redis cannot be reached: redis.invalid:6379: failed to lookup address";
    assert!(unknown.starts_with(expected), "{unknown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_tls_handshake_is_named_with_the_cause() {
    let server = Standalone::builder().tls().start();
    let address = server.address();
    assert_eq!(
        error_without_relaxed(&options(&server.url())).await,
        format!(
            "Redis cannot be reached: {address}: TLS handshake failed: invalid peer certificate: \
             UnknownIssuer"
        )
    );
    let plain = Standalone::start();
    let error = error_without_relaxed(&options(&plain.url().replace("redis:", "rediss:"))).await;
    assert_eq!(
        error,
        format!(
            "Redis cannot be reached: {}: TLS handshake timed out; the server may not use TLS",
            plain.address()
        )
    );
    let error = error_without_relaxed(&options(&server.url().replace("rediss:", "redis:"))).await;
    let expected = format!("Redis cannot be reached: {address}: ");
    assert!(error.starts_with(&expected), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_that_is_refused_is_named_with_the_words_of_the_server() {
    let server = Standalone::builder().config("requirepass right").start();
    let refuses = format!(
        "the server at {} refuses the login or the connection: ",
        server.address()
    );
    assert_eq!(
        error_without_relaxed(&options(&server.url())).await,
        format!("{refuses}NOAUTH Authentication required.")
    );
    assert_eq!(
        error_without_relaxed(&with_password(&server.url())).await,
        format!("{refuses}WRONGPASS invalid username-password pair or user is disabled.")
    );
    let database = format!("{}/99", server.url_as("default", "right"));
    assert_eq!(
        error_without_relaxed(&options(&database)).await,
        format!(
            "Redis refuses an operation: {}: ERR DB index is out of range",
            server.address()
        )
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn each_sentinel_is_named_with_its_own_cause() {
    let servers = Replicated::start(0);
    let sentinels = servers.sentinels();
    let other_name = servers.sentinel_url().replace("mymaster", "nobody");
    assert_eq!(
        error_without_relaxed(&options(&other_name)).await,
        no_primary(sentinels, "@: has no primary named `nobody`")
    );

    for sentinel in sentinels {
        let password = ["ACL", "SETUSER", "default", "resetpass", ">right"];
        sentinel.ask::<()>(&password).unwrap();
    }
    let refuses = "the server at @ refuses the login or the connection: ";
    let mut options = options(&servers.sentinel_url());
    assert_eq!(
        error_without_relaxed(&options).await,
        no_primary(
            sentinels,
            &format!("{refuses}NOAUTH Authentication required.")
        )
    );
    options.sentinel_login = with_password(&servers.node(0).url()).login;
    let wrong = "WRONGPASS invalid username-password pair or user is disabled.";
    assert_eq!(
        error_without_relaxed(&options).await,
        no_primary(sentinels, &format!("{refuses}{wrong}"))
    );
    for sentinel in sentinels {
        sentinel.kill();
    }
    assert_eq!(
        error_without_relaxed(&options).await,
        no_primary(sentinels, "@: Connection refused (os error 111)")
    );
}

/// The sentinels are right, and the node that they name refuses.
#[tokio::test(flavor = "multi_thread")]
async fn the_node_that_the_sentinels_name_is_named_with_its_cause() {
    let servers = Replicated::start(0);
    let node = servers.node(0);
    let password = ["ACL", "SETUSER", "default", "resetpass", ">right"];
    node.ask::<()>(&password).unwrap();
    let mut options = options(&servers.sentinel_url());
    options.login = with_password(&node.url()).login;
    assert_eq!(
        error_without_relaxed(&options).await,
        format!(
            "the server at {} refuses the login or the connection: WRONGPASS invalid \
             username-password pair or user is disabled.",
            node.address()
        )
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_is_refused_and_its_primary_is_named() {
    let servers = Replicated::start(1);
    let mut options = options(&servers.node(1).url());
    options.replicas = Some(0);
    assert_eq!(
        error_without_relaxed(&options).await,
        format!(
            "the server at {} is a replica of {}; name the primary, or use Sentinel \
             (redis-sentinel://)",
            servers.node(1).address(),
            servers.node(0).address()
        )
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_whose_memory_is_full_is_named_with_its_own_words() {
    let server = Standalone::builder().config("maxmemory 1").start();
    let error = error_without_relaxed(&options(&server.url())).await;
    let expected = format!(
        "the store is unavailable: {}: OOM command not allowed when used memory > 'maxmemory'",
        server.address()
    );
    assert!(error.starts_with(&expected), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_right_is_named_with_the_words_of_the_server() {
    for (rules, words) in [
        ("+@all -@scripting ~{lanyard.* &lanyard:grown", "NOPERM "),
        ("+@all ~other &lanyard:grown", "NOPERM "),
    ] {
        let user = format!("user lanyard on >right {rules}");
        let server = Standalone::builder().config(&user).start();
        let error = error_without_relaxed(&options(&server.url_as("lanyard", "right"))).await;
        let expected = format!("the store is unavailable: {}: {words}", server.address());
        assert!(error.starts_with(&expected), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn disabled_scripts_are_named_without_the_script() {
    for (line, command) in [
        ("rename-command EVALSHA \"\"", "EVALSHA"),
        ("rename-command EVAL \"\"", "EVAL"),
    ] {
        let server = Standalone::builder().config(line).start();
        assert_eq!(
            error_without_relaxed(&options(&server.url())).await,
            format!(
                "the store is unavailable: {}: ERR unknown command '{command}'",
                server.address()
            )
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_server_is_not_taken_for_one_that_hides_its_settings() {
    let server = Standalone::builder().config("lua-time-limit 1").start();
    thread::scope(|scope| {
        let mut connection = server.connection();
        scope.spawn(move || {
            let mut script = lanyard_redis_fixture::redis::cmd("EVAL");
            // It ends when it is killed.
            drop(
                script
                    .arg("while true do end")
                    .arg(0)
                    .query::<()>(&mut connection),
            );
        });
        tokio::task::block_in_place(|| {
            tokio::runtime::Handle::current().block_on(async {
                eventually(async || server.ask::<String>(&["PING"]).is_err().then_some(())).await;
                let error = error_without_relaxed(&options(&server.url())).await;
                let killed = server.ask::<()>(&["SCRIPT", "KILL"]);
                let expected = format!(
                    "Redis refuses an operation: {}: BUSY Redis is busy running a script.",
                    server.address()
                );
                assert!(error.starts_with(&expected), "{error}");
                killed.unwrap();
            });
        });
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn each_node_of_a_cluster_is_named_with_its_own_cause() {
    let plain = Standalone::start();
    let url = plain.url().replace("redis:", "redis-cluster:");
    assert_eq!(
        error_without_relaxed(&options(&url)).await,
        format!(
            "Redis cannot be reached: no node is named as the primary by a majority ({}: ERR This \
             instance has cluster support disabled)",
            plain.address()
        )
    );

    let servers = Cluster::start();
    let error = error_without_relaxed(&options(&servers.node(0).url())).await;
    let moved = format!(
        "no primary executes the operation: {}: MOVED ",
        servers.node(0).address()
    );
    let is_own = error.starts_with("the store is unavailable: ") && error.contains(&moved);
    // The keys may all lie on the node that was named.
    assert!(is_own, "{error}");
    for node in [1, 2] {
        servers.node(node).kill();
    }
    let error = error_without_relaxed(&options(&servers.url())).await;
    let is_named = [1, 2].iter().any(|node| {
        let address = servers.node(*node).address();
        error.contains(&format!("{address}: Connection refused (os error 111)"))
    });
    assert!(is_named, "{error}");
}

/// While it runs, an operation fails with the cause as well.
#[tokio::test(flavor = "multi_thread")]
async fn an_operation_fails_with_the_words_of_the_server() {
    let server = Standalone::start();
    let store = serve(&options(&server.url())).await;
    let resource = tenant(&store).await;
    server
        .ask::<()>(&["CONFIG", "SET", "maxmemory", "1"])
        .unwrap();
    let error = revoke_token(&store, resource).await.unwrap_err();
    let cause = std::error::Error::source(&error).unwrap().to_string();
    let expected = format!("{}: OOM ", server.address());
    assert!(cause.starts_with(&expected), "{cause}");
    server
        .ask::<()>(&["CONFIG", "SET", "maxmemory", "0"])
        .unwrap();
    revoke_token(&store, resource).await.unwrap();
    store.sweep(sweep_time()).await.unwrap();

    server.kill();
    let first = revoke_token(&store, resource).await.unwrap_err();
    // Immediately after that no connection is tried, and the cause is the same.
    let next = revoke_token(&store, resource).await.unwrap_err();
    for error in [first, next] {
        let cause = std::error::Error::source(&error).unwrap().to_string();
        assert!(cause.starts_with(&server.address()), "{cause}");
    }
}

/// The remedy stays where it is one: the server does not answer how it is set up.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_the_command_for_settings_is_used_if_durability_is_relaxed() {
    let server = Standalone::builder()
        .config("rename-command CONFIG \"\"")
        .start();
    let mut options = options(&server.url());
    let error = error_of(&options).await;
    assert!(error.contains("ERR unknown command 'CONFIG'"), "{error}");
    assert!(error.contains("--redis-durability=relaxed"), "{error}");
    options.durability = RedisDurability::Relaxed;
    options.response_timeout = Duration::from_secs(5);
    serve(&options).await;
}

const PASSWORD: &str = "s3cret-of-redis";
