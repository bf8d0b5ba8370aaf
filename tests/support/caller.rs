//! Somebody who calls: the generated clients, and short words for what most tests do.

use lanyard_proto::v1::admin_service_client::AdminServiceClient;
use lanyard_proto::v1::identity_service_client::IdentityServiceClient;
use lanyard_proto::v1::policy_service_client::PolicyServiceClient;
use lanyard_proto::v1::trust_service_client::TrustServiceClient;
use lanyard_proto::v1::{
    AccessToken, BatchCheckItem, BatchCheckRequest, Capability, CheckContext, CheckRequest,
    CreateIdentityRequest, CreateResourceRequest, CreateResourceResponse, Decision, DecisionReason,
    DeleteIdentityRequest, GetIdentityRequest, Identity, IntrospectRequest, IntrospectResponse,
    IssueTokenRequest, ListIdentitiesRequest, ListIdentitiesResponse, Revocation,
    RevokeTokenRequest, RevokeTokensRequest, StreamCheckRequest, StreamCheckResponse, TokenSpec,
};
use tokio::sync::mpsc::{Sender, channel};
use tokio_stream::wrappers::ReceiverStream;
use tonic::client::Grpc;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Channel;
use tonic::{Request, Status, Streaming};
use tonic_prost::ProstCodec;

use super::Bearer;

/// A connection and what is said on it about oneself.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    channel: Channel,
    bearer: Bearer,
}

impl Caller {
    /// Calls through this channel, with this bearer.
    pub(crate) const fn new(channel: Channel, bearer: Bearer) -> Self {
        Self { channel, bearer }
    }

    /// Everything about identities.
    pub(crate) fn identities(&self) -> IdentityServiceClient<InterceptedService<Channel, Bearer>> {
        IdentityServiceClient::with_interceptor(self.channel.clone(), self.bearer.clone())
    }

    /// Everything about tenancy and keys.
    pub(crate) fn admin(&self) -> AdminServiceClient<InterceptedService<Channel, Bearer>> {
        AdminServiceClient::with_interceptor(self.channel.clone(), self.bearer.clone())
    }

    /// Everything about checks. Its messages may be as large as they come.
    pub(crate) fn policy(&self) -> PolicyServiceClient<InterceptedService<Channel, Bearer>> {
        PolicyServiceClient::with_interceptor(self.channel.clone(), self.bearer.clone())
            .max_decoding_message_size(usize::MAX)
    }

    /// The trust feed.
    pub(crate) fn trust(&self) -> TrustServiceClient<InterceptedService<Channel, Bearer>> {
        TrustServiceClient::with_interceptor(self.channel.clone(), self.bearer.clone())
    }

    /// Calls any rpc by its path with a message of one field, or with an empty one, and waits for
    /// the end of whatever comes back.
    pub(crate) async fn call(&self, path: &str, field: &[u8]) -> Result<(), Status> {
        let channel = InterceptedService::new(self.channel.clone(), self.bearer.clone());
        let mut grpc = Grpc::new(channel);
        grpc.ready()
            .await
            .map_err(|error| Status::from_error(Box::new(error)))?;
        // On the wire, bytes are a message whose first field they are.
        let message = tokio_stream::once(field.to_vec());
        let path = path.parse().expect("a path");
        let codec = ProstCodec::<Vec<u8>, ()>::default();
        let mut answers = grpc
            .streaming(Request::new(message), path, codec)
            .await?
            .into_inner();
        while answers.message().await?.is_some() {}
        Ok(())
    }

    /// Makes an identity.
    pub(crate) async fn create(&self, custom_id: Option<&str>) -> Result<Identity, Status> {
        let custom_id = custom_id.map(str::to_owned);
        let request = CreateIdentityRequest {
            custom_id,
            token: None,
        };
        let response = self
            .identities()
            .create_identity(request)
            .await?
            .into_inner();
        assert!(response.access_token.is_none(), "no token was asked for");
        Ok(response.identity.expect("an identity"))
    }

    /// Makes an identity without a name and gives its id.
    pub(crate) async fn identity(&self) -> String {
        self.create(None).await.expect("an identity").id
    }

    /// Reads an identity.
    pub(crate) async fn read(&self, identity: &str) -> Result<Identity, Status> {
        let request = GetIdentityRequest {
            identity_id: identity.to_owned(),
        };
        let response = self.identities().get_identity(request).await?.into_inner();
        Ok(response.identity.expect("an identity"))
    }

    /// Lists one page.
    pub(crate) async fn list(
        &self,
        page_size: i32,
        page_token: &str,
    ) -> Result<ListIdentitiesResponse, Status> {
        let request = ListIdentitiesRequest {
            page_size,
            page_token: page_token.to_owned(),
        };
        Ok(self
            .identities()
            .list_identities(request)
            .await?
            .into_inner())
    }

    /// Lists everything.
    pub(crate) async fn list_all(&self) -> Vec<Identity> {
        let mut all = Vec::new();
        let mut page_token = String::new();
        loop {
            let page = self.list(1000, &page_token).await.expect("a page");
            all.extend(page.identities);
            page_token = page.next_page_token;
            if page_token.is_empty() {
                return all;
            }
        }
    }

    /// Deletes an identity.
    pub(crate) async fn delete(&self, identity: &str) -> Result<Revocation, Status> {
        let request = DeleteIdentityRequest {
            identity_id: identity.to_owned(),
        };
        let response = self
            .identities()
            .delete_identity(request)
            .await?
            .into_inner();
        Ok(response.revocation.expect("a revocation"))
    }

    /// Issues a token, or is refused.
    pub(crate) async fn try_issue(
        &self,
        request: IssueTokenRequest,
    ) -> Result<AccessToken, Status> {
        let response = self.identities().issue_token(request).await?.into_inner();
        Ok(response.access_token.expect("a token"))
    }

    /// Issues a token.
    pub(crate) async fn issue(&self, identity: &str, scopes: &[&str]) -> AccessToken {
        self.try_issue(issue_request(identity, scopes))
            .await
            .expect("a token")
    }

    /// Makes an identity and gives a token of it.
    pub(crate) async fn token(&self, scopes: &[&str]) -> String {
        self.issue(&self.identity().await, scopes).await.token
    }

    /// Takes one token back.
    pub(crate) async fn revoke(&self, token: &str) -> Result<Revocation, Status> {
        let request = RevokeTokenRequest {
            token: token.to_owned(),
        };
        let response = self.identities().revoke_token(request).await?.into_inner();
        Ok(response.revocation.expect("a revocation"))
    }

    /// Takes back all that an identity has.
    pub(crate) async fn revoke_all(&self, identity: &str) -> Result<Revocation, Status> {
        let request = RevokeTokensRequest {
            identity_id: identity.to_owned(),
        };
        let response = self.identities().revoke_tokens(request).await?.into_inner();
        Ok(response.revocation.expect("a revocation"))
    }

    /// Makes a resource.
    pub(crate) async fn create_resource(
        &self,
        subscription: &str,
        name: &str,
    ) -> Result<CreateResourceResponse, Status> {
        let (subscription_id, name) = (subscription.to_owned(), name.to_owned());
        let request = CreateResourceRequest {
            subscription_id,
            name,
        };
        Ok(self.admin().create_resource(request).await?.into_inner())
    }

    /// Asks one question.
    pub(crate) async fn check(&self, request: CheckRequest) -> Result<Decision, Status> {
        let response = self.policy().check(request).await?.into_inner();
        Ok(response.decision.expect("a decision"))
    }

    /// Asks one question without a context.
    pub(crate) async fn decide(&self, token: &str, capability: Capability) -> Decision {
        let (token, capability) = (token.to_owned(), capability.into());
        let request = CheckRequest {
            token,
            capability,
            context: None,
            min_position: None,
        };
        self.check(request).await.expect("a decision")
    }

    /// Opens a stream of checks.
    pub(crate) async fn stream(
        &self,
    ) -> (Sender<StreamCheckRequest>, Streaming<StreamCheckResponse>) {
        let (questions, asked) = channel(8);
        let answers = self.policy().stream_check(ReceiverStream::new(asked)).await;
        (questions, answers.expect("a stream").into_inner())
    }

    /// What the authority knows about a token.
    pub(crate) async fn introspect(&self, token: &str) -> Result<IntrospectResponse, Status> {
        let request = IntrospectRequest {
            token: token.to_owned(),
        };
        Ok(self.policy().introspect(request).await?.into_inner())
    }

    /// Whether a token is good, and why not.
    pub(crate) async fn state(&self, token: &str) -> DecisionReason {
        let answer = self.introspect(token).await.expect("an answer");
        assert_eq!(
            answer.active,
            answer.reason() == DecisionReason::Allowed,
            "{answer:?}"
        );
        answer.reason()
    }

    /// Asks many questions about one token.
    pub(crate) async fn check_all(
        &self,
        token: &str,
        questions: &[(Capability, CheckContext)],
    ) -> Vec<Decision> {
        let checks = questions
            .iter()
            .map(|(capability, context)| BatchCheckItem {
                token_index: 0,
                capability: (*capability).into(),
                context: Some(context.clone()),
            });
        let (tokens, checks) = (vec![token.to_owned()], checks.collect());
        self.batch(BatchCheckRequest {
            tokens,
            checks,
            min_position: None,
        })
        .await
        .expect("decisions")
    }

    /// Asks a batch.
    pub(crate) async fn batch(&self, request: BatchCheckRequest) -> Result<Vec<Decision>, Status> {
        Ok(self
            .policy()
            .batch_check(request)
            .await?
            .into_inner()
            .decisions)
    }

    /// What a check says to each of these tokens, in batches as large as they may be.
    ///
    /// Whatever the answer is, it must be one: allowed exactly where the reason says so.
    pub(crate) async fn verdicts(&self, tokens: &[String]) -> Vec<DecisionReason> {
        let mut verdicts = Vec::with_capacity(tokens.len());
        for tokens in tokens.chunks(1000) {
            let checks = (0..).take(tokens.len()).map(|token_index| BatchCheckItem {
                token_index,
                capability: Capability::ListChatThreads.into(),
                context: None,
            });
            let (tokens, checks) = (tokens.to_vec(), checks.collect());
            let request = BatchCheckRequest {
                tokens,
                checks,
                min_position: None,
            };
            let decisions = self.batch(request).await.expect("decisions");
            for decision in &decisions {
                let allowed = decision.reason() == DecisionReason::Allowed;
                assert_eq!(decision.allowed, allowed, "{decision:?}");
            }
            verdicts.extend(decisions.iter().map(Decision::reason));
        }
        assert_eq!(verdicts.len(), tokens.len(), "an answer for each question");
        verdicts
    }
}

/// A request for a token of the default lifetime.
pub(crate) fn issue_request(identity: &str, names: &[&str]) -> IssueTokenRequest {
    let (identity_id, scopes) = (identity.to_owned(), scopes(names));
    IssueTokenRequest {
        identity_id,
        scopes,
        lifetime: None,
    }
}

/// What a first token of a new identity shall carry.
pub(crate) fn spec(names: &[&str]) -> TokenSpec {
    TokenSpec {
        scopes: scopes(names),
        lifetime: None,
    }
}

/// Scopes as requests carry them.
pub(crate) fn scopes(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}
