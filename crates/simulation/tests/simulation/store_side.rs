//! Between the authorities and the store.

use std::time::Duration;

use crate::{
    event::Event,
    links::Place,
    protocol::{Answer, Command},
    storage::{Asker, NODES},
    wire::{Lost, Request},
    world::World,
};

impl World {
    /// Sends what an authority wants to ask the store.
    pub(crate) fn send_to_store(&mut self, authority: usize) {
        let run = self.authorities[authority].machine.run;
        for Request {
            number,
            to,
            command,
        } in self.authorities[authority].process.wire.to_send()
        {
            let asker = Asker {
                authority,
                run,
                request: number,
            };
            let delay = self.delay();
            self.later(delay, Event::ToStore(to, asker, Box::new(command)));
            self.later(ANSWERED_WITHIN, Event::NoAnswer(asker));
        }
    }

    /// A request arrives, if it gets through.
    pub(crate) fn request_arrives(&mut self, place: Place, asker: Asker, command: Command) {
        if !self.links.is_up(Place::Authority(asker.authority), place) {
            return;
        }
        let answer = match place {
            Place::Node(node) => self.ask_node(node, asker, command),
            _ => Some(Answer::Named(self.storage.named())),
        };
        if let Some(answer) = answer {
            self.answer(place, asker, answer);
        }
    }

    /// An answer arrives, if it gets through and somebody still waits for it.
    pub(crate) fn answer_arrives(&mut self, place: Place, asker: Asker, answer: Answer) {
        let authority = asker.authority;
        let is_up = self.links.is_up(Place::Authority(authority), place);
        if is_up && self.authorities[authority].machine.run == asker.run {
            let wire = &self.authorities[authority].process.wire;
            wire.answer(asker.request, Ok(answer));
            self.run_authority(authority);
        }
    }

    /// No answer has come for too long.
    pub(crate) fn no_answer(&mut self, asker: Asker) {
        let authority = &self.authorities[asker.authority];
        let wire = &authority.process.wire;
        if authority.machine.run == asker.run && wire.is_waiting(asker.request) {
            wire.answer(asker.request, Err(Lost));
            self.run_authority(asker.authority);
        }
    }

    /// A replica takes over what its primary has, and whoever waited for that is answered.
    pub(crate) fn replicate(&mut self, node: usize) {
        if let Some(primary) = self.storage.replicate(node, &self.links) {
            self.answer_replicated(primary);
        }
    }

    /// Whatever the primary has is on its way to the replicas.
    pub(crate) fn replicate_soon(&mut self) {
        for node in 0..NODES {
            let delay = self.delay();
            self.later(delay, Event::Replicate(node));
        }
    }

    fn ask_node(&mut self, node: usize, asker: Asker, command: Command) -> Option<Answer> {
        let now = self.node_time(node);
        let answer = self.storage.ask(node, (asker, &command), now);
        match command {
            Command::Append { .. } => self.replicate_soon(),
            Command::Heal { healing, .. } => {
                if matches!(answer, Some(Answer::Healed(_, Some(_)))) {
                    self.report.healed += u64::try_from(healing.lost.len()).expect("few");
                }
                self.replicate_soon();
            }
            Command::Grant { .. } if !is_ready(answer.as_ref()) => self.replicate_soon(),
            Command::Wait { .. } => self.answer_replicated(node),
            Command::Name
            | Command::Read { .. }
            | Command::Grant { .. }
            | Command::Ready { .. }
            | Command::Sweep { .. } => {}
        }
        answer
    }

    fn answer_replicated(&mut self, node: usize) {
        for asker in self.storage.replicated(node) {
            self.answer(Place::Node(node), asker, Answer::Done);
        }
    }

    fn answer(&mut self, place: Place, asker: Asker, answer: Answer) {
        let delay = self.delay();
        self.later(delay, Event::FromStore(place, asker, Box::new(answer)));
    }
}

fn is_ready(answer: Option<&Answer>) -> bool {
    matches!(answer, Some(Answer::End(end)) if end.is_ready)
}

/// How long an authority waits for an answer.
const ANSWERED_WITHIN: Duration = Duration::from_secs(2);
