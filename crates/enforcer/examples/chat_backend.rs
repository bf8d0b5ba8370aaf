//! A chat backend that protects its own gRPC service: every call must bring an access token that may
//! do what the call does. It asks nobody; it follows the authority's feed and decides by itself.
//!
//! With an authority on this machine, and the id and the secret of its `enforcer` credential from
//! `lanyard-data/bootstrap.json`:
//!
//! ```text
//! cargo run -p lanyard-enforcer --example chat_backend -- ID SECRET
//! ```
//!
//! The service that it protects is the standard health service, in place of one's own.
#![expect(
    clippy::expect_used,
    reason = "an example says what it expects and stops where it is not so"
)]

use std::{env, sync::Arc};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use lanyard_enforcer::{
    Enforcer, Feed, FeedCredential, FeedSettings, Follower, Known, Question, SystemChance,
};
use lanyard_policy::{Capability, Context};
use lanyard_revocation::FreshnessBound;
use lanyard_token::{SystemClock, Verifier};
use tonic::{Request, Status, service::Interceptor, transport::Server};

/// Lets calls pass whose token may do what the service does.
#[derive(Clone)]
struct Protect {
    enforcer: Arc<Enforcer<SystemClock>>,
    capability: Capability,
}

impl Interceptor for Protect {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        let header = request.metadata().get("authorization");
        let bearer = header.and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
        let bearer = bearer.ok_or_else(|| Status::unauthenticated("an access token is missing"))?;
        let token = self.enforcer.examine(bearer);
        let question = Question {
            capability: self.capability,
            context: Context::default(),
        };
        // An error is never a yes: a list that may lack a revocation decides nothing.
        let decision = self.enforcer.check(&token, &question);
        let decision = decision.map_err(|error| Status::unavailable(error.to_string()))?;
        if !decision.verdict.is_allowed() {
            let reason = decision.verdict.reason;
            return Err(Status::permission_denied(format!("{reason:?}")));
        }
        // A method with a long answer takes this out and ends when its token does:
        // `tokio::select! { reason = watch.dead() => ..., done = answer => ... }`.
        let watch = self.enforcer.watch_token(&token);
        request.extensions_mut().insert(watch);
        Ok(request)
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    tracing_subscriber::fmt().init();
    let mut arguments = env::args().skip(1);
    let id = arguments.next().expect("the id of the credential");
    let secret = arguments.next().expect("the secret of the credential");
    let secret = BASE64_STANDARD.decode(secret)?.into();
    let credential = FeedCredential::new(id.parse()?, secret);

    let bound = FreshnessBound::MAX;
    let known = Known::nothing();
    let follower = Follower::new(known.clone(), bound.into(), Arc::default());
    let settings = FeedSettings::new(["http://127.0.0.1:7400"], credential)?;
    tokio::spawn(Feed::new(settings, follower, SystemClock, SystemChance).follow());

    let verifier = Verifier::new("lanyard".parse()?, "lanyard-access".parse()?);
    let protect = Protect {
        enforcer: Arc::new(Enforcer::new(known, verifier, bound, SystemClock)),
        capability: Capability::CreateMessage,
    };
    let (_reporter, health) = tonic_health::server::health_reporter();
    Server::builder()
        .layer(tonic::service::InterceptorLayer::new(protect))
        .add_service(health)
        .serve("127.0.0.1:7500".parse()?)
        .await?;
    Ok(())
}
