//! What goes wrong, and when.

use std::time::Duration;

use crate::{
    dice::Dice,
    event::{Event, Fault},
    links::{Link, Place},
    machine::Power,
    moment::Moment,
    storage::NODES,
    world::{AUTHORITIES, CALM_AT, POINTS, World},
};

/// Everything that goes wrong in one world.
pub(crate) fn plan(dice: &mut Dice) -> Vec<(Moment, Event)> {
    let faults = 6 + dice.below(12);
    let at = |dice: &mut Dice| Moment::START.after(dice.between(FIRST, CALM_AT));
    let mut plan = Vec::new();
    for _ in 0..faults {
        let at = at(dice);
        plan.push((at, Event::Fault(fault(dice), length(dice))));
        match dice.below(12) {
            0 | 1 => plan.extend(moved_away(dice, at)),
            2 => plan.extend(deposed(dice, at)),
            3 | 4 => plan.push(stepped(dice, at)),
            _ => {}
        }
    }
    plan
}

/// A point is stopped, as when its machine is moved elsewhere, and wakes up where it reaches nobody.
fn moved_away(dice: &mut Dice, at: Moment) -> [(Moment, Event); 2] {
    let point = Place::Point(dice.index(POINTS));
    let halt = Fault::Halt(point, Power::Stopped);
    let cut = Fault::Cut(from_all(point, &authorities()));
    let cut_at = at.after(dice.between(Duration::ZERO, Duration::from_secs(20)));
    let (stopped, lost) = (length(dice), dice.between(LONG, LONG * 2));
    [
        (at, Event::Fault(halt, stopped)),
        (cut_at, Event::Fault(cut, lost)),
    ]
}

/// A node is cut off from the others, and if it is the primary it is deposed and does not hear of it.
fn deposed(dice: &mut Dice, at: Moment) -> [(Moment, Event); 2] {
    let node = Place::Node(dice.index(NODES));
    let mut others = nodes();
    others.push(Place::Register);
    let cut = Fault::Cut(from_all(node, &others));
    let promoted_at = at.after(dice.between(Duration::from_secs(3), Duration::from_secs(30)));
    let lost = dice.between(LONG / 3, LONG * 2);
    let promotion = Event::Fault(Fault::Promotion, Duration::ZERO);
    [(at, Event::Fault(cut, lost)), (promoted_at, promotion)]
}

/// A wall clock is stepped, by up to a day and an hour in either direction, and set back.
fn stepped(dice: &mut Dice, at: Moment) -> (Moment, Event) {
    let authority = Place::Authority(dice.index(AUTHORITIES));
    let point = Place::Point(dice.index(POINTS));
    let node = Place::Node(dice.index(NODES));
    let place = dice.pick(&[authority, authority, point, node]);
    let longest = dice.pick(&[Duration::from_hours(2), Duration::from_hours(25)]);
    let ahead = dice.around_zero(u32::try_from(longest.as_millis()).expect("some hours"));
    (at, Event::Fault(Fault::Step(place, ahead), length(dice)))
}

fn fault(dice: &mut Dice) -> Fault {
    let authority = Place::Authority(dice.index(AUTHORITIES));
    let point = dice.index(POINTS);
    let node = Place::Node(dice.index(NODES));
    let halt = dice.pick(&[Power::Stopped, Power::Suspended(Moment::START)]);
    match dice.below(18) {
        0..=2 => Fault::Cut(from_all(Place::Point(point), &authorities())),
        3 => Fault::Cut(vec![Link::between(Place::Point(point), authority)]),
        4 | 5 => Fault::Cut(from_all(authority, &store())),
        6 => Fault::Cut(vec![Link::between(authority, node)]),
        7 => Fault::Cut(vec![Link::between(authority, Place::Register)]),
        8 => Fault::Cut(from_all(authority, &points())),
        9 => Fault::Cut(from_all(node, &nodes())),
        10 | 11 => Fault::Halt(Place::Point(point), halt),
        12 => Fault::Halt(authority, halt),
        13 => Fault::Crash(Place::Point(point)),
        14 => Fault::Crash(authority),
        15 | 16 => Fault::Promotion,
        _ => dice.pick_one_of([
            Fault::Break(point),
            Fault::Calendar(Place::Point(point)),
            Fault::Calendar(authority),
        ]),
    }
}

/// From a hiccup to longer than any list is trusted.
fn length(dice: &mut Dice) -> Duration {
    let longest = Duration::from_secs(dice.pick(&[3, 20, 100, 400, 1000, 1500]));
    dice.between(longest / 3, longest)
}

impl World {
    /// Something goes wrong.
    pub(crate) fn fault(&mut self, fault: Fault, length: Duration) {
        if self.now > Moment::START.after(CALM_AT) {
            return;
        }
        match &fault {
            Fault::Cut(links) => {
                self.report.cuts += 1;
                for link in links {
                    self.links.cut(*link);
                }
            }
            Fault::Halt(place, power) => {
                let power = match power {
                    Power::Suspended(_) => Power::Suspended(self.now),
                    other => *other,
                };
                self.report.halts += u64::from(self.halt(*place, power));
            }
            Fault::Crash(place) => self.crash(*place, length),
            Fault::Promotion => self.promote(),
            Fault::Break(point) => self.lose(*point),
            Fault::Calendar(place) => self.set_calendar(*place),
            Fault::Step(place, ahead) => {
                self.report.steps += 1;
                self.step_clock(*place, *ahead);
            }
        }
        if matches!(fault, Fault::Cut(_) | Fault::Halt(..) | Fault::Step(..)) {
            self.later(length, Event::Over(fault));
        }
    }

    /// It is over.
    pub(crate) fn over(&mut self, fault: &Fault) {
        match fault {
            Fault::Cut(links) => {
                for link in links {
                    self.links.mend(*link);
                }
                self.deliver_what_waited();
            }
            Fault::Halt(place, _) => self.resume(*place),
            Fault::Step(place, _) => self.set_calendar(*place),
            Fault::Crash(_) | Fault::Promotion | Fault::Break(_) | Fault::Calendar(_) => {}
        }
    }

    /// Everything works again, for good.
    pub(crate) fn calm(&mut self) {
        self.links.mend_all();
        for place in authorities().into_iter().chain(points()) {
            self.resume(place);
        }
        for place in authorities().into_iter().chain(points()).chain(nodes()) {
            self.set_calendar(place);
        }
        self.named();
        self.deliver_what_waited();
    }

    /// A replica is promoted. Others hear of it later, and each at its own time.
    fn promote(&mut self) {
        let node = self.dice.index(NODES);
        let Some(source) = self.storage.promote(node) else {
            return;
        };
        self.report.promotions += 1;
        self.note(|| format!("node {node} is promoted, {source:?}"));
        let heard = self.dice.between(Duration::ZERO, NAMED_WITHIN);
        self.later(heard, Event::Named);
    }

    /// The majority names whoever was promoted, and the nodes are told.
    pub(crate) fn named(&mut self) {
        self.storage.name();
        for node in 0..NODES {
            let told = self.dice.between(Duration::ZERO, TOLD_WITHIN);
            self.later(told, Event::Follow(node));
        }
    }

    /// A node is told who is the primary.
    pub(crate) fn follow(&mut self, node: usize) {
        if self.storage.follow(node, &self.links) {
            self.later(TOLD_AGAIN, Event::Follow(node));
        }
        self.replicate_soon();
    }

    /// Whatever was replicated or sent while a way was cut is under way now.
    fn deliver_what_waited(&mut self) {
        self.replicate_soon();
        self.deliver_stalled();
    }
}

fn from_all(place: Place, others: &[Place]) -> Vec<Link> {
    let others = others.iter().filter(|other| **other != place);
    others.map(|other| Link::between(place, *other)).collect()
}

fn authorities() -> Vec<Place> {
    (0..AUTHORITIES).map(Place::Authority).collect()
}

fn points() -> Vec<Place> {
    (0..POINTS).map(Place::Point).collect()
}

fn nodes() -> Vec<Place> {
    (0..NODES).map(Place::Node).collect()
}

fn store() -> Vec<Place> {
    let mut store = nodes();
    store.push(Place::Register);
    store
}

/// Before that, everybody has read everything once.
const FIRST: Duration = Duration::from_secs(20);
/// Longer than any list is trusted.
const LONG: Duration = Duration::from_mins(15);
/// How long a majority takes to hear of a promotion.
const NAMED_WITHIN: Duration = Duration::from_secs(40);
/// How long a node takes to be told. A deposed primary goes on for so long.
const TOLD_WITHIN: Duration = Duration::from_secs(100);
/// How often a node that is out of reach is told again.
const TOLD_AGAIN: Duration = Duration::from_secs(5);
