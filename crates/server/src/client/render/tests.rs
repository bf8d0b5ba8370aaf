//! Both forms of the same fields.

use super::*;

#[test]
fn people_see_aligned_lines_and_only_fields_that_say_something() {
    let expected = "\
id:           8:acs:a_b
create time:  2023-11-14T22:13:20Z
active:       no
scopes:       chat, voip";

    assert_eq!(sample().people(), expected);
}

#[test]
fn scripts_see_every_field_in_order_under_its_proto_name() {
    let expected = concat!(
        r#"{"id":"8:acs:a_b","create_time":"2023-11-14T22:13:20Z","active":false,"#,
        r#""scopes":["chat","voip"],"granted_by":[],"note":""}"#,
    );

    assert_eq!(json(&sample()), expected);
}

#[test]
fn a_nested_record_is_an_object_and_for_people_part_of_the_whole() {
    let record = Record::new()
        .record("signing_key", Record::new().text("id", "k"))
        .record("revocation", Record::new().text("position", "1-0"));

    assert_eq!(record.people(), "id:        k\nposition:  1-0");
    assert_eq!(
        json(&record),
        r#"{"signing_key":{"id":"k"},"revocation":{"position":"1-0"}}"#
    );
}

#[test]
fn records_are_a_table_with_a_dash_for_what_is_absent() {
    let record = Record::new().text("id", "r").records(
        "access_keys",
        vec![
            Record::new().text("id", "k1").text("slot", "PRIMARY"),
            Record::new()
                .text("id", "k2")
                .text("slot", "SECONDARY")
                .text("secret", "s"),
            Record::new().text("id", "k3"),
        ],
    );
    let expected = "\
id:  r

ID  SLOT       SECRET
k1  PRIMARY    -
k2  SECONDARY  s
k3  -          -";

    assert_eq!(record.people(), expected);
}

#[test]
fn durations_and_bytes_have_the_forms_of_proto_json() {
    let record = Record::new()
        .duration(
            "list_age",
            Some(Duration {
                seconds: 1,
                nanos: 500_000_000,
            }),
        )
        .duration("absent", None)
        .bytes("public_key", &[251, 255]);

    assert_eq!(
        json(&record),
        r#"{"list_age":"1.500s","public_key":"+/8="}"#
    );
}

#[test]
fn a_duration_is_told_to_the_millisecond() {
    for (whole, nanos, told) in [
        (0, 0, "0.000s"),
        (0, 638_378_238, "0.638s"),
        (0, 999_999_999, "0.999s"),
        (61, 1_000_000, "61.001s"),
        (-1, -500_000_000, "-1.500s"),
        (0, -500_000_000, "-0.500s"),
    ] {
        let duration = Duration {
            seconds: whole,
            nanos,
        };
        assert_eq!(seconds(&duration), told);
    }
}

#[test]
fn a_name_cannot_steer_the_terminal_of_who_lists_it() {
    let record = Record::new().text("custom_id", "a\u{1b}[2J\nb\u{9b}é");

    assert_eq!(record.people(), "custom id:  a\\u{1b}[2J\\nb\\u{9b}é");
    assert_eq!(json(&record), "{\"custom_id\":\"a\\u001b[2J\\nb\u{9b}é\"}");
}

#[test]
fn a_name_cannot_reorder_or_break_the_line_that_it_is_in() {
    let record = Record::new().text("custom_id", "a\u{202e}b\u{2028}c");
    let escaped = r"a\u{202e}b\u{2028}c";

    assert_eq!(record.people(), format!("custom id:  {escaped}"));
    assert_eq!(record.cell("custom_id"), escaped);
    assert_eq!(record.field("custom_id").as_deref(), Some(escaped));
}

#[test]
fn a_secret_is_shown_where_it_is_the_answer_and_not_by_debug() {
    let record = Record::new().secret("secret", Secret::new("hunter2".to_owned()));

    assert_eq!(record.people(), "secret:  hunter2");
    assert_eq!(json(&record), r#"{"secret":"hunter2"}"#);
    assert!(!format!("{record:?}").contains("hunter2"));
}

#[test]
fn what_is_shown_elsewhere_is_left_out_at_every_depth() {
    let key = || {
        Record::new()
            .text("id", "k")
            .secret("secret", Secret::new("s".to_owned()))
    };
    let record = Record::new()
        .record("access_key", key())
        .records("others", vec![key()]);

    let left = json(&record.without("secret"));
    assert_eq!(left, r#"{"access_key":{"id":"k"},"others":[{"id":"k"}]}"#);
}

fn sample() -> Record {
    Record::new()
        .text("id", "8:acs:a_b")
        .maybe("custom_id", None)
        .time(
            "create_time",
            Some(Timestamp {
                seconds: 1_700_000_000,
                nanos: 0,
            }),
        )
        .time("last_token_issue_time", None)
        .flag("active", false)
        .list("scopes", vec!["chat".to_owned(), "voip".to_owned()])
        .list("granted_by", Vec::new())
        .text("note", "")
}

fn json(record: &Record) -> String {
    serde_json::to_string(record).expect("a record is JSON")
}

#[test]
fn one_field_is_found_by_its_path() {
    let inner = Record::new()
        .text("id", "i")
        .list("scopes", vec!["a".to_owned(), "b".to_owned()]);
    let record = Record::new().record("identity", inner).flag("active", true);

    assert_eq!(record.field("identity.id").as_deref(), Some("i"));
    assert_eq!(record.field("identity.scopes").as_deref(), Some("a, b"));
    assert_eq!(record.field("active").as_deref(), Some("yes"));
    for missing in [
        "",
        "identity",
        "id",
        "identity.id.more",
        "active.more",
        "identity.",
    ] {
        assert_eq!(record.field(missing), None, "{missing}");
    }
    assert_eq!(
        record.field_paths(),
        ["identity.id", "identity.scopes", "active"]
    );
}

#[test]
fn a_record_of_a_stream_is_one_line() {
    let record = Record::new()
        .text("event", "revoked")
        .text("cursor", "")
        .text("handle_id", "x");
    assert_eq!(record.line(), "event: revoked  handle id: x");
}
