//! The trust feed, as any client sees it.

use std::time::Duration;

use lanyard_proto::v1::watch_request::Message as Asked;
use lanyard_proto::v1::watch_response::Message;
use lanyard_proto::v1::{
    CreateServiceKeyRequest, DeleteServiceKeyRequest, GetKeySetRequest, HandleKind, Heartbeat,
    PrepareSigningKeyRequest, RevokeSigningKeyRequest, ServiceKeyRole, WatchStarted,
};
use serde_json::Value;
use tokio::time::Instant;
use tonic::Code;

use crate::support::{Credential, Data, Server, Watching, eventually, http, reason, refused_field};

#[tokio::test]
async fn a_watch_begins_with_a_snapshot_and_goes_on_with_what_changes() {
    let server = Server::start().await;
    let (holder, enforcer) = (server.primary(), server.enforcer());
    let identity = holder.identity().await;
    let before = holder.revoke_all(&identity).await.unwrap();
    let mut watching = Watching::start_after(&enforcer, 1).await;
    let started = watching.started.unwrap();
    assert_eq!((started.partitions, started.resumed), (1, false));
    let [revoked] = watching.snapshot.as_slice() else {
        panic!("one: {:?}", watching.snapshot)
    };
    assert_eq!(revoked.revoked_before, before.position);
    assert_eq!(revoked.handle_kind(), HandleKind::Identity);
    assert_eq!(revoked.handle_id.len(), 16);
    assert!(watching.entries.is_empty() && !revoked.r#final);

    let after = holder.delete(&identity).await.unwrap();
    while watching.entries.is_empty() {
        watching.next().await.unwrap();
    }
    let [entry] = watching.entries.as_slice() else {
        panic!("one: {:?}", watching.entries)
    };
    assert_eq!((entry.number, &entry.position), (2, &after.position));
    assert!(entry.revoked.as_ref().unwrap().r#final);
}

#[tokio::test]
async fn a_ping_is_answered_after_everything_that_was_acknowledged_before_it() {
    let server = Server::start().await;
    let holder = server.primary();
    let mut watching = Watching::start(&server.enforcer()).await;
    for count in 1..=50 {
        let identity = holder.identity().await;
        holder.revoke_all(&identity).await.unwrap();
        let acknowledged = Instant::now();
        let mut list = None;
        eventually("the revocation is told", async || {
            let since = acknowledged.elapsed();
            let heartbeat = watching.ping().await;
            let is_told = watching.entries.len() == count;
            // The list may still be the one before the revocation, and then it says so.
            let age = age_of(&heartbeat);
            assert!(is_told || age >= since, "{age:?} old, {since:?} after it");
            list = heartbeat.list;
            is_told
        })
        .await;
        if let Some(list) = list {
            assert_eq!(list.live_entries, u64::try_from(count).unwrap());
            assert_eq!(list.digest.len(), 16);
        }
    }
}

#[tokio::test]
async fn a_cursor_brings_only_what_came_after_it_also_from_a_server_that_was_restarted() {
    let server = Server::start().await;
    let mut cursor = Watching::start(&server.enforcer()).await.cursor;
    let holder = server.primary();
    for _ in 0..5 {
        let identity = holder.identity().await;
        let revoked = holder.revoke_all(&identity).await.unwrap();
        let mut watching = Watching::resume(&server.enforcer(), &cursor).await;
        while watching.entries.is_empty() {
            watching.next().await.unwrap();
        }
        assert!(watching.started.unwrap().resumed && watching.snapshot.is_empty());
        assert_eq!(watching.entries.len(), 1);
        assert_eq!(watching.entries[0].position, revoked.position);
        assert_eq!(watching.keys.len(), 1, "the keys are told again");
        cursor = watching.cursor;
    }
    let identity = holder.identity().await;
    holder.revoke_all(&identity).await.unwrap();
    let server = server.restart(&[]).await;
    let watching = Watching::resume(&server.enforcer(), &cursor).await;
    assert!(watching.started.unwrap().resumed && watching.snapshot.is_empty());
    assert_eq!(watching.entries.len(), 1);
}

#[tokio::test]
async fn a_cursor_of_another_store_or_ahead_of_the_log_brings_a_snapshot() {
    let other = Server::start().await;
    let foreign = Watching::start(&other.enforcer()).await.cursor;
    let server = Server::start().await;
    let holder = server.primary();
    let identity = holder.identity().await;
    holder.revoke_all(&identity).await.unwrap();
    let own = Watching::start_after(&server.enforcer(), 1).await.cursor;
    let (start, _) = own.rsplit_once('.').unwrap();
    let several = format!("{own},{own}");
    for cursor in [foreign, format!("{start}.9"), several] {
        let watching = Watching::resume(&server.enforcer(), &cursor).await;
        assert!(!watching.started.unwrap().resumed, "{cursor}");
        assert_eq!(watching.snapshot.len(), 1, "{cursor}");
        assert_eq!(watching.cursor, own);
    }
}

#[tokio::test]
async fn what_is_no_cursor_or_no_ping_is_refused_with_its_field() {
    let server = Server::start().await;
    for text in ["", "x", "0-0", &"1".repeat(100_000)] {
        let cursor = Asked::Cursor(text.to_owned());
        let mut watching = Watching::begin(&server.enforcer(), cursor).await.unwrap();
        refused_field::<()>(Err(watching.end().await), "cursor");
    }
    let own = Watching::start(&server.enforcer()).await.cursor;
    let mut watching = Watching::start(&server.enforcer()).await;
    watching.say(Asked::Cursor(own));
    refused_field::<()>(Err(watching.end().await), "cursor");
}

#[tokio::test]
async fn another_key_set_is_told_at_once_and_a_compromised_key_as_such() {
    let server = Server::start().await;
    let operator = server.operator();
    let mut watching = Watching::start(&server.enforcer()).await;
    assert_eq!(watching.keys.len(), 1);
    let first = watching.keys[0].keys[0].kid.clone();
    let request = PrepareSigningKeyRequest {};
    operator.admin().prepare_signing_key(request).await.unwrap();
    while watching.keys.len() < 2 {
        watching.next().await.unwrap();
    }
    assert_eq!(watching.keys[1].keys.len(), 2);
    let request = RevokeSigningKeyRequest {
        key_id: first.clone(),
    };
    operator.admin().revoke_signing_key(request).await.unwrap();
    while watching.keys.last().unwrap().revoked_keys.is_empty() {
        watching.next().await.unwrap();
    }
    let last = watching.keys.last().unwrap();
    assert_eq!((last.keys.len(), &last.revoked_keys[0].kid), (1, &first));
}

#[tokio::test]
async fn the_key_set_of_the_service_is_the_one_over_http() {
    let server = Server::start().await;
    let answer = server
        .enforcer()
        .trust()
        .get_key_set(GetKeySetRequest {})
        .await;
    let [key] = answer.unwrap().into_inner().keys.try_into().unwrap();
    let published = http::get(server.endpoint(), "/.well-known/jwks.json").await;
    let published: Value = serde_json::from_str(&published.body).unwrap();
    let published = &published["keys"][0];
    let told = [key.kty, key.crv, key.x, key.kid, key.alg, key.r#use];
    let members = ["kty", "crv", "x", "kid", "alg", "use"];
    assert_eq!(
        told.map(Value::from),
        members.map(|name| published[name].clone())
    );
}

#[tokio::test]
async fn a_watch_does_not_outlive_its_credential_by_more_than_fifteen_seconds() {
    let server = Server::start().await;
    let operator = server.operator();
    let role = ServiceKeyRole::Enforcer.into();
    let made = operator
        .admin()
        .create_service_key(CreateServiceKeyRequest { role })
        .await;
    let key = made.unwrap().into_inner().service_key.unwrap();
    let mut watching = Watching::start(&server.caller(&Credential::from(&key))).await;
    let mut other = Watching::start(&server.enforcer()).await;
    let request = DeleteServiceKeyRequest {
        service_key_id: key.id,
    };
    operator.admin().delete_service_key(request).await.unwrap();
    let deleted = Instant::now();
    let status = watching.end().await;
    assert_eq!(status.code(), Code::Unauthenticated, "{status:?}");
    assert_eq!(reason(&status), "CREDENTIAL_REFUSED");
    assert!(deleted.elapsed() < Duration::from_secs(15));
    other.ping().await;
}

#[tokio::test]
async fn a_server_that_stops_ends_its_watches_and_says_so() {
    let server = Server::start().await;
    let mut watching = Watching::start(&server.enforcer()).await;
    server.terminate();
    let status = watching.end().await;
    assert_eq!(status.code(), Code::Unavailable, "{status:?}");
    assert_eq!(reason(&status), "DRAINING");
    let exited = server.ended().await;
    assert!(exited.status.success());
    // Nor has it waited for watches to end as it does for calls.
    assert!(!exited.output.contains("calls were cut off"), "{exited:?}");
}

#[tokio::test]
async fn a_watcher_that_does_not_read_is_ended_and_resumes() {
    let server = Server::start().await;
    let mut watching = Watching::start(&server.enforcer()).await;
    let mut quick = Watching::start(&server.enforcer()).await;
    // More answers than the two and the connection between them have room for.
    for _ in 0..60_000 {
        watching.ask();
    }
    // The server runs out of patience, while others are served as ever.
    let what = "the server has ended the watch that nobody reads";
    eventually(what, async || {
        quick.ping().await;
        server.output().contains("a call was refused")
    })
    .await;
    let status = watching.end().await;
    assert_eq!(status.code(), Code::Aborted, "{status:?}");
    assert_eq!(reason(&status), "WATCH_TOO_SLOW");
    let resumed = Watching::resume(&server.enforcer(), &watching.cursor).await;
    assert!(matches!(
        resumed.started,
        Some(WatchStarted {
            resumed: true,
            partitions: 1
        })
    ));
}

#[tokio::test]
async fn two_hundred_watchers_hear_of_every_revocation_in_its_order() {
    let server = Server::start().await;
    let enforcer = server.enforcer();
    let mut watchers = Vec::new();
    for _ in 0..200 {
        watchers.push(Watching::start(&enforcer).await);
    }
    let holder = server.primary();
    let mut positions = Vec::new();
    for _ in 0..20 {
        let identity = holder.identity().await;
        positions.push(holder.revoke_all(&identity).await.unwrap().position);
    }
    for mut watching in watchers {
        while watching.entries.len() < positions.len() {
            let message = watching.next().await.unwrap();
            // The key set is told again now and then, on a machine that takes so long.
            let is_expected = matches!(message, Message::Revocations(_) | Message::KeySet(_));
            assert!(is_expected, "{message:?}");
        }
        let told = watching.entries.iter().map(|entry| &entry.position);
        assert!(told.eq(&positions));
    }
}

#[tokio::test]
async fn a_cursor_survives_a_crash_of_the_server() {
    let data = Data::new();
    let server = Server::start_on(&data, &[]).await;
    let holder = server.primary();
    let identity = holder.identity().await;
    holder.revoke_all(&identity).await.unwrap();
    let cursor = Watching::start_after(&server.enforcer(), 1).await.cursor;
    server.kill();
    let server = Server::start_on(&data, &[]).await;
    let watching = Watching::resume(&server.enforcer(), &cursor).await;
    assert!(watching.started.unwrap().resumed);
    assert!(watching.entries.is_empty());
}

/// How old a list is, as its server says.
fn age_of(heartbeat: &Heartbeat) -> Duration {
    let age = heartbeat.age.expect("it was read");
    age.try_into().expect("an age")
}
