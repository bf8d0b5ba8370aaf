//! Who issues, revokes and asks.

use std::{collections::BTreeMap, time::Duration};

use lanyard_authority::IssuedToken;
use lanyard_token::IdentityId;

use crate::{
    event::Event,
    judge::{Asked, Target},
    links::Place,
    moment::Moment,
    point::Answer,
    world::{AUTHORITIES, CALENDARS_DIFFER, CALM_AT, NODES_DIFFER, POINTS, World},
};

/// The calls that have not returned.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    next: u64,
    issuing: BTreeMap<u64, (IdentityId, Moment)>,
    /// By the number of the judge's.
    revoking: BTreeMap<u64, (usize, Target)>,
}

impl World {
    /// Somebody asks for a token or revokes something, and the next call is not far.
    pub(crate) fn call(&mut self) {
        let is_early = self.now < Moment::START.after(Duration::from_secs(10));
        let (shortest, longest) = if is_early { (1, 2) } else { (8, 60) };
        let next = self
            .dice
            .between(Duration::from_secs(shortest), Duration::from_secs(longest));
        if self.now.after(next) < Moment::START.after(CALM_AT) {
            self.later(next, Event::Call);
        }
        let tenant = self.dice.index(self.founding.resources.len());
        let identities = &self.founding.resources[tenant].identities;
        let identity = identities[self.dice.index(identities.len())];
        match self.dice.below(10) {
            _ if is_early => self.issue(identity),
            0..=3 => self.issue(identity),
            4..=6 => self.revoke(Target::Identity(identity)),
            _ if self.judge.tokens() == 0 => {}
            _ => {
                let token = self.dice.index(self.judge.tokens());
                self.revoke(Target::Token(token));
            }
        }
    }

    /// Somebody asks for a token.
    pub(crate) fn issue(&mut self, identity: IdentityId) {
        let Some(authority) = self.somebody_on_duty() else {
            return;
        };
        let call = self.calls.number();
        self.calls.issuing.insert(call, (identity, self.now));
        self.authorities[authority].process.issue(call, identity);
        self.run_authority(authority);
    }

    /// A token is handed out, or not. All points are asked about it at once.
    pub(crate) fn issued(&mut self, call: u64, outcome: Option<IssuedToken>) {
        let Some((identity, begun)) = self.calls.issuing.remove(&call) else {
            return;
        };
        let Some(issued) = outcome else {
            self.report.not_issued += 1;
            return;
        };
        self.report.issued += 1;
        let token = self.judge.issued(issued.token, identity, begun);
        self.note(|| format!("token {token} is issued to {identity}"));
        for point in 0..POINTS {
            self.ask(point, token);
        }
    }

    /// A revocation has returned, or not. Half of the time a token of the same identity is asked for
    /// at once.
    pub(crate) fn revoked(&mut self, call: u64, is_done: bool) {
        let Some((number, target)) = self.calls.revoking.remove(&call) else {
            return;
        };
        if !is_done {
            self.report.failed += 1;
            return;
        }
        self.report.acknowledged += 1;
        let dead = self.judge.acknowledged(number, self.now);
        self.note(|| format!("call {number} has revoked {target:?}, and so {dead:?}"));
        for point in 0..POINTS {
            self.points[point].suspects.extend(&dead);
        }
        if let Target::Identity(identity) = target
            && self.dice.one_in(2)
        {
            self.later(Duration::ZERO, Event::Issue(identity));
        }
    }

    /// A backend asks about some tokens.
    pub(crate) fn check(&mut self, point: usize) {
        let next = self
            .dice
            .between(Duration::from_secs(2), Duration::from_secs(20));
        self.later(next, Event::Check(point));
        self.look_beside(point);
        for _ in 0..self.judge.tokens().min(ASKED_AT_ONCE) {
            let token = self.dice.index(self.judge.tokens());
            self.ask(point, token);
        }
    }

    /// Whether a point has a young list, where an authority in its reach has had one for long enough.
    fn look_beside(&mut self, point: usize) {
        let it = &self.points[point];
        it.machine.clocks.show(self.now);
        let (is_on, age) = (it.machine.is_on(), self.age(point));
        for number in 0..AUTHORITIES {
            let authority = &self.authorities[number];
            authority.machine.clocks.show(self.now);
            let boot = authority.machine.clocks.boot(self.now);
            let list_age = authority.process.list_age(boot);
            let is_in_reach = self
                .links
                .is_up(Place::Point(point), Place::Authority(number));
            let is_fresh = is_on
                && is_in_reach
                && authority.machine.is_on()
                && list_age.is_some_and(|age| age < YOUNG);
            let since = &mut self.points[point].fresh_since[number];
            *since = is_fresh.then_some(since.unwrap_or(self.now));
            let is_long = since.is_some_and(|since| self.now.since(since) > FRESHENS_WITHIN);
            if is_long && age.is_none_or(|age| age > FRESHENS_WITHIN) {
                self.judge.stays_stale(point, (self.now, age));
            }
        }
    }

    /// A backend asks just before the list of a point becomes too old, and just after.
    pub(crate) fn expiry(&mut self, point: usize) {
        let bound = self.terms.bound.as_duration();
        let age = self.age(point).unwrap_or(Duration::MAX);
        self.ask_about_suspects(point);
        let wait = bound.saturating_sub(age).saturating_sub(JUST_BEFORE);
        let is_over = age > bound;
        let next = if is_over {
            bound / 2
        } else {
            wait.max(JUST_BEFORE)
        };
        self.later(next, Event::Expiry(point));
    }

    /// Asks about every token that must be dead and was not refused by this point yet, or only about
    /// one while the point cannot tell.
    pub(crate) fn ask_about_suspects(&mut self, point: usize) {
        let suspects: Vec<usize> = self.points[point].suspects.iter().copied().collect();
        for token in suspects {
            if self.ask(point, token) == Some(Answer::Stale) {
                return;
            }
        }
    }

    /// Asks about every token.
    pub(crate) fn ask_about_all(&mut self, point: usize) {
        for token in 0..self.judge.tokens() {
            self.ask(point, token);
        }
    }

    /// Everything has worked for long enough: what do the points say?
    pub(crate) fn last_judgement(&mut self) {
        for point in 0..POINTS {
            for token in 0..self.judge.tokens() {
                if let Some((answer, asked)) = self.answer_of(point, token) {
                    self.judge.answered_at_last(token, answer, &asked);
                }
            }
        }
    }

    /// Somebody sets the calendar of a machine.
    pub(crate) fn set_calendar(&mut self, place: Place) {
        let mut dice = self.dice.apart();
        if let Place::Node(node) = place {
            self.step_clock(Place::Node(node), dice.around_zero(NODES_DIFFER));
        } else if let Some(machine) = self.machine(place) {
            machine.clocks.set_calendar(&mut dice, CALENDARS_DIFFER);
        }
    }

    /// The wall clock of a machine is stepped.
    pub(crate) fn step_clock(&mut self, place: Place, ahead: i64) {
        if let Place::Node(node) = place {
            self.nodes_ahead[node] = ahead;
        } else if let Some(machine) = self.machine(place) {
            machine.clocks.step(ahead);
        }
    }

    fn revoke(&mut self, target: Target) {
        let Some(authority) = self.somebody_on_duty() else {
            return;
        };
        let number = self.judge.revoking(target);
        let call = self.calls.number();
        self.calls.revoking.insert(call, (number, target));
        let process = &mut self.authorities[authority].process;
        match target {
            Target::Identity(identity) => process.revoke_all(call, identity),
            Target::Token(token) => {
                let token = self.judge.token(token);
                process.revoke(call, token.identity, token.text.clone());
            }
        }
        self.run_authority(authority);
    }

    /// An authority that is running.
    fn somebody_on_duty(&mut self) -> Option<usize> {
        let authority = self.dice.index(AUTHORITIES);
        let machine = &self.authorities[authority].machine;
        machine.clocks.show(self.now);
        machine.is_on().then_some(authority)
    }

    fn ask(&mut self, point: usize, token: usize) -> Option<Answer> {
        let (answer, asked) = self.answer_of(point, token)?;
        match answer {
            Answer::Accepted => self.report.accepted += 1,
            Answer::Revoked => {
                self.report.revoked += 1;
                self.points[point].suspects.remove(&token);
            }
            Answer::Stale => self.report.stale += 1,
            // The judge has something to say about that.
            Answer::Refused(_) => {}
        }
        self.judge.answered(token, answer, &asked);
        Some(answer)
    }

    /// What a point says about a token, if it is running.
    fn answer_of(&mut self, point: usize, token: usize) -> Option<(Answer, Asked)> {
        let it = &self.points[point];
        it.machine.clocks.show(self.now);
        let resource = self.judge.token(token).identity.resource();
        let now = it.machine.clocks.boot(self.now);
        let asked = Asked {
            point,
            at: self.now,
            age: it.point.age_for(resource, now),
            bound: self.terms.bound.as_duration(),
            is_informed: it.point.is_informed(),
            is_stepped: it.machine.clocks.is_stepped(),
        };
        let answer = it.point.ask(&self.judge.token(token).text);
        it.machine.is_on().then_some((answer, asked))
    }

    fn age(&self, point: usize) -> Option<Duration> {
        let it = &self.points[point];
        it.point.age(it.machine.clocks.boot(self.now))
    }
}

impl Calls {
    fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }
}

/// How old the list of an authority is that reads its log, at most.
const YOUNG: Duration = Duration::from_secs(30);
/// How long a point may take to find such an authority: one that pings seldom waits longest for a
/// silent connection.
const FRESHENS_WITHIN: Duration = Duration::from_mins(4);
/// How many tokens a backend asks about.
const ASKED_AT_ONCE: usize = 6;
/// How close to the bound a point is asked.
const JUST_BEFORE: Duration = Duration::from_millis(1);
