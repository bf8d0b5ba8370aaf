//! Revoke at one replica, issue at the other, in the same instant.

use lanyard_proto::v1::{
    BatchCheckItem, BatchCheckRequest, Capability, DecisionReason, Revocation,
};
use lanyard_redis_fixture::Standalone;
use tokio::time::Instant;

use crate::support::{Caller, Replicas};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn revoke_at_one_issue_at_the_other_refuses_no_new_token_and_accepts_no_old_one() {
    revoke_and_issue(1_000).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes: the same as above, ten times as often"]
async fn the_same_ten_thousand_times() {
    revoke_and_issue(10_000).await;
}

/// A token that is issued after everything was revoked is good from its first use, and no token of
/// before is good any more, wherever it was issued and wherever it is checked.
async fn revoke_and_issue(rounds: usize) {
    let redis = Standalone::start();
    let replicas = Replicas::on(&redis.url());
    let (one, other) = tokio::join!(replicas.start(), replicas.start());
    let mut both = [one.primary(), other.primary()];
    let identity = both[0].identity().await;
    let begun = Instant::now();
    let mut old = both[0].issue(&identity, &["chat"]).await.token;
    let mut dead = Vec::new();
    for round in 1..=rounds {
        let [revokes, issues] = &both;
        let revocation = revokes.revoke_all(&identity).await.unwrap();
        let new = issues.issue(&identity, &["chat"]).await.token;
        // Where it was revoked that is known at once; nobody has to wait for a list.
        let verdicts = revokes.verdicts(&[old.clone(), new.clone()]).await;
        assert_eq!(verdicts, [REVOKED, ALLOWED], "round {round}");
        dead.push(old);
        old = new;
        if round % AT_A_TIME == 0 {
            let tokens = [std::mem::take(&mut dead), vec![old.clone()]].concat();
            everywhere(&both, &tokens, &revocation).await;
        }
        both.rotate_left(1);
    }
    println!("{rounds} rounds in {:?}", begun.elapsed());
}

/// Asserts that both replicas accept the last of the tokens and no other, once they have heard.
async fn everywhere(both: &[Caller; 2], tokens: &[String], revocation: &Revocation) {
    for caller in both {
        let checks = (0..).take(tokens.len()).map(|token_index| BatchCheckItem {
            token_index,
            capability: Capability::ListChatThreads.into(),
            context: None,
        });
        let request = BatchCheckRequest {
            checks: checks.collect(),
            tokens: tokens.to_vec(),
            min_position: Some(revocation.position.clone()),
        };
        let decisions = caller.batch(request).await.unwrap();
        let (last, before) = decisions.split_last().unwrap();
        assert_eq!(last.reason(), ALLOWED);
        assert_eq!(before.len(), AT_A_TIME);
        assert!(before.iter().all(|decision| decision.reason() == REVOKED));
    }
}

/// How many old tokens are checked in one go.
const AT_A_TIME: usize = 500;
const ALLOWED: DecisionReason = DecisionReason::Allowed;
const REVOKED: DecisionReason = DecisionReason::TokenRevoked;
