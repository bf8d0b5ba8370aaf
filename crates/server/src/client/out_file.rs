//! `--out FILE`: where a new secret is kept.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use clap::Args;

use super::error::ClientError;
use super::output;
use super::render::Record;

/// The flag.
#[derive(Clone, Debug, Args)]
pub(super) struct OutArgs {
    /// Keep the secret in a new file that only you can read, instead of printing it
    ///
    /// The file is for --credential. One that exists is never written over.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl OutArgs {
    /// The fields of an answer that are printed: the secret is either in the file or among them.
    pub(super) fn printed(&self, mut fields: Vec<&'static str>) -> Vec<&'static str> {
        fields.retain(|path| self.out.is_none() || !path.ends_with(SECRET_FIELD));
        fields
    }

    /// Makes the file, if one is asked for. It comes before the call, because a secret is told once:
    /// better no key than one that cannot be kept.
    pub(super) fn reserve(&self) -> Result<Reserved, ClientError> {
        self.out
            .as_deref()
            .map(OutFile::reserve)
            .transpose()
            .map(Reserved)
    }
}

/// The place for a new secret: a file, or none and it is printed.
#[derive(Debug)]
pub(super) struct Reserved(Option<OutFile>);

impl Reserved {
    /// Writes the credential file, if there is one, and tells where it is.
    pub(super) fn keep(self, contents: &Record) -> Result<Option<String>, ClientError> {
        self.0.map(|file| file.write(contents)).transpose()
    }
}

/// A new, empty file. It goes away again unless it is written.
#[derive(Debug)]
struct OutFile {
    path: PathBuf,
    file: File,
    written: bool,
}

impl OutFile {
    fn reserve(path: &Path) -> Result<Self, ClientError> {
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(OWNER_ONLY)
            .open(path);
        match file {
            Ok(file) => Ok(Self {
                path: path.to_owned(),
                file,
                written: false,
            }),
            Err(source) => Err(ClientError::OutFile {
                file: path.display().to_string(),
                source,
            }),
        }
    }

    fn write(mut self, contents: &Record) -> Result<String, ClientError> {
        let text = output::json(contents)?;
        let file = self.path.display().to_string();
        match self.write_all(text.as_bytes()) {
            Ok(()) => {
                self.written = true;
                Ok(file)
            }
            Err(source) => Err(ClientError::SecretLost { file, source }),
        }
    }

    fn write_all(&mut self, text: &[u8]) -> io::Result<()> {
        self.file.write_all(text)?;
        self.file.write_all(b"\n")?;
        self.file.sync_all()
    }
}

impl Drop for OutFile {
    fn drop(&mut self) {
        if !self.written {
            // The failure that led here is the one to report.
            fs::remove_file(&self.path).ok();
        }
    }
}

/// The end of the path of a secret.
const SECRET_FIELD: &str = ".secret";

/// Nobody but the owner may read or write it, from the first moment on.
const OWNER_ONLY: u32 = 0o600;

#[cfg(test)]
mod tests {
    use std::env;
    use std::os::unix::fs::PermissionsExt as _;
    use std::process;

    use super::*;
    use crate::client::credential_file::{CredentialFile, Role};
    use crate::client::secret::Secret;

    #[test]
    fn what_is_written_can_be_read_as_a_credential_by_its_owner_alone() {
        let path = scratch("written");
        let contents = Record::new()
            .text("id", "k")
            .secret("secret", Secret::new("AQ==".to_owned()))
            .text("role", "enforcer");

        OutFile::reserve(&path)
            .expect("a new file")
            .write(&contents)
            .expect("room");

        let mode = fs::metadata(&path).expect("the file").permissions().mode();
        let file = CredentialFile::read(&path).expect("a credential file");
        fs::remove_file(&path).expect("the file");
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(
            file.of_role(Role::Enforcer)
                .expect("an enforcer")
                .credential
                .id,
            "k"
        );
    }

    #[test]
    fn a_file_that_exists_is_left_alone() {
        let path = scratch("existing");
        fs::write(&path, "mine").expect("room");

        let error = OutFile::reserve(&path).expect_err("it exists");

        let text = fs::read_to_string(&path).expect("the file");
        fs::remove_file(&path).expect("the file");
        assert!(error.to_string().contains("--out"), "{error}");
        assert_eq!(text, "mine");
    }

    #[test]
    fn a_file_that_was_not_written_is_gone_again() {
        let path = scratch("reserved");
        drop(OutFile::reserve(&path).expect("a new file"));
        assert!(!path.exists());
    }

    fn scratch(name: &str) -> PathBuf {
        env::temp_dir().join(format!("lanyard-out-file-{}-{name}", process::id()))
    }
}
