//! The suite, over one server, over servers under Sentinel and over a Cluster.

use std::sync::{Arc, Mutex};

use lanyard_redis_fixture::{Cluster, Replicated, Standalone};
use lanyard_store::{
    conformance::Backend,
    redis::{RedisOptions, RedisStore},
};
use lanyard_token::ManualClock;

use crate::support::{Servers, Shared, open, own_namespace};

mod standalone {
    use super::*;

    lanyard_store::conformance_tests!(Redis::on(&SERVERS));

    static SERVERS: Shared<Standalone> = Shared::new();
}

mod sentinel {
    use super::*;

    lanyard_store::conformance_tests!(Redis::on(&SERVERS));

    static SERVERS: Shared<Replicated> = Shared::new();
}

mod cluster {
    use super::*;

    lanyard_store::conformance_tests!(Redis::on(&SERVERS));

    static SERVERS: Shared<Cluster> = Shared::new();
}

/// The stores of one case, each in a namespace of its own.
struct Redis<S: Servers> {
    servers: Arc<S>,
    opened: Mutex<Option<RedisOptions>>,
}

impl<S: Servers> Redis<S> {
    fn on(shared: &Shared<S>) -> Self {
        Self {
            servers: shared.servers(),
            opened: Mutex::default(),
        }
    }
}

impl<S: Servers> Backend for Redis<S> {
    type Store = RedisStore;

    async fn fresh(&self, clock: Arc<ManualClock>) -> RedisStore {
        let mut options = self.servers.options();
        options.namespace = own_namespace();
        *self.opened.lock().unwrap() = Some(options.clone());
        open(&options, clock).await
    }

    async fn reopen(&self, store: RedisStore, clock: Arc<ManualClock>) -> RedisStore {
        drop(store);
        let options = self.opened.lock().unwrap().clone().unwrap();
        open(&options, clock).await
    }
}
