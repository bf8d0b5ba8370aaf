//! The file with the first credentials.
//!
//! It is written beside its place, under the id of the operator in it, and moved there once the store
//! has kept that operator. So what is found under the file's own name has come to be good, whatever
//! became of the process that wrote it; and of what is found beside it, the store tells what has.

use std::{
    ffi::OsStr,
    fs, io,
    path::{Path, PathBuf},
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use lanyard_authority::{AccessKey, Bootstrap, Error, Secret, ServiceKey};
use lanyard_store::Store;
use lanyard_token::CredentialId;
use serde::Serialize;
use zeroize::Zeroizing;

use super::files::{beside, directory_of, move_to, write_private};

/// Why the first credentials are not where they belong.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BootstrapFileError {
    /// The file system.
    #[error("cannot keep the first credentials in `{}`: {source}", path.display())]
    Io {
        /// Where they belong.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The store.
    #[error(transparent)]
    Store(#[from] Error),
}

/// The file with the first credentials.
#[derive(Clone, Debug)]
pub(super) struct BootstrapFile {
    path: PathBuf,
}

impl BootstrapFile {
    pub(super) const fn new(path: PathBuf) -> Self {
        Self { path }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether it is there.
    pub(super) fn exists(&self) -> Result<bool, BootstrapFileError> {
        self.path.try_exists().map_err(|source| self.failed(source))
    }

    /// Writes the credentials beside it.
    pub(super) fn save(&self, endpoint: &str, made: &Bootstrap) -> io::Result<()> {
        let path = self.of(made.operator.id);
        let named = |source: io::Error| {
            io::Error::new(source.kind(), format!("`{}`: {source}", path.display()))
        };
        write_private(&path, &content(endpoint, made)?).map_err(named)
    }

    /// Moves what was written beside it to its place, unless somebody else has.
    pub(super) fn publish(&self, operator: CredentialId) -> Result<(), BootstrapFileError> {
        match move_to(&self.of(operator), &self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound && self.exists()? => Ok(()),
            moved => moved.map_err(|source| self.failed(source)),
        }
    }

    /// Finishes what a first start has left that did not come through to its end: credentials that
    /// are good get their place, and others go.
    pub(super) async fn settle(&self, store: &impl Store) -> Result<(), BootstrapFileError> {
        for operator in self.written()? {
            let known = store.credential(operator).await.map_err(Error::from)?;
            if known.is_some() && !self.exists()? {
                self.publish(operator)?;
            } else {
                self.forget(operator)?;
            }
        }
        Ok(())
    }

    /// Removes what first starts have left that came to nothing.
    pub(super) fn clear(&self) -> Result<(), BootstrapFileError> {
        self.written()?
            .into_iter()
            .try_for_each(|operator| self.forget(operator))
    }

    /// What was written beside it, by the operators.
    fn written(&self) -> Result<Vec<CredentialId>, BootstrapFileError> {
        let entries = match fs::read_dir(directory_of(&self.path)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(|source| self.failed(source))?,
        };
        let mut written = Vec::new();
        for entry in entries {
            let name = entry.map_err(|source| self.failed(source))?.file_name();
            written.extend(self.operator_in(&name));
        }
        Ok(written)
    }

    fn operator_in(&self, name: &OsStr) -> Option<CredentialId> {
        let own = self.path.file_name()?.to_str()?;
        let operator = name.to_str()?.strip_prefix(own)?.strip_prefix('.')?;
        operator.parse().ok()
    }

    fn forget(&self, operator: CredentialId) -> Result<(), BootstrapFileError> {
        match fs::remove_file(self.of(operator)) {
            // Another process that was started at the same time was faster.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => removed.map_err(|source| self.failed(source)),
        }
    }

    fn of(&self, operator: CredentialId) -> PathBuf {
        beside(&self.path, &operator.to_string())
    }

    fn failed(&self, source: io::Error) -> BootstrapFileError {
        BootstrapFileError::Io {
            path: self.path.clone(),
            source,
        }
    }
}

fn content(endpoint: &str, made: &Bootstrap) -> io::Result<Zeroizing<Vec<u8>>> {
    let Bootstrap {
        subscription,
        resource,
        access_keys: [primary, secondary],
        operator,
        enforcer,
    } = made;
    let primary = Credential::of_access_key(primary);
    let connection_string = Zeroizing::new(format!(
        "endpoint={endpoint}/;accesskey={}",
        *primary.secret
    ));
    let content = Content {
        endpoint,
        subscription_id: subscription.id.to_string(),
        resource_id: resource.id.to_string(),
        operator: Credential::of_service_key(operator),
        enforcer: Credential::of_service_key(enforcer),
        secondary: Credential::of_access_key(secondary),
        primary,
        connection_string: &connection_string,
    };
    let mut text = Zeroizing::new(serde_json::to_vec_pretty(&content)?);
    text.push(b'\n');
    Ok(text)
}

#[derive(Serialize)]
struct Content<'a> {
    endpoint: &'a str,
    subscription_id: String,
    resource_id: String,
    operator: Credential,
    enforcer: Credential,
    primary: Credential,
    secondary: Credential,
    connection_string: &'a str,
}

#[derive(Serialize)]
struct Credential {
    id: String,
    #[serde(serialize_with = "as_text")]
    secret: Zeroizing<String>,
}

impl Credential {
    fn of_access_key(key: &AccessKey) -> Self {
        Self {
            id: key.id.to_string(),
            secret: to_base64(key.secret.as_ref()),
        }
    }

    fn of_service_key(key: &ServiceKey) -> Self {
        Self {
            id: key.id.to_string(),
            secret: to_base64(key.secret.as_ref()),
        }
    }
}

/// The text of a secret; empty for one that is not told.
pub(crate) fn to_base64(secret: Option<&Secret>) -> Zeroizing<String> {
    Zeroizing::new(
        secret
            .map(|secret| BASE64_STANDARD.encode(secret.as_bytes()))
            .unwrap_or_default(),
    )
}

fn as_text<S: serde::Serializer>(text: &Zeroizing<String>, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(text)
}

#[cfg(test)]
mod tests;
