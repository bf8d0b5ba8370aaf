//! `lanyard key`: the two access keys of a resource.

use clap::{Args, Subcommand};
use lanyard_proto::v1::admin_service_client::AdminServiceClient;
use lanyard_proto::v1::{
    AccessKeySlot, ListAccessKeysRequest, RotateAccessKeyRequest, RotateAccessKeyResponse,
};

use super::connection::ConnectionArgs;
use super::credential_file::Purpose;
use super::error::ClientError;
use super::kept;
use super::names;
use super::out_file::OutArgs;
use super::output::Output;
use super::records;
use super::render::Record;
use super::session::{Session, required};

/// What can be done with access keys.
#[derive(Debug, Subcommand)]
pub(crate) enum KeyCommand {
    /// List the access keys of a resource, without their secrets
    List(OfResource),
    /// Replace an access key by a new one and revoke every token that the old one issued
    Rotate(RotateArgs),
}

impl KeyCommand {
    /// The fields of its answer.
    fn fields(&self) -> Vec<&'static str> {
        match self {
            Self::List(_) => Vec::new(),
            Self::Rotate(args) => {
                let fields = [&ACCESS_KEY[..], &records::REVOCATION].concat();
                args.out.printed(fields)
            }
        }
    }
}

/// The arguments of `lanyard key rotate`.
#[derive(Debug, Args)]
pub(crate) struct RotateArgs {
    /// Which key: primary or secondary
    #[arg(value_name = "SLOT", value_parser = names::parse::<AccessKeySlot>)]
    slot: AccessKeySlot,
    #[command(flatten)]
    resource: OfResource,
    #[command(flatten)]
    out: OutArgs,
}

/// Which resource is meant.
#[derive(Debug, Args)]
pub(crate) struct OfResource {
    /// The resource's id; without it, the credential file's
    #[arg(value_name = "RESOURCE_ID")]
    id: Option<String>,
}

impl OfResource {
    fn of(self, session: &Session) -> Result<String, ClientError> {
        self.id
            .or_else(|| session.file.resource_id.clone())
            .ok_or_else(|| ClientError::Unnamed {
                file: session.file.path.display().to_string(),
                what: "resource",
                flag: "RESOURCE_ID",
            })
    }
}

/// Runs one of them.
pub(super) async fn run(
    command: KeyCommand,
    connection: &ConnectionArgs,
) -> Result<(), ClientError> {
    let output = &Output::new(connection, &command.fields())?;
    let session = Session::open(connection, Purpose::Administer).await?;
    match command {
        KeyCommand::List(resource) => list(&session, output, resource).await,
        KeyCommand::Rotate(args) => rotate(&session, output, args).await,
    }
}

async fn list(session: &Session, output: &Output, resource: OfResource) -> Result<(), ClientError> {
    let request = ListAccessKeysRequest {
        resource_id: resource.of(session)?,
    };
    let mut client = AdminServiceClient::new(session.channel());
    let response = session
        .call(request, |request| client.list_access_keys(request))
        .await?;
    let keys = response
        .access_keys
        .into_iter()
        .map(records::access_key)
        .collect();
    output.show(&Record::new().records("access_keys", keys))
}

async fn rotate(session: &Session, output: &Output, args: RotateArgs) -> Result<(), ClientError> {
    let RotateArgs {
        slot,
        resource,
        out,
    } = args;
    let resource_id = resource.of(session)?;
    let request = RotateAccessKeyRequest {
        resource_id: resource_id.clone(),
        slot: slot.into(),
    };
    let out = out.reserve()?;
    let mut client = AdminServiceClient::new(session.channel());
    let response = session
        .call(request, |request| client.rotate_access_key(request))
        .await?;
    let RotateAccessKeyResponse {
        access_key,
        revocation,
    } = response;
    let key = required(access_key, "access_key")?;
    // First of all: from here on the secret exists nowhere else.
    let file = out.keep(&kept::access_key(&key, &resource_id, &session.endpoint))?;
    let answer = Record::new()
        .record("access_key", records::access_key(key))
        .record(
            "revocation",
            records::revocation(required(revocation, "revocation")?),
        );
    output.made(file, answer)
}

/// The fields of an access key in an answer.
const ACCESS_KEY: [&str; 4] = [
    "access_key.id",
    "access_key.slot",
    "access_key.create_time",
    "access_key.secret",
];
