//! The log of a partition: reading, healing, and what cannot be understood.
//!
//! The log is a stream; `entry` has the form of what is in it.

use lanyard_revocation::{Cursor, Entry, LogId, LogRead, PartitionId, Revocation};
use lanyard_token::Position;
use redis::{Cmd, Value};
use uuid::Uuid;

use super::{
    engine::{Effect, Engine},
    entry::{field, read_entry},
    finals,
    keys::text,
    reply::Reply,
};
use crate::{Healing, StoreError, UnreadableEntry};

/// How the log of a partition begins.
pub(super) struct NewLog<'a> {
    pub(super) id: LogId,
    pub(super) is_new_store: bool,
    /// The latest position that is known of.
    pub(super) beyond: Position,
    /// The position of the last entry that was ever trimmed.
    pub(super) floor: Position,
    /// Revocations that are known. The final ones hold from the beginning.
    pub(super) known: &'a [Revocation],
}

/// Makes the log of a partition if there is none. Entries that are still in the stream stay in it.
pub(super) async fn create(
    engine: &Engine,
    partition: PartitionId,
    new: NewLog<'_>,
) -> Result<(), StoreError> {
    let NewLog {
        id,
        is_new_store,
        beyond,
        floor,
        known,
    } = new;
    let is_new_store: &[u8] = if is_new_store { b"1" } else { b"0" };
    let mut args = vec![
        text(id.as_uuid()).into_bytes(),
        beyond.to_string().into_bytes(),
        is_new_store.to_vec(),
        floor.to_string().into_bytes(),
    ];
    let finals = known.iter().filter(|one| one.is_final);
    args.extend(finals.map(|one| finals::mark(one.handle).into_bytes()));
    let how = (&engine.scripts.create_log, Effect::Changes);
    let reply = engine.in_any_partition(partition, how, args).await?;
    match reply.status() {
        "done" | "there" => Ok(()),
        _ => Err(reply.unexpected()),
    }
}

/// Reads what is after the cursor, or all of it.
pub(super) async fn read(
    engine: &Engine,
    partition: PartitionId,
    after: Option<Cursor>,
    limit: usize,
) -> Result<LogRead, StoreError> {
    let limit = limit.clamp(1, READ_LIMIT);
    let args = vec![
        after
            .map_or_else(|| "-".to_owned(), beginning_after)
            .into_bytes(),
        // One more than is asked for tells whether there is more.
        (limit + 1).to_string().into_bytes(),
    ];
    let how = (&engine.scripts.read_log, Effect::Vouches);
    let reply = engine.in_any_partition(partition, how, args).await?;
    match reply.status() {
        "done" => read_from(&reply, partition, limit),
        "absent" => Ok(absent()),
        _ => Err(reply.unexpected()),
    }
}

/// Appends again what the log has lost. `None` if it is not as it was read.
pub(super) async fn heal(
    engine: &Engine,
    partition: PartitionId,
    healing: Healing,
    new_log: LogId,
) -> Result<Option<Cursor>, StoreError> {
    let Healing {
        mut as_of,
        lost,
        beyond,
        mends,
        floor,
    } = healing;
    if is_absent(&as_of) {
        let new = NewLog {
            id: new_log,
            is_new_store: false,
            beyond,
            floor,
            known: &lost,
        };
        create(engine, partition, new).await?;
        return Ok(None);
    }
    let mut bites = lost.chunks(HEAL_LIMIT);
    let mut bite = bites.next().unwrap_or_default();
    let mut mends = mends;
    loop {
        let part = Healing {
            as_of,
            lost: bite.to_vec(),
            beyond,
            mends,
            floor,
        };
        let Some(end) = heal_some(engine, partition, &part).await? else {
            return Ok(None);
        };
        let Some(next) = bites.next() else {
            return Ok(Some(end));
        };
        (as_of, bite, mends) = (end, next, false);
    }
}

/// Whether a log was not there when it was read.
pub(super) fn is_absent(as_of: &Cursor) -> bool {
    as_of.log == ABSENT
}

/// Looks through a log for entries that cannot be understood.
pub(super) async fn unreadable(
    engine: &Engine,
    partition: PartitionId,
) -> Result<Vec<UnreadableEntry>, StoreError> {
    let mut found = Vec::new();
    let mut from = "-".to_owned();
    loop {
        let page = raw_entries(engine, partition, &from).await?;
        for (place, fields) in &page {
            if let Err(reason) = read_entry(place, fields) {
                found.push(UnreadableEntry {
                    partition,
                    place: place.clone(),
                    reason: reason.to_owned(),
                });
            }
        }
        match page.last() {
            Some((place, _)) if page.len() == READ_LIMIT => from = format!("({place}"),
            _ => return Ok(found),
        }
    }
}

/// Takes an entry out of a log if it cannot be understood.
pub(super) async fn strike(
    engine: &Engine,
    partition: PartitionId,
    place: String,
) -> Result<bool, StoreError> {
    // What is not a position names no entry, and must not reach the server as a range.
    if place.parse::<Position>().is_err() {
        return Ok(false);
    }
    let page = raw_entries(engine, partition, &place).await?;
    let Some((_, fields)) = page.into_iter().find(|(found, _)| *found == place) else {
        return Ok(false);
    };
    if read_entry(&place, &fields).is_ok() {
        return Ok(false);
    }
    let number = field(&fields, "n").and_then(|number| number.parse::<u64>().ok());
    let number = number.map(|number| number.to_string()).unwrap_or_default();
    let args = vec![place.into_bytes(), number.into_bytes()];
    let how = (&engine.scripts.strike, Effect::Changes);
    let reply = engine.in_partition(partition, how, &[], args).await?;
    Ok(reply.status() == "done")
}

/// Declares the gaps of a log to be mended, and a log that is gone to be given up: a new one begins.
/// `false` if nothing is missing.
pub(super) async fn give_up_missing(
    engine: &Engine,
    partition: PartitionId,
    new_log: LogId,
) -> Result<bool, StoreError> {
    let how = (&engine.scripts.give_up, Effect::Changes);
    let reply = engine.in_any_partition(partition, how, vec![]).await?;
    match reply.status() {
        "absent" => {
            let new = NewLog {
                id: new_log,
                is_new_store: false,
                beyond: Position::ZERO,
                floor: Position::ZERO,
                known: &[],
            };
            create(engine, partition, new).await?;
            Ok(true)
        }
        "generation" => {
            let reply = engine.in_partition(partition, how, &[], vec![]).await?;
            Ok(reply.status() == "done")
        }
        status => Ok(status == "done"),
    }
}

async fn heal_some(
    engine: &Engine,
    partition: PartitionId,
    part: &Healing,
) -> Result<Option<Cursor>, StoreError> {
    let Healing {
        as_of,
        lost,
        beyond,
        mends,
        floor,
    } = part;
    let prefix = engine.keys.partition(partition).resource_prefix();
    let mends: &[u8] = if *mends { b"1" } else { b"0" };
    let mut args = vec![
        text(as_of.log.as_uuid()).into_bytes(),
        as_of.number.to_string().into_bytes(),
        beyond.to_string().into_bytes(),
        mends.to_vec(),
        floor.to_string().into_bytes(),
    ];
    for Revocation {
        handle,
        position,
        is_final,
    } in lost
    {
        args.push(handle.kind.as_str().into());
        args.push(text(handle.id).into_bytes());
        args.push(if *is_final { b"1".into() } else { b"0".into() });
        args.push(position.to_string().into_bytes());
    }
    let how = (&engine.scripts.heal, Effect::Changes);
    let reply = engine
        .in_partition(partition, how, &[&prefix], args)
        .await?;
    match reply.status() {
        "done" => Ok(Some(Cursor {
            log: log_id(&reply.text(0)?)?,
            position: reply.parsed(1)?,
            number: reply.parsed(2)?,
        })),
        "moved" => Ok(None),
        _ => Err(reply.unexpected()),
    }
}

fn read_from(reply: &Reply, partition: PartitionId, limit: usize) -> Result<LogRead, StoreError> {
    // What is after the last durable entry is not acknowledged, and no reader takes it in.
    let (durable, last_number): (u64, u64) = (reply.parsed(2)?, reply.parsed(8)?);
    let is_durable = |entry: &Entry| entry.number <= durable || entry.number > last_number;
    // What is missing may be less than nothing: a front that was cut off by another hand and then
    // trimmed leaves the count as wrong as it was.
    let (trimmed, missing): (u64, i64) = (reply.parsed(3)?, reply.parsed(4)?);
    let length: u64 = reply.parsed(6)?;
    let expected = i128::from(last_number) - i128::from(trimmed) - i128::from(missing);
    let mut entries = Vec::new();
    for (place, fields) in stream(reply.value(7))? {
        let entry = read_entry(&place, &fields).map_err(|reason| {
            StoreError::Unreadable(UnreadableEntry {
                partition,
                place,
                reason: reason.to_owned(),
            })
        })?;
        if !is_durable(&entry) {
            break;
        }
        entries.push(entry);
    }
    let complete = entries.len() <= limit;
    entries.truncate(limit);
    Ok(LogRead {
        log: log_id(&reply.text(0)?)?,
        end: reply.parsed(1)?,
        entries,
        complete,
        last_number: durable,
        intact: i128::from(length) == expected,
        mended_to: reply.parsed(5)?,
        floor: reply.parsed(9)?,
    })
}

/// The range that begins after a cursor. After the last possible position there is none, and none
/// that begins with it holds more.
fn beginning_after(cursor: Cursor) -> String {
    let last = Position::new(u64::MAX, u64::MAX);
    let open = if cursor.position == last { "" } else { "(" };
    format!("{open}{}", cursor.position)
}

/// What is read where there is no log: nothing that anybody could go on from.
fn absent() -> LogRead {
    LogRead {
        log: ABSENT,
        entries: Vec::new(),
        end: Position::ZERO,
        last_number: 0,
        complete: true,
        intact: false,
        mended_to: 0,
        floor: Position::ZERO,
    }
}

async fn raw_entries(
    engine: &Engine,
    partition: PartitionId,
    from: &str,
) -> Result<Vec<(String, Vec<String>)>, StoreError> {
    let keys = engine.keys.partition(partition);
    let mut command = Cmd::new();
    command.arg("XRANGE").arg(keys.log()).arg(from).arg("+");
    command.arg("COUNT").arg(READ_LIMIT);
    let entries = engine.look_one(keys.slot(), command, LOG).await?;
    stream(entries)
}

fn stream(value: Value) -> Result<Vec<(String, Vec<String>)>, StoreError> {
    let raw: Vec<(String, Vec<Vec<u8>>)> =
        redis::from_redis_value(value).map_err(|error| odd(error.to_string()))?;
    let read = raw.into_iter().map(|(place, fields)| {
        let fields = fields.iter().map(|field| String::from_utf8_lossy(field));
        (place, fields.map(std::borrow::Cow::into_owned).collect())
    });
    Ok(read.collect())
}

fn log_id(text: &str) -> Result<LogId, StoreError> {
    let id = Uuid::try_parse(text).map_err(|_| odd("the log's id is none".to_owned()))?;
    Ok(LogId::from_uuid(id))
}

fn odd(what: String) -> StoreError {
    StoreError::Corrupt {
        record: LOG,
        source: what.into(),
    }
}

const LOG: &str = "log";
/// What a log that is not there has for an id.
const ABSENT: LogId = LogId::from_uuid(Uuid::nil());
/// How many entries one read takes at most: some milliseconds of the server's time.
const READ_LIMIT: usize = 2_000;
/// How many revocations one step appends again at most.
const HEAL_LIMIT: usize = 500;
