//! Which authority to call, as whom, and how to print: the flags that every client command takes.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use lanyard_enforcer::Roots;

use super::credential_file::CredentialFile;
use super::error::ClientError;
use super::trust::roots;

/// The flags of every client command.
#[derive(Clone, Debug, Args)]
pub(crate) struct ConnectionArgs {
    /// The authority to call, such as `http://127.0.0.1:7400`
    ///
    /// Without it, the endpoint that the credential file names, or else the data directory's.
    #[arg(long, global = true, value_name = "URL", env = "LANYARD_ENDPOINT")]
    #[arg(help_heading = HEADING)]
    pub(crate) endpoint: Option<String>,

    /// The file with the credential to call with
    ///
    /// A `bootstrap.json`, or a file that was written by --out. Of several credentials in it the
    /// one whose role fits the command is taken. Without it, the data directory's bootstrap.json.
    #[arg(long, global = true, value_name = "FILE", env = "LANYARD_CREDENTIAL")]
    #[arg(help_heading = HEADING)]
    pub(super) credential: Option<PathBuf>,

    /// The certificate authority to believe of an https endpoint, a PEM file
    ///
    /// Without it, whom the system believes, and the one that `lanyard serve --dev-tls` has made in
    /// the data directory or beside the credential file.
    #[arg(long, global = true, value_name = "FILE", env = "LANYARD_CA")]
    #[arg(help_heading = HEADING)]
    pub(super) ca: Option<PathBuf>,

    /// The data directory of an authority on this machine
    #[arg(long, global = true, value_name = "DIR", env = "LANYARD_DATA")]
    #[arg(default_value = "./lanyard-data", help_heading = HEADING)]
    pub(super) data: PathBuf,

    /// Print one JSON object, for scripts
    #[arg(long, global = true, help_heading = HEADING)]
    pub(crate) json: bool,

    /// Print one field of the JSON form alone, such as `identity.id`; of a listing, of each item
    #[arg(long, global = true, value_name = "PATH", conflicts_with = "json", help_heading = HEADING)]
    pub(crate) field: Option<String>,
}

impl ConnectionArgs {
    /// Reads the credential file that the flags lead to.
    pub(super) fn credential_file(&self) -> Result<CredentialFile, ClientError> {
        match &self.credential {
            Some(path) => CredentialFile::read(path),
            None => CredentialFile::read(&self.bootstrap()),
        }
    }

    /// Where the authority answers: as the flag says, or the file of the credential; or, for one
    /// on this machine, as it wrote down when it last started.
    pub(super) fn endpoint(&self, file: &CredentialFile) -> Result<String, ClientError> {
        if let Some(endpoint) = &self.endpoint {
            return Ok(endpoint.clone());
        }
        let named = file.endpoint.as_ref().filter(|_| self.credential.is_some());
        if let Some(endpoint) = named {
            return Ok(endpoint.clone());
        }
        let written = fs::read_to_string(self.data.join("endpoint"));
        let written = written.ok().map(|endpoint| endpoint.trim_end().to_owned());
        written
            .or_else(|| file.endpoint.clone())
            .ok_or_else(|| ClientError::NoEndpoint {
                file: file.path.display().to_string(),
            })
    }

    /// Who is believed of an https endpoint.
    pub(super) fn roots(&self, file: &CredentialFile) -> Result<Roots, ClientError> {
        let beside = file.path.parent().unwrap_or(Path::new(""));
        roots(self.ca.as_deref(), &[beside, &self.data])
    }

    fn bootstrap(&self) -> PathBuf {
        self.data.join("bootstrap.json")
    }
}

/// These flags stand apart in the help of every command.
const HEADING: &str = "Connection";

#[cfg(test)]
mod tests {
    use std::{env, process};

    use super::*;

    #[test]
    fn the_nearest_word_on_the_endpoint_counts() {
        let dir = env::temp_dir().join(format!("lanyard-connection-{}", process::id()));
        let bare = dir.join("bare.json");
        let full = dir.join("full.json");
        fs::create_dir_all(&dir).expect("room");
        fs::write(&bare, r#"{"id": "k", "secret": "AQ=="}"#).expect("room");
        fs::write(
            &full,
            r#"{"id": "k", "secret": "AQ==", "endpoint": "http://file"}"#,
        )
        .expect("room");

        let alone = endpoint(&args(None, &bare, &dir));
        fs::write(dir.join("endpoint"), "http://data\n").expect("room");
        let from_data = endpoint(&args(None, &bare, &dir));
        let from_file = endpoint(&args(None, &full, &dir));
        let from_flag = endpoint(&args(Some("http://flag"), &full, &dir));
        fs::remove_dir_all(&dir).expect("the directory");

        assert!(
            matches!(alone, Err(ClientError::NoEndpoint { .. })),
            "{alone:?}"
        );
        assert_eq!(from_data.expect("an endpoint"), "http://data");
        assert_eq!(from_file.expect("an endpoint"), "http://file");
        assert_eq!(from_flag.expect("an endpoint"), "http://flag");
    }

    #[test]
    fn without_a_data_directory_the_error_says_how_to_get_one() {
        let mut args = args(None, Path::new(""), Path::new("/nonexistent"));
        args.credential = None;

        let error = args
            .credential_file()
            .expect_err("there is none")
            .to_string();
        assert!(error.contains("`/nonexistent/bootstrap.json`"), "{error}");
        assert!(error.contains("`lanyard serve`"), "{error}");
    }

    fn endpoint(args: &ConnectionArgs) -> Result<String, ClientError> {
        args.endpoint(&args.credential_file()?)
    }

    fn args(endpoint: Option<&str>, credential: &Path, data: &Path) -> ConnectionArgs {
        ConnectionArgs {
            endpoint: endpoint.map(str::to_owned),
            credential: Some(credential.to_owned()),
            ca: None,
            data: data.to_owned(),
            json: false,
            field: None,
        }
    }
}
