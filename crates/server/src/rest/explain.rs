//! What somebody may have signed instead of their request, for whoever has to find out why it was
//! refused.
//!
//! A signature cannot be read backwards. So texts are made with one thing done as clients and what is
//! between here and them are known to do it, and looked at whether it is one of those.

use std::time::Duration;

use axum::http::{HeaderMap, Method, header::DATE};

use super::{
    signature::{SignedHead, as_signed, without_port},
    target::Target,
    versions::API_VERSION,
};

/// A text that may have been signed, and what it would mean if it was.
#[derive(Debug)]
pub(super) struct Guess {
    /// The text.
    pub(super) text: String,
    /// How it differs from the request.
    pub(super) meaning: &'static str,
}

/// What may have been signed in place of this request.
pub(super) fn guesses(
    head: &SignedHead<'_>,
    (method, target): (&Method, &Target<'_>),
    (headers, public_host): (&HeaderMap, Option<&str>),
) -> Vec<Guess> {
    let sent = target.as_sent();
    let mut guesses = Vec::new();
    let mut guess = |text: String, meaning| guesses.push(Guess { text, meaning });
    for path in other_paths(target) {
        guess(head.text(method, &path, head.host()), PATH);
    }
    for path in other_queries(target) {
        guess(head.text(method, &path, head.host()), QUERY);
    }
    for host in other_hosts(head.host()) {
        guess(head.text(method, sent, &host), HOST);
    }
    for host in public_host.into_iter().flat_map(as_signed) {
        guess(head.text(method, sent, &host), PUBLIC);
    }
    for host in value(headers, "x-forwarded-host")
        .into_iter()
        .flat_map(as_signed)
    {
        guess(head.text(method, sent, &host), FORWARDED);
    }
    for other in [Method::GET, Method::POST, Method::DELETE] {
        if other != *method {
            guess(head.text(&other, sent, head.host()), VERB);
        }
    }
    if let Some(date) = value(headers, DATE.as_str()) {
        guess(head.text_dated(method, sent, date), DATED);
    }
    for date in dates_near(head.date()) {
        guess(head.text_dated(method, sent, &date), NEAR);
    }
    guess(head.text_of_body(method, sent, b""), NO_BODY);
    guesses
}

fn value<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// The path with escapes and without, without its query, and as it would be of an endpoint that ends
/// with a slash.
fn other_paths(target: &Target<'_>) -> Vec<String> {
    let sent = target.as_sent();
    let unescaped = sent.replace("%3A", ":").replace("%3a", ":");
    let escaped = |colon| unescaped.replace(':', colon);
    let slashed = format!("/{sent}");
    let bare = sent.trim_start_matches('/').to_owned();
    let of_path = target.path().to_owned();
    let all = [
        unescaped.clone(),
        escaped("%3A"),
        escaped("%3a"),
        slashed,
        bare,
        of_path,
    ];
    all.into_iter().filter(|path| path != sent).collect()
}

/// The path with the version alone, as it is before something adds parameters, and with the parameters
/// in the orders that something may have brought them out of.
fn other_queries(target: &Target<'_>) -> Vec<String> {
    let parameters: Vec<_> = target.query().split('&').collect();
    let mut sorted = parameters.clone();
    sorted.sort_unstable();
    let mut reversed = parameters.clone();
    reversed.reverse();
    let of_version = |one: &&str| one.split('=').next() == Some(API_VERSION);
    let version = parameters.into_iter().filter(of_version).collect();
    let all =
        [sorted, reversed, version].map(|query| format!("{}?{}", target.path(), query.join("&")));
    all.into_iter()
        .filter(|path| path != target.as_sent())
        .collect()
}

/// The seconds around one: a client that asks the clock twice may sign one and send the next.
fn dates_near(sent: &str) -> Vec<String> {
    let Ok(sent) = httpdate::parse_http_date(sent) else {
        return Vec::new();
    };
    let offs = (1..=SECONDS_NEAR).map(Duration::from_secs);
    let both = offs.flat_map(|off| [sent.checked_sub(off), sent.checked_add(off)]);
    both.flatten().map(httpdate::fmt_http_date).collect()
}

/// The host with a port that goes without saying, in small letters, and as this machine calls itself.
fn other_hosts(sent: &str) -> Vec<String> {
    let bare = without_port(sent);
    let port = sent.strip_prefix(bare).unwrap_or_default();
    let mut all: Vec<_> = [":80", ":443", ":80/", ":443/"]
        .map(|port| format!("{bare}{port}"))
        .into();
    all.push(sent.to_ascii_lowercase());
    for name in ["localhost", "127.0.0.1", "[::1]"] {
        all.extend([
            name.to_owned(),
            format!("{name}{port}"),
            format!("{name}{port}/"),
        ]);
    }
    all
}

const PATH: &str = "the path differs: another spelling of it was signed than was sent";
const QUERY: &str = "the query differs: other parameters were signed than were sent, or the same in another \
                     order";
const HOST: &str =
    "the host differs: another name of this machine or another port was signed than was sent";
const PUBLIC: &str = "the host differs: the one of --public-endpoint was signed, and what is in front of this \
                      server sends another";
const FORWARDED: &str = "the host differs: the one in `x-forwarded-host` was signed, and what is in \
                         front of this server sends another";
const VERB: &str = "the verb differs: another was signed than was sent";
const DATED: &str = "the date differs: `date` was signed, but `x-ms-date` was sent as well, and it \
                     is the one that counts";
const NEAR: &str = "the date differs: another second was signed than was sent in `x-ms-date`; the clock is \
                    to be asked once for both";
const NO_BODY: &str = "the body hash differs: that of an empty body was signed, but \
                       `x-ms-content-sha256` is another";
/// How far apart the two may be that a client has read.
const SECONDS_NEAR: u64 = 5;
