//! What was acknowledged, and whether it is there.

use std::fmt;

use lanyard_proto::v1::{Capability, CheckRequest, DecisionReason, Revocation};
use lanyard_token::Position;
use tonic::Code;

use super::{Credential, Server, eventually};

/// Everything that was acknowledged, of revocations, identities and rotations.
#[derive(Default)]
pub(crate) struct Ledger {
    /// Tokens that were taken back.
    pub(crate) dead: Vec<String>,
    /// The furthest position of those revocations. All are in one partition.
    pub(crate) furthest: Position,
    /// Identities that were made.
    pub(crate) identities: Vec<String>,
    /// The access key that a rotation made; none after one of which nobody knows the outcome.
    pub(crate) key: Option<Credential>,
    /// How many rotations there were.
    pub(crate) rotations: usize,
    /// Access keys that a rotation took out.
    pub(crate) retired: Vec<Credential>,
    /// How many calls were not acknowledged.
    pub(crate) unacknowledged: usize,
}

impl Ledger {
    /// How many calls were: revocations, identities and rotations.
    pub(crate) const fn acknowledged(&self) -> [usize; 3] {
        [self.dead.len(), self.identities.len(), self.rotations]
    }

    /// Notes that a token was taken back.
    pub(crate) fn add_dead(&mut self, token: String, revocation: &Revocation) {
        let position = revocation.position.parse().expect("a position");
        self.furthest = self.furthest.max(position);
        self.dead.push(token);
    }

    /// Waits until a server has heard of all the revocations, as anybody would who was told of them:
    /// whoever acknowledged one need not know it yet, and the other replica even less.
    pub(crate) async fn is_heard_by(&self, server: &Server) {
        let token = self.dead.last().expect("a revocation");
        let enforcer = server.enforcer();
        eventually("all revocations are heard of", async || {
            let request = CheckRequest {
                token: token.clone(),
                capability: Capability::ListChatThreads.into(),
                context: None,
                min_position: Some(self.furthest.to_string()),
            };
            enforcer.check(request).await.is_ok()
        })
        .await;
    }

    /// What a server does not know, or knows otherwise: dead tokens that live, identities that are not
    /// there, keys that are refused or taken although they should not be.
    pub(crate) async fn missing(&self, server: &Server) -> Missing {
        let verdicts = server.enforcer().verdicts(&self.dead).await;
        let lives = |verdict: &&DecisionReason| **verdict != DecisionReason::TokenRevoked;
        let mut known = server.primary().list_all().await;
        known.sort_unstable_by(|one, other| one.id.cmp(&other.id));
        let is_gone = |id: &&String| known.binary_search_by(|one| one.id.cmp(id)).is_err();
        let mut keys = 0;
        for (key, expected) in self.keys() {
            let answer = server.caller(key).list(1, "").await;
            let code = answer.map_or_else(|refusal| refusal.code(), |_| Code::Ok);
            keys += usize::from(code != expected);
        }
        Missing {
            revocations: verdicts.iter().filter(lives).count(),
            identities: self.identities.iter().filter(is_gone).count(),
            keys,
        }
    }

    fn keys(&self) -> impl Iterator<Item = (&Credential, Code)> {
        let retired = self.retired.iter().map(|key| (key, Code::Unauthenticated));
        retired.chain(self.key.iter().map(|key| (key, Code::Ok)))
    }
}

impl fmt::Display for Ledger {
    fn fmt(&self, form: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [revocations, identities, rotations] = self.acknowledged();
        write!(
            form,
            "{revocations} revocations, {identities} identities and {rotations} rotations were \
             acknowledged, {} calls were not",
            self.unacknowledged
        )
    }
}

/// How much of it is lost.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Missing {
    pub(crate) revocations: usize,
    pub(crate) identities: usize,
    pub(crate) keys: usize,
}

impl Missing {
    pub(crate) const NOTHING: Self = Self {
        revocations: 0,
        identities: 0,
        keys: 0,
    };
}
