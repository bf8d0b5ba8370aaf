//! A world: everything that is simulated, and the order in which it happens.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use lanyard_enforcer::Pace;
use lanyard_revocation::{FreshnessBound, RETENTION};
use lanyard_token::UnixTime;

use crate::{
    agenda::Agenda,
    clocks::{CALENDAR_AT_START, Clocks},
    connection::Connection,
    dice::Dice,
    event::Event,
    faults,
    founding::Founding,
    judge::{Broken, Judge, Promise},
    links::{Links, Place},
    machine::{Machine, Power},
    moment::Moment,
    people::Calls,
    point::{Point, Terms},
    process::Process,
    report::Report,
    storage::{Engine, NODES, Storage},
    weakness::Weakness,
};

/// Everything that there is.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) now: Moment,
    pub(crate) dice: Dice,
    pub(crate) links: Links,
    pub(crate) storage: Storage,
    pub(crate) authorities: Vec<Authority>,
    pub(crate) points: Vec<Watcher>,
    pub(crate) connections: BTreeMap<u64, Connection>,
    /// How many connections were tried.
    pub(crate) tried: u64,
    pub(crate) calls: Calls,
    pub(crate) judge: Judge,
    pub(crate) report: Report,
    pub(crate) terms: Terms,
    pub(crate) founding: &'static Founding,
    /// How often an authority reads the log.
    pub(crate) reads_every: Duration,
    /// How far ahead of time the calendars of the nodes are, or behind.
    pub(crate) nodes_ahead: Vec<i64>,
    agenda: Agenda<Event>,
    /// What has happened, if somebody wants to know.
    notes: Option<Vec<Note>>,
}

/// An authority and its machine.
#[derive(Debug)]
pub(crate) struct Authority {
    pub(crate) machine: Machine<Event>,
    pub(crate) process: Process,
    /// Whether it is to read again as soon as it has read.
    pub(crate) is_behind: bool,
}

/// An enforcement point and its machine.
#[derive(Debug)]
pub(crate) struct Watcher {
    pub(crate) machine: Machine<Event>,
    pub(crate) point: Point,
    /// Its connection, once that is under way.
    pub(crate) connection: Option<u64>,
    /// The connection to a candidate beside it.
    pub(crate) candidate: Option<u64>,
    /// The authority that is the first of its addresses.
    pub(crate) first: usize,
    /// Since when each authority was in its reach, with a young list.
    pub(crate) fresh_since: [Option<Moment>; AUTHORITIES],
    /// The timer that counts. Those before it are forgotten.
    pub(crate) timer: u64,
    /// Dead tokens that it has not yet refused as revoked.
    pub(crate) suspects: BTreeSet<usize>,
}

/// Something that has happened.
#[derive(Debug)]
pub(crate) struct Note {
    /// Whether it is one of the things that make a world what it is: faults, calls, connections lost.
    pub(crate) is_telling: bool,
    /// When and what.
    pub(crate) text: String,
}

/// How a world ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// What happened in it.
    pub(crate) report: Report,
    /// What was broken in it.
    pub(crate) broken: Option<Broken>,
    /// Everything that happened, if somebody wanted to know.
    pub(crate) notes: Vec<Note>,
}

/// Lives through the world of a seed, up to its end or to the first of these promises that is broken.
pub(crate) fn live(
    seed: u64,
    weakness: Option<Weakness>,
    (promises, is_told): (&[Promise], bool),
) -> Ended {
    let mut world = World::new(seed, weakness);
    world.notes = is_told.then(Vec::new);
    while let Some((at, event)) = world.agenda.next() {
        if at > Moment::START.after(ENDS_AT) || world.judge.broken(promises).is_some() {
            break;
        }
        world.now = at;
        world.happens(event);
    }
    world.last_judgement();
    world.end(promises)
}

impl World {
    fn new(seed: u64, weakness: Option<Weakness>) -> Self {
        let mut dice = Dice::new(seed);
        let terms = terms(&mut dice, weakness);
        let engine = dice.pick(&[Engine::WaitForOne, Engine::WaitForAll]);
        let founding = Founding::shared();
        let inherited = inherited(&mut dice);
        let mut world = Self {
            now: Moment::START,
            links: Links::default(),
            storage: Storage::new(engine, &inherited),
            authorities: (0..AUTHORITIES)
                .map(|_| Authority::new(&mut dice, founding, weakness))
                .collect(),
            points: (0..POINTS)
                .map(|_| Watcher::new(&mut dice, terms))
                .collect(),
            connections: BTreeMap::new(),
            tried: 0,
            calls: Calls::default(),
            judge: Judge::new(POINTS),
            report: Report::default(),
            reads_every: reads_every(&mut dice, &terms),
            nodes_ahead: (0..NODES).map(|_| dice.around_zero(NODES_DIFFER)).collect(),
            agenda: Agenda::new(),
            notes: None,
            dice,
            terms,
            founding,
        };
        world.begin();
        world
    }

    fn begin(&mut self) {
        for authority in 0..AUTHORITIES {
            self.start_authority(authority);
        }
        for point in 0..POINTS {
            self.start_point(point);
            self.later(Duration::from_secs(1), Event::Check(point));
            self.later(Duration::from_secs(1), Event::Expiry(point));
        }
        self.later(Duration::from_secs(1), Event::Call);
        for (at, event) in faults::plan(&mut self.dice) {
            self.agenda.add(at, event);
        }
        self.agenda.add(Moment::START.after(CALM_AT), Event::Calm);
    }

    /// Something is to happen, so much later.
    pub(crate) fn later(&mut self, wait: Duration, event: Event) {
        self.agenda.add(self.now.after(wait), event);
    }

    /// How long a message takes.
    pub(crate) fn delay(&mut self) -> Duration {
        let longest = match self.dice.below(1000) {
            _ if self.now > Moment::START.after(CALM_AT) => Duration::from_millis(4),
            0..=3 => Duration::from_secs(9),
            4..=40 => Duration::from_millis(400),
            _ => Duration::from_millis(4),
        };
        self.dice.between(longest / 20, longest)
    }

    /// Remembers something that makes this world what it is, for who wants to know.
    pub(crate) fn note(&mut self, what: impl FnOnce() -> String) {
        self.remember(true, what);
    }

    fn remember(&mut self, is_telling: bool, what: impl FnOnce() -> String) {
        if let Some(notes) = &mut self.notes {
            let text = format!("{} {}", self.now, what());
            notes.push(Note { is_telling, text });
        }
    }

    /// What the calendar of a node shows.
    pub(crate) fn node_time(&self, node: usize) -> UnixTime {
        let start = i64::try_from(CALENDAR_AT_START.as_millis()).expect("in this era");
        let elapsed = i64::try_from(self.now.elapsed().as_millis()).expect("hours");
        let shown = start + elapsed + self.nodes_ahead[node];
        UnixTime::from_millis(u64::try_from(shown).expect("after the epoch"))
    }

    fn happens(&mut self, event: Event) {
        self.remember(event.is_telling(), || format!("{event:?}"));
        let (whose, now) = (self.whose(&event), self.now);
        if let Some(machine) = whose.and_then(|place| self.machine(place)) {
            machine.clocks.show(now);
            match (machine.power(), &event) {
                // It is the process that is stopped: the machine goes on taking in what comes.
                (Power::On, _) | (Power::Stopped, Event::Down(_)) => {}
                (Power::Stopped | Power::Suspended(_), _) => return machine.hold(event),
                (Power::Off, _) => return,
            }
        }
        self.report.events += 1;
        self.act(event);
        if let Some(Place::Point(point)) = whose {
            self.ask_about_suspects(point);
        }
    }

    fn act(&mut self, event: Event) {
        match event {
            Event::ToStore(place, asker, command) => self.request_arrives(place, asker, *command),
            Event::FromStore(place, asker, answer) => self.answer_arrives(place, asker, *answer),
            Event::NoAnswer(asker) => self.no_answer(asker),
            Event::Replicate(node) => self.replicate(node),
            Event::Named => self.named(),
            Event::Follow(node) => self.follow(node),
            Event::ReadOn(authority, run) => self.read_on(authority, run),
            Event::Tidy(authority, run) => self.tidy(authority, run),
            Event::Start(place) => self.start(place),
            Event::Wake(point, number) => self.wake(point, number),
            Event::Opened(connection) => self.opened(connection),
            Event::Up(connection) => self.up(connection),
            Event::Down(connection) => self.down(connection),
            Event::Read(connection) => self.read(connection),
            Event::Call => self.call(),
            Event::Issue(identity) => self.issue(identity),
            Event::Check(point) => self.check(point),
            Event::Expiry(point) => self.expiry(point),
            Event::Fault(fault, length) => self.fault(fault, length),
            Event::Over(fault) => self.over(&fault),
            Event::Calm => self.calm(),
        }
    }

    /// On whose machine it happens. What backends ask of points and what starts a process is not held
    /// back by a machine that does nothing; who acts sees to that.
    fn whose(&self, event: &Event) -> Option<Place> {
        let connection = |number: &u64| self.connections.get(number);
        match event {
            Event::FromStore(_, asker, _) | Event::NoAnswer(asker) => {
                Some(Place::Authority(asker.authority))
            }
            Event::ReadOn(authority, _) | Event::Tidy(authority, _) => {
                Some(Place::Authority(*authority))
            }
            Event::Wake(point, _) => Some(Place::Point(*point)),
            Event::Opened(number) | Event::Down(number) | Event::Read(number) => {
                connection(number).map(|one| Place::Point(one.point))
            }
            Event::Up(number) => connection(number).map(|one| Place::Authority(one.authority)),
            _ => None,
        }
    }

    /// The machine of an authority or a point.
    pub(crate) fn machine(&mut self, place: Place) -> Option<&mut Machine<Event>> {
        match place {
            Place::Authority(authority) => Some(&mut self.authorities[authority].machine),
            Place::Point(point) => Some(&mut self.points[point].machine),
            Place::Node(_) | Place::Register => None,
        }
    }

    fn end(mut self, promises: &[Promise]) -> Ended {
        self.report.worlds = 1;
        self.report.saw(self.judge.delays());
        for point in 0..POINTS {
            self.count_feed(point);
        }
        Ended {
            broken: self.judge.broken(promises).cloned(),
            report: self.report,
            notes: self.notes.unwrap_or_default(),
        }
    }
}

impl Authority {
    fn new(dice: &mut Dice, founding: &Founding, weakness: Option<Weakness>) -> Self {
        let clocks = Clocks::new(dice, CALENDARS_DIFFER, false);
        let shown = clocks.shown();
        Self {
            machine: Machine::new(clocks),
            process: Process::new(founding, (&shown, dice.apart()), weakness),
            is_behind: false,
        }
    }
}

impl Watcher {
    fn new(dice: &mut Dice, terms: Terms) -> Self {
        let stops = terms.weakness == Some(Weakness::ClockStopsInSuspend);
        let clocks = Clocks::new(dice, CALENDARS_DIFFER, stops);
        let shown = clocks.shown();
        Self {
            machine: Machine::new(clocks),
            point: Point::new(terms, shown),
            connection: None,
            candidate: None,
            first: dice.index(AUTHORITIES),
            fresh_since: [None; AUTHORITIES],
            timer: 0,
            suspects: BTreeSet::new(),
        }
    }
}

/// Most points trust their lists for as long as they may. Some ping as slowly as a quarter of a
/// minute, which makes longer histories of the same number of events.
fn terms(dice: &mut Dice, weakness: Option<Weakness>) -> Terms {
    let bound = if dice.one_in(4) && weakness.is_none() {
        let bound = dice.between(Duration::from_secs(1), FreshnessBound::MAX.as_duration());
        FreshnessBound::from_duration(bound).expect("within its ends")
    } else {
        FreshnessBound::MAX
    };
    let pace = Pace::from(bound);
    let slower = if bound == FreshnessBound::MAX {
        dice.pick(&[1, 4, 8, 8])
    } else {
        1
    };
    Terms {
        bound,
        pace: Pace {
            ping_every: pace.ping_every * slower,
            silence: pace.silence * slower,
            stale_after: pace.stale_after * slower,
        },
        weakness,
    }
}

/// Some authorities read as often as the real ones do, and most less often, for the same reason: as
/// seldom as the points can do with.
fn reads_every(dice: &mut Dice, terms: &Terms) -> Duration {
    let as_real = Duration::from_millis(250);
    let seldom = if dice.one_in(16) {
        as_real
    } else {
        dice.pick(&[2, 5, 10].map(Duration::from_secs))
    };
    seldom.min(terms.bound.as_duration() / 4).max(as_real)
}

/// When what is in the log from the day before was appended: it passes its time in this world.
fn inherited(dice: &mut Dice) -> Vec<UnixTime> {
    let mut expires: Vec<Duration> = (0..dice.below(7))
        .map(|_| dice.between(Duration::from_mins(6), ENDS_AT))
        .collect();
    expires.sort_unstable();
    let appended = |expires: Duration| {
        let then = CALENDAR_AT_START.saturating_add(expires);
        then.saturating_sub(RETENTION)
    };
    expires.into_iter().map(appended).collect()
}

/// How many replicas the authority has.
pub(crate) const AUTHORITIES: usize = 2;
/// How many enforcement points there are.
pub(crate) const POINTS: usize = 3;
/// Up to then things go wrong.
pub(crate) const CALM_AT: Duration = Duration::from_mins(42);
/// Then everything has worked for long enough to have recovered.
const ENDS_AT: Duration = Duration::from_mins(46);
/// How far the calendars of authorities and points are off: together less than the leeway.
pub(crate) const CALENDARS_DIFFER: Duration = Duration::from_secs(25);
/// How far those of the nodes are, in milliseconds. Nothing is issued where they differ more.
pub(crate) const NODES_DIFFER: u32 = 5_000;
