use super::*;

fn address(host: &str, port: u16) -> RedisAddress {
    let host = host.to_owned();
    RedisAddress { host, port }
}

fn topology(url: &str) -> RedisTopology {
    let url: RedisUrl = url.parse().unwrap();
    url.servers.topology
}

fn refusal(url: &str) -> InvalidRedisUrl {
    url.parse::<RedisUrl>().unwrap_err()
}

#[test]
fn one_server_is_named_with_its_port_and_its_database() {
    let standalone = |host, port, database| RedisTopology::Standalone {
        address: address(host, port),
        database,
    };
    assert_eq!(topology("redis://db"), standalone("db", 6379, 0));
    assert_eq!(topology("redis://db:7000/3"), standalone("db", 7000, 3));
    assert_eq!(topology("valkey://[::1]:7000/"), standalone("::1", 7000, 0));
    assert_eq!(topology("redis://[::1]"), standalone("::1", 6379, 0));
}

#[test]
fn an_s_means_tls() {
    for (plain, tls) in [
        ("redis://a", "rediss://a"),
        ("redis-sentinel://a/m", "rediss-sentinel://a/m"),
        ("redis-cluster://a", "rediss-cluster://a"),
    ] {
        assert!(!plain.parse::<RedisUrl>().unwrap().servers.tls);
        assert!(tls.parse::<RedisUrl>().unwrap().servers.tls);
        assert_eq!(topology(plain), topology(tls));
    }
}

#[test]
fn sentinels_are_named_with_what_they_call_the_primary() {
    let expected = RedisTopology::Sentinel {
        sentinels: vec![address("a", 26379), address("b", 1)],
        name: "mymaster".to_owned(),
        database: 2,
    };
    assert_eq!(topology("redis-sentinel://a,b:1/mymaster/2"), expected);
    assert_eq!(refusal("redis-sentinel://a,b"), InvalidRedisUrl::Name);
}

#[test]
fn a_cluster_is_named_by_some_of_its_nodes() {
    let nodes = vec![address("a", 1), address("b", 6379)];
    assert_eq!(
        topology("redis-cluster://a:1,b"),
        RedisTopology::Cluster { nodes }
    );
    assert_eq!(refusal("redis-cluster://a:1/3"), InvalidRedisUrl::Path);
}

#[test]
fn a_login_is_unescaped_and_never_printed() {
    let url: RedisUrl = "redis://us%40er:p%3Aa%2Fss@db:1".parse().unwrap();
    assert_eq!(url.login.user.as_deref(), Some("us@er"));
    assert_eq!(url.login.password.as_ref().unwrap().as_str(), "p:a/ss");
    assert!(!format!("{url:?}").contains("p:a"));
    let url: RedisUrl = "redis://:secret@db".parse().unwrap();
    assert_eq!(url.login.user, None);
    assert_eq!(url.login.password.unwrap().as_str(), "secret");
}

#[test]
fn what_is_no_url_of_servers_is_refused_with_what_would_be() {
    for (url, expected) in [
        ("", InvalidRedisUrl::Scheme),
        ("localhost:6379", InvalidRedisUrl::Scheme),
        ("http://localhost", InvalidRedisUrl::Scheme),
        ("redis://", InvalidRedisUrl::Address),
        ("redis://:6379", InvalidRedisUrl::Address),
        ("redis://a:0", InvalidRedisUrl::Address),
        ("redis://a:65536", InvalidRedisUrl::Address),
        ("redis://[::1", InvalidRedisUrl::Address),
        ("redis://a,b", InvalidRedisUrl::Several),
        ("redis://a/x", InvalidRedisUrl::Database),
        ("redis://a/-1", InvalidRedisUrl::Database),
        ("redis://u:%4@a", InvalidRedisUrl::Login),
        ("redis://u:%zz@a", InvalidRedisUrl::Login),
        ("redis://u:%ff@a", InvalidRedisUrl::Login),
    ] {
        assert_eq!(refusal(url), expected, "{url}");
    }
}
