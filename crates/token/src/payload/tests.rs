//! The payload as it is written, and what is read from one that was written differently. What is
//! refused is listed in the test vectors.

use super::*;

#[test]
fn claims_are_written_in_one_order_and_without_white_space() {
    assert_eq!(
        to_json(&claims(), None),
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
    let payload = Payload::parse(to_json(&claims(), None).as_bytes()).unwrap();
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
    let json = to_json(&claims(), None).replace("\"jti\"", "\"nbf\":1800000030,\"jti\"");
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

#[test]
fn the_claims_of_the_other_service_come_last_and_change_nothing() {
    let acs = AcsClaims::of(&claims());
    let json = to_json(&claims(), Some(&acs));
    let expected = concat!(
        r#","acsScope":"chat,voip","#,
        r#""skypeid":"acs:8f14e45f-ceea-467f-a8d2-0c1f5b9a7e31_c4ca4238-a0b9-4382-8dcc-509a6f75849b","#,
        r#""resourceId":"8f14e45f-ceea-467f-a8d2-0c1f5b9a7e31"}"#,
    );
    let standard = to_json(&claims(), None);
    assert_eq!(
        json,
        standard.strip_suffix('}').unwrap().to_owned() + expected
    );
    assert_eq!(
        Payload::parse(json.as_bytes()),
        Payload::parse(standard.as_bytes())
    );
}

#[test]
fn what_the_claims_of_the_other_service_say_otherwise_is_refused() {
    let json = to_json(&claims(), Some(&AcsClaims::of(&claims())));
    for (said, otherwise) in [
        ("chat,voip", "chat"),
        ("chat,voip", "voip,chat"),
        ("chat,voip", "chat voip"),
        (r#""acs:8f"#, r#""8:acs:8f"#),
        (r#""skypeid":"acs:8f1"#, r#""skypeid":"acs:7f1"#),
        (r#""resourceId":"8f1"#, r#""resourceId":"7f1"#),
        (r#""chat,voip""#, "null"),
        (r#""chat,voip""#, "7"),
    ] {
        let changed = json.replace(said, otherwise);
        assert_ne!(changed, json, "{said}");
        assert_eq!(Payload::parse(changed.as_bytes()), None, "{otherwise}");
    }
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
