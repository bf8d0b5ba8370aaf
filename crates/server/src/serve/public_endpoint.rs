//! Where clients call an authority.

use std::{fmt, net::Ipv6Addr, str::FromStr};

use axum::http::{Uri, uri::Authority};

/// A URL that leads to this authority from elsewhere: a scheme, a host, perhaps a port, and no more.
///
/// It stands in connection strings, which end it at a `;`, and clients sign its host as it is written
/// here. So nothing is taken that could be read in two ways.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PublicEndpoint(String);

/// A text is no public endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "say how clients call this authority, such as https://lanyard.example:7400: http or https, a host \
     name or an address, a port if it is not the usual one, and nothing after it"
)]
pub(crate) struct PublicEndpointError;

impl PublicEndpoint {
    /// The host, with its port if it has one: what clients put into the header `host`, and sign.
    pub(super) fn host(&self) -> &str {
        let host = self.0.split_once("://").map(|(_, host)| host);
        host.unwrap_or_default()
    }
}

impl FromStr for PublicEndpoint {
    type Err = PublicEndpointError;

    fn from_str(text: &str) -> Result<Self, PublicEndpointError> {
        let text = text.strip_suffix('/').unwrap_or(text);
        let uri: Uri = text.parse().map_err(|_| PublicEndpointError)?;
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(PublicEndpointError);
        };
        let is_scheme = matches!(scheme, "http" | "https");
        // Put together again, whatever else was said is missing: a path, a query, a fragment.
        let whole = format!("{scheme}://{authority}");
        if is_scheme && whole == text && names_a_host(authority) {
            Ok(Self(without_usual_port(&whole).to_owned()))
        } else {
            Err(PublicEndpointError)
        }
    }
}

/// Without a slash at its end.
impl fmt::Display for PublicEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether it is a host and perhaps a port, and nobody who calls.
fn names_a_host(authority: &Authority) -> bool {
    let host = authority.host();
    let bracketed = host.strip_prefix('[').and_then(|ip| ip.strip_suffix(']'));
    let is_host = match bracketed {
        Some(ip) => ip.parse::<Ipv6Addr>().is_ok(),
        None => host.split('.').all(is_label),
    };
    let of_port = authority.as_str().strip_prefix(host);
    is_host && of_port.is_some_and(|port| port.is_empty() || is_port(port))
}

/// A port that goes without saying is left out: some clients sign it and do not send it.
fn without_usual_port(endpoint: &str) -> &str {
    let port = if endpoint.starts_with("https:") {
        ":443"
    } else {
        ":80"
    };
    endpoint.strip_suffix(port).unwrap_or(endpoint)
}

fn is_label(label: &str) -> bool {
    let is_letter = |letter: u8| letter.is_ascii_alphanumeric() || b"-_".contains(&letter);
    !label.is_empty() && label.bytes().all(is_letter)
}

fn is_port(port: &str) -> bool {
    let digits = port.strip_prefix(':').unwrap_or_default();
    let is_number = digits.bytes().all(|digit| digit.is_ascii_digit());
    is_number && digits.parse::<u16>().is_ok_and(|port| port != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scheme_a_host_and_perhaps_a_port_are_an_endpoint() {
        for text in [
            "https://lanyard.example",
            "https://lanyard.example:7400",
            "http://localhost:1",
            "https://contoso.lanyard_1.internal:65535",
            "https://192.0.2.7:7400",
            "https://[2001:db8::7]:7400",
            "https://Lanyard.Example",
        ] {
            let parsed: PublicEndpoint = text.parse().expect(text);
            assert_eq!(parsed.to_string(), text);
            let slashed: PublicEndpoint = format!("{text}/").parse().expect(text);
            assert_eq!(slashed, parsed);
            assert!(text.ends_with(&format!("//{}", parsed.host())), "{text}");
        }
    }

    #[test]
    fn a_port_that_goes_without_saying_is_left_out() {
        for (text, bare) in [
            ("https://lanyard.example:443", "https://lanyard.example"),
            ("http://lanyard.example:80/", "http://lanyard.example"),
            ("https://[2001:db8::80]:443", "https://[2001:db8::80]"),
            ("https://lanyard.example:80", "https://lanyard.example:80"),
            ("http://lanyard.example:443", "http://lanyard.example:443"),
        ] {
            let parsed: PublicEndpoint = text.parse().expect(text);
            assert_eq!(parsed.to_string(), bare);
        }
    }

    #[test]
    fn what_has_less_or_more_or_could_be_read_in_two_ways_is_none() {
        for text in [
            "",
            "/",
            "https",
            "https://",
            "https:///",
            "lanyard.example",
            "lanyard.example:7400",
            "//lanyard.example",
            "ftp://lanyard.example",
            "https:lanyard.example",
            "https://lanyard.example/path",
            "https://lanyard.example//",
            "https://lanyard.example?a",
            "https://lanyard.example/?a",
            "https://lanyard.example#a",
            "https://lanyard.example/#",
            "https://me@lanyard.example",
            "https://me:secret@lanyard.example",
            "https://lanyard.example:",
            "https://lanyard.example:0",
            "https://lanyard.example:65536",
            "https://lanyard.example:+1",
            "https://lanyard.example:https",
            "https://lanyard.example:1:2",
            "https://lanyard.example;accesskey=AAAA",
            "https://lanyard..example",
            "https://lanyard%2eexample",
            "https://[2001:db8::7",
            "https://[lanyard]",
            "https://2001:db8::7",
            " https://lanyard.example",
            "https://lanyard.example ",
            "https://lanyard.example\n",
            "https://länyard.example",
        ] {
            let refused = text.parse::<PublicEndpoint>();
            assert_eq!(refused, Err(PublicEndpointError), "{text}");
        }
    }
}
