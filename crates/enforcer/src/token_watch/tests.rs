//! What becomes of a token that is being served.

use std::num::NonZeroU16;

use lanyard_policy::{Scope, ScopeSet};
use lanyard_revocation::{Entry, FreshnessBound, Handle, PartitionId, Revocation};
use lanyard_token::{
    Claims, CredentialId, IdentityId, KeyId, KeySet, KeyState, ManualClock, Position, PublishedKey,
    ResourceId, SigningKey, TokenAlgorithm, TokenId, TokenRefusal, UnixTime, Verifier,
};
use uuid::Uuid;

use super::*;

const NOW: UnixTime = UnixTime::from_secs(1_700_000_000);
const HOUR: Duration = Duration::from_hours(1);
const FIRST: PartitionId = PartitionId::new(0);

struct World {
    view: Arc<View>,
    clock: Arc<ManualClock>,
    enforcer: Arc<Enforcer<Arc<ManualClock>>>,
    key: SigningKey,
}

impl World {
    fn new() -> Self {
        let view = Arc::new(View::new(NonZeroU16::MIN));
        let clock = Arc::new(ManualClock::new(NOW));
        let verifier = Verifier::new("lanyard".parse().unwrap(), "chat".parse().unwrap());
        let (known, clock_of) = (Arc::clone(&view), Arc::clone(&clock));
        let enforcer = Enforcer::new(known, verifier, FreshnessBound::MAX, clock_of);
        let id = KeyId::from_uuid(Uuid::from_u128(1));
        let world = Self {
            view,
            clock,
            enforcer: Arc::new(enforcer),
            key: SigningKey::from_seed(id, &[7; 32], TokenAlgorithm::EdDsa),
        };
        world.publish(KeyState::Active { since: NOW });
        world.confirm();
        world
    }

    fn publish(&self, state: KeyState) {
        let key = self.key.public_key();
        self.view
            .set_keys(KeySet::new([PublishedKey { key, state }]));
    }

    fn confirm(&self) {
        let now = self.clock.boot().unwrap();
        self.view.confirm(FIRST, Position::ZERO, now).unwrap();
    }

    fn token(&self) -> Examined {
        let resource = ResourceId::from_uuid(Uuid::from_u128(2));
        let claims = Claims {
            issuer: "lanyard".parse().unwrap(),
            audience: "chat".parse().unwrap(),
            subject: IdentityId::new(resource, Uuid::from_u128(3)),
            issued_at: NOW,
            expires_at: NOW.saturating_add(HOUR),
            token_id: token_id(),
            scopes: ScopeSet::new([Scope::Chat]).unwrap(),
            credential: CredentialId::from_uuid(Uuid::from_u128(5)),
            position: Position::ZERO,
        };
        self.enforcer.examine(&self.key.mint(&claims).unwrap())
    }

    fn watch(&self) -> TokenWatch<Arc<ManualClock>> {
        self.enforcer.watch_token(&self.token())
    }
}

fn token_id() -> TokenId {
    TokenId::from_uuid(Uuid::from_u128(4))
}

/// Waits in virtual time, in which a watch that has nothing to tell goes on for ever.
async fn next(watch: &mut TokenWatch<Arc<ManualClock>>) -> Option<TokenEvent> {
    time::timeout(Duration::from_secs(10), watch.next())
        .await
        .ok()
}

#[tokio::test(start_paused = true)]
async fn a_living_token_is_no_news() {
    let world = World::new();
    assert_eq!(next(&mut world.watch()).await, None);
}

#[tokio::test(start_paused = true)]
async fn a_revocation_is_told_as_soon_as_it_is_heard() {
    let world = World::new();
    let mut watch = world.watch();
    assert_eq!(next(&mut watch).await, None);
    let position = Position::new(1, 0);
    let revocation = Revocation {
        handle: Handle::token(token_id()),
        position,
        is_final: false,
    };
    let entry = Entry {
        number: 1,
        position,
        time: NOW,
        revocation,
    };
    let heard = time::Instant::now();
    let (told, ()) = tokio::join!(watch.next(), async {
        time::sleep(Duration::from_millis(50)).await;
        world.view.apply(FIRST, &[entry]).unwrap();
    });
    assert_eq!(told, TokenEvent::Dead(Reason::Revoked));
    assert!(heard.elapsed() <= Duration::from_millis(100));
    assert_eq!(watch.dead().await, Reason::Revoked);
}

#[tokio::test(start_paused = true)]
async fn a_key_that_was_revoked_takes_its_tokens_with_it() {
    let world = World::new();
    let mut watch = world.watch();
    assert_eq!(next(&mut watch).await, None);
    world.publish(KeyState::Revoked { since: NOW });
    assert_eq!(watch.dead().await, Reason::Revoked);
}

#[tokio::test(start_paused = true)]
async fn expiry_is_told_at_its_second() {
    let world = World::new();
    let mut watch = world.watch();
    world.clock.advance(Duration::from_millis(3_599_999));
    world.confirm();
    assert_eq!(next(&mut watch).await, None);
    world.clock.advance(Duration::from_millis(1));
    assert_eq!(watch.dead().await, Reason::Token(TokenRefusal::Expired));
}

#[tokio::test(start_paused = true)]
async fn staleness_is_an_event_of_its_own_and_so_is_its_end() {
    let world = World::new();
    let mut watch = world.watch();
    world.clock.advance(Duration::from_mins(15));
    let told = next(&mut watch).await;
    assert!(matches!(told, Some(TokenEvent::Stale(_))), "{told:?}");
    assert_eq!(next(&mut watch).await, None);
    world.confirm();
    assert_eq!(next(&mut watch).await, Some(TokenEvent::Fresh));
    assert_eq!(next(&mut watch).await, None);
}
