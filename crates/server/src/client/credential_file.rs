//! Files that hold credentials.
//!
//! There are three forms, all JSON, and one parser. The authority writes the first when it starts for
//! the first time; `--out` writes the others:
//!
//! - `bootstrap.json`: a credential for each role, by the role's name, and where the authority is;
//! - a resource's: the same with `primary` and `secondary` only;
//! - a single key's: `id` and `secret`, and which `role` or `slot` it has.
//!
//! Members that are not known are left alone, so that an older program reads a newer file.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use lanyard_token::{Object, read_object};
use serde::Deserialize;
use zeroize::Zeroizing;

use super::error::ClientError;
use super::secret::Secret;
use crate::text::without_byte_order_mark;

/// The role that a credential has in its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(super) enum Role {
    /// The first access key of a resource.
    Primary,
    /// The second access key of a resource.
    Secondary,
    /// Manages the authority.
    Operator,
    /// Checks tokens.
    Enforcer,
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Primary => "primary",
            Self::Secondary => "secondary",
            Self::Operator => "operator",
            Self::Enforcer => "enforcer",
        })
    }
}

/// What a command needs a credential for. It decides which one of a file is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To manage the authority.
    Administer,
    /// To manage identities and their tokens.
    Issue,
    /// To check tokens. The credential that can do least comes first.
    Check,
    /// To follow the feed.
    Watch,
}

impl Purpose {
    const fn roles(self) -> &'static [Role] {
        match self {
            Self::Administer => &[Role::Operator],
            Self::Issue => &[Role::Primary, Role::Secondary],
            Self::Check => &[Role::Enforcer, Role::Primary, Role::Secondary],
            Self::Watch => &[Role::Enforcer],
        }
    }
}

/// What bearers are signed with.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Credential {
    /// The id, by which the authority knows it.
    pub(super) id: String,
    /// The secret, base64.
    pub(super) secret: Secret,
}

/// A credential that was taken from a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Chosen {
    /// Its role, where the file says so.
    pub(super) role: Option<Role>,
    /// The credential.
    pub(super) credential: Credential,
}

/// A file that holds at least one credential.
#[derive(Debug)]
pub(super) struct CredentialFile {
    /// Where it was read.
    pub(super) path: PathBuf,
    /// Where the authority answers that its credentials are of.
    pub(super) endpoint: Option<String>,
    /// The subscription to go by where a command names none.
    pub(super) subscription_id: Option<String>,
    /// The resource to go by where a command names none.
    pub(super) resource_id: Option<String>,
    held: Held,
}

/// The credentials of a file.
#[derive(Debug)]
enum Held {
    /// The file is that of a single key.
    One(Chosen),
    /// The file has them by role; at least one is there.
    ByRole(Vec<Chosen>),
}

impl CredentialFile {
    /// Reads a file of any of the forms.
    pub(super) fn read(path: &Path) -> Result<Self, ClientError> {
        let text = fs::read_to_string(path)
            .map(Zeroizing::new)
            .map_err(|source| ClientError::CredentialFile {
                file: path.display().to_string(),
                source,
            })?;
        Self::parse(path, &text)
    }

    /// Reads the text of one.
    pub(super) fn parse(path: &Path, text: &str) -> Result<Self, ClientError> {
        let refused = |fault| ClientError::CredentialFileForm {
            file: path.display().to_string(),
            fault,
        };
        // Of the parser's error only the place is told: its text may quote what stands there.
        let text = without_byte_order_mark(text);
        let members: Members = read_object(text.as_bytes()).map_err(|error| {
            refused(format!("line {}, column {}", error.line(), error.column()))
        })?;
        let (endpoint, subscription_id, resource_id) = (
            members.endpoint.clone(),
            members.subscription_id.clone(),
            members.resource_id.clone(),
        );
        let held = members
            .held()
            .ok_or_else(|| refused("it holds no credential".to_owned()))?;
        Ok(Self {
            path: path.to_owned(),
            endpoint,
            subscription_id,
            resource_id,
            held,
        })
    }

    /// Takes the credential that fits best. A file with a single key was named for that key, so it
    /// is taken for everything: the authority knows better what it may do.
    pub(super) fn choose(&self, purpose: Purpose) -> Result<Chosen, ClientError> {
        let fitting = match &self.held {
            Held::One(only) => Some(only),
            Held::ByRole(all) => purpose.roles().iter().find_map(|role| of_role(all, *role)),
        };
        fitting.cloned().ok_or_else(|| self.lacks(purpose.roles()))
    }

    /// Takes the credential of a role.
    pub(super) fn of_role(&self, role: Role) -> Result<Chosen, ClientError> {
        let fitting = match &self.held {
            Held::One(only) => Some(only).filter(|only| only.role.is_none_or(|has| has == role)),
            Held::ByRole(all) => of_role(all, role),
        };
        fitting.cloned().ok_or_else(|| self.lacks(&[role]))
    }

    /// Takes the credential that people most often want a bearer of: the first there is, the
    /// primary access key before all.
    pub(super) fn first(&self) -> Result<Chosen, ClientError> {
        let first = match &self.held {
            Held::One(only) => Some(only),
            Held::ByRole(all) => all.first(),
        };
        first.cloned().ok_or_else(|| self.lacks(&[Role::Primary]))
    }

    fn lacks(&self, roles: &[Role]) -> ClientError {
        let wanted: Vec<_> = roles.iter().map(|role| format!("`{role}`")).collect();
        ClientError::NoFittingCredential {
            file: self.path.display().to_string(),
            wanted: wanted.join(" or "),
        }
    }
}

fn of_role(all: &[Chosen], role: Role) -> Option<&Chosen> {
    all.iter().find(|chosen| chosen.role == Some(role))
}

/// All that is read of a file, whatever its form.
#[derive(Deserialize)]
struct Members {
    endpoint: Option<String>,
    subscription_id: Option<String>,
    resource_id: Option<String>,
    primary: Option<Object<Credential>>,
    secondary: Option<Object<Credential>>,
    operator: Option<Object<Credential>>,
    enforcer: Option<Object<Credential>>,
    id: Option<String>,
    secret: Option<Secret>,
    role: Option<Role>,
    slot: Option<Role>,
}

impl Members {
    fn held(self) -> Option<Held> {
        let by_role: Vec<_> = [
            (Role::Primary, self.primary),
            (Role::Secondary, self.secondary),
            (Role::Operator, self.operator),
            (Role::Enforcer, self.enforcer),
        ]
        .into_iter()
        .filter_map(|(role, credential)| {
            let Object(credential) = credential?;
            Some(Chosen {
                role: Some(role),
                credential,
            })
        })
        .collect();
        if !by_role.is_empty() {
            return Some(Held::ByRole(by_role));
        }
        let credential = Credential {
            id: self.id?,
            secret: self.secret?,
        };
        Some(Held::One(Chosen {
            role: self.role.or(self.slot),
            credential,
        }))
    }
}

#[cfg(test)]
mod tests;
