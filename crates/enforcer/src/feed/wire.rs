//! Messages of the feed, from the wire to the domain.
//!
//! What cannot be understood might be a revocation. It is an error here and never passed over; only
//! an unknown sort of *key* is, since a key that is not known accepts nothing.

use std::{num::NonZeroU16, time::Duration};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use lanyard_proto::v1;
use lanyard_revocation::{
    Ages, Digest, Entry, Fingerprint, Handle, HandleKind, PartitionId, RETENTION, Revocation,
};
use lanyard_token::{KeySet, KeyState, PublicKey, PublishedKey, UnixTime};
use prost_types::Timestamp;
use uuid::Uuid;

use crate::known::VersionedKeys;

/// A part of a message that says nothing that this version knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the feed says something that is not understood: {0}")]
pub struct NotUnderstood(pub(super) &'static str);

pub(super) fn partitions(count: u32) -> Result<NonZeroU16, NotUnderstood> {
    let count = u16::try_from(count).ok().and_then(NonZeroU16::new);
    count.ok_or(NotUnderstood("the number of partitions"))
}

pub(super) fn partition(number: u32) -> Result<PartitionId, NotUnderstood> {
    let number = u16::try_from(number).map_err(|_| NotUnderstood("a partition"))?;
    Ok(PartitionId::new(number))
}

pub(super) fn entry(message: &v1::RevocationEntry) -> Result<Entry, NotUnderstood> {
    let v1::RevocationEntry {
        number,
        position,
        revoked,
    } = message;
    let revoked = revoked.as_ref().ok_or(NotUnderstood("an entry"))?;
    let (revocation, time) = revoked_at(revoked)?;
    Ok(Entry {
        number: *number,
        position: position.parse().map_err(|_| NotUnderstood("a position"))?,
        time,
        revocation,
    })
}

/// A revocation, with the time until which it is kept.
pub(super) fn revoked(
    message: &v1::RevokedHandle,
) -> Result<(Revocation, UnixTime), NotUnderstood> {
    let (revocation, time) = revoked_at(message)?;
    Ok((revocation, time.saturating_add(RETENTION)))
}

pub(super) fn ages(
    oldest: Option<prost_types::Duration>,
    younger: &[v1::PartitionAge],
) -> Result<Ages, NotUnderstood> {
    let younger = younger.iter().map(|one| {
        let given = one.age.ok_or(NotUnderstood("an age"))?;
        Ok((partition(one.partition)?, age(given)?))
    });
    let younger: Vec<_> = younger.collect::<Result<_, _>>()?;
    Ok(Ages::new(oldest.map(age).transpose()?, younger))
}

fn age(message: prost_types::Duration) -> Result<Duration, NotUnderstood> {
    Duration::try_from(message).map_err(|_| NotUnderstood("an age"))
}

pub(super) fn fingerprint(message: &v1::ListDigest) -> Result<Fingerprint, NotUnderstood> {
    let v1::ListDigest {
        live_entries,
        digest,
        cutoff,
    } = message;
    let digest = <[u8; 16]>::try_from(digest.as_slice());
    Ok(Fingerprint {
        live_entries: *live_entries,
        digest: Digest::from_bytes(digest.map_err(|_| NotUnderstood("a digest"))?),
        cutoff: time(cutoff.as_ref())?,
    })
}

/// The keys that are understood.
pub(super) fn key_set(message: &v1::KeySet) -> VersionedKeys {
    let v1::KeySet {
        keys,
        revoked_keys,
        version,
    } = message;
    let since = UnixTime::default();
    let in_state = |keys: &[v1::JsonWebKey], state| -> Vec<PublishedKey> {
        let keys = keys.iter().filter_map(public_key);
        keys.map(|key| PublishedKey { key, state }).collect()
    };
    let good = in_state(keys, KeyState::Active { since });
    let revoked = in_state(revoked_keys, KeyState::Revoked { since });
    VersionedKeys {
        keys: KeySet::new(good.into_iter().chain(revoked)),
        version: *version,
    }
}

fn revoked_at(message: &v1::RevokedHandle) -> Result<(Revocation, UnixTime), NotUnderstood> {
    let v1::RevokedHandle {
        handle_kind,
        handle_id,
        revoked_before,
        r#final: is_final,
        time: at,
    } = message;
    let kind = u8::try_from(*handle_kind)
        .ok()
        .and_then(HandleKind::from_code);
    let id = Uuid::from_slice(handle_id).map_err(|_| NotUnderstood("the id of a handle"))?;
    let revocation = Revocation {
        handle: Handle {
            kind: kind.ok_or(NotUnderstood("a kind of handle"))?,
            id,
        },
        position: revoked_before
            .parse()
            .map_err(|_| NotUnderstood("a position"))?,
        is_final: *is_final,
    };
    Ok((revocation, time(at.as_ref())?))
}

/// A time to the millisecond. What is finer is rounded up, so that nothing is dropped too early.
fn time(message: Option<&Timestamp>) -> Result<UnixTime, NotUnderstood> {
    let Timestamp { seconds, nanos } = message.ok_or(NotUnderstood("a time"))?;
    let (seconds, nanos) = (u64::try_from(*seconds), u32::try_from(*nanos));
    let (Ok(seconds), Ok(nanos)) = (seconds, nanos) else {
        return Err(NotUnderstood("a time"));
    };
    let millis = u64::from(nanos.div_ceil(NANOS_PER_MILLI));
    let whole = seconds.checked_mul(MILLIS_PER_SECOND);
    let all = whole.and_then(|whole| whole.checked_add(millis));
    all.map(UnixTime::from_millis)
        .ok_or(NotUnderstood("a time"))
}

fn public_key(message: &v1::JsonWebKey) -> Option<PublicKey> {
    let v1::JsonWebKey {
        kty,
        crv,
        x,
        kid,
        alg,
        r#use: _,
    } = message;
    let is_ours = kty == "OKP" && crv == "Ed25519";
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(x).ok();
    let bytes = bytes.and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
    let key = bytes.zip(kid.parse().ok()).zip(alg.parse().ok());
    let key = key.and_then(|((bytes, id), algorithm)| PublicKey::new(id, &bytes, algorithm).ok());
    if !is_ours || key.is_none() {
        tracing::warn!(
            kid,
            "a key of the feed is not understood and verifies nothing"
        );
    }
    key.filter(|_| is_ours)
}

const MILLIS_PER_SECOND: u64 = 1000;
const NANOS_PER_MILLI: u32 = 1_000_000;
