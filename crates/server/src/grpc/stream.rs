//! The stream of checks: questions in, answers out as they become ready.

use futures_util::{Stream, StreamExt as _};
use lanyard_authority::Checker;
use lanyard_proto::v1::{self, stream_check_response::Result as Answer};
use tonic::{Status, Streaming};
use tonic_types::FieldViolation;

use super::{policy::Desk, status::Fault};

/// Answers each question with its id. A question that fails, fails alone; what breaks the stream
/// itself ends it.
pub(super) fn answers(
    desk: Desk,
    caller: Checker,
    questions: Streaming<v1::StreamCheckRequest>,
) -> impl Stream<Item = Result<v1::StreamCheckResponse, Status>> + Send {
    let answer = move |question: Result<v1::StreamCheckRequest, Status>| {
        let desk = desk.clone();
        async move { Ok(answer(&desk, &caller, question?).await) }
    };
    questions.map(answer).buffer_unordered(IN_PROGRESS)
}

async fn answer(
    desk: &Desk,
    caller: &Checker,
    question: v1::StreamCheckRequest,
) -> v1::StreamCheckResponse {
    let v1::StreamCheckRequest { id, check } = question;
    let decided = match &check {
        Some(check) => desk.check(caller, check).await,
        None => Err(Fault::Fields(vec![FieldViolation::new(
            "check",
            "is required",
        )])),
    };
    let result = match decided {
        Ok(decision) => Answer::Decision(decision),
        Err(fault) => Answer::Failure(fault.into_failure()),
    };
    v1::StreamCheckResponse {
        id,
        result: Some(result),
    }
}

/// How many questions of one stream are worked on at once: those that wait for a position do not
/// hold up the others, and a flood of them holds up its own stream.
const IN_PROGRESS: usize = 64;
