//! An identity to try things on, which is gone afterwards, and with it all tokens that it had.

use futures_util::{FutureExt as _, StreamExt as _, TryStreamExt as _, stream};
use lanyard_authority::{Entropy as _, SystemEntropy};
use lanyard_load::{Progress, Tally};
use lanyard_proto::v1::identity_service_client::IdentityServiceClient;
use lanyard_proto::v1::{
    AccessToken, CreateIdentityRequest, DeleteIdentityRequest, IssueTokenRequest,
};
use uuid::Builder;

use super::BenchError;
use crate::client::{ClientError, ConnectionArgs, Purpose, Session, required};
use crate::serve::Signals;

/// The identity, and who made it.
#[derive(Debug)]
pub(super) struct Ground {
    /// Makes the identity and deletes it.
    session: Session,
    /// Issues tokens. A server closes a connection on which many calls were cancelled at once, as a signal
    /// does, so these have one of their own.
    issuing: Session,
    /// The identity's id.
    pub(super) identity_id: String,
}

/// Does something with an identity of its own, and deletes it whatever becomes of that: also when
/// somebody presses Ctrl-C. What was measured is to be told by the work itself, so that it is not lost
/// with an authority that cannot delete any more.
pub(super) async fn on_own_ground<T>(
    connection: &ConnectionArgs,
    work: impl AsyncFnOnce(&Ground) -> Result<T, BenchError>,
) -> Result<T, BenchError> {
    let mut signals = Signals::new().map_err(BenchError::System)?;
    let making = signals.race(Ground::make(connection)).await;
    let ground = making.map_err(BenchError::Interrupted)??;
    let outcome = tokio::select! {
        outcome = work(&ground) => outcome,
        stop = signals.received() => Err(BenchError::Interrupted(stop)),
    };
    let identity_id = ground.identity_id.clone();
    match (outcome, ground.leave().await) {
        (outcome, Ok(())) => outcome,
        (outcome, Err(source)) => Err(BenchError::LeftBehind {
            before: outcome.map_or_else(|error| format!("{error}; and "), |_| String::new()),
            identity_id,
            source,
        }),
    }
}

impl Ground {
    async fn make(connection: &ConnectionArgs) -> Result<Self, BenchError> {
        let session = Session::open(connection, Purpose::Issue).await?;
        let issuing = Session::open(connection, Purpose::Issue).await?;
        let mut client = IdentityServiceClient::new(session.channel());
        let request = CreateIdentityRequest {
            custom_id: Some(custom_id()?),
            token: None,
        };
        let made = session.call(request, |request| client.create_identity(request));
        let made = made.await?;
        let identity_id = required(made.identity, "identity")?.id;
        Ok(Self {
            session,
            issuing,
            identity_id,
        })
    }

    /// Where the authority answers.
    pub(super) fn endpoint(&self) -> &str {
        &self.session.endpoint
    }

    /// What to ask for, to have a token of the identity.
    pub(super) fn issue_request(&self) -> IssueTokenRequest {
        IssueTokenRequest {
            identity_id: self.identity_id.clone(),
            scopes: vec!["chat".to_owned()],
            lifetime: None,
        }
    }

    /// Issues so many tokens, and shows how far it is: of tens of thousands that takes a while.
    pub(super) async fn tokens(&self, count: usize) -> Result<Vec<String>, ClientError> {
        let tally = Tally::default();
        let progress = Progress::show(tally.clone());
        progress.say("issuing tokens".to_owned());
        let issued = self.issued(count, &tally).await?.into_iter();
        Ok(issued.map(|one| one.token).collect())
    }

    /// Issues so many tokens, with what is said about them, and counts them.
    pub(super) async fn issued(
        &self,
        count: usize,
        tally: &Tally,
    ) -> Result<Vec<AccessToken>, ClientError> {
        let issued = stream::iter(0..count).map(|_| self.issue());
        let issued = issued.map(|one| one.inspect(|_| tally.ended()));
        issued.buffered(AT_A_TIME).try_collect().await
    }

    async fn issue(&self) -> Result<AccessToken, ClientError> {
        let mut client = IdentityServiceClient::new(self.issuing.channel());
        let request = self.issue_request();
        let issued = self
            .issuing
            .call(request, |request| client.issue_token(request));
        required(issued.await?.access_token, "access_token")
    }

    /// Deletes the identity.
    async fn leave(self) -> Result<(), ClientError> {
        let mut client = IdentityServiceClient::new(self.session.channel());
        let request = DeleteIdentityRequest {
            identity_id: self.identity_id,
        };
        let deleted = self
            .session
            .call(request, |request| client.delete_identity(request));
        deleted.await.map(drop)
    }
}

/// Two benchmarks at once do not share an identity, wherever they run: the first to end would take it from
/// the other. Nor is it one that somebody else has made.
fn custom_id() -> Result<String, BenchError> {
    let mut random = [0; 16];
    SystemEntropy.fill(&mut random)?;
    let random = Builder::from_random_bytes(random).into_uuid();
    Ok(format!("{CUSTOM_ID}-{random}"))
}

const CUSTOM_ID: &str = "lanyard-bench";
/// How many tokens are asked for at a time.
const AT_A_TIME: usize = 64;
