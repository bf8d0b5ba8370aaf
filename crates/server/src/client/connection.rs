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
    /// Without it, the endpoint of the credential file: for a data directory's bootstrap.json, where
    /// that authority last listened, or its --public-endpoint; for another file, what it names, or else
    /// the data directory's.
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
    /// Without it, whom the system believes, and the one that `lanyard serve --dev-tls` has made
    /// beside the credential file, or in the data directory of the authority that is called.
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
        self.named(file)
            .or_else(|| written_in(&self.data))
            .ok_or_else(|| ClientError::NoEndpoint {
                file: file.path.display().to_string(),
            })
    }

    /// Who is believed of an https endpoint. What was made in the data directory counts only for
    /// the authority in it: the default one is wherever a command happens to be called.
    pub(super) fn roots(&self, file: &CredentialFile) -> Result<Roots, ClientError> {
        let mut made_in = vec![directory_of(file)];
        let of_data = written_in(&self.data);
        if of_data.is_some() && of_data == self.endpoint(file).ok() {
            made_in.push(&self.data);
        }
        roots(self.ca.as_deref(), &made_in)
    }

    /// The endpoint that the flag or the credential file names. A `bootstrap.json` names the one of
    /// the first start, and what an authority writes beside it is where it started last.
    fn named(&self, file: &CredentialFile) -> Option<String> {
        if self.endpoint.is_some() {
            return self.endpoint.clone();
        }
        let is_bootstrap = file.path.file_name().is_some_and(|name| name == BOOTSTRAP);
        let written = is_bootstrap.then(|| written_in(directory_of(file)));
        written.flatten().or_else(|| file.endpoint.clone())
    }

    fn bootstrap(&self) -> PathBuf {
        self.data.join(BOOTSTRAP)
    }
}

fn directory_of(file: &CredentialFile) -> &Path {
    file.path.parent().unwrap_or(Path::new(""))
}

/// Where the authority of a data directory wrote down that it listens.
fn written_in(data: &Path) -> Option<String> {
    let written = fs::read_to_string(data.join("endpoint")).ok()?;
    Some(written.trim_end().to_owned())
}

/// The file with a data directory's first credentials.
const BOOTSTRAP: &str = "bootstrap.json";

/// These flags stand apart in the help of every command.
const HEADING: &str = "Connection";

#[cfg(test)]
mod tests {
    use std::{env, process};

    use tempfile::TempDir;

    use super::*;
    use crate::serve::CA_IN_DATA;

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
    fn where_an_authority_listens_now_counts_more_than_where_it_first_did() {
        let dir = TempDir::new().unwrap();
        let file = dir.path().join(BOOTSTRAP);
        let text = r#"{"id": "k", "secret": "AQ==", "endpoint": "http://first"}"#;
        fs::write(&file, text).unwrap();
        let elsewhere = Path::new("/nonexistent");
        let named = args(None, &file, elsewhere);
        assert_eq!(endpoint(&named).unwrap(), "http://first");
        fs::write(dir.path().join("endpoint"), "https://now\n").unwrap();
        assert_eq!(endpoint(&named).unwrap(), "https://now");
        let flag = args(Some("http://flag"), &file, elsewhere);
        assert_eq!(endpoint(&flag).unwrap(), "http://flag");
    }

    #[test]
    fn an_authority_of_the_data_directory_is_believed_only_of_what_that_directory_leads_to() {
        let (data, elsewhere) = (TempDir::new().unwrap(), TempDir::new().unwrap());
        let ca = data.path().join(CA_IN_DATA);
        fs::create_dir(ca.parent().unwrap()).unwrap();
        let pem = rcgen::generate_simple_self_signed([]).unwrap().cert.pem();
        fs::write(ca, pem).unwrap();
        fs::write(data.path().join("endpoint"), "https://data\n").unwrap();
        let write = |directory: &TempDir, name: &str, text| {
            let file = directory.path().join(name);
            fs::write(&file, text).unwrap();
            file
        };
        let bare = r#"{"id": "k", "secret": "AQ=="}"#;
        let full = r#"{"id": "k", "secret": "AQ==", "endpoint": "https://file"}"#;
        let of_data = write(&data, BOOTSTRAP, full);
        let bare = write(&elsewhere, "bare.json", bare);
        let full = write(&elsewhere, "full.json", full);
        for (flag, credential, is_believed) in [
            (None, &of_data, true),
            (None, &bare, true),
            (None, &full, false),
            (Some("https://flag"), &of_data, true),
            (Some("https://flag"), &bare, false),
            (Some("https://flag"), &full, false),
            (Some("https://data"), &full, true),
        ] {
            let args = args(flag, credential, data.path());
            let roots = args.roots(&args.credential_file().unwrap()).unwrap();
            let is_found = matches!(roots, Roots::And(_));
            assert_eq!(is_found, is_believed, "{flag:?} {credential:?}");
        }
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
