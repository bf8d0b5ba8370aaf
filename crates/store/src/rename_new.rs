//! Renaming a file without replacing another.

use std::{fs, io, os::unix::fs::OpenOptionsExt as _, path::Path};

/// Gives a file another name in its directory, unless there is a file of that name: then it returns
/// `false` and changes nothing.
///
/// A hard link does that in one step. File systems without them, such as `exFAT` and most of those over
/// a network, get an empty file under the new name first, which no two processes can create, and which
/// the renamed file replaces.
///
/// # Errors
/// If the file system fails, with the file under its old name.
pub fn rename_new(from: &Path, to: &Path) -> io::Result<bool> {
    rename_new_by(from, to, |from, to| fs::hard_link(from, to))
}

fn rename_new_by(
    from: &Path,
    to: &Path,
    link: impl Fn(&Path, &Path) -> io::Result<()>,
) -> io::Result<bool> {
    match link(from, to) {
        Ok(()) => fs::remove_file(from).map(|()| true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(_) => reserve_and_rename(from, to),
    }
}

fn reserve_and_rename(from: &Path, to: &Path) -> io::Result<bool> {
    let mut options = fs::OpenOptions::new();
    match options.write(true).create_new(true).mode(0o600).open(to) {
        Ok(reserved) => drop(reserved),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(false),
        Err(error) => return Err(error),
    }
    fs::rename(from, to).map(|()| true).inspect_err(|_| {
        // The rename is the failure to report.
        drop(fs::remove_file(to));
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn no_links(_: &Path, _: &Path) -> io::Result<()> {
        Err(io::ErrorKind::PermissionDenied.into())
    }

    fn hard_link(from: &Path, to: &Path) -> io::Result<()> {
        fs::hard_link(from, to)
    }

    #[test]
    fn a_file_is_renamed_with_and_without_hard_links_and_never_replaces_another() {
        for link in [hard_link, no_links] {
            let directory = tempfile::tempdir().unwrap();
            let [from, to] = ["from", "to"].map(|name| directory.path().join(name));
            fs::write(&from, "first").unwrap();
            assert!(rename_new_by(&from, &to, link).unwrap());
            assert!(!from.exists());
            fs::write(&from, "second").unwrap();
            assert!(!rename_new_by(&from, &to, link).unwrap());
            assert_eq!(fs::read_to_string(&to).unwrap(), "first");
            assert_eq!(fs::read_to_string(&from).unwrap(), "second");
        }
    }

    #[test]
    fn a_rename_that_fails_leaves_nothing_under_the_new_name() {
        let directory = tempfile::tempdir().unwrap();
        let [from, to] = ["from", "to"].map(|name| directory.path().join(name));
        assert!(rename_new_by(&from, &to, no_links).is_err());
        assert!(!to.exists());
    }
}
