//! `lanyard check` and `lanyard capabilities`: may this token do that?

use clap::Args;
use lanyard_proto::v1::policy_service_client::PolicyServiceClient;
use lanyard_proto::v1::{
    Capability, CapabilityDecision, CheckRequest, Decision, DecisionReason,
    ListCapabilitiesRequest, ListCapabilitiesResponse,
};

use super::Outcome;
use super::connection::ConnectionArgs;
use super::context::ContextArgs;
use super::credential_file::Purpose;
use super::error::ClientError;
use super::names;
use super::output::Output;
use super::render::{self, Record};
use super::session::{Session, required};
use super::table::Table;
use super::token_arg::{self, TokenArg};

/// The arguments of `lanyard check`.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes: 0 for an answer, whatever it is; 1 for an error; 2 for a command \
    that was\nnot understood. With --exit-code, 3 for a denial and 0 only where it is allowed."
)]
pub(crate) struct CheckCommand {
    #[arg(value_name = "TOKEN", help = token_arg::HELP)]
    token: TokenArg,
    /// What it is asked about, such as create-chat-thread
    #[arg(value_name = "CAPABILITY", value_parser = names::parse::<Capability>)]
    #[arg(long_help = format!("What it is asked about: {}", names::listed::<Capability>()))]
    capability: Capability,
    /// Wait until the authority has heard of the revocation at this position
    #[arg(long, value_name = "P")]
    min_position: Option<String>,
    /// Exit with 3 where it is denied
    #[arg(long)]
    exit_code: bool,
    #[command(flatten)]
    context: ContextArgs,
    #[command(flatten)]
    connection: ConnectionArgs,
}

/// The arguments of `lanyard capabilities`.
#[derive(Debug, Args)]
pub(crate) struct CapabilitiesCommand {
    #[arg(value_name = "TOKEN", help = token_arg::HELP)]
    token: TokenArg,
    #[command(flatten)]
    context: ContextArgs,
    #[command(flatten)]
    connection: ConnectionArgs,
}

/// Asks about one capability.
pub(super) async fn check(command: CheckCommand) -> Result<Outcome, ClientError> {
    let CheckCommand {
        token,
        capability,
        min_position,
        exit_code,
        context,
        connection,
    } = command;
    let request = CheckRequest {
        token: token.read()?.expose().to_owned(),
        capability: capability.into(),
        context: Some(context.into()),
        min_position,
    };
    let output = Output::new(&connection, &DECISION)?;
    let session = Session::open(&connection, Purpose::Check).await?;
    let mut client = PolicyServiceClient::new(session.channel());
    let response = session
        .call(request, |request| client.check(request))
        .await?;
    let decision = required(response.decision, "decision")?;
    let outcome = outcome(&decision, exit_code);
    let people = sentence(&decision);
    output.answer(&people, &Record::new().record("decision", shown(decision)))?;
    Ok(outcome)
}

/// Asks about all of them.
pub(super) async fn capabilities(command: CapabilitiesCommand) -> Result<(), ClientError> {
    let CapabilitiesCommand {
        token,
        context,
        connection,
    } = command;
    let request = ListCapabilitiesRequest {
        token: token.read()?.expose().to_owned(),
        context: Some(context.into()),
    };
    let output = Output::new(&connection, &["identity_id", "scopes"])?;
    let session = Session::open(&connection, Purpose::Check).await?;
    let mut client = PolicyServiceClient::new(session.channel());
    let response = session
        .call(request, |request| client.list_capabilities(request))
        .await?;
    let people = overview(&response);
    output.answer(&people, &listed(response)?)
}

const fn outcome(decision: &Decision, exit_code: bool) -> Outcome {
    if exit_code && !decision.allowed {
        Outcome::Denied
    } else {
        Outcome::Done
    }
}

/// One decision on one line.
fn sentence(decision: &Decision) -> String {
    let mut parts = vec![verdict(decision).to_owned(), reason(decision)];
    parts.extend(scopes(decision));
    parts.extend(
        decision
            .list_age
            .as_ref()
            .map(|age| format!("list age {}", render::seconds(age))),
    );
    parts.join("  ")
}

/// All decisions, one on each line.
fn overview(response: &ListCapabilitiesResponse) -> String {
    let about = Record::new()
        .text("identity_id", &response.identity_id)
        .list("scopes", response.scopes.clone())
        .people();
    let rows: Vec<_> = response.decisions.iter().map(row).collect();
    let table = Table::new(&["capability", "decision", "reason", "scopes"]).whole(&rows);
    if about.is_empty() {
        table
    } else {
        format!("{about}\n\n{table}")
    }
}

fn row(line: &CapabilityDecision) -> Record {
    let record = Record::new().text("capability", names::typed_of::<Capability>(line.capability));
    match &line.decision {
        Some(decision) => record
            .text("decision", verdict(decision))
            .text("reason", reason(decision))
            .maybe("scopes", scopes(decision)),
        None => record,
    }
}

const fn verdict(decision: &Decision) -> &'static str {
    if decision.allowed {
        "allowed"
    } else {
        "denied"
    }
}

fn reason(decision: &Decision) -> String {
    names::of::<DecisionReason>(decision.reason)
}

fn scopes(decision: &Decision) -> Option<String> {
    match (
        decision.granted_by.as_slice(),
        decision.sufficient_scopes.as_slice(),
    ) {
        ([], []) => None,
        ([], sufficient) => Some(format!("would suffice: {}", sufficient.join(", "))),
        (granted, _) => Some(format!("granted by {}", granted.join(", "))),
    }
}

fn listed(response: ListCapabilitiesResponse) -> Result<Record, ClientError> {
    let ListCapabilitiesResponse {
        identity_id,
        scopes,
        decisions,
    } = response;
    let decisions: Result<Vec<_>, _> = decisions.into_iter().map(listed_one).collect();
    Ok(Record::new()
        .text("identity_id", identity_id)
        .list("scopes", scopes)
        .records("decisions", decisions?))
}

fn listed_one(line: CapabilityDecision) -> Result<Record, ClientError> {
    let CapabilityDecision {
        capability,
        decision,
    } = line;
    Ok(Record::new()
        .text("capability", names::of::<Capability>(capability))
        .record("decision", shown(required(decision, "decision")?)))
}

fn shown(decision: Decision) -> Record {
    let Decision {
        allowed,
        reason,
        identity_id,
        granted_by,
        sufficient_scopes,
        list_age,
    } = decision;
    Record::new()
        .flag("allowed", allowed)
        .text("reason", names::of::<DecisionReason>(reason))
        .text("identity_id", identity_id)
        .list("granted_by", granted_by)
        .list("sufficient_scopes", sufficient_scopes)
        .duration("list_age", list_age)
}

/// The fields of an answer to a check.
const DECISION: [&str; 6] = [
    "decision.allowed",
    "decision.reason",
    "decision.identity_id",
    "decision.granted_by",
    "decision.sufficient_scopes",
    "decision.list_age",
];

#[cfg(test)]
mod tests;
