//! `lanyard watch`: what enforcement points are told, as it happens.

use clap::Args;
use futures_util::{StreamExt as _, stream};
use lanyard_proto::v1::trust_service_client::TrustServiceClient;
use lanyard_proto::v1::watch_request::Message as Asked;
use lanyard_proto::v1::watch_response::Message;
use lanyard_proto::v1::{
    Heartbeat, KeySet, ListDigest, Ping, RevokedHandle, WatchRequest, WatchResponse,
};
use uuid::Uuid;

use super::connection::ConnectionArgs;
use super::credential_file::Purpose;
use super::error::ClientError;
use super::output::Output;
use super::render::Record;
use super::session::Session;

/// The arguments of `lanyard watch`.
#[derive(Debug, Args)]
#[command(after_help = "It goes on until it is interrupted. With --json, each line is one object.")]
pub(crate) struct WatchCommand {
    /// Go on from a cursor that was printed before, in place of a snapshot
    #[arg(long, value_name = "CURSOR")]
    cursor: Option<String>,
    #[command(flatten)]
    connection: ConnectionArgs,
}

/// Prints the feed for as long as there is one.
pub(super) async fn run(command: WatchCommand) -> Result<(), ClientError> {
    let WatchCommand { cursor, connection } = command;
    let output = Output::new(&connection, &FIELDS)?;
    let session = Session::open(&connection, Purpose::Watch).await?;
    let first = cursor.map_or(Asked::Ping(Ping { nonce: 1 }), Asked::Cursor);
    let first = WatchRequest {
        message: Some(first),
    };
    // The requests stay open: a watch that has no more of them is over.
    let requests = stream::iter([first]).chain(stream::pending());
    let mut client = TrustServiceClient::new(session.channel());
    let mut messages = session
        .call(requests, |request| client.watch(request))
        .await?;
    loop {
        match messages.message().await {
            Ok(Some(message)) => tell(&output, message)?,
            Ok(None) => return Ok(()),
            Err(status) => return Err(session.refused(&status)),
        }
    }
}

fn tell(output: &Output, response: WatchResponse) -> Result<(), ClientError> {
    let WatchResponse { cursor, message } = response;
    let Some(message) = message else {
        return output.line(&told("unknown", &cursor));
    };
    match message {
        Message::Started(started) => {
            let how = if started.resumed {
                "resumed"
            } else {
                "started"
            };
            let partitions = started.partitions.to_string();
            output.line(&told(how, &cursor).text("partitions", partitions))
        }
        Message::KeySet(keys) => output.line(&key_set(&cursor, keys)),
        Message::Snapshot(batch) => {
            let mut all = batch.revoked.into_iter();
            all.try_for_each(|one| output.line(&revoked("known", &cursor, one)))
        }
        Message::Revocations(batch) => {
            let mut all = batch.entries.into_iter().filter_map(|entry| entry.revoked);
            all.try_for_each(|one| output.line(&revoked("revoked", &cursor, one)))
        }
        Message::Heartbeat(heartbeat) => output.line(&self::heartbeat(&cursor, heartbeat)),
    }
}

fn key_set(cursor: &str, keys: KeySet) -> Record {
    let ids = |keys: Vec<lanyard_proto::v1::JsonWebKey>| {
        let ids: Vec<String> = keys.into_iter().map(|key| key.kid).collect();
        ids.join(" ")
    };
    let KeySet {
        keys,
        revoked_keys,
        version,
    } = keys;
    told("key_set", cursor)
        .text("keys", ids(keys))
        .text("revoked_keys", ids(revoked_keys))
        .text("version", version.to_string())
}

fn revoked(what: &'static str, cursor: &str, one: RevokedHandle) -> Record {
    let kind = one.handle_kind().as_str_name();
    let kind = kind.strip_prefix("HANDLE_KIND_").unwrap_or(kind);
    let id = Uuid::from_slice(&one.handle_id).map(|id| id.to_string());
    told(what, cursor)
        .text("handle_kind", kind.to_lowercase())
        .text("handle_id", id.unwrap_or_default())
        .text("revoked_before", one.revoked_before)
        .text("final", one.r#final.to_string())
        .time("time", one.time)
}

fn heartbeat(cursor: &str, heartbeat: Heartbeat) -> Record {
    let Heartbeat {
        nonce: _,
        age,
        list,
        younger_partitions,
    } = heartbeat;
    let younger = younger_partitions.into_iter().map(|one| {
        let age = one.age.map(|age| format!(" {age}")).unwrap_or_default();
        format!("{}{age}", one.partition)
    });
    let younger: Vec<String> = younger.collect();
    let younger = (!younger.is_empty()).then(|| younger.join(", "));
    let live = list.map(|ListDigest { live_entries, .. }| live_entries.to_string());
    told("heartbeat", cursor)
        .maybe("age", age.map(|age| format!("{age}")))
        .maybe("live_entries", live)
        .maybe("younger_partitions", younger)
}

fn told(what: &'static str, cursor: &str) -> Record {
    Record::new().text("event", what).text("cursor", cursor)
}

/// The fields of all events. An event has some of them.
const FIELDS: [&str; 14] = [
    "event",
    "cursor",
    "partitions",
    "keys",
    "revoked_keys",
    "version",
    "handle_kind",
    "handle_id",
    "revoked_before",
    "final",
    "time",
    "age",
    "live_entries",
    "younger_partitions",
];
