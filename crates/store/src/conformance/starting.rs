//! The first start of a store.

use std::time::Duration;

use super::{
    Backend,
    world::{World, whole},
};
use crate::{CredentialRole, FirstStart, Store as _};

/// The operator is there, and nobody has a turn any more.
pub async fn the_first_start_is_over_once_its_operator_is_kept<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    let operator = world.credential(CredentialRole::Operator);
    for _ in 0..2 {
        let turn = world.store.take_first_turn(operator.id, LONG).await;
        assert_eq!(turn.unwrap(), FirstStart::Yours);
    }
    assert!(world.store.end_first_start(operator.clone()).await.unwrap());
    let kept = world.store.service_keys(whole()).await.unwrap();
    assert_eq!(kept, std::slice::from_ref(&operator));
    for asks in [operator.id, world.credential(CredentialRole::Operator).id] {
        let turn = world.store.take_first_turn(asks, LONG).await.unwrap();
        assert_eq!(turn, FirstStart::Over);
    }
}

/// The operator that was kept stays the only one.
pub async fn whoever_comes_second_does_not_end_the_first_start<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    let [first, second] = [(); 2].map(|()| world.credential(CredentialRole::Operator));
    for (operator, length) in [(&second, Duration::ZERO), (&first, LONG)] {
        let turn = world.store.take_first_turn(operator.id, length).await;
        assert_eq!(turn.unwrap(), FirstStart::Yours);
    }
    assert!(world.store.end_first_start(first.clone()).await.unwrap());
    for late in [second, first.clone()] {
        assert!(!world.store.end_first_start(late).await.unwrap());
    }
    assert_eq!(world.store.service_keys(whole()).await.unwrap(), [first]);
}

/// An enforcer does not, whoever's turn it is.
pub async fn nothing_but_an_operator_ends_the_first_start<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    let enforcer = world.credential(CredentialRole::Enforcer);
    let turn = world.store.take_first_turn(enforcer.id, LONG).await;
    assert_eq!(turn.unwrap(), FirstStart::Yours);
    assert!(!world.store.end_first_start(enforcer).await.unwrap());
    assert_eq!(world.store.service_keys(whole()).await.unwrap(), []);
}

/// It need not wait until the turn is over by itself.
pub async fn a_turn_that_was_given_back_is_the_next_ones<B: Backend>(backend: &B) {
    let world = World::new(backend).await;
    for _ in 0..3 {
        let operator = world.credential(CredentialRole::Operator).id;
        for length in [LONG, Duration::ZERO] {
            let turn = world.store.take_first_turn(operator, length).await;
            assert_eq!(turn.unwrap(), FirstStart::Yours);
        }
    }
}

/// Longer than any case takes.
const LONG: Duration = Duration::from_mins(10);
