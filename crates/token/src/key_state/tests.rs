//! Every verb in every state, and what each state allows at its edges.

use super::*;

const T0: UnixTime = UnixTime::from_secs(1_800_000_000);
const T1: UnixTime = UnixTime::from_secs(1_800_100_000);
const BOUND: PropagationBound = PropagationBound::DEFAULT;

#[test]
fn a_key_is_activated_once_every_verifier_knows_it() {
    let prepared = KeyState::Prepared { since: T0 };
    let possible_at = T0.saturating_add(BOUND.as_duration());
    assert_eq!(
        prepared.activate(possible_at, BOUND),
        Ok(KeyState::Active { since: possible_at })
    );
    let too_early = UnixTime::from_millis(possible_at.as_millis() - 1);
    assert_eq!(
        prepared.activate(too_early, BOUND),
        Err(KeyStateError::NotPropagated {
            possible_at,
            wait: Duration::from_millis(1)
        })
    );
}

#[test]
fn a_clock_that_went_back_activates_nothing() {
    let prepared = KeyState::Prepared { since: T1 };
    assert!(matches!(
        prepared.activate(T0, BOUND),
        Err(KeyStateError::NotPropagated { wait, .. }) if wait > BOUND.as_duration()
    ));
}

#[test]
fn a_key_can_be_activated_at_once_when_no_other_signs() {
    let prepared = KeyState::Prepared { since: T0 };
    assert_eq!(
        prepared.activate_unpropagated(T0),
        Ok(KeyState::Active { since: T0 })
    );
}

#[test]
fn only_a_prepared_key_is_activated() {
    for state in [active(), retired(), revoked()] {
        assert!(state.activate(T1, BOUND).is_err(), "{state:?}");
        assert!(state.activate_unpropagated(T1).is_err(), "{state:?}");
    }
}

#[test]
fn a_key_is_retired_once() {
    let retired_now = KeyState::Retired { since: T1 };
    assert_eq!(prepared().retire(T1), Ok(retired_now));
    assert_eq!(active().retire(T1), Ok(retired_now));
    assert!(retired().retire(T1).is_err());
    assert!(revoked().retire(T1).is_err());
}

#[test]
fn a_key_can_always_be_revoked_and_the_first_time_counts() {
    for state in [prepared(), active(), retired()] {
        assert_eq!(state.revoke(T1), KeyState::Revoked { since: T1 });
    }
    assert_eq!(revoked().revoke(T1), revoked());
}

#[test]
fn a_retired_key_is_published_until_its_last_token_has_expired() {
    let last = T0.saturating_add(Duration::from_mins(24 * 60 + 1));
    let just_before = UnixTime::from_millis(last.as_millis() - 1);
    for published in [KeyState::is_published, KeyState::verifies] {
        assert!(published(retired(), T0));
        assert!(published(retired(), just_before));
        assert!(!published(retired(), last));
        assert!(
            published(retired(), UnixTime::default()),
            "the clock went back"
        );
        assert!(published(prepared(), last) && published(active(), last));
        assert!(!published(revoked(), T0));
    }
}

#[test]
fn an_error_names_the_state_the_verb_and_the_remedy() {
    let says = |outcome: Result<KeyState, KeyStateError>| outcome.unwrap_err().to_string();
    let early = UnixTime::from_millis(T0.as_millis() + 60_500);
    for (outcome, message) in [
        (
            prepared().activate(early, BOUND),
            "a prepared key cannot be activated until every verifier knows it; \
             try again in 840 seconds",
        ),
        (
            active().activate(T1, BOUND),
            "an active key cannot be activated: it already signs",
        ),
        (
            retired().activate(T1, BOUND),
            "a retired key cannot be activated: prepare a new key and activate that one",
        ),
        (
            revoked().activate_unpropagated(T1),
            "a revoked key cannot be activated: prepare a new key and activate that one",
        ),
        (
            retired().retire(T1),
            "a retired key cannot be retired: it leaves by itself once its tokens have expired",
        ),
        (
            revoked().retire(T1),
            "a revoked key cannot be retired: it is out of use already and for good",
        ),
    ] {
        assert_eq!(says(outcome), message);
    }
}

#[test]
fn a_state_is_stored_by_its_name_and_its_time() {
    for (state, json) in [
        (prepared(), r#"{"state":"prepared","since":1800000000000}"#),
        (active(), r#"{"state":"active","since":1800000000000}"#),
        (retired(), r#"{"state":"retired","since":1800000000000}"#),
        (revoked(), r#"{"state":"revoked","since":1800000000000}"#),
    ] {
        assert_eq!(serde_json::to_string(&state).unwrap(), json);
        assert_eq!(serde_json::from_str::<KeyState>(json).unwrap(), state);
        assert_eq!(state.since(), T0);
        assert!(json.contains(state.name()));
    }
    assert!(serde_json::from_str::<KeyState>(r#"{"state":"expired","since":1}"#).is_err());
}

const fn prepared() -> KeyState {
    KeyState::Prepared { since: T0 }
}

const fn active() -> KeyState {
    KeyState::Active { since: T0 }
}

const fn retired() -> KeyState {
    KeyState::Retired { since: T0 }
}

const fn revoked() -> KeyState {
    KeyState::Revoked { since: T0 }
}
