//! Replicas are restarted one after the other, and nobody notices who tries again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use lanyard_proto::v1::{Capability, CheckRequest};
use lanyard_redis_fixture::Standalone;
use tokio::task::JoinSet;
use tonic::{Code, Status};

use crate::support::{Caller, Replicas, Server, eventually, issue_request};

/// Each caller has a replica that it calls first, and goes to the other when a call fails in a way
/// that says nothing about the call.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rolling_restart_fails_no_call_that_a_retry_does_not_cure() {
    let redis = Standalone::start();
    let replicas = Replicas::on(&redis.url());
    let (one, other) = tokio::join!(replicas.start(), replicas.start());
    let load = Load::start(&one, &other).await;
    let mut both = [Some(one), Some(other)];
    for turn in 0..2 * ROUNDS {
        load.goes_on().await;
        let server = &mut both[turn % 2];
        let old = server.take().unwrap();
        let address = old.address();
        let exited = old.stop().await;
        assert!(exited.status.success(), "{exited:?}");
        load.goes_on().await;
        *server = Some(replicas.start_with(&["--listen", &address]).await);
    }
    load.goes_on().await;
    let Counts { calls, retried } = load.stop().await;
    println!("{calls} calls, {retried} of them tried again, none failed");
    assert!(
        retried > 0,
        "the restarts were not felt, so this shows nothing"
    );
}

/// How often each of the two is restarted.
const ROUNDS: usize = 3;
/// How often one call is tried.
const TRIES: usize = 3;
/// How many call at the same time.
const CALLERS: usize = 8;

/// Callers that call for as long as they are let.
struct Load {
    shared: Arc<Shared>,
    callers: JoinSet<()>,
}

#[derive(Debug, Default)]
struct Shared {
    stop: AtomicBool,
    calls: AtomicUsize,
    retried: AtomicUsize,
}

struct Counts {
    calls: usize,
    retried: usize,
}

impl Load {
    async fn start(one: &Server, other: &Server) -> Self {
        let shared = Arc::new(Shared::default());
        let mut callers = JoinSet::new();
        for number in 0..CALLERS {
            let mut replicas = [one.primary(), other.primary()];
            replicas.rotate_left(number % 2);
            let shared = Arc::clone(&shared);
            callers.spawn(async move { call(&replicas, number, &shared).await });
        }
        let load = Self { shared, callers };
        load.goes_on().await;
        load
    }

    /// Waits until every caller may have called again.
    async fn goes_on(&self) {
        let calls = || self.shared.calls.load(Ordering::SeqCst);
        let before = calls();
        eventually("the callers call", async || {
            calls() >= before + 20 * CALLERS
        })
        .await;
    }

    async fn stop(self) -> Counts {
        self.shared.stop.store(true, Ordering::SeqCst);
        self.callers.join_all().await;
        Counts {
            calls: self.shared.calls.load(Ordering::SeqCst),
            retried: self.shared.retried.load(Ordering::SeqCst),
        }
    }
}

/// Calls of every kind, one after the other, each of which may be tried again.
async fn call(replicas: &[Caller; 2], number: usize, shared: &Shared) {
    let name = format!("caller {number}");
    while !shared.stop.load(Ordering::SeqCst) {
        let identity = tried(replicas, shared, &Call::Create(name.clone())).await;
        let token = tried(replicas, shared, &Call::Issue(identity)).await;
        let verdict = tried(replicas, shared, &Call::Check(token.clone())).await;
        assert_eq!(verdict, "true", "a token that nobody revoked");
        tried(replicas, shared, &Call::Revoke(token)).await;
    }
}

/// A call that does no harm when it is made twice.
enum Call {
    /// Makes the identity of this name, or finds it.
    Create(String),
    /// Issues a token for this identity.
    Issue(String),
    /// Asks whether this token is good.
    Check(String),
    /// Takes this token back.
    Revoke(String),
}

impl Call {
    /// Makes it, and gives what the next one needs.
    async fn make(&self, caller: &Caller) -> Result<String, Status> {
        match self {
            Self::Create(name) => Ok(caller.create(Some(name)).await?.id),
            Self::Issue(identity) => {
                let request = issue_request(identity, &["chat"]);
                Ok(caller.try_issue(request).await?.token)
            }
            Self::Check(token) => {
                let question = CheckRequest {
                    token: token.clone(),
                    capability: Capability::ListChatThreads.into(),
                    context: None,
                    min_position: None,
                };
                Ok(caller.check(question).await?.allowed.to_string())
            }
            Self::Revoke(token) => Ok(caller.revoke(token).await?.position),
        }
    }
}

/// Makes one call, again at the other replica if this one is not there.
async fn tried(replicas: &[Caller; 2], shared: &Shared, call: &Call) -> String {
    let mut failures = Vec::new();
    for caller in replicas.iter().cycle().take(TRIES) {
        match call.make(caller).await {
            Ok(answer) => {
                let again = usize::from(!failures.is_empty());
                shared.calls.fetch_add(1, Ordering::SeqCst);
                shared.retried.fetch_add(again, Ordering::SeqCst);
                return answer;
            }
            Err(status) if may_be_tried_again(&status) => failures.push(status),
            Err(status) => panic!("this is not to be tried again: {status:?}"),
        }
    }
    panic!("{TRIES} tries failed: {failures:?}");
}

/// What a server says that is about to stop, and what the transport says of a connection that broke
/// under a call.
fn may_be_tried_again(status: &Status) -> bool {
    let transport = std::error::Error::source(status).is_some();
    status.code() == Code::Unavailable || transport
}
