//! Checks over a stream: many questions under way at a time, and answers in any order.

use std::time::Duration;

use lanyard_proto::v1::policy_service_client::PolicyServiceClient;
use lanyard_proto::v1::stream_check_response::Result as Answer;
use lanyard_proto::v1::{CheckFailure, CheckRequest, StreamCheckRequest, StreamCheckResponse};
use lanyard_token::{BootTime, ClockError};
use tokio::sync::mpsc;
use tokio::time;
use tokio_stream::wrappers::ReceiverStream;
use tokio_stream::{Stream, StreamExt as _};
use tonic::transport::Channel;
use tonic::{Status, Streaming};

use super::check::{allowed, check_requests};
use super::connections::{Connection, Connections};
use super::in_turn::InTurn;
use super::{Worker, Workload};
use crate::failure::Failure;
use crate::recorder::Recorder;
use crate::run::Tally;
use crate::schedule::Turns;

/// `StreamCheck`, one stream for each connection, about each of some tokens in turn.
#[derive(Clone, Debug)]
pub struct Streams {
    connections: Connections,
    requests: InTurn<CheckRequest>,
}

/// Somebody who asks on one stream.
#[derive(Debug)]
pub struct Asker {
    connection: Connection,
    requests: InTurn<CheckRequest>,
    at_a_time: usize,
}

impl Streams {
    /// Checks these tokens, each of which must be allowed.
    #[must_use]
    pub fn new(connections: Connections, tokens: &[String]) -> Self {
        Self {
            connections,
            requests: check_requests(tokens),
        }
    }
}

impl Workload for Streams {
    type Worker = Asker;

    fn workers(&self, concurrency: usize) -> Vec<Asker> {
        let streams = self.connections.count().min(concurrency);
        let connections = self.connections.share(streams).enumerate();
        let workers = connections.map(|(number, connection)| Asker {
            connection,
            requests: self.requests.clone(),
            // The first ones take what is left over.
            at_a_time: (concurrency + streams - 1 - number) / streams,
        });
        workers.collect()
    }
}

impl Worker for Asker {
    async fn work(
        self,
        turns: Turns,
        seen: Recorder,
        tally: Tally,
    ) -> Result<Recorder, ClockError> {
        let mut conversation = Conversation {
            under_way: UnderWay::new(self.at_a_time),
            turns,
            seen,
            tally,
            patience: PATIENCE,
        };
        let (questions, queue) = mpsc::channel(self.at_a_time);
        let broken = match self.open(queue).await {
            Ok(answers) => conversation.hold(&self, questions, answers).await?,
            Err(status) => Some(status),
        };
        if let Some(status) = broken {
            conversation.give_up(&status)?;
        }
        Ok(conversation.seen)
    }
}

impl Asker {
    async fn open(
        &self,
        queue: mpsc::Receiver<StreamCheckRequest>,
    ) -> Result<Streaming<StreamCheckResponse>, Status> {
        let mut client: PolicyServiceClient<Channel> =
            PolicyServiceClient::new(self.connection.channel.clone());
        let request = self.connection.request(ReceiverStream::new(queue));
        Ok(client.stream_check(request).await?.into_inner())
    }

    fn question(&self, id: u64) -> StreamCheckRequest {
        let check = self.requests.take().map(|(_, check)| check);
        StreamCheckRequest { id, check }
    }
}

/// One stream, and what was seen of it.
struct Conversation {
    under_way: UnderWay,
    turns: Turns,
    seen: Recorder,
    tally: Tally,
    /// How long nothing may come while something is to be answered.
    patience: Duration,
}

impl Conversation {
    /// Asks and listens until there are no more turns and all is answered, or the stream breaks.
    async fn hold(
        &mut self,
        asker: &Asker,
        questions: mpsc::Sender<StreamCheckRequest>,
        mut answers: impl Stream<Item = Result<StreamCheckResponse, Status>> + Unpin,
    ) -> Result<Option<Status>, ClockError> {
        let mut is_over = false;
        let mut heard = time::Instant::now();
        loop {
            tokio::select! {
                biased;
                due = self.turns.next(), if !is_over && self.under_way.has_room() => match due? {
                    // There is room for all that are under way, and if the stream is broken its end
                    // says so.
                    Some(due) => {
                        if !self.under_way.any() {
                            heard = time::Instant::now();
                        }
                        drop(questions.try_send(asker.question(self.under_way.begin(due))));
                    }
                    None => is_over = true,
                },
                answer = answers.next(), if self.under_way.any() => match answer {
                    Some(Ok(answer)) => {
                        heard = time::Instant::now();
                        self.take(answer)?;
                    }
                    None => return Ok(Some(Status::unavailable("the stream has ended"))),
                    Some(Err(status)) => return Ok(Some(status)),
                },
                () = time::sleep_until(heard + self.patience), if self.under_way.any() => {
                    return Ok(Some(Status::deadline_exceeded("the stream does not answer")));
                }
                else => {
                    // Ended in order: a stream that is dropped in the middle is reset, and a client
                    // gives a connection up on which too much comes for streams that it has reset.
                    drop(questions);
                    drop(time::timeout(self.patience, answers.next()).await);
                    return Ok(None);
                }
            }
        }
    }

    fn take(&mut self, answer: StreamCheckResponse) -> Result<(), ClockError> {
        let now = self.turns.now()?;
        let due = self.under_way.end(answer.id);
        let unasked = || Failure::Answer("an answer to no question".to_owned());
        let decided = due.ok_or_else(unasked).and_then(|_| decided(answer));
        self.seen.record(due.unwrap_or(now), now, decided);
        self.tally.ended();
        Ok(())
    }

    /// Counts what will not be answered any more; if nothing was asked, the stream itself.
    fn give_up(&mut self, status: &Status) -> Result<(), ClockError> {
        let lost = self.under_way.under_way().max(1);
        let now = self.turns.now()?;
        for _ in 0..lost {
            self.seen.record(now, now, Err(status.clone().into()));
            self.tally.ended();
        }
        Ok(())
    }
}

/// The questions that were asked and not answered yet: their number is their place here.
struct UnderWay {
    due: Vec<Option<BootTime>>,
    free: Vec<u64>,
}

impl UnderWay {
    fn new(room: usize) -> Self {
        Self {
            due: vec![None; room],
            free: (0..).take(room).collect(),
        }
    }

    fn has_room(&self) -> bool {
        !self.free.is_empty()
    }

    fn any(&self) -> bool {
        self.under_way() > 0
    }

    fn under_way(&self) -> usize {
        self.due.len().saturating_sub(self.free.len())
    }

    /// Takes a free place.
    fn begin(&mut self, due: BootTime) -> u64 {
        let id = self.free.pop().unwrap_or_default();
        if let Some(place) = self.place(id) {
            *place = Some(due);
        }
        id
    }

    /// Frees a place and says when its question was due, if there was one.
    fn end(&mut self, id: u64) -> Option<BootTime> {
        let due = self.place(id)?.take()?;
        self.free.push(id);
        Some(due)
    }

    fn place(&mut self, id: u64) -> Option<&mut Option<BootTime>> {
        self.due.get_mut(usize::try_from(id).ok()?)
    }
}

fn decided(answer: StreamCheckResponse) -> Result<u64, Failure> {
    match answer.result {
        Some(Answer::Decision(decision)) => allowed(Some(&decision)),
        Some(Answer::Failure(CheckFailure { message, .. })) => Err(Failure::Answer(message)),
        None => allowed(None),
    }
}

/// As long as a call may take that is not on a stream.
const PATIENCE: Duration = Duration::from_mins(1);

#[cfg(test)]
mod tests {
    use tokio::sync::watch;
    use tonic::metadata::AsciiMetadataValue;

    use super::*;
    use crate::schedule::{Load, Span};
    use crate::workload::Authorization;

    #[tokio::test]
    async fn a_stream_that_opens_and_says_nothing_ends_in_failures() {
        let said = watch::channel(AsciiMetadataValue::from_static("Bearer x")).1;
        let nowhere = Channel::from_static("http://127.0.0.1:1").connect_lazy();
        let connections = Connections::new(vec![nowhere], Authorization::new(said));
        let streams = Streams::new(connections, &["a token".to_owned()]);
        let asker = streams.workers(3).pop().expect("one for the connection");
        let mut conversation = Conversation {
            under_way: UnderWay::new(3),
            turns: Turns::begin(Load::Closed, Span::Calls(100)).expect("a clock"),
            seen: Recorder::new().expect("room"),
            tally: Tally::default(),
            patience: Duration::from_millis(20),
        };
        let (questions, _kept) = mpsc::channel(3);
        let ended = conversation.hold(&asker, questions, tokio_stream::pending());
        let status = ended.await.expect("a clock").expect("a failure");
        assert_eq!(status.code(), tonic::Code::DeadlineExceeded);
        conversation.give_up(&status).expect("a clock");
        assert_eq!(conversation.seen.failures().total(), 3);
        assert_eq!(conversation.seen.calls(), 0);
    }

    #[test]
    fn an_answer_finds_when_its_question_was_due_and_frees_its_place() {
        let mut under_way = UnderWay::new(2);
        let at = |secs| BootTime::from_duration(Duration::from_secs(secs));
        assert!(!under_way.any());
        let (one, two) = (under_way.begin(at(1)), under_way.begin(at(2)));
        assert!(!under_way.has_room());
        assert_eq!(under_way.end(two), Some(at(2)));
        assert_eq!(under_way.end(two), None, "answered once");
        assert_eq!(under_way.end(99), None, "never asked");
        assert_eq!(under_way.under_way(), 1);
        let three = under_way.begin(at(3));
        assert_eq!((three, under_way.has_room()), (two, false));
        assert_eq!(under_way.end(one), Some(at(1)));
        assert!(under_way.any());
    }
}
