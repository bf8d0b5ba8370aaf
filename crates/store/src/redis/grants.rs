//! Grants that are asked for at about the same time, answered by one step.
//!
//! A step costs the server far more than what it finds out for one grant: it looks up its reign, the state
//! of the log and where that ends. So those who ask within one turn of the runtime share a step. Nobody
//! waits for a step that is under way; where there is one caller, there is one grant in a step.

use std::{
    collections::HashMap,
    error::Error,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use lanyard_revocation::PartitionId;
use lanyard_token::{Position, ResourceId};
use tokio::{sync::oneshot, task};

use super::{
    engine::{Effect, Engine},
    keys::{ResourceKeys, text},
    reply::Reply,
};
use crate::{IssueRequest, StoreError};

/// Those who ask for a grant in each resource, until their step is sent.
#[derive(Debug, Default)]
pub(super) struct Grants(Mutex<HashMap<ResourceId, Vec<Asked>>>);

/// Somebody who asks.
#[derive(Debug)]
struct Asked {
    request: IssueRequest,
    answer: oneshot::Sender<Result<Grant, StoreError>>,
}

/// What the step finds out about one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Grant {
    Granted(Position),
    IdentityUnknown,
    SigningKeyNotActive,
    /// The credential is none of the resource's access keys.
    Stranger,
}

/// Where a resource lies.
pub(super) struct Place {
    pub(super) partition: PartitionId,
    pub(super) keys: ResourceKeys,
}

impl Grants {
    /// Asks for a grant in a resource.
    pub(super) async fn ask(
        self: &Arc<Self>,
        engine: &Arc<Engine>,
        place: Place,
        request: IssueRequest,
    ) -> Result<Grant, StoreError> {
        let (answer, answered) = oneshot::channel();
        let resource = request.identity.resource();
        if self.join(resource, Asked { request, answer }) {
            // A task of its own: this caller may go away, and the others still want their answers.
            let (grants, engine) = (Arc::clone(self), Arc::clone(engine));
            tokio::spawn(async move { grants.answer(&engine, (resource, place)).await });
        }
        answered.await.unwrap_or_else(|_| Err(ended()))
    }

    /// Takes a place among those who ask; whether it is the first.
    fn join(&self, resource: ResourceId, asked: Asked) -> bool {
        let mut waiting = self.waiting();
        let those = waiting.entry(resource).or_default();
        those.push(asked);
        those.len() == 1
    }

    async fn answer(&self, engine: &Engine, (resource, place): (ResourceId, Place)) {
        // Whoever is ready to ask gets to do so first.
        task::yield_now().await;
        let mut those = self.waiting().remove(&resource).unwrap_or_default();
        while !those.is_empty() {
            let rest = those.split_off(those.len().min(TOGETHER));
            answer_together(engine, &place, those).await;
            those = rest;
        }
    }

    // A lock whose holder panicked is used all the same: each change is one insertion or removal.
    fn waiting(&self) -> MutexGuard<'_, HashMap<ResourceId, Vec<Asked>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn answer_together(engine: &Engine, place: &Place, those: Vec<Asked>) {
    let requests: Vec<_> = those.iter().map(|asked| asked.request).collect();
    match grants(engine, place, &requests).await {
        Ok(grants) => {
            // Whoever has gone away does not want it any more.
            for (asked, grant) in those.into_iter().zip(grants) {
                drop(asked.answer.send(Ok(grant)));
            }
        }
        Err(error) => {
            let error = Arc::new(error);
            for asked in those {
                drop(asked.answer.send(Err(shared(&error))));
            }
        }
    }
}

/// One answer for each request, in their order.
async fn grants(
    engine: &Engine,
    place: &Place,
    requests: &[IssueRequest],
) -> Result<Vec<Grant>, StoreError> {
    let asked = requests.iter().flat_map(|request| {
        let IssueRequest {
            identity,
            credential,
            signing_key,
        } = request;
        let ids = [credential.as_uuid(), identity.uuid(), signing_key.as_uuid()];
        ids.map(|id| text(id).into_bytes())
    });
    let own = [place.keys.resource.as_str(), &place.keys.identities];
    let how = (&engine.scripts.grant, Effect::Vouches);
    let step = engine.in_partition(place.partition, how, &own, asked.collect());
    let reply = step.await?;
    if reply.status() != "done" {
        return Err(reply.unexpected());
    }
    engine.ensure_same_time(reply.time(0)?)?;
    let position = reply.parsed(1)?;
    (2..requests.len() + 2)
        .map(|at| grant(&reply, at, position))
        .collect()
}

fn grant(reply: &Reply, at: usize, position: Position) -> Result<Grant, StoreError> {
    match reply.text(at)?.as_str() {
        "granted" => Ok(Grant::Granted(position)),
        "identity_unknown" => Ok(Grant::IdentityUnknown),
        "signing_key" => Ok(Grant::SigningKeyNotActive),
        "stranger" => Ok(Grant::Stranger),
        _ => Err(reply.unexpected()),
    }
}

/// The same error for one more caller.
fn shared(error: &Arc<StoreError>) -> StoreError {
    let source: Box<dyn Error + Send + Sync> = Box::new(Shared(Arc::clone(error)));
    match &**error {
        StoreError::Unavailable(_) => StoreError::Unavailable(source),
        StoreError::Corrupt { record, source: _ } => StoreError::Corrupt { record, source },
        StoreError::Unreadable(entry) => StoreError::Unreadable(entry.clone()),
    }
}

/// An error of a step that several callers shared.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
struct Shared(Arc<StoreError>);

/// The step ended without an answer, as when the process does.
fn ended() -> StoreError {
    StoreError::Unavailable("the step was given up".into())
}

/// How many grants share a step at most: it holds up the server for as long as it takes.
const TOGETHER: usize = 128;
