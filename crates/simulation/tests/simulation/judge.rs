//! What was issued and revoked in true time, and whether what points answer may be answered.

use std::{collections::BTreeSet, fmt, time::Duration};

use lanyard_enforcer::Reason;
use lanyard_token::{IdentityId, PropagationBound, TokenRefusal};

use crate::{moment::Moment, point::Answer};

/// A promise of the design, as something that an answer can break.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Promise {
    /// Promise 2: nothing is accepted fifteen minutes after the call that revoked it has returned.
    Bound,
    /// What promise 2 rests on: a list that is so and so old has what was acknowledged before.
    Complete,
    /// A point whose list is older than its bound refuses.
    Fresh,
    /// A point that has not heard everything since it was started refuses.
    Informed,
    /// Promise 5: what was issued after an acknowledged revocation is not refused because of it, nor
    /// for anything else.
    IssueAfterRevoke,
    /// A point that reaches an authority with a young list has a young list itself before long.
    Freshens,
    /// Once everything works again, points accept what lives and refuse what was revoked: promise 3
    /// among others.
    Recovers,
}

impl Promise {
    /// Every one of them.
    pub(crate) const ALL: [Self; 7] = [
        Self::Bound,
        Self::Complete,
        Self::Fresh,
        Self::Informed,
        Self::IssueAfterRevoke,
        Self::Freshens,
        Self::Recovers,
    ];
}

/// A promise was broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Broken {
    /// Which.
    pub(crate) promise: Promise,
    /// When.
    pub(crate) at: Moment,
    /// How.
    pub(crate) how: String,
}

/// A token that was handed out.
#[derive(Clone, Debug)]
pub(crate) struct Issued {
    /// The token.
    pub(crate) text: String,
    /// Whose it is.
    pub(crate) identity: IdentityId,
    /// When it was asked for.
    begun: Moment,
}

/// What a call revokes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// Everything that an identity has.
    Identity(IdentityId),
    /// One token, by its number.
    Token(usize),
}

/// A call that revokes.
#[derive(Clone, Debug)]
struct Revoking {
    target: Target,
    /// When it returned, if it did and said that it is done.
    acknowledged: Option<Moment>,
    /// The tokens that had been handed out before it began: it must kill those.
    covers: BTreeSet<usize>,
    /// For how long after it had returned each point accepted one of them.
    delays: Vec<Duration>,
}

/// Who asks a point, and what its list is really like.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked {
    /// The point.
    pub(crate) point: usize,
    /// When.
    pub(crate) at: Moment,
    /// How old its list of the token's partition is, on a clock that runs on through suspend.
    pub(crate) age: Option<Duration>,
    /// For how long it may trust it.
    pub(crate) bound: Duration,
    /// Whether it has heard everything since it was started.
    pub(crate) is_informed: bool,
    /// Whether its wall clock is stepped, so that it may take a token for expired, or not valid yet.
    pub(crate) is_stepped: bool,
}

/// The one who knows everything.
#[derive(Debug)]
pub(crate) struct Judge {
    points: usize,
    tokens: Vec<Issued>,
    calls: Vec<Revoking>,
    broken: Vec<Broken>,
}

impl Judge {
    /// One over so many points.
    pub(crate) const fn new(points: usize) -> Self {
        Self {
            points,
            tokens: Vec::new(),
            calls: Vec::new(),
            broken: Vec::new(),
        }
    }

    /// A token is handed out that was asked for at some moment. Gives its number.
    pub(crate) fn issued(&mut self, text: String, identity: IdentityId, begun: Moment) -> usize {
        self.tokens.push(Issued {
            text,
            identity,
            begun,
        });
        self.tokens.len() - 1
    }

    /// A call to revoke begins. Gives its number.
    pub(crate) fn revoking(&mut self, target: Target) -> usize {
        let held = (0..).zip(&self.tokens);
        let covers = held.filter(|(number, token)| target.is(*number, token.identity));
        self.calls.push(Revoking {
            target,
            acknowledged: None,
            covers: covers.map(|(number, _)| number).collect(),
            delays: vec![Duration::ZERO; self.points],
        });
        self.calls.len() - 1
    }

    /// It has returned. Gives the tokens that must die.
    pub(crate) fn acknowledged(&mut self, call: usize, now: Moment) -> BTreeSet<usize> {
        let call = &mut self.calls[call];
        call.acknowledged = Some(now);
        call.covers.clone()
    }

    /// A token.
    pub(crate) fn token(&self, number: usize) -> &Issued {
        &self.tokens[number]
    }

    /// How many there are.
    pub(crate) fn tokens(&self) -> usize {
        self.tokens.len()
    }

    /// Whether a call that covers a token has returned.
    pub(crate) fn is_dead(&self, token: usize) -> bool {
        let covers = |call: &Revoking| call.acknowledged.is_some() && call.covers.contains(&token);
        self.calls.iter().any(covers)
    }

    /// A point has answered about a token.
    pub(crate) fn answered(&mut self, token: usize, answer: Answer, by: &Asked) {
        match answer {
            Answer::Accepted => self.accepted(token, by),
            Answer::Revoked => self.revoked(token, by),
            Answer::Refused(Reason::Token(TokenRefusal::Expired | TokenRefusal::NotYetValid))
                if by.is_stepped => {}
            Answer::Refused(reason) => {
                let how = format!("point {} refuses token {token}: {reason:?}", by.point);
                self.breaks(Promise::IssueAfterRevoke, by, how);
            }
            Answer::Stale => {}
        }
    }

    /// Everything works again, and a point has answered about a token.
    pub(crate) fn answered_at_last(&mut self, token: usize, answer: Answer, by: &Asked) {
        self.answered(token, answer, by);
        let is_right = match answer {
            Answer::Accepted => !self.is_dead(token),
            // Whether it may refuse that was looked at already.
            Answer::Revoked | Answer::Refused(_) => true,
            Answer::Stale => false,
        };
        if !is_right {
            let how = format!("point {} says {answer:?} of token {token}", by.point);
            self.breaks(Promise::Recovers, by, how);
        }
    }

    /// A point has an old list although an authority with a young one was in its reach all the time.
    pub(crate) fn stays_stale(&mut self, point: usize, (at, age): (Moment, Option<Duration>)) {
        let how = format!("the list of point {point} is {age:?} old beside a fresh authority");
        let promise = Promise::Freshens;
        self.broken.push(Broken { promise, at, how });
    }

    /// What was broken first, of some promises.
    pub(crate) fn broken(&self, asked: &[Promise]) -> Option<&Broken> {
        self.broken.iter().find(|one| asked.contains(&one.promise))
    }

    /// For how long each point accepted what each acknowledged call had revoked.
    pub(crate) fn delays(&self) -> impl Iterator<Item = Duration> + '_ {
        let done = self.calls.iter().filter(|call| call.acknowledged.is_some());
        let telling = done.filter(|call| !call.covers.is_empty());
        telling.flat_map(|call| call.delays.iter().copied())
    }

    fn accepted(&mut self, token: usize, by: &Asked) {
        let point = by.point;
        let age = by.age.unwrap_or(Duration::MAX);
        if age > by.bound {
            let how = format!("point {point} accepts token {token} from a list {age:?} old");
            self.breaks(Promise::Fresh, by, how);
        }
        if !by.is_informed {
            let how = format!("point {point} accepts token {token} and has heard nothing");
            self.breaks(Promise::Informed, by, how);
        }
        let mut broken = Vec::new();
        for (number, call) in self.calls.iter_mut().enumerate() {
            let Some(acknowledged) = call.acknowledged.filter(|_| call.covers.contains(&token))
            else {
                continue;
            };
            let delay = by.at.since(acknowledged);
            call.delays[point] = call.delays[point].max(delay);
            let how = || {
                format!(
                    "point {point} accepts token {token} {delay:?} after call {number} had \
                     revoked it, from a list {age:?} old"
                )
            };
            if delay > PropagationBound::MAX.as_duration() {
                broken.push((Promise::Bound, how()));
            }
            if delay > age.saturating_add(age / CLOCKS_DIFFER).saturating_add(TICK) {
                broken.push((Promise::Complete, how()));
            }
        }
        for (promise, how) in broken {
            self.breaks(promise, by, how);
        }
    }

    /// A refusal is right if a call revokes the token that had not returned when it was asked for.
    fn revoked(&mut self, token: usize, by: &Asked) {
        let Issued {
            identity, begun, ..
        } = self.tokens[token];
        let may_kill = |call: &Revoking| {
            let was_over = call.acknowledged.is_some_and(|moment| moment <= begun);
            call.target.is(token, identity) && !was_over
        };
        if !self.calls.iter().any(may_kill) {
            let how = format!("point {} refuses token {token} as revoked", by.point);
            self.breaks(Promise::IssueAfterRevoke, by, how);
        }
    }

    fn breaks(&mut self, promise: Promise, by: &Asked, how: String) {
        let at = by.at;
        self.broken.push(Broken { promise, at, how });
    }
}

impl Target {
    fn is(self, token: usize, identity: IdentityId) -> bool {
        match self {
            Self::Identity(revoked) => revoked == identity,
            Self::Token(revoked) => revoked == token,
        }
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}: {}", self.at, self.promise, self.how)
    }
}

/// Ages that were measured on two machines may be too small by one part in this many, and a little:
/// the clocks of the simulation differ by one in fifty at most.
const CLOCKS_DIFFER: u32 = 40;
/// What is lost to clocks that show whole milliseconds or less.
const TICK: Duration = Duration::from_millis(1);
