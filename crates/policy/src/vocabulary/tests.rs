//! The names of all vocabularies.

use std::collections::HashSet;
use std::error::Error;
use std::fmt::{Debug, Display};
use std::str::FromStr;

use crate::{
    Capability, InCallOperation, RoomRole, Scope, UnknownCapability, UnknownInCallOperation,
    UnknownRoomRole, UnknownScope,
};

/// What every vocabulary must do, for the values and the error of one.
fn assert_is_a_vocabulary<T, E>(all: &[T], name: fn(T) -> &'static str, unknown: &E)
where
    T: Copy + Debug + Display + Ord + FromStr<Err = E>,
    E: Error + PartialEq,
{
    assert!(
        all.is_sorted(),
        "the canonical order is the order of the declaration"
    );
    let names: HashSet<_> = all.iter().map(|value| name(*value)).collect();
    assert_eq!(names.len(), all.len(), "two values share a name");
    for value in all {
        let text = name(*value);
        assert_eq!(T::from_str(text).as_ref(), Ok(value));
        assert_eq!(value.to_string(), text);
        assert!(unknown.to_string().contains(&format!("`{text}`")));
        for other in near_misses(text) {
            assert_eq!(T::from_str(&other).as_ref(), Err(unknown), "{other:?}");
        }
    }
}

/// Texts that look like a name and are none.
fn near_misses(name: &str) -> [String; 7] {
    [
        name.to_uppercase(),
        format!(" {name}"),
        format!("{name} "),
        format!("{name}\0"),
        format!("{name}{name}"),
        format!("{name}-"),
        String::new(),
    ]
}

/// `CreateChatThread` as `create-chat-thread`.
fn kebab(value: impl Debug, separator: char) -> String {
    let mut text = String::new();
    for letter in format!("{value:?}").chars() {
        if letter.is_ascii_uppercase() && !text.is_empty() {
            text.push(separator);
        }
        text.push(letter.to_ascii_lowercase());
    }
    text
}

#[test]
fn every_name_reads_back_as_its_value_and_nothing_near_it_does() {
    assert_is_a_vocabulary(&Scope::ALL, Scope::as_str, &UnknownScope);
    assert_is_a_vocabulary(&Capability::ALL, Capability::as_str, &UnknownCapability);
    assert_is_a_vocabulary(&RoomRole::ALL, RoomRole::as_str, &UnknownRoomRole);
    assert_is_a_vocabulary(
        &InCallOperation::ALL,
        InCallOperation::as_str,
        &UnknownInCallOperation,
    );
}

#[test]
fn every_name_is_spelled_as_its_value_is() {
    for scope in Scope::ALL {
        assert_eq!(scope.as_str(), kebab(scope, '.'));
    }
    for capability in Capability::ALL {
        assert_eq!(capability.as_str(), kebab(capability, '-'));
    }
    for role in RoomRole::ALL {
        assert_eq!(role.as_str(), kebab(role, '-'));
    }
    for operation in InCallOperation::ALL {
        assert_eq!(operation.as_str(), kebab(operation, '-'));
    }
}

#[test]
fn an_unknown_name_is_answered_with_the_names_that_there_are() {
    assert_eq!(
        UnknownRoomRole.to_string(),
        "unknown room role: expected one of `presenter`, `collaborator`, `attendee`, `consumer`"
    );
}

#[test]
fn a_name_can_be_aligned_in_a_column() {
    assert_eq!(format!("{:<7}|", Scope::Chat), "chat   |");
}
