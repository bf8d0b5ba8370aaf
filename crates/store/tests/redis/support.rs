//! Servers that cases share, and stores on them that share nothing.

use std::{
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};

use lanyard_redis_fixture::{Cluster, Replicated, Standalone};
use lanyard_revocation::{LogRead, partition_of};
use lanyard_store::{
    Store as _, SweepTime,
    redis::{RedisNamespace, RedisOpenError, RedisOptions, RedisStore, RedisTime, RedisUrl},
};
use lanyard_token::{Clock as _, ManualClock, ResourceId, SystemClock};
use uuid::Uuid;

/// Servers of a kind.
pub(crate) trait Servers: Send + Sync + Sized + 'static {
    /// Starts them.
    fn start() -> Self;

    /// What a store on them is opened with.
    fn options(&self) -> RedisOptions;
}

impl Servers for Standalone {
    fn start() -> Self {
        Self::start()
    }

    fn options(&self) -> RedisOptions {
        options(&self.url())
    }
}

impl Servers for Replicated {
    fn start() -> Self {
        Self::start(REPLICAS)
    }

    fn options(&self) -> RedisOptions {
        let mut options = options(&self.sentinel_url());
        options.replicas = u32::try_from(REPLICAS).ok();
        options
    }
}

impl Servers for Cluster {
    fn start() -> Self {
        Self::start()
    }

    fn options(&self) -> RedisOptions {
        options(&self.url())
    }
}

/// Servers that all cases at a time share. They are there for as long as a case is.
pub(crate) struct Shared<S>(Mutex<Weak<S>>);

impl<S: Servers> Shared<S> {
    pub(crate) const fn new() -> Self {
        Self(Mutex::new(Weak::new()))
    }

    pub(crate) fn servers(&self) -> Arc<S> {
        let mut shared = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        shared.upgrade().unwrap_or_else(|| {
            let started = Arc::new(S::start());
            *shared = Arc::downgrade(&started);
            started
        })
    }
}

/// What a store at a URL is opened with.
pub(crate) fn options(url: &str) -> RedisOptions {
    let url: RedisUrl = url.parse().unwrap();
    let mut options = RedisOptions::new(url.servers);
    options.login = url.login;
    options
}

/// A namespace that nobody else has.
pub(crate) fn own_namespace() -> RedisNamespace {
    Uuid::new_v4().simple().to_string().parse().unwrap()
}

/// Opens a store on a clock that the test moves.
pub(crate) async fn open(options: &RedisOptions, clock: Arc<ManualClock>) -> RedisStore {
    RedisStore::open(options, (clock, RedisTime::Clock), Uuid::new_v4)
        .await
        .unwrap()
}

const REPLICAS: usize = 2;

/// Opens a store on the servers' own clock, in the namespace of the options.
pub(crate) async fn serve(options: &RedisOptions) -> RedisStore {
    try_serve(options).await.unwrap()
}

/// The same, when it may be refused.
pub(crate) async fn try_serve(options: &RedisOptions) -> Result<RedisStore, RedisOpenError> {
    RedisStore::open(
        options,
        (Arc::new(SystemClock), RedisTime::Server),
        Uuid::new_v4,
    )
    .await
}

/// The time of a sweep by the clock of this machine, all of which is vouched for.
pub(crate) fn sweep_time() -> SweepTime {
    let wall = SystemClock.wall().unwrap();
    SweepTime {
        wall,
        vouched: Some(wall),
    }
}

/// Everything that is left of a partition's log, with where it ends.
pub(crate) async fn whole_log(store: &RedisStore, resource: ResourceId) -> LogRead {
    let partition = partition_of(resource, store.partitions());
    let mut whole = store.read_log(partition, None, 1_000).await.unwrap();
    while !whole.complete {
        let read = store
            .read_log(partition, whole.next_cursor(), 1_000)
            .await
            .unwrap();
        let before = std::mem::take(&mut whole.entries);
        whole = LogRead {
            entries: [before, read.entries.clone()].concat(),
            ..read
        };
    }
    whole
}

/// Tries until something is there.
pub(crate) async fn eventually<T, F: Future<Output = Option<T>>>(mut look: impl FnMut() -> F) -> T {
    let tried = async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let within = tokio::time::timeout(Duration::from_mins(1), tried).await;
    within.expect("should come within a minute")
}
