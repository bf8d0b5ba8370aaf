//! Whether a certificate is valid at a time.

use std::{sync::Arc, time::Duration};

use lanyard_token::UnixTime;
use rustls::{
    CertificateError, Error, RootCertStore,
    client::{WebPkiServerVerifier, danger::ServerCertVerifier as _},
    pki_types::{self, CertificateDer, ServerName},
};

use super::provider;

/// A certificate that no client accepts at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Invalid {
    /// Its end is past.
    #[error("it has expired")]
    Expired,
    /// Its beginning is ahead.
    #[error("it is not valid yet; check its dates and this machine's clock")]
    NotYet,
}

/// Checks the dates of a server's certificate, and nothing else.
///
/// The verifier compares the dates before it looks for an issuer, and later failures do not matter here.
pub(super) fn check(chain: &[CertificateDer<'_>], now: UnixTime) -> Result<(), Invalid> {
    let Some(own) = chain.first() else {
        return Ok(());
    };
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates([own.clone()]);
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider()).build();
    let (Ok(verifier), Ok(name)) = (verifier, ServerName::try_from(ANY_NAME)) else {
        return Ok(());
    };
    let now = pki_types::UnixTime::since_unix_epoch(Duration::from_secs(now.as_secs()));
    match verifier.verify_server_cert(own, &[], &name, &[], now) {
        Err(Error::InvalidCertificate(
            CertificateError::Expired | CertificateError::ExpiredContext { .. },
        )) => Err(Invalid::Expired),
        Err(Error::InvalidCertificate(
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. },
        )) => Err(Invalid::NotYet),
        Ok(_) | Err(_) => Ok(()),
    }
}

/// The name comes last in the verification.
const ANY_NAME: &str = "localhost";

#[cfg(test)]
mod tests {
    use rcgen::{
        BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd,
    };

    use std::slice::from_ref;

    use super::*;

    /// 2026-01-01.
    const START: u64 = 1_767_225_600;
    const YEAR: u64 = 365 * 24 * 3600;

    fn params() -> CertificateParams {
        let mut params = CertificateParams::new(["lanyard.example".to_owned()]).unwrap();
        params.not_before = date_time_ymd(2026, 1, 1);
        params.not_after = date_time_ymd(2027, 1, 1);
        params
    }

    #[test]
    fn the_dates_decide_whoever_signed_it() {
        let key = KeyPair::generate().unwrap();
        let own = params().self_signed(&key).unwrap();
        let mut authority = CertificateParams::new([]).unwrap();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap());
        let signed = params().signed_by(&key, &authority.unwrap()).unwrap();
        for certificate in [own.der(), signed.der()] {
            for (time, valid) in [
                (START - 1, Err(Invalid::NotYet)),
                (START, Ok(())),
                (START + YEAR, Ok(())),
                (START + YEAR + 1, Err(Invalid::Expired)),
            ] {
                let now = UnixTime::from_secs(time);
                assert_eq!(check(from_ref(certificate), now), valid, "{time}");
            }
        }
    }
}
