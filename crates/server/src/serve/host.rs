//! Validation of the host of a request, by RFC 9112 3.2 and RFC 9113 8.3.1.

use axum::{
    extract::Request,
    http::{
        HeaderMap, StatusCode, Uri, Version,
        header::{CONTENT_TYPE, HOST},
        uri::Authority,
    },
    response::{IntoResponse as _, Response},
};

/// A request whose host is missing, ambiguous or malformed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum HostError {
    /// No `Host`, and in HTTP/2 no `:authority` either.
    #[error("the Host header is missing")]
    Missing,
    /// More than one `Host`.
    #[error("more than one Host header")]
    Repeated,
    /// Empty, not a host with an optional port, or with a user name.
    #[error("the host is not a host name or address with an optional port")]
    Malformed,
    /// `Host` and `:authority` name different hosts.
    #[error("the Host header differs from :authority")]
    Conflict,
}

/// Passes a request on, or answers 400.
///
/// gRPC is exempt, since its calls do not depend on a host: some clients send the path of a socket.
pub(super) async fn require_valid(request: Request) -> Result<Request, Response> {
    match check(request.version(), request.uri(), request.headers()) {
        Ok(()) => Ok(request),
        Err(error) => {
            let text = [(CONTENT_TYPE, "text/plain; charset=utf-8")];
            Err((StatusCode::BAD_REQUEST, text, format!("{error}\n")).into_response())
        }
    }
}

fn check(version: Version, uri: &Uri, headers: &HeaderMap) -> Result<(), HostError> {
    let mut values = headers.get_all(HOST).iter();
    let header = values.next();
    if values.next().is_some() {
        return Err(HostError::Repeated);
    }
    let header = header.map(|value| value.to_str().map_err(|_| HostError::Malformed));
    let header = header.transpose()?;
    if let Some(authority) = uri.authority() {
        ensure_host(authority.as_str())?;
    }
    match (uri.authority(), header) {
        (None, None) if version == Version::HTTP_09 || version == Version::HTTP_10 => Ok(()),
        (None, None) => Err(HostError::Missing),
        (Some(_), None) if version == Version::HTTP_11 => Err(HostError::Missing),
        (Some(authority), Some(header)) if version == Version::HTTP_2 => {
            let is_same = without_default_port(authority.as_str())
                .eq_ignore_ascii_case(without_default_port(header));
            is_same.then_some(()).ok_or(HostError::Conflict)
        }
        // The host of an absolute-form target takes precedence, and `Host` is ignored.
        (Some(_), None | Some("")) => Ok(()),
        (None | Some(_), Some(header)) => ensure_host(header),
    }
}

fn ensure_host(text: &str) -> Result<(), HostError> {
    let authority: Authority = text.parse().map_err(|_| HostError::Malformed)?;
    let host = authority.host();
    let port = text.strip_prefix(host).unwrap_or("@");
    let port = port.strip_prefix(':').unwrap_or(port);
    // `parse` alone takes a sign, too.
    let is_number = port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok();
    let is_port = port.is_empty() || is_number;
    if host.is_empty() || !is_port {
        return Err(HostError::Malformed);
    }
    Ok(())
}

fn without_default_port(host: &str) -> &str {
    let without = host.strip_suffix(":80").or(host.strip_suffix(":443"));
    without.unwrap_or(host)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn checked(version: Version, target: &str, hosts: &[&str]) -> Result<(), HostError> {
        let mut headers = HeaderMap::new();
        for host in hosts {
            headers.append(HOST, HeaderValue::from_str(host).unwrap());
        }
        check(version, &target.parse().unwrap(), &headers)
    }

    #[test]
    fn http_1_1_requires_one_valid_host() {
        let one = |hosts: &[&str]| checked(Version::HTTP_11, "/", hosts);
        for good in [
            "a",
            "a.example:7400",
            "127.0.0.1:1",
            "[::1]:7400",
            "[::1]",
            "a:",
        ] {
            assert_eq!(one(&[good]), Ok(()), "{good}");
        }
        assert_eq!(one(&[]), Err(HostError::Missing));
        assert_eq!(one(&["a", "a"]), Err(HostError::Repeated));
        for bad in [
            "", "a b", "u@a", "a:b", "a:70000", "a:+80", "a/b", "a,b ", ":80", "a?b",
        ] {
            assert_eq!(one(&[bad]), Err(HostError::Malformed), "{bad}");
        }
        assert_eq!(checked(Version::HTTP_10, "/", &[]), Ok(()));
    }

    #[test]
    fn the_host_of_an_absolute_target_takes_precedence_but_one_host_header_is_required() {
        let one = |hosts: &[&str]| checked(Version::HTTP_11, "http://a/x", hosts);
        for hosts in [&["a"][..], &["b"], &[""]] {
            assert_eq!(one(hosts), Ok(()), "{hosts:?}");
        }
        assert_eq!(one(&[]), Err(HostError::Missing));
        assert_eq!(one(&["a", "b"]), Err(HostError::Repeated));
        assert_eq!(one(&["a b"]), Err(HostError::Malformed));
        let with_user = checked(Version::HTTP_11, "http://u@a/x", &["a"]);
        assert_eq!(with_user, Err(HostError::Malformed));
    }

    #[test]
    fn http_2_requires_an_authority_or_a_host_that_agree() {
        let two = |target, hosts: &[&str]| checked(Version::HTTP_2, target, hosts);
        assert_eq!(two("http://a:7/x", &[]), Ok(()));
        assert_eq!(two("http://a:7/x", &["A:7"]), Ok(()));
        assert_eq!(two("https://a/x", &["a:443"]), Ok(()));
        assert_eq!(two("/x", &["a"]), Ok(()));
        assert_eq!(two("/x", &[]), Err(HostError::Missing));
        assert_eq!(two("http://a:7/x", &["a"]), Err(HostError::Conflict));
        assert_eq!(two("http://a/x", &["a", "a"]), Err(HostError::Repeated));
    }
}
