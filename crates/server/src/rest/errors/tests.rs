//! The golden file has every error with its answer.

use std::time::Duration;

use lanyard_authority::{CustomId, PageSize};
use lanyard_token::{IdentityId, ResourceId};
use uuid::Uuid;

use super::*;
use crate::every_error::{assert_golden, errors, tells_driver_text};
use crate::scopes::scope_set;

#[test]
fn every_error_is_answered_as_the_golden_file_has_it() {
    let lines: Vec<_> = faults().iter().map(line).collect();
    assert_golden(include_str!("../golden/errors.txt"), HEAD, &lines);
}

#[test]
fn the_text_of_a_store_or_a_driver_reaches_nobody() {
    for (case, fault) in faults() {
        assert!(!tells_driver_text(&answer(&fault).told.message), "{case}");
    }
}

#[test]
fn what_is_worth_another_try_says_when_and_nothing_else_does() {
    for (case, fault) in faults() {
        let response = fault.into_response();
        let is_away = response.status() == StatusCode::SERVICE_UNAVAILABLE;
        assert_eq!(
            response.headers().contains_key(RETRY_AFTER),
            is_away,
            "{case}"
        );
        assert_eq!(
            response.headers()[CONTENT_TYPE],
            "application/json",
            "{case}"
        );
    }
}

fn faults() -> Vec<(&'static str, Fault)> {
    let mut all = requests();
    all.extend(
        denials()
            .into_iter()
            .map(|(case, denial)| (case, Fault::Denied(denial))),
    );
    all.extend(
        errors()
            .into_iter()
            .map(|(case, error)| (case, Fault::Authority(error))),
    );
    all
}

fn requests() -> Vec<(&'static str, Fault)> {
    let scopes = |names: &[&str]| {
        let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
        Fault::Scopes(scope_set(&names).unwrap_err())
    };
    let custom_id = "".parse::<CustomId>().unwrap_err();
    let id = "8:acs:x".parse::<IdentityId>().unwrap_err();
    let (line, column) = (1, 8);
    vec![
        ("route unknown", Fault::RouteUnknown),
        ("verb unknown", Fault::VerbUnknown("GET, POST")),
        ("version missing", Fault::VersionMissing),
        (
            "version unknown",
            Fault::VersionUnknown("latest".to_owned()),
        ),
        ("body too large", Fault::BodyTooLarge),
        ("body too slow", Fault::BodyTooSlow),
        ("body broken off", Fault::BodyBrokenOff),
        ("body malformed", Fault::BodyMalformed { line, column }),
        ("body mistyped", Fault::BodyMistyped { line, column }),
        ("expiry outside", Fault::ExpiryOutside(1441)),
        ("scopes missing", Fault::ScopesMissing),
        ("scopes empty", Fault::ScopesEmpty),
        ("scope unknown", scopes(&["admin"])),
        ("too many scopes", scopes(&["chat"; 6])),
        ("custom id wrong", Fault::CustomId(custom_id)),
        ("no custom ids", Fault::CustomIdUnknown("2023-10-01")),
        ("identity id wrong", Fault::IdentityId(id)),
        ("identity not owned", Fault::IdentityNotOwned),
        (
            "page size wrong",
            Fault::PageSize(PageSize::try_from(-1).unwrap_err()),
        ),
        ("page token wrong", Fault::PageToken),
        ("no exchange", Fault::ExchangeNotOffered),
    ]
}

fn denials() -> Vec<(&'static str, Option<Denial>)> {
    let off = Duration::from_mins(16);
    vec![
        ("denied", None),
        ("header missing", Some(Denial::HeaderMissing("x-ms-date"))),
        ("header twice", Some(Denial::HeaderTwice("host"))),
        ("header unreadable", Some(Denial::HeaderUnreadable("host"))),
        ("no hmac", Some(Denial::NotAnHmac)),
        ("other headers signed", Some(Denial::OtherHeadersSigned)),
        ("date unreadable", Some(Denial::DateUnreadable)),
        (
            "date behind",
            Some(Denial::DateOff {
                off,
                is_behind: true,
            }),
        ),
        (
            "date ahead",
            Some(Denial::DateOff {
                off,
                is_behind: false,
            }),
        ),
        ("other body", Some(Denial::OtherBody)),
        ("other hash", Some(Denial::OtherHash)),
        ("differs", Some(Denial::Differs("the path differs"))),
        (
            "not signed",
            Some(Denial::NotSigned {
                text: "POST\n/identities\n...".to_owned(),
                resources: [1, 2]
                    .map(Uuid::from_u128)
                    .map(ResourceId::from_uuid)
                    .into(),
            }),
        ),
        ("key gone", Some(Denial::KeyGone)),
        ("none meant", Some(Denial::NoResource)),
    ]
}

fn line((case, fault): &(&'static str, Fault)) -> String {
    let Answer {
        status,
        told:
            Told {
                code,
                message,
                target,
                innererror,
            },
        allow,
    } = answer(fault);
    let about = [target, innererror.map(|inner| inner.code), allow];
    let about = about.into_iter().flatten().collect::<Vec<_>>().join(" ");
    let line = format!(
        "{case:<24}{:<8}{code:<28}{about:<20}{message}",
        status.as_u16()
    );
    line.trim_end().to_owned()
}

const HEAD: &str =
    "case                    status  code                        about               message\n";
