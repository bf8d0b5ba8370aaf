//! `lanyard log`: what keeps the logs of revocations from being followed, and what to do about it.

use clap::Subcommand;
use lanyard_proto::v1::admin_service_client::AdminServiceClient;
use lanyard_proto::v1::{
    GiveUpMissingEntriesRequest, GiveUpMissingEntriesResponse, ListUnreadableEntriesRequest,
    ListUnreadableEntriesResponse, StrikeEntryRequest, StrikeEntryResponse, UnreadableEntry,
};

use super::connection::ConnectionArgs;
use super::credential_file::Purpose;
use super::error::ClientError;
use super::output::Output;
use super::render::Record;
use super::session::Session;

/// What can be done about the logs.
#[derive(Debug, Subcommand)]
pub(crate) enum LogCommand {
    /// List the entries that cannot be understood, and the partitions whose logs lack entries
    List,
    /// Take out an entry that cannot be understood: what it may have revoked lives on
    Strike {
        /// The partition, as it was listed
        #[arg(value_name = "PARTITION")]
        partition: u32,
        /// The place of the entry, as it was listed
        #[arg(value_name = "PLACE")]
        place: String,
    },
    /// Go on without the entries that a log lacks: what they may have revoked lives on
    GiveUpMissing {
        /// The partition, as it was listed
        #[arg(value_name = "PARTITION")]
        partition: u32,
    },
}

/// Runs one of them.
pub(super) async fn run(
    command: LogCommand,
    connection: &ConnectionArgs,
) -> Result<(), ClientError> {
    let fields: &[_] = match command {
        LogCommand::List => &["lacking_partitions"],
        LogCommand::Strike { .. } | LogCommand::GiveUpMissing { .. } => &[],
    };
    let output = &Output::new(connection, fields)?;
    let session = Session::open(connection, Purpose::Administer).await?;
    match command {
        LogCommand::List => list(&session, output).await,
        LogCommand::Strike { partition, place } => {
            strike(&session, output, (partition, place)).await
        }
        LogCommand::GiveUpMissing { partition } => give_up(&session, output, partition).await,
    }
}

async fn list(session: &Session, output: &Output) -> Result<(), ClientError> {
    let mut client = AdminServiceClient::new(session.channel());
    let request = ListUnreadableEntriesRequest {};
    let response = session
        .call(request, |request| client.list_unreadable_entries(request))
        .await?;
    let ListUnreadableEntriesResponse {
        entries,
        lacking_partitions,
    } = response;
    let is_sound = entries.is_empty() && lacking_partitions.is_empty();
    let lacking = lacking_partitions.iter().map(u32::to_string).collect();
    let answer = Record::new()
        .records("entries", entries.into_iter().map(shown).collect())
        .list("lacking_partitions", lacking);
    if is_sound {
        return output.answer(SOUND, &answer);
    }
    output.answer(&format!("{}\n\n{REMEDY}", answer.people()), &answer)
}

async fn strike(
    session: &Session,
    output: &Output,
    (partition, place): (u32, String),
) -> Result<(), ClientError> {
    let done = format!("struck {place} from the log of partition {partition}; {LIVES_ON}");
    let mut client = AdminServiceClient::new(session.channel());
    let request = StrikeEntryRequest { partition, place };
    let StrikeEntryResponse {} = session
        .call(request, |request| client.strike_entry(request))
        .await?;
    output.done(&done, &Record::new())
}

async fn give_up(session: &Session, output: &Output, partition: u32) -> Result<(), ClientError> {
    let done = format!("gave up what the log of partition {partition} lacks; {LIVES_ON}");
    let mut client = AdminServiceClient::new(session.channel());
    let request = GiveUpMissingEntriesRequest { partition };
    let GiveUpMissingEntriesResponse {} = session
        .call(request, |request| client.give_up_missing_entries(request))
        .await?;
    output.done(&done, &Record::new())
}

fn shown(entry: UnreadableEntry) -> Record {
    let UnreadableEntry {
        partition,
        place,
        reason,
    } = entry;
    Record::new()
        .text("partition", partition.to_string())
        .text("place", place)
        .text("reason", reason)
}

const SOUND: &str = "every entry can be understood, and none is missing";
const REMEDY: &str = "\
lists grow stale until this is resolved. A newer version may understand an entry, and another replica
may know what is missing. If not: `lanyard log strike PARTITION PLACE`, or
`lanyard log give-up-missing PARTITION`; what was revoked there lives on until its tokens expire";
const LIVES_ON: &str = "\
what it may have revoked lives on until its tokens expire, so revoke again what you know of";
