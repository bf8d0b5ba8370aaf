//! Deleting entries that are past their retention.

use lanyard_revocation::{CLOCK_TOLERANCE, ClockOffset, PartitionId, RETENTION};
use lanyard_token::UnixTime;

use super::{
    RedisStore,
    engine::{Effect, Engine},
    reply::Reply,
};
use crate::{StoreError, SweepTime, Swept};

/// Trims the log of every partition, in bites. One that is out of reach keeps no other from being
/// trimmed.
pub(super) async fn trim_all(store: &RedisStore, time: SweepTime) -> Result<Swept, StoreError> {
    let mut all: Option<Swept> = None;
    let mut failure = None;
    for partition in PartitionId::all(store.partitions) {
        let one = match trim(store.engine(), partition, time).await {
            Ok(one) => one,
            Err(error) => {
                failure.get_or_insert(error);
                continue;
            }
        };
        all = Some(match all {
            None => one,
            Some(all) => Swept {
                // What every partition has on record.
                vouched: all.vouched.min(one.vouched),
                disagreement: all.disagreement.or(one.disagreement),
            },
        });
    }
    match failure {
        Some(error) => Err(error),
        None => Ok(all.unwrap_or(Swept {
            vouched: None,
            disagreement: None,
        })),
    }
}

async fn trim(
    engine: &Engine,
    partition: PartitionId,
    time: SweepTime,
) -> Result<Swept, StoreError> {
    let vouched = time.vouched.map(UnixTime::as_millis);
    loop {
        let args = vec![
            RETENTION.as_millis().to_string().into_bytes(),
            LIMIT.to_string().into_bytes(),
            time.wall.as_millis().to_string().into_bytes(),
            CLOCK_TOLERANCE.as_millis().to_string().into_bytes(),
            vouched.map_or_else(Vec::new, |millis| millis.to_string().into_bytes()),
        ];
        let how = (&engine.scripts.trim, Effect::Changes);
        let reply = engine.in_partition(partition, how, &[], args).await?;
        if reply.parsed::<usize>(0)? < LIMIT {
            return swept(&reply, time);
        }
    }
}

fn swept(reply: &Reply, time: SweepTime) -> Result<Swept, StoreError> {
    let vouched = match reply.text(1)?.as_str() {
        "" => None,
        _ => Some(UnixTime::from_millis(reply.parsed(1)?)),
    };
    let server = UnixTime::from_millis(reply.parsed(2)?);
    Ok(Swept {
        vouched,
        disagreement: ClockOffset::beyond_tolerance(time.wall, server),
    })
}

/// How many entries one script deletes at most.
const LIMIT: usize = 1_000;
