//! Where an authority answers, and who is believed to be it.

use std::time::Duration;

use tonic::transport::{Certificate, ClientTlsConfig, Endpoint};

use super::FeedSettingsError;

/// Who is believed when they say which server is the authority, where it is reached by https.
#[derive(Clone, Debug, Default)]
pub enum Roots {
    /// Whom the system believes.
    #[default]
    System,
    /// Those whose certificates are in this PEM text, and nobody else.
    Only(String),
    /// Those, and whom the system believes if it believes anybody.
    And(String),
}

impl Roots {
    /// The endpoint over TLS, if it is an https one.
    ///
    /// # Errors
    /// If the system believes nobody, or the text holds what is no certificate.
    pub fn secure(
        &self,
        endpoint: Endpoint,
        handshake: Duration,
    ) -> Result<Endpoint, tonic::transport::Error> {
        if endpoint.uri().scheme_str() != Some("https") {
            return Ok(endpoint);
        }
        let tls = ClientTlsConfig::new().timeout(handshake);
        let with = |pem: &str| tls.clone().ca_certificate(Certificate::from_pem(pem));
        match self {
            Self::System => endpoint.tls_config(tls.with_native_roots()),
            Self::Only(pem) => endpoint.tls_config(with(pem)),
            Self::And(pem) => endpoint
                .clone()
                .tls_config(with(pem).with_native_roots())
                .or_else(|_believes_nobody| endpoint.tls_config(with(pem))),
        }
    }
}

/// The endpoint at a URL of http or https, and none for anything else: the transport takes other
/// forms, too, and fails later, in its own words.
#[must_use]
pub fn at_url(url: &str) -> Option<Endpoint> {
    let endpoint = Endpoint::from_shared(url.to_owned()).ok()?;
    let uri = endpoint.uri();
    // A socket in the file system it shows as if it were a host of http.
    let is_url = matches!(uri.scheme_str(), Some("http" | "https")) && !url.starts_with(SOCKET);
    let has_host = uri.host().is_some_and(|host| !host.is_empty());
    (is_url && has_host).then_some(endpoint)
}

/// An address that a feed can be followed over.
pub(super) fn endpoint(address: &str, roots: &Roots) -> Result<Endpoint, FeedSettingsError> {
    let bad = || FeedSettingsError::BadAddress(address.to_owned());
    let endpoint = at_url(address).ok_or_else(bad)?;
    let endpoint = roots.secure(endpoint, CONNECT_TIMEOUT);
    let endpoint = endpoint.map_err(|_| FeedSettingsError::NoRoots(address.to_owned()))?;
    Ok(endpoint
        .connect_timeout(CONNECT_TIMEOUT)
        .tcp_nodelay(true)
        .initial_stream_window_size(WINDOW)
        .initial_connection_window_size(WINDOW))
}

/// What the transport knows a socket in the file system by.
const SOCKET: &str = "unix:";
/// How long an address may take to answer. The others are to have their turn well within any bound.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// How much may be on its way here. A part of a snapshot is larger than what the protocol begins
/// with, so the authority would have to wait in the middle of each.
const WINDOW: u32 = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(address: &str, roots: &Roots) -> Option<FeedSettingsError> {
        endpoint(address, roots).err()
    }

    #[test]
    fn an_address_is_a_url_of_http_or_https() {
        for good in ["http://127.0.0.1:7400", "http://lanyard.internal"] {
            assert_eq!(refused(good, &Roots::System), None, "{good}");
        }
        let nobody = Roots::Only(String::new());
        for good in ["https://127.0.0.1:7400", "https://[::1]:1/", "HTTPS://host"] {
            assert_eq!(refused(good, &nobody), None, "{good}");
        }
        for bad in [
            "",
            "127.0.0.1:7400",
            "https://",
            "http://",
            "http://a b",
            "ftp://host",
            "unix:/x",
            "unix://x",
        ] {
            let expected = FeedSettingsError::BadAddress(bad.to_owned());
            assert_eq!(refused(bad, &nobody), Some(expected), "{bad}");
        }
    }

    #[test]
    fn what_is_no_certificate_is_not_believed_in_silence() {
        let pem = "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n";
        let refused = refused("https://host", &Roots::Only(pem.to_owned()));
        assert_eq!(
            refused,
            Some(FeedSettingsError::NoRoots("https://host".to_owned()))
        );
    }
}
