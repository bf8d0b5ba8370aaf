//! Killed at any moment: what was acknowledged is kept, and the store opens again by itself.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use lanyard_proto::v1::{
    AccessKeySlot, DecisionReason, ListSigningKeysRequest, PrepareSigningKeyRequest,
    RevokeSigningKeyRequest, RotateAccessKeyRequest, SigningKeyState,
};
use tokio::sync::Mutex;
use tokio::task::JoinSet;
use tokio::time::sleep;
use tonic::Status;
use tonic_types::StatusExt as _;

use crate::support::{Caller, Credential, Data, Server, eventually, http};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_kills_under_load_lose_nothing_that_was_acknowledged() {
    let mut schedule = Schedule::new(SEED);
    let data = Data::new();
    let mut ledger = Ledger::default();
    // More than fifty where so little is done in between that it would show nothing.
    for round in 0..500 {
        if round >= 50 && ledger.shows_load() {
            break;
        }
        let server = Server::start_on(&data, &[]).await;
        if round == 0 {
            ledger.key = Some(server.data().credential("secondary"));
        }
        let missing = ledger.missing(&server).await;
        assert_eq!(missing, NOTHING, "seed {SEED}, round {round}");
        let work = tokio::spawn(load(Writers::of(&server, &ledger), server.operator()));
        // Chance decides how much is under way, so this is the one wait for a time.
        sleep(schedule.pause()).await;
        server.kill();
        ledger.add(work.await.unwrap());
    }
    let server = Server::start_on(&data, &[]).await;
    assert_eq!(ledger.missing(&server).await, NOTHING, "seed {SEED}");
    assert!(ledger.shows_load(), "{:?}", ledger.counts());

    // The check is worth something only if it can fail: with what never was acknowledged, it does.
    let caller = server.primary();
    let fresh = caller.token(&["chat"]).await;
    ledger.dead.push(fresh.clone());
    let revoked = ledger.dead[0].clone();
    ledger.alive.push(revoked.clone());
    let never = format!(
        "8:acs:{}_{NEVER}",
        server.data().bootstrap_text("resource_id")
    );
    ledger.identities.push(never.clone());
    let missing = ledger.missing(&server).await;
    assert_eq!(
        missing,
        [
            format!("the identity {never} is gone"),
            format!("the token {revoked} is TokenRevoked"),
            format!("the token {fresh} is Allowed"),
        ]
    );
}

/// A kill leaves a file that names two roots, the last commit and the one before it. A start must not
/// fall back to the older one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_kill_under_load_a_flipped_bit_is_refused_or_loses_nothing() {
    let (mut lost, mut whole) = (0, 0);
    // A kill between a commit and its acknowledgement leaves a last root that may be lost. Another kill
    // follows then.
    for _ in 0..KILLS_BEFORE_FLIPS {
        let (lost_now, whole_now) = flipped_after_a_kill().await;
        (lost, whole) = (lost + lost_now, whole + whole_now);
        if lost > 0 && whole > 0 {
            return;
        }
    }
    panic!("{lost} lost, {whole} whole");
}

/// Kills a server under load, and starts one on each of many copies of its store with one bit flipped.
/// Returns how many starts were refused because an acknowledged commit is lost, and how many had all.
async fn flipped_after_a_kill() -> (u32, u32) {
    let data = Data::new();
    let server = Server::start_on(&data, &[]).await;
    let mut ledger = Ledger {
        key: Some(server.data().credential("secondary")),
        ..Ledger::default()
    };
    let work = tokio::spawn(load(Writers::of(&server, &ledger), server.operator()));
    eventually("there are many commits", async || {
        let metrics = http::get(server.admin_url(), "/metrics").await.body;
        let mut lines = metrics.lines();
        let commits = lines.find_map(|line| line.strip_prefix("lanyard_store_commits_total "));
        commits.is_some_and(|count| count.parse::<u64>().expect("a number") >= 100)
    })
    .await;
    server.kill();
    ledger.add(work.await.unwrap());
    let bytes = fs::read(data.store_path()).unwrap();
    let (mut lost, mut whole) = (0, 0);
    let mut schedule = Schedule::new(SEED);
    for (byte, bit) in flips(&mut schedule, bytes.len()) {
        let mut bytes = bytes.clone();
        bytes[byte] ^= 1 << bit;
        let copy = data.copy_with_store(&bytes);
        match Server::start_or_exit(&copy).await {
            Ok(server) => {
                let missing = ledger.missing(&server).await;
                assert_eq!(missing, NOTHING, "bit {bit} of byte {byte}");
                whole += 1;
            }
            Err(exited) => {
                let remedy = "from a backup, or choose another directory";
                assert!(exited.output.contains(remedy), "{exited:?}");
                lost += u32::from(exited.output.contains("was acknowledged"));
            }
        }
    }
    (lost, whole)
}

/// How many kills may fall between a commit and its acknowledgement, in a row.
const KILLS_BEFORE_FLIPS: usize = 10;

/// Bits of the header with its two roots, and of any page.
fn flips(schedule: &mut Schedule, len: usize) -> Vec<(usize, u64)> {
    let flags = (0..8).map(|bit| (9, bit));
    let roots = (64..320).step_by(16).map(|byte| (byte, byte as u64 % 8));
    let all = (0..24).map(|_| {
        let byte = schedule.below(len as u64);
        (usize::try_from(byte).unwrap(), byte % 8)
    });
    flags.chain(roots).chain(all).collect()
}

/// The very first start makes several files, one after another.
#[tokio::test]
async fn a_kill_in_the_middle_of_the_first_start_does_no_lasting_harm() {
    let mut schedule = Schedule::new(SEED);
    for round in 0..40 {
        let data = Data::new();
        let until = schedule.below(60);
        Server::killed_while_starting(&data, Duration::from_millis(until)).await;
        let server = Server::start_on(&data, &[]).await;
        assert!(
            data.bootstrap_path().exists(),
            "seed {SEED}, round {round}, after {until} ms"
        );
        let token = server.primary().token(&["chat"]).await;
        let state = server.enforcer().state(&token).await;
        assert_eq!(
            state,
            DecisionReason::Allowed,
            "seed {SEED}, round {round}, after {until} ms"
        );
    }
}

/// Everything that was acknowledged since the first start.
#[derive(Default)]
struct Ledger {
    identities: Vec<String>,
    deleted: Vec<String>,
    alive: Vec<String>,
    dead: Vec<String>,
    /// The access key that is rotated; none after a rotation of which nobody knows the outcome.
    key: Option<Credential>,
    rotations: usize,
}

impl Ledger {
    /// How many identities there are, tokens that live, tokens that are dead, and how many rotations
    /// there were.
    fn counts(&self) -> [usize; 4] {
        let tokens = [self.alive.len(), self.dead.len()];
        [self.identities.len(), tokens[0], tokens[1], self.rotations]
    }

    /// Whether there was enough of everything that something might have been lost.
    fn shows_load(&self) -> bool {
        let [most @ .., rotations] = self.counts();
        most.iter().all(|count| *count >= 50) && rotations >= 5
    }

    /// What a server does not know, or knows otherwise.
    async fn missing(&self, server: &Server) -> Vec<String> {
        let caller = server.primary();
        let mut missing = Vec::new();
        let mut listed: Vec<_> = caller
            .list_all()
            .await
            .into_iter()
            .map(|one| one.id)
            .collect();
        listed.sort_unstable();
        let known = |id: &String| listed.binary_search(id).is_ok();
        let gone = self.identities.iter().filter(|id| !known(id));
        missing.extend(gone.map(|id| format!("the identity {id} is gone")));
        let back = self.deleted.iter().filter(|id| known(id));
        missing.extend(back.map(|id| format!("the identity {id} is back")));
        for (tokens, expected) in [
            (&self.alive, DecisionReason::Allowed),
            (&self.dead, DecisionReason::TokenRevoked),
        ] {
            let verdicts = server.enforcer().verdicts(tokens).await;
            let wrong = tokens
                .iter()
                .zip(verdicts)
                .filter(|(_, verdict)| *verdict != expected);
            missing
                .extend(wrong.map(|(token, verdict)| format!("the token {token} is {verdict:?}")));
        }
        if let Some(key) = &self.key {
            let answer = server.caller(key).list(1, "").await;
            missing.extend(
                answer
                    .err()
                    .map(|refusal| format!("the key is refused: {refusal:?}")),
            );
        }
        missing
    }

    fn add(&mut self, more: Self) {
        self.identities.retain(|id| !more.deleted.contains(id));
        self.identities.extend(more.identities);
        self.deleted.extend(more.deleted);
        self.alive.retain(|token| !more.dead.contains(token));
        self.alive.extend(more.alive);
        self.dead.extend(more.dead);
        self.key = more.key;
        self.rotations += more.rotations;
    }
}

/// Those who work until the server is gone.
struct Writers {
    resource: String,
    issuer: Caller,
    key: Option<Credential>,
}

impl Writers {
    fn of(server: &Server, ledger: &Ledger) -> Self {
        let resource = server.data().bootstrap_text("resource_id");
        Self {
            resource,
            issuer: server.primary(),
            key: ledger.key.clone(),
        }
    }
}

/// Works with all hands until the server is gone, and tells what was acknowledged.
async fn load(writers: Writers, operator: Caller) -> Ledger {
    let ledger = Arc::new(Mutex::new(Ledger {
        key: writers.key,
        ..Ledger::default()
    }));
    let mut hands = JoinSet::new();
    for hand in 0..8 {
        let (issuer, ledger) = (writers.issuer.clone(), Arc::clone(&ledger));
        hands.spawn(async move { gone(live_and_die(&issuer, &ledger, hand).await) });
    }
    let rotating = Arc::clone(&ledger);
    let (keeper, resource) = (operator.clone(), writers.resource);
    hands.spawn(async move { gone(rotate(&keeper, &rotating, &resource).await) });
    hands.spawn(async move { gone(rotate_signing_keys(&operator).await) });
    hands.join_all().await;
    Arc::into_inner(ledger)
        .expect("all hands are down")
        .into_inner()
}

/// Makes identities and tokens, and takes some back.
///
/// What is about to be taken back counts for nothing until the answer is there: either is right.
async fn live_and_die(caller: &Caller, ledger: &Mutex<Ledger>, hand: usize) -> Result<(), Status> {
    loop {
        let identity = caller.create(None).await?.id;
        let [kept, lost] = [
            issue(caller, &identity).await?,
            issue(caller, &identity).await?,
        ];
        ledger.lock().await.alive.push(kept.clone());
        caller.revoke(&lost).await?;
        ledger.lock().await.dead.push(lost);
        match hand % 3 {
            0 => ledger.lock().await.identities.push(identity),
            1 => {
                ledger.lock().await.alive.retain(|token| *token != kept);
                caller.revoke_all(&identity).await?;
                let mut ledger = ledger.lock().await;
                ledger.dead.push(kept);
                ledger.identities.push(identity);
            }
            _ => {
                ledger.lock().await.alive.retain(|token| *token != kept);
                caller.delete(&identity).await?;
                let mut ledger = ledger.lock().await;
                ledger.dead.push(kept);
                ledger.deleted.push(identity);
            }
        }
    }
}

/// Rotates the secondary key again and again.
async fn rotate(operator: &Caller, ledger: &Mutex<Ledger>, resource: &str) -> Result<(), Status> {
    loop {
        let slot = AccessKeySlot::Secondary.into();
        let request = RotateAccessKeyRequest {
            resource_id: resource.to_owned(),
            slot,
        };
        ledger.lock().await.key = None;
        let rotated = operator
            .admin()
            .rotate_access_key(request)
            .await?
            .into_inner();
        let mut ledger = ledger.lock().await;
        ledger.key = rotated.access_key.as_ref().map(Credential::from);
        ledger.rotations += 1;
    }
}

/// Prepares signing keys and revokes them while they are prepared, so that no token dies of it.
async fn rotate_signing_keys(operator: &Caller) -> Result<(), Status> {
    loop {
        let mut admin = operator.admin();
        let prepared = admin
            .prepare_signing_key(PrepareSigningKeyRequest {})
            .await?
            .into_inner();
        let key_id = prepared.signing_key.expect("a key").id;
        let request = RevokeSigningKeyRequest {
            key_id: key_id.clone(),
        };
        admin.revoke_signing_key(request).await?;
        let listed = admin
            .list_signing_keys(ListSigningKeysRequest {})
            .await?
            .into_inner();
        let key = listed
            .signing_keys
            .iter()
            .find(|key| key.id == key_id)
            .expect("it is listed");
        assert_eq!(key.state(), SigningKeyState::Revoked);
        // One at a time, and not many: each takes its place in every list of keys for a day.
        sleep(Duration::from_millis(100)).await;
    }
}

async fn issue(caller: &Caller, identity: &str) -> Result<String, Status> {
    let request = crate::support::issue_request(identity, &["chat"]);
    Ok(caller.try_issue(request).await?.token)
}

/// Work ends because the server is gone: what the server itself refuses has a reason with it.
fn gone(end: Result<(), Status>) {
    let end = end.expect_err("work goes on until the end");
    assert!(
        end.get_details_error_info().is_none(),
        "the server refused: {end:?}"
    );
}

/// Chance that comes out the same every time (xorshift64).
struct Schedule(u64);

impl Schedule {
    const fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }

    /// From at once to well into the work.
    fn pause(&mut self) -> Duration {
        Duration::from_millis(self.below(400))
    }
}

const SEED: u64 = 0x6c61_6e79_6172_6401;

const NOTHING: [String; 0] = [];

/// A UUID that no server ever made.
const NEVER: &str = "00000000-0000-4000-8000-000000000000";
