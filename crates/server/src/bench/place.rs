//! Where checks are asked, if it is not at the authority.

use clap::Args;

use super::site;
use crate::client::{ConnectionArgs, is_endpoint};

/// The flag of every bench of checks.
#[derive(Clone, Debug, Args)]
pub(super) struct PlaceArgs {
    /// Check there and not at the authority: a `lanyard enforce`, such as `http://127.0.0.1:7401`
    #[arg(long, value_name = "URL", value_parser = endpoint)]
    check_endpoint: Option<String>,
}

impl PlaceArgs {
    /// How to reach whoever answers the checks. The tokens still come from the authority.
    pub(super) fn reached_by(&self, authority: &ConnectionArgs) -> ConnectionArgs {
        site::at(authority, self.check_endpoint.clone())
    }

    /// Where that is.
    pub(super) fn or<'a>(&'a self, authority: &'a str) -> &'a str {
        self.check_endpoint.as_deref().unwrap_or(authority)
    }
}

/// Reads where else than at the authority something is asked.
pub(super) fn endpoint(text: &str) -> Result<String, &'static str> {
    let text = is_endpoint(text).then(|| text.to_owned());
    text.ok_or("not an endpoint: name one such as http://127.0.0.1:7401")
}
