//! The connections that the feed is followed over.

use std::sync::atomic::Ordering;

use lanyard_proto::v1::{WatchRequest, WatchResponse, trust_service_client::TrustServiceClient};
use lanyard_token::{Clock, ClockError};
use tokio::{sync::mpsc, time};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Status, Streaming, transport::Endpoint};

use super::{
    Backoff, Break, Chance, FeedCredential, Follower, Roots,
    address::{CONNECT_TIMEOUT, endpoint},
    status::count,
};

/// Which authority to follow, and as whom.
#[derive(Clone, Debug)]
pub struct FeedSettings {
    addresses: Vec<Endpoint>,
    credential: FeedCredential,
}

/// Why a feed cannot be followed at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FeedSettingsError {
    /// There is no address.
    #[error("there must be at least one address of the authority")]
    NoAddress,
    /// An address is not one.
    #[error("`{0}` must be a URL such as http://127.0.0.1:7400")]
    BadAddress(String),
    /// Nobody is known who could say that it is the authority.
    #[error("nobody is trusted to vouch for `{0}`: name a certificate authority")]
    NoRoots(String),
}

/// The feed of an authority that has several addresses, as followed by one point.
#[derive(Debug)]
pub struct Feed<C, X> {
    settings: FeedSettings,
    follower: Follower,
    clock: C,
    chance: X,
}

/// Why a connection ended.
#[derive(Debug, thiserror::Error)]
enum Lost {
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

impl FeedSettings {
    /// Follows one of these addresses at a time, beginning with the first. Whom the system believes
    /// is believed of those that are `https` URLs.
    ///
    /// # Errors
    /// If there is none, or one is neither an `http` nor an `https` URL.
    pub fn new<A: AsRef<str>>(
        addresses: impl IntoIterator<Item = A>,
        credential: FeedCredential,
    ) -> Result<Self, FeedSettingsError> {
        Self::believing(&Roots::System, addresses, credential)
    }

    /// The same, and says who is believed.
    ///
    /// # Errors
    /// As [`FeedSettings::new`]; or if there is an `https` URL, and nobody to believe.
    pub fn believing<A: AsRef<str>>(
        roots: &Roots,
        addresses: impl IntoIterator<Item = A>,
        credential: FeedCredential,
    ) -> Result<Self, FeedSettingsError> {
        let addresses = addresses.into_iter();
        let addresses = addresses.map(|one| endpoint(one.as_ref(), roots));
        let addresses: Vec<_> = addresses.collect::<Result<_, _>>()?;
        if addresses.is_empty() {
            return Err(FeedSettingsError::NoAddress);
        }
        Ok(Self {
            addresses,
            credential,
        })
    }
}

impl<C: Clock, X: Chance> Feed<C, X> {
    /// A feed that makes the follower's knowledge grow. `clock` must run on while the machine is
    /// suspended, as the system's does; `chance` spreads the points that lost the same authority.
    #[must_use]
    pub const fn new(settings: FeedSettings, follower: Follower, clock: C, chance: X) -> Self {
        Self {
            settings,
            follower,
            clock,
            chance,
        }
    }

    /// Follows for as long as it is polled, whatever becomes of the authority.
    pub async fn follow(mut self) {
        let mut backoff = Backoff::new();
        let addresses = self.settings.addresses.clone();
        for address in addresses.iter().cycle() {
            let lost = self.watch(address).await;
            let was_connected = self
                .follower
                .status()
                .connected
                .swap(false, Ordering::Relaxed);
            if was_connected {
                backoff.reset();
            }
            if let Err(lost) = lost {
                let address = address.uri();
                tracing::warn!(%address, %lost, "the feed was lost and is looked for again");
            }
            time::sleep(backoff.wait(&mut self.chance)).await;
        }
    }

    /// Follows over one connection, up to its end.
    async fn watch(&mut self, address: &Endpoint) -> Result<(), Lost> {
        let channel = address.connect().await?;
        let (asked, requests) = mpsc::channel(UNANSWERED);
        for request in self.follower.connect(self.clock.boot()?) {
            send(&asked, request)?;
        }
        let mut request = Request::new(ReceiverStream::new(requests));
        let authorization = self.settings.credential.authorization(self.clock.wall()?);
        let authorization = authorization.ok_or(Lost::Credential)?;
        request
            .metadata_mut()
            .insert("authorization", authorization);
        let mut client = TrustServiceClient::new(channel);
        let answered = time::timeout(CONNECT_TIMEOUT, client.watch(request)).await;
        let messages = answered.map_err(|_elapsed| Lost::NoAnswer)??.into_inner();
        count(&self.follower.status().connections);
        self.listen(messages, &asked).await
    }

    async fn listen(
        &mut self,
        mut messages: Streaming<WatchResponse>,
        asked: &mpsc::Sender<WatchRequest>,
    ) -> Result<(), Lost> {
        loop {
            let wait = self.follower.due().since(self.clock.boot()?);
            tokio::select! {
                biased;
                message = messages.message() => {
                    let message = message?.ok_or(Lost::Ended)?;
                    self.follower.receive(&message, self.clock.boot()?)?;
                }
                () = time::sleep(wait) => {}
            }
            if let Some(ping) = self.follower.tick(self.clock.boot()?)? {
                send(asked, ping)?;
            }
        }
    }
}

fn send(asked: &mpsc::Sender<WatchRequest>, request: WatchRequest) -> Result<(), Lost> {
    asked
        .try_send(request)
        .map_err(|_full_or_closed| Lost::Stuck)
}

/// How many pings may wait to be sent. More of them mean that nothing goes out at all.
const UNANSWERED: usize = 32;

#[cfg(test)]
mod tests {
    use lanyard_token::CredentialId;
    use uuid::Uuid;
    use zeroize::Zeroizing;

    use super::*;

    fn settings(addresses: &[&str]) -> Result<FeedSettings, FeedSettingsError> {
        let id = CredentialId::from_uuid(Uuid::nil());
        let credential = FeedCredential::new(id, Zeroizing::new(vec![1; 32]));
        FeedSettings::new(addresses, credential)
    }

    #[test]
    fn there_is_at_least_one_address_and_each_is_a_url() {
        assert!(settings(&["http://127.0.0.1:7400", "http://lanyard.internal"]).is_ok());
        assert_eq!(settings(&[]).unwrap_err(), FeedSettingsError::NoAddress);
        for bad in ["", "127.0.0.1:7400", "http://", "unix:/x"] {
            let refused = settings(&["http://127.0.0.1:7400", bad]).unwrap_err();
            assert_eq!(refused, FeedSettingsError::BadAddress(bad.to_owned()));
        }
    }
}
