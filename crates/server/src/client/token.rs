//! `lanyard token` and `lanyard tokens`: issuing, inspecting and revoking.

use clap::{Args, Subcommand};
use lanyard_proto::v1::identity_service_client::IdentityServiceClient;
use lanyard_proto::v1::policy_service_client::PolicyServiceClient;
use lanyard_proto::v1::{
    DecisionReason, IntrospectRequest, IntrospectResponse, IssueTokenRequest, Revocation,
    RevokeTokenRequest, RevokeTokensRequest, TokenClaims,
};
use prost_types::Duration;

use super::connection::ConnectionArgs;
use super::credential_file::Purpose;
use super::error::ClientError;
use super::lifetime;
use super::names;
use super::output::Output;
use super::records;
use super::render::Record;
use super::session::{Session, required};
use super::token_arg::{self, TokenArg};

/// What can be done with single tokens.
#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    /// Issue an access token for an identity
    Issue(IssueArgs),
    /// Show what a token says and whether it is good
    Inspect {
        #[arg(value_name = "TOKEN", help = token_arg::HELP)]
        token: TokenArg,
    },
    /// Revoke one token; the identity's others stay good
    Revoke {
        #[arg(value_name = "TOKEN", help = token_arg::HELP)]
        token: TokenArg,
    },
}

/// What can be done with all tokens of an identity.
#[derive(Debug, Subcommand)]
pub(crate) enum TokensCommand {
    /// Revoke every token that an identity has; those issued afterwards are good
    Revoke {
        /// The identity's id
        #[arg(value_name = "IDENTITY_ID")]
        identity_id: String,
    },
}

/// The arguments of `lanyard token issue`.
#[derive(Debug, Args)]
pub(crate) struct IssueArgs {
    /// The identity's id
    #[arg(value_name = "IDENTITY_ID")]
    identity_id: String,
    /// What the token shall carry; may be repeated: chat, chat.join, chat.join.limited, voip, voip.join
    #[arg(
        long = "scope",
        value_name = "S",
        required = true,
        value_delimiter = ','
    )]
    scopes: Vec<String>,
    /// How long it lives, 60 minutes to a day: minutes, or with units, as `90m`, `1h30m`, `1d`
    #[arg(long, allow_hyphen_values = true, value_parser = lifetime::parse)]
    lifetime: Option<Duration>,
}

/// Runs a command on a single token.
pub(super) async fn run(
    command: TokenCommand,
    connection: &ConnectionArgs,
) -> Result<(), ClientError> {
    match command {
        TokenCommand::Issue(args) => issue(args, connection).await,
        TokenCommand::Inspect { token } => inspect(token, connection).await,
        TokenCommand::Revoke { token } => revoke(token, connection).await,
    }
}

/// Runs a command on all tokens of an identity.
pub(super) async fn run_all(
    command: TokensCommand,
    connection: &ConnectionArgs,
) -> Result<(), ClientError> {
    let TokensCommand::Revoke { identity_id } = command;
    let output = Output::new(connection, &records::REVOCATION)?;
    let session = Session::open(connection, Purpose::Issue).await?;
    let mut client = IdentityServiceClient::new(session.channel());
    let done = format!("revoked every token of {identity_id}");
    let request = RevokeTokensRequest { identity_id };
    let response = session
        .call(request, |request| client.revoke_tokens(request))
        .await?;
    revoked(&output, &done, response.revocation)
}

async fn issue(args: IssueArgs, connection: &ConnectionArgs) -> Result<(), ClientError> {
    let IssueArgs {
        identity_id,
        scopes,
        lifetime,
    } = args;
    let output = Output::new(connection, &records::ACCESS_TOKEN)?;
    let session = Session::open(connection, Purpose::Issue).await?;
    let mut client = IdentityServiceClient::new(session.channel());
    let request = IssueTokenRequest {
        identity_id,
        scopes,
        lifetime,
    };
    let response = session
        .call(request, |request| client.issue_token(request))
        .await?;
    let token = required(response.access_token, "access_token")?;
    // On a line of its own, a token can be copied.
    let line = token.token.clone();
    let record = records::access_token(token);
    let people = format!(
        "{line}\n\n{}",
        record.clone().without(records::TOKEN).people()
    );
    output.answer(&people, &Record::new().record("access_token", record))
}

async fn inspect(token: TokenArg, connection: &ConnectionArgs) -> Result<(), ClientError> {
    let output = Output::new(connection, &INSPECTED)?;
    let request = IntrospectRequest {
        token: token.read()?.expose().to_owned(),
    };
    let session = Session::open(connection, Purpose::Check).await?;
    let mut client = PolicyServiceClient::new(session.channel());
    let response = session
        .call(request, |request| client.introspect(request))
        .await?;
    output.show(&inspected(response))
}

async fn revoke(token: TokenArg, connection: &ConnectionArgs) -> Result<(), ClientError> {
    let output = Output::new(connection, &records::REVOCATION)?;
    let request = RevokeTokenRequest {
        token: token.read()?.expose().to_owned(),
    };
    let session = Session::open(connection, Purpose::Issue).await?;
    let mut client = IdentityServiceClient::new(session.channel());
    let response = session
        .call(request, |request| client.revoke_token(request))
        .await?;
    revoked(&output, "revoked the token", response.revocation)
}

fn revoked(output: &Output, done: &str, revocation: Option<Revocation>) -> Result<(), ClientError> {
    let revocation = records::revocation(required(revocation, "revocation")?);
    output.done(done, &Record::new().record("revocation", revocation))
}

fn inspected(response: IntrospectResponse) -> Record {
    let IntrospectResponse {
        active,
        claims,
        reason,
        list_age,
    } = response;
    let mut record = Record::new()
        .flag("active", active)
        .text("reason", names::of::<DecisionReason>(reason));
    if let Some(claims) = claims {
        record = record.record("claims", shown(claims));
    }
    record.duration("list_age", list_age)
}

fn shown(claims: TokenClaims) -> Record {
    let TokenClaims {
        issuer,
        audience,
        identity_id,
        issue_time,
        expire_time,
        token_id,
        scopes,
        credential_id,
        position,
        key_id,
    } = claims;
    Record::new()
        .text("issuer", issuer)
        .text("audience", audience)
        .text("identity_id", identity_id)
        .time("issue_time", issue_time)
        .time("expire_time", expire_time)
        .text("token_id", token_id)
        .list("scopes", scopes)
        .text("credential_id", credential_id)
        .text("position", position)
        .text("key_id", key_id)
}

/// The fields of an answer about a token.
const INSPECTED: [&str; 13] = [
    "active",
    "reason",
    "claims.issuer",
    "claims.audience",
    "claims.identity_id",
    "claims.issue_time",
    "claims.expire_time",
    "claims.token_id",
    "claims.scopes",
    "claims.credential_id",
    "claims.position",
    "claims.key_id",
    "list_age",
];
