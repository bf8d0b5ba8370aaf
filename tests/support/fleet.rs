//! Replicas of the authority on one store, and enforcement points that know all of them.

use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use super::{Caller, Replicas, Said, Server, eventually, http};

/// Replicas of the authority and enforcement points over all of them.
pub(crate) struct Fleet {
    pub(crate) replicas: Replicas,
    pub(crate) authorities: Vec<Server>,
    pub(crate) points: Vec<Server>,
}

impl Fleet {
    /// Starts two replicas and so many points, and waits until all are ready.
    pub(crate) async fn start(replicas: Replicas, points: usize, flags: &[&str]) -> Self {
        let (one, other) = tokio::join!(replicas.start(), replicas.start());
        let mut fleet = Self {
            replicas,
            authorities: vec![one, other],
            points: Vec::new(),
        };
        for _ in 0..points {
            let point = fleet.point(flags).await;
            fleet.points.push(point);
        }
        fleet.ready().await;
        fleet
    }

    /// Starts one more enforcement point.
    pub(crate) async fn point(&self, flags: &[&str]) -> Server {
        let endpoints = self.authorities.iter().map(Server::endpoint);
        let endpoints: Vec<_> = endpoints.collect();
        Server::enforce(self.replicas.data(), &endpoints, flags).await
    }

    /// Everybody who answers checks.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Server> {
        self.authorities.iter().chain(&self.points)
    }

    /// Somebody who asks each of them, over a connection that stays.
    pub(crate) fn askers(&self) -> Vec<Caller> {
        self.all().map(Server::enforcer).collect()
    }

    /// Waits until everybody is ready.
    pub(crate) async fn ready(&self) {
        for server in self.all() {
            server.becomes_ready().await;
        }
    }

    /// Waits until everybody says this of a token.
    pub(crate) async fn say(&self, said: Said, token: &str) {
        said.by_all(&self.askers(), token).await;
    }
}

impl Server {
    /// Waits until load balancers and operators are told that it can answer.
    pub(crate) async fn becomes_ready(&self) {
        eventually("it is ready", async || {
            self.readiness().await == (200, SERVING)
        })
        .await;
    }

    /// Waits until they are told that it cannot.
    pub(crate) async fn becomes_unready(&self) {
        let what = "it is not ready";
        eventually(what, async || self.readiness().await == (503, NOT_SERVING)).await;
    }

    /// A metric, with its labels if it has any.
    pub(crate) async fn metric(&self, name: &str) -> u64 {
        let text = http::get(self.admin_url(), "/metrics").await.body;
        let value = text.lines().find_map(|line| {
            let rest = line.strip_prefix(name)?;
            rest.strip_prefix(' ')?.parse().ok()
        });
        value.unwrap_or_else(|| panic!("no {name} in {text}"))
    }

    /// The host and the port of its endpoint.
    pub(crate) fn address(&self) -> String {
        let address = self.endpoint().strip_prefix("http://");
        address.expect("an address").to_owned()
    }

    async fn readiness(&self) -> (u16, i32) {
        let request = HealthCheckRequest {
            service: "lanyard.v1.PolicyService".to_owned(),
        };
        let mut client = HealthClient::new(self.channel());
        let health = client.check(request).await.expect("an answer");
        let probe = http::get(self.admin_url(), "/readyz").await.status;
        (probe, health.into_inner().status)
    }
}

const SERVING: i32 = ServingStatus::Serving as i32;
const NOT_SERVING: i32 = ServingStatus::NotServing as i32;
