//! What is read of a signature, and the text that is signed: the golden vectors come out byte for
//! byte.

use aws_lc_rs::hmac;
use axum::http::HeaderValue;

use super::*;

#[test]
fn the_golden_vectors_come_out_byte_for_byte() {
    for (date, body, hash, host, signature) in VECTORS {
        let request = Request::with(date, hash, signature);
        let head = request.read(AT).unwrap();
        let target = Target::from(&request.uri);
        let text = head.text(&Method::POST, target.as_sent(), host);
        let key = BASE64_STANDARD.decode(KEY).unwrap();
        let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
        let made = hmac::sign(&key, text.as_bytes());
        assert_eq!(BASE64_STANDARD.encode(made.as_ref()), signature, "{host}");
        assert_eq!(head.signature(), made.as_ref(), "{host}");
        assert!(head.covers(body.as_bytes()));
        assert!(!head.covers(format!("{body} ").as_bytes()));
        assert!(head.texts(&Method::POST, &target).contains(&text));
    }
}

#[test]
fn the_host_may_be_signed_as_sent_with_a_slash_or_without_its_port_or_with_the_usual_one() {
    for (host, signed) in [
        (
            "localhost:18080",
            &["localhost:18080", "localhost:18080/", "localhost"][..],
        ),
        (
            "example.com",
            &[
                "example.com",
                "example.com/",
                "example.com:443",
                "example.com:443/",
                "example.com:80",
                "example.com:80/",
            ],
        ),
        ("[::1]:80", &["[::1]:80", "[::1]:80/", "[::1]"]),
        (
            "[::1]",
            &[
                "[::1]",
                "[::1]/",
                "[::1]:443",
                "[::1]:443/",
                "[::1]:80",
                "[::1]:80/",
            ],
        ),
    ] {
        let mut request = Request::new();
        request.insert("host", host);
        let head = request.read(AT).unwrap();
        let made = head.texts(&Method::POST, &Target::from(&request.uri));
        let expected = signed
            .iter()
            .map(|host| head.text(&Method::POST, TARGET, host));
        assert_eq!(made, expected.collect::<Vec<_>>(), "{host}");
    }
}

#[test]
fn the_host_of_http_2_is_the_authority() {
    let mut request = Request::new();
    request.headers.remove(HOST);
    let missing = request.read(AT).unwrap_err();
    assert_eq!(missing, Denial::HeaderMissing("host"));
    request.uri = format!("http://localhost:7{TARGET}").parse().unwrap();
    assert_eq!(request.read(AT).unwrap().host(), "localhost:7");
}

#[test]
fn each_header_is_there_exactly_once() {
    for name in ["authorization", "x-ms-date", "host", "x-ms-content-sha256"] {
        let mut request = Request::new();
        let value = request.headers.remove(name).unwrap();
        let missing = request.read(AT).unwrap_err();
        assert_eq!(missing, Denial::HeaderMissing(name));
        request.headers.append(name, value.clone());
        request.headers.append(name, value);
        let twice = request.read(AT).unwrap_err();
        assert_eq!(twice, Denial::HeaderTwice(name));
        let no_text = HeaderValue::from_bytes(b"\xff").unwrap();
        request.headers.insert(name, no_text);
        let unreadable = request.read(AT).unwrap_err();
        assert_eq!(unreadable, Denial::HeaderUnreadable(name));
    }
}

#[test]
fn x_ms_date_comes_before_date() {
    let mut request = Request::new();
    request.insert("date", "Sun, 22 Nov 2020 03:17:15 GMT");
    assert_eq!(request.read(AT).unwrap().date, DATE_1);
    request.headers.remove(X_MS_DATE);
    let old = request.read(AT).unwrap_err();
    assert!(matches!(old, Denial::DateOff { .. }));
    request.insert("date", DATE_1);
    assert_eq!(request.read(AT).unwrap().date, DATE_1);
}

#[test]
fn a_date_may_be_15_minutes_off_either_way_and_not_a_second_more() {
    let request = Request::new();
    for off in [0, 1, 899, 900] {
        assert!(request.read(AT - off).is_ok(), "{off}");
        assert!(request.read(AT + off).is_ok(), "{off}");
    }
    for seconds in [901, 960, 86_400] {
        let off = Duration::from_secs(seconds);
        for (now, is_behind) in [(AT - seconds, false), (AT + seconds, true)] {
            let denial = request.read(now).unwrap_err();
            assert_eq!(denial, Denial::DateOff { off, is_behind });
        }
    }
}

#[test]
fn a_date_is_one_as_http_has_it() {
    for bad in [
        "",
        "now",
        "2026-11-22T03:17:15Z",
        "1795317435",
        "Sun, 32 Nov 2026 03:17:15 GMT",
    ] {
        let mut request = Request::new();
        request.insert(X_MS_DATE, bad);
        let denial = request.read(AT).unwrap_err();
        assert_eq!(denial, Denial::DateUnreadable, "{bad}");
    }
}

#[test]
fn the_signed_headers_are_read_without_case_and_are_exactly_those_three() {
    for good in [
        "HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256&Signature=AA==",
        "hmac-sha256 signedheaders=X-MS-Date;Host;X-Ms-Content-Sha256&signature=AA==",
    ] {
        assert_eq!(signature(good), Ok(vec![0]), "{good}");
    }
    for bad in [
        "x-ms-date;host",
        "host;x-ms-content-sha256",
        "x-ms-date;x-ms-content-sha256",
        "date;host;x-ms-content-sha256",
        "x-ms-date;host;x-ms-content-sha256;x-ms-extra",
        "",
    ] {
        let value = format!("HMAC-SHA256 SignedHeaders={bad}&Signature=AA==");
        assert_eq!(signature(&value), Err(Denial::OtherHeadersSigned), "{bad}");
    }
    for bad in [
        "",
        "Bearer abc",
        "HMAC-SHA256",
        "HMAC-SHA256 Signature=AA==",
        "HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256",
        "HMAC-SHA1 SignedHeaders=x-ms-date;host;x-ms-content-sha256&Signature=AA==",
    ] {
        assert_eq!(signature(bad), Err(Denial::NotAnHmac), "{bad}");
    }
}

/// What is read.
struct Request {
    headers: HeaderMap,
    uri: Uri,
}

impl Request {
    /// One with all that it needs.
    fn new() -> Self {
        Self::with(DATE_1, EMPTY, "AA==")
    }

    fn with(date: &str, hash: &str, signature: &str) -> Self {
        let authorization =
            format!("HMAC-SHA256 SignedHeaders={SIGNED_HEADERS}&Signature={signature}");
        let mut request = Self {
            headers: HeaderMap::new(),
            uri: Uri::from_static(TARGET),
        };
        for (name, value) in [
            ("authorization", authorization.as_str()),
            (X_MS_DATE, date),
            ("host", "localhost:18080"),
            (X_MS_CONTENT_SHA256, hash),
        ] {
            request.insert(name, value);
        }
        request
    }

    /// Says something in a header, instead of what was said there.
    fn insert(&mut self, name: &'static str, value: &str) {
        self.headers.insert(name, value.parse().unwrap());
    }

    fn read(&self, now: u64) -> Result<SignedHead<'_>, Denial> {
        SignedHead::read((&self.headers, &self.uri), UnixTime::from_secs(now))
    }
}

/// Date, body, its hash, the host as it is signed, and the signature.
const VECTORS: [(&str, &str, &str, &str, &str); 3] = [
    (
        DATE_1,
        "",
        EMPTY,
        "localhost:18080",
        "FlIz20EBAQ5PwLOfHZGZ+1avBS6MaLo5tho0i7DUnG0=",
    ),
    (
        DATE_1,
        "",
        EMPTY,
        "localhost:18080/",
        "j2m9/U5z2Wgrdh+OHLH5xijf6Vg+Pf/orbOLC5Z7pxg=",
    ),
    (
        "Sun, 22 Nov 2026 03:17:56 GMT",
        r#"{"createTokenWithScopes":["chat","voip.join"],"expiresInMinutes":60}"#,
        "WxkbLpeQ4gqVwP5VjOg+f4llYgQz8y1G0hUH0Rw1Ihs=",
        "localhost:18080",
        "6GpOPnotumWFI0QbRX8ZjI1bXwYSmGGWkMhz5XNd+xE=",
    ),
];

const KEY: &str = "MDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDA=";
const TARGET: &str = "/identities?api-version=2023-10-01";
const EMPTY: &str = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
const DATE_1: &str = "Sun, 22 Nov 2026 03:17:15 GMT";
/// The second of that date.
const AT: u64 = 1_795_317_435;
