//! `lanyard credential`: a bearer for programs that cannot sign one.

use clap::Args;
use lanyard_token::{Clock as _, SystemClock};
use prost_types::Timestamp;

use super::bearer::Bearer;
use super::connection::ConnectionArgs;
use super::credential_file::Role;
use super::error::ClientError;
use super::output::Output;
use super::render::Record;

/// The flags of `lanyard credential`.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  grpcurl -plaintext -H \"authorization: Bearer $(lanyard \
    credential)\" \\\n    127.0.0.1:7400 lanyard.v1.IdentityService/ListIdentities"
)]
pub(crate) struct CredentialCommand {
    /// Which credential of the file to use; the primary access key where none is named
    #[arg(long, value_enum)]
    role: Option<Role>,
    #[command(flatten)]
    connection: ConnectionArgs,
}

/// Signs a bearer and prints it. Nobody is called.
pub(super) fn run(command: &CredentialCommand) -> Result<(), ClientError> {
    let output = Output::new(&command.connection, &["bearer", "expire_time"])?;
    let file = command.connection.credential_file()?;
    let chosen = match command.role {
        Some(role) => file.of_role(role)?,
        None => file.first()?,
    };
    let bearer = Bearer::sign(&chosen.credential, SystemClock.wall()?)?;
    let text = bearer.token.expose().to_owned();
    let expire_time = i64::try_from(bearer.expire_time).unwrap_or(i64::MAX);
    let record = Record::new().secret("bearer", bearer.token).time(
        "expire_time",
        Some(Timestamp {
            seconds: expire_time,
            nanos: 0,
        }),
    );
    output.answer(&text, &record)
}
