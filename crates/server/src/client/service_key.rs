//! `lanyard service-key`: the credentials of operators and enforcement points.

use clap::{Args, Subcommand};
use lanyard_proto::v1::admin_service_client::AdminServiceClient;
use lanyard_proto::v1::{
    CreateServiceKeyRequest, DeleteServiceKeyRequest, DeleteServiceKeyResponse,
    ListServiceKeysRequest, ServiceKey, ServiceKeyRole,
};

use super::connection::ConnectionArgs;
use super::credential_file::Purpose;
use super::error::ClientError;
use super::kept;
use super::names;
use super::out_file::OutArgs;
use super::output::Output;
use super::pages::{Listing, Page};
use super::records::SECRET;
use super::render::Record;
use super::session::{Session, required};

/// What can be done with service keys.
#[derive(Debug, Subcommand)]
pub(crate) enum ServiceKeyCommand {
    /// Make a service key
    Create(CreateArgs),
    /// List the service keys, without their secrets
    List,
    /// Delete a service key; its next call is refused
    Delete {
        /// The key's id
        #[arg(value_name = "ID")]
        id: String,
    },
}

impl ServiceKeyCommand {
    /// The fields of its answer.
    fn fields(&self) -> Vec<&'static str> {
        match self {
            Self::Create(args) => args.out.printed(SERVICE_KEY.to_vec()),
            Self::List => vec!["id", "role", "create_time"],
            Self::Delete { .. } => Vec::new(),
        }
    }
}

/// The arguments of `lanyard service-key create`.
#[derive(Debug, Args)]
pub(crate) struct CreateArgs {
    /// What it may do: operator manages the authority, enforcer checks tokens
    #[arg(value_name = "ROLE", value_parser = names::parse::<ServiceKeyRole>)]
    role: ServiceKeyRole,
    #[command(flatten)]
    out: OutArgs,
}

/// Runs one of them.
pub(super) async fn run(
    command: ServiceKeyCommand,
    connection: &ConnectionArgs,
) -> Result<(), ClientError> {
    let output = &Output::new(connection, &command.fields())?;
    let session = Session::open(connection, Purpose::Administer).await?;
    match command {
        ServiceKeyCommand::Create(args) => create(&session, output, args).await,
        ServiceKeyCommand::List => list(&session, output).await,
        ServiceKeyCommand::Delete { id } => delete(&session, output, id).await,
    }
}

async fn create(session: &Session, output: &Output, args: CreateArgs) -> Result<(), ClientError> {
    let CreateArgs { role, out } = args;
    let request = CreateServiceKeyRequest { role: role.into() };
    let out = out.reserve()?;
    let mut client = AdminServiceClient::new(session.channel());
    let response = session
        .call(request, |request| client.create_service_key(request))
        .await?;
    let key = required(response.service_key, "service_key")?;
    let file = out.keep(&kept::service_key(&key, &session.endpoint))?;
    let answer = Record::new().record("service_key", shown(key));
    output.made(file, answer)
}

async fn list(session: &Session, output: &Output) -> Result<(), ClientError> {
    let mut client = AdminServiceClient::new(session.channel());
    let fetch = async |page_token| {
        let request = ListServiceKeysRequest {
            page_size: 0,
            page_token,
        };
        let response = session
            .call(request, |request| client.list_service_keys(request))
            .await?;
        let records = response.service_keys.into_iter().map(shown).collect();
        Ok(Page {
            records,
            next: response.next_page_token,
        })
    };
    LISTING.print(output, None, fetch).await
}

async fn delete(session: &Session, output: &Output, id: String) -> Result<(), ClientError> {
    let done = format!("deleted the service key {id}");
    let request = DeleteServiceKeyRequest { service_key_id: id };
    let mut client = AdminServiceClient::new(session.channel());
    let DeleteServiceKeyResponse {} = session
        .call(request, |request| client.delete_service_key(request))
        .await?;
    output.done(&done, &Record::new())
}

fn shown(key: ServiceKey) -> Record {
    let ServiceKey {
        id,
        role,
        create_time,
        secret,
    } = key;
    Record::new()
        .text("id", id)
        .text("role", names::of::<ServiceKeyRole>(role))
        .time("create_time", create_time)
        .told(SECRET, secret)
}

/// The fields of a service key in an answer.
const SERVICE_KEY: [&str; 4] = [
    "service_key.id",
    "service_key.role",
    "service_key.create_time",
    "service_key.secret",
];
const LISTING: Listing = Listing {
    name: "service_keys",
    columns: &["id", "role", "create_time"],
};
