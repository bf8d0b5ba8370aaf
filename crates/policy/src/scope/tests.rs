//! Sets of scopes and their claim form.

use super::*;

/// All 31 sets.
fn every_set() -> impl Iterator<Item = ScopeSet> {
    (1..32_u8).map(|bits| ScopeSet(NonZeroU8::new(bits).unwrap()))
}

#[test]
fn a_set_holds_the_scopes_that_it_was_made_of_and_no_others() {
    for set in every_set() {
        let made = ScopeSet::new(set.iter()).unwrap();
        assert_eq!(made, set);
        assert_eq!(made.len(), set.iter().count());
        for scope in Scope::ALL {
            assert_eq!(made.contains(scope), set.iter().any(|held| held == scope));
        }
    }
}

#[test]
fn there_is_no_empty_set() {
    assert_eq!(ScopeSet::new([]), Err(EmptyScopeSet));
    assert_eq!(ScopeSet::parse(""), Err(ScopeSetError::Empty));
}

#[test]
fn a_scope_that_is_given_twice_is_held_once() {
    let set = ScopeSet::new([Scope::Voip, Scope::Chat, Scope::Voip]).unwrap();
    assert_eq!(set.len(), 2);
    assert_eq!(set.to_string(), "chat voip");
}

#[test]
fn a_set_lists_its_scopes_in_canonical_order() {
    let set = ScopeSet::new(Scope::ALL.into_iter().rev()).unwrap();
    assert!(set.iter().eq(Scope::ALL));
    assert_eq!(
        set.to_string(),
        "chat chat.join chat.join.limited voip voip.join"
    );
}

#[test]
fn every_set_reads_back_what_it_writes() {
    for set in every_set() {
        assert_eq!(ScopeSet::parse(&set.to_string()), Ok(set));
    }
}

#[test]
fn the_order_of_a_claim_is_free() {
    let set = ScopeSet::new([Scope::Chat, Scope::VoipJoin]).unwrap();
    assert_eq!(ScopeSet::parse("voip.join chat"), Ok(set));
}

#[test]
fn a_claim_has_exactly_one_space_between_names() {
    for text in [
        " ",
        "  ",
        " chat",
        "chat ",
        "chat  voip",
        " chat voip",
        "chat voip ",
    ] {
        assert_eq!(
            ScopeSet::parse(text),
            Err(ScopeSetError::Spacing),
            "{text:?}"
        );
    }
}

#[test]
fn a_claim_with_any_unknown_name_is_refused_as_a_whole() {
    let texts = [
        "chats",
        "Chat",
        "chat.",
        "chat.join.",
        "voip,chat",
        "chat\tvoip",
        "chat\nvoip",
        "chat\u{a0}voip",
        "chat\0",
        "chat admin",
        "сhat", // with a Cyrillic first letter
    ];
    for text in texts {
        assert_eq!(
            ScopeSet::parse(text),
            Err(ScopeSetError::Unknown(UnknownScope)),
            "{text:?}"
        );
    }
}

#[test]
fn a_claim_that_names_a_scope_twice_is_refused() {
    assert_eq!(
        ScopeSet::parse("chat voip chat"),
        Err(ScopeSetError::Duplicate(Scope::Chat))
    );
}

#[test]
fn only_a_scope_that_both_sets_hold_is_in_their_intersection() {
    for left in every_set() {
        for right in every_set() {
            let both = ScopeSet::new(left.iter().filter(|scope| right.contains(*scope)));
            assert_eq!(left.intersection(right), both.ok());
        }
    }
}

#[test]
fn errors_say_what_would_have_been_right() {
    assert_eq!(
        UnknownScope.to_string(),
        "unknown scope: expected one of `chat`, `chat.join`, `chat.join.limited`, `voip`, \
         `voip.join`"
    );
    assert_eq!(EmptyScopeSet.to_string(), "at least one scope is needed");
    assert_eq!(
        ScopeSetError::Duplicate(Scope::VoipJoin).to_string(),
        "the scope `voip.join` is named twice"
    );
    assert_eq!(
        ScopeSetError::Spacing.to_string(),
        "scopes are separated by exactly one space"
    );
}

#[test]
fn a_set_shows_its_scopes_when_debugged() {
    let set = ScopeSet::new([Scope::ChatJoin, Scope::Voip]).unwrap();
    assert_eq!(format!("{set:?}"), "{ChatJoin, Voip}");
}
