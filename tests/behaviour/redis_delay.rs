//! How long it takes from the acknowledgement of a revocation at one replica until the last enforcement
//! point refuses.

use std::pin::pin;
use std::slice::from_ref;
use std::time::Duration;

use futures_util::future::join_all;
use lanyard_proto::v1::{
    AccessKeySlot, CreateSubscriptionRequest, DecisionReason, DeleteResourceRequest,
    DeleteSubscriptionRequest, RevokeSigningKeyRequest, RotateAccessKeyRequest,
};
use lanyard_redis_fixture::Standalone;
use rustix::process::Signal;
use tokio::time::{Instant, sleep, timeout};

use crate::support::{
    Caller, Credential, Figures, Fleet, Parts, Replicas, Said, Server, eventually, question,
};

/// A thousand revocations, made at both replicas in turn, each followed to four points. The kinds that
/// need a tenant or a signing key of their own each time come less often.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revocation_at_one_replica_is_in_force_at_every_point_well_within_a_second() {
    let redis = Standalone::start();
    let fleet = Fleet::start(Replicas::on(&redis.url()), 4, &[]).await;
    let asked: Vec<_> = fleet.points.iter().map(Server::enforcer).collect();
    let mut measured = Vec::new();
    for batch in 0..ROUNDS / BATCH {
        let rounds = (batch * BATCH..).take(BATCH);
        let made = rounds.map(|round| Target::of(&fleet.authorities[round % 2], round));
        let targets = join_all(made).await;
        let tokens: Vec<_> = targets.iter().map(|target| target.token.clone()).collect();
        for asks in &asked {
            let is_good = |reason: &DecisionReason| *reason == DecisionReason::Allowed;
            eventually("all of them are good", async || {
                asks.verdicts(&tokens).await.iter().all(is_good)
            })
            .await;
        }
        for (turn, target) in targets.iter().enumerate() {
            // At the other replica than the one that issued it, in one batch, and at that in the next.
            let here = &fleet.authorities[(batch + turn) % 2];
            target.revoke(here).await;
            let acknowledged = Instant::now();
            let refused = asked.iter().map(|asks| until_refused(asks, &target.token));
            join_all(refused).await;
            measured.push((target.kind, acknowledged.elapsed()));
        }
    }
    for kind in KINDS {
        let of_kind = measured.iter().filter(|(one, _)| *one == kind);
        let delays: Vec<_> = of_kind.map(|(_, delay)| *delay).collect();
        println!("{kind:?}: {}", Figures::of(delays));
    }
    let all = Figures::of(measured.iter().map(|(_, delay)| *delay).collect());
    println!("from acknowledged to refused by the last of four: {all}");
    // What is typical says how news travels; the last of a thousand, how busy the machine was.
    assert!(all.p50 < Duration::from_millis(250), "{all}");
    assert!(all.p99 < Duration::from_secs(1), "{all}");
    for point in &fleet.points {
        assert_eq!(point.metric("lanyard_feed_divergences").await, 0);
        assert_eq!(point.metric("lanyard_feed_snapshots").await, 1);
    }
}

/// Whoever hands on the position of a revocation need not wait and see.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_check_that_names_the_position_of_a_revocation_waits_until_it_has_heard_of_it() {
    let redis = Standalone::start();
    let fleet = Fleet::start(Replicas::on(&redis.url()), 2, &[]).await;
    let asked = fleet.askers();
    let holders: Vec<_> = fleet.authorities.iter().map(Server::primary).collect();
    let mut waited = Vec::new();
    for round in 0..100 {
        let identity = holders[0].identity().await;
        let old = holders[round % 2].issue(&identity, &["chat"]).await.token;
        Said::ALLOWED.by_all(&asked, &old).await;
        let revocation = holders[round % 2].revoke_all(&identity).await.unwrap();
        let position = Some(revocation.position.as_str());
        let begun = Instant::now();
        let checks = asked
            .iter()
            .map(|asks| asks.check(question(&old, position)));
        for decision in join_all(checks).await {
            assert_eq!(decision.unwrap().reason(), DecisionReason::TokenRevoked);
        }
        waited.push(begun.elapsed());
    }
    println!("checks that wait: {}", Figures::of(waited));
}

/// The control: a point whose replica was stopped has not heard, and goes by what it knows unless the
/// position is named. Then it waits until it has.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_point_that_has_not_heard_of_a_revocation_accepts_unless_its_position_is_named() {
    let redis = Standalone::start();
    let fleet = Fleet::start(Replicas::on(&redis.url()), 0, &[]).await;
    let [followed, other] = fleet.authorities.as_slice() else {
        panic!("two replicas");
    };
    let point = Server::enforce(fleet.replicas.data(), &[followed.endpoint()], &[]).await;
    let (asks, holder) = (point.enforcer(), other.primary());
    let token = holder.token(&["chat"]).await;
    Said::ALLOWED.by_all(from_ref(&asks), &token).await;

    followed.signal(Signal::STOP);
    let revocation = holder.revoke(&token).await.unwrap();
    assert_eq!(Said::of(&asks, &token).await, Said::ALLOWED);
    let mut check = pin!(asks.check(question(&token, Some(&revocation.position))));
    let early = timeout(Duration::from_millis(100), &mut check).await;
    assert!(early.is_err(), "it did not wait: {early:?}");
    followed.signal(Signal::CONT);
    let decision = check.await.unwrap();
    assert_eq!(decision.reason(), DecisionReason::TokenRevoked);
}

/// What is revoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Token,
    Identity,
    DeletedIdentity,
    AccessKey,
    Resource,
    Subscription,
    SigningKey,
}

const KINDS: [Kind; 7] = [
    Kind::Token,
    Kind::Identity,
    Kind::DeletedIdentity,
    Kind::AccessKey,
    Kind::Resource,
    Kind::Subscription,
    Kind::SigningKey,
];

impl Kind {
    /// Of a batch, two are for each of the kinds that need a tenant. The last is for the signing key, since
    /// that takes back all the others, too.
    const fn of(round: usize) -> Self {
        match round % BATCH {
            0 | 12 => Self::AccessKey,
            4 | 16 => Self::Resource,
            8 | 20 => Self::Subscription,
            24 => Self::SigningKey,
            other => match other % 3 {
                0 => Self::Token,
                1 => Self::Identity,
                _ => Self::DeletedIdentity,
            },
        }
    }
}

/// A token, and everything above it.
struct Target {
    kind: Kind,
    holder: Credential,
    subscription_id: String,
    resource_id: String,
    identity: String,
    token: String,
}

impl Target {
    async fn of(server: &Server, round: usize) -> Self {
        let kind = Kind::of(round);
        let data = server.data();
        let text = |member| data.bootstrap_text(member);
        let (mut subscription_id, mut resource_id) = (text("subscription_id"), text("resource_id"));
        let mut holder = data.credential("primary");
        if matches!(kind, Kind::AccessKey | Kind::Resource | Kind::Subscription) {
            let operator = server.operator();
            if kind == Kind::Subscription {
                let display_name = format!("of round {round}");
                let request = CreateSubscriptionRequest { display_name };
                let made = operator.admin().create_subscription(request).await;
                subscription_id = made.unwrap().into_inner().subscription.unwrap().id;
            }
            let name = format!("round-{round}");
            let made = operator.create_resource(&subscription_id, &name).await;
            let made = made.unwrap();
            holder = Credential::from(&made.access_keys[0]);
            resource_id = made.resource.unwrap().id;
        }
        let caller = server.caller(&holder);
        let identity = caller.identity().await;
        let token = caller.issue(&identity, &["chat"]).await.token;
        Self {
            kind,
            holder,
            subscription_id,
            resource_id,
            identity,
            token,
        }
    }

    async fn revoke(&self, server: &Server) {
        let holder = server.caller(&self.holder);
        let mut admin = server.operator().admin();
        let resource_id = self.resource_id.clone();
        match self.kind {
            Kind::Token => drop(holder.revoke(&self.token).await.unwrap()),
            Kind::Identity => drop(holder.revoke_all(&self.identity).await.unwrap()),
            Kind::DeletedIdentity => drop(holder.delete(&self.identity).await.unwrap()),
            Kind::AccessKey => {
                let slot = AccessKeySlot::Primary.into();
                let request = RotateAccessKeyRequest { resource_id, slot };
                drop(admin.rotate_access_key(request).await.unwrap());
            }
            Kind::Resource => {
                let request = DeleteResourceRequest { resource_id };
                drop(admin.delete_resource(request).await.unwrap());
            }
            Kind::Subscription => {
                let subscription_id = self.subscription_id.clone();
                let request = DeleteSubscriptionRequest { subscription_id };
                drop(admin.delete_subscription(request).await.unwrap());
            }
            Kind::SigningKey => {
                let key_id = Parts::of(&self.token).kid();
                let request = RevokeSigningKeyRequest { key_id };
                drop(admin.revoke_signing_key(request).await.unwrap());
            }
        }
    }
}

async fn until_refused(asks: &Caller, token: &str) {
    loop {
        match Said::of(asks, token).await {
            Said::ALLOWED => sleep(Duration::from_millis(1)).await,
            said => return assert_eq!(said, Said::REVOKED),
        }
    }
}

const ROUNDS: usize = 1000;
/// How many tokens are made ready at a time.
const BATCH: usize = 25;
