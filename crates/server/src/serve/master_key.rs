//! The file with the master key.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use lanyard_authority::{Entropy as _, EntropyError, MasterKey, MasterKeyError, SystemEntropy};
use uuid::Builder;
use zeroize::Zeroizing;

use super::files::write_private_once;
use crate::text::without_byte_order_mark;

/// Why the master key cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeyFileError {
    /// The file cannot be read or made.
    #[error("cannot use the master key file `{}`: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is not one.
    #[error("`{}` is not a master key file: {source}", path.display())]
    NotAKey {
        /// The file.
        path: PathBuf,
        /// Why.
        source: MasterKeyError,
    },
    /// A store that was sealed before has lost its key.
    #[error(
        "the master key file `{}` is missing, and the store is sealed under it; restore it from \
         a backup, or copy it from where the store is served already",
        .0.display()
    )]
    Lost(PathBuf),
    /// No new one can be made.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
}

/// Reads the master key, or makes it while nothing is sealed that it could be needed for.
pub(super) fn master_key(path: &Path, nothing_is_sealed: bool) -> Result<MasterKey, KeyFileError> {
    let io = |source| KeyFileError::Io {
        path: path.to_owned(),
        source,
    };
    match fs::read_to_string(path).map(Zeroizing::new) {
        Ok(text) => parsed(path, &text),
        Err(error) if error.kind() == io::ErrorKind::NotFound && nothing_is_sealed => make(path),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(KeyFileError::Lost(path.to_owned()))
        }
        Err(error) => Err(io(error)),
    }
}

/// Makes a key, unless another process has made one in the meantime: then that is the one.
fn make(path: &Path) -> Result<MasterKey, KeyFileError> {
    let io = |source| KeyFileError::Io {
        path: path.to_owned(),
        source,
    };
    let (key, text) = MasterKey::generate(&SystemEntropy)?;
    let mut name = [0; 16];
    SystemEntropy.fill(&mut name)?;
    let name = Builder::from_random_bytes(name).into_uuid();
    if write_private_once(path, name, format!("{}\n", *text).as_bytes()).map_err(io)? {
        return Ok(key);
    }
    let text = fs::read_to_string(path).map(Zeroizing::new).map_err(io)?;
    parsed(path, &text)
}

fn parsed(path: &Path, text: &str) -> Result<MasterKey, KeyFileError> {
    let key = without_byte_order_mark(text).parse();
    key.map_err(|source| KeyFileError::NotAKey {
        path: path.to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_master_key_is_made_once_and_found_again() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("master.key");
        master_key(&path, true).unwrap();
        let permissions = fs::metadata(&path).unwrap().permissions();
        assert_eq!(permissions.mode() & 0o777, 0o600);
        let made = fs::read(&path).unwrap();
        for nothing_is_sealed in [true, false] {
            master_key(&path, nothing_is_sealed).unwrap();
            assert_eq!(fs::read(&path).unwrap(), made);
        }
    }

    #[test]
    fn whoever_comes_second_takes_the_key_that_is_there() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("master.key");
        make(&path).unwrap();
        let first = fs::read(&path).unwrap();
        make(&path).unwrap();
        assert_eq!(fs::read(&path).unwrap(), first);
        // It is read, not just left alone.
        fs::write(&path, "no key").unwrap();
        let refused = make(&path).unwrap_err();
        assert!(matches!(refused, KeyFileError::NotAKey { .. }));
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_lost_master_key_is_not_made_anew() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("master.key");
        let lost = master_key(&path, false).unwrap_err();
        assert!(matches!(&lost, KeyFileError::Lost(_)));
        assert!(lost.to_string().contains("restore it from a backup"));
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_file_that_is_no_master_key_is_refused_and_kept() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("master.key");
        for text in ["", "AAAA\n", "not a key"] {
            fs::write(&path, text).unwrap();
            let refused = master_key(&path, true).unwrap_err();
            assert!(
                matches!(&refused, KeyFileError::NotAKey { .. }),
                "{refused}"
            );
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
        let refused = master_key(directory.path(), true).unwrap_err();
        assert!(matches!(refused, KeyFileError::Io { .. }));
    }
}
