//! `lanyard resource`: the tenants.

use clap::{Args, Subcommand};
use lanyard_proto::v1::admin_service_client::AdminServiceClient;
use lanyard_proto::v1::{
    CreateResourceRequest, CreateResourceResponse, DeleteResourceRequest, GetResourceRequest,
    ListResourcesRequest, Resource,
};
use tonic::transport::Channel;

use super::connection::ConnectionArgs;
use super::connection_string::{self, ConnectionStringArgs};
use super::credential_file::Purpose;
use super::error::ClientError;
use super::kept;
use super::out_file::OutArgs;
use super::output::Output;
use super::pages::{Listing, Page};
use super::records;
use super::render::Record;
use super::session::{Session, required};

/// What can be done with resources.
#[derive(Debug, Subcommand)]
pub(crate) enum ResourceCommand {
    /// Make a resource with two access keys
    Create(CreateArgs),
    /// Show a resource
    Get {
        /// The resource's id
        #[arg(value_name = "ID")]
        id: String,
    },
    /// List the resources of a subscription
    List(InSubscription),
    /// Delete a resource with its keys and identities, and revoke every token there, for good
    Delete {
        /// The resource's id
        #[arg(value_name = "ID")]
        id: String,
    },
    /// Print the connection string that the Azure SDKs take
    #[command(
        after_help = "It is made of the credential file, and nobody is called: after a key was \
    rotated, name the file\nof the new one, which `lanyard key rotate SLOT --out FILE` has written, by \
    --credential.\n\nExample:\n  export COMMUNICATION_CONNECTION_STRING=\"$(lanyard \
    resource connection-string)\""
    )]
    ConnectionString(ConnectionStringArgs),
}

/// The arguments of `lanyard resource create`.
#[derive(Debug, Args)]
pub(crate) struct CreateArgs {
    /// Its name: 1 to 63 of a-z, 0-9 and `-`
    #[arg(value_name = "NAME")]
    name: String,
    #[command(flatten)]
    parent: InSubscription,
    #[command(flatten)]
    out: OutArgs,
}

/// Which subscription is meant.
#[derive(Debug, Args)]
pub(crate) struct InSubscription {
    /// The subscription's id; without it, the credential file's
    #[arg(long = "subscription", value_name = "ID")]
    id: Option<String>,
}

impl InSubscription {
    fn of(self, session: &Session) -> Result<String, ClientError> {
        self.id
            .or_else(|| session.file.subscription_id.clone())
            .ok_or_else(|| ClientError::Unnamed {
                file: session.file.path.display().to_string(),
                what: "subscription",
                flag: "--subscription ID",
            })
    }
}

/// Runs one of them.
pub(super) async fn run(
    command: ResourceCommand,
    connection: &ConnectionArgs,
) -> Result<(), ClientError> {
    match command {
        ResourceCommand::Create(args) => Resources::open(connection).await?.create(args).await,
        ResourceCommand::Get { id } => Resources::open(connection).await?.get(id).await,
        ResourceCommand::List(parent) => Resources::open(connection).await?.list(parent).await,
        ResourceCommand::Delete { id } => Resources::open(connection).await?.delete(id).await,
        ResourceCommand::ConnectionString(args) => connection_string::run(&args, connection),
    }
}

struct Resources {
    session: Session,
    client: AdminServiceClient<Channel>,
    output: Output,
}

impl Resources {
    async fn open(connection: &ConnectionArgs) -> Result<Self, ClientError> {
        let session = Session::open(connection, Purpose::Administer).await?;
        let client = AdminServiceClient::new(session.channel());
        let output = Output::new(connection);
        Ok(Self {
            session,
            client,
            output,
        })
    }

    async fn create(&mut self, args: CreateArgs) -> Result<(), ClientError> {
        let CreateArgs { name, parent, out } = args;
        let request = CreateResourceRequest {
            subscription_id: parent.of(&self.session)?,
            name,
        };
        let out = out.reserve()?;
        let response = self
            .session
            .call(request, |request| self.client.create_resource(request))
            .await?;
        let CreateResourceResponse {
            resource,
            access_keys,
        } = response;
        let resource = required(resource, "resource")?;
        let file = out.keep(&kept::resource(
            &resource,
            &access_keys,
            &self.session.endpoint,
        ))?;
        let keys = access_keys.into_iter().map(records::access_key).collect();
        let answer = Record::new()
            .record("resource", shown(resource))
            .records("access_keys", keys);
        self.output.made(file, answer)
    }

    async fn get(&mut self, resource_id: String) -> Result<(), ClientError> {
        let request = GetResourceRequest { resource_id };
        let response = self
            .session
            .call(request, |request| self.client.get_resource(request))
            .await?;
        let resource = required(response.resource, "resource")?;
        self.output
            .show(&Record::new().record("resource", shown(resource)))
    }

    async fn list(&mut self, parent: InSubscription) -> Result<(), ClientError> {
        let subscription_id = parent.of(&self.session)?;
        let fetch = async |page_token| {
            let subscription_id = subscription_id.clone();
            let request = ListResourcesRequest {
                subscription_id,
                page_size: 0,
                page_token,
            };
            let response = self
                .session
                .call(request, |request| self.client.list_resources(request))
                .await?;
            let records = response.resources.into_iter().map(shown).collect();
            Ok(Page {
                records,
                next: response.next_page_token,
            })
        };
        LISTING.print(&self.output, None, fetch).await
    }

    async fn delete(&mut self, resource_id: String) -> Result<(), ClientError> {
        let done = format!("deleted the resource {resource_id} and all beneath it");
        let request = DeleteResourceRequest { resource_id };
        let response = self
            .session
            .call(request, |request| self.client.delete_resource(request))
            .await?;
        let revocation = records::revocation(required(response.revocation, "revocation")?);
        self.output
            .done(&done, &Record::new().record("revocation", revocation))
    }
}

fn shown(resource: Resource) -> Record {
    let Resource {
        id,
        subscription_id,
        name,
        create_time,
    } = resource;
    Record::new()
        .text("id", id)
        .text("subscription_id", subscription_id)
        .text("name", name)
        .time("create_time", create_time)
}

const LISTING: Listing = Listing {
    name: "resources",
    columns: &["id", "create_time", "name"],
};
