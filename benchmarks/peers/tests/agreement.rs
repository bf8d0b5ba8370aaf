//! Every peer answers every question as Lanyard does. Otherwise there would be nothing to compare.

use lanyard_peers::{Casbin, Cedar, Jwt, Peer, Rego, questions, rows, token};
use lanyard_policy::{Capability, Scope};

#[test]
fn every_capability_is_granted_by_some_scope_in_some_situation() {
    let rows = rows();
    for capability in Capability::ALL {
        assert!(
            rows.iter().any(|row| row.capability == capability),
            "{capability}"
        );
    }
    for scope in Scope::ALL {
        assert!(rows.iter().any(|row| row.scope == scope), "{scope}");
    }
}

#[test]
fn cedar_answers_as_lanyard_does() {
    agrees(&mut Cedar::default());
}

#[test]
fn casbin_answers_as_lanyard_does() {
    agrees(&mut Casbin::default());
}

#[test]
fn rego_answers_as_lanyard_does() {
    agrees(&mut Rego::default());
}

#[test]
fn a_reader_of_jwts_accepts_what_was_not_changed() {
    let (reader, token) = (Jwt::default(), token(0));
    assert!(reader.accepts(&token));
    assert!(!reader.accepts(&token.replacen('.', ".e", 1)));
}

fn agrees(peer: &mut impl Peer) {
    for question in questions() {
        let asked = peer.ask(&question);
        assert_eq!(peer.allows(&asked), question.is_allowed(), "{question:?}");
    }
}
