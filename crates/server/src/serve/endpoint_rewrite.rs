//! Rewrites the endpoint in the file with the first credentials after the server has moved.

use std::{
    fs, io,
    os::unix::fs::{MetadataExt as _, chown},
    path::{Path, PathBuf},
};

use serde_json::Value;
use zeroize::Zeroizing;

use super::files::write_private;
use crate::text::without_byte_order_mark;

/// Replaces the endpoint, and that of the connection string, if it is another. Everything else stays
/// byte for byte as it is; a file that is missing, or that a person has given another form, stays
/// altogether.
pub(super) fn rewrite(path: &Path, endpoint: &str) -> io::Result<()> {
    let text = match fs::read_to_string(path).map(Zeroizing::new) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        text => text?,
    };
    let Some(rewritten) = rewritten(without_byte_order_mark(&text), endpoint) else {
        return Ok(());
    };
    // Where the file is a link, the file that it leads to.
    let file: PathBuf = fs::canonicalize(path)?;
    let old = fs::metadata(&file)?;
    write_private(&file, rewritten.as_bytes())?;
    // A new file has taken its place, so that a crash leaves one of the two whole.
    chown(&file, Some(old.uid()), Some(old.gid()))?;
    fs::set_permissions(&file, old.permissions())
}

fn rewritten(text: &str, endpoint: &str) -> Option<Zeroizing<String>> {
    let old: Value = serde_json::from_str(text).ok()?;
    let named = old.get("endpoint")?.as_str()?;
    if named == endpoint {
        return None;
    }
    let (from, to) = (quoted(named)?, quoted(endpoint)?);
    let text = Zeroizing::new(text.replacen(&from, &to, 1));
    let [from, to] = [named, endpoint].map(|endpoint| format!("\"endpoint={endpoint}/;"));
    let text = Zeroizing::new(text.replacen(&from, &to, 1));
    let new: Value = serde_json::from_str(&text).ok()?;
    (new == expected(old, endpoint)?).then_some(text)
}

/// The file as it should be.
fn expected(mut file: Value, endpoint: &str) -> Option<Value> {
    let members = file.as_object_mut()?;
    members.insert("endpoint".to_owned(), endpoint.into());
    if let Some(text) = members.get("connection_string").and_then(Value::as_str) {
        let (_, key) = text.split_once("/;accesskey=")?;
        let text = format!("endpoint={endpoint}/;accesskey={key}");
        members.insert("connection_string".to_owned(), text.into());
    }
    Some(file)
}

fn quoted(text: &str) -> Option<String> {
    serde_json::to_string(text).ok()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    const FILE: &str = r#"{
  "endpoint": "http://127.0.0.1:7400",
  "primary": { "id": "k", "secret": "AQ==" },
  "later": [1, "http://127.0.0.1:7400"],
  "connection_string": "endpoint=http://127.0.0.1:7400/;accesskey=AQ=="
}
"#;

    #[test]
    fn both_endpoints_are_replaced_and_nothing_else() {
        let new = rewritten(FILE, "https://127.0.0.1:7400").unwrap();
        let expected = r#"{
  "endpoint": "https://127.0.0.1:7400",
  "primary": { "id": "k", "secret": "AQ==" },
  "later": [1, "http://127.0.0.1:7400"],
  "connection_string": "endpoint=https://127.0.0.1:7400/;accesskey=AQ=="
}
"#;
        assert_eq!(*new, expected);
        assert_eq!(rewritten(&new, "https://127.0.0.1:7400"), None);
        assert_eq!(*rewritten(&new, "http://127.0.0.1:7400").unwrap(), FILE);
    }

    #[test]
    fn a_file_of_another_form_is_left_alone() {
        for text in [
            "",
            "[]",
            "{}",
            r#"{"endpoint": 7}"#,
            r#"{"endpoint": "http://a", "connection_string": "mine"}"#,
            r#"{"endpoint": "http://a", "connection_string": "endpoint=http://b/;accesskey=AQ=="}"#,
        ] {
            assert_eq!(rewritten(text, "https://h"), None, "{text}");
        }
    }

    #[test]
    fn the_file_keeps_its_mode_and_a_link_stays_a_link() {
        let directory = tempfile::tempdir().unwrap();
        let [link, file] = ["bootstrap.json", "file.json"].map(|name| directory.path().join(name));
        fs::write(&file, FILE).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        rewrite(&link, "https://h").unwrap();
        assert!(link.is_symlink());
        assert!(fs::read_to_string(&file).unwrap().contains("\"https://h\""));
        assert_eq!(
            fs::metadata(&file).unwrap().permissions().mode() & 0o777,
            0o640
        );
        rewrite(&directory.path().join("missing"), "https://h").unwrap();
    }
}
