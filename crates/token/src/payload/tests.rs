//! The payload as it is written, and what is read from one that was written differently. What is
//! refused is listed in the test vectors.

use super::*;

#[test]
fn claims_are_written_in_one_order_and_without_white_space() {
    assert_eq!(
        to_json(&claims()),
        concat!(
            r#"{"iss":"https://lanyard.example","aud":"example","#,
            r#""sub":"8:acs:8f14e45f-ceea-467f-a8d2-0c1f5b9a7e31_c4ca4238-a0b9-4382-8dcc-509a6f75849b","#,
            r#""iat":1800000000,"exp":1800086400,"#,
            r#""jti":"c81e728d-9d4c-4f63-af06-7f89cc14862c","scope":"chat voip","#,
            r#""client_id":"eccbc87e-4b5c-42fe-a830-8fd9f2a7baf3","pos":"1799999999999-7"}"#,
        )
    );
}

#[test]
fn what_was_written_is_read() {
    let payload = Payload::parse(to_json(&claims()).as_bytes()).unwrap();
    assert_eq!(
        payload,
        Payload {
            claims: claims(),
            not_before: None
        }
    );
}

#[test]
fn nbf_is_read_if_it_is_there() {
    let json = to_json(&claims()).replace("\"jti\"", "\"nbf\":1800000030,\"jti\"");
    let payload = Payload::parse(json.as_bytes()).unwrap();
    assert_eq!(payload.not_before, Some(UnixTime::from_secs(1_800_000_030)));
}

#[test]
fn a_time_is_told_exactly_or_not_at_all() {
    let last = u64::MAX / 1000;
    assert_eq!(exactly(last), Some(UnixTime::from_secs(last)));
    assert_eq!(exactly(last + 1), None);
    assert_eq!(exactly(u64::MAX), None);
}

fn claims() -> Claims {
    Claims {
        issuer: "https://lanyard.example".parse().unwrap(),
        audience: "example".parse().unwrap(),
        subject: "8:acs:8f14e45f-ceea-467f-a8d2-0c1f5b9a7e31_c4ca4238-a0b9-4382-8dcc-509a6f75849b"
            .parse()
            .unwrap(),
        issued_at: UnixTime::from_secs(1_800_000_000),
        expires_at: UnixTime::from_secs(1_800_086_400),
        token_id: "c81e728d-9d4c-4f63-af06-7f89cc14862c".parse().unwrap(),
        scopes: ScopeSet::parse("chat voip").unwrap(),
        credential: "eccbc87e-4b5c-42fe-a830-8fd9f2a7baf3".parse().unwrap(),
        position: Position::new(1_799_999_999_999, 7),
    }
}
