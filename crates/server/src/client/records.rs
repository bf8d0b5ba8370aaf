//! The messages that several commands show.
//!
//! Each is taken apart completely, so that a new field of the contract does not compile until
//! somebody has decided how to show it.

use lanyard_proto::v1::{AccessKey, AccessKeySlot, AccessToken, Revocation};

use super::names;
use super::render::Record;
use super::secret::Secret;

/// Shows a revocation.
pub(super) fn revocation(revocation: Revocation) -> Record {
    let Revocation {
        position,
        revoke_time,
        effective_by,
    } = revocation;
    Record::new()
        .text("position", position)
        .time("revoke_time", revoke_time)
        .time("effective_by", effective_by)
}

/// Shows a token and what it carries.
pub(super) fn access_token(access_token: AccessToken) -> Record {
    let AccessToken {
        token,
        token_id,
        expire_time,
        scopes,
    } = access_token;
    Record::new()
        .secret(TOKEN, Secret::new(token))
        .text("token_id", token_id)
        .time("expire_time", expire_time)
        .list("scopes", scopes)
}

/// Shows an access key, with its secret where that is told.
pub(super) fn access_key(access_key: AccessKey) -> Record {
    let AccessKey {
        id,
        slot,
        create_time,
        secret,
    } = access_key;
    Record::new()
        .text("id", id)
        .text("slot", names::of::<AccessKeySlot>(slot))
        .time("create_time", create_time)
        .told(SECRET, secret)
}

/// The fields of a revocation in an answer.
pub(super) const REVOCATION: [&str; 3] = [
    "revocation.position",
    "revocation.revoke_time",
    "revocation.effective_by",
];

/// The fields of an access token in an answer.
pub(super) const ACCESS_TOKEN: [&str; 4] = [
    "access_token.token",
    "access_token.token_id",
    "access_token.expire_time",
    "access_token.scopes",
];

/// The field of an access token that holds the token.
pub(super) const TOKEN: &str = "token";

/// The field of a key that holds its secret.
pub(super) const SECRET: &str = "secret";
