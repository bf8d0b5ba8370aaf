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
        /// The identity's id
        #[arg(value_name = "ID")]
        id: String,
    },
    /// List the resource's identities, in the order of their making
    List(PageArgs),
    /// Delete an identity and revoke all its tokens, for good
    Delete {
        /// The identity's id
        #[arg(value_name = "ID")]
        id: String,
    },
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
    /// How long that token lives: minutes, or with a unit, as `90m`, `2h`, `1d`
    #[arg(long, requires = "scopes", allow_hyphen_values = true, value_parser = lifetime::parse)]
    lifetime: Option<Duration>,
}

/// Runs one of them.
pub(super) async fn run(
    command: IdentityCommand,
    connection: &ConnectionArgs,
) -> Result<(), ClientError> {
    let session = Session::open(connection, Purpose::Issue).await?;
    let client = IdentityServiceClient::new(session.channel());
    let mut identities = Identities {
        session,
        client,
        output: Output::new(connection),
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

    async fn get(&mut self, identity_id: String) -> Result<(), ClientError> {
        let request = GetIdentityRequest { identity_id };
        let response = self
            .session
            .call(request, |request| self.client.get_identity(request))
            .await?;
        let identity = required(response.identity, "identity")?;
        self.output
            .show(&Record::new().record("identity", shown(identity)))
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

    async fn delete(&mut self, identity_id: String) -> Result<(), ClientError> {
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

const LISTING: Listing = Listing {
    name: "identities",
    columns: &["id", "create_time", "last_token_issue_time", "custom_id"],
};
