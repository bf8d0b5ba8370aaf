//! Who is believed of an https endpoint, and what is said where nobody is.

use std::error::Error;
use std::io;
use std::path::Path;
use std::{fs, iter};

use lanyard_enforcer::Roots;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{CertificateError, Error as TlsError};

use super::error::ClientError;
use crate::serve::CA_IN_DATA;
use crate::text::without_byte_order_mark;

/// Who is believed: those in the file that was named, and nobody else. Without one, whom the system
/// believes, and the authority that a server on this machine has made in one of these directories.
/// That one can vouch for this machine only, so it is believed of every endpoint.
pub(crate) fn roots(ca: Option<&Path>, directories: &[&Path]) -> Result<Roots, ClientError> {
    if let Some(path) = ca {
        return certificates(path).map(Roots::Only);
    }
    let made = directories
        .iter()
        .map(|directory| directory.join(CA_IN_DATA));
    match made.into_iter().find(|path| path.exists()) {
        Some(path) => certificates(&path).map(Roots::And),
        None => Ok(Roots::System),
    }
}

fn certificates(path: &Path) -> Result<String, ClientError> {
    let file = || path.display().to_string();
    let text = fs::read_to_string(path).map_err(|source| ClientError::CaFile {
        file: file(),
        source,
    })?;
    let text = without_byte_order_mark(&text);
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text.as_bytes()).collect();
    if found.is_ok_and(|found| !found.is_empty()) {
        Ok(text.to_owned())
    } else {
        Err(ClientError::CaForm { file: file() })
    }
}

/// Why there is no connection: nobody answers, or whoever does is not believed, or this process may
/// have no more of them.
pub(super) fn not_connected(error: &tonic::transport::Error, endpoint: &str) -> ClientError {
    let endpoint = endpoint.to_owned();
    let first: &(dyn Error + 'static) = error;
    let mut causes = iter::successors(Some(first), |error| (*error).source());
    let told = causes.find_map(|cause| {
        let error = cause.downcast_ref::<io::Error>()?;
        if error.raw_os_error().is_some_and(is_too_many) {
            return Some(ClientError::TooManyFiles);
        }
        let why = in_words(tls_error(error)?);
        let endpoint = endpoint.clone();
        Some(ClientError::Tls { endpoint, why })
    });
    told.unwrap_or(ClientError::Unreachable { endpoint })
}

/// Too many open files, in the system or in this process: the same numbers on every Unix.
fn is_too_many(error: i32) -> bool {
    const ENFILE: i32 = 23;
    const EMFILE: i32 = 24;
    matches!(error, ENFILE | EMFILE)
}

/// TLS gives its errors the form of those of input and output.
fn tls_error(error: &io::Error) -> Option<&TlsError> {
    error.get_ref()?.downcast_ref()
}

fn in_words(error: &TlsError) -> String {
    match error {
        TlsError::InvalidCertificate(CertificateError::UnknownIssuer) => {
            "nobody who is trusted has signed its certificate".to_owned()
        }
        TlsError::InvalidMessage(_) => "what answers there does not speak it".to_owned(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    #[test]
    fn a_file_that_is_named_is_believed_alone_and_one_that_was_made_here_is_found() {
        let (with, without) = (TempDir::new().unwrap(), TempDir::new().unwrap());
        let made = with.path().join(CA_IN_DATA);
        fs::create_dir(made.parent().unwrap()).unwrap();
        let pem = rcgen::generate_simple_self_signed([]).unwrap().cert.pem();
        fs::write(&made, &pem).unwrap();
        let (with, without) = (with.path(), without.path());
        assert!(matches!(roots(None, &[without]), Ok(Roots::System)));
        assert!(matches!(roots(None, &[without, with]), Ok(Roots::And(found)) if found == pem));
        assert!(matches!(roots(Some(&made), &[with]), Ok(Roots::Only(found)) if found == pem));
    }

    #[test]
    fn a_file_that_names_nobody_is_refused_for_what_it_is() {
        let directory = TempDir::new().unwrap();
        let file = directory.path().join("ca.pem");
        let missing = roots(Some(&file), &[]).unwrap_err();
        assert!(matches!(missing, ClientError::CaFile { .. }), "{missing}");
        for text in ["", "no certificate", "-----BEGIN CERTIFICATE-----\n!"] {
            fs::write(&file, text).unwrap();
            let refused = roots(Some(&file), &[]).unwrap_err();
            assert!(matches!(refused, ClientError::CaForm { .. }), "{refused}");
        }
    }
}
