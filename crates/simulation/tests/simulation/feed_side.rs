//! Between the points and the authorities: connections that are tried, used, lost and tried again, as
//! the real client does it.

use std::time::Duration;

use lanyard_enforcer::Outcome;
use lanyard_proto::v1::{WatchRequest, WatchResponse};

use crate::{
    connection::{Connection, Queue, Told},
    event::Event,
    links::Place,
    machine::Power,
    point::Heard,
    watch::Over,
    world::{AUTHORITIES, World},
};

impl World {
    /// A point is there: it looks for an authority.
    pub(crate) fn start_point(&mut self, point: usize) {
        self.points[point].suspects = (0..self.judge.tokens())
            .filter(|token| self.judge.is_dead(*token))
            .collect();
        self.points[point].fresh_since = [None; AUTHORITIES];
        self.wake_in(point, Duration::ZERO);
    }

    /// The timer of a point.
    pub(crate) fn wake(&mut self, point: usize, number: u64) {
        let it = &mut self.points[point];
        if it.timer != number {
            return;
        }
        let Some(connection) = it.connection else {
            return self.try_next(point);
        };
        let tried = &self.connections[&connection];
        if !tried.is_open {
            let wait = tried.gives_up_at.since(self.now);
            if wait.is_zero() {
                return self.lose(point);
            }
            return self.wake_in(point, wait);
        }
        self.tick(point, connection);
        self.turn_candidate(point);
    }

    /// A connection that was tried is there.
    pub(crate) fn opened(&mut self, number: u64) {
        let Some(connection) = self.connections.get_mut(&number) else {
            return;
        };
        connection.is_open = true;
        let point = connection.point;
        self.report.connections += 1;
        let it = &mut self.points[point];
        let requests = if it.candidate == Some(number) {
            it.point.connect_candidate()
        } else {
            it.point.connect()
        };
        for request in requests {
            self.send_up(number, request);
        }
        self.wake_when_due(point);
    }

    /// A request arrives at the server.
    pub(crate) fn up(&mut self, number: u64) {
        let Some(connection) = self.connections.get_mut(&number) else {
            return;
        };
        let authority = connection.authority;
        if !self
            .links
            .is_up(Place::Point(connection.point), Place::Authority(authority))
        {
            return connection.up.stall();
        }
        let (request, watch) = (connection.up.arrived(), connection.watch.as_mut());
        let (Some(request), Some(watch)) = (request, watch) else {
            return;
        };
        let now = self.authorities[authority].machine.clocks.boot(self.now);
        let answered = watch.hear(&request, now);
        self.tell(number, answered);
    }

    /// A message arrives where the client runs.
    pub(crate) fn down(&mut self, number: u64) {
        let Some(connection) = self.connections.get_mut(&number) else {
            return;
        };
        let (point, authority) = (connection.point, connection.authority);
        if !self
            .links
            .is_up(Place::Point(point), Place::Authority(authority))
        {
            return connection.down.stall();
        }
        self.later(Duration::ZERO, Event::Read(number));
    }

    /// The client reads a message that has arrived.
    pub(crate) fn read(&mut self, number: u64) {
        let Some(connection) = self.connections.get_mut(&number) else {
            return;
        };
        let point = connection.point;
        match connection.down.arrived() {
            Some(Told::Message(message)) => self.receive(point, number, &message),
            Some(Told::End) if self.points[point].candidate == Some(number) => {
                self.lose_candidate(point);
            }
            Some(Told::End) => self.lose(point),
            None => {}
        }
    }

    /// Those who watch an authority are told what is new.
    pub(crate) fn tell_news(&mut self, authority: usize) {
        let watching = self.connections.iter();
        let watching: Vec<u64> = watching
            .filter(|(_, one)| one.authority == authority)
            .map(|(number, _)| *number)
            .collect();
        for number in watching {
            let watch = self
                .connections
                .get_mut(&number)
                .and_then(|one| one.watch.as_mut());
            if let Some(news) = watch.map(crate::watch::Watch::news) {
                self.tell(number, news);
            }
        }
    }

    /// An authority has ended: all its connections break.
    pub(crate) fn hang_up(&mut self, authority: usize) {
        let watched: Vec<u64> = self
            .connections
            .iter()
            .filter(|(_, one)| one.authority == authority)
            .map(|(number, _)| *number)
            .collect();
        for number in watched {
            self.tell(number, Err(Over));
        }
    }

    /// A point gives its connection up, and tries the next address after a while.
    pub(crate) fn lose(&mut self, point: usize) {
        if let Some(number) = self.points[point].connection.take() {
            self.connections.remove(&number);
        }
        let it = &mut self.points[point];
        if it.point.lose() {
            it.connection = it.candidate.take();
            return self.wake_when_due(point);
        }
        self.forget_connection(point);
        let wait = self.points[point].point.wait(&mut self.dice);
        self.wake_in(point, wait);
    }

    /// A connection is gone, as far as its point is concerned.
    pub(crate) fn forget_connection(&mut self, point: usize) {
        let it = &mut self.points[point];
        for number in [it.connection.take(), it.candidate.take()] {
            self.connections.remove(&number.unwrap_or_default());
        }
    }

    /// A point gives the connection to its candidate up.
    fn lose_candidate(&mut self, point: usize) {
        self.points[point].point.lose_candidate(&mut self.dice);
        self.drop_candidate(point);
    }

    fn drop_candidate(&mut self, point: usize) {
        if let Some(number) = self.points[point].candidate.take() {
            self.connections.remove(&number);
        }
        self.wake_when_due(point);
    }

    /// What is due of the candidate of a point, or else another that is to be tried.
    fn turn_candidate(&mut self, point: usize) {
        let it = &mut self.points[point];
        let Some(number) = it.candidate else {
            if it.connection.is_some()
                && let Some(address) = it.point.try_another()
            {
                let number = self.dial(point, address);
                self.points[point].candidate = Some(number);
                self.wake_when_due(point);
            }
            return;
        };
        if !it.point.has_candidate() {
            return self.drop_candidate(point);
        }
        let tried = &self.connections[&number];
        if !tried.is_open {
            if tried.gives_up_at <= self.now {
                self.lose_candidate(point);
            }
            return;
        }
        match it.point.tick_candidate() {
            Ok(Some(ping)) => self.send_up(number, ping),
            Ok(None) => {}
            Err(_) => return self.lose_candidate(point),
        }
        self.wake_when_due(point);
    }

    fn receive_from_candidate(&mut self, point: usize, message: &WatchResponse) {
        let it = &mut self.points[point];
        match it.point.receive_candidate(message, &mut self.dice) {
            Ok(None) => self.turn_candidate(point),
            Ok(Some(Outcome::Dropped)) => self.drop_candidate(point),
            Ok(Some(Outcome::Switched)) => {
                self.report.switches += 1;
                let left = it.connection.take();
                it.connection = it.candidate.take();
                self.connections.remove(&left.unwrap_or_default());
                self.wake_when_due(point);
            }
            Err(_) => self.lose_candidate(point),
        }
    }

    /// What did not get through is under way again, where it can.
    pub(crate) fn deliver_stalled(&mut self) {
        let mut again = Vec::new();
        for (number, connection) in &mut self.connections {
            again.extend((0..connection.up.stalled()).map(|_| Event::Up(*number)));
            again.extend((0..connection.down.stalled()).map(|_| Event::Down(*number)));
        }
        for event in again {
            self.later(Duration::from_millis(1), event);
        }
    }

    /// Takes over what a point has counted, before it forgets that.
    pub(crate) fn count_feed(&mut self, point: usize) {
        let status = self.points[point].point.status();
        self.report.gaps += status.gaps();
        self.report.divergences += status.divergences();
    }

    /// Tries the next address. If nobody answers the point is woken by the time that it has.
    fn try_next(&mut self, point: usize) {
        let address = self.points[point].point.address();
        let number = self.dial(point, address);
        self.points[point].connection = Some(number);
        self.wake_in(point, CONNECT_TIMEOUT);
    }

    /// Tries an address of a point.
    fn dial(&mut self, point: usize, address: usize) -> u64 {
        let authority = (self.points[point].first + address) % AUTHORITIES;
        self.tried += 1;
        let number = self.tried;
        let connection = Connection {
            point,
            authority,
            is_open: false,
            gives_up_at: self.now.after(CONNECT_TIMEOUT),
            up: Queue::new(),
            down: Queue::new(),
            watch: None,
        };
        self.connections.insert(number, connection);
        let is_up = self
            .links
            .is_up(Place::Point(point), Place::Authority(authority));
        if is_up && self.authorities[authority].machine.power() != Power::Off {
            let weakness = self.terms.weakness;
            let watch = self.authorities[authority].process.watched(weakness);
            if let Some(made) = self.connections.get_mut(&number) {
                made.watch = Some(watch);
            }
            let delay = self.delay();
            self.later(delay, Event::Opened(number));
        }
        number
    }

    fn tick(&mut self, point: usize, connection: u64) {
        match self.points[point].point.tick() {
            Ok(ping) => {
                if let Some(ping) = ping {
                    self.send_up(connection, ping);
                }
                self.wake_when_due(point);
            }
            Err(lost) => {
                self.note(|| format!("point {point}: {lost}"));
                self.lose(point);
            }
        }
    }

    fn receive(&mut self, point: usize, connection: u64, message: &WatchResponse) {
        if self.points[point].candidate == Some(connection) {
            return self.receive_from_candidate(point, message);
        }
        match self.points[point].point.receive(message) {
            Ok(heard) => {
                match heard {
                    Heard::Resumed => self.report.resumptions += 1,
                    Heard::Snapshot => self.report.snapshots += 1,
                    Heard::Heartbeat => self.report.heartbeats += 1,
                    Heard::Other => {}
                }
                self.tick(point, connection);
                self.turn_candidate(point);
            }
            Err(lost) => {
                self.note(|| format!("point {point}: {lost}"));
                self.lose(point);
            }
        }
    }

    fn send_up(&mut self, number: u64, request: WatchRequest) {
        let arrives = self.now.after(self.delay());
        if let Some(connection) = self.connections.get_mut(&number) {
            let arrives = connection.up.send(request, arrives);
            self.later(arrives.since(self.now), Event::Up(number));
        }
    }

    /// Sends what the server says. Now and then something goes missing in the middle or comes twice,
    /// as no connection does and a bad server or proxy might.
    fn tell(&mut self, number: u64, said: Result<Vec<WatchResponse>, Over>) {
        let over = said.is_err();
        for message in said.unwrap_or_default() {
            let is_entries = is_entries(&message);
            let told = Told::Message(Box::new(message));
            match self.dice.below(400) {
                0 if is_entries => {}
                1 => {
                    self.send_down(number, told.clone());
                    self.send_down(number, told);
                }
                _ => self.send_down(number, told),
            }
        }
        if over {
            self.send_down(number, Told::End);
            if let Some(connection) = self.connections.get_mut(&number) {
                connection.watch = None;
            }
        }
    }

    fn send_down(&mut self, number: u64, told: Told) {
        let arrives = self.now.after(self.delay());
        if let Some(connection) = self.connections.get_mut(&number) {
            let arrives = connection.down.send(told, arrives);
            self.later(arrives.since(self.now), Event::Down(number));
        }
    }

    fn wake_when_due(&mut self, point: usize) {
        let it = &self.points[point];
        let on_candidate = it
            .candidate
            .and_then(|number| self.connections.get(&number));
        let on_candidate = on_candidate.map(|tried| {
            if tried.is_open {
                it.point.candidate_due_in()
            } else {
                tried.gives_up_at.since(self.now)
            }
        });
        let wait = it.point.due_in().min(on_candidate.unwrap_or(Duration::MAX));
        self.wake_in(point, wait + TIMER_GRAIN);
    }

    fn wake_in(&mut self, point: usize, wait: Duration) {
        let it = &mut self.points[point];
        it.timer += 1;
        let timer = it.timer;
        self.later(wait, Event::Wake(point, timer));
    }
}

fn is_entries(message: &WatchResponse) -> bool {
    use lanyard_proto::v1::watch_response::Message;
    matches!(message.message, Some(Message::Revocations(_)))
}

/// How long an address may take to answer, as in the real client.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// Timers are not early, and a little late.
const TIMER_GRAIN: Duration = Duration::from_millis(1);
