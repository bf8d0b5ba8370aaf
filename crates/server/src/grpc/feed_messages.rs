//! Messages of the trust service, from the domain to the wire.

use std::num::NonZeroU16;

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use lanyard_proto::v1::{self, watch_response::Message};
use lanyard_revocation::{
    Ages, Entry, Fingerprint, Handle, HandleKind, PartitionId, RETENTION, Revocation,
};
use lanyard_token::{KeySet, Position, PublicKey, UnixTime};

use super::{decisions::duration, responses::timestamp};

pub(super) fn started(partitions: NonZeroU16, resumed: bool) -> Message {
    Message::Started(v1::WatchStarted {
        partitions: partitions.get().into(),
        resumed,
    })
}

pub(super) fn key_set(keys: &KeySet, version: u64) -> v1::KeySet {
    let part = |revoked: bool| {
        let part = keys
            .iter()
            .filter(move |one| one.state.is_revoked() == revoked);
        part.map(|one| json_web_key(&one.key)).collect()
    };
    v1::KeySet {
        keys: part(false),
        revoked_keys: part(true),
        version,
    }
}

pub(super) fn snapshot(partition: PartitionId, part: &[(Revocation, UnixTime)]) -> Message {
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

pub(super) fn snapshot_floor(partition: PartitionId, floor: Position) -> Message {
    Message::Snapshot(v1::SnapshotBatch {
        partition: partition.as_u16().into(),
        revoked: Vec::new(),
        last: false,
        floor: floor.to_string(),
    })
}

pub(super) fn end_of_snapshot() -> Message {
    Message::Snapshot(v1::SnapshotBatch {
        partition: 0,
        revoked: Vec::new(),
        last: true,
        floor: String::new(),
    })
}

pub(super) fn revocations(partition: PartitionId, entries: &[Entry]) -> Message {
    Message::Revocations(v1::RevocationBatch {
        partition: partition.as_u16().into(),
        entries: entries.iter().map(entry).collect(),
    })
}

pub(super) fn heartbeat(nonce: u64, ages: &Ages, fingerprint: Option<Fingerprint>) -> Message {
    let younger = ages.younger().map(|(partition, age)| v1::PartitionAge {
        partition: partition.as_u16().into(),
        age: Some(duration(age)),
    });
    Message::Heartbeat(v1::Heartbeat {
        nonce,
        age: ages.oldest().map(duration),
        list: fingerprint.map(list_digest),
        younger_partitions: younger.collect(),
    })
}

fn list_digest(fingerprint: Fingerprint) -> v1::ListDigest {
    let Fingerprint {
        live_entries,
        digest,
        cutoff,
    } = fingerprint;
    v1::ListDigest {
        live_entries,
        digest: digest.to_bytes().to_vec(),
        cutoff: Some(timestamp(cutoff)),
    }
}

fn entry(entry: &Entry) -> v1::RevocationEntry {
    let Entry {
        number,
        position,
        time,
        revocation,
    } = entry;
    v1::RevocationEntry {
        number: *number,
        position: position.to_string(),
        revoked: Some(revoked_handle(revocation, *time)),
    }
}

fn revoked_handle(revocation: &Revocation, time: UnixTime) -> v1::RevokedHandle {
    let Revocation {
        handle: Handle { kind, id },
        position,
        is_final,
    } = revocation;
    v1::RevokedHandle {
        handle_kind: handle_kind(*kind).into(),
        handle_id: id.as_bytes().to_vec(),
        revoked_before: position.to_string(),
        r#final: *is_final,
        time: Some(timestamp(time)),
    }
}

const fn handle_kind(kind: HandleKind) -> v1::HandleKind {
    match kind {
        HandleKind::Token => v1::HandleKind::Token,
        HandleKind::Identity => v1::HandleKind::Identity,
        HandleKind::Credential => v1::HandleKind::Credential,
        HandleKind::Resource => v1::HandleKind::Resource,
        HandleKind::SigningKey => v1::HandleKind::SigningKey,
    }
}

fn json_web_key(key: &PublicKey) -> v1::JsonWebKey {
    v1::JsonWebKey {
        kty: "OKP".to_owned(),
        crv: "Ed25519".to_owned(),
        x: BASE64_URL_SAFE_NO_PAD.encode(key.as_bytes()),
        kid: key.id().to_string(),
        alg: key.algorithm().to_string(),
        r#use: "sig".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kinds_of_the_wire_have_the_numbers_of_stored_logs() {
        for kind in HandleKind::ALL {
            assert_eq!(handle_kind(kind) as i32, i32::from(kind.code()));
        }
    }
}
