//! A certificate authority for one machine, and a certificate under it.
//!
//! What it can sign is of use for the names of this machine only: that is a constraint in its own
//! certificate. So whoever trusts it and loses its key has not lost more than `localhost`.
//!
//! The authority is made once and kept, since people have been told to trust it. The certificate
//! under it is made again whenever a client would soon refuse it.

use std::{
    fs::{self, DirBuilder},
    io,
    net::{Ipv4Addr, Ipv6Addr},
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use lanyard_token::UnixTime;
use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DnType, ExtendedKeyUsagePurpose,
    GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose, NameConstraints,
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

/// The authority's certificate, in the data directory. Commands on this machine look there.
pub(crate) const CA_IN_DATA: &str = "tls/ca.pem";

/// The files of `--dev-tls`.
pub(super) struct DevTls {
    directory: PathBuf,
}

impl DevTls {
    pub(super) fn in_data(data: &Path) -> Self {
        Self {
            directory: data.join("tls"),
        }
    }

    /// The certificate that clients are to trust.
    pub(super) fn ca_file(&self) -> PathBuf {
        self.directory.join("ca.pem")
    }

    /// The certificate to serve with: the one that is there, or if it will not do, a new one.
    pub(super) fn certificate(&self, now: UnixTime) -> Result<CertifiedKey, TlsError> {
        self.make_directory()?;
        let key = self.authority()?;
        let ca = self.ca()?;
        if let Ok(kept) = self.kept()
            && [now, now.saturating_add(RENEW_BEFORE)]
                .iter()
                .all(|then| serves(&kept, &ca, *then))
        {
            return Ok(kept);
        }
        self.issue(key, now)?;
        self.kept()
    }

    fn make_directory(&self) -> Result<(), TlsError> {
        let made = DirBuilder::new()
            .recursive(true)
            .mode(DIRECTORY_MODE)
            .create(&self.directory);
        made.map_err(|source| self.failed(source))
    }

    /// The authority's key; a new one if there is no authority yet.
    fn authority(&self) -> Result<KeyPair, TlsError> {
        let file = self.ca_file();
        // The certificate is written last, so nobody can have been told to trust one that is missing.
        if !file.try_exists().map_err(|source| self.failed(source))? {
            let key = KeyPair::generate()?;
            let cert = authority_params(&key)?.self_signed(&key)?;
            self.keep_key(CA_KEY, &key)?;
            self.keep(&file, cert.pem().as_bytes())?;
            return Ok(key);
        }
        let pem = fs::read_to_string(self.directory.join(CA_KEY)).map(Zeroizing::new);
        let key = pem.ok().and_then(|pem| KeyPair::from_pem(&pem).ok());
        key.ok_or_else(|| self.damaged())
    }

    fn ca(&self) -> Result<CertificateDer<'static>, TlsError> {
        CertificateDer::from_pem_file(self.ca_file()).map_err(|_| self.damaged())
    }

    fn issue(&self, authority: KeyPair, now: UnixTime) -> Result<(), TlsError> {
        let key = KeyPair::generate()?;
        let issuer = Issuer::new(authority_params(&authority)?, authority);
        let cert = server_params(now)?.signed_by(&key, &issuer)?;
        self.keep_key(SERVER_KEY, &key)?;
        self.keep(&self.directory.join(SERVER), cert.pem().as_bytes())
    }

    fn kept(&self) -> Result<CertifiedKey, TlsError> {
        pair::given(
            &self.directory.join(SERVER),
            &self.directory.join(SERVER_KEY),
        )
    }

    fn keep_key(&self, name: &str, key: &KeyPair) -> Result<(), TlsError> {
        let pem = Zeroizing::new(key.serialize_pem());
        self.keep(&self.directory.join(name), pem.as_bytes())
    }

    fn keep(&self, path: &Path, content: &[u8]) -> Result<(), TlsError> {
        write_private(path, content).map_err(|source| self.failed(source))
    }

    fn failed(&self, source: io::Error) -> TlsError {
        let path = self.directory.clone();
        TlsError::Dev { path, source }
    }

    fn damaged(&self) -> TlsError {
        let path = self.directory.clone();
        TlsError::DevDamaged { path }
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
    let loopback =
        |address, prefix| GeneralSubtree::IpAddress(CidrSubnet::from_addr_prefix(address, prefix));
    params.name_constraints = Some(NameConstraints {
        permitted_subtrees: vec![
            GeneralSubtree::DnsName(LOCALHOST.to_owned()),
            loopback(Ipv4Addr::LOCALHOST.into(), 8),
            loopback(Ipv6Addr::LOCALHOST.into(), 128),
        ],
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
const CA_KEY: &str = "ca.key";
const SERVER: &str = "server.pem";
const SERVER_KEY: &str = "server.key";
const DAY: Duration = Duration::from_hours(24);
/// The longest that all clients take.
const SERVER_LIFETIME: Duration = Duration::from_hours(397 * 24);
/// How long before its end a certificate is made anew. A start comes in between, or nobody is there.
const RENEW_BEFORE: Duration = Duration::from_hours(60 * 24);
const DIRECTORY_MODE: u32 = 0o700;

#[cfg(test)]
mod tests;
