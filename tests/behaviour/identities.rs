//! Making, finding and deleting identities.

use std::collections::HashSet;

use lanyard_proto::v1::DecisionReason;
use tokio::task::JoinSet;
use tonic::{Code, Status};

use crate::support::{Caller, Server, describe, eventually, issue_request, reason, refused_field};

#[tokio::test]
async fn an_identity_has_the_id_of_its_resource_and_is_found_by_it() {
    let server = Server::start().await;
    let caller = server.primary();
    let made = caller.create(None).await.unwrap();
    let prefix = format!("8:acs:{}_", server.data().bootstrap_text("resource_id"));
    let rest = made.id.strip_prefix(&prefix).unwrap();
    assert!(rest.len() == 36 && !rest.contains('_'), "{}", made.id);
    assert_eq!(
        (&made.custom_id, &made.last_token_issue_time),
        (&None, &None)
    );
    assert!(made.create_time.is_some());
    assert_eq!(caller.read(&made.id).await.unwrap(), made);
    assert_eq!(server.secondary().read(&made.id).await.unwrap(), made);
}

#[tokio::test]
async fn a_custom_id_has_1_to_256_characters_however_many_bytes_they_are() {
    let server = Server::start().await;
    let caller = server.primary();
    for character in ["a", " ", "é", "漢", "🔑"] {
        for good in [1, 256] {
            let custom_id = character.repeat(good);
            let made = caller.create(Some(&custom_id)).await.unwrap();
            assert_eq!(made.custom_id.as_deref(), Some(&*custom_id));
            assert_eq!(
                caller.read(&made.id).await.unwrap().custom_id,
                made.custom_id
            );
        }
        refused_field(
            caller.create(Some(&character.repeat(257))).await,
            "custom_id",
        );
    }
    refused_field(caller.create(Some("")).await, "custom_id");
    refused_field(caller.create(Some(&"a".repeat(100_000))).await, "custom_id");
    assert_eq!(
        caller.list_all().await.len(),
        10,
        "what was refused left nothing behind"
    );
}

#[tokio::test]
async fn the_same_custom_id_gives_the_same_identity_back() {
    let server = Server::start().await;
    let caller = server.primary();
    let ada = caller.create(Some("ada")).await.unwrap();
    assert_eq!(caller.create(Some("ada")).await.unwrap(), ada);
    assert_eq!(server.secondary().create(Some("ada")).await.unwrap(), ada);
    for other in ["Ada", "ada ", "ad", "adaa"] {
        assert_ne!(
            caller.create(Some(other)).await.unwrap().id,
            ada.id,
            "{other}"
        );
    }
    let elsewhere = server.other_resource("elsewhere").await;
    assert_ne!(elsewhere.create(Some("ada")).await.unwrap().id, ada.id);
}

#[tokio::test]
async fn fifty_callers_at_once_with_one_custom_id_get_one_identity() {
    let server = Server::start().await;
    let caller = server.primary();
    let mut calls = JoinSet::new();
    for _ in 0..50 {
        let caller = server.primary();
        calls.spawn(async move { caller.create(Some("ada")).await.unwrap().id });
    }
    let ids: HashSet<String> = calls.join_all().await.into_iter().collect();
    assert_eq!(ids.len(), 1);
    assert_eq!(caller.list_all().await.len(), 1);
}

#[tokio::test]
async fn after_its_deletion_a_custom_id_names_a_new_identity() {
    let server = Server::start().await;
    let caller = server.primary();
    let before = caller.create(Some("ada")).await.unwrap();
    let token = caller.issue(&before.id, &["chat"]).await.token;
    caller.delete(&before.id).await.unwrap();

    let after = caller.create(Some("ada")).await.unwrap();
    assert_ne!(after.id, before.id);
    assert_eq!(caller.create(Some("ada")).await.unwrap(), after);
    assert_eq!(caller.state(&token).await, DecisionReason::TokenRevoked);
    let fresh = caller.issue(&after.id, &["chat"]).await.token;
    assert_eq!(caller.state(&fresh).await, DecisionReason::Allowed);
    assert_eq!(
        caller.read(&before.id).await.unwrap_err().code(),
        Code::NotFound
    );
}

#[tokio::test]
async fn a_deleted_identity_is_gone_and_can_be_deleted_once() {
    let server = Server::start().await;
    let caller = server.primary();
    let identity = caller.identity().await;
    caller.delete(&identity).await.unwrap();
    for refusal in refusals(&caller, &identity).await {
        assert_eq!(refusal.code(), Code::NotFound, "{refusal:?}");
        assert_eq!(reason(&refusal), "NOT_FOUND", "{refusal:?}");
    }
    assert!(caller.list_all().await.is_empty());
}

/// Whoever asks for the ids of others must not learn which of them there are.
#[tokio::test]
async fn an_id_of_another_resource_is_answered_like_one_that_never_existed() {
    let server = Server::start().await;
    let caller = server.primary();
    let resource = server.data().bootstrap_text("resource_id");
    let elsewhere = server.other_resource("elsewhere").await;
    let theirs = elsewhere.identity().await;
    let their_deleted = elsewhere.identity().await;
    elsewhere.delete(&their_deleted).await.unwrap();
    let our_deleted = caller.identity().await;
    caller.delete(&our_deleted).await.unwrap();

    let never = format!("8:acs:{resource}_{NEVER}");
    let expected = without_id(refusals(&caller, &never).await, &never);
    let their_resource = theirs.rsplit_once('_').unwrap().0;
    let others = [
        theirs.clone(),
        their_deleted,
        our_deleted,
        format!("{their_resource}_{NEVER}"),
        format!("8:acs:{NEVER}_{NEVER}"),
    ];
    for id in others {
        assert_eq!(
            without_id(refusals(&caller, &id).await, &id),
            expected,
            "{id}"
        );
    }
    assert_eq!(
        elsewhere.read(&theirs).await.unwrap().id,
        theirs,
        "nothing was deleted"
    );
}

#[tokio::test]
async fn what_is_no_identity_id_is_an_invalid_argument() {
    let server = Server::start().await;
    let caller = server.primary();
    let good = caller.identity().await;
    let (resource, uuid) = good
        .strip_prefix("8:acs:")
        .unwrap()
        .split_once('_')
        .unwrap();
    let malformed = [
        String::new(),
        "8:acs:".to_owned(),
        uuid.to_owned(),
        format!("8:acs:{resource}"),
        format!("8:acs:{resource}_"),
        format!("8:acs:{resource}{uuid}"),
        format!("8:acs:{resource}_{uuid}_"),
        format!("8:acs:{resource}_{uuid}_{uuid}"),
        format!("8:acs:{resource}-{uuid}"),
        format!("8:acs:{resource}_{}", uuid.to_uppercase()),
        format!("8:acs:{resource}_{}", uuid.replace('-', "")),
        format!("8:acs:{resource}_{{{uuid}}}"),
        format!("8:ACS:{resource}_{uuid}"),
        format!("4:acs:{resource}_{uuid}"),
        format!(" {good}"),
        format!("{good}\n"),
        format!("{good}\0"),
        good.replace('_', "/../"),
        "8:acs:".repeat(10_000),
    ];
    for id in malformed {
        for refusal in refusals(&caller, &id).await {
            refused_field(Err::<(), _>(refusal), "identity_id");
        }
    }
    assert_eq!(caller.read(&good).await.unwrap().id, good);
}

#[tokio::test]
async fn the_last_issue_is_told_to_the_minute_and_only_once_there_was_one() {
    let server = Server::start().await;
    let caller = server.primary();
    let identity = caller.identity().await;
    assert_eq!(
        caller.read(&identity).await.unwrap().last_token_issue_time,
        None
    );
    caller.issue(&identity, &["chat"]).await;

    // It is written behind; a drain writes what is still to be written.
    let server = server.restart(&[]).await;
    let caller = server.primary();
    eventually("the last issue is told", async || {
        caller
            .read(&identity)
            .await
            .unwrap()
            .last_token_issue_time
            .is_some()
    })
    .await;
    let read = caller.read(&identity).await.unwrap();
    let (issued, made) = (
        read.last_token_issue_time.unwrap(),
        read.create_time.unwrap(),
    );
    assert_eq!((issued.seconds % 60, issued.nanos), (0, 0), "to the minute");
    assert!(
        (made.seconds - 60..made.seconds + 120).contains(&issued.seconds),
        "{read:?}"
    );
}

/// How each call that names an identity refuses this one. The deletion comes last.
async fn refusals(caller: &Caller, identity: &str) -> [Status; 4] {
    [
        caller.read(identity).await.unwrap_err(),
        caller
            .try_issue(issue_request(identity, &["chat"]))
            .await
            .unwrap_err(),
        caller.revoke_all(identity).await.unwrap_err(),
        caller.delete(identity).await.unwrap_err(),
    ]
}

/// All that refusals say, details byte for byte, apart from the id that was asked for.
fn without_id(refusals: [Status; 4], id: &str) -> [(String, usize); 4] {
    refusals.map(|refusal| {
        assert_eq!(refusal.code(), Code::NotFound, "{refusal:?}");
        (
            describe(&refusal).replace(id, "ID"),
            refusal.details().len(),
        )
    })
}

/// A UUID that no server ever made.
const NEVER: &str = "00000000-0000-4000-8000-000000000000";
