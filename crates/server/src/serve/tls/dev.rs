//! A CA for one machine, and a certificate under it.
//!
//! The key of the CA is dropped as soon as it has signed that one certificate, and is never written. So no
//! file lets its reader impersonate another host to a client that trusts the CA, whichever constraints
//! the client enforces. A name constraint on host names alone says the same in the CA's certificate; one
//! on addresses would make gRPC C-core (`BoringSSL`) reject each certificate under it that has an address.
//!
//! Both certificates are kept until the one that is served is about to expire, because clients were
//! configured to trust the CA. Then both are replaced.

use std::{
    fs::{self, DirBuilder},
    io::{self, ErrorKind},
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use lanyard_token::UnixTime;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, NameConstraints,
};
use rustls::{
    RootCertStore,
    client::{WebPkiServerVerifier, danger::ServerCertVerifier as _},
    pki_types::{self, CertificateDer, ServerName, pem::PemObject as _},
    sign::CertifiedKey,
};
use time::OffsetDateTime;
use zeroize::Zeroizing;

use super::{error::TlsError, pair, provider};
use crate::serve::files::write_private;

/// The certificate of the CA, in the data directory. Commands on this machine look there.
pub(crate) const CA_IN_DATA: &str = "tls/ca.pem";

/// The files of `--dev-tls`.
pub(super) struct DevTls {
    directory: PathBuf,
}

/// The state of those files.
enum Files {
    /// They can be served.
    Usable(CertifiedKey),
    /// No client can have been configured to trust the CA yet.
    Absent,
    /// They should be replaced, and can be served if that fails.
    ExpiresSoon(CertifiedKey),
    /// They must be replaced, for this reason.
    Outdated(&'static str),
}

impl DevTls {
    pub(super) fn in_data(data: &Path) -> Self {
        Self {
            directory: data.join("tls"),
        }
    }

    /// The certificate that clients are to trust.
    pub(super) fn ca_file(&self) -> PathBuf {
        self.directory.join(CA)
    }

    /// The certificate to serve with: the existing one, or a new one under a new CA.
    pub(super) fn certificate(&self, now: UnixTime) -> Result<CertifiedKey, TlsError> {
        self.make_directory()?;
        let reason = match self.files(now)? {
            Files::Usable(key) => return Ok(key),
            Files::Absent => {
                self.make(now)?;
                None
            }
            Files::ExpiresSoon(key) => {
                if let Err(error) = self.make(now) {
                    tracing::warn!(%error, "could not replace the certificate of --dev-tls, which expires soon");
                    return Ok(key);
                }
                Some("the certificate expires soon")
            }
            Files::Outdated(reason) => {
                self.make(now)?;
                Some(reason)
            }
        };
        if let Some(reason) = reason {
            let ca = self.ca_file();
            tracing::warn!(
                reason,
                ca = %ca.display(),
                "replaced the certificates of --dev-tls: clients must trust the new CA"
            );
        }
        self.key()
    }

    fn make_directory(&self) -> Result<(), TlsError> {
        let made = DirBuilder::new()
            .recursive(true)
            .mode(DIRECTORY_MODE)
            .create(&self.directory);
        made.map_err(|source| self.failed(source))
    }

    fn files(&self, now: UnixTime) -> Result<Files, TlsError> {
        let exists = |path: &Path| path.try_exists().map_err(|source| self.failed(source));
        // It is written last, so no client can have been configured to trust a missing one.
        if !exists(&self.ca_file())? {
            return Ok(Files::Absent);
        }
        if exists(&self.directory.join(OLD_CA_KEY))? {
            return Ok(Files::Outdated(
                "the CA is of an earlier form, which gRPC C-core rejects",
            ));
        }
        let ca = CertificateDer::from_pem_file(self.ca_file()).ok();
        Ok(match ca.zip(self.key().ok()) {
            Some((ca, key)) if serves(&key, &ca, now) => {
                if serves(&key, &ca, now.saturating_add(RENEW_BEFORE)) {
                    Files::Usable(key)
                } else {
                    Files::ExpiresSoon(key)
                }
            }
            Some(_) => {
                Files::Outdated("the certificate is expired, not valid yet, or of another CA")
            }
            None => Files::Outdated("the files are damaged or incomplete"),
        })
    }

    /// Makes a CA and the one certificate under it.
    fn make(&self, now: UnixTime) -> Result<(), TlsError> {
        let (ca_key, key) = (KeyPair::generate()?, KeyPair::generate()?);
        let params = authority_params(&ca_key)?;
        let ca = params.self_signed(&ca_key)?;
        let cert = server_params(now)?.signed_by(&key, &Issuer::new(params, ca_key))?;
        let private = Zeroizing::new(key.serialize_pem());
        self.write(SERVER_KEY, private.as_bytes())?;
        self.write(SERVER, cert.pem().as_bytes())?;
        self.write(CA, ca.pem().as_bytes())?;
        // Last, since its presence is the mark of the earlier form.
        match fs::remove_file(self.directory.join(OLD_CA_KEY)) {
            Err(source) if source.kind() != ErrorKind::NotFound => Err(self.failed(source)),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    fn key(&self) -> Result<CertifiedKey, TlsError> {
        pair::given(
            &self.directory.join(SERVER),
            &self.directory.join(SERVER_KEY),
        )
    }

    fn write(&self, name: &str, content: &[u8]) -> Result<(), TlsError> {
        let path = self.directory.join(name);
        write_private(&path, content).map_err(|source| TlsError::Dev { path, source })
    }

    fn failed(&self, source: io::Error) -> TlsError {
        let path = self.directory.clone();
        TlsError::Dev { path, source }
    }
}

/// Whether a client that trusts the authority would believe this certificate then, whichever of this
/// machine's names it calls.
fn serves(kept: &CertifiedKey, ca: &CertificateDer<'_>, then: UnixTime) -> bool {
    let mut roots = RootCertStore::empty();
    let (added, _) = roots.add_parsable_certificates([ca.clone()]);
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider()).build();
    let (Ok(verifier), Some((own, above)), 1) = (verifier, kept.cert.split_first(), added) else {
        return false;
    };
    let then = pki_types::UnixTime::since_unix_epoch(Duration::from_secs(then.as_secs()));
    NAMES.iter().all(|name| {
        let name = ServerName::try_from(*name);
        let verify = |name| verifier.verify_server_cert(own, above, &name, &[], then);
        name.is_ok_and(|name| verify(name).is_ok())
    })
}

fn authority_params(key: &KeyPair) -> Result<CertificateParams, TlsError> {
    let mut params = CertificateParams::new([])?;
    // Two of them in one store are told apart by their names, so each has a part of its key in it.
    let id = params.key_identifier(key).into_iter().take(4);
    let id = id.fold(0_u32, |id, byte| (id << 8) | u32::from(byte));
    let name = format!("Lanyard development authority {id:08x}");
    params.distinguished_name.remove(DnType::CommonName);
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    params.name_constraints = Some(NameConstraints {
        permitted_subtrees: vec![GeneralSubtree::DnsName(LOCALHOST.to_owned())],
        excluded_subtrees: Vec::new(),
    });
    // It is made once, so a clock that was wrong then must not make it one that is not good now.
    params.not_before = rcgen::date_time_ymd(2020, 1, 1);
    params.not_after = rcgen::date_time_ymd(2070, 1, 1);
    Ok(params)
}

fn server_params(now: UnixTime) -> Result<CertificateParams, TlsError> {
    let names: Vec<_> = NAMES.map(str::to_owned).to_vec();
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name.remove(DnType::CommonName);
    let name = "Lanyard on this machine";
    params.distinguished_name.push(DnType::CommonName, name);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    // From a day ago, because a container's clock may be behind the one that signs here.
    params.not_before = date(now.saturating_sub(DAY));
    params.not_after = date(now.saturating_add(SERVER_LIFETIME));
    Ok(params)
}

fn date(time: UnixTime) -> OffsetDateTime {
    let seconds = i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
    OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

const LOCALHOST: &str = "localhost";
/// By what a client may call this machine. The first resource has a name of its own there, for a
/// caller that says by the host which resource it means.
const NAMES: [&str; 4] = [LOCALHOST, "default.localhost", "127.0.0.1", "::1"];
const CA: &str = "ca.pem";
/// The key of a CA of an earlier form, which had a constraint on addresses and kept its key.
const OLD_CA_KEY: &str = "ca.key";
const SERVER: &str = "server.pem";
const SERVER_KEY: &str = "server.key";
const DAY: Duration = Duration::from_hours(24);
/// With the day before, the longest that every client accepts under a CA that its user has added: 825 days.
const SERVER_LIFETIME: Duration = Duration::from_hours(824 * 24);
/// How long before its end a certificate is replaced: at a start, so that it seldom expires in a run.
const RENEW_BEFORE: Duration = Duration::from_hours(60 * 24);
const DIRECTORY_MODE: u32 = 0o700;

#[cfg(test)]
mod tests;
