//! What can be chosen for the REST face.

use clap::Args;
use lanyard_authority::ResourceName;

use super::args::switch;
use crate::rest::RestSettings;

/// The flags of `lanyard serve` that are about the REST face.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "For the Azure Communication Identity SDKs")]
pub(crate) struct RestArgs {
    /// The resource that a request over REST is for, if neither its host name nor the identity that it
    /// is about says which.
    #[arg(
        long,
        env = "LANYARD_DEFAULT_RESOURCE",
        default_value = "default",
        value_name = "NAME"
    )]
    default_resource: ResourceName,

    /// Tell callers over REST why their signature was refused: which of host, path, date and body
    /// hash differed. For finding out why a client does not get in; it tells strangers more than they
    /// need.
    #[arg(long, env = "LANYARD_EXPLAIN_DENIALS", value_parser = switch)]
    explain_denials: bool,
}

impl RestArgs {
    /// What they say.
    pub(super) fn settings(&self) -> RestSettings {
        let Self {
            default_resource,
            explain_denials,
        } = self;
        RestSettings {
            default_resource: default_resource.clone(),
            explain_denials: *explain_denials,
        }
    }
}
