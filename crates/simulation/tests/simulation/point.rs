//! An enforcement point: the real follower and the real enforcer, driven as the real client of the
//! feed drives them.

use std::{sync::Arc, time::Duration};

use lanyard_enforcer::{
    Answered, Backoff, Break, Change, CheckError, Enforcer, FeedStatus, Follower, Known, Outcome,
    Pace, Question, Reason, Role, Selection,
};
use lanyard_policy::{Capability, Context};
use lanyard_proto::v1::{
    WatchRequest, WatchResponse, watch_request::Message as Asked, watch_response::Message,
};
use lanyard_revocation::{FreshnessBound, PartitionId, View};
use lanyard_token::{BootTime, Clock as _, Position, ResourceId, Verifier};

use crate::{
    clocks::{Behind, Shown},
    dice::Dice,
    founding::{audience, issuer},
    storage::PARTITIONS,
    weakness::Weakness,
    world::AUTHORITIES,
};

/// What all points of a world have in common.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms {
    /// For how long a list is trusted.
    pub(crate) bound: FreshnessBound,
    /// How often to ask.
    pub(crate) pace: Pace,
    /// What is done wrongly.
    pub(crate) weakness: Option<Weakness>,
}

/// The process of a point.
#[derive(Debug)]
pub(crate) struct Point {
    terms: Terms,
    clock: Shown,
    known: Known,
    follower: Follower,
    status: Arc<FeedStatus>,
    enforcer: Enforcer<Behind>,
    backoff: Backoff,
    selection: Selection,
    /// The follower of the candidate, if one is tried.
    candidate: Option<Follower>,
    /// When the connection was begun.
    connected_at: BootTime,
    /// Whether this connection has answered a ping.
    has_worked: bool,
    /// Whether this process has ever heard everything.
    is_informed: bool,
}

/// What a point says about a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// It may.
    Accepted,
    /// It was revoked.
    Revoked,
    /// The list is too old to tell.
    Stale,
    /// It is refused for something else.
    Refused(Reason),
}

/// What a message was, for those who count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// The watch goes on from the cursor.
    Resumed,
    /// The last part of a snapshot.
    Snapshot,
    /// The answer to a ping.
    Heartbeat,
    /// Anything else.
    Other,
}

impl Point {
    /// One that has just been started, and knows nothing.
    pub(crate) fn new(terms: Terms, clock: Shown) -> Self {
        let (known, status) = (Known::nothing(), Arc::<FeedStatus>::default());
        Self {
            follower: Follower::new(known.clone(), terms.pace, Arc::clone(&status)),
            enforcer: enforcer(&terms, &known, &clock),
            backoff: Backoff::new(),
            selection: Selection::new(AUTHORITIES, terms.pace.stale_after),
            candidate: None,
            connected_at: BootTime::default(),
            has_worked: false,
            is_informed: false,
            terms,
            clock,
            known,
            status,
        }
    }

    /// The process is started anew. It knows nothing, whatever it knew.
    pub(crate) fn restart(&mut self) {
        let before = self.known.view().cloned();
        *self = Self::new(self.terms, self.clock.clone());
        if let Some(before) = before
            && self.terms.weakness == Some(Weakness::FreshnessOutlivesTheList)
        {
            self.forget_all_but_freshness(&before);
        }
    }

    /// A connection is there: what to send first.
    pub(crate) fn connect(&mut self) -> Vec<WatchRequest> {
        self.connected_at = self.now();
        self.has_worked = false;
        self.follower.connect(self.connected_at)
    }

    /// The connection to a candidate is there: what to send first.
    pub(crate) fn connect_candidate(&mut self) -> Vec<WatchRequest> {
        let now = self.now();
        let candidate = self.candidate.as_mut();
        candidate.map(|one| one.connect(now)).unwrap_or_default()
    }

    /// The address that is followed.
    pub(crate) const fn address(&self) -> usize {
        self.selection.current()
    }

    /// The address to try beside it, if it is time.
    pub(crate) fn try_another(&mut self) -> Option<usize> {
        if !self.leaves_stale_ones() {
            return None;
        }
        let address = self.selection.try_next(self.now())?;
        self.candidate = Some(self.follower.candidate());
        self.follower.set_role(Role::Current);
        Some(address)
    }

    /// Whether a candidate is tried.
    pub(crate) const fn has_candidate(&self) -> bool {
        self.candidate.is_some()
    }

    /// The connection is lost. Whether that of the candidate takes its place.
    pub(crate) fn lose(&mut self) -> bool {
        self.follower.set_role(Role::Only);
        let (next, candidate) = (self.selection.current_lost(), self.candidate.take());
        match (next, candidate) {
            (None, Some(candidate)) => {
                self.follow(candidate);
                true
            }
            (None | Some(_), _) => false,
        }
    }

    /// The connection to the candidate is lost, or given up.
    pub(crate) fn lose_candidate(&mut self, dice: &mut Dice) {
        self.candidate = None;
        self.follower.set_role(Role::Only);
        self.selection.candidate_lost(self.now(), dice);
    }

    fn follow(&mut self, mut candidate: Follower) {
        candidate.set_role(Role::Only);
        self.follower = candidate;
        self.has_worked = true;
    }

    /// How long after the connection is lost the next is tried.
    pub(crate) fn wait(&mut self, dice: &mut Dice) -> Duration {
        if std::mem::take(&mut self.has_worked) {
            self.backoff.reset();
        }
        self.backoff.wait(dice)
    }

    /// In how long it is to be woken at the latest.
    pub(crate) fn due_in(&self) -> Duration {
        let due = self.selection.due().filter(|_| self.leaves_stale_ones());
        let due = due.unwrap_or_else(|| self.follower.due());
        self.follower.due().min(due).since(self.now())
    }

    /// The same for the candidate.
    pub(crate) fn candidate_due_in(&self) -> Duration {
        let due = self.candidate.as_ref().map(Follower::due);
        due.unwrap_or_default().since(self.now())
    }

    /// It is woken for its candidate.
    pub(crate) fn tick_candidate(&mut self) -> Result<Option<WatchRequest>, Break> {
        let now = self.now();
        self.candidate
            .as_mut()
            .map_or(Ok(None), |one| one.tick(now))
    }

    /// A message comes from the candidate. Whether it takes the place of the connection, or is
    /// dropped, once it has answered.
    pub(crate) fn receive_candidate(
        &mut self,
        response: &WatchResponse,
        dice: &mut Dice,
    ) -> Result<Option<Outcome>, Break> {
        let now = self.now();
        let Some(candidate) = self.candidate.as_mut() else {
            return Ok(Some(Outcome::Dropped));
        };
        candidate.receive(response, now)?;
        let Some(Answered { age }) = candidate.take_answer() else {
            return Ok(None);
        };
        let outcome = self.selection.candidate_answered(age, now, dice);
        let candidate = self.candidate.take();
        self.follower.set_role(Role::Only);
        if let (Outcome::Switched, Some(candidate)) = (outcome, candidate) {
            self.follow(candidate);
        }
        Ok(Some(outcome))
    }

    /// It is woken.
    pub(crate) fn tick(&mut self) -> Result<Option<WatchRequest>, Break> {
        self.follower.tick(self.now())
    }

    /// A message comes.
    pub(crate) fn receive(&mut self, response: &WatchResponse) -> Result<Heard, Break> {
        let snapshots = self.status.snapshots();
        let begins = matches!(&response.message, Some(Message::Started(one)) if !one.resumed);
        if begins && self.terms.weakness == Some(Weakness::SnapshotReplaces) {
            self.replace_list();
        }
        self.follower.receive(response, self.now())?;
        if let Some(Answered { age }) = self.follower.take_answer()
            && self.selection.current_answered(age, self.now()) == Some(Change::Fresh)
        {
            self.candidate = None;
            self.follower.set_role(Role::Only);
        }
        match &response.message {
            Some(Message::Heartbeat(heartbeat)) => {
                self.has_worked = true;
                let age = heartbeat.age.and_then(|age| Duration::try_from(age).ok());
                if let Some(age) = age.filter(|_| self.counts_from_arrival()) {
                    self.confirm(self.now().saturating_sub(age));
                }
                Ok(Heard::Heartbeat)
            }
            Some(Message::Started(started)) if started.resumed => Ok(Heard::Resumed),
            _ if self.status.snapshots() > snapshots => {
                self.is_informed = true;
                Ok(Heard::Snapshot)
            }
            _ => Ok(Heard::Other),
        }
    }

    /// Somebody asks what a token may.
    pub(crate) fn ask(&self, token: &str) -> Answer {
        let question = Question {
            capability: Capability::CreateChatThread,
            context: Context::default(),
        };
        match self
            .enforcer
            .check(&self.enforcer.examine(token), &question)
        {
            Ok(decision) if decision.verdict.is_allowed() => Answer::Accepted,
            Ok(decision) if decision.verdict.reason == Reason::Revoked => Answer::Revoked,
            Ok(decision) => Answer::Refused(decision.verdict.reason),
            Err(CheckError::Stale(_) | CheckError::Clock(_)) => Answer::Stale,
        }
    }

    /// How old its list is by another clock: that of the slowest partition.
    pub(crate) fn age(&self, now: BootTime) -> Option<Duration> {
        self.known.view()?.age(now)
    }

    /// How old its list of a resource's partition is by another clock.
    pub(crate) fn age_for(&self, resource: ResourceId, now: BootTime) -> Option<Duration> {
        self.known.view()?.age_for(resource, now)
    }

    /// Whether this process has ever heard everything.
    pub(crate) const fn is_informed(&self) -> bool {
        self.is_informed
    }

    /// How it goes.
    pub(crate) fn status(&self) -> &FeedStatus {
        &self.status
    }

    fn now(&self) -> BootTime {
        self.clock.boot().expect("simulated clocks can be read")
    }

    fn confirm(&self, as_of: BootTime) {
        let Some(view) = self.known.view() else {
            return;
        };
        for partition in PartitionId::all(PARTITIONS) {
            let confirmed = view.confirm(partition, Position::ZERO, as_of);
            confirmed.expect("the partition is there");
        }
    }

    fn leaves_stale_ones(&self) -> bool {
        self.terms.weakness != Some(Weakness::StaysWithStaleAuthorities)
    }

    fn counts_from_arrival(&self) -> bool {
        self.terms.weakness == Some(Weakness::FreshFromArrival)
    }

    /// Weakened: what was known goes before a snapshot comes, and the connection goes on.
    fn replace_list(&mut self) {
        let Some(before) = self.known.view().cloned() else {
            return;
        };
        let opened = self.follower.connect(self.connected_at);
        let wanted = nonce(&opened) - 1;
        self.forget_all_but_freshness(&before);
        while nonce(&self.follower.connect(self.connected_at)) < wanted {}
    }

    /// Weakened: a new list, as fresh as the one before.
    fn forget_all_but_freshness(&mut self, before: &View) {
        let list = View::new(PARTITIONS);
        list.set_keys((*before.keys()).clone());
        self.known = Known::from(Arc::new(list));
        if let Some(age) = before.age(self.now()) {
            self.confirm(self.now().saturating_sub(age));
        }
        let status = Arc::clone(&self.status);
        self.follower = Follower::new(self.known.clone(), self.terms.pace, status);
        self.enforcer = enforcer(&self.terms, &self.known, &self.clock);
    }
}

fn enforcer(terms: &Terms, known: &Known, clock: &Shown) -> Enforcer<Behind> {
    let too_long = terms.weakness == Some(Weakness::SixteenMinutes);
    let clock = Behind {
        clock: clock.clone(),
        by: Duration::from_mins(if too_long { 2 } else { 0 }),
    };
    let verifier = Verifier::new(issuer(), audience());
    Enforcer::new(known.clone(), verifier, terms.bound, clock).remembering(REMEMBERED)
}

fn nonce(requests: &[WatchRequest]) -> u64 {
    let last = requests.last().and_then(|request| request.message.as_ref());
    match last {
        Some(Asked::Ping(ping)) => ping.nonce,
        Some(Asked::Cursor(_)) | None => panic!("a connection begins with a ping"),
    }
}

/// More than the tokens of a world.
const REMEMBERED: usize = 1000;
