//! `lanyard resource`: the tenants.

use clap::{Args, Subcommand};
use lanyard_proto::v1::admin_service_client::AdminServiceClient;
use lanyard_proto::v1::{
    CreateResourceRequest, CreateResourceResponse, DeleteResourceRequest, GetResourceRequest,
    ListResourcesRequest, ListSubscriptionsRequest, Resource,
};
use tonic::transport::Channel;
use uuid::Uuid;

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
        /// The resource's id, or its name
        #[arg(value_name = "ID")]
        id: String,
    },
    /// List the resources of a subscription
    List(InSubscription),
    /// Delete a resource with its keys and identities, and revoke every token there, for good
    Delete {
        /// The resource's id, or its name
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

impl ResourceCommand {
    /// The fields of its answer.
    fn fields(&self) -> Vec<&'static str> {
        match self {
            Self::Create(_) | Self::Get { .. } => RESOURCE.to_vec(),
            Self::List(_) => RESOURCE
                .map(|path| path.trim_start_matches("resource."))
                .to_vec(),
            Self::Delete { .. } => records::REVOCATION.to_vec(),
            Self::ConnectionString(_) => Vec::new(),
        }
    }
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
    if let ResourceCommand::ConnectionString(args) = &command {
        return connection_string::run(args, connection);
    }
    let output = Output::new(connection, &command.fields())?;
    let mut resources = Resources::open(connection, output).await?;
    match command {
        ResourceCommand::Create(args) => resources.create(args).await,
        ResourceCommand::Get { id } => resources.get(id).await,
        ResourceCommand::List(parent) => resources.list(parent).await,
        ResourceCommand::Delete { id } => resources.delete(id).await,
        ResourceCommand::ConnectionString(_) => Ok(()),
    }
}

struct Resources {
    session: Session,
    client: AdminServiceClient<Channel>,
    output: Output,
}

impl Resources {
    async fn open(connection: &ConnectionArgs, output: Output) -> Result<Self, ClientError> {
        let session = Session::open(connection, Purpose::Administer).await?;
        let client = AdminServiceClient::new(session.channel());
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

    async fn get(&mut self, id: String) -> Result<(), ClientError> {
        let resource = if is_id(&id) {
            let request = GetResourceRequest { resource_id: id };
            let response = self
                .session
                .call(request, |request| self.client.get_resource(request))
                .await?;
            required(response.resource, "resource")?
        } else {
            self.with_name(id).await?
        };
        self.output
            .show(&Record::new().record("resource", shown(resource)))
    }

    /// Looks for a resource by its name, in all subscriptions.
    async fn with_name(&mut self, name: String) -> Result<Resource, ClientError> {
        for subscription_id in self.subscriptions().await? {
            let mut page_token = String::new();
            loop {
                let request = ListResourcesRequest {
                    subscription_id: subscription_id.clone(),
                    page_size: 0,
                    page_token,
                };
                let response = self
                    .session
                    .call(request, |request| self.client.list_resources(request))
                    .await?;
                let mut resources = response.resources.into_iter();
                if let Some(found) = resources.find(|one| one.name == name) {
                    return Ok(found);
                }
                page_token = response.next_page_token;
                if page_token.is_empty() {
                    break;
                }
            }
        }
        Err(ClientError::NotNamed {
            kind: "resource",
            name: "name",
            text: name,
        })
    }

    async fn subscriptions(&mut self) -> Result<Vec<String>, ClientError> {
        let mut ids = Vec::new();
        let mut page_token = String::new();
        loop {
            let request = ListSubscriptionsRequest {
                page_size: 0,
                page_token,
            };
            let response = self
                .session
                .call(request, |request| self.client.list_subscriptions(request))
                .await?;
            ids.extend(response.subscriptions.into_iter().map(|one| one.id));
            page_token = response.next_page_token;
            if page_token.is_empty() {
                return Ok(ids);
            }
        }
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

    async fn delete(&mut self, id: String) -> Result<(), ClientError> {
        let resource_id = if is_id(&id) {
            id
        } else {
            self.with_name(id).await?.id
        };
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

fn is_id(text: &str) -> bool {
    Uuid::try_parse(text).is_ok()
}

/// The fields of a resource in an answer.
const RESOURCE: [&str; 4] = [
    "resource.id",
    "resource.subscription_id",
    "resource.name",
    "resource.create_time",
];
const LISTING: Listing = Listing {
    name: "resources",
    columns: &["id", "create_time", "name"],
};
