//! The stream of checks: questions in, answers out as they become ready, until the caller has had
//! enough, is dismissed, or the server drains.

use std::{future::Future, sync::Arc, time::Duration};

use futures_util::{
    FutureExt as _, Stream, StreamExt as _,
    future::BoxFuture,
    stream::{self, BoxStream},
};
use lanyard_authority::{Caller, Checker, Error};
use lanyard_proto::v1::{self, stream_check_response::Result as Answer};
use tokio::{sync::watch, time};
use tonic::{Status, Streaming};
use tonic_types::FieldViolation;

use super::{
    admit::Door,
    policy::Desk,
    status::{self, Fault},
};

type Question = Result<v1::StreamCheckRequest, Status>;
type Answered = Result<v1::StreamCheckResponse, Status>;

/// Answers each question with its id. A question that fails, fails alone; what breaks the stream
/// itself, such as a message that cannot be read, ends it.
pub(super) async fn answer(desk: Desk, caller: Checker, question: Question) -> Answered {
    let v1::StreamCheckRequest { id, check } = question.map_err(status::told)?;
    let decided = match &check {
        Some(check) => desk.check(&caller, check).await,
        None => Err(Fault::Fields(vec![FieldViolation::new(
            "check",
            "is required",
        )])),
    };
    let result = match decided {
        Ok(decision) => Answer::Decision(decision),
        Err(fault) => Answer::Failure(fault.into_failure()),
    };
    Ok(v1::StreamCheckResponse {
        id,
        result: Some(result),
    })
}

/// Comes to an end once the caller's credential is gone: it was authenticated when the stream began,
/// and a stream has no end of its own.
pub(super) async fn dismissal<D: Door>(door: Arc<D>, caller: Caller) -> Status {
    loop {
        time::sleep(RECHECK_EVERY).await;
        if let Err(error @ Error::CredentialRefused) = door.readmit(&caller).await {
            return Fault::from(error).into();
        }
    }
}

/// The answers to a stream of questions. When the server drains, no more questions are taken, those
/// in progress are answered, and the caller is told to go elsewhere; when the caller is dismissed, it
/// ends at once.
pub(super) fn until<F: Future<Output = Answered> + Send + 'static>(
    questions: Streaming<v1::StreamCheckRequest>,
    answer: impl FnMut(Question) -> F + Send + 'static,
    (mut draining, gone): (
        watch::Receiver<bool>,
        impl Future<Output = Status> + Send + 'static,
    ),
) -> impl Stream<Item = Answered> + Send {
    let mut drained = draining.clone();
    let drain = async move { drop(draining.wait_for(|draining| *draining).await) };
    let farewell = async move {
        // Silence where the caller itself has come to an end.
        drained
            .borrow_and_update()
            .then(|| Err(Fault::Draining.into()))
    };
    let answers = questions
        .take_until(Box::pin(drain))
        .map(answer)
        .buffer_unordered(IN_PROGRESS)
        .chain(stream::once(farewell).filter_map(|farewell| async { farewell }))
        .boxed();
    stream::unfold(Some((answers, gone.boxed())), next)
}

/// The answers to come, and what ends them early.
type Open = (BoxStream<'static, Answered>, BoxFuture<'static, Status>);

async fn next(open: Option<Open>) -> Option<(Answered, Option<Open>)> {
    let (mut answers, mut gone) = open?;
    tokio::select! {
        biased;
        status = &mut gone => Some((Err(status), None)),
        answer = answers.next() => answer.map(|answer| (answer, Some((answers, gone)))),
    }
}

/// How many questions of one stream are worked on at once: those that wait for a position do not
/// hold up the others, and a flood of them holds up its own stream.
const IN_PROGRESS: usize = 64;
/// How often the caller of an open stream is looked up again.
const RECHECK_EVERY: Duration = Duration::from_secs(1);
