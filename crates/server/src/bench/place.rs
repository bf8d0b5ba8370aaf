//! Where checks are asked, if it is not at the authority.

use clap::Args;

use super::site;
use crate::client::ConnectionArgs;

/// The flag of every bench of checks.
#[derive(Clone, Debug, Args)]
pub(super) struct PlaceArgs {
    /// Check there and not at the authority: a `lanyard enforce`, such as `http://127.0.0.1:7401`
    #[arg(long, value_name = "URL")]
    checks_at: Option<String>,
}

impl PlaceArgs {
    /// How to reach whoever answers the checks. The tokens still come from the authority.
    pub(super) fn reached_by(&self, authority: &ConnectionArgs) -> ConnectionArgs {
        match &self.checks_at {
            Some(endpoint) => site::at(authority, endpoint.clone()),
            None => authority.clone(),
        }
    }

    /// Where that is.
    pub(super) fn or<'a>(&'a self, authority: &'a str) -> &'a str {
        self.checks_at.as_deref().unwrap_or(authority)
    }
}
