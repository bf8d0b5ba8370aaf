//! `lanyard identity`: the people and bots that tokens are for.

use clap::{Args, Subcommand};
use lanyard_proto::v1::identity_service_client::IdentityServiceClient;
use lanyard_proto::v1::{
    CreateIdentityRequest, CreateIdentityResponse, DeleteIdentityRequest, GetIdentityRequest,
    Identity, ListIdentitiesRequest, TokenSpec,
};
use prost_types::Duration;
use tonic::transport::Channel;

use super::connection::ConnectionArgs;
use super::credential_file::Purpose;
use super::error::ClientError;
use super::lifetime;
use super::output::Output;
use super::pages::{Listing, Page, PageArgs};
use super::records;
use super::render::Record;
use super::session::{Session, required};

/// What can be done with identities.
#[derive(Debug, Subcommand)]
pub(crate) enum IdentityCommand {
    /// Make an identity, and a first token for it if scopes are named
    Create(CreateArgs),
    /// Show an identity
    Get {
        /// The identity's id, or its custom id
        #[arg(value_name = "ID")]
        id: String,
    },
    /// List the resource's identities, in the order of their making
    List(PageArgs),
    /// Delete an identity and revoke all its tokens, for good
    Delete {
        /// The identity's id, or its custom id
        #[arg(value_name = "ID")]
        id: String,
    },
}

impl IdentityCommand {
    /// The fields of its answer.
    fn fields(&self) -> Vec<&'static str> {
        match self {
            Self::Create(args) if args.scopes.is_empty() => IDENTITY.to_vec(),
            Self::Create(_) => [&IDENTITY[..], &records::ACCESS_TOKEN].concat(),
            Self::Get { .. } => IDENTITY.to_vec(),
            Self::List(_) => IDENTITY
                .map(|path| path.trim_start_matches("identity."))
                .to_vec(),
            Self::Delete { .. } => records::REVOCATION.to_vec(),
        }
    }
}

/// The flags of `lanyard identity create`.
#[derive(Debug, Args)]
pub(crate) struct CreateArgs {
    /// Your own name for it; the same one gives the same identity back
    #[arg(long, value_name = "X")]
    custom_id: Option<String>,
    /// A scope of a first token to issue with it; may be repeated
    #[arg(long = "scope", value_name = "S", value_delimiter = ',')]
    scopes: Vec<String>,
    /// How long that token lives: minutes, or with units, as `90m`, `1h30m`, `1d`
    #[arg(long, requires = "scopes", allow_hyphen_values = true, value_parser = lifetime::parse)]
    lifetime: Option<Duration>,
}

/// Runs one of them.
pub(super) async fn run(
    command: IdentityCommand,
    connection: &ConnectionArgs,
) -> Result<(), ClientError> {
    let output = Output::new(connection, &command.fields())?;
    let session = Session::open(connection, Purpose::Issue).await?;
    let client = IdentityServiceClient::new(session.channel());
    let mut identities = Identities {
        session,
        client,
        output,
    };
    match command {
        IdentityCommand::Create(args) => identities.create(args).await,
        IdentityCommand::Get { id } => identities.get(id).await,
        IdentityCommand::List(pages) => identities.list(pages).await,
        IdentityCommand::Delete { id } => identities.delete(id).await,
    }
}

struct Identities {
    session: Session,
    client: IdentityServiceClient<Channel>,
    output: Output,
}

impl Identities {
    async fn create(&mut self, args: CreateArgs) -> Result<(), ClientError> {
        let CreateArgs {
            custom_id,
            scopes,
            lifetime,
        } = args;
        let token = (!scopes.is_empty()).then_some(TokenSpec { scopes, lifetime });
        let request = CreateIdentityRequest { custom_id, token };
        let CreateIdentityResponse {
            identity,
            access_token,
        } = self
            .session
            .call(request, |request| self.client.create_identity(request))
            .await?;
        let mut answer = Record::new().record("identity", shown(required(identity, "identity")?));
        if let Some(token) = access_token {
            answer = answer.record("access_token", records::access_token(token));
        }
        self.output.show(&answer)
    }

    async fn get(&mut self, id: String) -> Result<(), ClientError> {
        let identity = if id.starts_with(ID_PREFIX) {
            let request = GetIdentityRequest { identity_id: id };
            let response = self
                .session
                .call(request, |request| self.client.get_identity(request))
                .await?;
            required(response.identity, "identity")?
        } else {
            self.with_custom_id(id).await?
        };
        self.output
            .show(&Record::new().record("identity", shown(identity)))
    }

    /// Looks for an identity by its custom id, page by page.
    async fn with_custom_id(&mut self, custom_id: String) -> Result<Identity, ClientError> {
        let mut page_token = String::new();
        loop {
            let request = ListIdentitiesRequest {
                page_size: LARGEST_PAGE,
                page_token,
            };
            let response = self
                .session
                .call(request, |request| self.client.list_identities(request))
                .await?;
            let mut identities = response.identities.into_iter();
            if let Some(found) = identities.find(|one| one.custom_id.as_deref() == Some(&custom_id))
            {
                return Ok(found);
            }
            if response.next_page_token.is_empty() {
                return Err(ClientError::NotNamed {
                    kind: "identity",
                    name: "custom id",
                    text: custom_id,
                });
            }
            page_token = response.next_page_token;
        }
    }

    async fn list(&mut self, pages: PageArgs) -> Result<(), ClientError> {
        let PageArgs { page_size, limit } = pages;
        let fetch = async |page_token| {
            let request = ListIdentitiesRequest {
                page_size,
                page_token,
            };
            let response = self
                .session
                .call(request, |request| self.client.list_identities(request))
                .await?;
            let records = response.identities.into_iter().map(shown).collect();
            Ok(Page {
                records,
                next: response.next_page_token,
            })
        };
        LISTING.print(&self.output, limit, fetch).await
    }

    async fn delete(&mut self, id: String) -> Result<(), ClientError> {
        let identity_id = if id.starts_with(ID_PREFIX) {
            id
        } else {
            self.with_custom_id(id).await?.id
        };
        let done = format!("deleted {identity_id} and revoked its tokens");
        let request = DeleteIdentityRequest { identity_id };
        let response = self
            .session
            .call(request, |request| self.client.delete_identity(request))
            .await?;
        let revocation = required(response.revocation, "revocation")?;
        let answer = Record::new().record("revocation", records::revocation(revocation));
        self.output.done(&done, &answer)
    }
}

fn shown(identity: Identity) -> Record {
    let Identity {
        id,
        custom_id,
        create_time,
        last_token_issue_time,
    } = identity;
    Record::new()
        .text("id", id)
        .maybe("custom_id", custom_id)
        .time("create_time", create_time)
        .time("last_token_issue_time", last_token_issue_time)
}

/// The fields of an identity in an answer.
const IDENTITY: [&str; 4] = [
    "identity.id",
    "identity.custom_id",
    "identity.create_time",
    "identity.last_token_issue_time",
];
/// The beginning of the id of each identity.
const ID_PREFIX: &str = "8:acs:";
const LARGEST_PAGE: i32 = 1000;
const LISTING: Listing = Listing {
    name: "identities",
    columns: &["id", "create_time", "last_token_issue_time", "custom_id"],
};
