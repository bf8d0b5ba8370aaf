use lanyard_policy::{Scope, ScopeSet};

use super::*;

const ID: &str = "01234567-89ab-4def-8123-456789abcdef";

#[test]
fn scopes_are_1_to_5_known_ones() {
    let all: Vec<_> = Scope::ALL.iter().map(ToString::to_string).collect();
    let wrong = |scopes: &[String]| wrong(issue_token(&issue(scopes, None)));
    for size in 1..=all.len() {
        assert_eq!(wrong(&all[..size]), [""; 0]);
    }
    let chat = "chat".to_owned();
    let (_, spec) = issue_token(&issue(&[chat.clone(), chat.clone()], None)).unwrap();
    assert_eq!(spec.scopes, ScopeSet::new([Scope::Chat]).unwrap());
    let six = vec![chat.clone(); 6];
    let unknown = ["chat ".to_owned(), chat];
    for scopes in [
        &[][..],
        &six,
        &unknown,
        &["CHAT".to_owned()],
        &[String::new()],
    ] {
        assert_eq!(wrong(scopes), ["scopes"], "{scopes:?}");
    }
}

#[test]
fn a_lifetime_is_60_to_1440_whole_minutes_and_1440_where_none_is_named() {
    let lifetime = |seconds, nanos| Some(Duration { seconds, nanos });
    let chat = ["chat".to_owned()];
    for minutes in [60, 61, 1440] {
        let asked = issue(&chat, lifetime(minutes * 60, 0));
        let (_, spec) = issue_token(&asked).unwrap();
        assert_eq!(i64::from(spec.lifetime.minutes()), minutes);
    }
    let (_, spec) = issue_token(&issue(&chat, None)).unwrap();
    assert_eq!(spec.lifetime, Lifetime::MAX);
    for (seconds, nanos) in [
        (59 * 60, 0),
        (1441 * 60, 0),
        (3601, 0),
        (3600, 1),
        (3600, -1),
        (90, 0),
        (0, 0),
        (-3600, 0),
        (i64::MAX, 0),
        (i64::MIN, i32::MIN),
    ] {
        let asked = issue(&chat, lifetime(seconds, nanos));
        assert_eq!(
            wrong(issue_token(&asked)),
            ["lifetime"],
            "{seconds} {nanos}"
        );
    }
}

#[test]
fn everything_that_is_wrong_is_told_at_once_by_its_path() {
    let short = Some(Duration {
        seconds: 1,
        nanos: 0,
    });
    let asked = v1::IssueTokenRequest {
        identity_id: "x".to_owned(),
        ..issue(&[], short)
    };
    assert_eq!(
        wrong(issue_token(&asked)),
        ["identity_id", "scopes", "lifetime"]
    );
    let asked = v1::CreateIdentityRequest {
        custom_id: Some(String::new()),
        token: Some(v1::TokenSpec {
            scopes: vec![],
            lifetime: short,
        }),
    };
    let expected = ["custom_id", "token.scopes", "token.lifetime"];
    assert_eq!(wrong(create_identity(&asked)), expected);
}

#[test]
fn a_custom_id_has_1_to_256_characters_and_need_not_be_there() {
    let with = |custom_id| v1::CreateIdentityRequest {
        custom_id,
        token: None,
    };
    assert_eq!(create_identity(&with(None)).unwrap(), (None, None));
    for (length, paths) in [
        (0, &["custom_id"][..]),
        (1, &[]),
        (256, &[]),
        (257, &["custom_id"]),
    ] {
        assert_eq!(
            wrong(create_identity(&with(Some("é".repeat(length))))),
            paths,
            "{length}"
        );
    }
}

#[test]
fn an_id_is_the_canonical_one_and_is_named_by_its_field() {
    let identity = format!("8:acs:{ID}_{ID}");
    assert_eq!(identity_id(&identity).unwrap().to_string(), identity);
    assert_eq!(wrong(identity_id(ID)), ["identity_id"]);
    assert_eq!(
        wrong(identity_id(&format!("{identity}_{ID}"))),
        ["identity_id"]
    );
    for bad in [
        "",
        "x",
        &ID.to_uppercase(),
        &ID.replace('-', ""),
        &format!("{ID} "),
    ] {
        assert_eq!(wrong(subscription_id(bad)), ["subscription_id"], "{bad}");
        assert_eq!(wrong(resource_id(bad)), ["resource_id"], "{bad}");
        assert_eq!(wrong(service_key_id(bad)), ["service_key_id"], "{bad}");
        assert_eq!(wrong(key_id(bad)), ["key_id"], "{bad}");
    }
    assert!(resource_id(ID).is_ok() && key_id(ID).is_ok());
}

#[test]
fn names_are_held_to_their_lengths() {
    assert!(display_name(&"x".repeat(128)).is_ok());
    for bad in [String::new(), "x".repeat(129)] {
        assert_eq!(wrong(display_name(&bad)), ["display_name"]);
    }
    let named = |name: String| v1::CreateResourceRequest {
        subscription_id: ID.to_owned(),
        name,
    };
    assert!(create_resource(&named("x".repeat(63))).is_ok());
    for bad in [
        String::new(),
        "x".repeat(64),
        "X".to_owned(),
        "a.b".to_owned(),
    ] {
        assert_eq!(wrong(create_resource(&named(bad))), ["name"]);
    }
}

#[test]
fn a_page_has_1_to_1000_items_and_its_token_is_one_that_was_given() {
    for size in [0, 1, 1000] {
        assert!(page(size, "").is_ok(), "{size}");
    }
    for size in [-1, 1001, i32::MIN, i32::MAX] {
        assert_eq!(wrong(page(size, "")), ["page_size"], "{size}");
    }
    assert_eq!(wrong(page(-1, "x")), ["page_size", "page_token"]);
    let asked = v1::ListResourcesRequest {
        subscription_id: String::new(),
        page_size: 1001,
        page_token: "=".to_owned(),
    };
    assert_eq!(
        wrong(list_resources(&asked)),
        ["subscription_id", "page_size", "page_token"]
    );
}

#[test]
fn a_slot_and_a_role_must_be_named_and_known() {
    let slot = |slot| {
        rotate_access_key(&v1::RotateAccessKeyRequest {
            resource_id: ID.to_owned(),
            slot,
        })
    };
    assert_eq!(
        slot(v1::AccessKeySlot::Primary.into()).unwrap().1,
        KeySlot::Primary
    );
    assert_eq!(
        slot(v1::AccessKeySlot::Secondary.into()).unwrap().1,
        KeySlot::Secondary
    );
    let (operator, enforcer) = (v1::ServiceKeyRole::Operator, v1::ServiceKeyRole::Enforcer);
    assert_eq!(
        service_role(operator.into()).unwrap(),
        ServiceRole::Operator
    );
    assert_eq!(
        service_role(enforcer.into()).unwrap(),
        ServiceRole::Enforcer
    );
    for number in [0, 3, -1, i32::MAX] {
        assert_eq!(wrong(slot(number)), ["slot"], "{number}");
        assert_eq!(wrong(service_role(number)), ["role"], "{number}");
    }
}

fn issue(scopes: &[String], lifetime: Option<Duration>) -> v1::IssueTokenRequest {
    let identity_id = format!("8:acs:{ID}_{ID}");
    v1::IssueTokenRequest {
        identity_id,
        scopes: scopes.to_vec(),
        lifetime,
    }
}

/// The paths of the fields that are wrong.
fn wrong<T>(made: Result<T, Fault>) -> Vec<String> {
    match made {
        Ok(_) => Vec::new(),
        Err(Fault::Fields(violations)) => violations.into_iter().map(|one| one.field).collect(),
        Err(fault) => panic!("it is not about fields: {fault:?}"),
    }
}
