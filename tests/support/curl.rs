//! Requests by curl, an HTTP client that is foreign to the server's libraries.

use std::process::{Command, Stdio};

/// A response as curl printed it.
#[derive(Debug)]
pub(crate) struct Curled {
    pub(crate) status: u16,
    pub(crate) body: String,
    headers: Vec<(String, String)>,
}

impl Curled {
    /// The value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        let found = headers.find(|(found, _)| found.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }
}

/// Runs curl with these arguments and reads its response.
pub(crate) fn curl(arguments: &[&str]) -> Curled {
    let mut command = Command::new("curl");
    command.args(["--silent", "--show-error", "--include", "--max-time", "30"]);
    command.args(["--noproxy", "*"]).args(arguments);
    let output = command.stdin(Stdio::null()).output().expect("curl");
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    let text = String::from_utf8_lossy(&output.stdout);
    let (head, body) = text.split_once("\r\n\r\n").expect("a head and a body");
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1));
    let headers = lines.filter_map(|line| line.split_once(':'));
    let headers = headers.map(|(name, value)| (name.to_owned(), value.trim().to_owned()));
    Curled {
        status: status.expect("a status").parse().expect("a number"),
        headers: headers.collect(),
        body: body.to_owned(),
    }
}
