//! One connection to an authority, from the first attempt to its end.

use std::pin::Pin;

use lanyard_proto::v1::{WatchRequest, WatchResponse, trust_service_client::TrustServiceClient};
use lanyard_token::{Clock, ClockError};
use tokio::{sync::mpsc, time};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{
    Request, Status, Streaming,
    transport::{Channel, Endpoint},
};

use super::{Break, FeedCredential, Follower, address::CONNECT_TIMEOUT, status::count};

/// A connection with the follower that listens to it. It ends when it is dropped.
pub(super) struct Connection {
    pub(super) address: Endpoint,
    pub(super) follower: Follower,
    credential: FeedCredential,
    stage: Stage,
}

/// How far a connection has come.
enum Stage {
    Connecting(Opening<Channel>),
    Asking(
        Opening<Streaming<WatchResponse>>,
        mpsc::Sender<WatchRequest>,
    ),
    Open(Box<Streaming<WatchResponse>>, mpsc::Sender<WatchRequest>),
}

type Opening<T> = Pin<Box<dyn Future<Output = Result<T, Lost>> + Send>>;

/// Why a connection ended.
#[derive(Debug, thiserror::Error)]
pub(super) enum Lost {
    #[error(transparent)]
    Transport(#[from] tonic::transport::Error),
    #[error("{}: {}", .0.code(), .0.message())]
    Refused(#[from] Status),
    #[error(transparent)]
    Broken(#[from] Break),
    #[error(transparent)]
    Clock(#[from] ClockError),
    #[error("the authority has ended the feed")]
    Ended,
    #[error("the authority takes no pings")]
    Stuck,
    #[error("the credential cannot sign a bearer")]
    Credential,
    #[error("the authority does not answer")]
    NoAnswer,
}

impl Connection {
    /// Begins to connect.
    pub(super) fn open(address: Endpoint, credential: FeedCredential, follower: Follower) -> Self {
        let connecting = address.clone();
        let connecting = async move { Ok(connecting.connect().await?) };
        Self {
            address,
            follower,
            credential,
            stage: Stage::Connecting(Box::pin(connecting)),
        }
    }

    /// Goes on until something has happened: a stage of opening, a message, or a ping that was due.
    /// It may be dropped at any time and called again.
    pub(super) async fn advance(&mut self, clock: &impl Clock) -> Result<(), Lost> {
        match &mut self.stage {
            Stage::Connecting(connecting) => {
                let channel = connecting.await?;
                self.stage = self.ask(channel, clock)?;
                Ok(())
            }
            Stage::Asking(asking, asked) => {
                let messages = asking.await?;
                count(&self.follower.status().connections);
                self.stage = Stage::Open(Box::new(messages), asked.clone());
                Ok(())
            }
            Stage::Open(messages, asked) => {
                let wait = self.follower.due().since(clock.boot()?);
                tokio::select! {
                    biased;
                    message = messages.message() => {
                        let message = message?.ok_or(Lost::Ended)?;
                        self.follower.receive(&message, clock.boot()?)?;
                    }
                    () = time::sleep(wait) => {}
                }
                if let Some(ping) = self.follower.tick(clock.boot()?)? {
                    send(asked, ping)?;
                }
                Ok(())
            }
        }
    }

    /// Asks for the watch.
    fn ask(&mut self, channel: Channel, clock: &impl Clock) -> Result<Stage, Lost> {
        let (asked, requests) = mpsc::channel(UNANSWERED);
        for request in self.follower.connect(clock.boot()?) {
            send(&asked, request)?;
        }
        let mut request = Request::new(ReceiverStream::new(requests));
        let authorization = self.credential.authorization(clock.wall()?);
        let authorization = authorization.ok_or(Lost::Credential)?;
        request
            .metadata_mut()
            .insert("authorization", authorization);
        let asking = async move {
            let mut client = TrustServiceClient::new(channel);
            let answered = time::timeout(CONNECT_TIMEOUT, client.watch(request)).await;
            Ok(answered.map_err(|_elapsed| Lost::NoAnswer)??.into_inner())
        };
        Ok(Stage::Asking(Box::pin(asking), asked))
    }
}

fn send(asked: &mpsc::Sender<WatchRequest>, request: WatchRequest) -> Result<(), Lost> {
    asked
        .try_send(request)
        .map_err(|_full_or_closed| Lost::Stuck)
}

/// How many pings may wait to be sent. More of them mean that nothing goes out at all.
const UNANSWERED: usize = 32;
