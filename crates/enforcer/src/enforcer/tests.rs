use std::{num::NonZeroU16, sync::Mutex};

use lanyard_policy::{DenyReason, Scope, ScopeSet};
use lanyard_revocation::{Entry, Handle, PartitionId, Revocation};
use lanyard_token::{
    Audience, BootTime, Claims, CredentialId, IdentityId, Issuer, KeyId, KeySet, KeyState,
    Lifetime, ManualClock, PublishedKey, SigningKey, TokenAlgorithm, TokenId,
};
use uuid::Uuid;

use super::*;

const START: UnixTime = UnixTime::from_secs(1_700_000_000);
const ISSUED: Position = Position::new(10, 0);

/// An enforcement point with a fresh list, and the key of the authority that it follows.
struct World {
    enforcer: Enforcer<Arc<Broken>>,
    view: Arc<View>,
    clock: Arc<Broken>,
    key: SigningKey,
}

/// A clock of which either half can be broken.
struct Broken {
    clock: ManualClock,
    fault: Mutex<Option<ClockError>>,
}

impl Clock for Broken {
    fn wall(&self) -> Result<UnixTime, ClockError> {
        match *self.fault.lock().unwrap() {
            Some(fault @ ClockError::WallOutOfRange) => Err(fault),
            _ => self.clock.wall(),
        }
    }

    fn boot(&self) -> Result<BootTime, ClockError> {
        match *self.fault.lock().unwrap() {
            Some(fault @ ClockError::BootUnavailable) => Err(fault),
            _ => self.clock.boot(),
        }
    }
}

impl World {
    fn never_confirmed() -> Self {
        let view = Arc::new(View::new(NonZeroU16::MIN));
        let clock = Arc::new(Broken {
            clock: ManualClock::new(START),
            fault: Mutex::new(None),
        });
        let verifier = Verifier::new(issuer(), audience());
        let bound = FreshnessBound::MAX;
        let enforcer = Enforcer::new(Arc::clone(&view), verifier, bound, Arc::clone(&clock));
        let key = SigningKey::from_seed(key_id(), &[7; 32], TokenAlgorithm::EdDsa);
        let world = Self {
            enforcer,
            view,
            clock,
            key,
        };
        world.publish(KeyState::Active { since: START });
        world
    }

    fn fresh() -> Self {
        let world = Self::never_confirmed();
        let now = world.clock.boot().unwrap();
        world
            .view
            .confirm(PartitionId::new(0), Position::ZERO, now)
            .unwrap();
        world
    }

    fn publish(&self, state: KeyState) {
        self.view.set_keys(KeySet::new([PublishedKey {
            key: self.key.public_key(),
            state,
        }]));
    }

    fn revoke(&self, handle: Handle, position: Position) {
        let revocation = Revocation {
            handle,
            position,
            is_final: false,
        };
        let entry = Entry {
            number: 1,
            position,
            time: START,
            revocation,
        };
        self.view.learn(PartitionId::new(0), &entry).unwrap();
    }

    fn token(&self) -> Examined {
        self.examine(&claims())
    }

    fn examine(&self, claims: &Claims) -> Examined {
        self.enforcer.examine(&self.key.mint(claims).unwrap())
    }

    fn reason(&self, token: &Examined) -> Result<Reason, CheckError> {
        self.enforcer
            .check(token, &question())
            .map(|checked| checked.verdict.reason)
    }
}

#[test]
fn a_good_token_is_allowed_what_its_scopes_grant() {
    let world = World::fresh();
    let checked = world.enforcer.check(&world.token(), &question()).unwrap();
    assert!(checked.verdict.is_allowed());
    assert_eq!(checked.verdict.granted_by, Some(claims().scopes));
    assert_eq!(checked.verdict.sufficient_scopes, None);
    assert_eq!(checked.identity, Some(claims().subject));
    assert_eq!(checked.list_age, Some(Duration::ZERO));
}

#[test]
fn a_good_token_without_the_scope_is_denied_with_those_that_would_do() {
    let world = World::fresh();
    let claims = Claims {
        scopes: ScopeSet::new([Scope::Voip]).unwrap(),
        ..claims()
    };
    let verdict = world
        .enforcer
        .check(&world.examine(&claims), &question())
        .unwrap()
        .verdict;
    assert_eq!(verdict.reason, Reason::Policy(DenyReason::ScopeMissing));
    assert!(!verdict.is_allowed() && verdict.granted_by.is_none());
    assert!(verdict.sufficient_scopes.is_some());
}

#[test]
fn every_refusal_of_a_token_is_an_answer() {
    let world = World::fresh();
    let malformed = world.enforcer.examine("a.b.c");
    assert_eq!(
        world.reason(&malformed),
        Ok(Reason::Token(TokenRefusal::Malformed))
    );
    let issuer = Claims {
        issuer: "other".parse().unwrap(),
        ..claims()
    };
    let audience = Claims {
        audience: "other".parse().unwrap(),
        ..claims()
    };
    let early = START.saturating_add(Duration::from_secs(61));
    let late = START.saturating_sub(Lifetime::MIN.as_duration());
    for (claims, refusal) in [
        (issuer, TokenRefusal::WrongIssuer),
        (audience, TokenRefusal::WrongAudience),
        (issued_at(early), TokenRefusal::NotYetValid),
        (issued_at(late), TokenRefusal::Expired),
    ] {
        assert_eq!(
            world.reason(&world.examine(&claims)),
            Ok(Reason::Token(refusal))
        );
    }
    let stranger = SigningKey::from_seed(key_id(), &[8; 32], TokenAlgorithm::EdDsa);
    let forged = world.enforcer.examine(&stranger.mint(&claims()).unwrap());
    assert_eq!(
        world.reason(&forged),
        Ok(Reason::Token(TokenRefusal::SignatureInvalid))
    );
    world.view.set_keys(KeySet::default());
    assert_eq!(
        world.reason(&world.token()),
        Ok(Reason::Token(TokenRefusal::KeyUnknown))
    );
}

#[test]
fn a_refused_token_says_nothing_that_was_not_authentic() {
    let world = World::fresh();
    let malformed = world.enforcer.examine("a.b.c");
    assert_eq!(malformed.resource(), None);
    assert_eq!(
        world
            .enforcer
            .check(&malformed, &question())
            .unwrap()
            .identity,
        None
    );
    let found = world.enforcer.introspect(&malformed).unwrap();
    assert_eq!(found.claims, None);
    assert_eq!(found.refusal, Some(Reason::Token(TokenRefusal::Malformed)));
}

#[test]
fn a_token_is_dead_at_the_second_it_expires() {
    let world = World::fresh();
    let token = world.token();
    let last = Lifetime::MIN
        .as_duration()
        .saturating_sub(Duration::from_millis(1));
    world.clock.clock.set_wall(START.saturating_add(last));
    assert_eq!(world.reason(&token), Ok(Reason::Allowed));
    world
        .clock
        .clock
        .set_wall(START.saturating_add(Lifetime::MIN.as_duration()));
    assert_eq!(
        world.reason(&token),
        Ok(Reason::Token(TokenRefusal::Expired))
    );
}

#[test]
fn a_revocation_under_any_handle_kills_what_was_issued_before_it_and_nothing_else() {
    let claims = claims();
    for handle in [
        Handle::token(claims.token_id),
        Handle::identity(&claims.subject),
        Handle::credential(claims.credential),
        Handle::resource(claims.subject.resource()),
        Handle::signing_key(key_id()),
    ] {
        let world = World::fresh();
        let token = world.token();
        world.revoke(handle, ISSUED);
        assert_eq!(world.reason(&token), Ok(Reason::Allowed), "{handle}");
        world.revoke(handle, Position::new(10, 1));
        assert_eq!(world.reason(&token), Ok(Reason::Revoked), "{handle}");
        let found = world.enforcer.introspect(&token).unwrap();
        assert_eq!(found.refusal, Some(Reason::Revoked));
        assert_eq!(found.claims, Some((claims.clone(), key_id())));
    }
}

#[test]
fn a_token_of_a_compromised_key_is_a_revoked_one() {
    let world = World::fresh();
    world.publish(KeyState::Revoked { since: START });
    assert_eq!(world.reason(&world.token()), Ok(Reason::Revoked));
}

#[test]
fn what_has_expired_and_was_revoked_has_expired() {
    let world = World::fresh();
    let token = world.token();
    world.revoke(Handle::token(claims().token_id), Position::new(11, 0));
    world
        .clock
        .clock
        .set_wall(START.saturating_add(Lifetime::MIN.as_duration()));
    assert_eq!(
        world.reason(&token),
        Ok(Reason::Token(TokenRefusal::Expired))
    );
}

#[test]
fn revoked_comes_before_what_the_policy_says() {
    let world = World::fresh();
    let claims = Claims {
        scopes: ScopeSet::new([Scope::Voip]).unwrap(),
        ..claims()
    };
    world.revoke(Handle::token(claims.token_id), Position::new(11, 0));
    assert_eq!(world.reason(&world.examine(&claims)), Ok(Reason::Revoked));
}

#[test]
fn a_list_is_trusted_up_to_the_bound_and_not_a_millisecond_longer() {
    let world = World::fresh();
    let token = world.token();
    let bound = FreshnessBound::MAX;
    world.clock.clock.advance(bound.as_duration());
    let checked = world.enforcer.check(&token, &question()).unwrap();
    assert!(checked.verdict.is_allowed());
    assert_eq!(checked.list_age, Some(bound.as_duration()));
    world.clock.clock.advance(Duration::from_millis(1));
    let age = Some(bound.as_duration() + Duration::from_millis(1));
    let stale = CheckError::Stale(Stale { age, bound });
    assert_eq!(world.reason(&token), Err(stale));
    assert_eq!(world.enforcer.introspect(&token), Err(stale));
    assert_eq!(world.enforcer.fresh(), Err(stale));
}

#[test]
fn a_list_that_was_never_confirmed_allows_nothing() {
    let world = World::never_confirmed();
    let stale = CheckError::Stale(Stale {
        age: None,
        bound: FreshnessBound::MAX,
    });
    assert_eq!(world.reason(&world.token()), Err(stale));
}

#[test]
fn setting_the_calendar_makes_no_list_fresh() {
    let world = World::fresh();
    let token = world.token();
    world.clock.clock.advance(Duration::from_mins(20));
    world.clock.clock.set_wall(START);
    assert!(matches!(world.reason(&token), Err(CheckError::Stale(_))));
}

#[test]
fn a_token_that_is_bad_by_itself_needs_no_list_to_be_refused() {
    let world = World::never_confirmed();
    let late = issued_at(START.saturating_sub(Lifetime::MIN.as_duration()));
    let token = world.examine(&late);
    let checked = world.enforcer.check(&token, &question()).unwrap();
    assert_eq!(checked.verdict.reason, Reason::Token(TokenRefusal::Expired));
    assert_eq!(
        (checked.list_age, checked.identity),
        (None, Some(late.subject))
    );
    let malformed = world.enforcer.examine("");
    assert_eq!(
        world.reason(&malformed),
        Ok(Reason::Token(TokenRefusal::Malformed))
    );
}

#[test]
fn a_clock_that_cannot_be_read_gives_no_answer() {
    let world = World::fresh();
    let token = world.token();
    for fault in [ClockError::WallOutOfRange, ClockError::BootUnavailable] {
        *world.clock.fault.lock().unwrap() = Some(fault);
        assert_eq!(world.reason(&token), Err(CheckError::Clock(fault)));
        assert_eq!(
            world.enforcer.introspect(&token),
            Err(CheckError::Clock(fault))
        );
    }
    assert_eq!(
        world.enforcer.fresh(),
        Err(CheckError::Clock(ClockError::BootUnavailable))
    );
}

#[tokio::test]
async fn a_position_is_reached_once_the_list_has_it_and_hearing_it_early_is_not_enough() {
    let world = World::fresh();
    let position = Position::new(20, 0);
    let resource = claims().subject.resource();
    world.enforcer.reached(resource, Position::ZERO).await;
    world.revoke(Handle::resource(resource), position);
    let mut reached = std::pin::pin!(world.enforcer.reached(resource, position));
    tokio::select! {
        biased;
        () = &mut reached => panic!("it was reached before the log was read"),
        () = std::future::ready(()) => {}
    }
    let now = world.clock.boot().unwrap();
    world
        .view
        .confirm(PartitionId::new(0), position, now)
        .unwrap();
    reached.await;
}

/// Claims in which every id is another.
fn claims() -> Claims {
    issued_at(START)
}

fn issued_at(issued_at: UnixTime) -> Claims {
    Claims {
        issuer: issuer(),
        audience: audience(),
        subject: IdentityId::new(
            ResourceId::from_uuid(Uuid::from_u128(1)),
            Uuid::from_u128(2),
        ),
        issued_at,
        expires_at: issued_at.saturating_add(Lifetime::MIN.as_duration()),
        token_id: TokenId::from_uuid(Uuid::from_u128(3)),
        scopes: ScopeSet::new([Scope::Chat]).unwrap(),
        credential: CredentialId::from_uuid(Uuid::from_u128(4)),
        position: ISSUED,
    }
}

fn question() -> Question<'static> {
    Question {
        capability: Capability::CreateChatThread,
        context: Context::default(),
    }
}

fn key_id() -> KeyId {
    KeyId::from_uuid(Uuid::from_u128(5))
}

fn issuer() -> Issuer {
    "lanyard".parse().unwrap()
}

fn audience() -> Audience {
    "lanyard-access".parse().unwrap()
}
