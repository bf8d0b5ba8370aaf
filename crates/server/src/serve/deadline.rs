//! The deadline of a gRPC call, from its `grpc-timeout` header.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use axum::http::{HeaderMap, HeaderValue};
use tokio::time::{Instant, Sleep, sleep};

/// When a call ends at the latest.
#[derive(Debug)]
pub(super) struct Deadline {
    expiry: Pin<Box<Sleep>>,
    timeout: Duration,
}

/// The `grpc-timeout` header is malformed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct InvalidTimeout;

impl Deadline {
    /// Reads the deadline of a call, if it has one. It runs from now.
    ///
    /// # Errors
    /// If the header is there more than once, or is not one to eight digits and a unit.
    pub(super) fn read(headers: &HeaderMap) -> Result<Option<Self>, InvalidTimeout> {
        let mut values = headers.get_all(GRPC_TIMEOUT).iter();
        let Some(value) = values.next() else {
            return Ok(None);
        };
        if values.next().is_some() {
            return Err(InvalidTimeout);
        }
        let timeout = parse(value).ok_or(InvalidTimeout)?;
        let expiry = Box::pin(sleep(timeout));
        Ok(Some(Self { expiry, timeout }))
    }

    /// Completes when the deadline has passed.
    pub(super) fn poll_expired(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.expiry.as_mut().poll(cx)
    }

    /// Whether a client that gives up now does so because of the deadline. Its own timer started
    /// before this one, so its reset arrives shortly before the deadline passes here.
    pub(super) fn is_near(&self) -> bool {
        let margin = (self.timeout / 10).clamp(MIN_MARGIN, MAX_MARGIN);
        let remaining = self.expiry.deadline().duration_since(Instant::now());
        remaining <= margin
    }
}

fn parse(value: &HeaderValue) -> Option<Duration> {
    let (digits, unit) = value
        .to_str()
        .ok()?
        .split_at_checked(value.len().checked_sub(1)?)?;
    let is_number = (1..=MAX_DIGITS).contains(&digits.len())
        && digits.bytes().all(|digit| digit.is_ascii_digit());
    let count: u64 = digits.parse().ok().filter(|_| is_number)?;
    match unit {
        "H" => Some(Duration::from_hours(count)),
        "M" => Some(Duration::from_mins(count)),
        "S" => Some(Duration::from_secs(count)),
        "m" => Some(Duration::from_millis(count)),
        "u" => Some(Duration::from_micros(count)),
        "n" => Some(Duration::from_nanos(count)),
        _ => None,
    }
}

const GRPC_TIMEOUT: &str = "grpc-timeout";
const MAX_DIGITS: usize = 8;
const MIN_MARGIN: Duration = Duration::from_millis(10);
const MAX_MARGIN: Duration = Duration::from_millis(500);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeout_is_one_to_eight_digits_and_a_unit() {
        for (text, expected) in [
            ("0n", Some(Duration::ZERO)),
            ("1n", Some(Duration::from_nanos(1))),
            ("20u", Some(Duration::from_micros(20))),
            ("99999999m", Some(Duration::from_millis(99_999_999))),
            ("007S", Some(Duration::from_secs(7))),
            ("2M", Some(Duration::from_mins(2))),
            ("99999999H", Some(Duration::from_hours(99_999_999))),
            ("100000000n", None),
            ("S", None),
            ("1", None),
            ("1s", None),
            ("1 S", None),
            ("+1S", None),
            ("-1S", None),
            ("1.5S", None),
            ("1SS", None),
        ] {
            assert_eq!(parse(&HeaderValue::from_static(text)), expected, "{text}");
        }
        assert_eq!(parse(&HeaderValue::from_bytes(b"1\xff").unwrap()), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_deadline_is_read_once_and_an_empty_header_is_malformed() {
        let mut headers = HeaderMap::new();
        assert!(Deadline::read(&headers).unwrap().is_none());
        headers.append(GRPC_TIMEOUT, HeaderValue::from_static("1S"));
        let deadline = Deadline::read(&headers).unwrap().unwrap();
        assert!(!deadline.is_near());
        tokio::time::advance(Duration::from_millis(950)).await;
        assert!(deadline.is_near());
        headers.append(GRPC_TIMEOUT, HeaderValue::from_static("1S"));
        assert_eq!(Deadline::read(&headers).unwrap_err(), InvalidTimeout);
        headers.insert(GRPC_TIMEOUT, HeaderValue::from_static(""));
        assert_eq!(Deadline::read(&headers).unwrap_err(), InvalidTimeout);
    }
}
