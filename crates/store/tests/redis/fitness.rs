//! Servers that are not fit to keep a store are refused, with what to do about it.

use lanyard_redis_fixture::{Replicated, Standalone};
use lanyard_store::{
    Store as _,
    redis::{RedisDurability, RedisOpenError, RedisOptions, Unfit},
};

use crate::support::{options, serve, sweep_time, try_serve};

async fn refusal(options: &RedisOptions) -> String {
    let error = try_serve(options).await.unwrap_err();
    assert!(matches!(error, RedisOpenError::Unfit(_)), "{error:?}");
    error.to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_does_not_write_before_it_answers_is_refused_unless_that_is_said() {
    for (line, setting) in [
        ("appendfsync everysec", "appendfsync everysec"),
        ("appendfsync no", "appendfsync no"),
        ("appendonly no", "appendonly no"),
    ] {
        let server = Standalone::builder().config(line).start();
        let mut options = options(&server.url());
        let text = refusal(&options).await;
        assert!(
            text.contains(setting) && text.contains("--redis-durability"),
            "{text}"
        );
        options.durability = RedisDurability::Relaxed;
        serve(&options).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_may_throw_away_what_it_keeps_is_refused() {
    let limit = Standalone::builder().config("maxmemory 64mb");
    let server = limit.config("maxmemory-policy allkeys-lru").start();
    let text = refusal(&options(&server.url())).await;
    assert!(
        text.contains("allkeys-lru") && text.contains("noeviction"),
        "{text}"
    );
    let limit = Standalone::builder().config("maxmemory 64mb");
    let server = limit.config("maxmemory-policy noeviction").start();
    serve(&options(&server.url())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_with_replicas_is_refused_until_it_is_said_what_they_are_for() {
    let servers = Replicated::start(1);
    let mut options = options(&servers.sentinel_url());
    let text = refusal(&options).await;
    assert!(
        text.contains("1 replicas") && text.contains("--redis-replicas"),
        "{text}"
    );
    options.replicas = Some(1);
    serve(&options).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_who_may_not_ask_how_the_server_is_set_up_is_told_so() {
    let rules = "+@all -config ~{lanyard.* &lanyard:grown";
    let server = Standalone::builder()
        .config(&format!("user lanyard on >secret {rules}"))
        .start();
    let text = refusal(&options(&server.url_as("lanyard", "secret"))).await;
    assert!(
        text.contains("+config|get") && !text.contains("secret"),
        "{text}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_with_the_rules_of_the_documentation_is_enough() {
    let server = Standalone::builder()
        .config(&format!("user lanyard on >secret {RULES}"))
        .start();
    let store = serve(&options(&server.url_as("lanyard", "secret"))).await;
    let resource = crate::tenants::tenant(&store).await;
    crate::tenants::revoke_token(&store, resource)
        .await
        .unwrap();
    crate::tenants::identity(&store, resource).await;
    store.sweep(sweep_time()).await.unwrap();
    store.delete_resource(resource).await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_is_told_without_the_password() {
    let server = Standalone::builder().config("requirepass right").start();
    for url in [server.url_as("", "wr0ng"), server.url_as("nobody", "wr0ng")] {
        let text = refusal(&options(&url)).await;
        assert!(
            text.contains("refuses the login") && !text.contains("wr0ng"),
            "{text}"
        );
    }
    serve(&options(&server.url_as("", "right"))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_is_spoken_to_over_tls_if_its_authority_is_known() {
    let server = Standalone::builder().tls().start();
    let mut options = options(&server.url());
    let unknown = try_serve(&options).await.unwrap_err();
    assert!(!matches!(unknown, RedisOpenError::Tls(_)), "{unknown}");
    options.tls.ca_file = Some(server.authority().to_owned());
    let store = serve(&options).await;
    crate::tenants::tenant(&store).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_became_unfit_is_not_used_after_a_restart() {
    let server = Standalone::start();
    let options = options(&server.url());
    let store = serve(&options).await;
    server
        .ask::<()>(&["CONFIG", "SET", "appendfsync", "everysec"])
        .unwrap();
    let error = try_serve(&options).await.unwrap_err();
    assert!(
        matches!(error, RedisOpenError::Unfit(Unfit::NotDurable { .. })),
        "{error}"
    );
    drop(store);
}

/// What the documentation tells operators to grant.
const RULES: &str = "~{lanyard.* &lanyard:grown +@read +@write +@scripting +@connection \
                     +@pubsub +config|get +info +time +wait";
