//! `PolicyService`.

use std::{pin::Pin, sync::Arc, time::Duration};

use futures_util::Stream;
use lanyard_authority::{Checker, Error};
use lanyard_enforcer::{Enforcer, Examined, Look};
use lanyard_proto::v1::{self, policy_service_server::PolicyService};
use lanyard_token::{Position, SystemClock};
use tokio::{sync::watch, time};
use tonic::{Request, Response, Status, Streaming};

use super::{
    admit::{Door, admit},
    decisions, questions,
    status::Fault,
    stream,
};

/// The service over a door, which knows the callers, and an enforcer, which decides.
#[derive(Debug)]
pub(crate) struct PolicyGrpc<D> {
    door: Arc<D>,
    desk: Desk,
    draining: watch::Receiver<bool>,
}

/// Where tokens are checked, for callers who may.
#[derive(Clone, Debug)]
pub(super) struct Desk {
    enforcer: Arc<Enforcer<SystemClock>>,
}

impl<D> PolicyGrpc<D> {
    /// `draining` turns true when streams shall come to their end.
    pub(super) const fn new(
        door: Arc<D>,
        enforcer: Arc<Enforcer<SystemClock>>,
        draining: watch::Receiver<bool>,
    ) -> Self {
        Self {
            door,
            desk: Desk { enforcer },
            draining,
        }
    }
}

fn admit_checker<T>(request: Request<T>) -> Result<(Checker, T), Status> {
    let (caller, message) = admit(request)?;
    Ok((caller.checker().map_err(Fault::from)?, message))
}

#[tonic::async_trait]
impl<D: Door> PolicyService for PolicyGrpc<D> {
    async fn check(
        &self,
        request: Request<v1::CheckRequest>,
    ) -> Result<Response<v1::CheckResponse>, Status> {
        let (caller, message) = admit_checker(request)?;
        let decision = Some(self.desk.check(&caller, &message).await?);
        Ok(Response::new(v1::CheckResponse { decision }))
    }

    async fn batch_check(
        &self,
        request: Request<v1::BatchCheckRequest>,
    ) -> Result<Response<v1::BatchCheckResponse>, Status> {
        let (caller, message) = admit_checker(request)?;
        let decisions = self.desk.batch(&caller, &message).await?;
        Ok(Response::new(v1::BatchCheckResponse { decisions }))
    }

    type StreamCheckStream =
        Pin<Box<dyn Stream<Item = Result<v1::StreamCheckResponse, Status>> + Send>>;

    async fn stream_check(
        &self,
        request: Request<Streaming<v1::StreamCheckRequest>>,
    ) -> Result<Response<Self::StreamCheckStream>, Status> {
        let (caller, questions) = admit(request)?;
        let desk = self.desk.clone();
        let checker = caller.checker().map_err(Fault::from)?;
        let answer = move |question| stream::answer(desk.clone(), checker, question);
        let gone = stream::dismissal(Arc::clone(&self.door), caller);
        let ends = (self.draining.clone(), gone);
        Ok(Response::new(Box::pin(stream::until(
            questions, answer, ends,
        ))))
    }

    async fn list_capabilities(
        &self,
        request: Request<v1::ListCapabilitiesRequest>,
    ) -> Result<Response<v1::ListCapabilitiesResponse>, Status> {
        let (caller, message) = admit_checker(request)?;
        Ok(Response::new(
            self.desk.capabilities(&caller, &message).await?,
        ))
    }

    async fn introspect(
        &self,
        request: Request<v1::IntrospectRequest>,
    ) -> Result<Response<v1::IntrospectResponse>, Status> {
        let (caller, v1::IntrospectRequest { token }) = admit_checker(request)?;
        let token = self.desk.examine(&caller, &token, None).await?;
        let found = self.desk.enforcer.introspect(&token).map_err(Fault::from)?;
        Ok(Response::new(decisions::introspection(found)))
    }
}

impl Desk {
    pub(super) async fn check(
        &self,
        caller: &Checker,
        message: &v1::CheckRequest,
    ) -> Result<v1::Decision, Fault> {
        let asked = questions::check(message)?;
        let token = self
            .examine(caller, asked.token, asked.min_position)
            .await?;
        Ok(decisions::decision(
            self.enforcer.check(&token, &asked.question)?,
        ))
    }

    async fn batch(
        &self,
        caller: &Checker,
        message: &v1::BatchCheckRequest,
    ) -> Result<Vec<v1::Decision>, Fault> {
        let asked = questions::batch(message)?;
        let mut tokens = Vec::with_capacity(asked.tokens.len());
        for token in asked.tokens {
            tokens.push(self.examine(caller, token, asked.min_position).await?);
        }
        // All questions of a batch about one token are asked of one moment.
        let mut looks: Vec<(&Examined, Option<Look<'_>>)> =
            tokens.iter().map(|token| (token, None)).collect();
        let mut decided = Vec::with_capacity(asked.checks.len());
        for (index, question) in &asked.checks {
            let (token, looked) = looks.get_mut(*index).ok_or(NO_SUCH_TOKEN)?;
            let look = match looked {
                Some(look) => look,
                None => looked.insert(self.enforcer.look(token)?),
            };
            decided.push(decisions::decision(look.decide(question)));
        }
        Ok(decided)
    }

    async fn capabilities(
        &self,
        caller: &Checker,
        message: &v1::ListCapabilitiesRequest,
    ) -> Result<v1::ListCapabilitiesResponse, Fault> {
        let v1::ListCapabilitiesRequest { token, context } = message;
        let context = questions::context(context.as_ref())?;
        let token = self.examine(caller, token, None).await?;
        let introspection = self.enforcer.introspect(&token)?;
        let decided = self.enforcer.list(&token, context)?;
        let decided = decided.into_iter().map(|(_, decision)| decision);
        Ok(decisions::capabilities(introspection, decided))
    }

    /// Takes a token in for a caller who may ask about it, and waits for the position, if there is
    /// one, to be in the list.
    async fn examine(
        &self,
        caller: &Checker,
        token: &str,
        min_position: Option<Position>,
    ) -> Result<Examined, Fault> {
        let token = self.enforcer.examine(token);
        if let Some(resource) = token.resource() {
            caller.may_check(resource)?;
            if let Some(position) = min_position {
                let reached = self.enforcer.reached(resource, position);
                time::timeout(POSITION_WAIT, reached)
                    .await
                    .map_err(|_elapsed| Fault::PositionNotReached)?;
            }
        }
        Ok(token)
    }
}

/// The index was checked against the tokens when the request was read.
const NO_SUCH_TOKEN: Error = Error::Internal("a question is about a token that the batch lacks");
/// How long a check waits for a position. News normally takes well under a second.
const POSITION_WAIT: Duration = Duration::from_secs(5);
