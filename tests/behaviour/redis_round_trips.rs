//! How often a call has an authority ask Redis, counted on the wire between the two.
//!
//! Beside its calls an authority follows the logs and the signing keys all the time. What it sends for that
//! names no tenant, and so is told apart from what it sends for a call.

use futures_util::future::join_all;
use lanyard_redis_fixture::{Command, Standalone, Tap};
use lanyard_token::IdentityId;
use tonic::Code;

use crate::support::{Caller, Credential, Replicas, Server};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn to_issue_a_token_redis_is_asked_once() {
    let site = Site::start().await;
    let (holder, key) = site.holder("primary");
    holder.issue(&site.identity, &["chat"]).await;
    site.tap.forget();
    for _ in 0..ONE_BY_ONE {
        holder.issue(&site.identity, &["chat"]).await;
    }
    let sent = site.sent();
    let with_key = sent.iter().filter(|command| command.mentions(&key));
    assert_eq!(names(with_key), vec!["EVALSHA"; ONE_BY_ONE]);
    // Once a minute it is written down when a token was last issued.
    assert!(sent.len() <= ONE_BY_ONE + 1, "{sent:?}");
    // The control: a key that was not seen before is looked up where it may be, and then is seen.
    let (holder, key) = site.holder("secondary");
    let looks = ["HGET", "HGET", "HMGET", "SMISMEMBER"];
    for expected in [&[&["EVALSHA"], &looks[..]].concat()[..], &["EVALSHA"]] {
        holder.issue(&site.identity, &["chat"]).await;
        let sent = site.sent();
        let with_key = sent.iter().filter(|command| command.mentions(&key));
        assert_eq!(names(with_key), expected);
    }
}

/// How many share one depends on how many ask while the one before is sent.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn to_issue_many_tokens_at_once_redis_is_asked_less_often() {
    let site = Site::start().await;
    let (holder, key) = site.holder("primary");
    holder.issue(&site.identity, &["chat"]).await;
    site.tap.forget();
    for _ in 0..ROUNDS {
        join_all((0..AT_ONCE).map(|_| holder.issue(&site.identity, &["chat"]))).await;
    }
    let sent = site.sent();
    let scripts = sent.iter().filter(|command| command.mentions(&key)).count();
    println!("{scripts} scripts for {} tokens", ROUNDS * AT_ONCE);
    assert!(scripts < ROUNDS * AT_ONCE, "{scripts} scripts");
}

/// First whether the key is still there, which calls that issue find out in their own step.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn to_revoke_a_token_redis_is_asked_for_the_key_and_once_more() {
    let site = Site::start().await;
    let (holder, _) = site.holder("primary");
    let mut tokens = Vec::new();
    for _ in 0..=ONE_BY_ONE {
        tokens.push(holder.issue(&site.identity, &["chat"]).await.token);
    }
    holder.revoke(&tokens.pop().unwrap()).await.unwrap();
    site.tap.forget();
    for token in &tokens {
        holder.revoke(token).await.unwrap();
    }
    let sent = site.sent();
    let count = |name| sent.iter().filter(|command| command.name() == name).count();
    assert_eq!(count("HMGET"), 2 * ONE_BY_ONE);
    assert_eq!(count("SMISMEMBER"), ONE_BY_ONE);
    // Once a minute it is written down when a token was last issued.
    assert!((ONE_BY_ONE..=ONE_BY_ONE + 1).contains(&count("EVALSHA")));
    assert_eq!(sent.len(), 3 * ONE_BY_ONE + count("EVALSHA"));
}

/// Otherwise the time of a refusal would reveal which credentials there are.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_forged_proof_is_looked_up_whether_its_credential_is_remembered_or_unknown() {
    let site = Site::start().await;
    let known = site.server.data().credential("primary");
    let unknown = Credential {
        id: "01234567-89ab-4def-8123-456789abcdef".to_owned(),
        ..known.clone()
    };
    site.holder("primary")
        .0
        .issue(&site.identity, &["chat"])
        .await;
    let mut looked_up = Vec::new();
    for credential in [&known, &unknown] {
        site.tap.forget();
        let forger = site.server.caller(&Credential {
            secret: vec![7; 32],
            ..credential.clone()
        });
        let refusal = forger.create(None).await.unwrap_err();
        assert_eq!(refusal.code(), Code::Unauthenticated);
        let id = credential.id.replace('-', "");
        // The record of a key is with its resource, so a command may name only that.
        let names = |command: &Command| {
            command.mentions(&id) || site.own.iter().any(|own| command.mentions(own))
        };
        let sent = site.tap.commands();
        let mut of_it = sent.iter().filter(|one| names(one));
        // The record of a key, or the two places in which one of an unknown id could be.
        looked_up.push(of_it.any(|one| ["HGET", "HMGET"].contains(&one.name())));
    }
    assert_eq!(looked_up, [true, true]);
}

/// An authority that asks its Redis by way of a tap.
struct Site {
    tap: Tap,
    server: Server,
    identity: String,
    /// What a tenant's keys and arguments have in them.
    own: Vec<String>,
    // After the server, so that it is not missed.
    _redis: Standalone,
}

impl Site {
    async fn start() -> Self {
        let redis = Standalone::start();
        let tap = redis.tap();
        let server = Replicas::on(&tap.url()).start().await;
        let identity = server.primary().identity().await;
        let id: IdentityId = identity.parse().unwrap();
        let keys = ["primary", "secondary"].map(|role| text(&server, role));
        let uuids = [id.resource().as_uuid(), id.uuid()];
        let own = uuids.iter().map(|uuid| uuid.simple().to_string());
        Self {
            tap,
            own: own.chain(keys).collect(),
            server,
            identity,
            _redis: redis,
        }
    }

    /// Who holds one of the access keys, and how that is named.
    fn holder(&self, role: &str) -> (Caller, String) {
        let credential = self.server.data().credential(role);
        (self.server.caller(&credential), text(&self.server, role))
    }

    /// What was sent that names the tenant, since this was last asked.
    fn sent(&self) -> Vec<Command> {
        let mut sent = self.tap.commands();
        sent.retain(|command| self.own.iter().any(|id| command.mentions(id)));
        sent
    }
}

/// How Redis has the id of an access key.
fn text(server: &Server, role: &str) -> String {
    let Credential { id, .. } = server.data().credential(role);
    id.replace('-', "")
}

/// In the order of the alphabet.
fn names<'a>(commands: impl Iterator<Item = &'a Command>) -> Vec<&'a str> {
    let mut names: Vec<_> = commands.map(Command::name).collect();
    names.sort_unstable();
    names
}

const ONE_BY_ONE: usize = 50;
const AT_ONCE: usize = 64;
const ROUNDS: usize = 4;
