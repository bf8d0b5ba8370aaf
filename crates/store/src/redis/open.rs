//! Finding the servers, and making the store on them if there is none.

use std::{
    num::NonZeroU16,
    sync::{Arc, Mutex},
};

use futures_util::future::try_join_all;
use lanyard_revocation::{LogId, PartitionId};
use lanyard_token::{Clock, Position};
use redis::Cmd;
use uuid::Uuid;

use super::{
    RedisStore,
    confirm::Confirmer,
    credentials::KnownAccessKeys,
    engine::{Effect, Engine, RedisTime},
    failure::{Failure, Unfit},
    grown::Listener,
    keys::Keys,
    log::{self, NewLog},
    options::{RedisDurability, RedisOptions},
    records::corrupt,
    reply::Reply,
    script::Scripts,
    tls::RedisTlsError,
    topology::Topology,
};
use crate::StoreError;

/// Why a store on Redis could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum RedisOpenError {
    /// TLS with the servers could not be set up.
    #[error(transparent)]
    Tls(#[from] RedisTlsError),
    /// A server is not fit to keep a store.
    #[error(transparent)]
    Unfit(#[from] Unfit),
    /// The servers are away.
    #[error("Redis cannot be reached: {0}")]
    Away(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A server refuses an operation.
    #[error("Redis refuses an operation: {0}")]
    Refused(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// There is no store, and none may be made.
    #[error("there is no store")]
    NoStore,
    /// The store was made by a version that keeps things differently.
    #[error("the store on Redis has layout {found}, and this version reads layout {LAYOUT}")]
    OtherLayout {
        /// Its layout.
        found: String,
    },
    /// The first operations failed.
    #[error("{}{}", .0, cause_of(.0))]
    Store(#[from] StoreError),
}

impl From<Failure> for RedisOpenError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Unfit(unfit) => Self::Unfit(unfit),
            Failure::Away(source) | Failure::Elsewhere(source) => Self::Away(source),
            Failure::Refused(source) => Self::Refused(source),
            corrupt @ Failure::Corrupt(_) => Self::Store(corrupt.into()),
        }
    }
}

/// The cause of an error, to be printed after it.
fn cause_of(error: &StoreError) -> String {
    let cause = std::error::Error::source(error);
    cause.map(|cause| format!(": {cause}")).unwrap_or_default()
}

impl RedisStore {
    /// Opens the store on some servers, and makes it if they have none. Entries are stamped by the
    /// server's clock or, for tests, by this one.
    ///
    /// `new_log` draws the ids of logs that have to be made.
    ///
    /// # Errors
    /// As [`RedisOpenError`] says.
    pub async fn open(
        options: &RedisOptions,
        (clock, time): (Arc<dyn Clock>, RedisTime),
        new_log: impl Fn() -> Uuid + Send + Sync + 'static,
    ) -> Result<Self, RedisOpenError> {
        let topology = Topology::new(options)?;
        let replicas = replicas_to_wait_for(&topology, options).await?;
        let engine = Arc::new(Engine {
            topology,
            keys: Keys::new(options.namespace.as_str()),
            scripts: Scripts::new(),
            replicas,
            clock,
            time,
            confirmer: Confirmer::default(),
            shortage: Mutex::default(),
        });
        let partitions = prepare(&engine, options, &new_log).await?;
        Ok(Self {
            listener: Listener::start(Arc::clone(&engine), partitions),
            engine,
            grants: Arc::default(),
            partitions,
            known_access_keys: KnownAccessKeys::default(),
            new_log: Box::new(move || LogId::from_uuid(new_log())),
        })
    }
}

/// How many replicas a write waits for. Whoever has replicas has to say.
async fn replicas_to_wait_for(
    topology: &Topology,
    options: &RedisOptions,
) -> Result<u32, RedisOpenError> {
    let primaries = topology.ask().await?;
    for address in primaries.addresses() {
        let replicas = topology.node(&address).replicas().await?;
        let is_said = options.replicas.is_some() || options.durability == RedisDurability::Relaxed;
        if replicas > 0 && !is_said {
            return Err(Unfit::Replicas { address, replicas }.into());
        }
        let waits_for = options.replicas.unwrap_or(0);
        if replicas > waits_for {
            tracing::warn!(
                %address, replicas, waits_for,
                "writes wait for fewer replicas than there are; a failover may lose acknowledged writes"
            );
        }
    }
    Ok(options.replicas.unwrap_or(0))
}

/// Makes what a new store begins with, or finds out what it was made with.
async fn prepare(
    engine: &Engine,
    options: &RedisOptions,
    new_log: &(impl Fn() -> Uuid + Send + Sync),
) -> Result<NonZeroU16, RedisOpenError> {
    let (found, is_new) = if let Some(found) = existing(engine).await? {
        (found, false)
    } else {
        let reply = write_down(engine, options.partitions, options.may_make).await?;
        if reply.status() == "none" {
            return Err(RedisOpenError::NoStore);
        }
        let found = Existing {
            layout: reply.text(0)?,
            partitions: reply.text(1)?,
            is_complete: false,
        };
        (found, reply.status() == "new")
    };
    let Existing {
        layout,
        partitions,
        is_complete,
    } = found;
    if layout != LAYOUT {
        return Err(RedisOpenError::OtherLayout { found: layout });
    }
    let unreadable = |error| corrupt("number of partitions", error);
    let partitions = partitions.parse().map_err(unreadable)?;
    if is_complete {
        // A log that is absent now was lost, and revocations with it. Its readers report that.
        return Ok(partitions);
    }
    // Also for a store that exists: its first start may have been interrupted.
    let logs = PartitionId::all(partitions).map(|partition| {
        let id = LogId::from_uuid(new_log());
        ensure_log(engine, partition, (id, is_new))
    });
    let made = try_join_all(logs).await?;
    if made.into_iter().all(|is_made| is_made) {
        let completed = complete(engine).await;
        tolerated(
            completed,
            is_new,
            "could not record that the store is complete",
        )?;
    }
    Ok(partitions)
}

/// The record of a store that exists.
struct Existing {
    layout: String,
    partitions: String,
    /// Whether every partition has got its log.
    is_complete: bool,
}

/// Records that every partition has got its log.
async fn complete(engine: &Engine) -> Result<(), StoreError> {
    let how = (&engine.scripts.complete_store, Effect::Changes);
    let keys = vec![engine.keys.root().meta()];
    engine.at_root(how, keys, vec![]).await.map(drop)
}

/// Whether a write was made. A store that exists is opened although writes have to wait.
fn tolerated(
    outcome: Result<(), StoreError>,
    is_new: bool,
    failed: &'static str,
) -> Result<bool, StoreError> {
    match outcome {
        Err(StoreError::Unavailable(cause)) if !is_new => {
            tracing::warn!(cause, "{failed}");
            Ok(false)
        }
        outcome => outcome.map(|()| true),
    }
}

/// The layout and the number of partitions of a store that exists. Nothing is written, so that the store
/// can be opened while writes have to wait.
async fn existing(engine: &Engine) -> Result<Option<Existing>, StoreError> {
    let root = engine.keys.root();
    let mut command = Cmd::new();
    command.arg("HMGET").arg(root.meta());
    command.arg("layout").arg("partitions").arg("complete");
    let found = engine.look_one(root.slot(), command, "store").await?;
    let (layout, partitions, complete): (Option<String>, Option<String>, Option<String>) = found;
    Ok(layout.map(|layout| Existing {
        layout,
        partitions: partitions.unwrap_or_default(),
        is_complete: complete.is_some(),
    }))
}

/// Makes the log of a partition if there is none. In a store that exists, a log that cannot be made now
/// leaves its partition without one, and the store is opened all the same.
async fn ensure_log(
    engine: &Engine,
    partition: PartitionId,
    (id, is_new): (LogId, bool),
) -> Result<bool, StoreError> {
    let keys = engine.keys.partition(partition);
    let [meta, ..] = keys.common();
    let mut command = Cmd::new();
    command.arg("HEXISTS").arg(meta).arg("log");
    if !is_new && engine.look_one(keys.slot(), command, "log").await? {
        return Ok(true);
    }
    let new = NewLog {
        id,
        is_new_store: is_new,
        beyond: Position::ZERO,
        floor: Position::ZERO,
        known: &[],
    };
    let created = log::create(engine, partition, new).await;
    tolerated(created, is_new, "could not create the log of a partition")
}

/// Restores the record of a store that was lost while this has it open.
pub(super) async fn restore_record(
    engine: &Engine,
    partitions: NonZeroU16,
) -> Result<(), StoreError> {
    if existing(engine).await?.is_some() {
        return Ok(());
    }
    write_down(engine, partitions, true).await?;
    tracing::warn!("the record of the store was lost and is restored");
    complete(engine).await
}

/// Writes down what a store is made with, if that is not written anywhere and it may be, and tells
/// what is.
async fn write_down(
    engine: &Engine,
    partitions: NonZeroU16,
    may_make: bool,
) -> Result<Reply, StoreError> {
    let how = (&engine.scripts.open_store, Effect::Changes);
    let args = vec![
        LAYOUT.as_bytes().to_vec(),
        partitions.to_string().into_bytes(),
        if may_make { b"1".into() } else { b"0".into() },
    ];
    let keys = vec![engine.keys.root().meta()];
    engine.at_root(how, keys, args).await
}

/// The layout of the keys that this version reads and writes.
const LAYOUT: &str = "1";
