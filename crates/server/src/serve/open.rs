//! Opening the store, of either kind.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use lanyard_authority::{Entropy as _, EntropyError, Error, SystemEntropy};
use lanyard_store::{
    Store as _,
    embedded::EmbeddedStore,
    redis::{RedisDurability, RedisOpenError, RedisOptions, RedisStore, RedisTime},
};
use lanyard_token::SystemClock;
use tokio::task;
use uuid::{Builder, Uuid};

use super::{args::ServeArgs, error::ServeError, files, home::Home};

/// A store, and what goes with it.
pub(super) enum Opened {
    /// In a data directory.
    Embedded(EmbeddedStore, Home),
    /// On Redis.
    Redis(RedisStore, Home),
}

/// Opens the store that the flags name, and makes it if there is none.
pub(super) async fn store(args: &ServeArgs) -> Result<Opened, ServeError> {
    match args.redis.options()? {
        None => embedded(args).await,
        Some(options) => redis(args, &options).await,
    }
}

async fn embedded(args: &ServeArgs) -> Result<Opened, ServeError> {
    files::ensure_not_lost(&args.data)?;
    let log_id = log_ids().map_err(Error::from)?();
    // After a crash all of the file is read, and signals are not to wait for that.
    let data = args.data.clone();
    let opened = task::spawn_blocking(move || EmbeddedStore::open(&data, SystemClock, log_id));
    let opened = opened.await.map_err(ServeError::system("open the store"))?;
    let home = Home::in_directory(args);
    let store = opened.map_err(|error| ServeError::from(error).at(&home.data))?;
    Ok(Opened::Embedded(store, home))
}

async fn redis(args: &ServeArgs, options: &RedisOptions) -> Result<Opened, ServeError> {
    let master_key = args.master_key_file.as_deref();
    let master_key = master_key.ok_or(ServeError::NoMasterKeyFile)?;
    let home = Home::on_redis(args, options, master_key);
    let log_ids = log_ids().map_err(Error::from)?;
    let (clock, time) = (Arc::new(SystemClock), RedisTime::Server);
    let mut options = options.clone();
    options.may_make = match &home.bootstrap {
        Some(file) => !file.exists()?,
        None => false,
    };
    let store = RedisStore::open(&options, (clock, time), log_ids)
        .await
        .map_err(|error| unopened(error, &home))?;
    tell(args, &options, &store);
    Ok(Opened::Redis(store, home))
}

fn unopened(error: RedisOpenError, home: &Home) -> ServeError {
    match error {
        RedisOpenError::NoStore => home.not_for_a_first_start(),
        source => ServeError::Redis {
            data: home.data.to_string(),
            source,
        },
    }
}

/// What an operator should know who reads the log.
fn tell(args: &ServeArgs, options: &RedisOptions, store: &RedisStore) {
    if options.durability == RedisDurability::Relaxed {
        tracing::warn!(
            "--redis-durability=relaxed: what was acknowledged may be lost when Redis crashes, \
             revocations too"
        );
    }
    if let Some(said) = args.redis.partitions()
        && said != store.partitions()
    {
        let kept = store.partitions();
        tracing::warn!(%said, %kept, "a store keeps the number of partitions that it was made with");
    }
}

/// Draws ids of logs. Chance is asked once, since it may fail and the drawing may not; from there on
/// they are counted up, and so are as unlike those of any other process as the first is.
fn log_ids() -> Result<impl Fn() -> Uuid + Send + Sync + 'static, EntropyError> {
    let first = random()?;
    let drawn = AtomicU64::new(0);
    Ok(move || {
        let next = drawn.fetch_add(1, Ordering::Relaxed);
        Builder::from_random_bytes(first.wrapping_add(next.into()).to_be_bytes()).into_uuid()
    })
}

fn random() -> Result<u128, EntropyError> {
    let mut bytes = [0; 16];
    SystemEntropy.fill(&mut bytes)?;
    Ok(u128::from_be_bytes(bytes))
}
