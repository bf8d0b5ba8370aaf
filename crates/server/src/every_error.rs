//! Every error of the authority, for the golden files of the two interfaces that answer with them.

use std::time::Duration;

use lanyard_authority::{Entity, EntropyError, Error, LogFault, SealError};
use lanyard_revocation::{FreshnessBound, PartitionId, Stale};
use lanyard_store::{StoreError, UnreadableEntry};
use lanyard_token::{
    ClockError, KeyState, KeyStateError, PropagationBound, TokenRefusal, UnixTime,
};

/// What no caller may ever read.
const DRIVER_TEXT: &str = "i/o error 28 at /var/lib/lanyard";

/// Every error that there is. A variant without a case does not get past the review of `covered`.
pub(crate) fn errors() -> Vec<(&'static str, Error)> {
    let all: Vec<_> = refusals()
        .into_iter()
        .chain(missing())
        .chain(failures())
        .collect();
    assert!(all.iter().all(|(_, error)| covered(error)));
    all
}

/// A list that is too old.
pub(crate) fn stale() -> Stale {
    Stale {
        age: Some(Duration::from_secs(61)),
        bound: FreshnessBound::ISSUING,
    }
}

/// Whether a text tells what only a store or a driver knows.
pub(crate) fn tells_driver_text(text: &str) -> bool {
    text.contains("i/o")
}

/// Compares with a golden file, and shows how that should be.
#[track_caller]
pub(crate) fn assert_golden(golden: &str, head: &str, lines: &[String]) {
    let actual = format!("{head}{}\n", lines.join("\n"));
    assert!(actual == golden, "the golden file should be:\n{actual}");
}

fn refusals() -> Vec<(&'static str, Error)> {
    let prepared = KeyState::Prepared {
        since: UnixTime::from_secs(0),
    };
    let early = prepared
        .activate(UnixTime::from_millis(1), PropagationBound::MAX)
        .unwrap_err();
    let retired = KeyState::Retired {
        since: UnixTime::from_secs(0),
    };
    let late = retired
        .activate_unpropagated(UnixTime::from_secs(1))
        .unwrap_err();
    assert!(matches!(early, KeyStateError::NotPropagated { .. }));
    vec![
        ("credential refused", Error::CredentialRefused),
        (
            "role not allowed",
            Error::RoleNotAllowed {
                needed: "operators",
            },
        ),
        ("name taken", Error::NameTaken("other".to_owned())),
        ("not our token", Error::NotOurToken(TokenRefusal::Malformed)),
        ("revoked with its key", Error::RevokedWithItsKey),
        ("signing key: early", Error::SigningKeyState(early)),
        ("signing key: order", Error::SigningKeyState(late)),
        ("signing keys contended", Error::SigningKeysContended),
        ("access key changed", Error::AccessKeyChanged),
        ("last operator key", Error::LastOperatorKey),
        ("stale", Error::Stale(stale())),
    ]
}

fn missing() -> Vec<(&'static str, Error)> {
    let of = |entity| Error::NotFound {
        entity,
        name: "NAME".to_owned(),
    };
    vec![
        ("no subscription", of(Entity::Subscription)),
        ("no resource", of(Entity::Resource)),
        ("no identity", of(Entity::Identity)),
        ("no token", of(Entity::Token)),
        ("no service key", of(Entity::ServiceKey)),
        ("no signing key", of(Entity::SigningKey)),
        ("no unreadable entry", of(Entity::UnreadableEntry)),
        ("no gap", of(Entity::LogGap)),
    ]
}

fn failures() -> Vec<(&'static str, Error)> {
    let corrupt = StoreError::Corrupt {
        record: "identity",
        source: DRIVER_TEXT.into(),
    };
    let unreadable = StoreError::Unreadable(UnreadableEntry {
        partition: PartitionId::new(3),
        place: DRIVER_TEXT.to_owned(),
        reason: DRIVER_TEXT.to_owned(),
    });
    vec![
        (
            "store unavailable",
            Error::Store(StoreError::Unavailable(DRIVER_TEXT.into())),
        ),
        ("store corrupt", Error::Store(corrupt)),
        ("log unreadable", Error::Store(unreadable)),
        ("log missing", LogFault::Missing(PartitionId::new(3)).into()),
        ("clock", Error::Clock(ClockError::WallOutOfRange)),
        ("entropy", Error::Entropy(EntropyError)),
        ("seal", Error::Seal(SealError::Open)),
        ("internal", Error::Internal(DRIVER_TEXT)),
    ]
}

/// Does not compile with a variant more, which then wants its case above.
fn covered(error: &Error) -> bool {
    match error {
        Error::CredentialRefused
        | Error::RoleNotAllowed { needed: _ }
        | Error::NotFound { entity: _, name: _ }
        | Error::NameTaken(_)
        | Error::NotOurToken(_)
        | Error::RevokedWithItsKey
        | Error::SigningKeyState(_)
        | Error::SigningKeysContended
        | Error::AccessKeyChanged
        | Error::LastOperatorKey
        | Error::Stale(_)
        | Error::Store(
            StoreError::Unavailable(_) | StoreError::Corrupt { .. } | StoreError::Unreadable(_),
        )
        | Error::Log(_)
        | Error::Clock(_)
        | Error::Entropy(_)
        | Error::Seal(_)
        | Error::Internal(_) => true,
    }
}
