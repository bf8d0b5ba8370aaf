//! What a request asks for: the target as it was sent, which is what was signed, and its parts.

use std::borrow::Cow;

use axum::http::Uri;
use percent_encoding::percent_decode_str;

/// The path and the query of a request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Target<'a> {
    raw: &'a str,
    path: &'a str,
    query: &'a str,
}

impl<'a> Target<'a> {
    /// Byte for byte as it was sent: some clients escape the colons of an id and some do not, and each
    /// signs what it sends.
    pub(super) const fn as_sent(&self) -> &'a str {
        self.raw
    }

    /// The path, still escaped.
    pub(super) const fn path(&self) -> &'a str {
        self.path
    }

    /// The query, still escaped.
    pub(super) const fn query(&self) -> &'a str {
        self.query
    }

    /// The segments of the path without escapes. An escaped slash separates none.
    pub(super) fn segments(&self) -> Vec<Cow<'a, str>> {
        let path = self.path.strip_prefix('/').unwrap_or(self.path);
        path.split('/').map(unescaped).collect()
    }

    /// The first value of a parameter, without escapes.
    pub(super) fn parameter(&self, name: &str) -> Option<Cow<'a, str>> {
        let mut pairs = self.query.split('&').map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (unescaped(name), value)
        });
        pairs
            .find(|(found, _)| found == name)
            .map(|(_, value)| unescaped(value))
    }
}

impl<'a> From<&'a Uri> for Target<'a> {
    fn from(uri: &'a Uri) -> Self {
        Self {
            raw: uri.path_and_query().map_or("/", |target| target.as_str()),
            path: uri.path(),
            query: uri.query().unwrap_or_default(),
        }
    }
}

/// Escapes that make no text lead nowhere: no name here has the character that stands for them.
fn unescaped(text: &str) -> Cow<'_, str> {
    percent_decode_str(text).decode_utf8_lossy()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_target_is_told_as_it_was_sent_and_its_parts_without_escapes() {
        for text in [
            "/identities/8%3Aacs%3Aa_b/:issueAccessToken?api-version=2023-10-01",
            "/identities/8:acs:a_b/%3aissueAccessToken?x&api%2Dversion=2023%2d10-01",
        ] {
            let uri: Uri = text.parse().unwrap();
            let target = Target::from(&uri);
            assert_eq!(target.as_sent(), text);
            let segments = ["identities", "8:acs:a_b", ":issueAccessToken"];
            assert_eq!(target.segments(), segments);
            assert_eq!(target.parameter("api-version").unwrap(), "2023-10-01");
        }
    }

    #[test]
    fn an_escaped_slash_separates_nothing() {
        let uri: Uri = "/identities%2Fa/b".parse().unwrap();
        assert_eq!(Target::from(&uri).segments(), ["identities/a", "b"]);
    }

    #[test]
    fn a_parameter_that_is_not_there_is_none_and_of_two_the_first_counts() {
        let uri: Uri = "https://host/a?b=1&b=2&c".parse().unwrap();
        let target = Target::from(&uri);
        assert_eq!(target.as_sent(), "/a?b=1&b=2&c");
        assert_eq!(target.parameter("b").unwrap(), "1");
        assert_eq!(target.parameter("c").unwrap(), "");
        assert_eq!(target.parameter("d"), None);
    }
}
