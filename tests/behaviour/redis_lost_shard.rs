//! One of three shards of a Redis Cluster is away: checks and issuing go on for the resources of the
//! others.

use lanyard_redis_fixture::{Cluster, Node};
use lanyard_revocation::{PartitionId, partition_of};
use lanyard_token::IdentityId;
use std::num::NonZeroU16;
use tokio::task::block_in_place;

use crate::support::{Caller, Fleet, Replicas, Said, eventually, http};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_shard_of_the_root_checks_go_on_for_resources_of_the_others() {
    goes_and_comes(true, Node::kill, Node::restart).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn beside_a_shard_that_hangs_checks_go_on_for_resources_of_the_others() {
    goes_and_comes(false, Node::pause, Node::resume).await;
}

/// One node goes: the one with what spans all partitions, or one of the other two.
async fn goes_and_comes(of_root: bool, goes: impl FnOnce(&Node), comes: impl FnOnce(&Node)) {
    let cluster = Cluster::start_with(0, &["cluster-require-full-coverage no"]);
    let replicas = Replicas::with(&cluster.url(), &BOUND_FLAGS);
    let fleet = Fleet::start(replicas, 1, &BOUND_FLAGS).await;
    let lost = {
        let root = block_in_place(|| cluster.owner("{lanyard.root}:signing_keys"));
        if of_root { root } else { (root + 1) % 3 }
    };
    let is_lost = |identity: &str| {
        let id: IdentityId = identity.parse().unwrap();
        let partition = partition_of(id.resource(), PARTITIONS);
        block_in_place(|| cluster.owner(&key_in(partition))) == lost
    };
    let (here, there) = a_resource_on_either_side(&fleet, is_lost).await;
    let dead = here.holder.issue(&here.identity, &["chat"]).await.token;
    here.holder.revoke(&dead).await.unwrap();
    fleet.say(Said::ALLOWED, &here.token).await;
    fleet.say(Said::ALLOWED, &there.token).await;

    block_in_place(|| goes(cluster.node(lost)));
    // Beyond the bound: the list of the lost partitions is stale, and none other.
    fleet.say(Said::Stale, &there.token).await;
    for server in fleet.all() {
        eventually("stale partitions are listed", async || {
            let probe = http::get(server.admin_url(), "/readyz").await;
            probe.status == 200 && probe.body.contains("stale partitions: ")
        })
        .await;
        assert!(server.metric("lanyard_stale_partitions").await > 0);
    }
    let askers = fleet.askers();
    for _ in 0..50 {
        for asks in &askers {
            assert_eq!(Said::of(asks, &here.token).await, Said::ALLOWED);
            assert_eq!(Said::of(asks, &dead).await, Said::REVOKED);
            assert_eq!(Said::of(asks, &there.token).await, Said::Stale);
        }
    }
    // What is issued and revoked there is in force everywhere.
    let new = here.holder.issue(&here.identity, &["chat"]).await.token;
    fleet.say(Said::ALLOWED, &new).await;
    here.holder.revoke(&new).await.unwrap();
    fleet.say(Said::REVOKED, &new).await;
    // A point that is started now learns as much.
    if !of_root {
        let point = fleet.point(&BOUND_FLAGS).await;
        Said::REVOKED.by_all(&[point.enforcer()], &new).await;
        Said::ALLOWED.by_all(&[point.enforcer()], &here.token).await;
        Said::Stale.by_all(&[point.enforcer()], &there.token).await;
    }

    block_in_place(|| comes(cluster.node(lost)));
    fleet.say(Said::ALLOWED, &there.token).await;
    for server in fleet.all() {
        eventually("no partition is stale", async || {
            http::get(server.admin_url(), "/readyz").await.body == "ready\n"
        })
        .await;
        assert_eq!(server.metric("lanyard_stale_partitions").await, 0);
    }
}

/// A resource's key, and what it has.
struct Tenant {
    holder: Caller,
    identity: String,
    token: String,
}

/// Makes resources until there is one in a shard that stays and one in that which goes.
async fn a_resource_on_either_side(
    fleet: &Fleet,
    is_lost: impl Fn(&str) -> bool,
) -> (Tenant, Tenant) {
    let (mut here, mut there) = (None, None);
    for number in 0.. {
        let name = format!("tenant-{number}");
        let holder = fleet.authorities[0].other_resource(&name).await;
        let identity = holder.identity().await;
        let token = holder.issue(&identity, &["chat"]).await.token;
        let side = if is_lost(&identity) {
            &mut there
        } else {
            &mut here
        };
        *side = Some(Tenant {
            holder,
            identity,
            token,
        });
        if let (Some(_), Some(_)) = (&here, &there) {
            break;
        }
    }
    (here.unwrap(), there.unwrap())
}

fn key_in(partition: PartitionId) -> String {
    format!("{{lanyard.{partition}}}:meta")
}

/// As many as a store on Redis gets unless more are asked for.
const PARTITIONS: NonZeroU16 = NonZeroU16::new(16).unwrap();
/// Shorter than any that one would choose, so that a test can wait for it.
const BOUND_FLAGS: [&str; 2] = ["--freshness-bound", "5s"];
