//! A log in Redis that another hand has been at, under running replicas: noticed, healed from what they
//! know, and never an un-revoke.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use lanyard_proto::v1::{AccessKeySlot, RotateAccessKeyRequest};
use lanyard_redis_fixture::Standalone;
use serde_json::{Value, json};
use tokio::task::{JoinHandle, block_in_place};
use tokio::time::sleep;
use tonic::Code;
use uuid::Uuid;

use crate::support::{
    Caller, Fleet, Replicas, Said, Server, eventually, http, issue_request, lanyard, now,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deleted_stream_is_made_again_from_what_the_replicas_know() {
    let mut world = World::new().await;
    let stream = world.stream.clone();
    world.survives(|world| world.ask(&["DEL", &stream])).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_that_is_gone_with_all_that_is_known_of_it_is_made_again() {
    let mut world = World::new().await;
    let (stream, meta) = (world.stream.clone(), world.stream.replace(":log", ":meta"));
    world
        .survives(|world| world.ask(&["DEL", &stream, &meta]))
        .await;
}

/// The entries are still in the stream, so nothing has to be appended again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_whose_record_was_deleted_is_followed_again() {
    let mut world = World::new().await;
    let meta = world.stream.replace(":log", ":meta");
    world.recovers(|world| world.ask(&["DEL", &meta])).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_keys_of_a_partition_without_its_records_are_made_again() {
    let mut world = World::new().await;
    let keys = [":log", ":meta", ":dead", ":access_keys"];
    let keys = keys.map(|key| world.stream.replace(":log", key));
    let keys = keys.each_ref().map(String::as_str);
    world
        .survives(|world| world.ask(&[&["DEL"], &keys[..]].concat()))
        .await;
}

/// No authority knows what was in it, so no check is answered until an operator decides.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_that_was_lost_while_no_authority_ran_stops_checks_until_it_is_given_up() {
    for lost in [&[":meta"][..], &[":log"], &[":meta", ":log"]] {
        let mut world = World::new().await;
        world.fleet.points.clear();
        world.fleet.authorities.clear();
        let keys = lost.iter().map(|key| world.stream.replace(":log", key));
        let keys: Vec<_> = keys.collect();
        let keys = keys.iter().map(String::as_str);
        world.ask(&["DEL"].into_iter().chain(keys).collect::<Vec<_>>());
        for _ in 0..2 {
            let fresh = world.fleet.replicas.start().await;
            world.fleet.authorities.push(fresh);
        }
        for token in world.dead.iter().chain([&world.living]) {
            world.fleet.say(Said::Stale, token).await;
        }
        let tag = world.stream.strip_suffix("}:log").unwrap();
        let (_, partition) = tag.rsplit_once('.').unwrap();
        let listed: Value = serde_json::from_slice(&world.log(&["list"]).stdout).unwrap();
        let lacking = listed["lacking_partitions"].to_string();
        assert_eq!(
            lacking.replace('"', ""),
            format!("[{partition}]"),
            "{lost:?}"
        );
        let given_up = world.log(&["give-up-missing", partition]);
        assert!(given_up.status.success(), "{given_up:?}");
        world.fleet.ready().await;
        let again = world.log(&["give-up-missing", partition]);
        assert!(!again.status.success(), "{again:?}");
        // The entries that are left are in force.
        if lost == [":meta"] {
            for token in &world.dead {
                world.fleet.say(Said::REVOKED, token).await;
            }
        }
        world.fleet.say(Said::ALLOWED, &world.living).await;
        for server in &world.fleet.authorities {
            server.primary().token(&["chat"]).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trimmed_log_gets_its_entries_back() {
    let mut world = World::new().await;
    let stream = world.stream.clone();
    let trim = ["XTRIM", &stream, "MAXLEN", "1"];
    world.survives(|world| world.ask(&trim)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_entry_that_was_taken_out_of_the_middle_is_given_back() {
    let mut world = World::new().await;
    let stream = world.stream.clone();
    let place = world.places()[3].clone();
    world
        .survives(|world| world.ask(&["XDEL", &stream, &place]))
        .await;
}

/// What was revoked since the copy is nowhere but in the memory of those who run. What the copy brings
/// back to life stays dead all the same: an identity that was deleted, a key that was rotated.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_older_copy_of_the_data_lacks_is_given_back() {
    let mut world = World::new().await;
    let copy = tempfile::tempdir().unwrap();
    let dir = world.redis.dir();
    let deleted = world.fleet.authorities[0].primary().identity().await;
    block_in_place(|| {
        world.redis.kill();
        copy_all(&dir, copy.path());
        world.redis.restart();
    });
    world.serves_again().await;
    world.revoke(3).await;
    let one = &world.fleet.authorities[0];
    one.primary().delete(&deleted).await.unwrap();
    let request = RotateAccessKeyRequest {
        resource_id: one.data().bootstrap_text("resource_id"),
        slot: AccessKeySlot::Secondary.into(),
    };
    let mut admin = one.operator().admin();
    admin.rotate_access_key(request).await.unwrap();
    let restore = |world: &World| {
        world.redis.kill();
        fs::remove_dir_all(&dir).unwrap();
        copy_all(copy.path(), &dir);
        world.redis.restart();
    };
    world
        .survives(|world| block_in_place(|| restore(world)))
        .await;
    // The set of what stays dead may be lost as well.
    world.ask(&["DEL", &world.stream.replace(":log", ":dead")]);
    for replica in &world.fleet.authorities {
        let found = replica.primary().read(&deleted).await;
        assert_eq!(found.unwrap_err().code(), Code::NotFound);
        let request = issue_request(&deleted, &["chat"]);
        let issued = replica.primary().try_issue(request).await;
        assert_eq!(issued.unwrap_err().code(), Code::NotFound);
        let old_key = replica.secondary().create(None).await;
        assert_eq!(old_key.unwrap_err().code(), Code::Unauthenticated);
    }
}

/// What is not in the log is nobody's to give back: credentials, identities, keys. So replicas know
/// nobody any more, not even a point that asks for news, and whoever has accepted until then goes stale.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_flushall_nothing_is_accepted_for_longer_than_the_bound_and_nothing_dead_at_all() {
    let world = World::new().await;
    let watch = world.watch();
    world.ask(&["FLUSHALL"]);
    world.is_noticed().await;
    eventually("what was revoked is in the log again", async || {
        world.count("lanyard_log_healed_total").await >= 6
    })
    .await;
    for replica in world.fleet.authorities.iter().map(Server::enforcer) {
        // Whoever was let in before is let in for up to a second more.
        let what = "a replica knows nobody any more";
        eventually(what, async || {
            Said::of(&replica, &world.living).await == Said::Stranger
        })
        .await;
    }
    world.fleet.points[0].becomes_unready().await;
    let asks = world.fleet.points[0].enforcer();
    assert_eq!(Said::of(&asks, &world.living).await, Said::Stale);
    watch.ends().await;
    // The credentials that are there tell that this is no first start.
    let exited = world.fleet.replicas.refuses_to_start(&[]).await;
    assert!(exited.output.contains("bootstrap.json"), "{exited:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_foreign_entry_stops_checks_until_an_operator_strikes_it() {
    let world = World::new().await;
    let stream = world.stream.clone();
    world.ask(&["XADD", &stream, "*", "who", "knows"]);
    world.stands_still_until_struck().await;
}

/// As a newer version would write it: with a number, as the next entry of the log.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_entry_of_an_unknown_kind_stops_checks_until_an_operator_strikes_it() {
    let world = World::new().await;
    let (stream, meta) = (world.stream.clone(), world.stream.replace(":log", ":meta"));
    let number: u64 =
        block_in_place(|| world.redis.ask(&["HINCRBY", &meta, "number", "1"])).unwrap();
    let (number, id) = (number.to_string(), Uuid::new_v4().simple().to_string());
    let time = (now() * 1000).to_string();
    let fields = [
        "n", &number, "t", &time, "k", "galaxy", "i", &id, "f", "0", "p", "",
    ];
    world.ask(&[&["XADD", &stream, "*"], &fields[..]].concat());
    world.stands_still_until_struck().await;
}

/// A log of two replicas and a point, in which something was revoked.
struct World {
    redis: Standalone,
    fleet: Fleet,
    stream: String,
    living: String,
    dead: Vec<String>,
}

impl World {
    async fn new() -> Self {
        let redis = Standalone::start();
        let replicas = Replicas::with(&redis.url(), &BOUND_FLAGS);
        let fleet = Fleet::start(replicas, 1, &BOUND_FLAGS).await;
        let living = fleet.authorities[0].primary().token(&["chat"]).await;
        let mut world = Self {
            stream: String::new(),
            living,
            dead: Vec::new(),
            fleet,
            redis,
        };
        world.revoke(6).await;
        world.stream = world.longest_stream();
        world.fleet.say(Said::ALLOWED, &world.living).await;
        world
    }

    /// Revokes so many tokens more, by themselves and with their identities, at both replicas in turn,
    /// and waits until everybody knows.
    async fn revoke(&mut self, count: usize) {
        for number in 0..count {
            let holder = self.fleet.authorities[number % 2].primary();
            let identity = holder.identity().await;
            let token = holder.issue(&identity, &["chat"]).await.token;
            match number % 3 {
                0 => holder.revoke(&token).await,
                1 => holder.revoke_all(&identity).await,
                _ => holder.delete(&identity).await,
            }
            .unwrap();
            self.fleet.say(Said::REVOKED, &token).await;
            self.dead.push(token);
        }
    }

    /// As [`Self::recovers`], after revocations were lost, which are appended again.
    async fn survives(&mut self, damage: impl FnOnce(&Self)) {
        self.recovers(damage).await;
        assert!(self.count("lanyard_log_healed_total").await > 0);
        let logged = "lost revocations were appended again";
        eventually("it is logged", async || self.outputs().contains(logged)).await;
    }

    /// What is done to the log is noticed and healed, everything is as it was, and so it is to one that
    /// starts now. Nothing that is dead is accepted meanwhile.
    async fn recovers(&mut self, damage: impl FnOnce(&Self)) {
        let watch = self.watch();
        damage(self);
        self.is_noticed().await;
        self.serves_again().await;
        self.fleet.ready().await;
        let logged = "the whole revocation log is read and compared";
        eventually("it is logged", async || self.outputs().contains(logged)).await;
        watch.ends().await;
        let fresh = self.fleet.replicas.start().await;
        fresh.becomes_ready().await;
        self.fleet.authorities.push(fresh);
        for token in &self.dead {
            self.fleet.say(Said::REVOKED, token).await;
        }
        self.fleet.say(Said::ALLOWED, &self.living).await;
        for server in &self.fleet.authorities {
            let new = server.primary().token(&["chat"]).await;
            self.fleet.say(Said::ALLOWED, &new).await;
        }
        self.revoke(2).await;
    }

    /// Waits until both replicas have found the server that was started again.
    async fn serves_again(&self) {
        for replica in &self.fleet.authorities {
            let holder = replica.primary();
            let what = "an identity can be made again";
            eventually(what, async || holder.create(None).await.is_ok()).await;
        }
    }

    /// Nobody steps over an entry that cannot be understood: the list of its partition grows old, also
    /// that of one who starts now, until it is struck. Those of other partitions do not.
    async fn stands_still_until_struck(mut self) {
        let watch = self.watch();
        self.fleet.say(Said::Stale, &self.living).await;
        for server in self.fleet.all() {
            eventually("the stale partition is listed", async || {
                let probe = http::get(server.admin_url(), "/readyz").await;
                probe.status == 200 && probe.body.contains("stale partitions: ")
            })
            .await;
            assert_eq!(server.metric("lanyard_stale_partitions").await, 1);
        }
        for authority in &self.fleet.authorities {
            let probe = http::get(authority.admin_url(), "/readyz").await;
            assert!(probe.body.contains("`lanyard log list`"), "{probe:?}");
        }
        let fresh = self.fleet.replicas.start().await;
        self.fleet.authorities.push(fresh);
        self.fleet.say(Said::Stale, &self.living).await;
        let replica = &self.fleet.authorities[0];
        assert_eq!(replica.metric("lanyard_log_unreadable").await, 1);

        let listed: Value = serde_json::from_slice(&self.log(&["list"]).stdout).unwrap();
        assert_eq!(listed["lacking_partitions"], json!([]), "{listed}");
        let [entry] = listed["entries"].as_array().unwrap().as_slice() else {
            panic!("{listed}");
        };
        let [partition, place] = ["partition", "place"].map(|of| entry[of].as_str().unwrap());
        let struck = self.log(&["strike", partition, place]);
        assert!(struck.status.success(), "{struck:?}");
        self.fleet.ready().await;
        watch.ends().await;
        for token in &self.dead {
            self.fleet.say(Said::REVOKED, token).await;
        }
        self.fleet.say(Said::ALLOWED, &self.living).await;
        let operator = self.fleet.replicas.data().credential("operator").id;
        let parts = [
            "audit",
            "an entry was struck from the revocation log",
            place,
            operator.as_str(),
        ];
        self.fleet.authorities[1].says_in_one_line(&parts).await;
        self.revoke(2).await;
    }

    /// Runs `lanyard log`.
    fn log(&self, words: &[&str]) -> Output {
        let mut command = Command::new(lanyard());
        command.env_clear().arg("log").args(words).arg("--json");
        command.args(["--endpoint", self.fleet.authorities[1].endpoint()]);
        command
            .arg("--credential")
            .arg(self.fleet.replicas.data().bootstrap_path());
        block_in_place(|| command.output()).expect("the command runs")
    }

    async fn is_noticed(&self) {
        eventually("the damage is noticed", async || {
            let mut count = 0;
            for reason in ["gap", "damaged", "ends_before", "other_log"] {
                let name = format!("lanyard_log_resyncs_total{{reason=\"{reason}\"}}");
                count += self.count(&name).await;
            }
            count > 0
        })
        .await;
    }

    /// Asks everybody about everything that is dead, again and again, from now on.
    fn watch(&self) -> Watch {
        let (asked, dead) = (self.fleet.askers(), self.dead.clone());
        let stopped = Arc::new(AtomicBool::new(false));
        let stop = Arc::clone(&stopped);
        let task = tokio::spawn(async move {
            let mut checks = 0;
            while !stop.load(Ordering::SeqCst) {
                for asks in &asked {
                    checks += none_is_accepted(asks, &dead).await;
                }
                sleep(Duration::from_millis(5)).await;
            }
            checks
        });
        Watch { stopped, task }
    }

    async fn count(&self, metric: &str) -> u64 {
        let mut count = 0;
        for replica in &self.fleet.authorities {
            count += replica.metric(metric).await;
        }
        count
    }

    fn outputs(&self) -> String {
        self.fleet.authorities.iter().map(Server::output).collect()
    }

    fn ask(&self, words: &[&str]) {
        block_in_place(|| self.redis.ask::<()>(words)).unwrap();
    }

    /// The log of the partition that has the resource: the others have next to nothing in theirs.
    fn longest_stream(&self) -> String {
        let ask = |words: &[&str]| block_in_place(|| self.redis.ask::<Vec<String>>(words));
        let streams = ask(&["KEYS", "{lanyard.*}:log"]).unwrap();
        let length = |name: &String| self.redis.ask::<u64>(&["XLEN", name]).unwrap();
        let longest = block_in_place(|| streams.into_iter().max_by_key(length));
        longest.expect("a log")
    }

    /// Where the entries of the log are.
    fn places(&self) -> Vec<String> {
        let range = ["XRANGE", &self.stream, "-", "+"];
        let entries: Vec<(String, Vec<String>)> =
            block_in_place(|| self.redis.ask(&range)).unwrap();
        entries.into_iter().map(|(place, _)| place).collect()
    }
}

/// Somebody who keeps asking.
struct Watch {
    stopped: Arc<AtomicBool>,
    task: JoinHandle<usize>,
}

impl Watch {
    async fn ends(self) {
        self.stopped.store(true, Ordering::SeqCst);
        let checks = self.task.await.expect("nothing dead was accepted");
        assert!(checks > 10, "only {checks} checks");
    }
}

async fn none_is_accepted(asks: &Caller, dead: &[String]) -> usize {
    for token in dead {
        assert_ne!(Said::of(asks, token).await, Said::ALLOWED);
    }
    dead.len()
}

pub(super) fn copy_all(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_all(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Short, so that what is refused after it is refused soon.
const BOUND_FLAGS: [&str; 2] = ["--freshness-bound", "3s"];
