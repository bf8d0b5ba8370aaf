//! The signature of a request, as far as it can be read without the key: which headers it is in, what
//! it is said to cover, and the text that both sides make of a request.

use std::time::{Duration, UNIX_EPOCH};

use aws_lc_rs::digest::{SHA256, digest};
use axum::http::{
    HeaderMap, Method, Uri,
    header::{AUTHORIZATION, DATE, HOST},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use lanyard_token::UnixTime;

use super::{denial::Denial, target::Target};

/// What the headers of a request say of its signature.
#[derive(Debug)]
pub(super) struct SignedHead<'a> {
    date: &'a str,
    host: &'a str,
    content_hash: &'a str,
    signature: Vec<u8>,
}

impl<'a> SignedHead<'a> {
    /// Reads them. Each must be there once: of two, each side could believe another one.
    pub(super) fn read(
        (headers, uri): (&'a HeaderMap, &'a Uri),
        now: UnixTime,
    ) -> Result<Self, Denial> {
        let signature = signature(one(headers, AUTHORIZATION.as_str())?)?;
        let date = match one(headers, X_MS_DATE) {
            Err(Denial::HeaderMissing(_)) => {
                one(headers, DATE.as_str()).map_err(|_| Denial::HeaderMissing(X_MS_DATE))?
            }
            found => found?,
        };
        check_date(date, now)?;
        // Where both are there, they agree in HTTP/2, and an absolute target takes precedence in HTTP/1.1.
        let host = match uri.authority() {
            Some(authority) => authority.as_str(),
            None => one(headers, HOST.as_str())?,
        };
        let content_hash = one(headers, X_MS_CONTENT_SHA256)?;
        Ok(Self {
            date,
            host,
            content_hash,
            signature,
        })
    }

    /// The host as it was sent.
    pub(super) const fn host(&self) -> &'a str {
        self.host
    }

    /// The date as it was sent.
    pub(super) const fn date(&self) -> &'a str {
        self.date
    }

    /// The signature as it was sent.
    pub(super) fn signature(&self) -> &[u8] {
        &self.signature
    }

    /// The texts that clients may rightly have signed.
    pub(super) fn texts(&self, method: &Method, target: &Target<'_>) -> Vec<String> {
        let target = target.as_sent();
        let hosts = as_signed(self.host);
        let made = hosts.iter().map(|host| self.text(method, target, host));
        made.collect()
    }

    /// The text that is signed of a request to this host, for this target.
    pub(super) fn text(&self, method: &Method, target: &str, host: &str) -> String {
        text(method, target, [self.date, host, self.content_hash])
    }

    /// The same with another date.
    pub(super) fn text_dated(&self, method: &Method, target: &str, date: &str) -> String {
        text(method, target, [date, self.host, self.content_hash])
    }

    /// The same with the hash of this body.
    pub(super) fn text_of_body(&self, method: &Method, target: &str, body: &[u8]) -> String {
        text(method, target, [self.date, self.host, &hash(body)])
    }

    /// Whether the body is the one that was signed.
    pub(super) fn covers(&self, body: &[u8]) -> bool {
        hash(body) == self.content_hash
    }
}

/// A host as clients sign it: the Python client keeps the slash that the endpoint was given with, and
/// the Java client leaves out the port. Where the endpoint names a port that goes without saying,
/// Python's HTTP sends none, but the client signs it; and whatever ends TLS in front of this server
/// makes it say 443 where 80 is what is spoken here, so either will do.
pub(super) fn as_signed(host: &str) -> Vec<String> {
    let mut hosts = vec![host.to_owned(), format!("{host}/")];
    let bare = without_port(host);
    if bare == host {
        let ports = [":443", ":443/", ":80", ":80/"];
        hosts.extend(ports.map(|port| format!("{host}{port}")));
    } else {
        hosts.push(bare.to_owned());
    }
    hosts
}

fn hash(body: &[u8]) -> String {
    BASE64_STANDARD.encode(digest(&SHA256, body))
}

/// The host without the port that it was named with.
pub(super) fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((bare, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => bare,
        Some(_) | None => host,
    }
}

fn text(method: &Method, target: &str, [date, host, hash]: [&str; 3]) -> String {
    format!("{method}\n{target}\n{date};{host};{hash}")
}

/// The one value of a header.
fn one<'a>(headers: &'a HeaderMap, name: &'static str) -> Result<&'a str, Denial> {
    let mut values = headers.get_all(name).iter();
    let value = values.next().ok_or(Denial::HeaderMissing(name))?;
    if values.next().is_some() {
        return Err(Denial::HeaderTwice(name));
    }
    value.to_str().map_err(|_| Denial::HeaderUnreadable(name))
}

/// Takes the signature out of `HMAC-SHA256 SignedHeaders=...&Signature=...`.
fn signature(authorization: &str) -> Result<Vec<u8>, Denial> {
    let (scheme, rest) = authorization.split_once(' ').ok_or(Denial::NotAnHmac)?;
    let (headers, signature) = rest.split_once('&').ok_or(Denial::NotAnHmac)?;
    let headers = value_of("SignedHeaders", headers).ok_or(Denial::NotAnHmac)?;
    let signature = value_of("Signature", signature).ok_or(Denial::NotAnHmac)?;
    if !scheme.eq_ignore_ascii_case("HMAC-SHA256") {
        return Err(Denial::NotAnHmac);
    }
    if !headers.eq_ignore_ascii_case(SIGNED_HEADERS) {
        return Err(Denial::OtherHeadersSigned);
    }
    BASE64_STANDARD
        .decode(signature)
        .map_err(|_| Denial::HeaderUnreadable("authorization"))
}

fn value_of<'a>(name: &str, pair: &'a str) -> Option<&'a str> {
    let (found, value) = pair.split_once('=')?;
    found
        .trim()
        .eq_ignore_ascii_case(name)
        .then(|| value.trim())
}

/// A signature is good for a while only, since nobody remembers which have been used: clients repeat
/// theirs when they try again.
fn check_date(date: &str, now: UnixTime) -> Result<(), Denial> {
    let told = httpdate::parse_http_date(date).map_err(|_| Denial::DateUnreadable)?;
    let told = told.duration_since(UNIX_EPOCH);
    let told = told.map_err(|_| Denial::DateUnreadable)?.as_secs();
    let off = Duration::from_secs(told.abs_diff(now.as_secs()));
    if off > MAX_DATE_OFF {
        let is_behind = told < now.as_secs();
        return Err(Denial::DateOff { off, is_behind });
    }
    Ok(())
}

/// How far the clocks of a client and of this server may be apart, either way.
const MAX_DATE_OFF: Duration = Duration::from_mins(15);
/// What a signature has to cover, in this order.
const SIGNED_HEADERS: &str = "x-ms-date;host;x-ms-content-sha256";
pub(super) const X_MS_DATE: &str = "x-ms-date";
const X_MS_CONTENT_SHA256: &str = "x-ms-content-sha256";

#[cfg(test)]
mod tests;
