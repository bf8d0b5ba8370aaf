//! The first start, which one process makes at a time.
//!
//! Whose turn it is, is kept under a key that the server lets go when the turn is over. Safety does
//! not rest on anybody's clock: the operator is kept only if the turn is still its own, so that
//! whoever was away while another took over ends with nothing.

use std::time::Duration;

use lanyard_token::CredentialId;
use redis::Cmd;

use super::{RedisStore, credentials::CREDENTIAL, engine::Effect, keys::text, records::encode};
use crate::{Credential, CredentialRole, FirstStart, StoreError};

pub(super) async fn take_turn(
    store: &RedisStore,
    operator: CredentialId,
    length: Duration,
) -> Result<FirstStart, StoreError> {
    let engine = store.engine();
    let root = engine.keys.root();
    // On every later start this is all, so that none of them needs a write.
    let mut command = Cmd::new();
    command.arg("SCARD").arg(root.operators());
    let operators: u64 = engine.look_one(root.slot(), command, CREDENTIAL).await?;
    if operators > 0 {
        return Ok(FirstStart::Over);
    }
    let keys = vec![root.operators(), root.first_turn()];
    let args = vec![
        text(operator.as_uuid()).into_bytes(),
        length.as_millis().to_string().into_bytes(),
    ];
    let how = (&engine.scripts.take_first_turn, Effect::Changes);
    let reply = engine.at_root(how, keys, args).await?;
    match reply.status() {
        "done" => Ok(FirstStart::Yours),
        "over" => Ok(FirstStart::Over),
        "taken" => Ok(FirstStart::AnothersTurn),
        _ => Err(reply.unexpected()),
    }
}

pub(super) async fn end(store: &RedisStore, operator: Credential) -> Result<bool, StoreError> {
    if operator.role != CredentialRole::Operator {
        return Ok(false);
    }
    let engine = store.engine();
    let root = engine.keys.root();
    let keys = vec![
        root.operators(),
        root.first_turn(),
        root.service_keys(),
        root.service_key_order(),
    ];
    let args = vec![
        text(operator.id.as_uuid()).into_bytes(),
        encode(&operator, CREDENTIAL)?,
    ];
    let how = (&engine.scripts.end_first_start, Effect::Changes);
    let reply = engine.at_root(how, keys, args).await?;
    match reply.status() {
        "done" => Ok(true),
        "lost" => Ok(false),
        _ => Err(reply.unexpected()),
    }
}
