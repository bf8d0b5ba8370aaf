//! What can be chosen for the REST face.

use clap::Args;
use lanyard_authority::ResourceName;
use lanyard_token::{Audience, Issuer, MAX_NAME_BYTES_WITH_ACS_CLAIMS};

use super::{args::switch, public_endpoint::PublicEndpoint};
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

    /// Put the claims into tokens as well that clients of Azure Communication Services may look for:
    /// acsScope, skypeid and resourceId. --issuer and --audience may then have 76 characters together.
    #[arg(long, env = "LANYARD_ACS_CLAIMS", value_parser = switch)]
    pub(super) acs_claims: bool,
}

/// With the claims that were asked for, some tokens would be too long.
#[derive(Debug, thiserror::Error)]
#[error(
    "with --acs-claims, --issuer and --audience may have {MAX_NAME_BYTES_WITH_ACS_CLAIMS} characters \
     together, not {given}; shorten one of them"
)]
pub(crate) struct NamesTooLong {
    given: usize,
}

impl RestArgs {
    /// Makes sure that there is room in a token for the claims that are asked for.
    pub(super) fn ensure_claims_fit(
        &self,
        issuer: &Issuer,
        audience: &Audience,
    ) -> Result<(), NamesTooLong> {
        let given = issuer.as_str().len() + audience.as_str().len();
        if self.acs_claims && given > MAX_NAME_BYTES_WITH_ACS_CLAIMS {
            return Err(NamesTooLong { given });
        }
        Ok(())
    }

    /// The resource that is meant where a request does not say.
    pub(super) const fn default_resource(&self) -> &ResourceName {
        &self.default_resource
    }

    /// What they say, and where clients call.
    pub(super) fn settings(&self, public: Option<&PublicEndpoint>) -> RestSettings {
        let Self {
            default_resource,
            explain_denials,
            acs_claims: _,
        } = self;
        RestSettings {
            default_resource: default_resource.clone(),
            public_host: public.map(|endpoint| endpoint.host().to_owned()),
            explain_denials: *explain_denials,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Flags {
        #[command(flatten)]
        rest: RestArgs,
    }

    fn said(flags: &[&str]) -> RestArgs {
        let flags = Flags::try_parse_from(["lanyard"].iter().chain(flags));
        flags.unwrap().rest
    }

    #[test]
    fn without_flags_the_first_resource_is_meant_and_nothing_is_explained_or_added() {
        let args = said(&[]);
        let RestSettings {
            default_resource,
            public_host,
            explain_denials,
        } = args.settings(None);
        assert_eq!(default_resource.as_str(), "default");
        assert_eq!(public_host, None);
        assert!(!explain_denials && !args.acs_claims);
    }

    #[test]
    fn long_names_leave_no_room_for_more_claims() {
        let audience: Audience = "a".parse().unwrap();
        let issuer = |length: usize| "i".repeat(length).parse::<Issuer>().unwrap();
        let with = said(&["--acs-claims"]);
        assert!(with.ensure_claims_fit(&issuer(75), &audience).is_ok());
        let refused = with.ensure_claims_fit(&issuer(76), &audience).unwrap_err();
        assert!(
            refused
                .to_string()
                .contains("76 characters together, not 77")
        );
        let without = said(&[]);
        assert!(without.ensure_claims_fit(&issuer(128), &audience).is_ok());
    }
}
