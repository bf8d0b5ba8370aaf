//! `lanyard resource connection-string`: what an Azure SDK is given.

use clap::{Args, ValueEnum};

use super::connection::ConnectionArgs;
use super::credential_file::Role;
use super::error::ClientError;
use super::kept;
use super::output::Output;
use super::render::Record;
use crate::serve::PublicEndpoint;

/// The arguments of `lanyard resource connection-string`.
#[derive(Debug, Args)]
pub(crate) struct ConnectionStringArgs {
    /// Which of the resource's two access keys it shall have
    #[arg(long, value_enum, default_value = "primary")]
    slot: Slot,
}

/// The access keys of a resource.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Slot {
    Primary,
    Secondary,
}

impl From<Slot> for Role {
    fn from(slot: Slot) -> Self {
        match slot {
            Slot::Primary => Self::Primary,
            Slot::Secondary => Self::Secondary,
        }
    }
}

/// Makes it of the credential file, and prints it. Nobody is called.
pub(super) fn run(
    args: &ConnectionStringArgs,
    connection: &ConnectionArgs,
) -> Result<(), ClientError> {
    let output = Output::new(connection, &["connection_string"])?;
    let file = connection.credential_file()?;
    let key = file.of_role(args.slot.into())?.credential;
    let endpoint = callable(connection.endpoint(&file)?)?;
    let made = kept::connection_string(&endpoint, key.secret.expose());
    let text = made.expose().to_owned();
    let record = Record::new().secret("connection_string", made);
    output.answer(&text, &record)
}

/// Whoever is given the string would only find out later that it leads nowhere.
fn callable(endpoint: String) -> Result<PublicEndpoint, ClientError> {
    let parsed = endpoint.parse();
    parsed.map_err(|_| ClientError::BadEndpoint { endpoint })
}
