//! The names of enum values, as people type them and as JSON has them.
//!
//! The proto has the one list of names; here they only lose their prefix. On the command line
//! `CAPABILITY_CREATE_CHAT_THREAD` is `create-chat-thread`, in the output of `--json` it is
//! `CREATE_CHAT_THREAD`.

use lanyard_proto::v1::{
    AccessKeySlot, Capability, DecisionReason, InCallOperation, RoomRole, ServiceKeyRole,
    SigningKeyState,
};
use thiserror::Error;

/// An enum of the contract.
pub(super) trait Named: Copy + TryFrom<i32> {
    /// What all its values' names begin with.
    const PREFIX: &'static str;

    /// The name in the proto.
    fn full(self) -> &'static str;

    /// The name without the prefix.
    fn bare(self) -> &'static str {
        self.full()
            .strip_prefix(Self::PREFIX)
            .unwrap_or(self.full())
    }

    /// The name to type.
    fn typed(self) -> String {
        self.bare().to_ascii_lowercase().replace('_', "-")
    }

    /// The values that can be named: all but the one that says nothing, which is 0.
    fn all() -> impl Iterator<Item = Self> {
        (1..).map_while(|number| Self::try_from(number).ok())
    }
}

macro_rules! named {
    ($($name:ident = $prefix:literal,)+) => {
        $(
            impl Named for $name {
                const PREFIX: &'static str = $prefix;

                fn full(self) -> &'static str {
                    self.as_str_name()
                }
            }
        )+
    };
}

named! {
    AccessKeySlot = "ACCESS_KEY_SLOT_",
    Capability = "CAPABILITY_",
    DecisionReason = "DECISION_REASON_",
    InCallOperation = "IN_CALL_OPERATION_",
    RoomRole = "ROOM_ROLE_",
    ServiceKeyRole = "SERVICE_KEY_ROLE_",
    SigningKeyState = "SIGNING_KEY_STATE_",
}

/// Reads a name as it is typed: with or without its prefix, in any case, with `-` or `_`.
///
/// # Errors
///
/// [`UnknownName`], which lists the names that there are.
pub(super) fn parse<N: Named>(text: &str) -> Result<N, UnknownName> {
    let wanted = text.to_ascii_uppercase().replace('-', "_");
    N::all()
        .find(|value| wanted == value.bare() || wanted == value.full())
        .ok_or_else(|| UnknownName {
            known: listed::<N>(),
        })
}

/// The names that [`parse`] knows, for the help and for errors.
pub(super) fn listed<N: Named>() -> String {
    N::all().map(Named::typed).collect::<Vec<_>>().join(", ")
}

/// The name of a value that came over the wire. One that this program is too old to know is called
/// by its number rather than by the name of another.
pub(super) fn of<N: Named>(number: i32) -> String {
    N::try_from(number).map_or_else(
        |_| format!("UNKNOWN_{number}"),
        |value| value.bare().to_owned(),
    )
}

/// The name of a value that came over the wire, as it is typed.
pub(super) fn typed_of<N: Named>(number: i32) -> String {
    N::try_from(number).map_or_else(|_| format!("unknown-{number}"), Named::typed)
}

/// The text is not the name of a value.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("expected one of {known}")]
pub(super) struct UnknownName {
    known: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_capability_is_named_in_kebab_case_or_as_in_the_proto_in_any_case() {
        for text in [
            "create-chat-thread",
            "Create-Chat-Thread",
            "create_chat_thread",
            "CREATE_CHAT_THREAD",
            "CAPABILITY_CREATE_CHAT_THREAD",
            "capability_create_chat_thread",
        ] {
            assert_eq!(parse(text), Ok(Capability::CreateChatThread), "{text}");
        }
        assert_eq!(Capability::CreateChatThread.typed(), "create-chat-thread");
    }

    #[test]
    fn every_name_that_is_listed_is_understood() {
        assert_eq!(round_trips::<Capability>(), 21);
        assert_eq!(round_trips::<InCallOperation>(), 33);
        assert_eq!(round_trips::<RoomRole>(), 4);
        assert_eq!(round_trips::<AccessKeySlot>(), 2);
        assert_eq!(round_trips::<ServiceKeyRole>(), 2);
        assert_eq!(DecisionReason::all().count(), 15);
        assert_eq!(SigningKeyState::all().count(), 4);
    }

    #[test]
    fn an_unknown_name_is_answered_with_the_names_that_there_are() {
        for text in [
            "",
            "owner",
            "unspecified",
            "ROOM_ROLE_UNSPECIFIED",
            "presenter ",
            "ROOM_ROLE_",
        ] {
            let error = parse::<RoomRole>(text).expect_err(text);
            assert_eq!(
                error.to_string(),
                "expected one of presenter, collaborator, attendee, consumer"
            );
        }
    }

    #[test]
    fn a_value_from_the_future_is_not_taken_for_another() {
        assert_eq!(of::<DecisionReason>(1), "ALLOWED");
        assert_eq!(of::<DecisionReason>(999), "UNKNOWN_999");
        assert_eq!(typed_of::<Capability>(999), "unknown-999");
    }

    fn round_trips<N: Named + std::fmt::Debug + PartialEq>() -> usize {
        for value in N::all() {
            assert_eq!(parse::<N>(&value.typed()), Ok(value));
            assert_eq!(parse::<N>(value.full()), Ok(value));
            assert_ne!(value.bare(), value.full());
        }
        N::all().count()
    }
}
