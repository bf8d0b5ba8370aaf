//! Load that does not wait for answers: five hundred revocations a second over all replicas, whatever
//! becomes of the ones before, and identities and rotations beside them.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use lanyard_proto::v1::{AccessKeySlot, RotateAccessKeyRequest};
use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;
use uuid::Uuid;

use super::{Caller, Credential, Fleet, KnownKey, Ledger, eventually, now, reason};

/// Load on the replicas of a fleet, until it is stopped.
pub(crate) struct Load {
    shared: Arc<Shared>,
    tasks: JoinSet<()>,
}

/// What the hands have in common.
struct Shared {
    stopped: AtomicBool,
    ledger: Mutex<Ledger>,
    /// Whether the replicas themselves may go away, and their connections with them.
    replicas_may_go: bool,
}

/// What tokens are made of.
struct Mint {
    key: KnownKey,
    identity: String,
    client_id: String,
}

impl Load {
    /// Begins, with a key that signs as many tokens to revoke as are needed. Every refusal must be the
    /// store's unavailability, unless the replicas may go away as well.
    pub(crate) async fn start(fleet: &Fleet, key: KnownKey, replicas_may_go: bool) -> Self {
        let [holders, operators] = ["primary", "operator"].map(|role| callers(fleet, role));
        let data = fleet.replicas.data();
        let mint = Mint {
            key,
            identity: holders[0].identity().await,
            client_id: data.credential("primary").id,
        };
        let ledger = Ledger {
            key: Some(data.credential("secondary")),
            ..Ledger::default()
        };
        let shared = Arc::new(Shared {
            stopped: AtomicBool::new(false),
            ledger: Mutex::new(ledger),
            replicas_may_go,
        });
        is_known(&mint, &holders).await;
        let resource_id = data.bootstrap_text("resource_id");
        let mut tasks = JoinSet::new();
        tasks.spawn(revoke(Arc::clone(&shared), mint, holders.clone()));
        tasks.spawn(create(Arc::clone(&shared), holders));
        tasks.spawn(rotate(Arc::clone(&shared), operators, resource_id));
        Self { shared, tasks }
    }

    /// Waits until more revocations, an identity and a rotation were acknowledged, and says how long that
    /// took with the first call, whichever that was.
    pub(crate) async fn goes_on(&self) -> Duration {
        let (begun, before) = (Instant::now(), self.acknowledged());
        eventually("a call is acknowledged", async || {
            self.acknowledged() != before
        })
        .await;
        let first = begun.elapsed();
        eventually("calls go on", async || {
            let after = self.acknowledged();
            after[0] >= before[0] + 60 && after[1] > before[1] && after[2] > before[2]
        })
        .await;
        first
    }

    fn acknowledged(&self) -> [usize; 3] {
        self.shared.ledger.lock().expect("a lock").acknowledged()
    }

    /// Stops, waits for the answers that are still to come, and tells all of them.
    pub(crate) async fn stop(self) -> Ledger {
        self.shared.stopped.store(true, Ordering::SeqCst);
        self.tasks.join_all().await;
        let shared = Arc::into_inner(self.shared).expect("all hands are down");
        shared.ledger.into_inner().expect("a lock")
    }
}

impl Shared {
    fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::SeqCst)
    }

    /// Notes how a call ended.
    fn note<T>(&self, answer: Result<T, Status>, acknowledged: impl FnOnce(&mut Ledger, T)) {
        let mut ledger = self.ledger.lock().expect("a lock");
        match answer {
            Ok(made) => acknowledged(&mut ledger, made),
            Err(refusal) => {
                let says_why = refusal.get_details_error_info().is_some();
                assert!(says_why || self.replicas_may_go, "{refusal:?}");
                if says_why {
                    assert_eq!(refusal.code(), Code::Unavailable, "{refusal:?}");
                    assert_eq!(reason(&refusal), "STORE_UNAVAILABLE", "{refusal:?}");
                }
                ledger.unacknowledged += 1;
            }
        }
    }
}

impl Mint {
    /// A token that nobody has revoked.
    fn token(&self) -> String {
        let claims = json!({
            "iss": "lanyard",
            "aud": "lanyard-access",
            "sub": self.identity,
            "iat": now(),
            "exp": now() + 3600,
            "jti": Uuid::new_v4().to_string(),
            "scope": "chat",
            "client_id": self.client_id,
            "pos": "0-0",
        });
        self.key.sign(&self.key.header(), &claims.to_string())
    }
}

/// Somebody at each replica.
fn callers(fleet: &Fleet, role: &str) -> Vec<Caller> {
    let credential = fleet.replicas.data().credential(role);
    let callers = fleet.authorities.iter();
    callers.map(|server| server.caller(&credential)).collect()
}

/// Waits until every replica takes the tokens.
async fn is_known(mint: &Mint, holders: &[Caller]) {
    for holder in holders {
        eventually("the key is known", async || {
            holder.revoke(&mint.token()).await.is_ok()
        })
        .await;
    }
}

/// Five hundred a second. What is late for its turn is done at once, so that a pause does not lessen
/// the load. While too many calls are under way, turns are let pass: on a machine that cannot keep up,
/// every answer would only come ever later.
async fn revoke(shared: Arc<Shared>, mint: Mint, holders: Vec<Caller>) {
    let mut turns = interval(Duration::from_millis(2));
    turns.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut calls = JoinSet::new();
    for holder in holders.iter().cycle() {
        turns.tick().await;
        if shared.is_stopped() {
            break;
        }
        while let Some(done) = calls.try_join_next() {
            done.expect("a call that was answered as it should");
        }
        if calls.len() >= AT_A_TIME {
            continue;
        }
        let (holder, token, shared) = (holder.clone(), mint.token(), Arc::clone(&shared));
        calls.spawn(async move {
            let answer = holder.revoke(&token).await;
            shared.note(answer, |ledger, revocation| {
                ledger.add_dead(token, &revocation);
            });
        });
    }
    calls.join_all().await;
}

async fn create(shared: Arc<Shared>, holders: Vec<Caller>) {
    for holder in holders.iter().cycle() {
        if shared.is_stopped() {
            return;
        }
        let answer = holder.create(None).await;
        shared.note(answer, |ledger, made| ledger.identities.push(made.id));
        sleep(Duration::from_millis(20)).await;
    }
}

async fn rotate(shared: Arc<Shared>, operators: Vec<Caller>, resource_id: String) {
    for operator in operators.iter().cycle() {
        if shared.is_stopped() {
            return;
        }
        let slot = AccessKeySlot::Secondary.into();
        let request = RotateAccessKeyRequest {
            resource_id: resource_id.clone(),
            slot,
        };
        // Until it is answered, nobody knows whether it is still the key.
        let old = shared.ledger.lock().expect("a lock").key.take();
        let answer = operator.admin().rotate_access_key(request).await;
        shared.note(answer, |ledger, made| {
            ledger.rotations += 1;
            ledger.retired.extend(old);
            let key = made.into_inner().access_key;
            ledger.key = key.as_ref().map(Credential::from);
        });
        sleep(Duration::from_millis(20)).await;
    }
}

/// How many revocations are under way at most.
const AT_A_TIME: usize = 64;
