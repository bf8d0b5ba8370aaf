//! Messages of the feed, from the domain to the wire, as the server makes them. The way back is the
//! real one, in the follower.

use std::time::Duration;

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use lanyard_proto::v1::{self, watch_response::Message};
use lanyard_revocation::{Ages, Entry, Fingerprint, PartitionId, RETENTION, Revocation};
use lanyard_token::{KeySet, Position, UnixTime};

use crate::storage::PARTITIONS;

pub(crate) fn started(resumed: bool) -> Message {
    Message::Started(v1::WatchStarted {
        partitions: PARTITIONS.get().into(),
        resumed,
    })
}

pub(crate) fn key_set(keys: &KeySet, version: u64) -> Message {
    let keys = keys.iter().map(|one| v1::JsonWebKey {
        kty: "OKP".to_owned(),
        crv: "Ed25519".to_owned(),
        x: BASE64_URL_SAFE_NO_PAD.encode(one.key.as_bytes()),
        kid: one.key.id().to_string(),
        alg: "EdDSA".to_owned(),
        r#use: "sig".to_owned(),
    });
    Message::KeySet(v1::KeySet {
        keys: keys.collect(),
        revoked_keys: Vec::new(),
        version,
    })
}

pub(crate) fn snapshot(partition: PartitionId, part: &[(Revocation, UnixTime)]) -> Message {
    let revoked = part
        .iter()
        .map(|(revocation, until)| revoked_handle(revocation, until.saturating_sub(RETENTION)));
    Message::Snapshot(v1::SnapshotBatch {
        partition: partition.as_u16().into(),
        revoked: revoked.collect(),
        last: false,
        floor: String::new(),
    })
}

pub(crate) fn snapshot_floor(partition: PartitionId, floor: Position) -> Message {
    Message::Snapshot(v1::SnapshotBatch {
        partition: partition.as_u16().into(),
        revoked: Vec::new(),
        last: false,
        floor: floor.to_string(),
    })
}

pub(crate) fn end_of_snapshot() -> Message {
    Message::Snapshot(v1::SnapshotBatch {
        partition: 0,
        revoked: Vec::new(),
        last: true,
        floor: String::new(),
    })
}

pub(crate) fn revocations(partition: PartitionId, entries: &[Entry]) -> Message {
    let entries = entries.iter().map(|entry| v1::RevocationEntry {
        number: entry.number,
        position: entry.position.to_string(),
        revoked: Some(revoked_handle(&entry.revocation, entry.time)),
    });
    Message::Revocations(v1::RevocationBatch {
        partition: partition.as_u16().into(),
        entries: entries.collect(),
    })
}

pub(crate) fn heartbeat(nonce: u64, ages: &Ages, fingerprint: Option<Fingerprint>) -> Message {
    let list = fingerprint.map(|fingerprint| v1::ListDigest {
        live_entries: fingerprint.live_entries,
        digest: fingerprint.digest.to_bytes().to_vec(),
        cutoff: Some(timestamp(fingerprint.cutoff)),
    });
    let younger = ages.younger().map(|(partition, age)| v1::PartitionAge {
        partition: partition.as_u16().into(),
        age: Some(duration(age)),
    });
    Message::Heartbeat(v1::Heartbeat {
        nonce,
        age: ages.oldest().map(duration),
        list,
        younger_partitions: younger.collect(),
    })
}

fn duration(age: Duration) -> prost_types::Duration {
    prost_types::Duration {
        seconds: i64::try_from(age.as_secs()).expect("an age of hours"),
        nanos: i32::try_from(age.subsec_nanos()).expect("below a billion"),
    }
}

fn revoked_handle(revocation: &Revocation, time: UnixTime) -> v1::RevokedHandle {
    v1::RevokedHandle {
        handle_kind: i32::from(revocation.handle.kind.code()),
        handle_id: revocation.handle.id.as_bytes().to_vec(),
        revoked_before: revocation.position.to_string(),
        r#final: revocation.is_final,
        time: Some(timestamp(time)),
    }
}

fn timestamp(time: UnixTime) -> prost_types::Timestamp {
    let millis = i32::try_from(time.as_millis() % 1000).expect("below a thousand");
    prost_types::Timestamp {
        seconds: i64::try_from(time.as_secs()).expect("in this era"),
        nanos: millis * 1_000_000,
    }
}
