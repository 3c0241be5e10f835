//! What an application's server has not been told yet.

use std::collections::BTreeSet;

use cluster::Moment;
use openvidu::webhook::{self, Delivery, EventName, Limits, Message, Post, Step, Waiting};

use crate::control::Control;
use crate::effect::{Effect, Event};
use crate::journal::Slot;
use crate::node_events;
use crate::notice::Notice;
use crate::ways;

/// Numbers of messages for each commit, more than one commit can hold. A term is the number of the commit that began
/// it, so a later run of the master begins above all numbers that earlier ones have given.
const NUMBERS: u64 = 1024;

/// What an application's server wants to hear of. Where it listens is the shell's affair.
#[derive(Clone, Debug)]
pub struct Webhook {
    #[allow(missing_docs)]
    pub events: BTreeSet<EventName>,
    /// `clusterId` of events of nodes.
    pub cluster: String,
    #[allow(missing_docs)]
    pub limits: Limits,
}

impl Webhook {
    /// A webhook for everything that there is.
    pub fn of_everything(cluster: impl Into<String>) -> Self {
        Self {
            events: EventName::of_openvidu().collect(),
            cluster: cluster.into(),
            limits: Limits::default(),
        }
    }

    fn message(&self, event: &Event) -> Option<Message> {
        let message = match event {
            Event::Meeting(event) => webhook::of_meeting(event),
            Event::Node(event) => node_events::message(event, &self.cluster),
            Event::Diagnosed(failure) => webhook::ice_failure_diagnosed(failure)?,
            Event::Reach(event) => ways::message(event, &self.cluster),
            Event::Over { .. } | Event::Unmade { .. } => return None,
        };
        self.events.contains(&message.event).then_some(message)
    }
}

impl Control {
    /// The messages for the application's server, when it wants any.
    pub fn webhook(&self) -> Option<&Delivery> {
        self.settings.webhook.is_some().then_some(&self.outbox)
    }

    pub(crate) fn event(&mut self, event: Event) {
        let wanted = self.settings.webhook.as_ref();
        if let Some(message) = wanted.and_then(|webhook| webhook.message(&event)) {
            let (number, dropped) = self.outbox.push(message.event, message.body);
            self.note(Slot::Outbox(number));
            if !dropped.is_empty() {
                self.log(Notice::Untold(dropped.len()));
            }
            for number in dropped {
                self.note(Slot::Outbox(number));
            }
        }
        self.out(Effect::Event(event));
    }

    /// Posts the next message, when it is its time and none is under way.
    pub(crate) fn post(&mut self) {
        if let Waiting::Post(post) = self.outbox.step(self.now.moment) {
            let post = post.clone();
            self.out(Effect::Post(post));
        }
    }

    pub(crate) fn posted(&mut self, number: u64, outcome: &webhook::Outcome) {
        match self.outbox.answered(self.now.moment, number, outcome) {
            Step::Delivered => self.note(Slot::Outbox(number)),
            Step::Refused => {
                self.note(Slot::Outbox(number));
                self.log(Notice::PostRefused(outcome.clone()));
            }
            // Once for a row of failures.
            Step::Again(_) if self.outbox.failures() == 1 => {
                self.log(Notice::PostFailed(outcome.clone()));
            }
            Step::Again(_) | Step::Stale => {}
        }
    }

    pub(crate) fn restore_outbox(&mut self, posts: Vec<Post>) {
        let limits = self.settings.webhook.as_ref().map(|webhook| webhook.limits);
        match limits {
            Some(limits) => {
                let next = self.settings.cluster.term.0.saturating_mul(NUMBERS);
                self.outbox = Delivery::restore(limits, posts, next);
            }
            // Nobody is to hear of it any more.
            None => {
                for post in posts {
                    self.note(Slot::Outbox(post.number));
                }
            }
        }
    }

    pub(crate) fn post_due(&self) -> Option<Moment> {
        self.outbox.next_deadline()
    }
}
